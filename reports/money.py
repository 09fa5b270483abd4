"""Amounts in words, exact to the last digit."""

from decimal import Decimal

from pricing.amounts import plain


def money(amount: Decimal, unit: str) -> str:
    """Return an amount in words: 1,043.21 credits, or $1.50.

    >>> money(Decimal("1043.21"), "credit"), money(Decimal("-1.5"), "USD")
    ('1,043.21 credits', '-$1.5')
    """
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    digits = f"{plain(size):,f}"
    return f"{sign}${digits}" if unit == "USD" else f"{sign}{digits} {unit}{'' if size == 1 else 's'}"
