"""Exact amounts: whole pico-units inside, plain decimal digits outside. No binary float comes in.

A credit is 10^12 pico-credits and a dollar 10^12 pico-dollars. A rate of R per 1M tokens is R * 10^6 pico-units per
token.
"""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from functools import reduce

PICO_DIGITS = 12
PICO_PER_UNIT = 10**PICO_DIGITS
PICO_PER_TOKEN = 10**6
"""One unit per 1M tokens, in pico-units per token."""

#: Wide enough for any sum of this world, and it raises instead of rounding.
EXACT = Context(prec=80, traps=[Inexact])


def to_pico(amount: Decimal) -> int:
    """Return that amount of units in pico-units. Raise ValueError if it has more than 12 decimal places."""
    return _whole(amount, PICO_PER_UNIT, "12")


def per_mtok_to_pico(amount: Decimal) -> int:
    """Return that rate per 1M tokens in pico-units per token. Raise ValueError beyond 6 decimal places."""
    return _whole(amount, PICO_PER_TOKEN, "6")


def from_pico(pico: int) -> Decimal:
    """Return pico-units as units, exactly and without trailing zeros.

    >>> from_pico(1_662_500_000_000)
    Decimal('1.6625')
    """
    return plain(Decimal(pico).scaleb(-PICO_DIGITS, EXACT))


def plain(amount: Decimal) -> Decimal:
    """Return the same number with neither exponent nor trailing zeros.

    >>> plain(Decimal("600.00"))
    Decimal('600')
    """
    normal = amount.normalize(EXACT)
    return normal.quantize(Decimal(1), context=EXACT) if int(normal.as_tuple().exponent) > 0 else normal


def times(left: Decimal, right: Decimal) -> Decimal:
    """Multiply exactly."""
    return plain(EXACT.multiply(left, right))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add exactly, however many digits there are.

    >>> total([Decimal("1e15"), Decimal("1e-24")])
    Decimal('1000000000000000.000000000000000000000001')
    """
    return plain(reduce(EXACT.add, amounts, Decimal(0)))


def digits(amount: Decimal | None) -> str | None:
    """Return plain decimal digits, the way amounts go into JSON; None stays None.

    >>> digits(Decimal("0.00830"))
    '0.0083'
    """
    return None if amount is None else f"{plain(amount):f}"


def exact(value: object) -> object:
    """Return a whole number as a decimal and all else as it is: TOML reads 300 as a whole number, 1.5 as a decimal."""
    return Decimal(value) if type(value) is int else value


def _whole(amount: Decimal, scale: int, places: str) -> int:
    try:
        scaled = EXACT.multiply(amount, Decimal(scale))
    except Inexact:
        scaled = None
    if scaled is None or scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more than {places} decimal places")
    return int(scaled)
