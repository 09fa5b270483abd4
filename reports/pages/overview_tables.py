"""The tables of the overview: what moved since the month before, and what was found."""

from collections.abc import Sequence
from decimal import Decimal

from billing.audit import Audit, Finding
from billing.months.changes import Effects
from billing.months.statement import SkuStatement, Statement
from pricing.amounts import times
from reports.audit_figures import AuditFigures
from reports.audit_tables import severity_cell, variance_style
from reports.figures import UNKNOWN, dollars, exact, grouped, places_for, rounded, signed, unit_name
from reports.pages.overview_sums import Sums
from reports.pages.statement_figures import SkuKey, StatementFigures, sku_effects
from reports.tables import Cell, Column, Row, Table, amount, number, text

#: Rows of each that the page tells; the rest is on the pages beside it.
MOST_ROWS = 25


def movers(sums: Sums, statement: Statement) -> Table:
    """Return the SKUs whose expected cost changed most since the month before: in dollars where those are known."""
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit"), Column("Before", is_number=True),
        Column("Now", is_number=True), Column("Change", is_number=True), Column("Change, %", is_number=True),
        Column("By price", is_number=True), Column("By volume", is_number=True), Column("By mix", is_number=True),
        Column("New or gone", is_number=True), Column("By rounding", is_number=True),
        Column("Spend per 1,000 requests", is_number=True),
    )  # fmt: skip
    changed, figures = sku_effects(statement), StatementFigures.of(statement)
    values = {(row.provider, row.unit): row.usd_per_unit for row in sums.rows if row.usd_per_unit is not None}
    ranked = sorted(changed, key=lambda key: (-_size(key, changed[key].change, values), str(key)))
    now = {(each.provider, each.sku, each.unit): each for each in statement.skus}
    rows = tuple(_mover(key, changed[key], now.get(key), figures, sums) for key in ranked[:MOST_ROWS])
    empty = (
        f"Nothing with a price was used in {statement.change.before_from:%B %Y}, so there is nothing to compare with."
    )
    has_before = any(effects.before for effects in changed.values())
    return Table(
        "movers",
        "What changed since the month before, the largest change first",
        columns,
        rows if has_before else (),
        empty,
    )


def _size(key: SkuKey, change: Decimal, values: dict[tuple[str | None, str | None], Decimal]) -> Decimal:
    value = values.get((key[0], key[2]))
    return abs(change) if value is None else abs(times(change, value))


def _mover(key: SkuKey, whole: Effects, now: SkuStatement | None, figures: StatementFigures, sums: Sums) -> Row:
    """Return a row with the amounts that the statement's page shows."""
    provider, sku, unit = key
    shown, places = figures.sku_changes[key], figures.places_of((provider, unit))
    share = whole.change * 100 / whole.before if whole.before else None
    per = now.economics.per_1000_requests if now else None
    cells = (
        text(provider), text(sku), text(unit and unit_name(unit)), amount(shown.before, whole.before),
        amount(shown.after, whole.after), amount(shown.change, whole.change, with_sign=True),
        Cell(UNKNOWN, "") if share is None else Cell(signed(rounded(share, 1)), f"{share:f}"),
        *(amount(part, all_, with_sign=True) for part, all_ in zip(_parts(shown), _parts(whole), strict=True)),
        Cell(UNKNOWN, "") if per is None else Cell(grouped(rounded(per, max(places, places_for([per])))), exact(per)),
    )  # fmt: skip
    return Row(cells, {"sku": (str(sums.names[provider, sku]),), "day": ("whole",)})


def _parts(effects: Effects) -> tuple[Decimal, ...]:
    return effects.price, effects.volume, effects.mix, effects.new + effects.gone, effects.rounding


def findings(audit: Audit, figures: AuditFigures, sums: Sums, *, has_page: bool) -> Table:
    """Return the findings, the largest first, each with a link to its requests where their page is beside this one."""
    units = {each.unit for each in audit.findings}
    unit = unit_name(next(iter(units))) if len(units) == 1 else "in unit"
    columns = (
        Column("Finding"), Column("Severity"), Column("What we found", style="sentence"), Column("SKU", style="name"),
        Column("Requests", is_number=True), Column(f"Variance, {unit}", is_number=True),
        *(() if len(units) == 1 else (Column("Unit"),)), Column("Variance, USD", is_number=True),
    )  # fmt: skip
    rows = tuple(
        Row(_finding(audit, each, figures, has_page=has_page, has_unit=len(units) > 1), _under(audit, each, sums))
        for each in audit.findings[:MOST_ROWS]
    )
    empty = "No finding: every checked charge is right." if any(each.checked for each in audit.totals) else (
        "No finding, for nothing could be checked."
    )  # fmt: skip
    return Table("findings", "Findings, the largest first", columns, rows, empty)


def _finding(audit: Audit, each: Finding, figures: AuditFigures, *, has_page: bool, has_unit: bool) -> tuple[Cell, ...]:
    usd = Cell(UNKNOWN, "") if each.usd is None else Cell(dollars(each.usd, with_sign=True), exact(each.usd))
    shown = figures.findings[each.id].variance
    return (
        Cell(each.id, each.id, link=each.id, page="findings") if has_page else text(each.id),
        severity_cell(audit, each), text(each.sentence), text(each.sku), number(each.requests),
        amount(shown, each.variance, with_sign=True, style=variance_style(each.variance)),
        *((text(unit_name(each.unit)),) if has_unit else ()), usd,
    )  # fmt: skip


def _under(audit: Audit, each: Finding, sums: Sums) -> dict[str, Sequence[str]]:
    """Return the filters that a finding is shown under: its SKU's, and those of its days."""
    days = dict.fromkeys(at for day in audit.finding_days if day.finding == each.id and (at := sums.bin(day.day)))
    return {"sku": (str(sums.names[each.provider, each.sku]),), **({"day": tuple(days)} if sums.has_days else {})}
