"""What happened to an account, step by step: what was booked, what was read, and what requests drew in between."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from billing.accounting.grants import Charge, GivenBack, Grant, LotKind, Step
from billing.cube import whole
from billing.engine import Engine
from billing.queries import statement
from billing.rating import Rating, Selection, lay_rates
from billing.records import EntryKind
from billing.refunds import Match, match_refunds
from pricing.catalog import Catalog

_CREDIT = "credit"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """What requests drew between two steps, in pico-units; see sql/flows.sql."""

    requests: int = 0
    reported: int = 0
    unreported: int = 0
    expected: int = 0
    unpriced: int = 0
    low: int = 0
    high: int | None = 0

    def __add__(self, other: "Flow") -> "Flow":
        high = None if self.high is None or other.high is None else self.high + other.high
        return Flow(
            self.requests + other.requests, self.reported + other.reported, self.unreported + other.unreported,
            self.expected + other.expected, self.unpriced + other.unpriced, self.low + other.low, high,
        )  # fmt: skip

    @property
    def amount(self) -> int:
        """The best figure."""
        return self.reported + self.expected


@dataclass(frozen=True, slots=True)
class History:
    """The steps of an account, oldest first, and what requests drew after each of them."""

    unit: str
    steps: tuple[Step, ...]
    flows: tuple[Flow, ...]
    untimed: int
    other_units: int

    def drawing(self, amounts: Iterable[int]) -> tuple[Step, ...]:
        """Return the steps, each followed by that amount drawn."""
        return tuple(replace(step, used=amount) for step, amount in zip(self.steps, amounts, strict=True))


def history_of(ledger: Engine, catalog: Catalog, provider: str, marks: Sequence[datetime]) -> History:
    """Return the history of an account up to the last mark; only what is booked before it belongs to it."""
    until = marks[-1]
    unit = unit_of(ledger, catalog, provider)
    _lay_drawn(lay_rates(ledger, catalog, Selection(end=until, provider=provider)), unit, provider)
    told = {"provider": provider, "unit": unit, "until": until}
    events = _Events()
    for row in _rows(ledger, "booked", told):
        events.book(row)
    for row in _rows(ledger, "balances_read", told):
        events.readings[row["read_at"]].append(int(row["balance"]))
    refunds = list(_refunds(ledger, unit, until))
    events.instants.update(part["used_at"] for _, parts in refunds for part in parts)
    days = dict(ledger.rows(statement("days_drawn")))
    events.instants.update([*marks, *sorted(days.values())[:1], *(row["used_at"] for row, _ in refunds)])
    instants = events.all_instants(until)
    flows = _flows(ledger, instants, days)
    for row, parts in refunds:
        events.give_back(row, parts, instants)
    ((untimed, other_units),) = ledger.rows(statement("left_out"), told)
    return History(unit, tuple(events.step(at, marks) for at in instants), flows, untimed, other_units)


def unit_of(ledger: Engine, catalog: Catalog, provider: str) -> str:
    """Return what an account is counted in: as the card has it, else as its entries and readings do, else credits."""
    if provider in catalog.providers:
        return catalog.card(provider).unit
    rows = ledger.rows(statement("account_units"), {"provider": provider})
    return rows[0][0] if rows else _CREDIT


@dataclass(slots=True)
class _Events:
    """What is booked at each instant."""

    instants: set[datetime] = field(default_factory=set)
    readings: dict[datetime, list[int]] = field(default_factory=lambda: defaultdict(list))
    grants: dict[datetime, list[Grant]] = field(default_factory=lambda: defaultdict(list))
    adjusted: dict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    given_back: dict[datetime, list[GivenBack]] = field(default_factory=lambda: defaultdict(list))

    def book(self, row: Row) -> None:
        """Book an entry of the ledger."""
        at, credit, bonus = row["booked_at"], int(row["credits"]), int(row["bonus"])
        paid = None if row["paid"] is None else int(row["paid"])
        self.instants.update({at, row["expires_at"]} - {None})
        if row["kind"] == EntryKind.REFUND:
            self.given_back[at].append(GivenBack(credit))
        elif row["kind"] == EntryKind.ADJUSTMENT and credit < 0:
            self.adjusted[at] += credit
        elif row["kind"] == EntryKind.ADJUSTMENT:
            self.grants[at].append(Grant(LotKind.ADJUSTMENT, credit, 0))
        else:
            of_bonus = None if paid is None else paid * bonus // (credit + bonus or 1)
            of_bought = None if paid is None or of_bonus is None else paid - of_bonus
            billed = (paid or 0, 0) if credit else (0, paid or 0)
            kinds = (LotKind.PAID, credit, of_bought, billed[0]), (LotKind.BONUS, bonus, of_bonus, billed[1])
            for kind, amount, cost, asked in kinds:
                if amount:
                    self.grants[at].append(Grant(kind, amount, cost, row["currency"], row["expires_at"], asked))

    def give_back(self, row: Row, parts: Sequence[Row], instants: Sequence[datetime]) -> None:
        """Book a refund of requests; what is left of it is of no request that is known."""
        for part in parts:
            charge = Charge(bisect_left(instants, part["used_at"]), int(part["offset"]), part["amount"])
            self.given_back[row["used_at"]].append(GivenBack(part["amount"], charge))
        if row["amount"]:
            self.given_back[row["used_at"]].append(GivenBack(row["amount"]))

    def all_instants(self, until: datetime) -> list[datetime]:
        """Return all instants up to the last one, oldest first."""
        booked = (self.readings, self.grants, self.adjusted, self.given_back)
        return sorted(at for at in self.instants.union(*booked) if at <= until)

    def step(self, at: datetime, marks: Sequence[datetime]) -> Step:
        """Return what is booked at an instant."""
        return Step(
            at, tuple(self.readings.get(at, ())), tuple(self.grants.get(at, ())),
            self.adjusted.get(at, 0), tuple(self.given_back.get(at, ())), at in marks,
        )  # fmt: skip


def _lay_drawn(rating: Rating, unit: str, provider: str) -> None:
    """Lay what each request drew into a table of this session."""
    ledger = rating.ledger
    steps = [period.block.rounding.step_pico for period in rating.periods if period.provider == provider]
    others = max(steps, default=1)
    doubtful = {
        card_id
        for card_id, period in enumerate(rating.periods)
        if period.block.rounding.mode == "none" and period.block.rounding.basis == "unstated"
    }
    cards = ledger.rows("SELECT rate_id, card_id FROM rates")
    ledger.lay("doubts", [
        {"rate_id": rate_id, "doubt": others if card_id in doubtful else 1} for rate_id, card_id in cards
    ])  # fmt: skip
    rating.keep("audited", "drawn", unit=unit)


def _refunds(ledger: Engine, unit: str, until: datetime) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each refund, with what is of no known charge in `amount`, and the charges that it gives back."""
    refunds, matches = match_refunds(ledger)
    parts: dict[int, list[Row]] = defaultdict(list)
    not_placed: Counter[int] = Counter()
    for match in matches:
        not_placed[match.refund] += match.amount
    for match, place in _places(ledger, matches):
        parts[match.refund].append(place | {"amount": match.amount, "offset": place["drawn_before"] + match.before})
        not_placed[match.refund] -= match.amount
    for row in refunds:
        if row["unit"] == unit and row["used_at"] is not None and row["used_at"] < until:
            yield row | {"amount": row["amount"] + not_placed[row["refund"]]}, parts[row["refund"]]


