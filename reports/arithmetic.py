"""The arithmetic of one request as shown: its lines, the exact sum, the rule that rounds it, and the outcome."""

from dataclasses import dataclass
from decimal import Decimal

from billing.audit import AuditedRequest
from pricing.amounts import plain
from pricing.calculator import Charge, Line
from reports import words
from reports.figures import UNKNOWN, grouped, signed, unit_name


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a request's arithmetic, as shown."""

    kind: str
    count: str
    rate: str
    amount: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The arithmetic of one request: lines that make the exact sum, the rule that rounds it, and the outcome."""

    steps: tuple[Step, ...]
    unit: str
    outcome: tuple[tuple[str, str, str], ...]
    """Name, figure and a word on it, in the order of the sum."""
    facts: tuple[tuple[str, str], ...]
    """Where the request and the rates stand."""


def arithmetic(request: AuditedRequest, charge: Charge | None) -> Arithmetic:
    """Return the arithmetic of a request as shown: what `explain` says of it."""
    unit = request.unit or (charge.unit if charge else None) or ""
    steps = () if charge is None else tuple(_step(line) for line in charge.lines)
    outcome = tuple(_outcome(request, charge, unit))
    return Arithmetic(steps, unit_name(unit) if unit else "unit", outcome, _facts(request, charge))


def _step(line: Line) -> Step:
    per = " each" if line.is_fee else ""
    return Step(
        words.kind(line.kind),
        f"{line.count:,}",
        UNKNOWN if line.rate is None else f"{grouped(plain(line.rate))}{per}",
        "unpriced" if line.amount is None else grouped(plain(line.amount)),
    )


def _outcome(request: AuditedRequest, charge: Charge | None, unit: str) -> list[tuple[str, str, str]]:
    lines: list[tuple[str, str, str]] = []
    if request.exact is not None:
        lines.append(("Exact sum", grouped(plain(request.exact)), ""))
    elif charge is not None and charge.upper is not None and charge.lines and request.expected is None:
        bounds = f"{grouped(plain(charge.lower))} to {grouped(plain(charge.upper))}"
        lines.append(("Exact sum", "unknown", f"between its bounds: {bounds}"))
    if request.verdict == "charged_failure":
        rule = "nothing is owed for a request that failed"
    elif request.exact is None and request.expected is not None:
        rule = "nothing is owed for a call that was charged before"
    elif request.reason:
        rule = words.reason(request.reason)
    else:
        rule = words.rounding(charge.period.block.rounding, unit) if charge and charge.period else ""
    lines.append(("Expected", _amount_text(request.expected), rule))
    lines.append(("Charged", _amount_text(request.charged), "" if request.charged is not None else "not reported"))
    variance = "unknown" if request.variance is None else signed(plain(request.variance))
    lines.append(("Variance", variance, "charged less expected"))
    if request.refunded:
        lines.append(("Refunded", _amount_text(request.refunded), "given back already"))
    return lines


def _amount_text(amount_or_none: Decimal | None) -> str:
    return "unknown" if amount_or_none is None else grouped(plain(amount_or_none))


def _facts(request: AuditedRequest, charge: Charge | None) -> tuple[tuple[str, str], ...]:
    facts = [("Stands in", f"{request.path}:{request.line}"), ("Status", request.status),
             ("Service tier", request.service_tier)]  # fmt: skip
    if request.project:
        facts.append(("Project", request.project))
    if charge is not None and charge.period is not None:
        block, source = charge.period.block, charge.period.source
        facts.append(("Rates from", f"{source.title} ({source.document}): {block.field}; observed {block.observed_on}"))
        facts.append(("In force", words.period(charge.period.valid_from, charge.period.valid_to)))
        if block.rounding.evidence:
            facts.append(("Rounding known by", block.rounding.evidence))
    return tuple(facts)
