"""A dispute: what a vendor charged beyond its own rate card, as a value that the whole pack is written from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.audit import Audit, AuditedRequest, Finding
from billing.auditor import requests, usage_of
from billing.rating import Rating
from pricing.amounts import EXACT
from pricing.calculator import Charge, rate
from pricing.catalog import RatePeriod
from pricing.excerpts import excerpt
from pricing.rates import RateCard
from reports.audit_report import period_of, titled
from reports.exports.audited import Audited
from reports.exports.files import ExportError
from reports.exports.rows import SourceFile, Tally, source_files

#: So many requests have their arithmetic in the letter.
EXAMPLES = 10


class ChoiceError(ExportError):
    """Findings were chosen that no letter can be about."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a finding, or of several in one unit: `charged - expected - refunded = to_credit`."""

    unit: str
    requests: int
    charged: Decimal
    refunded: Decimal
    """What refunds gave back of these charges already."""
    expected: Decimal
    to_credit: Decimal
    usd: Decimal | None
    """What is to be credited, in dollars; None where the unit's value is unknown for any of it."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Everything that the letter says, computed apart from writing it."""

    provider: str
    vendor: str
    """The vendor's name on its card."""
    title: str
    audit: Audit
    findings: tuple[tuple[Finding, Sums], ...]
    """What is claimed, by name of the finding."""
    due: tuple[Sums, ...]
    """The sums of it, one per unit."""
    undercharged: tuple[Sums, ...]
    """What the same vendor charged too little in the same time; no part of the claim."""
    unchecked: int
    """Requests to the vendor in that time whose charge could not be checked."""
    examples: tuple[tuple[AuditedRequest, Charge | None], ...]
    periods: tuple[RatePeriod, ...]
    """The rates that the disputed requests were rated by."""
    card: RateCard | None
    """These rates as a card of their own; None if there is no card of this vendor."""
    failures: tuple[tuple[int, int], ...]
    """HTTP statuses of failed requests that were charged, and how many there are of each."""
    sources: tuple[SourceFile, ...]
    """The logs that the rows stand in."""


def claimed(audit: Audit, ids: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Return the findings to dispute: those of these names, or else all in which more was charged than is due.

    Raise ChoiceError if a name is unknown, if there is nothing to get back for it, or if they are of several vendors.
    """
    known = {each.id: each for each in audit.findings}
    if unknown := [name for name in ids if name not in known]:
        raise ChoiceError(f"no finding {unknown[0]}; there are: {', '.join(known) or 'none'}")
    if wrong := [known[name] for name in ids if not _is_claim(known[name])]:
        raise ChoiceError(f"{wrong[0].id}: nothing to get back: {wrong[0].sentence}")
    found = tuple(each for each in audit.findings if _is_claim(each) and (not ids or each.id in ids))
    providers = sorted({str(each.provider) for each in found})
    if len(providers) > 1:
        raise ChoiceError(f"findings of {', '.join(providers)}: choose one with --provider, for each gets a letter")
    return found


def dispute(audited: Audited, findings: tuple[Finding, ...], tally: Tally, names: Mapping[int, str]) -> Dispute:
    """Make the dispute of these findings, whose rows were counted. `names` are those of loads."""
    rating, audit = audited.rating, audited.audit
    provider = str(findings[0].provider)
    periods = tuple(rating.periods[card_id] for card_id in sorted(tally.cards))
    has_card = provider in rating.catalog.providers
    card = excerpt(rating.catalog, provider, periods, tally.failures) if has_card and periods else None
    sums = [_sums(each, tally.usd[each.id]) for each in findings]
    under = [each for each in audit.findings if each.provider == provider and each.variance < 0]
    return Dispute(
        provider=provider,
        vendor=rating.catalog.card(provider).name if has_card else provider,
        title=titled("Disputed charges", period_of(audit, audited.selection)),
        audit=audit,
        findings=tuple(zip(findings, sums, strict=True)),
        due=_by_unit(sums),
        undercharged=_by_unit([_sums(each, each.usd) for each in under]),
        unchecked=sum(gap.requests for gap in audit.gaps if gap.provider == provider),
        examples=_examples(rating, audit.tolerance, findings),
        periods=periods,
        card=card,
        failures=tuple(sorted(tally.failures.items())),
        sources=source_files(audited.ledger, names, tally),
    )


def _is_claim(finding: Finding) -> bool:
    return finding.variance > finding.refunded and finding.provider is not None


def _sums(finding: Finding, usd: Decimal | None) -> Sums:
    to_credit = EXACT.subtract(finding.variance, finding.refunded)
    return Sums(
        finding.unit, finding.requests, finding.charged, finding.refunded, finding.expected, to_credit, usd
    )  # fmt: skip


def _by_unit(parts: Sequence[Sums]) -> tuple[Sums, ...]:
    units = sorted({each.unit for each in parts})
    return tuple(_added([each for each in parts if each.unit == unit]) for unit in units)


def _added(parts: Sequence[Sums]) -> Sums:
    usd = [each.usd for each in parts if each.usd is not None]
    return Sums(
        parts[0].unit,
        sum(each.requests for each in parts),
        _total(each.charged for each in parts),
        _total(each.refunded for each in parts),
        _total(each.expected for each in parts),
        _total(each.to_credit for each in parts),
        _total(usd) if len(usd) == len(parts) else None,
    )


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _examples(
    rating: Rating, tolerance: Decimal, findings: Sequence[Finding]
) -> tuple[tuple[AuditedRequest, Charge | None], ...]:
    """Take the largest variance of each finding, then the second largest of each, and so on."""
    sampled = requests(rating, tolerance, most=EXAMPLES)
    of_finding = [[each for each in sampled if each[0].finding == finding.id] for finding in findings]
    ranked = [sorted(each, key=lambda sample: _rank(sample[0])) for each in of_finding]
    taken = [each[place] for place in range(EXAMPLES) for each in ranked if place < len(each)][:EXAMPLES]
    return tuple((request, None if period is None else rate(usage_of(request), period)) for request, period in taken)


def _rank(request: AuditedRequest) -> tuple[Decimal, str, str]:
    return -(request.variance or Decimal(0)), str(request.at), request.request_id