def _places(ledger: Engine, matches: Sequence[Match]) -> list[tuple[Match, Row]]:
    """Return where the charges stand that were given back, if they have a time and are of this account."""
    given = [
        {"refund": number, "request_id": match.key[1], "id_hash": match.key[2]} for number, match in enumerate(matches)
    ]
    ledger.lay("given", given)
    rows = _rows(ledger, "offsets", {}) if given else []
    return [(matches[row["refund"]], row) for row in rows]


def _flows(ledger: Engine, instants: Sequence[datetime], days: Iterable[date]) -> tuple[Flow, ...]:
    rows: list[Row] = []
    for day in days:
        first = bisect_right(instants, datetime.combine(day, time.min, UTC)) - 1
        end = bisect_right(instants, datetime.combine(day, time.max, UTC))
        rows += [
            {"step": step, "day": day, "begins_at": instants[step], "ends_at": instants[step + 1]}
            for step in range(max(first, 0), min(end, len(instants) - 1))
        ]
    ledger.lay("instants", rows)
    found = {
        row.pop("step"): Flow(**{name: whole(value) for name, value in row.items()})
        for row in _rows(ledger, "flows", {})
    }
    return tuple(found.get(number, Flow()) for number in range(len(instants)))


def _rows(ledger: Engine, relation: str, parameters: Mapping[str, object]) -> list[Row]:
    rows: list[Row] = ledger.arrow(statement(relation), parameters).to_pylist()
    return rows
