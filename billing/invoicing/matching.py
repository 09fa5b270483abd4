"""One line of an invoice beside what the ledger holds and what the rate card says, and what the difference is made of.

Amounts are whole pico-units of the invoice's currency. The parts of a line add up to what is invoiced less what is
expected; where nothing is expected, for the rate card says nothing of refunds, they add up to what is invoiced.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from billing.invoicing.invoice_rounding import Rule
from billing.invoicing.invoices import Invoice, InvoiceLine
from billing.invoicing.metering import Held, Part
from pricing.amounts import PICO_PER_UNIT, to_pico

#: Verdicts that are beyond tolerance.
WRONG = frozenset({"overcharged", "undercharged", "not_in_log", "not_invoiced"})
#: Causes that accuse nobody: what a charge that was given back comes to is held against the refund.
NO_FAULT = frozenset({"rounding", "unpriced", "unmetered", "charge.refunded"})
#: What the ledger holds of entries that the rate card says nothing of.
_BOOKED = frozenset({"refund", "adjustment", "top_up", "bonus"})
_TOKENS = frozenset({"tokens", "Mtok"})


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The difference that is let pass: in units, in percent of what is expected, or the stricter of both."""

    amount: Decimal | None = None
    percent: Decimal | None = None

    def lets_pass(self, rest: int, expected: int) -> bool:
        """Tell whether that difference is within tolerance."""
        limits = [] if self.amount is None else [to_pico(self.amount)]
        if self.percent is not None:
            limits.append(abs(expected) * to_pico(self.percent) // (100 * PICO_PER_UNIT))
        return abs(rest) <= min(limits, default=0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice and what was found of it, or what the ledger holds and the invoice does not name.

    `metered` is what requests, refunds or the account report; `expected` is what the rate card says. None is unknown.
    `quantity` and `held_quantity` are in pico-units of `unit`.
    """

    line: int | None
    file_line: int | None
    kind: str
    sku: str | None
    start: datetime
    end: datetime
    invoiced: int | None
    metered: int | None
    expected: int | None
    verdict: str
    parts: tuple[Part, ...] = ()
    beyond: int = 0
    """The difference less rounding, and less what nobody can price: what the tolerance is held against."""
    quantity: int | None = None
    held_quantity: int | None = None
    unit: str | None = None
    requests: int | None = None
    unpriced: int = 0
    """Requests of it that nobody can price."""

    @property
    def variance(self) -> int | None:
        """Invoiced less expected; None if either is unknown."""
        return None if self.invoiced is None or self.expected is None else self.invoiced - self.expected

    @property
    def cause(self) -> str | None:
        """The cause of most of what is wrong; None if nothing is."""
        faults = [part for part in self.parts if part.cause not in NO_FAULT | _BOOKED]
        if self.verdict not in WRONG or not faults:
            return None
        return max(faults, key=lambda part: abs(part.amount)).cause


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What lines of usage are held against: how the invoice is rounded, and what is let pass."""

    rule: Rule
    step: int
    tolerance: Tolerance
    dearest_token: int | None = None


def match_usage(line: InvoiceLine, held: Held, yardstick: Yardstick) -> Line:
    """Hold a line of usage against what the ledger holds of it and what the card says."""
    invoiced = to_pico(line.amount)
    rule = _rule_of(invoiced, held, yardstick)
    value = rule.value(held, yardstick.step)
    told = [Part("rounding", value - rule.base(held))] if not held.is_empty else []
    told += _of_base(held, rule)
    told += _of_rest(invoiced - value, line, held, yardstick)
    parts = merged(told)
    expected = held.expected if held.priced else None
    beyond = sum(part.amount for part in parts if part.cause not in NO_FAULT)
    quantity, held_quantity = _quantities(line, held)
    return Line(
        line.line, line.file_line, line.kind, line.sku, line.start, line.end, invoiced,
        held.charged if held.reported else None, expected, _verdict(held, beyond, yardstick.tolerance), parts, beyond,
        quantity, held_quantity, line.unit, held.requests, held.unpriced,
    )  # fmt: skip


def not_invoiced(sku: str, held: Held, invoice: Invoice, tolerance: Tolerance) -> Line:
    """Return usage that the ledger holds and no line of the invoice names."""
    is_small = held.priced > 0 and tolerance.lets_pass(held.expected, held.expected)
    return Line(
        None, None, "usage", sku, invoice.start, invoice.end, 0, held.charged if held.reported else None,
        held.expected if held.priced else None,
        "unpriced" if not held.priced else "matched" if is_small else "not_invoiced",
        merged([Part("not_invoiced", -held.expected, held.requests)]), -held.expected,
        requests=held.requests, unpriced=held.unpriced,
    )  # fmt: skip


def match_entry(line: InvoiceLine, booked: int | None, cause: str, tolerance: Tolerance) -> Line:
    """Hold a line that the rate card says nothing of against what is booked of it: a refund, a top-up, a bonus."""
    invoiced = to_pico(line.amount)
    beyond = invoiced - (booked or 0)
    if tolerance.lets_pass(beyond, booked or 0):
        verdict = "matched"
    elif booked is None:
        verdict = "not_in_log"
    else:
        verdict = "overcharged" if beyond > 0 else "undercharged"
    parts = merged([Part(cause, booked or 0), Part(f"{cause}.not_in_log" if booked is None else "unexplained", beyond)])
    return Line(
        line.line, line.file_line, line.kind, line.sku, line.start, line.end, invoiced, booked, None, verdict, parts,
        beyond, None if line.quantity is None else to_pico(line.quantity), None, line.unit,
    )  # fmt: skip


def carried(line: InvoiceLine) -> Line:
    """Return a tax or a fee as it is: shown, and never mixed with usage."""
    return Line(
        line.line, line.file_line, line.kind, line.sku, line.start, line.end, to_pico(line.amount), None, None,
        "carried", unit=line.unit, quantity=None if line.quantity is None else to_pico(line.quantity),
    )  # fmt: skip


def merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return one part per cause, without those of nothing; the largest first, rounding and the rest at the end."""
    by_cause: dict[str, Part] = {}
    for part in parts:
        before = by_cause.get(part.cause, Part(part.cause, 0))
        requests = [each for each in (before.requests, part.requests) if each is not None]
        by_cause[part.cause] = Part(
            part.cause, before.amount + part.amount, sum(requests) if requests else None,
            tuple(dict.fromkeys((*before.findings, *part.findings))),
        )  # fmt: skip
    last = ("rounding", "unexplained")
    return tuple(sorted(
        (part for part in by_cause.values() if part.amount),
        key=lambda part: (last.index(part.cause) if part.cause in last else -1, -abs(part.amount), part.cause),
    ))  # fmt: skip


def _rule_of(invoiced: int, held: Held, yardstick: Yardstick) -> Rule:
    """Return the invoice's rule, or the same from the card where that is what a line is: faults were not invoiced."""
    by_card = replace(yardstick.rule, follows_card=True)
    is_by_card = by_card.value(held, yardstick.step) == invoiced != yardstick.rule.value(held, yardstick.step)
    return by_card if is_by_card else yardstick.rule


def _of_base(held: Held, rule: Rule) -> Iterator[Part]:
    """Part what the rule starts from, less what is expected."""
    if not rule.follows_card:
        yield from held.causes
    yield Part("unpriced", held.unknown_charged, held.unpriced - held.unmetered)
    if rule.is_net:
        yield Part("refund", held.refunded, held.refunds)


def _of_rest(rest: int, line: InvoiceLine, held: Held, yardstick: Yardstick) -> Iterator[Part]:
    """Part what is invoiced beyond what the ledger's own charges come to.

    Usage that only one side counts explains as much of it as it can cost, and so does what nobody can price.
    """
    more = _more(line, held)
    if held.is_empty and not more:
        yield Part("not_in_log", rest)
        return
    if more and rest and (more > 0) == (rest > 0):
        most = abs(rest)
        if line.unit in _TOKENS and yardstick.dearest_token is not None:
            most = min(most, abs(more) * yardstick.dearest_token)
        part = most if rest > 0 else -most
        name = "not_in_log" if rest > 0 else "not_invoiced"
        yield Part(name, part, abs(more) if line.unit == "requests" else None)
        rest -= part
    if rest > 0 and held.unmetered:
        part = rest if held.unbounded else min(rest, held.unmetered_most)
        yield Part("unmetered", part, held.unmetered)
        rest -= part
    yield Part("unexplained", rest)


def _more(line: InvoiceLine, held: Held) -> int:
    """Return how many more tokens or requests the invoice counts than the ledger; 0 where it does not say."""
    if line.quantity is None:
        return 0
    if line.unit == "requests":
        counts = (held.requests, held.requests + held.failed)
        return 0 if int(line.quantity) in counts else int(line.quantity) - held.requests
    if line.unit in _TOKENS:
        scale = 6 if line.unit == "Mtok" else 0
        told = line.quantity.scaleb(scale)
        vague = Decimal(1).scaleb(scale + int(line.quantity.as_tuple().exponent)) if scale else Decimal(0)
        return 0 if abs(told - held.tokens) < vague else int(told) - held.tokens
    return 0


def _quantities(line: InvoiceLine, held: Held) -> tuple[int | None, int | None]:
    """Return what the invoice and what the ledger counts, in pico-units of the line's unit."""
    if line.quantity is None:
        return None, None
    counted = {
        "tokens": held.tokens * PICO_PER_UNIT,
        "Mtok": held.tokens * 10**6,
        "requests": held.requests * PICO_PER_UNIT,
    }
    return to_pico(line.quantity), counted.get(line.unit or "")


def _verdict(held: Held, beyond: int, tolerance: Tolerance) -> str:
    if tolerance.lets_pass(beyond, held.expected):
        return "matched" if held.priced else "unpriced" if held.unpriced else "matched"
    if held.is_empty:
        return "not_in_log"
    return "overcharged" if beyond > 0 else "undercharged"


def total_of(lines: Sequence[Line], invoice: Invoice, tolerance: Tolerance) -> Line:
    """Return the sum of the lines of usage, refunds and adjustments."""
    counted = [line for line in lines if line.kind in ("usage", "refund", "adjustment") and line.invoiced is not None]
    expected = sum(line.expected or 0 for line in counted)
    known = [line.metered for line in counted if line.metered is not None]
    parts = merged(part for line in counted for part in line.parts)
    # What was given back takes off what was charged too much; but if all lines are well, so is a refund of goodwill.
    with_refunds = sum(part.amount for part in parts if part.cause not in NO_FAULT)
    beyond = min(with_refunds, sum(line.beyond for line in counted), key=abs)
    is_well = tolerance.lets_pass(beyond, expected)
    return Line(
        None, None, "total", None, invoice.start, invoice.end, sum(line.invoiced or 0 for line in counted),
        sum(known) if known else None, expected,
        "matched" if is_well else "overcharged" if beyond > 0 else "undercharged", parts, beyond,
        requests=sum(line.requests or 0 for line in counted),
        unpriced=sum(line.unpriced for line in counted),
    )  # fmt: skip
