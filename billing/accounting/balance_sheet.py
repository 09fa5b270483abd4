"""The balance of an account as values: what went on, what went off, and what is missing between two readings.

Amounts are exact decimals in the unit of the sheet; None where it can't be known. Stretches of time are half-open: a
reading at an instant stands before all that is booked in that instant, and credits that expire then are gone.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Between:
    """An amount that is known only within bounds; None where nothing bounds it."""

    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Metered:
    """What requests took from the account: `amount = reported + expected`, which is certain if `low = high`."""

    requests: int
    reported: Decimal
    """What answers and logs say was charged, failures included."""
    unreported: int
    """Requests that ended well, or were cut, and name no charge."""
    expected: Decimal
    """What the rate card says of these, as far as it prices them."""
    unpriced: int
    """Those of them that it does not price: a kind without a price, a stream that was cut, an unknown lifetime."""
    low: Decimal
    """At least this was taken in all: what has no price at 0, cache writes of unknown lifetime at the lower rate, and
    where the vendor states no rounding, cut to the step of its other SKUs."""
    high: Decimal | None
    """At most this was taken in all; None where something has no price, or a stream was cut."""

    @property
    def amount(self) -> Decimal:
        """The best figure: what is reported and what is expected."""
        return self.reported + self.expected


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time of an account.

    `closing_expected = opening + topped_up + bonus + adjusted + refunded - metered.amount - expired`, and
    `gap = closing_expected - closing_reported`: above 0, credits are missing.
    """

    start: datetime | None
    end: datetime | None
    opening: Decimal | None
    """The balance at the start: as last read before, and carried on from there. None if it never was read by then."""
    topped_up: Decimal
    bonus: Decimal
    adjusted: Decimal
    refunded: Decimal
    metered: Metered
    expired: Decimal
    closing_expected: Decimal | None
    closing_reported: Decimal | None
    """The balance at the end by the last reading, carried on from there; None if there was none in this time."""
    reported_at: datetime | None
    """When that reading was taken."""
    gap: Decimal | None
    """None if it is not known: no reading at one end, or requests that nobody can price."""
    gap_between: Between
    """What the gap is at least and at most."""

    @property
    def consumed(self) -> Decimal | None:
        """What the balances say was taken: what is metered, and the gap."""
        return None if self.gap is None else self.metered.amount + self.gap

    @property
    def has_gap(self) -> bool:
        """Whether something is missing, or too much, whatever the unknown amounts are."""
        low, high = self.gap_between.low, self.gap_between.high
        return (low is not None and low > 0) or (high is not None and high < 0)


@dataclass(frozen=True, slots=True)
class LotLine:
    """One lot at the end of the time, `granted = consumed + taken + expired + remaining`; money in `currency`."""

    kind: str
    """paid, bonus, adjustment, refund (its lot had expired), opening (at the first reading) or found (by a reading)."""
    at: datetime
    expires_at: datetime | None
    granted: Decimal
    consumed: Decimal
    taken: Decimal
    """What adjustments took, and what readings showed to be missing."""
    expired: Decimal
    remaining: Decimal
    cost: Decimal | None
    """What was paid for it; None if unknown."""
    cost_per_unit: Decimal | None
    """Cut to a pico-unit of the currency."""
    currency: str | None


@dataclass(frozen=True, slots=True)
class Burned:
    """What was burnt down in the time, of the lots of one currency; `None` stands for lots whose cost nobody knows."""

    currency: str | None
    consumed: Decimal
    """What requests consumed, less what was given back to these lots."""
    cost: Decimal | None
    """What that cost."""
    effective_price: Decimal | None
    """Cost over credits, bonus and all, cut to a pico-unit of the currency; None of nothing."""
    expired: Decimal
    breakage: Decimal | None
    """What the expired credits had cost."""


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """An account over a stretch of time: in all, and between one reading and the next.

    `windows` are those that end in this time; the first may begin before it. The gap in all is the sum of theirs.
    """

    provider: str
    unit: str
    total: Window
    windows: tuple[Window, ...]
    lots: tuple[LotLine, ...]
    """In the order in which they came in. Their sum less the overdraft is the balance as the ledger knows it."""
    overdraft: Decimal
    """What was charged beyond all lots."""
    burned: tuple[Burned, ...]
    untimed: int
    """Requests of this provider whose log tells no time; they are in no window."""
    other_units: int
    """Requests, entries and readings of this provider in another unit; they are in no window."""
    readings: int
    """How many readings of the account there are, of whichever time."""
    first_read_at: datetime | None
    last_read_at: datetime | None
