"""Why billed differs from expected: the variance of the overview, cause by cause, up to its sum."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.audit import Audit
from pricing.amounts import digits, total
from reports import words
from reports.audit_figures import AuditFigures, sku_key
from reports.audit_tables import Names, variance_style
from reports.charts import Chart, figure_json, plain
from reports.figures import UNKNOWN, signed, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text

#: What differs and is in no finding.
TOLERANCE = "tolerance"
_MOST_BARS = 9


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a unit's variance: a finding, or what is within tolerance or refunded in one SKU."""

    unit: str
    name: int
    cause: str
    finding: str
    """Empty if it is of none."""
    requests: int
    shown: Decimal
    exact: Decimal


@dataclass(frozen=True, slots=True)
class CauseSum:
    """What all parts of one cause come to."""

    cause: str
    requests: int
    shown: Decimal
    exact: Decimal


def parts(audit: Audit, figures: AuditFigures, names: Names) -> tuple[Part, ...]:
    """Return what the variances are sums of; as shown they add up to those of the totals."""
    return tuple(_parts(audit, figures, names))


def _parts(audit: Audit, figures: AuditFigures, names: Names) -> Iterator[Part]:
    for line in audit.skus:
        if line.unit is None or not line.checked:
            continue
        name = names[line.provider, line.sku]
        found = [each for each in audit.findings if (each.provider, each.sku, each.unit) == sku_key(line)]
        for each in found:
            yield Part(
                line.unit, name, each.cause, each.id, each.requests, figures.findings[each.id].variance, each.variance
            )
        shown = figures.skus[sku_key(line)].variance - _sum(figures.findings[each.id].variance for each in found)
        if rest := line.variance - total(each.variance for each in found):
            yield Part(line.unit, name, TOLERANCE, "", 0, shown, rest)


def causes(found: Sequence[Part], unit: str) -> tuple[CauseSum, ...]:
    """Return the causes of a unit, the largest first."""
    by_cause: dict[str, list[Part]] = defaultdict(list)
    for part in found:
        if part.unit == unit:
            by_cause[part.cause].append(part)
    sums = [
        CauseSum(cause, sum(p.requests for p in group), _sum(p.shown for p in group), total(p.exact for p in group))
        for cause, group in by_cause.items()
    ]
    return tuple(sorted(sums, key=lambda each: (-abs(each.shown), each.cause)))


def _sum(shown: Iterable[Decimal]) -> Decimal:
    """Add what is shown, with its decimal places."""
    return sum(shown, Decimal(0))


def cause_chart(audit: Audit, figures: AuditFigures, found: Sequence[Part], unit: str) -> Chart:
    """Return the waterfall of a unit's variance."""
    bars, name = causes(found, unit), unit_name(unit)
    whole = next(each for each in audit.totals if each.unit == unit)
    columns = (
        Column("Cause"), Column("Rule", style="code"), Column("Requests", is_number=True),
        Column(f"Variance, {name}", is_number=True),
    )  # fmt: skip
    rows = [
        Row((
            text(words.cause(each.cause)), text(each.cause),
            number(each.requests) if each.requests else Cell(UNKNOWN, ""),
            amount(each.shown, each.exact, with_sign=True, style=variance_style(each.exact)),
        ))
        for each in bars
    ]  # fmt: skip
    shown = figures.totals[unit].variance
    in_total = amount(shown, whole.variance, with_sign=True, style=variance_style(whole.variance))
    rows.append(Row((text("Variance in total"), Cell("", ""), Cell("", ""), in_total)))
    told = "; ".join(f"{words.cause(each.cause)} {signed(each.shown)}" for each in bars[:6])
    none = f"No variance in {name}: every checked charge is what the rate card says."
    return Chart(
        id=f"causes-{unit}",
        kind="causes",
        unit=unit,
        title="Why billed differs from expected",
        subtitle=f"Variance by cause, {name}: what each adds, and in the last bar their sum",
        description=f"Variance by cause in {name}, the largest first: {told}; in total {signed(shown)}."
        if bars
        else none,
        figure=_figure(bars, shown, name) if bars else None,
        table=Table(f"causes-table-{unit}", f"Variance by cause, {name}", columns, tuple(rows)),
    )


def _figure(bars: Sequence[CauseSum], shown: Decimal, unit: str) -> str:
    """Draw a step for each cause and their sum; names and amounts stand above them, so that long ones cost no width."""
    steps = [(each.cause, words.cause(each.cause), each.shown) for each in bars[:_MOST_BARS]]
    if rest := bars[_MOST_BARS:]:
        steps.append(("other", f"{len(rest)} smaller causes", _sum(each.shown for each in rest)))
    trace: dict[str, Any] = {
        "type": "waterfall",
        "orientation": "h",
        "measure": [*("relative" for _ in steps), "total"],
        "y": [*(cause for cause, _, _ in steps), "total"],
        "x": [*(float(step) for _, _, step in steps), float(shown)],
        "customdata": [*(digits(step) for _, _, step in steps), digits(shown)],
        "hovertext": [*(f"{plain(label)}: {signed(step)} {plain(unit)}" for _, label, step in steps),
                      f"Variance in total: {signed(shown)} {plain(unit)}"],
        "hoverinfo": "text",
        "connector": {"line": {"width": 1}},
    }  # fmt: skip
    layout = {
        "margin": {"l": 8, "r": 16, "t": 8, "b": 32},
        "showlegend": False,
        "meta": {"labels": {**{cause: plain(label) for cause, label, _ in steps}, "total": "Variance in total"},
                 "most": _MOST_BARS},
        "xaxis": {"rangemode": "tozero", "fixedrange": True, "zeroline": True, "nticks": 6, "tickformat": ",~r"},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": trace["y"], "fixedrange": True,
                  "showticklabels": False, "showgrid": False, "zeroline": False},
    }  # fmt: skip
    return figure_json([trace], layout)
