"""The monthly statement, computed from the ledger: every table of it is a sum over one rated table."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from billing.accounting.grants import Policy
from billing.accounting.own_prices import own_prices, usual_policy
from billing.cube import order_of
from billing.engine import Engine
from billing.errors import BadMomentError, EmptyLedgerError
from billing.months.breakdowns import Allocation, breakdowns
from billing.months.budgets import Budget, budget_lines, outlooks
from billing.months.list_prices import list_prices
from billing.months.spending import Row, Spending, as_decimal, lay_spending, sums
from billing.months.statement import Day, LeftOut, Statement
from billing.months.statement_sums import month_change, provider_statements, sku_statements, unpriced_usage
from billing.months.unusual_days import Odd, UnusualDay, driver, odd_days
from billing.queries import chain
from billing.rating import Rating, Selection, held_months, lay_rates
from pricing.amounts import from_pico
from pricing.catalog import Catalog

#: Names of a project, key or tag that a statement tells one by one; the rest is a row.
_MOST_NAMES = 200
#: Tags that a statement has a table of: those that most requests have.
_MOST_TAGS = 20
#: The calendar months before the month: what forecasts and unusual days are held against.
_HISTORY_MONTHS = 3
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a statement is asked for. `month` is any day of it; None is the month of the last request.

    `as_of` ends the month before its time; None is its end, or the last request where nothing later is in the ledger.
    `effective` is dollars that one of a provider's units cost the user, where the ledger's own top-ups do not say it.
    `policy_of` is the order in which a provider's lots are burnt down.
    """

    month: date | None = None
    provider: str | None = None
    as_of: datetime | None = None
    allocation: Allocation = "none"
    budgets: tuple[Budget, ...] = ()
    now: datetime | None = None
    """The clock, so that a month that has ended is known to be over; None asks the ledger alone."""
    effective: Mapping[str, Decimal] = field(default_factory=dict)
    policy_of: Callable[[str], Policy] = usual_policy
    with_list_prices: bool = True
    """Whether to rate it all at the makers' list prices too, which costs about as much as the rest."""


def monthly_statement(ledger: Engine, catalog: Catalog, asked: Asked) -> Statement:
    """Compute the statement of a month.

    Raise EmptyLedgerError if no month is named and no request tells its time, BadMomentError if it is to be stated as
    of a time before it.
    """
    month, end = _bounds(_month(ledger, asked))
    as_of, is_complete = _as_of(ledger, asked, month, end)
    effective = own_prices(ledger, catalog, _midnight(month), as_of, asked.policy_of) | dict(asked.effective)
    own = Selection(_midnight(month), as_of, asked.provider)
    listed = list_prices(ledger, catalog, own) if asked.with_list_prices else ()
    since = _midnight(_months_before(month, _HISTORY_MONTHS))
    rating = lay_rates(ledger, catalog, Selection(since, as_of, asked.provider))
    spending = lay_spending(rating)
    before = _before(month, end, as_of, is_complete=is_complete)
    rows = spending.lines(month, end, before)
    current = [row for row in rows if row["is_current"]]
    days = _days(spending, month, ("provider", "unit"))
    return Statement(
        month=month, end=end, as_of=as_of, is_complete=is_complete, provider=asked.provider,
        catalog_version=catalog.version, catalog_digest=catalog.digest, input_digest=_input_digest(ledger),
        providers=provider_statements(current, effective),
        before=provider_statements((row for row in rows if not row["is_current"]), {}),
        skus=sku_statements(current, effective),
        list_prices=listed,
        unpriced=unpriced_usage(current),
        breakdowns=breakdowns(spending.shares(month, end, _MOST_NAMES, _MOST_TAGS), current, asked.allocation),
        days=days,
        sku_days=_days(spending, month, ("provider", "sku", "unit")),
        change=month_change(rows, *before),
        outlooks=outlooks(spending, {(row["provider"], row["unit"]) for row in current}, month, end, as_of),
        budgets=budget_lines(spending, asked.budgets, month, end, as_of),
        unusual=_unusual(spending, month, as_of),
        left_out=_left_out(rating, month),
        effective_prices=effective,
        last_at=_logs_end(ledger, asked.provider, end, days) if is_complete else None,
        held=() if current else held_months(ledger, asked.provider),
    )  # fmt: skip


def _days(spending: Spending, month: date, by: tuple[str, ...]) -> tuple[Day, ...]:
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in spending.days():
        if row["day"] >= month:
            groups[row["day"], *(row[name] for name in by)].append(row)
    return tuple(
        _day(groups[key], has_sku="sku" in by) for key in sorted(groups, key=lambda key: (key[0], *order_of(*key[1:])))
    )  # fmt: skip


def _day(rows: Sequence[Row], *, has_sku: bool) -> Day:
    first, (requests, unknown, spent, usd) = rows[0], sums(rows)
    expected, charged = (sum(row[name] or 0 for row in rows) for name in ("expected", "charged"))
    return Day(
        first["day"], first["provider"], first["sku"] if has_sku else None, first["unit"], requests, unknown,
        from_pico(expected), from_pico(charged), from_pico(spent), as_decimal(usd),
    )  # fmt: skip


