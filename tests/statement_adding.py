"""What holds of a statement whatever it says: its breakdowns add up exactly, and every table of its page as shown."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

from billing.audit import Audit
from billing.months.statement import ProviderStatement, Statement
from pricing.amounts import total
from reports.audit_figures import AuditFigures
from reports.figures import MINUS, UNKNOWN, rounded
from reports.pages import overview_tables, statement_lines, statement_shares, statement_tables
from reports.pages.overview_sums import Sums
from reports.pages.statement_marks import Stated, accounts
from reports.tables import Cell

_ZERO = Decimal(0)


def check_adds_up(found: Statement) -> None:
    """Check every table of sums, of everything and of each SKU alone."""
    with localcontext(prec=80):
        stated = Stated.of(found)
        for place, own in enumerate(accounts(found)):
            _check_sheet(stated, own, place)
            _check_steps(stated, own, place)
            _check_change(stated, own, place)
            _check_days(stated, own, place)
        for shares in statement_shares.shares(stated):
            _check_shares(stated, shares.scoped)
        _check_caching(stated)


def check_pages_agree(audit: Audit, found: Statement) -> None:
    """Check that an amount that several pages tell is shown alike, wherever it is shown as finely."""
    with localcontext(prec=80):
        shown, stated, sums = AuditFigures.of(audit), Stated.of(found), Sums.of(audit, found)
        for key, steps in stated.figures.skus.items():
            provider, _, unit = key
            if unit is None or shown.places[unit] != stated.figures.places_of((provider, unit)):
                continue
            assert shown.skus[key].variance == steps.variance
            assert shown.skus[key].expected + shown.unreported[key] == steps.expected
            assert shown.unchecked[key] == steps.unpriced
        for currency in sums.currencies:
            spent = rounded(sums.spend(currency), currency.places)
            if currency.provider is None:
                assert spent == sum(numbers(stated.figures.usd_accounts.values()))
            else:
                assert spent == stated.figures.accounts[currency.provider or None, currency.unit].spend
        for row in overview_tables.movers(sums, found).rows:
            assert tuple(value(row.cells[at]) for at in (3, 4, 7, 8, 9, 10, 11)) in {
                (each.before, each.after, each.price, each.volume, each.mix, each.new + each.gone, each.rounding)
                for (_, sku, _), each in stated.figures.sku_changes.items()
                if sku == row.cells[1].text
            }


def _check_sheet(stated: Stated, own: ProviderStatement, place: int) -> None:
    """Lines add up to the amount at the rate card, and running down the sums each is the one before and its step."""
    sheet = statement_lines.sheet(stated, own, place)
    spends: list[Decimal] = []
    for group in sheet.groups:
        sums = {row.cells[1].text: value(row.cells[-1]) for row in group.sums}
        if any(name.endswith("unknown") for name in sums):
            continue
        running, is_whole = shown_total(row.cells[-1] for row in group.lines), group.name.startswith("All of ")
        for name, amount in sums.items():
            assert amount is not None
            if name == "At the rate card" and not group.lines:  # of an account, or of SKUs that are summed up
                running = amount
            elif name in {"At the rate card", "Expected", "Spend"}:
                assert amount == running, (group.name, name)
            else:
                running += amount
        if is_whole:
            assert sums["Spend"] == sum(spends)
        else:
            spends.append(running)


def _check_steps(stated: Stated, own: ProviderStatement, place: int) -> None:
    account = (own.provider, own.unit)
    *rows, whole = statement_tables.steps(stated, own, place).rows
    for row in (*rows, whole):
        parts = [value(cell) for cell in row.cells[2:]]
        if None in parts:
            continue
        exact, rounding, expected, variance, unpriced, refunded, spend = numbers(parts)
        assert exact + rounding == expected
        assert expected + variance + unpriced + refunded == spend
    columns = range(1, len(whole.cells))
    if value(whole.cells[-1]) is not None:
        assert [shown_total(row.cells[at] for row in rows) for at in columns] == [
            value(whole.cells[at]) for at in columns
        ]
        assert value(whole.cells[-1]) == rounded(own.sums.spend, stated.figures.places_of(account))
    step = Decimal(1).scaleb(-stated.figures.places_of(account))
    for row in rows:
        shown = value(row.cells[-1])
        assert shown is None or abs(shown - Decimal(row.cells[-1].exact)) < 2 * step


def _check_change(stated: Stated, own: ProviderStatement, place: int) -> None:
    """Before and all effects make up what is now; kinds make up their SKU, SKUs the account, as expected of it."""
    account = (own.provider, own.unit)
    rows = statement_tables.changes(stated, account, place).rows
    for row in rows:
        before, *effects, now = numbers(value(cell) for cell in row.cells[2:])
        assert before + sum(effects) == now
    if not rows:
        return
    *parts, whole = rows
    sums = [row for row in parts if row.cells[1].text == "All kinds"]
    kinds = [row for row in parts if row.cells[1].text != "All kinds"]
    for at in range(2, len(whole.cells)):
        assert shown_total(row.cells[at] for row in sums) == value(whole.cells[at])
        for each in sums:
            own_kinds = [row for row in kinds if row.cells[0] == each.cells[0]]
            assert not own_kinds or shown_total(row.cells[at] for row in own_kinds) == value(each.cells[at])
    assert value(whole.cells[-1]) == stated.figures.accounts[account].expected


def _check_days(stated: Stated, own: ProviderStatement, place: int) -> None:
    account = (own.provider, own.unit)
    scoped = statement_shares.daily(stated, account, place)
    assert shown_total(row.cells[2] for row in scoped.table.rows) == stated.figures.accounts[account].spend
    assert shown_total(row.cells[1] for row in scoped.table.rows) == own.sums.requests
    for sku in stated.skus(account):
        days = scoped.skus[str(stated.marks.skus[sku.provider, sku.sku])]
        shown = stated.figures.skus[sku.provider, sku.sku, sku.unit].spend
        assert _scoped_sum(days.values(), 1) == shown
        assert sum(cells[0] for cells in days.values()) == sku.sums.requests


def _check_shares(stated: Stated, scoped: statement_shares.ScopedTable) -> None:
    """Names add up to their account, and under a SKU to its spend; what is allocated is taken from somewhere."""
    rows, is_spread = scoped.table.rows, len(scoped.cells) == 5
    of: dict[tuple[Any, str], list[int]] = {}
    for nth, row in enumerate(rows):
        of.setdefault((row.under["provider"], row.cells[-2].text), []).append(nth)
    for own, places in zip(accounts(stated.found), of.values(), strict=True):
        account, told = (own.provider, own.unit), [rows[nth] for nth in places]
        spend = stated.figures.accounts[account].spend
        assert shown_total(row.cells[3] for row in told) == spend
        if is_spread:
            assert shown_total(row.cells[4] for row in told) == 0
            assert shown_total(row.cells[5] for row in told) == spend
            for row in told:
                parts = [value(row.cells[at]) for at in (3, 4, 5)]
                assert None in parts or _added(parts[:2]) == parts[2]
        usd = stated.figures.usd_accounts[account]
        if usd is not None and all(row.cells[-1].exact for row in told):
            assert shown_total(row.cells[-1] for row in told) == usd
        for sku in stated.skus(account):
            own_rows = scoped.skus[str(stated.marks.skus[sku.provider, sku.sku])]
            cells = [own_rows[nth] for nth in places if nth in own_rows]
            assert _scoped_sum(cells, 1) == stated.figures.skus[sku.provider, sku.sku, sku.unit].spend
            assert sum(each[0] for each in cells) == sku.sums.requests


def _check_caching(stated: Stated) -> None:
    rows = statement_tables.economics(stated).rows
    for row in rows:
        parts = [value(cell) for cell in row.cells[-3:]]
        assert None in parts or numbers(parts)[0] - numbers(parts)[1] == parts[2]
    whole = [row for row in rows if row.cells[1].text == "All SKUs"]
    for each in whole:
        own = [
            row for row in rows if row.cells[0] == each.cells[0] and row.cells[2] == each.cells[2] and row not in whole
        ]
        for at in range(-3, 0):
            assert value(each.cells[at]) in {None, shown_total(row.cells[at] for row in own)}


def check_breakdowns(found: Statement, allocation: str) -> None:
    """Check that every breakdown adds up to the spend, exactly, and each of its rows to what its SKUs say."""
    for breakdown in found.breakdowns:
        for provider in found.providers:
            rows = [r for r in breakdown.rows if (r.provider, r.unit) == (provider.provider, provider.unit)]
            assert total(row.spend for row in rows) == total(row.total for row in rows) == provider.sums.spend
            assert sum(row.requests for row in rows) == provider.sums.requests
            assert total(row.allocated for row in rows) == 0
            assert all(row.total == total([row.spend, row.allocated]) for row in rows)
            if None not in [row.usd for row in rows]:
                assert total(row.usd or Decimal(0) for row in rows) == provider.sums.usd
            for row in rows:
                own = [each for each in breakdown.skus if (each.provider, each.unit, each.name, each.names)
                       == (row.provider, row.unit, row.name, row.names)]  # fmt: skip
                assert total(each.spend for each in own) == row.spend
                assert sum(each.requests for each in own) == row.requests
            rest = [row for row in rows if not row.names]
            if allocation == "proportional" and any(row.spend > 0 for row in rows if row.name):
                assert all(row.total == 0 for row in rest)


def check_sku_shares(found: Statement) -> None:
    """Check that what names spent on a SKU is the SKU's spend, exactly."""
    for breakdown in found.breakdowns:
        for sku in found.skus:
            own = [r for r in breakdown.skus if (r.provider, r.sku, r.unit) == (sku.provider, sku.sku, sku.unit)]
            assert total(row.spend for row in own) == sku.sums.spend
            assert sum(row.requests for row in own) == sku.sums.requests
            usd = [row.usd for row in own]
            assert None in usd or total(each or Decimal(0) for each in usd) == sku.sums.usd


def value(cell: Cell) -> Decimal | None:
    """Return the number that a cell shows; None where it is unknown."""
    return None if cell.text == UNKNOWN else Decimal(cell.text.replace(",", "").replace(MINUS, "-").lstrip("$"))


def shown_total(cells: Iterable[Cell]) -> Decimal:
    """Add up what cells show; what is unknown is in no sum."""
    return _added([value(cell) for cell in cells])


def numbers(parts: Iterable[Decimal | None]) -> list[Decimal]:
    """Return numbers of which none is unknown."""
    known = list(parts)
    assert None not in known
    return [part for part in known if part is not None]


def _added(parts: Iterable[Decimal | None]) -> Decimal:
    return sum((part for part in parts if part is not None), _ZERO)


def _scoped_sum(rows: Iterable[list[Any]], at: int) -> Decimal:
    return _added(None if cells[at] is None else Decimal(cells[at][0]) for cells in rows)
