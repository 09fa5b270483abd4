"""Grants: lots of credits, burnt down by a stated policy; the sum of lots is the balance at every instant.

Amounts are whole pico-units of the account. What is charged beyond all lots is an overdraft, which the next credits
that come in pay off first: no lot is ever below zero. A reading of the balance is a fact: what is missing then is taken
off the lots in their order. What is too much makes good what was missing before, then what was burnt since the last
reading, and becomes a lot of its own only beyond that.
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
    """Credits that come in at an instant: `cost` is in pico-units of the currency, None if unknown.

    A purchase and its bonus share what was paid by their credits.
    """

    kind: LotKind
    amount: int
    cost: int | None = None
    currency: str | None = None
    expires_at: datetime | None = None
    billed: int = 0
    """What was asked for it: all of the price for what was bought, nothing for its bonus."""


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
    billed: int = 0

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
    other_closings: tuple[tuple[int, ...], ...]
    """Of each segment, in its place, the balance at its end by each of the other figures."""
    lots_at: Mapping[int, tuple[Lot, ...]]
    """Of the number of each step that is a mark, and of the last."""
    overdraft: int


def replay(steps: Sequence[Step], policy: Policy, *others: Sequence[int]) -> Replay:
    """Follow an account from step to step, oldest first. What follows the last step is not part of it.

    `others` are other figures of what was drawn after each step: what is left with them at the end of each segment is
    told beside it. At each reading they begin anew with what is known.
    """
    account = _Account(policy, {back.charge.step for step in steps for back in step.given_back if back.charge})
    shadows = [account.copy() for _ in others]
    lots_at: dict[int, tuple[Lot, ...]] = {}
    closings: list[tuple[int, ...]] = []
    for number, step in enumerate(steps):
        for each in (account, *shadows):
            each.expire(step.at)
        for reading in sorted(step.readings, reverse=True):
            closings.append(tuple(each.balance for each in shadows))
            account.read(number, step.at, reading)
            shadows = [account.copy() for _ in others]
        if step.is_mark:
            closings.append(tuple(each.balance for each in shadows))
            for each in (account, *shadows):
                each.cut(number, None)
        if step.is_mark or number == len(steps) - 1:
            lots_at[number] = tuple(account.lots.values())
        if number < len(steps) - 1:
            drawn = (step.used, *(figures[number] for figures in others))
            for each, amount in zip((account, *shadows), drawn, strict=True):
                each.book(step)
                each.use(number, amount)
    return Replay(tuple(account.segments), tuple(closings), lots_at, account.overdraft)


def effective_price(cost: int, credits_consumed: int) -> int | None:
    """Return what a credit cost, in pico-units of the currency, cut; None of nothing."""
    return cost * PICO_PER_UNIT // credits_consumed if credits_consumed else None


_Burnt = tuple[int | None, int]
"""A lot's serial, None for the overdraft, and how much was taken off it."""


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
    burnt: dict[int, list[_Burnt]] = field(default_factory=dict)
    """Of each wanted step what was burnt."""
    missing: list[_Burnt] = field(default_factory=list)
    """What readings showed to be missing, oldest first."""
    since: list[_Burnt] = field(default_factory=list)
    """What was consumed since the last reading."""
    was_read: bool = False

    @property
    def balance(self) -> int:
        return self.segment.closing

    def copy(self) -> "_Account":
        """Return another account that is as this one is now, to be followed up to the next reading."""
        return replace(
            self,
            lots=dict(self.lots),
            queue=list(self.queue),
            segments=[],
            burnt=dict(self.burnt),
            missing=[],
            since=[],
        )

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
            self.missing += self._burn(missing, "taken")
        elif missing < 0 and not self.was_read:
            self._grant(at, Grant(LotKind.OPENING, -missing))
        elif missing < 0:
            left = self._undo(self._undo(-missing, self.missing, "taken", at), self.since, "consumed", at)
            if left:
                self._grant(at, Grant(LotKind.FOUND, left))
            self._pay_off()
        self.since.clear()
        self.was_read = True

    def _undo(self, amount: int, log: list[_Burnt], how: str, at: datetime) -> int:
        """Put back what was burnt last, as far as its lots are there; return how much is left of the amount."""
        while amount and log:
            serial, burnt = log.pop()
            if serial is None:
                part = min(amount, burnt, self.overdraft)
                self.overdraft -= part
            else:
                lot = self.lots[serial]
                part = min(amount, burnt, getattr(lot, how)) if self._is_alive(serial, at) else 0
                self._put(replace(lot, **{how: getattr(lot, how) - part}))
            amount -= part
            if not amount:
                log.append((serial, burnt - part))
        return amount

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
        log = self._burn(amount, "consumed")
        if number in self.wanted:
            self.burnt[number] = log

    def _count(self, **more: int) -> None:
        self.segment = replace(self.segment, **{name: getattr(self.segment, name) + more[name] for name in more})

    def _grant(self, at: datetime, grant: Grant) -> None:
        serial = len(self.lots)
        told = grant.cost, grant.currency, grant.billed
        self._put(Lot(serial, grant.kind, at, grant.expires_at, grant.amount, 0, 0, 0, *told))
        self._pay_off()

    def _pay_off(self) -> None:
        owed, self.overdraft = self.overdraft, 0
        self._burn(owed, "consumed")

    def _burn(self, amount: int, how: str) -> list[_Burnt]:
        """Take an amount off the lots in their order, and what is more off nothing: return of which lot how much."""
        log: list[_Burnt] = []
        while amount and self.queue:
            lot = self.lots[self.queue[0][1]]
            part = min(amount, lot.remaining)
            self._put(replace(lot, **{how: getattr(lot, how) + part}))
            log.append((lot.serial, part))
            amount -= part
        if amount:
            self.overdraft += amount
            log.append((None, amount))
        if how == "consumed":
            self.since += log
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

    def _places(self, back: GivenBack) -> Iterable[_Burnt]:
        """Return the lots that it goes back to, with the most for each: those of its charge, else the newest first."""
        if back.charge is None or back.charge.step not in self.burnt:
            return [(lot.serial, lot.consumed) for lot in reversed(self.lots.values())]
        return list(_within(self.burnt[back.charge.step], back.charge))

    def _is_alive(self, serial: int, at: datetime) -> bool:
        expires_at = self.lots[serial].expires_at
        return expires_at is None or expires_at > at


def _within(log: Sequence[_Burnt], charge: Charge) -> Iterator[_Burnt]:
    """Yield the part of what was burnt that is a charge's."""
    start = 0
    for serial, amount in log:
        low, high = max(start, charge.offset), min(start + amount, charge.offset + charge.amount)
        if low < high:
            yield serial, high - low
        start += amount


_COUNTED: Final = {LotKind.PAID: "topped_up", LotKind.BONUS: "bonus", LotKind.ADJUSTMENT: "adjusted"}
