"""The spend of the overview: so far beside budget and forecast, and by day and SKU."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from billing.months.budget_lines import Outlook
from billing.months.statement import Statement
from pricing.amounts import total
from reports.charts import Chart, figure_json, plain
from reports.figures import UNKNOWN, in_running_sums, places_for, rounded
from reports.pages.overview_budgets import WHOLE, budget_in, outlook_in
from reports.pages.overview_sums import Currency, Sums
from reports.tables import Cell, Column, Row, Table, amount, text

#: Series with a colour of their own; the rest is drawn as one.
_SERIES = 4
_HEIGHT = 336
_LEGEND = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn in one colour: a SKU, or all others."""

    label: str
    names: frozenset[int]
    """The numbers of its SKUs."""
    color: str
    """The page's name of its colour."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in one currency, day by day and series by series: rounded so that running sums add up."""

    series: tuple[Series, ...]
    exact: Mapping[tuple[str, int], Decimal]
    """By bin and place of the series."""
    shown: Mapping[tuple[str, int], Decimal]

    @classmethod
    def of(cls, currency: Currency, sums: Sums) -> "Spent":
        """Sum the rows of a currency."""
        series = _series(currency, sums)
        place = {name: number for number, each in enumerate(series) for name in each.names}
        parts: dict[tuple[str, int], list[Decimal]] = defaultdict(list)
        for row in sums.rows:
            at = sums.bin(row.day)
            if at is not None and sums.name(row) in place:
                parts[at, place[sums.name(row)]].append(currency.of(row, row.spend))
        keys = [(at, number) for at in sums.bins for number in range(len(series))]
        exact = {key: total(parts[key]) for key in keys}
        return cls(series, exact, dict(zip(keys, in_running_sums(exact.values(), currency.places), strict=True)))

    def day(self, at: str, amounts: Mapping[tuple[str, int], Decimal]) -> Decimal:
        """Return the sum of a bin."""
        return total(amounts[at, number] for number in range(len(self.series)))


def charts(currency: Currency, sums: Sums, statement: Statement | None) -> tuple[Chart, Chart]:
    """Return the chart of the spend so far, and that of every day."""
    spent = Spent.of(currency, sums)
    return _so_far(SoFar.of(currency, sums, spent, statement), statement), _stack(currency, sums, spent)


def _series(currency: Currency, sums: Sums) -> tuple[Series, ...]:
    """Return the SKUs on which most was spent, and the others as one."""
    by_name = {number: amount for number, amount in sums.by_name(currency).items() if amount}
    labels: dict[int, list[str]] = defaultdict(list)
    for (provider, sku), number in sums.names.items():
        labels[number].append(sku if currency.provider is not None else f"{provider or 'unknown'} · {sku}")
    ranked = sorted(by_name, key=lambda number: (-abs(by_name[number]), number))
    single = [number for number in ranked if len(labels[number]) == 1][:_SERIES]
    found = [
        Series(labels[number][0], frozenset({number}), f"series-{place}") for place, number in enumerate(single, 1)
    ]
    others = frozenset(by_name) - frozenset(single)
    return (*found, Series("Other", others, "other")) if others else tuple(found)


