"""One basket rated under every SKU of a model, at every vendor, and held against the list price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from types import MappingProxyType

from pricing.baskets import Portion, added, spread
from pricing.catalog import Catalog, RatePeriod, Reason
from pricing.claims import CheckedClaim, checked_claims
from pricing.errors import PricingError
from pricing.models import Seller, sellers, target
from pricing.offers import Offer, Rated, ceilings_of, offer, rated_portion, usd_per_mtok
from pricing.sensitivity import Driver, Flip, drivers, flips
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, Usage


@dataclass(frozen=True, slots=True)
class Terms:
    """What only the user can say.

    `models` tells which models are to be taken for which others, `usd_per_unit` what a unit of a provider cost the
    user, in dollars: the effective price of the credits that were bought.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    usd_per_unit: Mapping[str, Decimal] = field(default_factory=dict)


NO_TERMS = Terms()

Asked = tuple[Sequence[Rated], RatePeriod | Reason]
"""What is rated by a seller's rates, and the period that stands for them."""


class BadOwnPriceError(PricingError):
    """An own price of a unit is given for a provider that has no unit of its own."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one basket costs everywhere: offers with a price first, the cheapest first, then those without.

    `usage` is the whole basket; `requests` is None where nobody says how many. `list_offer` is the price that the
    model's maker publishes; None if no card has it.
    """

    model: str
    usage: Usage
    requests: int | None
    offers: tuple[Offer, ...]
    list_offer: Offer | None
    claims: tuple[CheckedClaim, ...]
    flips: tuple[Flip, ...]
    drivers: tuple[Driver, ...]
    catalog_version: str
    catalog_digest: str

    @property
    def cheapest(self) -> Offer | None:
        """The cheapest offer; None if none has a price."""
        return self.offers[0] if self.offers and self.offers[0].cost is not None else None

    @property
    def all_cheapest(self) -> tuple[Offer, ...]:
        """All offers at the price of the cheapest."""
        best = None if self.cheapest is None else self.cheapest.cost
        return tuple(each for each in self.offers if each.cost is not None and each.cost == best)

    @property
    def perhaps_cheaper(self) -> Offer | None:
        """The offer without a price for all that costs less than the cheapest even at the most that bounds it, if any.

        Of more than one it is that which costs the least then.
        """
        bounded = [(each.high, each) for each in self.offers if each.cost is None and each.high is not None]
        most, found = min(bounded, key=itemgetter(0), default=(None, None))
        best = None if self.cheapest is None else self.cheapest.cost
        return found if most is not None and best is not None and most < best else None

    @property
    def is_partial(self) -> bool:
        """Whether any offer leaves something unpriced."""
        return any(each.unpriced for each in self.offers)


def compare(
    catalog: Catalog, model: str, basket: Sequence[Portion], at: datetime, terms: Terms = NO_TERMS
) -> Comparison:
    """Rate a basket (of one portion or more) by the rates in force at that instant under every SKU of the model.

    Raise UnknownNameError if nobody sells the model, BadModelMapError or BadOwnPriceError for terms that can't be.

    >>> from datetime import UTC
    >>> from pricing.baskets import spread
    >>> from pricing.catalog import load_catalog
    >>> catalog = load_catalog(providers=["aivideoapi", "apimodels", "anthropic"])
    >>> basket = [spread(Usage(input=1_000_000, output=200_000))]
    >>> found = compare(catalog, "claude-sonnet-4-6", basket, datetime(2026, 11, 21, tzinfo=UTC))
    >>> [(each.seller.name, str(each.usd), str(each.ratio_to_list)) for each in found.offers[:2]]
    [('apimodels claude-sonnet-4-6', '2.118', '353/1000'), ('aivideoapi claude-sonnet-4-6', '3', '1/2')]
    """
    asked: dict[Seller, Asked] = {}
    for seller in sellers(catalog, model, terms.models):
        periods = [rates_of(seller, at, each.usage.service_tier) for each in basket]
        asked[seller] = [rated_portion(*each) for each in zip(basket, periods, strict=True)], periods[0]
    counts = [each.requests for each in basket]
    total = spread(added(each.usage for each in basket), None if None in counts else sum(each or 0 for each in counts))
    return conclude(catalog, target(model, terms.models), total, asked, terms)


def rates_of(seller: Seller, at: datetime | None, service_tier: str = STANDARD_TIER) -> RatePeriod | Reason:
    """Return what a seller asks at an instant, or why that is not known."""
    return seller.catalog.find(seller.provider, seller.sku, at, service_tier)


def conclude(
    catalog: Catalog, model: str, total: Portion, asked: Mapping[Seller, Asked], terms: Terms = NO_TERMS
) -> Comparison:
    """Rank what was asked for a total of usage, and hold it against the list price."""
    _check(catalog, terms)
    ceilings = ceilings_of(each for seller, (rated, _) in asked.items() if seller.is_list for each in rated)
    made = [
        offer(seller, rated, period, ceilings, terms.usd_per_unit.get(seller.provider))
        for seller, (rated, period) in asked.items()
    ]
    reference = next((each for each in made if each.seller.is_list), None)
    offers = sorted((_beside(each, reference) for each in made), key=_rank)
    return Comparison(
        model=model,
        usage=total.usage,
        requests=total.requests,
        offers=tuple(offers),
        list_offer=next((each for each in offers if each.seller.is_list), None),
        claims=checked_claims(catalog, offers),
        flips=flips(offers, total.usage, reference),
        drivers=drivers(offers),
        catalog_version=catalog.version,
        catalog_digest=catalog.digest,
    )


def _check(catalog: Catalog, terms: Terms) -> None:
    for provider in terms.usd_per_unit:
        if (unit := catalog.card(provider).unit) == "USD":
            raise BadOwnPriceError(f"{provider} charges in {unit}: there is no unit of its own that could cost less")


def _rank(each: Offer) -> tuple[bool, Decimal, str, str]:
    return each.cost is None, each.cost or Decimal(0), each.seller.provider, each.seller.sku


def _beside(each: Offer, reference: Offer | None) -> Offer:
    """Add the ratios to the list price: of the sum, and of each kind as the cards have it below any context tier."""
    if reference is None:
        return each
    ratios = {
        kind.value: _ratio(usd_per_mtok(each.period, kind), usd_per_mtok(reference.period, kind))
        for kind in TOKEN_KINDS
    }
    return replace(each, ratio_to_list=_ratio(each.usd, reference.usd), ratios=MappingProxyType(ratios))


def _ratio(part: Decimal | None, whole: Decimal | None) -> Fraction | None:
    return None if part is None or not whole else Fraction(part) / Fraction(whole)
