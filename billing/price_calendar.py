"""The price calendar: time in stretches of one length, and in each the few rates that it may be rated by.

A request finds its stretch by arithmetic and its rates by equality, so that rating takes as long with 200 prices per
SKU as with one. sql/calendar.sql lays it, sql/placed.sql asks it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pricing.catalog import RatePeriod
from pricing.periods import FIRST

#: Where the half-open time of what has no beginning or no end begins and ends.
BEGIN_US, END_US = -(2**63), 2**63 - 1
#: What the calendar may grow to, however many names and prices there are.
_MOST_ROWS = 100_000
#: Prices do not change evenly, so there are more stretches than changes.
_STRETCHES_PER_CHANGE = 4
_TWO_DAYS_US = 2 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Stretches:
    """Time from one instant to another, in microseconds since the year 1, in stretches of one length.

    Before them, at `untimed_us`, lies a stretch for records without a time. It is a whole number of lengths away, and
    on no day that they hold.
    """

    first_us: int = 0
    last_us: int = 0
    length_us: int = 1

    @property
    def untimed_us(self) -> int:
        """The instant that stands for none."""
        return self.first_us - -(-_TWO_DAYS_US // self.length_us) * self.length_us

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield the rows of sql/stretches.sql. Only what has neither beginning nor end touches the untimed one."""
        yield {"stretch": self.untimed_us - self.first_us, "from_us": BEGIN_US, "to_us": BEGIN_US + 1}
        for start in range(self.first_us, self.last_us + 1, self.length_us):
            yield {"stretch": start - self.first_us, "from_us": start, "to_us": start + self.length_us}


def stretches(
    periods: Sequence[RatePeriod], names: int, first_at: datetime | None, last_at: datetime | None
) -> Stretches:
    """Cut the time of usage (both instants in it) as finely as the SKU needs whose price changes most in it.

    `names` is how many names the periods' SKUs have.
    """
    if first_at is None or last_at is None or first_at > last_at:
        return Stretches()
    changes = Counter(
        (period.provider, period.sku, period.block.service_tier)
        for period in periods
        if period.valid_from is not None and first_at < period.valid_from <= last_at
    )
    most = max(changes.values(), default=0) * _STRETCHES_PER_CHANGE
    first, last = microseconds(first_at), microseconds(last_at)
    return Stretches(first, last, (last - first) // max(1, min(most, _MOST_ROWS // max(names, 1))) + 1)


def bounds(period: RatePeriod) -> dict[str, object]:
    """Return the half-open time of a period as sql/rates.sql has it: without beginning only if without end too."""
    begin = BEGIN_US if period.valid_to is None else 0
    return {
        "from_us": begin if period.valid_from is None else microseconds(period.valid_from),
        "to_us": END_US if period.valid_to is None else microseconds(period.valid_to),
    }


def microseconds(at: datetime) -> int:
    """Return an instant as microseconds since the year 1: never negative, so that a remainder cuts toward the past.

    >>> from datetime import UTC
    >>> microseconds(datetime(1970, 1, 1, tzinfo=UTC))
    62135596800000000
    """
    return (at - FIRST) // timedelta(microseconds=1)
