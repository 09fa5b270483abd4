"""The month's requests at the price that each model's maker publishes: the same rating, with the list cards."""

from collections import defaultdict
from collections.abc import Iterator

from billing.engine import Engine
from billing.months.spending import as_decimal
from billing.months.statement import ListPrice
from billing.price_calendar import Stretches
from billing.rating import Rating, Selection, held_providers, lay, no_rate, rate_rows
from pricing.catalog import Catalog, RatePeriod
from pricing.models import Seller, makers


def list_prices(ledger: Engine, catalog: Catalog, selection: Selection) -> tuple[ListPrice, ...]:
    """Return what each SKU's selected requests cost at list price; failures and cut streams are left aside.

    It lays other rates in the place of those of a rating.
    """
    listed = makers(catalog)
    sold = {(provider, sku): listed.get(catalog.sku(provider, sku).model) for provider, sku in _skus(ledger, catalog)}
    offered = [
        (provider, sku, period)
        for (provider, sku), seller in sold.items()
        if seller is not None
        for period in _periods(seller)
    ]
    periods = tuple(period for *_, period in offered)
    own = (
        row | {"provider": provider, "sku": sku}
        for card_id, (provider, sku, period) in enumerate(offered)
        for row in rate_rows([(card_id, None, period)])
    )
    rates = [no_rate(), *(row | {"rate_id": number} for number, row in enumerate(own, start=1))]
    names = [
        {"provider": provider, "name": name, "sku": sku}
        for provider in sorted({provider for provider, _ in sold})
        for name, sku in sorted(catalog.sku_names(provider).items())
    ]
    rating = lay(Rating(ledger, catalog, periods, selection, Stretches(), ledger.narrow), rates, names)
    return tuple(_summed(rating))


def _skus(ledger: Engine, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield the providers and SKUs that the ledger holds and a card names."""
    query = "SELECT DISTINCT provider, sku FROM usage_records WHERE provider IS NOT NULL ORDER BY provider, sku"
    known = {
        provider: catalog.sku_names(provider) for provider in held_providers(ledger) if provider in catalog.providers
    }
    found = {
        (provider, known[provider][name]) for provider, name in ledger.rows(query) if name in known.get(provider, {})
    }
    yield from sorted(found)


def _periods(seller: Seller) -> Iterator[RatePeriod]:
    for tier in seller.catalog.service_tiers(seller.provider, seller.sku):
        yield from seller.catalog.periods(seller.provider, seller.sku, tier)


def _summed(rating: Rating) -> Iterator[ListPrice]:
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rating.query("at_list").to_pylist():
        found = sums[row["provider"], row["sku"]]
        found[0] += int(row["requests"])
        found[1] += int(row["without"])
        found[2] += int(row["amount"] or 0) * (row["usd_per_unit"] or 0)
    for (provider, sku), (requests, without, amount) in sorted(sums.items()):
        usd = as_decimal(amount) if requests > without else None
        yield ListPrice(provider, sku, usd, requests, without)
