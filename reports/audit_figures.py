"""The amounts of an audit, rounded so that rows add up to totals and findings to the variance of their SKU."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from billing.audit import Audit, SkuLine
from reports.figures import Shown, adding_up, beside, places_for, rounded

SkuKey = tuple[str | None, str, str | None]
"""Provider, SKU and unit."""


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """What is shown of each amount. Variances and sums are taken of these, never rounded a second time."""

    places: Mapping[str, int]
    """Decimal places per unit."""
    totals: Mapping[str, Shown]
    """Per unit, over the checked requests."""
    skus: Mapping[SkuKey, Shown]
    """Per SKU and unit, over the checked requests."""
    findings: Mapping[str, Shown]
    """Per finding id."""

    @classmethod
    def of(cls, audit: Audit) -> Self:
        """Round every amount of the audit once."""
        places = {total.unit: _places(audit, total.unit) for total in audit.totals}
        totals = {total.unit: beside(total.charged, total.expected, places[total.unit]) for total in audit.totals}
        skus: dict[SkuKey, Shown] = {}
        for unit, total in totals.items():
            skus |= _skus([line for line in audit.skus if line.unit == unit], total, places[unit])
        findings: dict[str, Shown] = {}
        for line in audit.skus:
            if line.unit in places:
                findings |= _findings(audit, line, skus[sku_key(line)], places[line.unit])
        return cls(places, totals, skus, findings)

    def places_of(self, unit: str | None) -> int:
        """Return the decimal places of that unit; of an unknown one, as many as an amount can have."""
        return self.places.get(unit or "", 6)


def sku_key(line: SkuLine) -> SkuKey:
    """Return what a row of the SKU table is found by."""
    return line.provider, line.sku, line.unit


def _places(audit: Audit, unit: str) -> int:
    lines = [line for line in audit.skus if line.unit == unit]
    amounts = [amount for line in lines for amount in (line.charged, line.expected, line.variance)]
    amounts += [amount for line in lines for amount in (line.charged_unchecked, line.expected_unreported)]
    return places_for([*amounts, *(finding.variance for finding in audit.findings if finding.unit == unit)])


def _skus(lines: list[SkuLine], total: Shown, places: int) -> dict[SkuKey, Shown]:
    charged = adding_up([line.charged for line in lines], total.charged, places)
    variance = adding_up([line.variance for line in lines], total.variance, places)
    return {
        sku_key(line): Shown(left, left - difference, difference)
        for line, left, difference in zip(lines, charged, variance, strict=True)
    }


def _findings(audit: Audit, line: SkuLine, shown: Shown, places: int) -> dict[str, Shown]:
    """Round the variances of a SKU's findings so that, with what is within tolerance, they make up its variance."""
    found = [each for each in audit.findings if (each.provider, each.sku, each.unit) == sku_key(line)]
    within_tolerance = line.variance - sum(each.variance for each in found)
    variances = adding_up([*(each.variance for each in found), within_tolerance], shown.variance, places)
    charged = [rounded(each.charged, places) for each in found]
    return {
        each.id: Shown(left, left - difference, difference)
        for each, left, difference in zip(found, charged, variances[:-1], strict=True)
    }
