"""The tables of the findings: what was found, what could not be checked, and the sums of each SKU."""

from decimal import Decimal

from billing.audit import Audit, Finding, Gap, SkuLine
from reports import words
from reports.audit_figures import AuditFigures, gap_key, sku_key
from reports.audit_tables import Names, severity_cell, under, variance_style
from reports.figures import UNKNOWN, dollars, exact, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text


def findings(audit: Audit, figures: AuditFigures, names: Names) -> Table:
    """Return the findings, the largest first."""
    columns = (
        Column("Finding"), Column("Severity"), Column("What we found", style="sentence"),
        Column("Requests", is_number=True), Column(_heading("Variance", audit), is_number=True), *_unit_column(audit),
        Column("Variance, USD", is_number=True), Column("Evidence"), Column("Pattern"), Column("Provider"),
        Column("SKU", style="name"), Column("Rule", style="code"),
    )  # fmt: skip
    rows = tuple(_finding_row(audit, each, figures, names) for each in audit.findings)
    empty = "No finding: every checked charge is right." if any(total.checked for total in audit.totals) else (
        "No finding, for nothing could be checked."
    )  # fmt: skip
    return Table("findings", "Findings, the largest first", columns, rows, empty)


def gaps(audit: Audit, figures: AuditFigures, names: Names) -> Table:
    """Return the usage that can't be priced or checked."""
    columns = (
        Column("Evidence"), Column("Why it could not be checked", style="sentence"),
        Column("Requests", is_number=True), Column("Tokens", is_number=True),
        Column("Charged, in unit", is_number=True), Column("Unit"), Column("Provider"), Column("SKU", style="name"),
        Column("Reason", style="code"),
    )  # fmt: skip
    rows = tuple(_gap_row(gap, figures, names) for gap in audit.gaps)
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


def _one_unit(audit: Audit) -> str | None:
    """Return the unit of all findings if it is one, so that the heading can name it."""
    units = {each.unit for each in audit.findings} or {total.unit for total in audit.totals}
    return next(iter(units)) if len(units) == 1 else None


def _heading(name: str, audit: Audit) -> str:
    unit = _one_unit(audit)
    return f"{name}, in unit" if unit is None else f"{name}, {unit_name(unit)}"


def _unit_column(audit: Audit) -> tuple[Column, ...]:
    return () if _one_unit(audit) else (Column("Unit"),)


def _finding_row(audit: Audit, each: Finding, figures: AuditFigures, names: Names) -> Row:
    shown = figures.findings[each.id].variance
    usd = Cell(UNKNOWN, "") if each.usd is None else Cell(dollars(each.usd, with_sign=True), exact(each.usd))
    unit = () if _one_unit(audit) else (text(unit_name(each.unit)),)
    cells = (
        Cell(each.id, each.id, link=each.id), severity_cell(audit, each), text(each.sentence), number(each.requests),
        amount(shown, each.variance, with_sign=True, style=variance_style(each.variance)), *unit, usd,
        text(words.evidence(each.evidence, each.ties)), text(each.pattern), text(each.provider), text(each.sku),
        text(each.rule),
    )  # fmt: skip
    return Row(cells, under(names[each.provider, each.sku], each.verdict, each.id))


def _gap_row(gap: Gap, figures: AuditFigures, names: Names) -> Row:
    verdict = words.verdict_of_reason(gap.reason)
    shown = None if gap.charged is None else figures.gaps.get(gap_key(gap), gap.charged)
    cells = (
        text(words.verdict(verdict).lower()), text(words.reason(gap.reason)), number(gap.requests), number(gap.tokens),
        amount(shown, gap.charged), text(gap.unit and unit_name(gap.unit)), text(gap.provider), text(gap.sku),
        text(gap.reason),
    )  # fmt: skip
    return Row(cells, under(names[gap.provider, gap.sku], verdict, finding=None))


def _sku_cells(line: SkuLine) -> tuple[Cell, ...]:
    unit = line.unit and unit_name(line.unit)
    return text(line.provider), text(line.sku), text(unit), number(line.requests)


def _sku_row(line: SkuLine, figures: AuditFigures, names: Names) -> Row:
    key = sku_key(line)
    shown = figures.skus.get(key) if line.checked else None
    sums = (amount(None),) * 3 if shown is None else (
        amount(shown.charged, line.charged), amount(shown.expected, line.expected),
        amount(shown.variance, line.variance, with_sign=True, style=variance_style(line.variance)),
    )  # fmt: skip
    unchecked = _known(figures.unchecked.get(key), line.charged_unchecked)
    unreported = _known(figures.unreported.get(key), line.expected_unreported)
    return Row((*_sku_cells(line), *sums, unchecked, unreported), under(names[line.provider, line.sku]))


def _known(shown: Decimal | None, whole: Decimal) -> Cell:
    """Return a cell of a sum over what is known of it; a dash where that is nothing."""
    return amount(shown if whole else None, whole)
