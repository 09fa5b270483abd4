"""The charts of an audit, and what the page's script filters them and the sums of each day by."""

from typing import Any

from billing.audit import Audit
from pricing.amounts import digits
from reports.audit_answer import ordered
from reports.audit_figures import AuditFigures, sku_key
from reports.audit_tables import Names
from reports.charts import Chart
from reports.figures import Shown, unit_name
from reports.pages.findings_bars import cause_chart, sku_chart
from reports.pages.findings_days import day_chart, day_parts


def charts(audit: Audit, figures: AuditFigures, names: Names) -> tuple[Chart, ...]:
    """Return the charts of every unit in which something was checked."""
    return tuple(
        chart
        for unit in (total.unit for total in ordered(audit) if total.checked)
        for chart in (
            cause_chart(audit, unit, figures, names),
            sku_chart(audit, unit, figures, names),
            day_chart(audit, unit, figures),
        )
    )


def page_data(audit: Audit, figures: AuditFigures, names: Names) -> dict[str, Any]:
    """Return what the page's script filters by: counts, and amounts as strings of digits."""
    return {
        "lines": [
            {
                "name": names[line.provider, line.sku],
                "unit": line.unit,
                "requests": line.requests,
                "verdicts": {code: number for code, number in line.verdicts.items() if number},
                "shown": _shown(figures.skus.get(sku_key(line)) if line.checked else None),
            }
            for line in audit.skus
        ],
        "findings": {
            each.id: {"name": names[each.provider, each.sku], "verdict": each.verdict} for each in audit.findings
        },
        "units": {
            unit: {
                "name": unit_name(unit),
                "places": places,
                "days": [
                    [part.day, names[part.provider, part.sku], part.requests,
                     digits(part.charged), digits(part.expected)]
                    for part in day_parts(audit, unit)
                ],
            }
            for unit, places in figures.places.items()
        },
    }  # fmt: skip


def _shown(shown: Shown | None) -> list[str] | None:
    return None if shown is None else [str(shown.charged), str(shown.expected), str(shown.variance)]
