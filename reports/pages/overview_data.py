"""What the overview's script adds up under a filter: counts, and amounts as strings of digits."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.audit import Audit, SkuDay
from pricing.amounts import digits, total
from reports import words
from reports.audit_figures import AuditFigures, sku_key
from reports.figures import money, unit_name
from reports.pages.overview_causes import Part
from reports.pages.overview_sums import Currency, Sums

#: The amounts of a row, in the order in which they stand.
_AMOUNTS = ("charged", "expected", "charged_unchecked", "expected_unreported", "spend", "cost")


def page_data(audit: Audit, figures: AuditFigures, sums: Sums, parts: Sequence[Part]) -> dict[str, Any]:
    """Return the data of the page. Rows name their bin, SKU, unit, value of the unit and currency by number."""
    units, values = list(figures.places), _values(audit)
    place = {at: number for number, at in enumerate(sums.bins)}
    return {
        "bins": list(sums.bins),
        "causes": {each.cause: words.cause(each.cause) for each in parts},
        "units": [_unit(unit, figures, audit) for unit in units],
        "values": [digits(value) for value in values],
        "currencies": [_currency(each) for each in sums.currencies],
        "rows": _rows(audit, sums, units, values, place),
        "skus": [
            [sums.names[line.provider, line.sku], units.index(line.unit), digits(shown.charged), digits(shown.expected)]
            for line in audit.skus
            if line.unit in units and line.checked and (shown := figures.skus[sku_key(line)])
        ],
        "parts": [
            [units.index(each.unit), each.name, each.cause, each.finding, each.requests, digits(each.shown),
             digits(each.exact)]
            for each in parts
        ],
        "findings": _finding_days(audit, sums, values, place) if sums.has_days else {},
    }  # fmt: skip


def _unit(unit: str, figures: AuditFigures, audit: Audit) -> dict[str, object]:
    tolerance = money(audit.tolerance, unit)
    return {"id": unit, "name": unit_name(unit), "places": figures.places[unit], "tolerance": tolerance}


def _currency(each: Currency) -> dict[str, object]:
    return {
        "id": each.id, "name": each.name, "unit": each.unit, "isDollars": each.provider is None, "places": each.places,
    }  # fmt: skip


def _rows(
    audit: Audit, sums: Sums, units: list[str], values: list[Decimal], place: dict[str, int]
) -> list[list[object]]:
    """Return what the days come to by bin, SKU, unit, value of the unit and currency."""
    groups: dict[tuple[int, ...], list[SkuDay]] = defaultdict(list)
    for row in audit.sku_days:
        key = (
            place.get(sums.bin(row.day) or "", -1),
            sums.name(row),
            units.index(row.unit) if row.unit in units else -1,
            -1 if row.usd_per_unit is None else values.index(row.usd_per_unit),
            next((number for number, each in enumerate(sums.currencies) if each.holds(row)), -1),
        )
        groups[key].append(row)
    return [
        [
            *key,
            sum(row.requests for row in rows),
            sum(row.wrong for row in rows),
            sum(row.checked for row in rows),
            sum(row.used - row.unknown for row in rows),
            *(digits(amount) if (amount := total(getattr(row, name) for row in rows)) else 0 for name in _AMOUNTS),
        ]
        for key, rows in groups.items()
    ]


def _finding_days(
    audit: Audit, sums: Sums, values: list[Decimal], place: dict[str, int]
) -> dict[str, list[list[object]]]:
    found: dict[str, list[list[object]]] = {each.id: [] for each in audit.findings}
    for day in audit.finding_days:
        value = -1 if day.usd_per_unit is None else values.index(day.usd_per_unit)
        found[day.finding].append([place.get(sums.bin(day.day) or "", -1), value, day.requests, digits(day.variance)])
    return found


def _values(audit: Audit) -> list[Decimal]:
    return sorted({row.usd_per_unit for row in audit.sku_days if row.usd_per_unit is not None})
