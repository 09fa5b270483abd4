"""Audits to write pages of: made by the ledger itself from records at hand, with every verdict and several units."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from billing.ledger import Ledger
from billing.rating import EVERYTHING
from billing.records import Status, UsageRecord
from pricing.calculator import rate
from pricing.catalog import Catalog
from pricing.rates import PerMtok, RateCard, Sku, Source, UnitValue
from pricing.rounding import Rounding
from pricing.usage import Usage
from reports.audit_report import AuditReport, audit_report
from tests.ledgers import LEARNED, OCTOBER, a_ledger, block, put

CUT = Rounding(mode="down", step=Decimal("0.01"), basis="inferred", evidence="two documented charges")
PLAIN_RATES = PerMtok(input=Decimal(300), output=Decimal(1500))
CACHED_RATES = PerMtok(
    input=Decimal("883.5"), output=Decimal(4412), cache_read=Decimal(89), cache_write_5m=Decimal(1103),
    cache_write_1h=Decimal(1765),
)  # fmt: skip
DOLLAR_RATES = PerMtok(input=Decimal("1.059"), output=Decimal("5.295"))

#: Names that no page may take for anything but names.
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img/src=x/onerror=alert(2)>",
    '<span/style="background:url(//evil.example/x)">name</span>',
    '=HYPERLINK("https://evil.example","click")',
    "%{x}<b>bold</b>&amp;",
    "{{7*7}}<!--",
)


@cache
def a_report(*, hostile: bool = False) -> AuditReport:
    """Return the page of a small October: two units, all verdicts, a charge that is off each way."""
    with a_month(hostile=hostile) as (ledger, catalog):
        page = audit_report(ledger, catalog, EVERYTHING, Decimal(0), is_simulated=True)
    return replace(page, period=HOSTILE[0], ledger_name="my ledger's.duckdb") if hostile else page


@contextmanager
def a_month(*, hostile: bool = False) -> Iterator[tuple[Ledger, Catalog]]:
    """Open a ledger with that October, and give the catalog that it is audited by."""
    skus = HOSTILE if hostile else ("model-a", "model-b/route", "model-c", "model-d", "model-e", "model-f")
    catalog = _catalog(skus)
    with a_ledger() as ledger:
        path = "logs/<b>october</b>.jsonl" if hostile else "october.jsonl"
        put(ledger, [*_records(catalog, skus, hostile=hostile)], path)
        yield ledger, catalog


def a_matched_report() -> AuditReport:
    """Return a page on which nothing differs and nothing is left out."""
    catalog = _catalog(("model-a",))
    usage = Usage(input=1000, output=500)
    records = [_charged(catalog, line, ("vendor", "model-a"), OCTOBER, usage) for line in range(1, 4)]
    with a_ledger() as ledger:
        put(ledger, records)
        return audit_report(ledger, catalog, EVERYTHING)


def _catalog(skus: tuple[str, ...]) -> Catalog:
    """Sell the first SKU cut to 0.01, the second with cache rates, the third at no price, the rest like the first."""
    page = {"page": Source(document="page.txt", title="Prices & terms")}
    value = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
    plain, cached = block(PLAIN_RATES, rounding=CUT), block(CACHED_RATES)
    blocks = {0: plain, 1: cached, 2: block(PerMtok())}
    credit = RateCard(
        provider="vendor", name="Vendor", unit="credit", sources=page, usd_per_unit=(value,),
        skus=tuple(Sku(id=sku, model="model", rates=(blocks.get(nth, plain),)) for nth, sku in enumerate(skus)),
    )  # fmt: skip
    dollar = RateCard(
        provider="dollars", name="Dollars", unit="USD", sources=page,
        skus=(Sku(id="model-a", model="model", rates=(block(DOLLAR_RATES),)),),
    )  # fmt: skip
    return Catalog("2026.10.1", "0123456789abcdef" * 4, (credit, dollar))


def _records(catalog: Catalog, skus: tuple[str, ...], *, hostile: bool) -> Iterator[UsageRecord]:
    for line in range(1, 121):
        sku = skus[0] if line % 3 else skus[3 + line // 3 % 3]
        at = OCTOBER + timedelta(hours=7 * line, minutes=30 + line)
        record = _charged(catalog, line, ("vendor", sku), at, Usage(input=977 * line, output=313 * line))
        assert record.charged is not None
        match line % 20:
            case 3:
                yield replace(record, charged=record.charged * 2)
            case 7:
                yield replace(record, charged=record.charged - Decimal("0.03"))
            case 11:
                yield replace(record, charged=None)
            case 13:
                yield replace(record, usage=Usage(), status=Status.FAILED, error_status=503)
            case 14:
                yield replace(record, usage=Usage(), status=Status.FAILED, error_status=503, charged=None, unit=None)
            case 17:
                yield replace(record, usage=Usage(input=500, cache_read=50 * line))
            case 19 if hostile:
                yield replace(record, request_id=f"{HOSTILE[3]} {line}", project=HOSTILE[0], charged=Decimal(99))
            case _:
                yield record
    late = OCTOBER + timedelta(days=30, hours=23, minutes=55)
    yield _charged(catalog, 121, ("vendor", skus[1]), late, Usage(input=7, output=3, cache_read=11, cache_write_1h=1))
    few = Usage(input=5)
    yield UsageRecord(122, "vendor", skus[2], "r122", at=late, usage=few, charged=Decimal("0.4"), unit="credit")
    yield UsageRecord(123, "vendor", skus[0], "r123", at=late, usage=few, status=Status.INCOMPLETE)
    yield UsageRecord(124, "vendor", skus[0], "r124", usage=Usage(input=10_000), charged=Decimal(3), unit="credit")
    for line in range(125, 131):
        record = _charged(catalog, line, ("dollars", "model-a"), late, Usage(input=1001 * line, output=17))
        yield replace(record, charged=record.charged + Decimal("0.0011")) if line == 130 and record.charged else record
    yield UsageRecord(131, None, "a model with no vendor", "r131", at=late, usage=Usage(input=1))


def _charged(catalog: Catalog, line: int, sold: tuple[str, str], at: datetime, usage: Usage) -> UsageRecord:
    """Return a record that was charged what the card says of that provider's SKU."""
    provider, sku = sold
    period = catalog.find(provider, sku, at)
    assert not isinstance(period, str)
    charged = rate(usage, period).charged
    return UsageRecord(line, provider, sku, f"r{line}", at=at, usage=usage, charged=charged, unit=period.unit)
