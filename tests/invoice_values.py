"""Ledgers and invoices made at hand, for the match of the two: a vendor sells `model` at 100 and 500 credits."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from billing.invoicing.invoices import Invoice, InvoiceLine, Kind
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import Reconciliation, reconcile
from billing.ledger import Ledger
from billing.records import Status, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.usage import Usage
from tests.ledgers import a_catalog, block

PICO = 10**12
OCTOBER, MIDDLE, NOVEMBER, DECEMBER = (
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((10, 1), (10, 16), (11, 1), (12, 1))
)
CLOSED_AT = datetime(2026, 11, 3, tzinfo=UTC)
PRICES = block(PerMtok(input=Decimal(100), output=Decimal(500)))
CATALOG = a_catalog(PRICES)


def request(  # noqa: PLR0913 - a record has that many sides
    name: str,
    at: datetime = OCTOBER,
    charged: str | None = "1",
    *,
    sku: str = "model",
    tokens: int = 10_000,
    status: Status = Status.OK,
    unit: str = "credit",
    is_snapshot: bool = False,
) -> UsageRecord:
    amount = None if charged is None else Decimal(charged)
    return UsageRecord(
        line=1, provider="vendor", sku=sku, request_id=name, at=at, usage=Usage(input=tokens), status=status,
        charged=amount, unit=None if amount is None else unit, is_snapshot=is_snapshot,
    )  # fmt: skip


def usage(amount: str, sku: str | None = "model", start: datetime = OCTOBER, end: datetime = NOVEMBER) -> InvoiceLine:
    return InvoiceLine(0, 0, start, end, sku, "usage", None, None, Decimal(amount))


def entry(kind: Kind, amount: str, start: datetime = OCTOBER, end: datetime = NOVEMBER) -> InvoiceLine:
    return InvoiceLine(0, 0, start, end, None, kind, None, None, Decimal(amount))


def invoice(*lines: InvoiceLine, currency: str = "credit", name: str = "INV-1") -> Invoice:
    numbered = tuple(replace(line, line=number, file_line=number + 1) for number, line in enumerate(lines, start=1))
    start, end = max((line.start, line.end) for line in lines if line.kind == "usage")
    start = min(line.start for line in lines if line.kind == "usage" and line.end <= end)
    return Invoice(name, "vendor", currency, start, end, numbered, Path(f"{name}.csv"), name, 2)


def match(
    ledger: Ledger, *lines: InvoiceLine, catalog: Catalog = CATALOG, currency: str = "credit", usd: int | None = None
) -> Reconciliation:
    return reconcile(ledger, catalog, invoice(*lines, currency=currency), Tolerance(), usd)


def told(found: Reconciliation) -> list[tuple[str | None, int | None, int | None, str]]:
    """Return of each line its SKU, what is invoiced and expected in units, and the verdict."""

    def units(amount: int | None) -> int | None:
        return None if amount is None else amount // PICO

    return [(line.sku, units(line.invoiced), units(line.expected), line.verdict) for line in found.lines]


def parts(found: Reconciliation) -> dict[str, Decimal]:
    return {part.cause: Decimal(part.amount) / PICO for part in found.total.parts}


def refund(name: str, amount: str, at: datetime = OCTOBER) -> UsageRecord:
    return request(name, at, amount, status=Status.REFUND, tokens=0)
