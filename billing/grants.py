"""Grants: lots of credits, burnt down by a stated policy; the sum of lots is the balance at every instant.

Amounts are whole pico-units of the account. What is charged beyond all lots is an overdraft, which the next credits
that come in pay off first: no lot is ever below zero. A reading of the balance is a fact: what is missing then is taken
off the lots in their order, and what is too much becomes a lot of its own, whose cost nobody knows.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from billing.errors import BillingError
from billing.price_calendar import microseconds
from pricing.amounts import PICO_PER_UNIT


class LotKind(StrEnum):
    """Where the credits of a lot come from."""

    PAID = "paid"
    BONUS = "bonus"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    """Given back, and the lot that it was burnt from has expired, or is not known."""
    OPENING = "opening"
    """There when the balance was read for the first time."""
    FOUND = "found"
    """A reading told more than the ledger knows of."""


class BadPolicyError(BillingError):
    """A policy of burning down that can't be followed."""


_NEVER: Final = 2**63
_ORDERS: Final[Mapping[str, Callable[["Lot"], int]]] = {
    "expires_at": lambda lot: _NEVER if lot.expires_at is None else microseconds(lot.expires_at),
    "bonus": lambda lot: lot.kind is not LotKind.BONUS,
    "paid": lambda lot: lot.kind is not LotKind.PAID,
    "at": lambda lot: microseconds(lot.at),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """In which order lots are burnt down: by the first of these, then the next; what is alike by when it came."""

    order: tuple[str, ...] = ("expires_at", "bonus", "at")
    """`expires_at`: what expires first; `bonus` or `paid`: these before the others; `at`: the oldest first."""

    def __post_init__(self) -> None:
        if not self.order or set(self.order) - _ORDERS.keys() or len(set(self.order)) < len(self.order):
            raise BadPolicyError(
                f"an order of burning down is made of {', '.join(sorted(_ORDERS))}, each at most once, "
                f"such as expires_at, bonus, at; not of {', '.join(self.order) or 'nothing'}"
            )

    def key(self, lot: "Lot") -> tuple[int, ...]:
        """Return what lots are sorted by."""
        return tuple(_ORDERS[name](lot) for name in self.order)


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits that come in at an instant: `cost` is in pico-units of the currency, None if unknown."""

    kind: LotKind
    amount: int
    cost: int | None = None
    currency: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Where a charge stands in what was used: after so much of what follows that step."""

    step: int
    offset: int
    amount: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Credits of a charge that come back; None where it is not known which charge that was."""

    amount: int
    charge: Charge | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An instant at which something is booked, and what requests take from then until the next step."""

    at: datetime
    readings: tuple[int, ...] = ()
    """Balances as told by the vendor, before all that follows."""
    grants: tuple[Grant, ...] = ()
    adjusted: int = 0
    """Below zero: what an adjustment takes away."""
    given_back: tuple[GivenBack, ...] = ()
    is_mark: bool = False
    """Whether the lots as they are at this instant are asked for."""
    used: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot as it is at an instant: `granted = consumed + taken + expired + remaining`, none of them below zero."""

    serial: int
    kind: LotKind
    at: datetime
    expires_at: datetime | None
    granted: int
    consumed: int
    taken: int
    """What adjustments took, and what readings showed to be missing."""
    expired: int
    cost: int | None
    currency: str | None

    @property
    def remaining(self) -> int:
        """What is left of it."""
        return self.granted - self.consumed - self.taken - self.expired

    @property
    def cost_consumed(self) -> int | None:
        """What the consumed credits cost, cut to a pico-unit of the currency; all of it when all is consumed."""
        return None if self.cost is None else self.cost * self.consumed // self.granted

    @property
    def cost_expired(self) -> int | None:
        """What the expired credits cost: the breakage."""
        if self.cost is None:
            return None
        return self.cost * (self.consumed + self.expired) // self.granted - self.cost * self.consumed // self.granted


@dataclass(frozen=True, slots=True)
class Segment:
    """What happened to the account between two steps that are marks or readings; the steps count from 0.

    `closing = opening + topped_up + bonus + adjusted + refunded - used - expired`, before the reading at its end, if
    there is one.
    """

    first_step: int
    last_step: int
    opening: int
    topped_up: int = 0
    bonus: int = 0
    adjusted: int = 0
    refunded: int = 0
    used: int = 0
    expired: int = 0
    reported: int | None = None

    @property
    def closing(self) -> int:
        """The balance at its end."""
        came_in = self.topped_up + self.bonus + self.adjusted + self.refunded
        return self.opening + came_in - self.used - self.expired


@dataclass(frozen=True, slots=True)
class Replay:
    """An account replayed: its segments, and the lots and the overdraft at each mark and at the end."""

    segments: tuple[Segment, ...]
    lots_at: Mapping[int, tuple[Lot, ...]]
    """Of the number of each step that is a mark, and of the last."""
    overdraft: int


def replay(steps: Sequence[Step], policy: Policy) -> Replay:
    """Follow an account from step to step, oldest first. What follows the last step is not part of it."""
    account = _Account(policy, {back.charge.step for step in steps for back in step.given_back if back.charge})
    lots_at: dict[int, tuple[Lot, ...]] = {}
    for number, step in enumerate(steps):
        account.expire(step.at)
        for reading in sorted(step.readings, reverse=True):
            account.read(number, step.at, reading)
        if step.is_mark:
            account.cut(number, None)
        if step.is_mark or number == len(steps) - 1:
            lots_at[number] = tuple(account.lots.values())
        if number < len(steps) - 1:
            account.book(step)
            account.use(number, step.used)
    return Replay(tuple(account.segments), lots_at, account.overdraft)


def effective_price(cost: int, credits_consumed: int) -> int | None:
    """Return what a credit cost, in pico-units of the currency, cut; None of nothing."""
    return cost * PICO_PER_UNIT // credits_consumed if credits_consumed else None


@dataclass(slots=True)
class _Account:
    """An account while it is replayed."""

    policy: Policy
    wanted: set[int]
    """The steps of which it is kept what burnt which lot."""
    lots: dict[int, Lot] = field(default_factory=dict)
    queue: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    """The lots that something is left of, in their order."""
    overdraft: int = 0
    segments: list[Segment] = field(default_factory=list)
    segment: Segment = field(default_factory=lambda: Segment(0, 0, 0))
    burnt: dict[int, list[tuple[int | None, int]]] = field(default_factory=dict)
    """Of each wanted step what was burnt, by lot in order; None is the overdraft."""
    was_read: bool = False

    @property
    def balance(self) -> int:
        return self.segment.closing

    def expire(self, now: datetime) -> None:
        for _, serial in list(self.queue):
            lot = self.lots[serial]
            if lot.expires_at is not None and lot.expires_at <= now:
                self._count(expired=lot.remaining)
                self._put(replace(lot, expired=lot.expired + lot.remaining))

    def read(self, number: int, at: datetime, reported: int) -> None:
        missing = self.balance - reported
        self.cut(number, reported)
        if missing > 0:
            self._burn(missing, "taken")
        elif missing < 0:
            kind = LotKind.FOUND if self.was_read else LotKind.OPENING
            self._grant(at, Grant(kind, -missing))
        self.was_read = True

    def cut(self, number: int, reported: int | None) -> None:
        """End a segment at a step and begin the next with what was reported."""
        self.segments.append(replace(self.segment, last_step=number, reported=reported))
        self.segment = Segment(number, number, self.balance if reported is None else reported)

    def book(self, step: Step) -> None:
        for grant in step.grants:
            self._count(**{_COUNTED[grant.kind]: grant.amount})
            self._grant(step.at, grant)
        if step.adjusted:
            self._count(adjusted=step.adjusted)
            self._burn(-step.adjusted, "taken")
        for back in step.given_back:
            self._count(refunded=back.amount)
            self._give_back(step.at, back)

    def use(self, number: int, amount: int) -> None:
        self._count(used=amount)
        log = list(self._burn(amount, "consumed"))
        if number in self.wanted:
            self.burnt[number] = log

    def _count(self, **more: int) -> None:
        self.segment = replace(self.segment, **{name: getattr(self.segment, name) + more[name] for name in more})

    def _grant(self, at: datetime, grant: Grant) -> None:
        serial = len(self.lots)
        lot = Lot(serial, grant.kind, at, grant.expires_at, grant.amount, 0, 0, 0, grant.cost, grant.currency)
        self._put(lot)
        self._pay_off()

    def _pay_off(self) -> None:
        owed, self.overdraft = self.overdraft, 0
        self._burn(owed, "consumed")

    def _burn(self, amount: int, how: str) -> list[tuple[int | None, int]]:
        """Take an amount off the lots in their order, and what is more off nothing: return of which lot how much."""
        log: list[tuple[int | None, int]] = []
        while amount and self.queue:
            lot = self.lots[self.queue[0][1]]
            part = min(amount, lot.remaining)
            self._put(replace(lot, **{how: getattr(lot, how) + part}))
            log.append((lot.serial, part))
            amount -= part
        if amount:
            self.overdraft += amount
            log.append((None, amount))
        return log

    def _put(self, lot: Lot) -> None:
        """Keep a lot as it is now, and in the queue exactly if something is left of it."""
        before = self.lots.get(lot.serial)
        self.lots[lot.serial] = lot
        was_queued = before is not None and before.remaining > 0
        if was_queued and not lot.remaining:
            self.queue.remove((self.policy.key(lot), lot.serial))
        elif lot.remaining and not was_queued:
            insort(self.queue, (self.policy.key(lot), lot.serial))

    def _give_back(self, at: datetime, back: GivenBack) -> None:
        left = back.amount
        for serial, most in self._places(back):
            if serial is None:
                part = min(left, most, self.overdraft)
                self.overdraft -= part
            else:
                part = min(left, most, self.lots[serial].consumed) if self._is_alive(serial, at) else 0
                self._put(replace(self.lots[serial], consumed=self.lots[serial].consumed - part))
            left -= part
        if left:
            self._grant(at, Grant(LotKind.REFUND, left, 0))
        self._pay_off()

    def _places(self, back: GivenBack) -> Iterable[tuple[int | None, int]]:
        """Return the lots that it goes back to, with the most for each: those of its charge, else the newest first."""
        if back.charge is None or back.charge.step not in self.burnt:
            return [(lot.serial, lot.consumed) for lot in reversed(self.lots.values())]
        return list(_within(self.burnt[back.charge.step], back.charge))

    def _is_alive(self, serial: int, at: datetime) -> bool:
        expires_at = self.lots[serial].expires_at
        return expires_at is None or expires_at > at


def _within(log: Sequence[tuple[int | None, int]], charge: Charge) -> Iterator[tuple[int | None, int]]:
    """Yield the part of what was burnt that is a charge's."""
    start = 0
    for serial, amount in log:
        low, high = max(start, charge.offset), min(start + amount, charge.offset + charge.amount)
        if low < high:
            yield serial, high - low
        start += amount


_COUNTED: Final = {LotKind.PAID: "topped_up", LotKind.BONUS: "bonus", LotKind.ADJUSTMENT: "adjusted"}
