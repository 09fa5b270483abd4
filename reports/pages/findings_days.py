"""When it differs: the variance day by day, with what was charged and expected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.audit import Audit
from reports.audit_figures import AuditFigures
from reports.audit_tables import variance_style
from reports.charts import Chart, figure_json, plain
from reports.figures import Shown, adding_up, signed, unit_name
from reports.tables import Column, Row, Table, amount, number, text

_FEWEST_DAYS = 7
_BAR = 52_000_000
"""The width of a bar, in milliseconds: it and a gap make a day."""
UNTIMED = "time not told"
"""Stands for the day of requests whose log tells no time. It sorts behind all days."""


@dataclass(frozen=True, slots=True)
class DayPart:
    """The checked sums of one SKU on one UTC day."""

    day: str
    """Such as `2026-10-03`, or `UNTIMED`."""
    provider: str | None
    sku: str
    requests: int
    charged: Decimal
    expected: Decimal


def day_parts(audit: Audit, unit: str) -> Iterator[DayPart]:
    """Yield the parts that the checked sums of that unit are made of: its days, then what tells no time."""
    left = {
        (line.provider, line.sku): (line.checked, line.charged, line.expected)
        for line in audit.skus
        if line.unit == unit
    }
    for line in audit.days:
        if line.unit == unit and line.requests:
            place = line.provider or None, line.sku
            requests, charged, expected = left[place]
            left[place] = requests - line.requests, charged - line.charged, expected - line.expected
            yield DayPart(line.day.isoformat(), *place, line.requests, line.charged, line.expected)
    for place, (requests, charged, expected) in left.items():
        if requests:
            yield DayPart(UNTIMED, *place, requests, charged, expected)


def day_chart(audit: Audit, unit: str, figures: AuditFigures) -> Chart:
    """Return the chart of the variance of each day. Days add up to the totals as shown."""
    by_day: dict[str, list[DayPart]] = {}
    for part in sorted(day_parts(audit, unit), key=lambda part: part.day):
        by_day.setdefault(part.day, []).append(part)
    exact = [_exact(parts) for parts in by_day.values()]
    shown = _shown(exact, figures.totals[unit], figures.places[unit])
    name = unit_name(unit)
    columns = (
        Column("Day, UTC"), Column("Checked requests", is_number=True), Column(f"Charged, {name}", is_number=True),
        Column(f"Expected, {name}", is_number=True), Column(f"Variance, {name}", is_number=True),
    )  # fmt: skip
    rows = tuple(
        Row((
            text(day), number(sum(part.requests for part in parts)), amount(each.charged, charged),
            amount(each.expected, expected),
            amount(each.variance, charged - expected, with_sign=True, style=variance_style(charged - expected)),
        ))
        for (day, parts), (charged, expected), each in zip(by_day.items(), exact, shown, strict=True)
    )  # fmt: skip
    drawn = {date.fromisoformat(day): each for day, each in zip(by_day, shown, strict=True) if day != UNTIMED}
    return Chart(
        f"daily-{unit}",
        "days",
        unit,
        "When it differs",
        f"Variance by day (UTC), {name}",
        _words(drawn, unit),
        _figure(drawn, unit) if drawn else None,
        Table(f"daily-table-{unit}", f"Charged against expected by day, {name}", columns, rows),
    )


def _exact(parts: Sequence[DayPart]) -> tuple[Decimal, Decimal]:
    zero = Decimal(0)
    return sum((part.charged for part in parts), zero), sum((part.expected for part in parts), zero)


def _shown(exact: Sequence[tuple[Decimal, Decimal]], total: Shown, places: int) -> list[Shown]:
    """Round what days are made of so that they add up to the total as shown."""
    charged = adding_up([charged for charged, _ in exact], total.charged, places)
    variance = adding_up([charged - expected for charged, expected in exact], total.variance, places)
    return [Shown(left, left - difference, difference) for left, difference in zip(charged, variance, strict=True)]


def _words(days: dict[date, Shown], unit: str) -> str:
    if not days:
        return "No checked request tells its day."
    most_at = max(days, key=lambda day: abs(days[day].variance))
    return (
        f"Variance in {unit_name(unit)} per day from {min(days)} to {max(days)}; the largest is that of {most_at}: "
        f"{signed(days[most_at].variance)}."
    )


def _figure(days: dict[date, Shown], unit: str) -> str:
    first, last = min(days), max(*days, min(days) + timedelta(days=_FEWEST_DAYS - 1))
    half = timedelta(hours=12)
    trace: dict[str, Any] = {
        "type": "bar",
        "x": [each.isoformat() for each in days],
        "y": [float(each.variance) for each in days.values()],
        "customdata": [signed(each.variance) for each in days.values()],
        "hovertemplate": f"%{{x|%A, %B %-d}}: %{{customdata}} {plain(unit_name(unit))}<extra></extra>",
        # Said outright, for Plotly draws the bars of a single day as thin as a hair.
        "width": _BAR,
    }
    layout = {
        "margin": {"l": 4, "r": 12, "t": 12, "b": 32},
        "showlegend": False,
        "xaxis": {
            "type": "date", "fixedrange": True, "tickformat": "%b %-d",
            "range": [_stamp(first, -half), _stamp(last, half)], "showgrid": False, "nticks": 9,
        },
        "yaxis": {"rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 6, "tickformat": ",~r",
                  "zeroline": True},
    }  # fmt: skip
    return figure_json([trace], layout)


def _stamp(at: date, shift: timedelta) -> str:
    """Return midnight of that day, moved, without a zone: Plotly then shifts nothing."""
    moved = timedelta(days=at.toordinal()) + shift
    return f"{date.fromordinal(moved.days)} {moved.seconds // 3600:02}:00"
