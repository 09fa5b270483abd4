"""Charged against expected, day by day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.audit import Audit, DayLine
from reports.audit_figures import AuditFigures
from reports.audit_tables import variance_style
from reports.charts import Chart, figure_json, plain
from reports.figures import Shown, beside, grouped, signed, unit_name
from reports.tables import Column, Row, Table, amount, day, number

_FEWEST_DAYS = 7
_BAR = 32_000_000
"""The width of a bar, in milliseconds: two and a gap make a day."""


def day_chart(audit: Audit, unit: str, figures: AuditFigures) -> Chart:
    """Return the chart of what was charged and expected on each day, and of the variance."""
    places = figures.places[unit]
    by_day: dict[date, list[DayLine]] = defaultdict(list)
    for line in audit.days:
        if line.unit == unit:
            by_day[line.day].append(line)
    days = [(at, sum(line.requests for line in by_day[at]), *_exact(by_day[at])) for at in sorted(by_day)]
    shown = [beside(charged, expected, places) for _, _, charged, expected in days]
    columns = (
        Column("Day, UTC"), Column("Checked requests", is_number=True),
        Column(f"Charged, {unit_name(unit)}", is_number=True), Column(f"Expected, {unit_name(unit)}", is_number=True),
        Column(f"Variance, {unit_name(unit)}", is_number=True),
    )  # fmt: skip
    rows = tuple(
        Row((
            day(at), number(requests), amount(each.charged, charged), amount(each.expected, expected),
            amount(each.variance, charged - expected, with_sign=True, style=variance_style(charged - expected)),
        ))
        for (at, requests, charged, expected), each in zip(days, shown, strict=True)
    )  # fmt: skip
    return Chart(
        f"daily-{unit}",
        "days",
        unit,
        "Charged against expected, day by day",
        f"Checked requests, {unit_name(unit)}; days are UTC",
        _words(list(by_day), shown, unit),
        _figure([at for at, *_ in days], shown, unit) if days else None,
        Table(f"daily-table-{unit}", f"Charged against expected by day, {unit_name(unit)}", columns, rows),
    )


def _exact(lines: Sequence[DayLine]) -> tuple[Decimal, Decimal]:
    zero = Decimal(0)
    return sum((line.charged for line in lines), zero), sum((line.expected for line in lines), zero)


def _words(days: Sequence[date], shown: Sequence[Shown], unit: str) -> str:
    if not days:
        return "No checked request tells its day."
    most_at, most = max(zip(sorted(days), shown, strict=True), key=lambda pair: abs(pair[1].variance))
    return (
        f"Charged and expected {unit_name(unit)} per day from {min(days)} to {max(days)}; the day with the largest "
        f"variance is {most_at}: charged {grouped(most.charged)}, expected {grouped(most.expected)}."
    )


def _figure(days: Sequence[date], shown: Sequence[Shown], unit: str) -> str:
    """Draw two panels that share their days: what was charged beside what was expected, and the variance."""
    at = [each.isoformat() for each in days]
    name = plain(unit_name(unit))
    panels = (
        ("Charged", "charged", "y", -_BAR),
        ("Expected", "expected", "y", 0),
        ("Variance", "variance", "y2", -_BAR // 2),
    )
    traces = [
        {
            "type": "bar",
            "name": title,
            "meta": {"color": key, "amount": key},
            "x": at,
            "y": [float(getattr(each, key)) for each in shown],
            "customdata": [(signed if key == "variance" else grouped)(getattr(each, key)) for each in shown],
            "hovertemplate": f"%{{customdata}} {name}",
            "yaxis": axis,
            # Said outright, for Plotly draws the bars of a single day as thin as a hair.
            "width": _BAR,
            "offset": offset,
            "showlegend": key != "variance",
        }
        for title, key, axis, offset in panels
    ]
    first, last = days[0], max(days[-1], days[0] + timedelta(days=_FEWEST_DAYS - 1))
    half = timedelta(hours=12)
    layout = {
        "barmode": "overlay",
        "margin": {"l": 4, "r": 12, "t": 24, "b": 64},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": {
            "type": "date", "fixedrange": True, "anchor": "y2", "tickformat": "%b %-d", "hoverformat": "%A, %B %-d",
            "range": [_stamp(first, -half), _stamp(last, half)], "showgrid": False, "nticks": 9,
        },
        "yaxis": {"domain": [0.4, 1], "rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 6,
                  "tickformat": ",~r"},
        "yaxis2": {"domain": [0, 0.27], "rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 4,
                   "tickformat": ",~r", "zeroline": True},
        "annotations": [_panel("Charged and expected", 1), _panel("Variance", 0.27)],
    }  # fmt: skip
    return figure_json(traces, layout)


def _stamp(at: date, shift: timedelta) -> str:
    """Return midnight of that day, moved, without a zone: Plotly then shifts nothing."""
    moved = timedelta(days=at.toordinal()) + shift
    return f"{date.fromordinal(moved.days)} {moved.seconds // 3600:02}:00"


def _panel(title: str, top: float) -> dict[str, Any]:
    return {"text": title, "xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom",
            "yshift": 4, "showarrow": False}  # fmt: skip
