"""The tables of an audit: findings, gaps, SKUs and the rates that were used."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing.audit import Audit, AuditedRequest, Finding, SkuLine
from pricing.calculator import Charge
from pricing.catalog import RatePeriod
from pricing.rates import PerMtok
from pricing.usage import STANDARD_TIER, TOKEN_KINDS
from reports import words
from reports.audit_figures import AuditFigures, sku_key
from reports.figures import UNKNOWN, dollars, exact, rounded, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text

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


def findings(audit: Audit, figures: AuditFigures, names: Names) -> Table:
    """Return the findings, the largest first."""
    columns = (
        Column("Finding"), Column("Severity"), Column("What we found", style="sentence"),
        Column("Requests", is_number=True), Column(_heading("Variance", audit), is_number=True), *_unit_column(audit),
        Column("Variance, USD", is_number=True), Column("Provider"), Column("SKU", style="name"),
        Column("Rule", style="code"), Column("Evidence"), Column("Pattern"),
    )  # fmt: skip
    rows = tuple(_finding_row(audit, each, figures, names) for each in audit.findings)
    empty = "No finding: every checked charge is right." if any(total.checked for total in audit.totals) else (
        "No finding, for nothing could be checked."
    )  # fmt: skip
    return Table("findings", "Findings, the largest first", columns, rows, empty)


def gaps(audit: Audit, figures: AuditFigures, names: Names) -> Table:
    """Return the usage that can't be priced or checked."""
    columns = (
        Column("Why it could not be checked", style="sentence"), Column("Reason", style="code"), Column("Provider"),
        Column("SKU", style="name"), Column("Requests", is_number=True), Column("Tokens", is_number=True),
        Column("Charged, in unit", is_number=True), Column("Unit"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                text(words.reason(gap.reason)), text(gap.reason), text(gap.provider), text(gap.sku),
                number(gap.requests), number(gap.tokens), _rounded(gap.charged, gap.unit, figures),
                text(gap.unit and unit_name(gap.unit)),
            ),
            under(names[gap.provider, gap.sku], words.verdict_of_reason(gap.reason), finding=None),
        )
        for gap in audit.gaps
    )  # fmt: skip
    return Table("gaps", "Usage that is in no variance", columns, rows, "Everything could be priced and checked.")


def skus(audit: Audit, figures: AuditFigures, names: Names) -> Table:
    """Return the sums of each SKU."""
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit"), Column("Requests", is_number=True),
        Column("Charged", is_number=True), Column("Expected", is_number=True), Column("Variance", is_number=True),
        Column("Charged, not checkable", is_number=True), Column("Expected, not reported", is_number=True),
    )  # fmt: skip
    rows = tuple(_sku_row(line, figures, names) for line in audit.skus)
    return Table("skus", "Sums of each SKU, in its unit", columns, rows)


def sku_verdicts(audit: Audit, names: Names) -> Table:
    """Return how many requests of each SKU have each verdict that occurs."""
    used = [code for code in words.VERDICTS if audit.verdicts.get(code)]
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit"), Column("Requests", is_number=True),
        *(Column(words.verdict(code), is_number=True) for code in used),
    )  # fmt: skip
    rows = tuple(
        Row(
            (*_sku_cells(line), *(number(line.verdicts.get(code, 0)) for code in used)),
            under(names[line.provider, line.sku]),
        )
        for line in audit.skus
    )
    return Table("sku-verdicts", "Requests of each SKU by verdict", columns, rows)


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


def one_unit(audit: Audit) -> str | None:
    """Return the unit of all findings if it is one, so that the heading can name it."""
    units = {each.unit for each in audit.findings} or {total.unit for total in audit.totals}
    return next(iter(units)) if len(units) == 1 else None


def _heading(name: str, audit: Audit) -> str:
    unit = one_unit(audit)
    return f"{name}, in unit" if unit is None else f"{name}, {unit_name(unit)}"


def _unit_column(audit: Audit) -> tuple[Column, ...]:
    return () if one_unit(audit) else (Column("Unit"),)


def _finding_row(audit: Audit, each: Finding, figures: AuditFigures, names: Names) -> Row:
    shown = figures.findings[each.id].variance
    usd = Cell(UNKNOWN, "") if each.usd is None else Cell(dollars(each.usd, with_sign=True), exact(each.usd))
    unit = () if one_unit(audit) else (text(unit_name(each.unit)),)
    cells = (
        Cell(each.id, each.id, link=each.id), severity_cell(audit, each), text(each.sentence), number(each.requests),
        amount(shown, each.variance, with_sign=True, style=variance_style(each.variance)), *unit, usd,
        text(each.provider), text(each.sku), text(each.rule), text(_evidence(each)), text(each.pattern),
    )  # fmt: skip
    return Row(cells, under(names[each.provider, each.sku], each.verdict, each.id))


def _evidence(each: Finding) -> str:
    """Say how the cause is known, and in how many requests another one would do."""
    return f"{each.evidence}, {each.ties:,} tied" if each.ties and each.evidence == "exact" else each.evidence


def _sku_cells(line: SkuLine) -> tuple[Cell, ...]:
    unit = line.unit and unit_name(line.unit)
    return text(line.provider), text(line.sku), text(unit), number(line.requests)


def _sku_row(line: SkuLine, figures: AuditFigures, names: Names) -> Row:
    shown = figures.skus.get(sku_key(line)) if line.checked else None
    sums = (amount(None),) * 3 if shown is None else (
        amount(shown.charged, line.charged), amount(shown.expected, line.expected),
        amount(shown.variance, line.variance, with_sign=True, style=variance_style(line.variance)),
    )  # fmt: skip
    unchecked = _rounded(line.charged_unchecked or None, line.unit, figures)
    unreported = _rounded(line.expected_unreported or None, line.unit, figures)
    return Row((*_sku_cells(line), *sums, unchecked, unreported), under(names[line.provider, line.sku]))


def _rounded(value: Decimal | None, unit: str | None, figures: AuditFigures) -> Cell:
    return amount(None if value is None else rounded(value, figures.places_of(unit)), value)


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
