"""A small market of rate cards: prices that change, tiers, no price at all, and a maker to hold them against."""

from datetime import UTC, datetime
from decimal import Decimal

from pricing.catalog import Catalog
from pricing.rates import ContextTier, PerMtok, RateCard, Sku, Source, UnitValue
from reports.rate_card_report import RateCardReport, rate_card_of_providers
from tests.audit_values import CUT, HOSTILE
from tests.ledgers import LEARNED, block

NOW = datetime(2026, 10, 31, 12, tzinfo=UTC)
MARCH, JUNE, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 6, 7))
PLAIN = ("model-a", "model-a/route", "model-b", "model-c")

LIST = PerMtok(input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write_5m=Decimal("3.75"),
               cache_write_1h=Decimal(6))  # fmt: skip
LONG = PerMtok(input=Decimal(6), output=Decimal("22.5"), cache_read=Decimal("0.6"), cache_write_5m=Decimal("7.5"),
               cache_write_1h=Decimal(12))  # fmt: skip
HALF = PerMtok(input=Decimal(300), output=Decimal(1500))
ROUTE = PerMtok(input=Decimal(883), output=Decimal(4412), cache_read=Decimal(89), cache_write_5m=Decimal(1103),
                cache_write_1h=Decimal(1765))  # fmt: skip


def a_market(skus: tuple[str, ...] = PLAIN) -> Catalog:
    """Sell a model at half the list price and by a route at 1.47 times, one that changed twice, and one at no price.

    The maker's price for long prompts fell to that of short ones in March.
    """
    first, route, changing, unpriced = skus
    source = {"page": Source(document="page.txt", title="Prices & terms")}
    value = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
    tier = ContextTier(above=200_000, per_mtok=LONG)
    vendor = RateCard(
        provider="vendor", name="Vendor", unit="credit", sources=source, usd_per_unit=(value,),
        skus=(
            Sku(id=first, model="model-a", rates=(block(HALF, rounding=CUT),)),
            Sku(id=route, model="model-a", rates=(block(ROUTE, per_request=Decimal("0.01")),)),
            Sku(id=changing, model="model-b", rates=(
                block(PerMtok(input=Decimal(100), output=Decimal(400)), valid_to=JUNE),
                block(PerMtok(input=Decimal(120), output=Decimal(400)), valid_from=JULY),
            )),
            Sku(id=unpriced, model="model-a", rates=(block(PerMtok(), field="the whole page: no price on it"),)),
        ),
    )  # fmt: skip
    maker = RateCard(
        provider="maker", name="Maker", unit="USD", sources=source, is_list_price=True,
        skus=(
            Sku(id="model-a", model="model-a", rates=(
                block(LIST, context_tiers=(tier,), valid_to=MARCH), block(LIST, valid_from=MARCH),
                block(PerMtok(input=Decimal("1.5")), service_tier="batch"),
            )),
        ),
    )  # fmt: skip
    return Catalog("2026.10.1", "0123456789abcdef" * 4, (vendor, maker))


def a_rate_card(*, hostile: bool = False) -> RateCardReport:
    """Return the page of all that the vendor sells, held against the maker's price."""
    return rate_card_of_providers(a_market(HOSTILE_SKUS if hostile else PLAIN), ["vendor"], NOW)


#: A SKU's id has no space; what else makes a name hostile stays in it.
HOSTILE_SKUS = tuple(HOSTILE[number].replace(" ", "/") for number in (0, 1, 3, 5))
