"""The tiles of the overview: billed, expected, variance, spend, budget and what 1,000 requests cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from billing.audit import Audit, SkuDay, UnitTotals
from billing.months.statement import Spend, Statement
from pricing.amounts import times, total
from reports.audit_answer import ordered
from reports.audit_figures import AuditFigures
from reports.figures import (
    count,
    dollars,
    exact,
    exactly,
    grouped,
    money,
    percent,
    places_for,
    rounded,
    signed,
    unit_name,
)
from reports.pages.overview_budgets import scope_of, tightest
from reports.pages.overview_sums import Currency, Sums

_SHARE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its name and what belongs to it."""

    key: str
    """What the page's script knows it by."""
    of: str
    """The unit, or the id of the currency, that it is of."""
    name: str
    unit: str
    """What the heading says that it is counted in."""
    figure: str
    exact: str
    notes: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Tiles that stand in one row."""

    name: str
    tiles: tuple[Tile, ...]


def groups(audit: Audit, figures: AuditFigures, sums: Sums, statement: Statement | None) -> tuple[Group, ...]:
    """Return the tiles of every unit in which something was charged, then those of all spend."""
    billed = [each for each in ordered(audit) if each.checked or each.charged_unchecked]
    first = [
        Group(
            f"Charged against the rate card, {unit_name(each.unit)}",
            tuple(_charges(audit, each, figures, sums, statement)),
        )
        for each in billed
    ]
    rest = [
        Group(
            f"Spend, {each.name}",
            (*_spend(each, sums, statement), *_budget(each, sums, statement), _cost(each, sums, statement)),
        )
        for each in sums.currencies
    ]
    return (*first, *rest)


def compared_with(statement: Statement) -> str:
    """Say what the month is held against: the month before, or as many of its days."""
    change = statement.change
    name = f"{change.before_from:%B}"
    if statement.is_complete:
        return name
    last = change.before_to - timedelta(days=1)
    return f"{name} {change.before_from.day} to {last.day}" if last > change.before_from else f"{name} 1"


def change_note(now: Decimal | None, before: Decimal | None, statement: Statement | None) -> tuple[str, ...]:
    """Say by how much an amount is more than in the month before; nothing if there was none."""
    if statement is None or now is None or not before or before < 0:
        return ()
    share = percent(now - before, before, 1)
    return (f"{share} against {compared_with(statement)}",) if now != before else (f"as in {compared_with(statement)}",)


def _charges(
    audit: Audit, found: UnitTotals, figures: AuditFigures, sums: Sums, statement: Statement | None
) -> Iterator[Tile]:
    unit, shown = found.unit, figures.totals[found.unit]
    rows = [row for row in sums.rows if row.unit == unit]
    before = [each.sums for each in statement.before if each.unit == unit] if statement else []
    unchecked, owed = figures.unchecked_in(unit), figures.unreported_in(unit)
    name = unit_name(unit)
    billed = found.charged + found.charged_unchecked
    parts = f"{_figure(shown.charged, unit)} checked + {_figure(unchecked, unit)} not checkable"
    notes = (parts,) if unchecked else (f"in {count(found.checked, 'checked request')}",)
    more = change_note(billed, _before(before, "charged"), statement)
    yield Tile("billed", unit, "Billed", name, _figure(shown.charged + unchecked, unit), exact(billed),
               (*_worth(rows, unit, lambda row: row.charged + row.charged_unchecked), *notes, *more))  # fmt: skip
    if not found.checked:
        return
    unreported = (f"+ {_figure(owed, unit)} for what reports no charge",) if owed else ()
    yield Tile("expected", unit, "Expected", name, _figure(shown.expected, unit), exact(found.expected),
               (*_worth(rows, unit, lambda row: row.expected), "by the rate card in force", *unreported))  # fmt: skip
    wrong = sum(row.wrong for row in rows)
    share = percent(shown.variance, shown.expected)
    first = f"{share} of expected" if share and shown.variance else ""
    usd = found.usd if unit != "USD" and found.usd else None
    worth = (dollars(usd, with_sign=True),) if usd is not None else ()
    tolerance = f"{count(wrong, 'request')} beyond the tolerance of {money(audit.tolerance, unit)}"
    yield Tile("variance", unit, "Variance", name, _figure(shown.variance, unit, with_sign=True), exact(found.variance),
               tuple(filter(None, (*worth, first, tolerance))), _tone(shown.variance) if wrong else "")  # fmt: skip


def _spend(currency: Currency, sums: Sums, statement: Statement | None) -> Iterator[Tile]:
    spent = sums.spend(currency)
    shown = rounded(spent, currency.places)
    others = {
        "expected of what reports no charge": total(currency.of(row, row.expected_unreported) for row in sums.rows),
        "refunded": -total(currency.of(row, row.refunded) for row in sums.rows),
    }
    billed = total(currency.of(row, row.charged + row.charged_unchecked) for row in sums.rows)
    # What was refunded of charges that can't be checked is known by the spend alone.
    others["refunded"] += spent - billed - sum(others.values())
    told = {"billed": _billed(currency, sums)}
    told |= _remainder(others, shown - told["billed"], currency.places)
    notes = [f"{currency.money(part)} {what}" for what, part in told.items() if part]
    before = _before_spend(statement, currency)
    yield Tile("spend", currency.id, "Spend", currency.name, _figure(shown, currency.unit), exact(spent),
               (*(notes if len(notes) > 1 else ()), *change_note(spent, before, statement)))  # fmt: skip


def _billed(currency: Currency, sums: Sums) -> Decimal:
    """Return what was billed as the tiles of the units show it, so that the page says one figure."""
    tiles: dict[object, list[Decimal]] = {}
    for row in sums.rows:
        if currency.holds(row):
            # A tile in this very unit adds up its providers, each rounded; one in another unit is worth so much in one.
            account = (row.provider if row.unit == currency.unit else None, row.unit)
            tiles.setdefault(account, []).append(currency.of(row, row.charged + row.charged_unchecked))
    return sum((rounded(total(parts), currency.places) for parts in tiles.values()), Decimal(0))


def _remainder(parts: dict[str, Decimal], left: Decimal, places: int) -> dict[str, Decimal]:
    """Round parts; the largest takes what is left of a total that is rounded already, so that all add up to it."""
    shown = {name: rounded(part, places) for name, part in parts.items()}
    largest = max(parts, key=lambda name: abs(parts[name]))
    if parts[largest]:
        shown[largest] += left - sum(shown.values())
    return shown


def _budget(currency: Currency, sums: Sums, statement: Statement | None) -> Iterator[Tile]:
    if currency is not sums.currencies[0]:
        return
    if statement is None:
        yield Tile("budget", currency.id, "Budget used", "", "\N{EM DASH}", "",
                   ("a budget is for one month: choose it with --month",))  # fmt: skip
        return
    line = tightest(statement)
    if line is None:
        yield Tile("budget", currency.id, "Budget used", "", "none set", "",
                   ("add [[budgets]] to tallystick.toml",))  # fmt: skip
        return
    share = f"{grouped(rounded(line.used_share * _SHARE, 1))}\N{NO-BREAK SPACE}%"
    others = len(statement.budgets) - 1
    more = (f"and {count(others, 'other budget')}, see below",) if others else ()
    yield Tile("budget", currency.id, "Budget used", "", share, exact(line.used_share),
               (f"of {exactly(line.amount, line.unit)} for {scope_of(line)}", _STATUS[line.status], *more),
               "over" if line.status != "within" else "")  # fmt: skip


_STATUS = {"over": "▲ over the budget", "forecast_over": "▲ forecast to be over it", "within": "within the budget"}


def _cost(currency: Currency, sums: Sums, statement: Statement | None) -> Tile:
    """Return what 1,000 requests cost, over those that did not fail and whose cost is known."""
    cost = total(currency.of(row, row.cost) for row in sums.rows)
    known = sum(row.used - row.unknown for row in sums.rows if currency.holds(row))
    per = cost * 1000 / known if known else None
    before = _before_cost(statement, currency)
    places = 2 if per is None else places_for([per])
    figure = "\N{EM DASH}" if per is None else _figure(rounded(per, places), currency.unit)
    left = total(currency.of(row, row.spend) for row in sums.rows) - cost
    notes = (f"over {count(known, 'answered request')} of known cost", *_not_answered(left, currency.unit),
             *change_note(per, before, statement))  # fmt: skip
    return Tile(
        "cost", currency.id, "Cost per 1,000 requests", currency.name, figure, "" if per is None else f"{per:f}", notes
    )


def _not_answered(left: Decimal, unit: str) -> tuple[str, ...]:
    """Say what of the spend is not in the cost per request, for without it the spend does not divide out."""
    if not left:
        return ()
    return (f"failed or repeated ones, {_figure(rounded(left, places_for([left])), unit)}, left out",)


def _worth(rows: Sequence[SkuDay], unit: str, amount: Callable[[SkuDay], Decimal]) -> tuple[str, ...]:
    """Say what amounts of a unit are in dollars, where that is known for all of them."""
    told = [row for row in rows if amount(row)]
    if unit == "USD" or not told or any(row.usd_per_unit is None for row in told):
        return ()
    return (f"= {dollars(total(times(amount(row), row.usd_per_unit or Decimal(0)) for row in told))}",)


def _before(sums: Sequence[Spend], field: str) -> Decimal | None:
    return total(getattr(each, field) for each in sums) if sums else None


def _before_spend(statement: Statement | None, currency: Currency) -> Decimal | None:
    if statement is None:
        return None
    told = [each for each in statement.before if currency.provider in (None, each.provider)]
    if currency.provider is not None:
        return total(each.sums.spend for each in told if each.unit == currency.unit)
    known = [each.sums.usd for each in told if each.sums.usd is not None]
    return total(known) if known and len(known) == len(told) else None


def _before_cost(statement: Statement | None, currency: Currency) -> Decimal | None:
    if statement is None:
        return None
    account = (currency.provider, currency.unit)
    told = [
        each.economics for each in statement.before
        if currency.provider is None or (each.provider, each.unit) == account
    ]  # fmt: skip
    costs = [each.usd if currency.provider is None else each.spend for each in told]
    requests = sum(each.requests for each in told)
    known = [each for each in costs if each is not None]
    return total(known) * 1000 / requests if requests and len(known) == len(costs) else None


def _tone(variance: Decimal) -> str:
    return "over" if variance > 0 else "under" if variance < 0 else ""


def _figure(amount: Decimal, unit: str, *, with_sign: bool = False) -> str:
    """Return the number of a tile; the unit stands in the heading, but dollars carry their sign."""
    if unit == "USD":
        return money(amount, unit, with_sign=with_sign)
    return signed(amount) if with_sign else grouped(amount)
