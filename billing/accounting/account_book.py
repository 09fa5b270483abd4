"""An account as a book: every movement of its lots, told apart by whose usage it was, with what it cost.

Amounts are whole pico-units, of the account's unit or of a lot's currency. Shares add up to what they are shares of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from billing.accounting.account_history import history_of
from billing.accounting.grants import Lot, Policy, Step, replay
from billing.accounting.movements import Cause, Movement, movements
from billing.cube import whole
from billing.ledger import Ledger
from billing.queries import statement
from billing.rating import Selection, lay_rates
from pricing.catalog import Catalog
from pricing.periods import FIRST

#: What is metered and has a rate of its own, in the order of a statement.
METERS = (
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit", "output",
    "web_searches", "requests",
)  # fmt: skip
_STANDARD = Policy()
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Use:
    """Requests of one day, rate, project, key and tags; sums are of whole requests that begin in the movement."""

    day: date
    sku: str
    usd_per_unit: int | None
    """Pico-dollars; None if the unit's value is unknown."""
    is_unknown: bool
    """Whether what was taken is not known, and `amount` is the least that it can be."""
    reason: str | None
    """Why there is no price; None if there is one, or nothing is owed."""
    project: str | None
    api_key_id: str | None
    tags: str | None
    service_tier: str | None
    prompt_above: int | None
    from_us: int
    requests: int
    amount: int
    """What they took."""
    exact: int | None
    """What their card says before rounding; None if it says nothing, as the next."""
    owed: int | None
    counts: Mapping[str, int]
    """Tokens and calls by meter."""
    rates: Mapping[str, int]
    """Pico-units per token or call, by meter, of those that have one."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A movement, or a share of it: `amount` of the account's unit, and what that cost."""

    cause: Cause
    at: datetime
    lot: Lot | None
    """The lot as it is at the end; None if none covers it."""
    amount: int
    cost: int | None
    use: Use | None = None
    """What was used or is given back; None if that is not known, or it is neither."""


@dataclass(frozen=True, slots=True)
class Control:
    """What an account's balance says of a calendar month: the postings of the month must add up to it."""

    month: datetime
    used: int
    refunded: int
    cost: Mapping[str, int]
    """By currency: what the credits had cost that left lots in it, less what came back."""


@dataclass(frozen=True, slots=True)
class AccountBook:
    """The postings of an account in a stretch of time, oldest first, and its lots as they are at the end."""

    provider: str
    unit: str
    postings: tuple[Posting, ...]
    lots: tuple[Lot, ...]
    controls: tuple[Control, ...]
    untimed: int
    """Requests without a time; they are in no posting."""
    other_units: int
    """Requests, entries and readings in another unit; in no posting either."""


