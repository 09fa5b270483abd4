"""Statements to write pages of: made by the ledger itself from records at hand, with a month before and budgets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from billing.invoicing.invoices import Invoice, InvoiceLine
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import Reconciliation, reconcile
from billing.ledger import Ledger
from billing.months.breakdowns import Allocation
from billing.months.budgets import Budget
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.records import Status, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok, RateCard, Sku, Source, UnitValue
from pricing.usage import Usage
from tests.audit_values import CACHED_RATES, CUT, DOLLAR_RATES, HOSTILE, PLAIN_RATES
from tests.ledgers import LEARNED, OCTOBER, a_ledger, block, put

SEPTEMBER = OCTOBER - timedelta(days=30)
NOVEMBER = OCTOBER + timedelta(days=31)
AS_OF = OCTOBER + timedelta(days=23, hours=18)
_PLAIN = ("model-a", "model-b/route", "model-c")


@cache
def a_statement(*, hostile: bool = False, is_complete: bool = False, allocation: Allocation = "none") -> Statement:
    """Return the statement of a small October that is not over, or is; with budgets that hold, will not and do not."""
    with a_month(hostile=hostile) as (ledger, catalog):
        asked = Asked(
            month=date(2026, 10, 1), as_of=None if is_complete else AS_OF, now=NOVEMBER,
            budgets=_budgets(hostile=hostile), allocation=allocation,
        )  # fmt: skip
        return monthly_statement(ledger, catalog, asked)


@cache
def an_invoice(*, hostile: bool = False) -> Reconciliation:
    """Return the match of an invoice: a line that is right, one that asks too much, a refund and a fee."""
    skus = HOSTILE if hostile else _PLAIN
    with a_month(hostile=hostile) as (ledger, catalog):
        lines = (
            _line(1, skus[1], "usage", "40.12"), _line(2, skus[0], "usage", "700"), _line(3, None, "refund", "-2.5"),
            _line(4, None, "fee", "12"),
        )  # fmt: skip
        name = HOSTILE[0] if hostile else "INV-7"
        invoice = Invoice(
            name, "vendor", "credit", OCTOBER, NOVEMBER, lines, Path("invoice.csv"), "0" * 64, 2
        )  # fmt: skip
        return reconcile(ledger, catalog, invoice, Tolerance())


@contextmanager
def a_month(*, hostile: bool = False) -> Iterator[tuple[Ledger, Catalog]]:
    """Open a ledger of September and October, and give the catalog that it is stated by."""
    skus = HOSTILE if hostile else _PLAIN
    with a_ledger() as ledger:
        put(ledger, [*_records(skus, hostile=hostile)])
        yield ledger, _catalog(skus)


def _catalog(skus: tuple[str, ...]) -> Catalog:
    """Sell the first SKU cut to 0.01, the second with cache rates, the third at no price."""
    page = {"page": Source(document="page.txt", title="Prices & terms")}
    value = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
    cut = block(PLAIN_RATES, rounding=CUT, valid_to=OCTOBER + timedelta(days=12))
    dearer = block(
        PerMtok(input=Decimal(330), output=Decimal(1600)), rounding=CUT, valid_from=OCTOBER + timedelta(days=12)
    )
    rates = ((cut, dearer), (block(CACHED_RATES),), (block(PerMtok()),))
    credit = RateCard(
        provider="vendor", name="Vendor", unit="credit", sources=page, usd_per_unit=(value,),
        skus=tuple(Sku(id=sku, model="model", rates=own) for sku, own in zip(skus, rates, strict=False)),
    )  # fmt: skip
    dollar = RateCard(
        provider="dollars", name="Dollars", unit="USD", sources=page,
        skus=(Sku(id=skus[0], model="model", rates=(block(DOLLAR_RATES),)),),
    )  # fmt: skip
    return Catalog("2026.10.1", "0123456789abcdef" * 4, (credit, dollar))


def _records(skus: tuple[str, ...], *, hostile: bool) -> Iterator[UsageRecord]:
    projects = (HOSTILE[0], HOSTILE[3], HOSTILE[4], None) if hostile else ("search", "support", "tools", None)
    tag = HOSTILE[1] if hostile else "team"
    for nth in range(2 * 61):
        at = SEPTEMBER + timedelta(hours=12 * nth, minutes=nth)
        surge = 6 if at.date() == date(2026, 10, 14) else 1
        project = projects[nth % 4]
        tags = ((tag, "red" if nth % 3 else "blue"),) if nth % 5 else ()
        names = {"project": project, "api_key_id": f"key {nth % 2}", "tags": tags}
        usage = Usage(input=40_000 * surge + 211 * nth, output=3_000 * surge + 17 * nth)
        yield UsageRecord(4 * nth, "vendor", skus[0], f"a{nth}", at=at, usage=usage, **names, **_taken(nth))  # type: ignore[arg-type]
        cached = Usage(input=100, output=40 + nth, cache_read=9_000 + nth, cache_write_5m=701 if nth % 2 else 0)
        yield UsageRecord(4 * nth + 1, "vendor", skus[1], f"b{nth}", at=at, usage=cached, **names)  # type: ignore[arg-type]
        if nth % 2 == 0:
            used = Usage(input=9_001 + nth, output=400)
            yield UsageRecord(4 * nth + 2, "dollars", skus[0], f"d{nth}", at=at, usage=used, **names)  # type: ignore[arg-type]
        if nth % 9 == 0:
            used = Usage(input=500)
            charged = {"charged": Decimal("0.45"), "unit": "credit"} if nth % 2 else {}
            yield UsageRecord(4 * nth + 3, "vendor", skus[2], f"c{nth}", at=at, usage=used, **names, **charged)  # type: ignore[arg-type]
    yield UsageRecord(
        900, "vendor", skus[0], "back", at=OCTOBER + timedelta(days=9), status=Status.REFUND, charged=Decimal("-2.5"),
        unit="credit", tags=(("of_request", "a65"),),
    )  # fmt: skip


def _taken(nth: int) -> dict[str, object]:
    """Return what was charged: of some requests too much, of some nothing is told."""
    return {"charged": Decimal("24.5"), "unit": "credit"} if nth % 5 == 0 else {}


def _budgets(*, hostile: bool) -> tuple[Budget, ...]:
    return (
        Budget(name=HOSTILE[1] if hostile else "everything", amount=Decimal(12)),
        Budget(name="vendor", provider="vendor", unit="credit", amount=Decimal(1_900)),
        Budget(name="search", project="search", amount=Decimal("0.5")),
    )


def _line(number: int, sku: str | None, kind: str, amount: str) -> InvoiceLine:
    return InvoiceLine(number, number + 1, OCTOBER, NOVEMBER, sku, kind, None, None, Decimal(amount))  # type: ignore[arg-type]
