"""The charts of a statement. Each draws the table below it, row by row: the script takes what the filter has left."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.months.statement import ProviderStatement, Statement
from reports.charts import Chart, figure_json, plain
from reports.figures import grouped, rounded, signed
from reports.pages import statement_shares, statement_tables
from reports.pages.statement_marks import Stated, first_days, in_unit, provider_name
from reports.pages.statement_shares import ScopedTable, Shares
from reports.pages.statement_tables import EFFECTS, STEPS
from reports.tables import Table

_HORIZONTAL: Mapping[str, Any] = {
    "margin": {"l": 8, "r": 16, "t": 8, "b": 32},
    "showlegend": False,
    "xaxis": {"rangemode": "tozero", "fixedrange": True, "zeroline": True, "nticks": 6, "tickformat": ",~r"},
    "yaxis": {"type": "category", "categoryorder": "array", "fixedrange": True, "showticklabels": False,
              "showgrid": False, "zeroline": False},
}  # fmt: skip


def usage_to_spend(stated: Stated, own: ProviderStatement, place: int) -> Chart:
    """Return the steps from what usage costs at the rate card to what was spent."""
    unit, steps = in_unit(own.unit), stated.figures.accounts[own.provider, own.unit]
    told = "; ".join(f"{name} {grouped(getattr(steps, key))}" for key, name in STEPS.items() if getattr(steps, key))
    table = statement_tables.steps(stated, own, place)
    moves = (
        sku_steps for key, sku_steps in stated.figures.skus.items() if (key[0], key[2]) == (own.provider, own.unit)
    )
    is_drawn = any(each.rounding or each.variance or each.unpriced or each.refunded for each in moves)
    none = "The spend is what the rate card says: there is neither rounding nor variance, and nothing was given back."
    return _waterfall(
        f"steps-{place}", "From usage to spend", f"{provider_name(own.provider)}, {unit}",
        f"From usage to spend in {unit}: {told}." if is_drawn else none,
        table, list(STEPS.values()), is_drawn=is_drawn,
    )  # fmt: skip


def what_changed(stated: Stated, own: ProviderStatement, place: int) -> Chart:
    """Return what the change since the month before is made of."""
    account, unit, found = (own.provider, own.unit), in_unit(own.unit), stated.found
    effects, before = stated.figures.account_changes.get(account), _before(found)
    table = statement_tables.changes(stated, account, place)
    is_drawn = effects is not None and bool(effects.before)
    told = "" if effects is None else "; ".join(
        f"{name} {signed(getattr(effects, key))}" for key, name in EFFECTS.items() if getattr(effects, key)
    )  # fmt: skip
    none = f"{provider_name(own.provider)}: no priced usage {before} to compare with."
    names = [before[:1].upper() + before[1:] if each == "Before" else each for each in EFFECTS.values()]
    return _waterfall(
        f"change-{place}", "What changed since the month before",
        f"What priced usage is expected to cost, {provider_name(own.provider)}, {unit}; {before}, and now",
        f"What is expected {before} and now, in {unit}: {told}." if is_drawn else none, table, names, is_drawn=is_drawn,
    )  # fmt: skip


def _before(found: Statement) -> str:
    return f"in {found.change.before_from:%B}" if found.is_complete else first_days(found)


def _waterfall(  # noqa: PLR0913, PLR0917 - the words of a chart
    id_: str, title: str, subtitle: str, description: str, table: Table, names: Sequence[str], *, is_drawn: bool
) -> Chart:
    layout = {**_HORIZONTAL, "meta": {"names": [plain(name) for name in names]}}
    trace = {"type": "waterfall", "orientation": "h", "hoverinfo": "text"}
    figure = figure_json([trace], layout) if is_drawn else None
    return Chart(id_, "steps", table.id, title, subtitle, description, figure, table)


def days(stated: Stated, own: ProviderStatement, place: int) -> tuple[Chart, ScopedTable]:
    """Return the spend of an account by day, unusual days marked."""
    account, unit = (own.provider, own.unit), in_unit(own.unit)
    scoped = statement_shares.daily(stated, account, place)
    found, amounts = stated.found, [each for each in stated.found.days if (each.provider, each.unit) == account]
    odd = sum((each.provider, each.unit) == account for each in found.unusual)
    most = max(amounts, key=lambda each: each.spend, default=None)
    unusual = f"; {odd} of them unusual, marked with a triangle" if odd else ""
    name = provider_name(own.provider)
    described = (
        f"Spend at {name} per day in {unit}, {len(amounts)} days{unusual}. The most was spent on {most.day}: "
        f"{grouped(rounded(most.spend, stated.figures.places_of(account)))}."
        if most is not None and not own.sums.is_unknown
        else "Nothing of known cost was used."
    )
    layout = {
        "margin": {"l": 4, "r": 12, "t": 24, "b": 32},
        "showlegend": False,
        "xaxis": {
            "type": "date",
            "fixedrange": True,
            "tickformat": "%b %-d",
            "showgrid": False,
            "nticks": 9,
            # From noon before the first day to noon of the last: a bar stands on its midnight.
            "range": [f"{each - timedelta(days=1)} 12:00" for each in (found.month, found.end)],
        },
        "yaxis": {"rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 6, "tickformat": ",~r"},
    }
    figure = None if own.sums.is_unknown else figure_json([{"type": "bar", "hoverinfo": "text"}], layout)
    chart = Chart(
        f"days-{place}", "days", scoped.table.id, "Spend by day",
        f"{name}, {unit}; days are UTC" + ("; a triangle marks an unusual day" if odd else ""),
        described, figure, scoped.table,
    )  # fmt: skip
    return chart, scoped


def share(each: Shares, place: int, *, has_dollars: bool) -> Chart:
    """Return the largest names of a dimension, in dollars."""
    rows = [row for row in each.scoped.table.rows if row.cells[-1].exact]
    top = sorted(rows, key=lambda row: -Decimal(row.cells[-1].exact))[:3]
    told = "; ".join(f"{row.cells[0].text} {row.cells[-1].text}" for row in top)
    if not each.has_names:
        nothing = "There is nothing to part the spend by."
    elif not has_dollars:
        nothing = "What a unit is worth in dollars is not known, and different units can't be drawn beside each other."
    else:
        nothing = "" if rows else "Nothing of known cost was used."
    subtitle = each.subtitle if nothing else f"{each.subtitle} Bars are in USD."
    trace = {"type": "bar", "orientation": "h", "hoverinfo": "text"}
    figure, table = None if nothing else figure_json([trace], _HORIZONTAL), each.scoped.table
    described = nothing or f"{each.title} in USD, the largest first: {told}."
    return Chart(f"share-{place}", "shares", table.id, each.title, subtitle, described, figure, table)


def budgets(stated: Stated) -> Chart:
    """Return how much of each budget is used, and what it will come to."""
    found = stated.found
    table = statement_tables.budgets(stated)
    told = "; ".join(f"{row.cells[0].text} {row.cells[5].text} %, {row.cells[2].text}" for row in table.rows)
    layout = {
        **_HORIZONTAL,
        "meta": {"is_complete": found.is_complete},
        "xaxis": {**_HORIZONTAL["xaxis"], "ticksuffix": "%"},
    }
    traces = [
        {"type": "bar", "orientation": "h", "hoverinfo": "text"},
        {"type": "scatter", "mode": "markers", "hoverinfo": "text"},
    ]
    subtitle = "Share that is used, %" + (
        "" if found.is_complete else "; the dot is the forecast, its line the 80 % band"
    )
    return Chart(
        "budgets-chart", "budgets", table.id, "Budgets", subtitle,
        f"Used share of each budget: {told}." if table.rows else table.empty,
        figure_json(traces, layout) if table.rows else None, table,
    )  # fmt: skip