def _unusual(spending: Spending, month: date, as_of: datetime) -> tuple[UnusualDay, ...]:
    """Return the unusual days of the month. A day that is not over can be unusually dear, but not cheap."""
    by_account: dict[tuple[str | None, str | None], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in spending.days():
        by_account[row["provider"], row["unit"]][row["day"]] += row["spend"]
    found = []
    for (provider, unit), amounts in sorted(by_account.items(), key=lambda each: order_of(*each[0])):
        whole = _without_gaps(amounts, as_of)
        odd = [each for each in odd_days(whole) if each.day >= month]
        is_over = {each.day: _midnight(each.day + _DAY) <= as_of for each in odd}
        chosen = [each for each in odd if is_over[each.day] or each.score > 0]
        parts = _parts(spending, provider, unit, {day for each in chosen for day in each.peers})
        found += [_unusual_day(provider, unit, each, parts) for each in chosen]
    return tuple(sorted(found, key=lambda each: (each.day, *order_of(each.provider, each.unit))))


def _without_gaps(amounts: Mapping[date, int], as_of: datetime) -> dict[date, int]:
    first, last = min(amounts), min(max(amounts), as_of.date())
    return {day: amounts.get(day, 0) for day in (first + n * _DAY for n in range((last - first).days + 1))}


def _parts(
    spending: Spending, provider: str | None, unit: str | None, days: set[date]
) -> dict[tuple[str | None, str | None], dict[date, int]]:
    parts: dict[tuple[str | None, str | None], dict[date, int]] = defaultdict(dict)
    for row in spending.drivers(provider, unit, days) if days else ():
        parts[row["sku"], row["project"]][row["day"]] = row["spend"]
    return parts


def _unusual_day(
    provider: str | None,
    unit: str | None,
    odd: Odd,
    parts: Mapping[tuple[str | None, str | None], Mapping[date, int]],
) -> UnusualDay:
    (sku, project), away = driver(odd, parts)
    return UnusualDay(
        odd.day, provider, unit, from_pico(odd.amount), from_pico(odd.usual), odd.score, sku, project, from_pico(away)
    )


def _left_out(rating: Rating, month: date) -> LeftOut:
    ledger, chosen = rating.ledger, rating.selection
    here = {"from_at": _midnight(month), "to_at": chosen.end}
    conflicts = chain("selected", taking={"usage_records": "conflicts"})
    ((taken,),) = ledger.rows(f"SELECT COUNT(*) FROM ({conflicts})", chosen.parameters() | here)  # noqa: S608 - ours
    ((rejects,),) = ledger.rows("SELECT COUNT(*) FROM rejects")
    ((untimed,),) = ledger.rows(
        "SELECT COUNT(*) FROM usage_records WHERE used_at IS NULL AND status NOT IN ('summary', 'refund') "
        "AND ($provider IS NULL OR provider = $provider)",
        {"provider": chosen.provider},
    )
    refunds: dict[str, int] = defaultdict(int)
    for each in rating.unclaimed:
        if each.used_at is not None and _midnight(month) <= each.used_at < (chosen.end or each.used_at):
            refunds[each.unit] += each.amount
    return LeftOut(untimed, taken, rejects, {unit: from_pico(amount) for unit, amount in sorted(refunds.items())})


def _input_digest(ledger: Engine) -> str:
    files = ledger.rows("SELECT DISTINCT digest FROM files ORDER BY digest")
    return hashlib.sha256("\n".join(digest for (digest,) in files).encode()).hexdigest()


def _month(ledger: Engine, asked: Asked) -> date:
    if asked.month is not None:
        return asked.month
    last = _last_request(ledger, asked.provider)
    if last is None:
        whose = "" if asked.provider is None else f" of {asked.provider!r}"
        told = f"no request{whose} tells its time, so there is no month to state"
        raise EmptyLedgerError(f"{ledger.path}: {told}; `tallystick import PATH` reads your logs")
    return last.date()


def _last_request(ledger: Engine, provider: str | None) -> datetime | None:
    query = "SELECT MAX(used_at) FROM usage_records WHERE $provider IS NULL OR provider = $provider"
    ((last,),) = ledger.rows(query, {"provider": provider})
    return last if isinstance(last, datetime) else None


def _logs_end(ledger: Engine, provider: str | None, end: date, days: Sequence[Day]) -> datetime | None:
    """Return the last request of all, where it is of an earlier day than the last of the month."""
    if days and days[-1].day == end - _DAY:
        return None
    last = _last_request(ledger, provider)
    return last if last is not None and last < _midnight(end - _DAY) else None


def _as_of(ledger: Engine, asked: Asked, month: date, end: date) -> tuple[datetime, bool]:
    """Return until when the month is known, and whether that is all of it: something later is in the ledger."""
    if asked.as_of is not None:
        if asked.as_of < _midnight(month):
            raise BadMomentError(f"{month:%Y-%m} can't be stated as of {asked.as_of:%Y-%m-%d}, before it began")
        return min(asked.as_of, _midnight(end)), asked.as_of >= _midnight(end)
    last = _last_request(ledger, None)
    is_past = asked.now is not None and asked.now >= _midnight(end)
    if last is None or is_past or last >= _midnight(end):
        return _midnight(end), True
    return max(last + timedelta(microseconds=1), _midnight(month)), False


def _bounds(any_day: date) -> tuple[date, date]:
    month = any_day.replace(day=1)
    return month, (month + 31 * _DAY).replace(day=1)


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _before(month: date, end: date, as_of: datetime, *, is_complete: bool) -> tuple[date, date]:
    """Return the month before; of a month that is not over, as many of its first days as this one has had."""
    start = _months_before(month, 1)
    days = (min((as_of - timedelta(microseconds=1)).date() + _DAY, end) - month).days
    return start, month if is_complete else min(start + max(days, 0) * _DAY, month)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
