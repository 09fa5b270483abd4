"""What the page of the vendors is made of: a ledger of two models, one that one vendor alone sells, one unknown."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billing.records import Status, UsageRecord
from pricing.catalog import Catalog
from pricing.comparison import Terms
from pricing.rates import Claim, PerMtok, RateCard, Sku, Source, UnitValue
from pricing.usage import Usage
from reports.vendors_report import VendorsReport, ledger_report
from tests.audit_values import HOSTILE
from tests.ledgers import LEARNED, OCTOBER, a_ledger, block, put
from tests.vendors import LIST_PRICE, per_mtok

PLAIN = ("model-a", "model-b", "model-c")
CLAIM = "up to 95% cheaper"


def a_vendors_report(*, hostile: bool = False) -> VendorsReport:
    """Return the page of a small October: what each of two models costs at four SKUs of three vendors."""
    models = HOSTILE[:3] if hostile else PLAIN
    catalog = a_catalog(models, HOSTILE[3] if hostile else CLAIM)
    terms = Terms(usd_per_unit={"vendor": Decimal("0.0045")})
    with a_ledger() as ledger:
        put(ledger, [*_records(models)])
        report = ledger_report(ledger, catalog, terms=terms, is_simulated=True)
    return replace(report, period=HOSTILE[0], ledger_name="my ledger's.duckdb") if hostile else report


def a_catalog(models: tuple[str, ...] = PLAIN, claim: str = CLAIM) -> Catalog:
    """Sell two models at every vendor and the third at one: plain at half the list price, by a route at 1.5 times."""
    first, second, alone = models
    page = {"page": Source(document="page.txt", title="Prices & terms")}
    value = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
    claims = (
        Claim(text=claim, low_percent=None, high_percent=Decimal(95), observed_on=LEARNED, source="page", field="top"),
    )
    plain = block(per_mtok(input="300", output="1500"))
    route = block(per_mtok(input="900", output="4500", cache_read="90", cache_write_5m="1125", cache_write_1h="1800"))
    dollars = block(per_mtok(input="2.4", output="12", cache_read="0.24"))
    cards = (
        RateCard(
            provider="vendor", name="Vendor", unit="credit", sources=page, usd_per_unit=(value,),
            skus=(
                Sku(id=first, model=first, rates=(plain,)), Sku(id=f"{first}/route", model=first, rates=(route,)),
                Sku(id=second, model=second, rates=(plain,)), Sku(id=alone, model=alone, rates=(plain,)),
            ),
        ),
        RateCard(
            provider="dollars", name="Dollars", unit="USD", sources=page, claims=claims,
            skus=tuple(Sku(id=model, model=model, rates=(dollars,)) for model in (first, second)),
        ),
        RateCard(
            provider="maker", name="Maker", unit="USD", sources=page, is_list_price=True,
            skus=tuple(Sku(id=model, model=model, rates=(block(LIST_PRICE),)) for model in (first, second)),
        ),
        RateCard(
            provider="silent", name="Silent", unit="USD", sources=page,
            skus=(Sku(id=first, model=first, rates=(block(PerMtok()),)),),
        ),
    )  # fmt: skip
    return Catalog("2026.10.1", "0123456789abcdef" * 4, cards)


def _records(models: tuple[str, ...]) -> Iterator[UsageRecord]:
    """Yield requests: most of the first model, half of them with cache reads; one that failed, one cut, one unknown."""
    first, second, alone = models
    names = [f"{first}/route"] * 20 + [second] * 6 + [alone] * 2
    for line, name in enumerate(names, start=1):
        usage = Usage(input=1000 * line, output=37 * line, cache_read=2000 * line if name.endswith("/route") else 0)
        yield UsageRecord(line, "vendor", name, f"r{line}", at=OCTOBER + timedelta(hours=11 * line), usage=usage)
    late = OCTOBER + timedelta(days=30, hours=23, minutes=55)
    yield UsageRecord(40, "vendor", first, "r40", at=late, status=Status.FAILED, error_status=503)
    yield UsageRecord(41, "vendor", first, "r41", at=late, usage=Usage(input=5), status=Status.INCOMPLETE)
    yield UsageRecord(42, None, "nobody's", "r42", at=late, usage=Usage(input=9))