def account_book(  # noqa: PLR0913, PLR0917 - a stretch of time and a policy, as of a balance sheet
    ledger: Ledger,
    catalog: Catalog,
    provider: str,
    start: datetime | None = None,
    end: datetime | None = None,
    policy: Policy = _STANDARD,
) -> AccountBook:
    """Return the book of a provider's account from an instant (inclusive) to another (exclusive).

    The account is followed from the first that the ledger knows of it. No posting is of two calendar months (UTC).
    """
    ((last,),) = ledger.rows(statement("last_known"), {"provider": provider})
    until = end or max(last or FIRST, start or FIRST) + _MOMENT
    history = history_of(ledger, catalog, provider, [*_months(ledger, provider, until), until])
    steps = history.drawing(flow.amount for flow in history.flows)
    found, lots = movements(steps, policy)
    own = [each for each in found if start is None or each.at >= start]
    parts = _parts(own, [flow.requests for flow in history.flows], start, [step.at for step in history.steps])
    uses = _uses(ledger, catalog, provider, until, parts)
    postings = [posting for number, each in enumerate(parts) for posting in _shared(each, uses.get(number, []), lots)]
    postings.sort(key=lambda posting: posting.at)
    controls = tuple(
        each for each in _controls(steps, policy, _shifted(found, lots))
        if start is None or each.month >= _month_of(start)
    )  # fmt: skip
    return AccountBook(provider, history.unit, tuple(postings), lots, controls, history.untimed, history.other_units)


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number by weights, so that the parts add up to it.

    >>> shares(100, [1, 1, 1])
    [33, 33, 34]
    """
    everything, upto, before, found = sum(weights), 0, 0, []
    for weight in weights:
        upto += weight
        now = total * upto // everything if everything else 0
        found.append(now - before)
        before = now
    if found and before != total:
        found[-1] += total - before
    return found


def _months(ledger: Ledger, provider: str, until: datetime) -> Iterator[datetime]:
    """Yield the first instants of months before that instant, from the first that is known of the account."""
    ((first,),) = ledger.rows(statement("first_known"), {"provider": provider})
    month = None if first is None else next_month(first.astimezone(UTC))
    while month is not None and month < until:
        yield month
        month = next_month(month)


def next_month(at: datetime) -> datetime:
    """Return the first instant of the next month (UTC)."""
    year, month = divmod(at.year * 12 + at.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def _month_of(at: datetime) -> datetime:
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _shifted(found: Iterable[Movement], lots: Sequence[Lot]) -> Mapping[tuple[datetime, str], int]:
    """Return what lots paid in one month for what was used in another, which it belongs to, by month and currency."""
    sums: dict[tuple[datetime, str], int] = {}
    for each in found:
        currency = None if each.lot is None else lots[each.lot].currency
        if each.paid_at and each.cost and currency:
            for at, cost in ((each.at, each.cost), (each.paid_at, -each.cost)):
                key = _month_of(at), currency
                sums[key] = sums.get(key, 0) + cost
    return sums


def _controls(steps: Sequence[Step], policy: Policy, shifted: Mapping[tuple[datetime, str], int]) -> Iterator[Control]:
    """Yield the sums of each month from the balance, which knows nothing of postings."""
    known = replay(steps, policy)
    segments = [each for each in known.segments if each.last_step > each.first_step]
    before: Mapping[str, int] = {}
    for number, lots in sorted(known.lots_at.items()):
        month = _month_of(steps[number].at - _MOMENT)
        own = [each for each in segments if month < steps[each.last_step].at <= steps[number].at]
        own = [
            each for each in own if steps[each.first_step].at >= month or _month_of(steps[each.first_step].at) == month
        ]
        now = _gone(lots)
        names = sorted({*now, *(name for at, name in shifted if at == month)})
        cost = {name: now.get(name, 0) - before.get(name, 0) + shifted.get((month, name), 0) for name in names}
        yield Control(month, sum(each.used for each in own), sum(each.refunded for each in own), cost)
        before = now


def _gone(lots: Iterable[Lot]) -> Mapping[str, int]:
    """Return what the credits had cost that left these lots, by currency."""
    found: dict[str, int] = {}
    for lot in lots:
        if lot.cost is not None and lot.currency:
            gone = lot.consumed + lot.taken + lot.expired
            found[lot.currency] = found.get(lot.currency, 0) + lot.cost * gone // lot.granted
    return found


def _parts(
    found: Iterable[Movement], requests: Sequence[int], start: datetime | None, instants: Sequence[datetime]
) -> list[Movement]:
    """Return the movements, and one of nothing for each step in which requests were made that cost nothing at all."""
    parts = list(found)
    told = {each.step for each in parts if each.cause is Cause.USED}
    for step, count in enumerate(requests):
        if count and step not in told and (start is None or instants[step] >= start):
            parts.append(Movement(Cause.USED, instants[step], None, 0, None, step))
    return parts


def _uses(
    ledger: Ledger, catalog: Catalog, provider: str, until: datetime, parts: Sequence[Movement]
) -> dict[int, list[tuple[int, Use]]]:
    """Return whose usage each part is, with its share of the part's amount."""
    rows = [row for number, each in enumerate(parts) for row in _place(number, each)]
    last = {row["step"]: row["part"] for row in sorted(rows, key=lambda row: (row["begins"], row["ends"]))}
    ledger.connection.execute(statement("burnt"))
    ledger.append("burnt", [row | {"is_last": last[row["step"]] == row["part"]} for row in rows])
    rating = lay_rates(ledger, catalog, Selection(end=until, provider=provider))
    found: dict[int, list[tuple[int, Use]]] = {}
    for row in rating.query("audited", "traced").to_pylist():
        found.setdefault(row["part"], []).append((int(row["credits"]), _use(row)))
    return found


def _place(number: int, each: Movement) -> Iterator[dict[str, int]]:
    """Yield where in what was used a part lies: of what was used, or of the charge that is given back."""
    if each.cause is Cause.USED:
        yield {"part": number, "step": each.step, "begins": each.begins, "ends": each.begins + each.amount}
    elif each.refund and each.refund.charge:
        charge = each.refund.charge
        yield {"part": number, "step": charge.step, "begins": charge.offset, "ends": charge.offset + charge.amount}


def _use(row: Mapping[str, object]) -> Use:
    told = {name: whole(value) for name, value in row.items()}
    same = (
        "day", "sku", "is_unknown", "reason", "project", "api_key_id", "tags", "service_tier", "prompt_above",
        "from_us", "requests", "amount",
    )  # fmt: skip
    is_priced = told["is_priced"]
    return Use(
        **{name: told[name] for name in same}, usd_per_unit=told["usd_value"],
        exact=told["exact"] if is_priced else None, owed=told["owed"] if is_priced else None,
        counts={name: told[name] for name in METERS if told[name]},
        rates={name: told[f"{name}_rate"] for name in METERS if told[f"{name}_rate"] is not None},
    )  # fmt: skip


def _shared(each: Movement, uses: Sequence[tuple[int, Use]], lots: Sequence[Lot]) -> Iterator[Posting]:
    """Yield a posting for each of those whose usage it is."""
    lot = None if each.lot is None else lots[each.lot]
    if not uses:
        yield Posting(each.cause, each.at, lot, each.amount, each.cost)
        return
    weights = [weight for weight, _ in uses]
    amounts = weights if each.cause is Cause.USED else shares(each.amount, weights)
    costs: Sequence[int | None] = [None] * len(uses) if each.cost is None else shares(each.cost, weights)
    for (_, use), amount, cost in zip(uses, amounts, costs, strict=True):
        at = each.at if each.cause is not Cause.USED else _day_within(each.at, use.day)
        yield Posting(each.cause, at, lot, amount, cost, use)


def _day_within(at: datetime, day: date) -> datetime:
    """Return the first instant of that day, or that instant if it is later."""
    return max(at, datetime(day.year, day.month, day.day, tzinfo=UTC))
