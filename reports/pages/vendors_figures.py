"""What the tables and charts of the vendors' page share: keys for the filter bar, and amounts as they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Self

from pricing.amounts import plain
from pricing.comparison import Comparison
from pricing.models import Seller
from pricing.offers import Offer
from reports.audit_tables import Names
from reports.figures import UNKNOWN, at_least, decimal, grouped, money, places_for, rounded
from reports.pages.frame import Choice, Filter, sku_filter
from reports.tables import Cell, amount

_PERCENT_PLACES, _EXACT_PLACES = 1, 6
#: Sums with so many decimal places are shown with all of them.
_FEW_PLACES = 4


@dataclass(frozen=True, slots=True)
class Keys:
    """The numbers that the filter bar knows SKUs, providers and models by."""

    skus: Names
    providers: Mapping[str, int]
    models: Mapping[str, int]

    @classmethod
    def of(cls, comparisons: Sequence[Comparison]) -> Self:
        """Return the numbers of everything on the page, in a fixed order."""
        sold = sorted({(each.seller.provider, each.seller.sku) for found in comparisons for each in found.offers})
        return cls(
            skus={key: number for number, key in enumerate(sold)},
            providers={name: number for number, name in enumerate(sorted({provider for provider, _ in sold}))},
            models={found.model: number for number, found in enumerate(comparisons)},
        )

    def under(self, model: str, *sellers: Seller) -> Mapping[str, Sequence[str]]:
        """Return the filters that a row of these sellers, of one or more, is shown under."""
        return {
            "model": (str(self.models[model]),),
            "sku": sorted({str(self.skus[each.provider, each.sku]) for each in sellers}),
            "provider": sorted({str(self.providers[each.provider]) for each in sellers}),
        }

    def filters(self) -> tuple[Filter, ...]:
        """Return the fields of the filter bar."""
        providers = tuple(Choice(name, name, str(number)) for name, number in self.providers.items())
        models = tuple(Choice(name, name, str(number)) for name, number in self.models.items())
        of_model = (Filter("model", "Model", "All models", models),) if len(models) > 1 else ()
        return (sku_filter(self.skus), Filter("provider", "Provider", "All providers", providers), *of_model)


def places_of(comparison: Comparison) -> int:
    """Return how many decimal places show every sum of a model: all that they have, if these are few.

    Else no known sum is shown as zero, and the largest has some three digits.
    """
    sums = [amount for each in comparison.offers for amount in (each.usd, each.cost, each.low, each.high)]
    known = [amount for amount in sums if amount is not None]
    needed = max((-int(plain(amount).as_tuple().exponent) for amount in known), default=2)
    if needed <= _FEW_PLACES:
        return max(needed, 2)
    return max(places_for(known), places_for([max(known) / 100]))


def usd(value: Decimal | None, places: int) -> Cell:
    """Return a cell with dollars; the heading names them."""
    return amount(None if value is None else rounded(value, places), value)


def dollars(value: Decimal, places: int) -> str:
    """Return dollars as a sentence has them, with no more zeros than cents."""
    return money(at_least(plain(rounded(value, places)), 2), "USD")


def percent(share: Fraction | None) -> Cell:
    """Return a cell with a share in percent; the heading names the sign."""
    if share is None:
        return Cell(UNKNOWN, "")
    return amount(decimal(share * 100, _PERCENT_PLACES), decimal(share * 100, _EXACT_PLACES))


def percent_words(share: Fraction) -> str:
    """Return a share in percent for a sentence."""
    return f"{grouped(plain(decimal(share * 100, _PERCENT_PLACES)))}\N{NO-BREAK SPACE}%"


def cheapest_to_list(found: Comparison) -> Fraction | None:
    """Return the lowest cost to the list price, at the user's own price of a unit where that is known."""
    best = None if found.cheapest is None else found.cheapest.cost
    listed = None if found.list_offer is None else found.list_offer.usd
    return None if best is None or not listed else Fraction(best) / Fraction(listed)


def bounds_words(offer: Offer, places: int) -> str:
    """Return what an offer costs, or what bounds it."""
    if offer.cost is not None:
        return dollars(offer.cost, places)
    if offer.low is None:
        return "unknown"
    least = dollars(offer.low, places)
    return f"at least {least}" if offer.high is None else f"{least} to {dollars(offer.high, places)}"


def seller_words(comparison: Comparison, seller: Seller) -> str:
    """Return the provider, and its SKU too if it sells the model under more than one."""
    same = [each for each in comparison.offers if each.seller.provider == seller.provider]
    return seller.provider if len(same) == 1 else seller.name
