"""Why billed differs from expected: the variance by cause, and by SKU."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.audit import Audit, SkuLine
from pricing.amounts import digits
from reports import words
from reports.audit_figures import AuditFigures, sku_key
from reports.audit_tables import Names, under, variance_style
from reports.charts import Chart, figure_json, plain
from reports.figures import UNKNOWN, signed, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text

_MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class _Kind:
    id: str
    title: str
    subtitle: str


_CAUSES = _Kind("causes", "Why billed differs from expected", "Variance by cause")
_SKUS = _Kind("by-sku", "Where it differs", "Variance by SKU")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the variance: one finding, or what is within tolerance in one SKU."""

    provider: str | None
    sku: str
    name: int
    cause: str
    verdict: str
    finding: str
    """Empty if it is of none."""
    requests: int | None
    shown: Decimal
    exact: Decimal


@dataclass(frozen=True, slots=True)
class _Point:
    """A part as it is drawn: in which bar, and under which filter. No verdict and no finding: it follows its SKU."""

    bar: str
    """What the bar is known by; Plotly would take a number for a place on the axis."""
    label: str
    part: _Part
    verdict: str | None
    finding: str | None


def cause_chart(audit: Audit, unit: str, figures: AuditFigures, names: Names) -> Chart:
    """Return the chart of the variance by cause."""
    parts = _parts(audit, unit, figures, names)
    points = [
        _Point(f"cause {part.cause}", words.cause(part.cause), part, part.verdict, part.finding) for part in parts
    ]
    columns = (
        Column("Cause"), Column("Rule", style="code"), Column("Finding"), Column("Provider"),
        Column("SKU", style="name"), Column("Requests", is_number=True),
        Column(f"Variance, {unit_name(unit)}", is_number=True),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                text(words.cause(part.cause)), text(part.cause), text(part.finding), text(part.provider),
                text(part.sku), Cell(UNKNOWN, "") if part.requests is None else number(part.requests), _variance(part),
            ),
            under(part.name, part.verdict, part.finding or None),
        )
        for part in parts
    )  # fmt: skip
    table = Table(f"causes-table-{unit}", f"Variance by cause, {unit_name(unit)}", columns, rows)
    return _chart(_CAUSES, unit, points, table)


def sku_chart(audit: Audit, unit: str, figures: AuditFigures, names: Names) -> Chart:
    """Return the chart of the variance by SKU."""
    parts = _parts(audit, unit, figures, names)
    points = [_Point(f"sku {part.name}", part.sku, part, None, None) for part in parts]
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column(f"Charged, {unit_name(unit)}", is_number=True),
        Column(f"Expected, {unit_name(unit)}", is_number=True), Column(f"Variance, {unit_name(unit)}", is_number=True),
    )  # fmt: skip
    rows = tuple(_sku_row(line, figures, names) for line in audit.skus if line.unit == unit and line.checked)
    table = Table(f"skus-table-{unit}", f"Variance by SKU, {unit_name(unit)}", columns, rows)
    return _chart(_SKUS, unit, points, table)


def _sku_row(line: SkuLine, figures: AuditFigures, names: Names) -> Row:
    shown = figures.skus[sku_key(line)]
    cells = (
        text(line.provider), text(line.sku), amount(shown.charged, line.charged), amount(shown.expected, line.expected),
        amount(shown.variance, line.variance, with_sign=True, style=variance_style(line.variance)),
    )  # fmt: skip
    return Row(cells, under(names[line.provider, line.sku]))


def _variance(part: _Part) -> Cell:
    return amount(part.shown, part.exact, with_sign=True, style=variance_style(part.exact))


def _parts(audit: Audit, unit: str, figures: AuditFigures, names: Names) -> list[_Part]:
    """Return the parts that the variance of that unit is the sum of."""
    parts: list[_Part] = []
    for line in audit.skus:
        if line.unit != unit or not line.checked:
            continue
        place, name = (line.provider, line.sku), names[line.provider, line.sku]
        found = [each for each in audit.findings if (each.provider, each.sku, each.unit) == sku_key(line)]
        parts += [
            _Part(
                *place,
                name,
                each.cause,
                each.verdict,
                each.id,
                each.requests,
                figures.findings[each.id].variance,
                each.variance,
            )
            for each in found
        ]
        shown = figures.skus[sku_key(line)].variance - sum(figures.findings[each.id].variance for each in found)
        if exact := line.variance - sum(each.variance for each in found):
            parts.append(_Part(*place, name, "tolerance", "matched", "", None, shown, exact))
    return sorted(parts, key=lambda part: (-abs(part.shown), part.name, part.cause, part.finding))


def _chart(kind: _Kind, unit: str, points: Sequence[_Point], table: Table) -> Chart:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for point in points:
        sums[point.bar] += point.part.shown
    ordered = sorted(sums, key=lambda bar: (-abs(sums[bar]), bar))
    bars, rest = ordered[:_MOST_BARS], len(ordered[_MOST_BARS:])
    labels = {point.bar: point.label for point in points}
    told = "; ".join(f"{labels[bar]} {signed(sums[bar])}" for bar in bars[:6])
    name = unit_name(unit)
    none = f"No variance in {name}: every checked charge is what the rate card says."
    return Chart(
        id=f"{kind.id}-{unit}",
        kind="bars",
        unit=unit,
        title=kind.title,
        subtitle=f"{kind.subtitle}, {name}" + (f"; {rest} smaller ones are in the table" if rest else ""),
        description=f"{kind.subtitle} in {name}, the largest first: {told}." if bars else none,
        figure=_figure(bars, labels, points, name) if bars else None,
        table=table,
    )


def _figure(bars: Sequence[str], labels: dict[str, str], points: Sequence[_Point], unit: str) -> str:
    """Draw a bar for each; its name and sum stand above it, so that a long name costs no width."""
    drawn = [point for point in points if point.bar in bars]
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "y": [point.bar for point in drawn],
        "x": [float(point.part.shown) for point in drawn],
        "customdata": [[digits(point.part.shown), point.part.name, point.verdict, point.finding] for point in drawn],
        "hovertext": [
            plain(f"{point.part.finding} {words.cause(point.part.cause)}, {point.part.sku}:".strip())
            + f" {signed(point.part.shown)} {plain(unit)}"
            for point in drawn
        ],
        "hoverinfo": "text",
    }
    layout = {
        "barmode": "relative",
        "margin": {"l": 8, "r": 16, "t": 8, "b": 32},
        "showlegend": False,
        "meta": {"labels": {bar: plain(labels[bar]) for bar in bars}},
        "xaxis": {"rangemode": "tozero", "fixedrange": True, "zeroline": True, "nticks": 6, "tickformat": ",~r"},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": list(bars), "fixedrange": True,
                  "showticklabels": False, "showgrid": False, "zeroline": False},
    }  # fmt: skip
    return figure_json([trace], layout)
