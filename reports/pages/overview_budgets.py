"""The budgets of the overview: the one that matters most, and a table of all."""

from decimal import Decimal

from billing.months.budget_lines import BudgetLine, Outlook
from billing.months.statement import Statement
from pricing.amounts import times
from reports.figures import UNKNOWN, exact, grouped, places_for, rounded, unit_name
from reports.pages.overview_sums import Currency, Sums
from reports.tables import Cell, Column, Row, Table, amount, text

_STATUS = {
    "over": ("▲ Over", "over"), "forecast_over": ("◆ Forecast to be over", "over"), "within": ("● Within", ""),
}  # fmt: skip

#: What is hidden under any filter: it is of the whole.
WHOLE = {"any": ("whole",)}


def tightest(statement: Statement) -> BudgetLine | None:
    """Return the budget that the overview tells first: of those for everything, else of all, the most used one."""
    lines = [line for line in statement.budgets if _is_whole(line, statement)] or list(statement.budgets)
    return max(lines, key=lambda line: line.used_share, default=None)


def scope_of(line: BudgetLine) -> str:
    """Say what a budget is for."""
    parts = [
        f"{noun} {name}"
        for noun, name in (("project", line.project), ("key", line.api_key_id), ("provider", line.provider))
        if name
    ]
    return ", ".join(parts) or f"{line.month:%B %Y}"


def budget_in(currency: Currency, sums: Sums, statement: Statement | None) -> Decimal | None:
    """Return the budget for everything in that currency, if there is one and the value of its unit never changed."""
    line = tightest(statement) if statement else None
    if statement is None or line is None or not _is_whole(line, statement):
        return None
    if (line.unit, line.provider) == (currency.unit, currency.provider) or line.unit == currency.unit == "USD":
        return line.amount
    values = {row.usd_per_unit for row in sums.rows if (row.provider, row.unit) == (line.provider, line.unit)}
    (value,) = values if len(values) == 1 else (None,)
    return times(line.amount, value) if currency.provider is None and value is not None else None


def outlook_in(currency: Currency, statement: Statement | None) -> Outlook | None:
    """Return what the month will come to in that currency; None of a month that is over, or of none."""
    if statement is None or statement.is_complete:
        return None
    for each in statement.outlooks:
        is_it = (
            each.unit == "USD"
            if currency.provider is None
            else (each.provider, each.unit) == (currency.provider, currency.unit)
        )
        if is_it and each.forecast is not None:
            return each
    return None


def budget_table(statement: Statement) -> Table:
    """Return all budgets of the month, in their order."""
    columns = (
        Column("Budget", style="name"), Column("For", style="name"), Column("Unit"), Column("Amount", is_number=True),
        Column("Used", is_number=True), Column("Used, %", is_number=True),
        Column("Forecast for the end of the month", is_number=True), Column("At least", is_number=True),
        Column("At most", is_number=True), Column("State"),
    )  # fmt: skip
    rows = tuple(Row(_cells(line), WHOLE) for line in statement.budgets)
    return Table("budgets", "Budgets of the month", columns, rows, "No budget is set for this month.")


def _cells(line: BudgetLine) -> tuple[Cell, ...]:
    amounts = (line.amount, line.used, line.forecast, line.forecast_low, line.forecast_high)
    places = min(places_for([each for each in amounts if each]), 4)
    told, used, *ahead = (
        Cell(UNKNOWN, "") if each is None else amount(rounded(each, places), each) for each in amounts
    )
    share = line.used_share * 100
    status, style = _STATUS[line.status]
    return (
        text(line.name), text(scope_of(line)), text(unit_name(line.unit)), told, used,
        Cell(grouped(rounded(share, 1)), exact(share)), *ahead, Cell(status, line.status, style),
    )  # fmt: skip


def _is_whole(line: BudgetLine, statement: Statement) -> bool:
    """Whether a budget is for all that is spent."""
    if line.project is not None or line.api_key_id is not None:
        return False
    spending = {each.provider for each in statement.providers if each.sums.spend}
    return line.provider is None or spending <= {line.provider}
