"""The amounts of an audit, rounded so that rows add up to totals and findings to the variance of their SKU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from billing.audit import Audit, Gap, SkuLine
from reports.figures import Shown, adding_up, in_steps, places_for, rounded

SkuKey = tuple[str | None, str, str | None]
"""Provider, SKU and unit."""
GapKey = tuple[str, str | None, str, str | None]
"""Reason, provider, SKU and unit."""


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
    unchecked: Mapping[SkuKey, Decimal]
    """Per SKU and unit, what was charged for requests that can't be checked."""
    unreported: Mapping[SkuKey, Decimal]
    """Per SKU and unit, what is expected of requests that report no charge."""
    gaps: Mapping[GapKey, Decimal]
    """What was charged for usage that can't be checked, by reason, SKU and unit; the parts of `unchecked`."""

    @classmethod
    def of(cls, audit: Audit) -> Self:
        """Round every amount of the audit once."""
        places = {total.unit: _places(audit, total.unit) for total in audit.totals}
        skus: dict[SkuKey, Shown] = {}
        unchecked: dict[SkuKey, Decimal] = {}
        unreported: dict[SkuKey, Decimal] = {}
        for provider, unit in dict.fromkeys((line.provider, line.unit) for line in audit.skus if line.unit in places):
            lines = [line for line in audit.skus if (line.provider, line.unit) == (provider, unit)]
            shown = in_steps([_steps(line) for line in lines], places[unit or ""])
            for line, (expected, charged, billed, due) in zip(lines, shown, strict=True):
                key = sku_key(line)
                skus[key] = Shown(charged, expected, charged - expected)
                unchecked[key], unreported[key] = billed - charged, due - billed
        totals = {unit: _sum([shown for key, shown in skus.items() if key[2] == unit]) for unit in places}
        findings: dict[str, Shown] = {}
        gaps: dict[GapKey, Decimal] = {}
        for line in audit.skus:
            if line.unit in places:
                findings |= _findings(audit, line, skus[sku_key(line)], places[line.unit])
                gaps |= _gaps(audit, line, unchecked[sku_key(line)], places[line.unit])
        return cls(places, totals, skus, findings, unchecked, unreported, gaps)

    def unchecked_in(self, unit: str) -> Decimal:
        """Return what was charged in a unit for requests that can't be checked."""
        return _of_unit(self.unchecked, unit)

    def unreported_in(self, unit: str) -> Decimal:
        """Return what is expected in a unit of requests that report no charge."""
        return _of_unit(self.unreported, unit)

    def places_of(self, unit: str | None) -> int:
        """Return the decimal places of that unit; of an unknown one, as many as an amount can have."""
        return self.places.get(unit or "", 6)


def sku_key(line: SkuLine) -> SkuKey:
    """Return what a row of the SKU table is found by."""
    return line.provider, line.sku, line.unit


def gap_key(gap: Gap) -> GapKey:
    """Return what a row of the table of gaps is found by."""
    return gap.reason, gap.provider, gap.sku, gap.unit


def _places(audit: Audit, unit: str) -> int:
    lines = [line for line in audit.skus if line.unit == unit]
    amounts = [amount for line in lines for amount in (line.charged, line.expected, line.variance)]
    amounts += [amount for line in lines for amount in (line.charged_unchecked, line.expected_unreported)]
    return places_for([*amounts, *(finding.variance for finding in audit.findings if finding.unit == unit)])


def _steps(line: SkuLine) -> tuple[Decimal, ...]:
    """Return the parts from what is expected of charges to what is billed and is due; a statement's begin alike."""
    return line.expected, line.variance, line.charged_unchecked, line.expected_unreported


def _of_unit(parts: Mapping[SkuKey, Decimal], unit: str) -> Decimal:
    return sum((part for key, part in parts.items() if key[2] == unit), Decimal(0))


def _sum(parts: Sequence[Shown]) -> Shown:
    zero = Decimal(0)
    return Shown(*(sum((getattr(part, name) for part in parts), zero) for name in ("charged", "expected", "variance")))


def _gaps(audit: Audit, line: SkuLine, shown: Decimal, places: int) -> dict[GapKey, Decimal]:
    """Round what was charged for a SKU's gaps so that, with what is in none, it makes up what is not checkable."""
    key = sku_key(line)
    found = [gap for gap in audit.gaps if gap.charged is not None and (gap.provider, gap.sku, gap.unit) == key]
    exact = [gap.charged or Decimal(0) for gap in found]
    parts = adding_up([*exact, line.charged_unchecked - sum(exact)], shown, places)
    return dict(zip(map(gap_key, found), parts[:-1], strict=True))


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
