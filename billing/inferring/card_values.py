"""Values for a card from a region of rates: intervals in decimals, and the one simplest vector that explains all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count, islice, permutations

from billing.inferring.evidence import SEARCHES
from billing.inferring.region import Bound, Interval, Region
from pricing.amounts import EXACT, PICO_DIGITS, plain

#: Rates per 1M tokens have six decimal places on a card, so they are whole pico-units per token.
_RATE_DIGITS = 6
#: So many orders in which simple values are chosen, one after the other.
_ORDERS = 24


@dataclass(frozen=True, slots=True)
class RateRange:
    """The values that one rate may have, per 1M tokens or per call; the ends are cut outward to what a card can hold.

    An end that is not included is not itself possible. `chosen` is the simplest value that goes with those chosen of
    the other rates: a published one if it is possible, else the decimal of fewest digits.
    """

    low: Decimal
    high: Decimal
    includes_low: bool
    includes_high: bool
    chosen: Decimal | None


def range_of(kind: str, intervals: Sequence[Interval], chosen: int | None) -> RateRange:
    """Return what several intervals of one rate, in pico-units, leave possible together."""
    low, high = min(each.low for each in intervals), max(each.high for each in intervals)
    low_is_open = all(each.low_is_open for each in intervals if each.low == low)
    high_is_open = all(each.high_is_open for each in intervals if each.high == high)
    return RateRange(
        amount(kind, low.numerator // low.denominator),
        amount(kind, -(-high.numerator // high.denominator)),
        not low_is_open and low.denominator == 1,
        not high_is_open and high.denominator == 1,
        None if chosen is None else amount(kind, chosen),
    )


def amount(kind: str, pico: int) -> Decimal:
    """Return a rate in pico-units per token or call as units per 1M tokens or per call."""
    return plain(Decimal(pico).scaleb(-(PICO_DIGITS if kind == SEARCHES else _RATE_DIGITS), EXACT))


def simple_vectors(region: Region, published: Mapping[int, int]) -> Iterator[tuple[int, ...]]:
    """Yield vectors of the region, in whole pico-units, that are simple; none if it has no such vector we can find.

    `published` gives the published rate of a place, which is taken where it is possible.
    """
    widths = [(each.high - each.low) / (each.high or 1) for each in region.intervals()]
    narrowest = sorted(range(region.rates), key=lambda nth: (nth not in published, widths[nth]))
    found = set()
    for order in islice(permutations(narrowest), _ORDERS):
        vector = _chosen(region, order, published)
        if vector is not None and vector not in found:
            found.add(vector)
            yield vector


def _chosen(region: Region, order: Sequence[int], published: Mapping[int, int]) -> tuple[int, ...] | None:
    vector = [0] * region.rates
    for nth in order:
        interval = region.intervals()[nth]
        known = published.get(nth)
        value = known if known is not None and interval.holds(Fraction(known)) else simplest(interval)
        if value is None:
            return None
        unit = tuple(int(other == nth) for other in range(region.rates))
        fixed = region.meet((Bound(unit, value), Bound(tuple(-cell for cell in unit), -value)))
        if not isinstance(fixed, Region):
            return None
        region, vector[nth] = fixed, value
    return tuple(vector)


def simplest(interval: Interval) -> int | None:
    """Return the whole number in the interval with the most zeros at its end; of several the one nearest the middle.

    >>> simplest(Interval(Fraction(2999), Fraction(3101), False, False))
    3000
    """
    middle = (interval.low + interval.high) / 2
    if interval.low <= 0 and interval.holds(Fraction(0)):
        return 0
    digits = len(str(int(interval.high))) - 1
    powers: list[int] = [10**place for place in range(digits, -1, -1)]
    for power in powers:
        nearest = round(middle / power)
        for distance in count():
            near = [number * power for number in (nearest - distance, nearest + distance)]
            possible = [number for number in near if interval.holds(Fraction(number))]
            if possible:
                return min(possible, key=lambda number: abs(number - middle))
            if distance:
                break
    return None
