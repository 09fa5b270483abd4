"""The answer of an audit in plain sentences: what was charged, what the card says, and what is in no sum."""

from billing.audit import Audit, UnitTotals
from reports import words
from reports.figures import count, exactly


def answer(audit: Audit) -> str:
    """Return one sentence per unit, and one on what the sums leave out."""
    sentences = [_sentence(totals) for totals in audit.totals if totals.checked]
    if audit.is_empty:
        sentences = [f"There is no request to check. {words.held(audit.held)}"]
    elif not sentences:
        sentences = ["No request has both a charge and a price, so there is nothing to check."]
    return " ".join([*sentences, *_refunded(audit), *_partial(audit)])


def _sentence(totals: UnitTotals) -> str:
    charged, expected = exactly(totals.charged, totals.unit), exactly(totals.expected, totals.unit)
    if not totals.variance:
        return f"You were charged {charged} for {count(totals.checked, 'checked request')}, and so says the rate card."
    more = "too much" if totals.variance > 0 else "too little"
    dollars = f" ({exactly(abs(totals.usd), 'USD')})" if totals.usd is not None and totals.unit != "USD" else ""
    return (
        f"You were charged {charged} for {count(totals.checked, 'checked request')}; the rate card says {expected}: "
        f"{exactly(abs(totals.variance), totals.unit)}{dollars} {more}."
    )


def _refunded(audit: Audit) -> list[str]:
    """Say what was given back: it is in no charge and no variance above."""
    return [
        f"Of these charges {exactly(totals.refunded, totals.unit)} was refunded, which is not taken off them."
        for totals in audit.totals
        if totals.refunded
    ] + [
        f"{exactly(totals.refunds_unclaimed, totals.unit)} of refunds belongs to no charge here."
        for totals in audit.totals
        if totals.refunds_unclaimed
    ]


def _partial(audit: Audit) -> list[str]:
    left_out = [
        (audit.verdicts["unreported"], "reports no charge", "report no charge"),
        (audit.verdicts["unpriced"], "has no known price", "have no known price"),
        (audit.verdicts["incomplete"], "is a cut stream", "are cut streams"),
        (audit.conflicts, *["conflict with another record of the same id"] * 2),
        (audit.rejects, "was rejected", "were rejected"),
    ]
    parts = [f"{number:,} {one if number == 1 else many}" for number, one, many in left_out if number]
    return [f"Not in these sums: {', '.join(parts)}."] if parts else []
