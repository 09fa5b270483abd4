"""A quarter of an account of credits: top-ups, bonus, expiry, streams without a charge, failures and their refunds.

It is an oracle: lots, arithmetic and the faults of the vendor's ledger here are its own and share no code with what is
tested against them. Money is whole pico-units, chance comes from `getrandbits` alone, nothing reads a clock.
`python -m data.quarter --out DIR [--fault NAME]` writes its log, its list of entries and its balances.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from data.month import CENT, DIRECT_SONNET, OPUS, SONNET, Route

SEED: Final = 2026
REQUESTS: Final = 2_600
START: Final = datetime(2026, 7, 6, tzinfo=UTC)
WEEK: Final = timedelta(days=7)
WEEKS: Final = 13
CREDIT: Final = 10**12
OPENING: Final = 900 * CREDIT

FAULTS: Final = {
    "lost_top_up": "A top-up that was paid for never reaches the account.",
    "bonus_not_granted": "The bonus of a top-up is not given.",
    "charged_twice": "A request is charged twice, and its answer tells one charge.",
    "expired_early": "A lot expires ten days before its time.",
    "refund_not_paid": "A refund that was announced is not given.",
    "unmetered": "A charge is taken for a request that nobody made.",
    "stream_at_other_rate": "A stream of the plain SKU is charged at the /anthropic rates.",
    "credits_moved": "Credits are moved off the account without a word.",
}
_FAULT_WEEKS: Final = {
    "lost_top_up": 10, "bonus_not_granted": 8, "charged_twice": 3, "refund_not_paid": 9, "unmetered": 5,
    "stream_at_other_rate": 6, "credits_moved": 12,
}  # fmt: skip
"""The week in which each fault happens; what expires early does so ten days before its time."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and what it takes from the account."""

    number: int
    at: datetime
    route: Route
    tokens: tuple[int, int]
    is_stream: bool
    has_failed: bool

    @property
    def charge(self) -> int:
        """What the vendor takes by its rates, cut as the route is."""
        return _charge(self.route, self.tokens)

    @property
    def tells_charge(self) -> bool:
        """Whether the answer says what was charged."""
        return not self.is_stream and not self.route.is_official


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the vendor's list of top-ups and refunds."""

    kind: str
    at: datetime
    credits: int
    bonus: int = 0
    paid: str = ""
    expires_at: datetime | None = None

    def row(self) -> str:
        """Return it as a line of CSV."""
        ends = self.expires_at.isoformat() if self.expires_at else ""
        currency, bonus = ("USD" if self.paid else ""), (_digits(self.bonus) if self.bonus else "")
        cells = ("aivideoapi", self.kind, self.at.isoformat(), _digits(self.credits), self.paid, currency, bonus, ends)
        return ",".join(cells)


HEADER: Final = "provider,kind,at,credits,paid,currency,bonus,expires_at"


@dataclass(slots=True)
class _Lot:
    left: int
    is_bonus: bool
    at: datetime
    expires_at: datetime | None
    burnt: int = 0


@dataclass(slots=True)
class Week:
    """What the account really did between two readings, in pico-credits."""

    topped_up: int = 0
    bonus: int = 0
    refunded: int = 0
    drawn: int = 0
    expired: int = 0
    reading: int = 0
    """The balance at its end, as the vendor tells it."""
    missing: int = 0
    """What a fault took beyond all that is told."""


@dataclass(slots=True)
class Quarter:
    """A quarter without faults: what the buyer logged and what the vendor lists."""

    requests: list[Request] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def log(self) -> Iterator[str]:
        """Yield the client's log as JSON lines."""
        for each in self.requests:
            usage = {"input_tokens": each.tokens[0], "output_tokens": each.tokens[1]}
            answer: dict[str, object] = {
                "id": f"msg_{each.number:06}",
                "type": "message",
                "model": each.route.answers_as,
            }
            if each.has_failed:
                answer = {"error": {"code": "upstream_error", "type": "upstream_error", "message": "upstream"}}
            else:
                answer["usage"] = usage
            told = json.dumps(
                {
                    "timestamp": each.at.isoformat(), "request_id": f"req_{each.number:06}", "provider": "aivideoapi",
                    "status": 503 if each.has_failed else 200, "request": {"model": each.route.sku}, "response": answer,
                }
            )  # fmt: skip
            # Digits are written by hand: no amount goes through a float.
            yield told[:-2] + f', "credits_consumed": {_digits(each.charge)}}}}}' if each.tells_charge else told

    def list_of_entries(self) -> str:
        """Return the vendor's list as CSV."""
        return "\n".join([HEADER, *(entry.row() for entry in self.entries)]) + "\n"