# ---- so far


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was spent up to each day, and what of the whole month stands beside it."""

    currency: Currency
    sums: Sums
    spent: Spent
    running: Mapping[str, Decimal]
    """Per bin, as shown."""
    end: str
    """The last bin of the month, or of all."""
    budget: Decimal | None
    outlook: Outlook | None
    """Of a month that is not over, with estimates shown to no more places than they need."""

    @classmethod
    def of(cls, currency: Currency, sums: Sums, spent: Spent, statement: Statement | None) -> "SoFar":
        """Add up the days of a currency."""
        running = accumulate(spent.day(at, spent.shown) for at in sums.bins)
        end = (statement.end - timedelta(days=1)).isoformat() if statement else sums.bins[-1]
        budget, outlook = budget_in(currency, sums, statement), outlook_in(currency, statement)
        days = dict(zip(sums.bins, running, strict=True))
        return cls(
            currency, sums, spent, days, end, None if budget is None else _few(budget), outlook and _told(outlook)
        )

    @property
    def last(self) -> Decimal:
        """What was spent up to the last day that is told."""
        return self.running[self.sums.bins[-1]]

    def words(self) -> str:
        """Say it in a line."""
        money, outlook = self.currency.money, self.outlook
        told = [f"{money(self.last)} until {self.sums.bins[-1]}" if outlook else money(self.last)]
        if self.budget is not None:
            told.append(f"the budget is {money(self.budget)}")
        if outlook is not None and outlook.forecast is not None:
            told.append(f"forecast to be {money(outlook.forecast)} on {self.end}")
            if outlook.low is not None and outlook.high is not None:
                told.append(f"in four of five cases between {money(outlook.low)} and {money(outlook.high)}")
        return ", ".join(told)

    def whole(self) -> Iterator[tuple[str, Decimal]]:
        """Yield what is of the whole month, by name."""
        outlook = self.outlook
        named = (
            (("forecast", outlook.forecast), ("forecast, at least", outlook.low), ("forecast, at most", outlook.high))
            if outlook
            else ()
        )
        yield from ((name, amount) for name, amount in (("budget", self.budget), *named) if amount is not None)


def _so_far(found: SoFar, statement: Statement | None) -> Chart:
    currency, bins = found.currency, found.sums.bins
    name = "" if currency.unit == "USD" else f"{currency.name}; "
    return Chart(
        id=f"so-far-{currency.id}",
        kind="so_far",
        unit=currency.id,
        title="Spend so far",
        subtitle=name + found.words() + _forecast_note(found, statement),
        description=f"Spend so far in {currency.name} from {bins[0]} to {bins[-1]}: {found.words()}.",
        figure=_so_far_figure(found),
        table=_so_far_table(found),
    )


def _forecast_note(found: SoFar, statement: Statement | None) -> str:
    """Say what the band rests on, or why there is no forecast."""
    if found.outlook is not None:
        held = (
            f"; {found.outlook.held} of {found.outlook.tests} such bands of the past held"
            if found.outlook.tests
            else ""
        )
        return held + ("" if found.outlook.low is not None else "; too little history for a band")
    if statement is None:
        return "; a budget and a forecast are for one month: choose it with --month"
    return "" if statement.is_complete else "; less than a week of history, too little to forecast"


def _told(outlook: Outlook) -> Outlook:
    forecast, low, high = (
        None if each is None else _few(each) for each in (outlook.forecast, outlook.low, outlook.high)
    )
    return replace(outlook, forecast=forecast, low=low, high=high)


def _few(estimate: Decimal) -> Decimal:
    return rounded(estimate, places_for([estimate]))


def _so_far_table(found: SoFar) -> Table:
    currency, sums, spent = found.currency, found.sums, found.spent
    columns = (
        Column("Day, UTC" if sums.is_daily else "Month, UTC", style="day"), Column("What"),
        Column(f"Spend, {currency.name}", is_number=True), Column(f"So far, {currency.name}", is_number=True),
    )  # fmt: skip
    exact = {at: spent.day(at, spent.exact) for at in sums.bins}
    rows = [
        Row((
            Cell(at, at), text("spent"), amount(spent.day(at, spent.shown), exact[at]),
            amount(found.running[at], so_far),
        ), {"day": (at,)})
        for at, so_far in zip(sums.bins, accumulate(exact.values()), strict=True)
    ]  # fmt: skip
    rows += [
        Row((Cell(found.end, found.end), text(what), Cell(UNKNOWN, ""), amount(value)), WHOLE)
        for what, value in found.whole()
    ]
    return Table(f"so-far-table-{currency.id}", f"Spend so far, {currency.name}", columns, tuple(rows))


def _so_far_figure(found: SoFar) -> str:
    """Draw the band below, then the budget, the forecast and the spend."""
    bins, end, outlook, traces = found.sums.bins, found.end, found.outlook, []
    first, last = bins[0], bins[-1]
    if outlook and outlook.low is not None and outlook.high is not None:
        corners = [found.last, outlook.low, outlook.high]
        name = "80\N{NO-BREAK SPACE}% band"
        traces.append(_line(name, "band", [last, end, end], corners, fill="toself", hoverinfo="skip"))
    if found.budget is not None:
        traces.append(_line("Budget", "budget", [first, end], [found.budget] * 2, line={"dash": "dash", "width": 2}))
    if outlook and outlook.forecast is not None:
        points = [found.last, outlook.forecast]
        traces.append(_line("Forecast", "forecast", [last, end], points, line={"dash": "dot", "width": 2}))
    traces.append(_line("Spend", "spent", list(bins), list(found.running.values()), line={"width": 2.5}))
    layout = {
        "margin": {"l": 4, "r": 12, "t": 12, "b": 64}, "hovermode": "closest", "height": _HEIGHT,
        "showlegend": len(traces) > 1, "legend": _LEGEND | {"traceorder": "reversed"},
        "xaxis": _time_axis(found.sums, end), "yaxis": _money_axis(found.currency),
    }  # fmt: skip
    return figure_json(traces, layout)


def _line(name: str, role: str, x: list[str], y: list[Decimal], **more: object) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "meta": {"role": role}, "x": x,
        "y": [float(each) for each in y], "hovertemplate": f"%{{x}}: %{{y:,.2f}}<extra>{name}</extra>", **more,
    }  # fmt: skip


# ---- by day


def _stack(currency: Currency, sums: Sums, spent: Spent) -> Chart:
    each_time = "day" if sums.is_daily else "month"
    days = {at: spent.day(at, spent.shown) for at in sums.bins}
    most = max(days, key=lambda at: days[at])
    columns = (
        Column("Day, UTC" if sums.is_daily else "Month, UTC", style="day"),
        *(Column(each.label, is_number=True) for each in spent.series), Column("Total", is_number=True),
    )  # fmt: skip
    places = range(len(spent.series))
    rows = tuple(
        Row(
            (
                Cell(at, at),
                *(amount(spent.shown[at, n], spent.exact[at, n]) for n in places),
                amount(days[at], spent.day(at, spent.exact)),
            ),
            {"day": (at,)},
        )
        for at in sums.bins
    )
    names = ", ".join(each.label for each in spent.series)
    return Chart(
        id=f"by-day-{currency.id}", kind="stack", unit=currency.id,
        title=f"Spend by {each_time} and SKU",
        subtitle=f"{currency.name}; {each_time}s are UTC; the {_SERIES} SKUs of the largest spend, all others in grey",
        description=f"Spend in {currency.name} by {each_time}, stacked by SKU: {names}; "
        f"the most was {currency.money(days[most])} on {most}.",
        figure=_stack_figure(currency, sums, spent),
        table=Table(f"by-day-table-{currency.id}", f"Spend by {each_time} and SKU, {currency.name}", columns, rows),
    )  # fmt: skip


def _stack_figure(currency: Currency, sums: Sums, spent: Spent) -> str:
    traces = [
        {
            "type": "bar",
            "name": plain(each.label),
            "meta": {"color": each.color, "names": sorted(each.names)},
            "x": list(sums.bins),
            "y": [float(spent.shown[at, number]) for at in sums.bins],
            "customdata": [currency.money(spent.shown[at, number]) for at in sums.bins],
            "hovertemplate": "%{customdata}",
            "showlegend": True,
            # Said outright, for Plotly draws the bars of a single day as thin as a hair.
            **({"width": 64_800_000} if sums.is_daily else {}),
        }
        for number, each in enumerate(spent.series)
    ]
    layout = {
        "barmode": "relative", "margin": {"l": 4, "r": 12, "t": 12, "b": 72}, "hovermode": "x unified",
        "height": _HEIGHT, "legend": _LEGEND | {"traceorder": "normal"},
        "xaxis": _time_axis(sums, sums.bins[-1], half=True), "yaxis": _money_axis(currency),
    }  # fmt: skip
    return figure_json(traces, layout)


def _money_axis(currency: Currency) -> dict[str, Any]:
    return {"rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 6, "tickformat": ",~r",
            "tickprefix": "$" if currency.unit == "USD" else ""}  # fmt: skip


def _time_axis(sums: Sums, end: str, *, half: bool = False) -> dict[str, Any]:
    """Return the axis of days, written without a zone so that Plotly shifts nothing; months are names."""
    if not sums.is_daily:
        return {"type": "category", "fixedrange": True, "showgrid": False, "nticks": 9}
    first, last = date.fromisoformat(sums.bins[0]), date.fromisoformat(end)
    last = max(last, first + timedelta(days=6))
    edges = [f"{first - timedelta(days=1)} 12:00", f"{last} 12:00"] if half else [first.isoformat(), last.isoformat()]
    return {"type": "date", "fixedrange": True, "tickformat": "%b %-d", "hoverformat": "%A, %B %-d", "range": edges,
            "showgrid": False, "nticks": 9}  # fmt: skip
