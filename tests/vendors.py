"""Rate cards of made-up vendors that sell one model, for comparisons."""

from datetime import UTC, datetime
from decimal import Decimal

from pricing.catalog import Catalog
from pricing.rates import PerMtok, RateBlock, RateCard, Sku, Source, UnitValue
from tests.ledgers import LEARNED

NOW = datetime(2026, 10, 15, tzinfo=UTC)
MODEL = "model"
LIST_PRICE = PerMtok(
    input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write_5m=Decimal("3.75"),
    cache_write_1h=Decimal(6),
)  # fmt: skip


def a_card(
    provider: str, *blocks: RateBlock, unit: str = "USD", is_list: bool = False, usd: str | None = "0.005"
) -> RateCard:
    """Make a card on which a provider sells the model; credits are worth so many dollars, or nobody knows what."""
    value = UnitValue(usd=Decimal(usd or 1), observed_on=LEARNED, source="page", field="value")
    return RateCard(
        provider=provider,
        name=provider,
        unit=unit,
        is_list_price=is_list,
        sources={"page": Source(document="page.txt", title="Prices")},
        usd_per_unit=() if unit == "USD" or usd is None else (value,),
        skus=(Sku(id=f"{provider}-sku", model=MODEL, aliases=("alias",), rates=blocks),),
    )


def of(*cards: RateCard) -> Catalog:
    """Make a catalog of these cards."""
    return Catalog("test", "0" * 64, cards)


def per_mtok(**rates: str) -> PerMtok:
    """Make rates of these kinds."""
    return PerMtok(**{kind: Decimal(rate) for kind, rate in rates.items()})
