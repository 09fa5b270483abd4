"""The drill-down of an audit: from a finding to its requests, and from a request to its arithmetic."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from billing.audit import Audit, AuditedRequest, Finding
from pricing.amounts import plain
from reports import words
from reports.arithmetic import Arithmetic, arithmetic
from reports.audit_figures import AuditFigures
from reports.audit_tables import Names, Samples, severity_cell, under, variance_style
from reports.figures import at_least, count, money, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text

#: Requests that the page carries, of one finding or verdict and in all; every other is a command away.
_MOST_OF_GROUP, _MOST = 12, 90


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
    sku_hash: str = ""
    """The filter for its SKU on any page."""


def groups(audit: Audit, samples: Samples, figures: AuditFigures, names: Names) -> tuple[Group, ...]:
    """Return the sample requests by finding, then those of no finding by verdict."""
    of_finding = {each.id: [sample for sample in samples if sample[0].finding == each.id] for each in audit.findings}
    others = [sample for sample in samples if sample[0].finding not in of_finding]
    of_verdict = {
        code: of
        for code in dict.fromkeys((*words.VERDICTS, *(request.verdict for request, _ in others)))
        if (of := [sample for sample in others if sample[0].verdict == code])
    }
    most = _level([len(of) for of in (*of_finding.values(), *of_verdict.values())])
    found = [_finding_group(audit, each, of_finding[each.id][:most], figures, names) for each in audit.findings]
    found += [_verdict_group(audit, code, _some(of, most), figures, names) for code, of in of_verdict.items()]
    return tuple(found)


def request_data(found: Sequence[Group]) -> dict[str, object]:
    """Return the arithmetic of every request, for the script that shows it; each text is told once, then numbered."""
    numbers: dict[str, int] = {}

    def told(*texts: str) -> list[int]:
        return [numbers.setdefault(each, len(numbers)) for each in texts]

    of = {
        group.table.id: [
            [
                *told(each.unit),
                [told(step.kind, step.count, step.rate, step.amount) for step in each.steps],
                [told(*line) for line in each.outcome],
                [told(*fact) for fact in each.facts],
            ]
            for each in group.arithmetic
        ]
        for group in found
    }
    return {"of": of, "texts": list(numbers)}


def explain_command(ledger_name: str) -> str:
    """Return the command that shows the arithmetic of any request."""
    return f"tallystick explain --ledger {shlex.quote(ledger_name)} REQUEST_ID"


def rest_command(ledger_name: str, options: Sequence[str]) -> str:
    """Return the command that gives every figure of the audit to a script."""
    return shlex.join(["tallystick", "audit", "--ledger", ledger_name, *options, "--format", "json"])


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
        _of(len(samples), each.requests, ", the largest variances first"),
        _finding_table(each, samples, figures),
        tuple(arithmetic(request, charge) for request, charge in samples),
        Row((), under(names[each.provider, each.sku], each.verdict, each.id)),
        urlencode({"sku": f"{each.provider or ''} {each.sku}"}),
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
        _verdict_table(code, samples, figures, names),
        tuple(arithmetic(request, charge) for request, charge in samples),
        Row((), under(None, code, finding=None)),
    )


def _level(sizes: Sequence[int]) -> int:
    """Return how many requests of each group fit onto the page."""
    fitting = (most for most in range(1, _MOST_OF_GROUP + 1) if sum(min(most, size) for size in sizes) <= _MOST)
    return max(fitting, default=1)


def _some(samples: Samples, most: int) -> Samples:
    """Take the first of each SKU, then the second of each, and so on."""
    seen = Counter[tuple[str | None, str]]()
    turns: list[int] = []
    for request, _ in samples:
        seen[request.provider, request.sku] += 1
        turns.append(seen[request.provider, request.sku])
    chosen = sorted(range(len(samples)), key=turns.__getitem__)[:most]
    return [samples[index] for index in sorted(chosen)]


def _of(shown: int, requests: int, order: str = "") -> str:
    if not shown:
        return "None of them is here."
    if shown == requests:
        return "Every one of them is here."
    are = "is" if shown == 1 else "are"
    return f"{shown:,} of {count(requests, 'request')} {are} here{order}."


def _finding_table(each: Finding, samples: Samples, figures: AuditFigures) -> Table:
    """Return the sample requests of a finding, which are all of one SKU and unit and shown under its filters."""
    unit = unit_name(each.unit)
    columns = (
        Column("Request", style="code"), Column("Time, UTC", style="day"), Column("Tokens", is_number=True),
        Column(f"Charged, {unit}", is_number=True), Column(f"Expected, {unit}", is_number=True),
        Column(f"Variance, {unit}", is_number=True),
    )  # fmt: skip
    rows = tuple(Row((*_told(request), *_amounts(request, figures))) for request, _ in samples)
    return Table(f"requests-{each.id}", f"Sample requests of {each.id}", columns, rows)


def _verdict_table(code: str, samples: Samples, figures: AuditFigures, names: Names) -> Table:
    columns = (
        Column("Request", style="code"), Column("Time, UTC", style="day"), Column("Tokens", is_number=True),
        Column("Charged", is_number=True), Column("Expected", is_number=True), Column("Variance", is_number=True),
        Column("Unit"), Column("SKU", style="name"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                *_told(request), *_amounts(request, figures), text(request.unit and unit_name(request.unit)),
                text(request.sku),
            ),
            under(names[request.provider, request.sku], request.verdict, finding=None),
        )
        for request, _ in samples
    )  # fmt: skip
    return Table(f"requests-verdict-{code}", f"Sample requests: {words.verdict(code)}", columns, rows)


def _told(request: AuditedRequest) -> tuple[Cell, ...]:
    return text(request.request_id), text(words.instant(request.at)), number(sum(request.tokens.values()))


def _amounts(request: AuditedRequest, figures: AuditFigures) -> tuple[Cell, ...]:
    """Return what was charged and expected, and the variance, with all their digits."""
    places = figures.places_of(request.unit) if request.unit else 0
    charged, expected, variance = (
        None if exact is None else at_least(plain(exact), places)
        for exact in (request.charged, request.expected, request.variance)
    )
    style = variance_style(request.variance) if request.variance is not None else ""
    return amount(charged), amount(expected), amount(variance, with_sign=True, style=style)