def quarter(seed: int = SEED, requests: int = REQUESTS) -> Quarter:
    """Return a simulated quarter; the same arguments give the same."""
    chance, made = Random(seed), Quarter(entries=_top_ups())  # noqa: S311 - simulated traffic
    step = WEEKS * WEEK / requests
    for number in range(requests):
        at = START + number * step + timedelta(seconds=1 + chance.getrandbits(10))
        route = (SONNET, SONNET, OPUS, DIRECT_SONNET)[chance.getrandbits(2)]
        is_stream = route is SONNET and not chance.getrandbits(1)
        has_failed = route is OPUS and not chance.getrandbits(4)
        tokens = 200 + chance.getrandbits(13), 50 + chance.getrandbits(10)
        each = Request(number, at.replace(microsecond=0), route, tokens, is_stream, has_failed)
        made.requests.append(each)
        if has_failed:
            made.entries.append(Entry("refund", each.at + timedelta(minutes=9, microseconds=number), each.charge))
    made.entries.sort(key=lambda entry: entry.at)
    return made


def _top_ups() -> list[Entry]:
    """Return the top-ups: two lots that expire before they are used up, the others never."""
    plan = (
        # week, credits, bonus, paid, weeks until it expires
        (0, 1500, 300, "7.50", 2), (2, 2500, 0, "12.50", None), (4, 5000, 0, "22.50", 4), (8, 4000, 250, "20.00", None),
        (10, 2000, 0, "10.00", None),
    )  # fmt: skip
    return [
        Entry(
            "top_up", START + week * WEEK + timedelta(days=2, hours=9), amount * CREDIT, bonus * CREDIT, paid,
            None if weeks is None else START + (week + weeks) * WEEK,
        )
        for week, amount, bonus, paid, weeks in plan
    ]  # fmt: skip


def weeks(made: Quarter, fault: str | None = None) -> list[Week]:
    """Return what the vendor's ledger did in each week, with one fault in it or none."""
    account = _Account(made, fault)
    account.run()
    return account.weeks


def readings(told: list[Week]) -> str:
    """Return the balances that the vendor tells at the end of each week, and at the beginning, as CSV."""
    balances = [OPENING, *(week.reading for week in told)]
    rows = (
        f"aivideoapi,{(START + number * WEEK).isoformat()},{_digits(balance)},credit"
        for number, balance in enumerate(balances)
    )
    return "\n".join(["provider,at,balance,unit", *rows]) + "\n"


