"""When a cache pays: after how many reads a write is cheaper than sending the same prompt each time."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pricing.rates import PerMtok
from pricing.usage import TokenKind


@dataclass(frozen=True, slots=True)
class BreakEven:
    """A write of `kind` and then `reads` reads cost less than sending the prompt uncached each time.

    `reads` is the fewest that do; None where none do (`never`) or a price is unpublished (`unknown`). At `even` reads,
    rarely a whole number, both cost the same.
    """

    kind: TokenKind
    verdict: Literal["pays", "never", "unknown"]
    reads: int | None = None
    even: Fraction | None = None


def break_evens(rates: PerMtok) -> tuple[BreakEven, BreakEven]:
    """Return when a write for 5 minutes pays, and one for 1 hour.

    >>> from decimal import Decimal
    >>> list_price = PerMtok(input=3, output=15, cache_read=Decimal("0.3"), cache_write_5m=Decimal("3.75"), cache_write_1h=6)
    >>> [(each.kind.value, each.reads, str(each.even)) for each in break_evens(list_price)]
    [('cache_write_5m', 1, '5/18'), ('cache_write_1h', 2, '10/9')]
    """  # noqa: E501 - a card in one line
    return _break_even(rates, TokenKind.CACHE_WRITE_5M), _break_even(rates, TokenKind.CACHE_WRITE_1H)


def _break_even(rates: PerMtok, kind: TokenKind) -> BreakEven:
    plain, read, write = rates.input, rates.cache_read, rates.rate(kind)
    if plain is None or read is None or write is None:
        return BreakEven(kind, "unknown")
    extra, saved = Fraction(write) - Fraction(plain), Fraction(plain) - Fraction(read)
    if extra < 0:
        return BreakEven(kind, "pays", 0)
    if saved <= 0:
        return BreakEven(kind, "never")
    even = extra / saved
    return BreakEven(kind, "pays", even.numerator // even.denominator + 1, even)
