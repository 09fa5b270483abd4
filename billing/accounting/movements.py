"""What happened to each lot of an account, one cause at a time, and what it cost.

An account is replayed in steps so small that each books one thing: what lots are then, less what they were before, is a
movement. Amounts are whole pico-units. Costs are pico-units of the lot's currency, cut so that they add up to what was
paid once all of the lot is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from billing.accounting.grants import GivenBack, Lot, Policy, Replay, Step, replay


class Cause(StrEnum):
    """Why something moved."""

    GRANTED = "granted"
    """Credits came in; a reading that tells more than is known makes such a lot too."""
    USED = "used"
    REFUNDED = "refunded"
    TAKEN = "taken"
    """An adjustment below zero."""
    READ = "read"
    """A reading showed that some were missing, or made good what was missing before."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Movement:
    """Credits that left a lot, came back to it (below zero), or came in with it (GRANTED)."""

    cause: Cause
    at: datetime
    lot: int | None
    """Its serial; None for credits that no lot covers."""
    amount: int
    cost: int | None
    """What they cost; None if nobody knows."""
    step: int = -1
    """Of what was used: the step of the history after which it was used ..."""
    begins: int = 0
    """... and how much of what was used after that step came before it."""
    refund: GivenBack | None = None
    paid_at: datetime | None = None
    """When a lot paid for it, if it was used before there was one."""


@dataclass(frozen=True, slots=True)
class _Small:
    """A step that books one thing, and which step of the history it is of."""

    step: Step
    of: int
    cause: Cause | None = None
    refund: GivenBack | None = None
    """What it gives back, of a charge that stands in the history."""


def movements(steps: Sequence[Step], policy: Policy) -> tuple[tuple[Movement, ...], tuple[Lot, ...]]:
    """Return all movements of an account, oldest first, and its lots as they are at the end.

    Of what is used, all is in one movement or several, whatever it was paid from and whenever.
    """
    small = _small_steps(steps)
    found = replay([each.step for each in small], policy)
    closings = {each.last_step: each.closing for each in found.segments if each.reported is None}
    trace = _Trace(policy)
    for number in range(1, len(small)):
        lots = found.lots_at[number]
        trace.follow(small[number - 1], small[number], lots, sum(lot.remaining for lot in lots) - closings[number])
    return (*trace.found, *trace.uncovered()), _last_lots(found)


def _last_lots(found: Replay) -> tuple[Lot, ...]:
    return found.lots_at[max(found.lots_at)]


def _small_steps(steps: Sequence[Step]) -> list[_Small]:
    """Return steps of one booking each. What was given back of a charge is looked for after the step that used it."""
    cut = [list(_cut(step)) for step in steps]
    used_in: dict[int, int] = {}
    number = 0
    for of, parts in enumerate(cut):
        number += len(parts)
        used_in[of] = number - 1
    return [
        _Small(_placed(step, used_in), of, cause, next(iter(step.given_back), None))
        for of, parts in enumerate(cut) for step, cause in parts
    ]  # fmt: skip


def _cut(step: Step) -> Iterator[tuple[Step, Cause | None]]:
    """Yield a step for each booking; what is used comes last."""
    at = Step(step.at, is_mark=True)
    yield at, None
    for reading in sorted(step.readings, reverse=True):
        yield replace(at, readings=(reading,)), Cause.READ
    for grant in step.grants:
        yield replace(at, grants=(grant,)), Cause.GRANTED
    if step.adjusted:
        yield replace(at, adjusted=step.adjusted), Cause.TAKEN
    for back in step.given_back:
        yield replace(at, given_back=(back,)), Cause.REFUNDED
    yield replace(at, used=step.used), Cause.USED


def _placed(step: Step, used_in: Mapping[int, int]) -> Step:
    backs = tuple(
        replace(back, charge=replace(back.charge, step=used_in.get(back.charge.step, -1))) if back.charge else back
        for back in step.given_back
    )
    return replace(step, given_back=backs)


@dataclass(slots=True)
class _Owed:
    """Credits that were used, or found missing, before any lot covered them."""

    at: datetime
    amount: int
    step: int
    begins: int


