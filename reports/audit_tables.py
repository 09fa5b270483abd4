"""What the tables of an audit share: names of SKUs, severity, tone, and the rates that were used."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing.audit import Audit, AuditedRequest, Finding
from pricing.calculator import Charge
from pricing.catalog import RatePeriod
from pricing.rates import PerMtok
from pricing.usage import STANDARD_TIER, TOKEN_KINDS
from reports import words
from reports.figures import exact, unit_name
from reports.tables import Cell, Column, Row, Table, amount, text

Samples = Sequence[tuple[AuditedRequest, Charge | None]]
Names = Mapping[tuple[str | None, str], int]
"""The number of each provider and SKU, which the filter bar knows it by."""

#: A finding is of high severity from this share of what was checked in its unit on, and medium from the next.
_HIGH, _MEDIUM = Decimal("0.01"), Decimal("0.001")
_SEVERITIES = {"high": ("\N{BLACK UP-POINTING TRIANGLE} High", "3"), "medium": ("\N{BLACK DIAMOND} Medium", "2"),
               "low": ("\N{BLACK CIRCLE} Low", "1")}  # fmt: skip


def names(audit: Audit, samples: Samples) -> Names:
    """Give every provider and SKU of the page a number, in a fixed order."""
    found = {(line.provider, line.sku) for line in audit.skus} | {(each.provider, each.sku) for each in audit.findings}
    found |= {(gap.provider, gap.sku) for gap in audit.gaps} | {(each.provider, each.sku) for each, _ in samples}
    found |= {(line.provider or None, line.sku) for line in audit.days}
    return {key: index for index, key in enumerate(sorted(found, key=lambda key: (key[0] or "", key[1])))}


def under(name: int | None, verdict: str = "", finding: str | None = "") -> Mapping[str, Sequence[str]]:
    """Return the filters that a row is shown under: its SKU's, and of requests their verdict's and finding's.

    A finding of None is a row of requests that are in no finding; it is hidden when one is chosen.
    """
    marks: dict[str, Sequence[str]] = {} if name is None else {"sku": (str(name),)}
    if verdict:
        marks["verdict"] = (verdict,)
    if finding != "":
        marks["finding"] = (finding,) if finding else ()
    return marks


def severity(audit: Audit, finding: Finding) -> str:
    """Return `high`, `medium` or `low`, by the finding's share of what was checked in its unit."""
    checked = next((total.expected for total in audit.totals if total.unit == finding.unit), Decimal(0))
    share = abs(finding.variance) / checked if checked else Decimal(1)
    return "high" if share >= _HIGH else "medium" if share >= _MEDIUM else "low"


def severity_cell(audit: Audit, finding: Finding) -> Cell:
    """Return the severity with its sign."""
    level = severity(audit, finding)
    sign, order = _SEVERITIES[level]
    return Cell(sign, level, f"severity {level}", sort=order)


def variance_style(variance: Decimal) -> str:
    """Return how a variance is coloured, beside its sign."""
    return "over" if variance > 0 else "under" if variance < 0 else "zero"


def rates(periods: Sequence[RatePeriod], names: Names) -> Table:
    """Return the rates that requests were rated by."""
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit per 1M tokens"),
        *(Column(words.kind(kind), is_number=True) for kind in TOKEN_KINDS),
        Column("Holds for", style="note"), Column("Rounding", style="note"), Column("Source", style="note"),
        Column("Observed", style="day"),
    )  # fmt: skip
    rows = tuple(row for period in periods for row in _rate_rows(period, names))
    return Table("rates", "Rates by SKU and time", columns, rows, "No request has a rate.")


def _rate_rows(period: RatePeriod, names: Names) -> list[Row]:
    tiers = period.block.context_tiers
    first = f"prompts of up to {tiers[0].above:,} tokens" if tiers else ""
    rows = [_rate_row(period, first, period.block.per_mtok, names)]
    return rows + [_rate_row(period, f"prompts above {tier.above:,} tokens", tier.per_mtok, names) for tier in tiers]


def _rate_row(period: RatePeriod, prompt: str, per_mtok: PerMtok, names: Names) -> Row:
    block = period.block
    found_at = f"{period.source.title} ({period.source.document}): {block.field}"
    tier = "" if block.service_tier == STANDARD_TIER else f"service tier {block.service_tier}"
    holds = "; ".join(filter(None, (words.period(period.valid_from, period.valid_to), tier, prompt)))
    cells = (
        text(period.provider), text(period.sku), text(unit_name(period.unit)),
        *(_rate(per_mtok.rate(kind)) for kind in TOKEN_KINDS), text(holds),
        text(words.rounding(block.rounding, period.unit)), text(found_at), text(block.observed_on.isoformat()),
    )  # fmt: skip
    return Row(cells, under(names.get((period.provider, period.sku))))


def _rate(value: Decimal | None) -> Cell:
    """Return a rate with all its digits: it is never rounded."""
    return amount(None) if value is None else Cell(f"{Decimal(exact(value)):,}", exact(value))
