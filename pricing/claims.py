"""The savings that vendors advertise, held against what their cards and the list prices say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pricing.catalog import Catalog
from pricing.models import Seller
from pricing.offers import Offer
from pricing.rates import Claim, RateCard, Source

Verdict = Literal["true", "partly", "false", "unknown"]


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A vendor's claim beside what one of its SKUs saves, as shares of the list price; below zero it is dearer.

    `saving` is that of the whole basket and `savings` those of the kinds in it; None where a price is unpublished. A
    claim of a range is true if all of them reach its lower end, partly if some do. A claim of "up to" is true if
    any reaches that figure, partly if something is saved.
    """

    seller: Seller
    claim: Claim
    source: Source
    saving: Fraction | None
    savings: Mapping[str, Fraction | None]
    verdict: Verdict


def checked_claims(catalog: Catalog, offers: Sequence[Offer]) -> tuple[CheckedClaim, ...]:
    """Hold each claim of a provider against each of its offers that is no list price itself."""
    return tuple(
        _checked(card, claim, offer)
        for offer in offers
        if not offer.seller.is_list
        for card, claim in _claims(catalog, offer.seller.provider)
    )


def _claims(catalog: Catalog, provider: str) -> Iterator[tuple[RateCard, Claim]]:
    for card in catalog.cards:
        for claim in card.claims if card.provider == provider else ():
            if catalog.known_at is None or claim.observed_on <= catalog.known_at:
                yield card, claim


def _checked(card: RateCard, claim: Claim, offer: Offer) -> CheckedClaim:
    used = {part.kind for part in offer.parts}
    savings = {kind: _saving(ratio) for kind, ratio in (offer.ratios or {}).items() if kind in used}
    saving = _saving(offer.ratio_to_list)
    verdict = _verdict(claim, [saving, *savings.values()])
    return CheckedClaim(offer.seller, claim, card.sources[claim.source], saving, savings, verdict)


def _saving(ratio: Fraction | None) -> Fraction | None:
    return None if ratio is None else 1 - ratio


def _verdict(claim: Claim, savings: Sequence[Fraction | None]) -> Verdict:
    known = [saving * 100 for saving in savings if saving is not None]
    if not known:
        return "unknown"
    if claim.low_percent is None:
        best = max(known)
        return "true" if best >= claim.high_percent else "partly" if best > 0 else "false"
    kept = [saving >= claim.low_percent for saving in known]
    if all(kept):
        return "true" if len(known) == len(savings) else "partly"
    return "partly" if any(kept) else "false"
