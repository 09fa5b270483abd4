"""The match of an invoice in plain words: what is asked, what the card gives, and what the difference is made of."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billing.closed_periods import ClosedPeriod
from billing.invoice_rounding import DEFAULT, Rule
from billing.matching import Line
from billing.metering import Part
from billing.reconciliation import Reconciliation
from pricing.amounts import from_pico
from reports.figures import count, exactly
from reports.words import cause as cause_of_audit

_CAUSES: Mapping[str, str] = {
    "not_in_log": "invoiced, but not in your log",
    "not_invoiced": "in your log, but not invoiced",
    "unpriced": "charges that have no price to check them by",
    "unmetered": "requests that report no charge and can't be priced",
    "charge.refunded": "charged wrongly and given back",
    "refund": "given back",
    "adjustment": "adjusted by the vendor",
    "rounding": "rounding of the invoice",
    "top_up": "bought",
    "bonus": "given on top",
}
VERDICTS: Mapping[str, str] = {
    "matched": "matched",
    "overcharged": "too much",
    "undercharged": "too little",
    "unpriced": "can't be checked",
    "not_in_log": "not in your log",
    "not_invoiced": "not invoiced",
    "carried": "as it is",
    "correction": "correction",
}
_MODES = {"none": "not rounded", "half_up": "rounded half up", "down": "cut", "up": "rounded up"}


def cause(code: str) -> str:
    """Return a cause in a few words."""
    if code in _CAUSES:
        return _CAUSES[code]
    words = cause_of_audit(code)
    return words[:1].lower() + words[1:]


def sentence(found: Reconciliation) -> str:
    """Return what the invoice asks, what is due, and why they differ, in plain sentences."""
    return " ".join([*_kept(found.closed), _asked(found), *_parts(found), *_beside(found)])


def rule(found: Rule) -> str:
    """Return in words how the invoice is worked out."""
    start = "what the rate card says" if found.follows_card else "the charges that were reported"
    exact = ", each taken before it was rounded" if found.is_exact else ""
    net = ", less what was given back" if found.is_net else ""
    assumed = " (taken for granted)" if found == DEFAULT else ""
    return f"the sum of {start}{exact}{net}, {_MODES[found.mode]}{assumed}"


def period(start: datetime, end: datetime) -> str:
    """Return a billing period: a month by its name, all else by its first and its last day.

    >>> from datetime import UTC
    >>> period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    '2026-10'
    """
    midnights = start.time() == end.time() == datetime.min.time()
    if midnights and start.day == end.day == 1 and (start.replace(day=28) + timedelta(days=5)).replace(day=1) == end:
        return f"{start:%Y-%m}"
    if midnights:
        return f"{start:%Y-%m-%d} to {end - timedelta(days=1):%Y-%m-%d}"
    return f"{start:%Y-%m-%dT%H:%MZ} to before {end:%Y-%m-%dT%H:%MZ}"


def _kept(closed: ClosedPeriod | None) -> Iterator[str]:
    if closed is not None:
        yield f"This period was closed on {closed.closed_at:%Y-%m-%d}, and this is what was answered then."


def _asked(found: Reconciliation) -> str:
    invoice, total = found.invoice, found.total
    when = period(invoice.start, invoice.end)
    what = f"Invoice {invoice.id} of {invoice.provider} asks {_money(total.invoiced, found)} for {when}"
    if total.invoiced == total.expected:
        return f"{what}, and so says the rate card."
    difference = (total.invoiced or 0) - (total.expected or 0)
    more = "more" if difference > 0 else "less"
    due, size = _money(total.expected, found), _money(abs(difference), found)
    return f"{what}; the rate card gives {due}: {size} {more} is asked."


def _parts(found: Reconciliation) -> Iterator[str]:
    if found.total.parts:
        yield "Of the difference " + "; ".join(_part(part, found) for part in found.total.parts) + "."
    if found.has_variance:
        yield f"Beyond tolerance: {count(sum(line.cause is not None for line in found.lines), 'line')}."
    else:
        yield "Nothing is beyond tolerance."


def _part(part: Part, found: Reconciliation) -> str:
    requests = "" if part.requests is None else f" ({count(part.requests, 'request')})"
    return f"{_money(part.amount, found)}: {cause(part.cause)}{requests}"


def _beside(found: Reconciliation) -> Iterator[str]:
    """Yield what stands in no sum."""
    carried = [line for line in found.lines if line.kind in ("tax", "fee")]
    if carried:
        amount = sum(line.invoiced or 0 for line in carried)
        yield f"Taxes and fees, {_money(amount, found)}, are in no sum."
    if late := found.corrections():
        yield f"{count(len(late), 'correction')} of closed periods came in since."
    if found.untimed:
        yield f"{count(found.untimed, 'request')} of this vendor tell no time, and are in no period."
    if found.conflicts:
        yield f"{count(found.conflicts, 'record')} conflict with another of the same id, and are in no sum."


def _money(amount: int | None, found: Reconciliation) -> str:
    return exactly(from_pico(amount or 0), found.invoice.currency)


def decimal(amount: int | None) -> Decimal | None:
    """Return pico-units as an exact amount; None stays None."""
    return None if amount is None else from_pico(amount)


def named(line: Line) -> str:
    """Return how a line is called: by its number, or by what it is."""
    return "total" if line.kind == "total" else "" if line.line is None else str(line.line)