class _Account:
    """The vendor's ledger, one booking after the other."""

    def __init__(self, made: Quarter, fault: str | None) -> None:
        self.fault = fault
        self.lots = [_Lot(OPENING, is_bonus=False, at=START, expires_at=None)]
        self.weeks = [Week() for _ in range(WEEKS)]
        self.bookings: list[tuple[datetime, Request | Entry]] = sorted(
            [*((each.at, each) for each in made.requests), *((each.at, each) for each in made.entries)],
            key=lambda booking: booking[0],
        )
        week = _FAULT_WEEKS.get(fault or "")
        requests = [each for each in made.requests if _week(each.at) == week]
        kind = "refund" if fault == "refund_not_paid" else "top_up"
        entries = [each for each in made.entries if _week(each.at) == week and each.kind == kind]
        fits: dict[str, Callable[[Request], bool]] = {
            "charged_twice": lambda each: each.tells_charge, "stream_at_other_rate": lambda each: each.is_stream,
        }  # fmt: skip
        of_requests = fits.get(fault or "", lambda _: fault in {"unmetered", "credits_moved"})
        self.victim = next((each for each in (*filter(of_requests, requests), *entries)), None)

    def run(self) -> None:
        """Book everything, and read the balance at the end of each week."""
        for number, week in enumerate(self.weeks):
            end = START + (number + 1) * WEEK
            for at, each in [booking for booking in self.bookings if _week(booking[0]) == number]:
                self._expire(at, week)
                if isinstance(each, Request):
                    self._request(each, week)
                else:
                    self._enter(each, week)
            self._expire(end, week)
            week.reading = sum(lot.left for lot in self.lots)

    def _is_victim(self, each: Request | Entry) -> bool:
        return self.victim is each

    def _request(self, each: Request, week: Week) -> None:
        self._burn(each.charge)
        week.drawn += each.charge
        if self._is_victim(each):
            other = _charge(DIRECT_SONNET, each.tokens) - each.charge
            more = {"stream_at_other_rate": other, "credits_moved": 77 * CREDIT}.get(self.fault or "", each.charge)
            self._burn(more)
            week.missing += more

    def _enter(self, entry: Entry, week: Week) -> None:
        is_victim = self._is_victim(entry)
        if entry.kind == "refund":
            week.refunded += entry.credits
            week.missing += entry.credits if is_victim else 0
            self._give_back(entry, 0 if is_victim else entry.credits)
            return
        for amount, is_bonus in ((entry.credits, False), (entry.bonus, True)):
            if is_victim and (is_bonus or self.fault == "lost_top_up"):
                week.missing += amount
            elif amount:
                self.lots.append(_Lot(amount, is_bonus, entry.at, entry.expires_at))
        week.topped_up += entry.credits
        week.bonus += entry.bonus

    def _give_back(self, entry: Entry, amount: int) -> None:
        """Give back to the newest lot that was burnt and is not gone."""
        for lot in reversed(self.lots):
            if lot.expires_at is None or lot.expires_at > entry.at:
                part = min(amount, lot.burnt)
                lot.left, lot.burnt, amount = lot.left + part, lot.burnt - part, amount - part
        if amount:
            self.lots.append(_Lot(amount, is_bonus=False, at=entry.at, expires_at=None))

    def _burn(self, amount: int) -> None:
        """Take from what expires first, then from bonus, then from the oldest."""
        for lot in sorted(self.lots, key=_order):
            part = min(amount, lot.left)
            lot.left, lot.burnt, amount = lot.left - part, lot.burnt + part, amount - part
        if amount:
            raise ValueError("the simulated account is overdrawn; it needs larger top-ups")

    def _expire(self, now: datetime, week: Week) -> None:
        for lot in self.lots:
            if lot.expires_at is None or not lot.left:
                continue
            is_early = self.fault == "expired_early" and lot.at > START + 4 * WEEK
            if lot.expires_at - timedelta(days=10 if is_early else 0) <= now:
                name = "missing" if is_early else "expired"
                setattr(week, name, getattr(week, name) + lot.left)
                lot.left, lot.expires_at = 0, now


def _order(lot: _Lot) -> tuple[datetime, bool, datetime]:
    return lot.expires_at or datetime.max.replace(tzinfo=UTC), not lot.is_bonus, lot.at


def _week(at: datetime) -> int:
    return min((at - START) // WEEK, WEEKS - 1)


def _charge(route: Route, tokens: tuple[int, int]) -> int:
    """Return the exact charge of input and output, cut to the route's step."""
    exact = sum((rate or 0) * count for rate, count in zip(route.rates[:2], tokens, strict=True))
    return exact - exact % (CENT if not route.is_official else 1)


def _digits(pico: int) -> str:
    return f"{Decimal(pico).scaleb(-12):f}"


def main() -> None:
    """Write the files of a quarter into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fault", choices=FAULTS)
    chosen, made = parser.parse_args(), quarter()
    files = {
        "log.jsonl": "\n".join(made.log()) + "\n", "top_ups.csv": made.list_of_entries(),
        "balances.csv": readings(weeks(made, chosen.fault)),
    }  # fmt: skip
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (chosen.out / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
