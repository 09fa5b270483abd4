"""The match of an invoice in plain words: what is asked, what the card gives, and what the difference is made of."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billing.invoicing.closed_periods import ClosedPeriod
from billing.invoicing.invoice_rounding import DEFAULT, Rule
from billing.invoicing.matching import WRONG, Line
from billing.invoicing.reconciliation import Reconciliation
from pricing.amounts import from_pico
from reports.figures import adding_up, beside, count, exactly, grouped, money
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
    "refund.not_in_log": "given back by the invoice, but not in your log",
    "adjustment.not_in_log": "adjusted by the vendor, with nothing like it in your log",
    "top_up.not_in_log": "bought by the invoice, but not in your ledger",
    "bonus.not_in_log": "given on top by the invoice, but not in your ledger",
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
    return " ".join([*_kept(found.closed), *_asked(found), *_beside(found)])


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


def _asked(found: Reconciliation) -> Iterator[str]:
    """Yield what is asked and what is due, and what the difference is made of: rounded, and adding up all the same."""
    invoice, total = found.invoice, found.total
    asked, due = from_pico(total.invoiced or 0), from_pico(total.expected or 0)
    shown = beside(asked, due, invoice.places)
    what = f"Invoice {invoice.id} of {invoice.provider} asks {money(shown.charged, invoice.currency)}"
    when = period(invoice.start, invoice.end)
    if total.metered is None and found.known_at is None:
        yield f"{what} for {when}; there is neither a rate card nor a request of that provider."
    elif asked == due:
        yield f"{what} for {when}, and so says the rate card."
    else:
        card, size = money(shown.expected, invoice.currency), money(abs(shown.variance), invoice.currency)
        yield f"{what} for {when}; the rate card gives {card}, {size} {'more' if asked > due else 'less'} is asked."
    if total.parts:
        amounts = adding_up([from_pico(part.amount) for part in total.parts], shown.variance, invoice.places)
        parts = (
            f"{grouped(amount)} {cause(part.cause)}"
            + (f" ({count(part.requests, 'request')})" if part.requests else "")
            for amount, part in zip(amounts, total.parts, strict=True)
        )
        yield f"That is: {'; '.join(parts)}."
    wrong = sum(line.verdict in WRONG for line in found.lines)
    yield (
        f"{count(wrong, 'line')} {'is' if wrong == 1 else 'are'} beyond tolerance."
        if wrong
        else "Nothing is beyond tolerance."
    )


def _beside(found: Reconciliation) -> Iterator[str]:
    """Yield what stands in no sum."""
    carried = sum(line.invoiced or 0 for line in found.lines if line.kind in ("tax", "fee"))
    left_out = [
        (carried, f"taxes and fees of {exactly(from_pico(carried), found.invoice.currency)}"),
        (len(found.corrections()), f"{count(len(found.corrections()), 'correction')} of closed periods"),
        (found.conflicts, f"{count(found.conflicts or 0, 'conflict')} with another record of the same id"),
        (found.untimed, f"{count(found.untimed or 0, 'request')} whose log tells no time"),
    ]
    parts = [text for number, text in left_out if number]
    if parts:
        yield f"Not in these sums: {', '.join(parts)}."


def decimal(amount: int | None) -> Decimal | None:
    """Return pico-units as an exact amount; None stays None."""
    return None if amount is None else from_pico(amount)


def named(line: Line) -> str:
    """Return how a line is called: by its number, or by what it is."""
    return "total" if line.kind == "total" else "" if line.line is None else str(line.line)