@dataclass(slots=True)
class _Trace:
    """Movements as they are found. What no lot covers is paid by those that come in later, the oldest first."""

    policy: Policy
    found: list[Movement] = field(default_factory=list)
    before: tuple[Lot, ...] = ()
    owed: list[_Owed] = field(default_factory=list)
    overdraft: int = 0
    cancelled: list[_Owed] = field(default_factory=list)

    def follow(self, booked: _Small, now: _Small, lots: tuple[Lot, ...], overdraft: int) -> None:
        """Find what moved from one step to the next: what the first booked, what expired or was read in the next."""
        cause = Cause.READ if now.cause is Cause.READ else booked.cause
        of = now if cause is Cause.READ else booked
        consumed: list[tuple[Lot, int, int | None]] = []
        for lot in lots:
            old = self.before[lot.serial] if lot.serial < len(self.before) else None
            if old is None:
                self._add(Cause.GRANTED, of.step.at, lot, lot.granted, lot.cost)
            consumed += self._changes(old or replace(lot, consumed=0, taken=0, expired=0), lot, of, cause, now.step.at)
        self._consume(booked, of, consumed, cause, overdraft)
        self.before, self.overdraft = lots, overdraft

    def _changes(
        self, old: Lot, lot: Lot, of: _Small, cause: Cause | None, now: datetime
    ) -> Iterator[tuple[Lot, int, int | None]]:
        """Note what of a lot was taken or has expired, and yield what was consumed."""
        gone = old.consumed + old.taken + old.expired
        for name in ("consumed", "taken", "expired"):
            amount = getattr(lot, name) - getattr(old, name)
            if not amount:
                continue
            cost = None if lot.cost is None else _cost(lot, gone + amount) - _cost(lot, gone)
            gone += amount
            if name == "expired":
                self._add(Cause.EXPIRED, now, lot, amount, cost)
            elif name == "taken":
                self._add(cause or Cause.TAKEN, of.step.at, lot, amount, cost)
            else:
                yield lot, amount, cost

    def _consume(
        self,
        booked: _Small,
        of: _Small,
        consumed: list[tuple[Lot, int, int | None]],
        cause: Cause | None,
        overdraft: int,
    ) -> None:
        consumed.sort(key=lambda each: (self.policy.key(each[0]), each[0].serial))
        if cause is Cause.USED:
            self._use(booked, consumed, overdraft)
            return
        refund = booked.refund if cause is Cause.REFUNDED else None
        back = 0
        for lot, amount, cost in consumed:
            if amount > 0:
                self._pay(lot, amount, cost, of.step.at)
            else:
                back -= amount
                self._add(cause or Cause.READ, of.step.at, lot, amount, cost, refund)
        paid = sum(amount for _, amount, _ in consumed if amount > 0)
        less = self.overdraft - overdraft - paid
        if less < 0:
            self.owed.append(_Owed(of.step.at, -less, -1, 0))
        elif less:
            self._cancel(less)
            self.found.append(Movement(cause or Cause.READ, of.step.at, None, -less, None, refund=refund))

    def _use(self, booked: _Small, consumed: Sequence[tuple[Lot, int, int | None]], overdraft: int) -> None:
        begins = 0
        for lot, amount, cost in consumed:
            self.found.append(Movement(Cause.USED, booked.step.at, lot.serial, amount, cost, booked.of, begins))
            begins += amount
        if overdraft > self.overdraft:
            self.owed.append(_Owed(booked.step.at, overdraft - self.overdraft, booked.of, begins))

    def _pay(self, lot: Lot, amount: int, cost: int | None, at: datetime) -> None:
        """Pay what was owed, the oldest first. Several share the cost by their amounts, to the last pico-unit."""
        left, spent = amount, 0
        while left:
            first = self.owed[0]
            part = min(left, first.amount)
            left -= part
            share = None if cost is None else cost * (amount - left) // amount - spent
            spent += share or 0
            self.found.append(replace(_covered(first, part, lot.serial, share), paid_at=at))
            first.begins, first.amount = first.begins + part, first.amount - part
            if not first.amount:
                self.owed.pop(0)

    def _cancel(self, amount: int) -> None:
        """Owe so much less, the newest first: it was given back before any lot paid for it."""
        while amount:
            last = self.owed[-1]
            part = min(amount, last.amount)
            last.amount -= part
            amount -= part
            self.cancelled.append(_Owed(last.at, part, last.step, last.begins + last.amount))
            if not last.amount:
                self.owed.pop()

    def uncovered(self) -> Iterator[Movement]:
        """Yield what no lot ever paid for."""
        for each in (*self.owed, *self.cancelled):
            yield _covered(each, each.amount, None, None)

    def _add(  # noqa: PLR0913, PLR0917 - a movement is made of that much
        self, cause: Cause, at: datetime, lot: Lot, amount: int, cost: int | None, refund: GivenBack | None = None
    ) -> None:
        self.found.append(Movement(cause, at, lot.serial, amount, cost, refund=refund))


def _covered(owed: _Owed, amount: int, lot: int | None, cost: int | None) -> Movement:
    cause = Cause.READ if owed.step < 0 else Cause.USED
    return Movement(cause, owed.at, lot, amount, cost, owed.step, owed.begins)


def _cost(lot: Lot, gone: int) -> int:
    return (lot.cost or 0) * gone // lot.granted
