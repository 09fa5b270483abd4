"""The price calendar: time in stretches of one length, and in each the few rates that it may be rated by.

A request finds its stretch by arithmetic and its rates by equality, so that rating takes as long with 200 prices per
SKU as with one. sql/calendar.sql lays it, sql/placed.sql asks it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pricing.catalog import RatePeriod
from pricing.periods import FIRST, LAST

#: What stands for the instant of a record without a time: the midnight before the first instant.
UNTIMED_US = -86_400_000_000
#: No instant is as late.
END_US = 2**63 - 1
#: What the calendar may grow to, however many names and prices there are.
_MOST_ROWS = 100_000
#: Prices do not change evenly, so there are more stretches than changes.
_STRETCHES_PER_CHANGE = 4


def microseconds(at: datetime) -> int:
    """Return an instant as microseconds since the year 1: never negative, so that a remainder cuts toward the past."""
    return (at - FIRST) // timedelta(microseconds=1)


YEAR_1970_US = microseconds(datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Stretches:
    """Time from one instant to another, in microseconds since the year 1, in stretches of one length.

    What is earlier lies in the first stretch, what is later in the last.
    """

    first_us: int = 0
    last_us: int = 0
    length_us: int = 1

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield the rows of sql/stretches.sql."""
        starts = range(0, self.last_us - self.first_us + 1, self.length_us)
        for start in starts:
            from_us, to_us = self.first_us + start, self.first_us + start + self.length_us
            yield {
                "stretch": start,
                "from_us": from_us if start != starts[0] else UNTIMED_US,
                "to_us": to_us if start != starts[-1] else END_US,
            }


def stretches(
    periods: Sequence[RatePeriod], names: int, used_from: datetime | None, used_to: datetime | None
) -> Stretches:
    """Cut the time of usage where prices change in it: about as finely as the SKU whose price changes most needs.

    `names` is how many names the periods' SKUs have; a bound of the usage that is None leaves its side open.
    """
    begin, end = used_from or FIRST, used_to or LAST
    changes = [
        ((period.provider, period.sku, period.block.service_tier), microseconds(at))
        for period in periods
        for at in (period.valid_from, period.valid_to)
        if at is not None and begin < at <= end
    ]
    if not changes:
        return Stretches()
    first, last = min(at for _, at in changes), max(at for _, at in changes)
    ((_, most),) = Counter(sku for sku, _ in changes).most_common(1)
    count = max(1, min(_STRETCHES_PER_CHANGE * most, _MOST_ROWS // max(names, 1)))
    length = (last - first) // count + 1
    # A stretch more at both ends holds all that is before the first change and after the last.
    return Stretches(first - length, last + length, length)


def bounds(period: RatePeriod) -> dict[str, object]:
    """Return the half-open time of a period as sql/rates.sql has it: only what is open at both ends holds untimed."""
    if period.holds(None):
        return {"from_us": UNTIMED_US, "to_us": END_US}
    return {
        "from_us": 0 if period.valid_from is None else microseconds(period.valid_from),
        "to_us": END_US if period.valid_to is None else microseconds(period.valid_to),
    }
