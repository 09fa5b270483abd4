"""The drill-down of an audit: from a finding to its requests, and from a request to its arithmetic."""

import shlex
from dataclasses import dataclass
from decimal import Decimal

from billing.audit import Audit, AuditedRequest, Finding
from pricing.amounts import plain
from reports import words
from reports.arithmetic import Arithmetic, arithmetic
from reports.audit_figures import AuditFigures
from reports.audit_tables import Names, Samples, severity_cell, under, variance_style
from reports.figures import at_least, count, money, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text


@dataclass(frozen=True, slots=True)
class Group:
    """The sample requests of one finding, or of one verdict that is no finding."""

    id: str
    name: str
    severity: Cell | None
    summary: str
    sentence: str
    shown: str
    """How many of how many requests are here."""
    table: Table
    arithmetic: tuple[Arithmetic, ...]
    """One per row of the table."""
    filter_by: Row
    """What the filter bar knows the whole group by."""


def groups(audit: Audit, samples: Samples, figures: AuditFigures, names: Names) -> tuple[Group, ...]:
    """Return the sample requests by finding, then those of no finding by verdict."""
    of_finding = {each.id: [sample for sample in samples if sample[0].finding == each.id] for each in audit.findings}
    found = [_finding_group(audit, each, of_finding[each.id], figures, names) for each in audit.findings]
    others = [sample for sample in samples if sample[0].finding not in of_finding]
    of_verdict = {
        code: [sample for sample in others if sample[0].verdict == code]
        for code in (*words.VERDICTS, *(request.verdict for request, _ in others))
    }
    found += [_verdict_group(audit, code, of, figures, names) for code, of in of_verdict.items() if of]
    return tuple(found)


def explain_command(ledger_name: str) -> str:
    """Return the command that shows the arithmetic of any request."""
    return f"tallystick explain --ledger {shlex.quote(ledger_name)} REQUEST_ID"


def rest_command(ledger_name: str) -> str:
    """Return the command that gives every figure of the audit to a script."""
    return f"tallystick audit --ledger {shlex.quote(ledger_name)} --format json"


def _finding_group(audit: Audit, each: Finding, samples: Samples, figures: AuditFigures, names: Names) -> Group:
    shown = figures.findings[each.id]
    variance = money(shown.variance, each.unit, with_sign=True)
    spent = f"charged {money(shown.charged, each.unit)}, expected {money(shown.expected, each.unit)}"
    times = f"first {words.minute(each.first_at)}, last {words.minute(each.last_at)}"
    return Group(
        each.id,
        f"{each.id} {words.cause(each.cause)}",
        severity_cell(audit, each),
        f"{each.sku}: {variance} in {count(each.requests, 'request')}",
        f"{each.sentence} In sum: {spent}; {times}.",
        _of(len(samples), each.requests),
        _table(each.id, samples, figures, names, each.id),
        tuple(arithmetic(request, charge) for request, charge in samples),
        Row((), under(names[each.provider, each.sku], each.verdict, each.id)),
    )


def _verdict_group(audit: Audit, code: str, samples: Samples, figures: AuditFigures, names: Names) -> Group:
    meaning = words.VERDICTS[code][1] if code in words.VERDICTS else ""
    requests = audit.verdicts.get(code, len(samples))
    return Group(
        f"verdict-{code}",
        words.verdict(code),
        None,
        count(requests, "request"),
        meaning,
        _of(len(samples), requests),
        _table(f"verdict-{code}", samples, figures, names, None),
        tuple(arithmetic(request, charge) for request, charge in samples),
        Row((), under(None, code, finding=None)),
    )


def _of(shown: int, requests: int) -> str:
    if not shown:
        return "None of them is here."
    if shown == requests:
        return "Every one of them is here."
    are = "is" if shown == 1 else "are"
    return f"{shown:,} of {count(requests, 'request')} {are} here, the largest variances first."


def _table(group: str, samples: Samples, figures: AuditFigures, names: Names, finding: str | None) -> Table:
    columns = (
        Column("Request", style="code"), Column("Time, UTC", style="day"), Column("SKU", style="name"),
        Column("Tokens", is_number=True), Column("Charged", is_number=True), Column("Expected", is_number=True),
        Column("Variance", is_number=True), Column("Unit"), Column("Verdict"),
    )  # fmt: skip
    rows = tuple(
        Row(_cells(each, figures), under(names[each.provider, each.sku], each.verdict, finding)) for each, _ in samples
    )
    return Table(f"requests-{group}", f"Sample requests of {group}", columns, rows)


def _cells(request: AuditedRequest, figures: AuditFigures) -> tuple[Cell, ...]:
    """Return what is shown of a request: its amounts with all their digits."""
    places = figures.places_of(request.unit) if request.unit else 0

    def lined_up(exact: Decimal | None) -> Decimal | None:
        return None if exact is None else at_least(plain(exact), places)

    style = variance_style(request.variance) if request.variance is not None else ""
    return (
        text(request.request_id), text(words.instant(request.at)), text(request.sku),
        number(sum(request.tokens.values())), amount(lined_up(request.charged)), amount(lined_up(request.expected)),
        amount(lined_up(request.variance), with_sign=True, style=style),
        text(request.unit and unit_name(request.unit)), text(words.verdict(request.verdict)),
    )  # fmt: skip
