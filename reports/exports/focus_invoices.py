"""The two further datasets of FOCUS 1.4: lines of invoices that were reconciled and closed, and billing periods."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from billing.accounting.account_book import next_month
from billing.ledger import Ledger
from billing.rating import Selection
from reports.exports.columns import AMOUNT, INSTANT, PRODUCT
from reports.exports.focus import Account, decimal_of

_TEXT = pa.string()
_INVOICE_DETAIL: Final[Mapping[str, pa.DataType]] = {
    "BilledCost": PRODUCT, "BillingAccountId": _TEXT, "BillingCurrency": _TEXT, "BillingPeriodEnd": INSTANT,
    "BillingPeriodStart": INSTANT, "ChargeCategory": _TEXT, "InvoiceDetailCreated": INSTANT,
    "InvoiceDetailDescription": _TEXT, "InvoiceDetailGrain": _TEXT, "InvoiceDetailId": _TEXT,
    "InvoiceDetailLastUpdated": INSTANT, "InvoiceId": _TEXT, "InvoiceIssueDate": INSTANT, "InvoiceIssueStatus": _TEXT,
    "InvoiceIssuerName": _TEXT, "PaymentCurrency": _TEXT, "PaymentDueDate": INSTANT, "PaymentTerms": _TEXT,
    "ReferenceInvoiceId": _TEXT, "x_Credits": AMOUNT, "x_Verdict": _TEXT,
}  # fmt: skip
INVOICE_DETAIL: Final = pa.schema(_INVOICE_DETAIL, metadata={"FocusVersion": "1.4"})
_BILLING_PERIOD: Final[Mapping[str, pa.DataType]] = {
    "BillingPeriodCreated": INSTANT, "BillingPeriodEnd": INSTANT, "BillingPeriodLastUpdated": INSTANT,
    "BillingPeriodStart": INSTANT, "BillingPeriodStatus": _TEXT, "InvoiceIssuerName": _TEXT,
}  # fmt: skip
BILLING_PERIOD: Final = pa.schema(_BILLING_PERIOD, metadata={"FocusVersion": "1.4"})

_CATEGORIES: Final[Mapping[str, str]] = {
    "usage": "Usage", "top_up": "Purchase", "bonus": "Credit", "refund": "Usage", "adjustment": "Adjustment",
    "tax": "Tax", "fee": "Purchase", "correction": "Adjustment",
}  # fmt: skip


def invoice_details(ledger: Ledger, accounts: Sequence[Account], selection: Selection) -> pa.Table:
    """Return the lines of closed invoices. One in credits asks for no money: what it asks for is in `x_Credits`."""
    rows = [
        row for account in accounts for closed in account.closed
        if selection.start is None or closed.period_end > selection.start
        if selection.end is None or closed.period_start < selection.end
        for row in _lines(ledger, account, closed.closing_id)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=INVOICE_DETAIL)


def billing_periods(ledger: Ledger, accounts: Sequence[Account], charges: pa.Table) -> pa.Table:
    """Return the months that have charges; one is closed once its invoice was reconciled and closed in the ledger."""
    ((first, last),) = ledger.rows("SELECT MIN(loaded_at), MAX(loaded_at) FROM files")
    found = charges.select(["BillingAccountId", "BillingPeriodStart"]).group_by(
        ["BillingAccountId", "BillingPeriodStart"]
    ).aggregate([]).to_pylist()  # fmt: skip
    months: dict[str, list[datetime]] = {}
    for row in found:
        months.setdefault(row["BillingAccountId"], []).append(row["BillingPeriodStart"])
    rows = [
        _period(account, month, first, last)
        for account in accounts for month in sorted(months.get(account.book.provider, []))
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=BILLING_PERIOD)


def _period(account: Account, month: datetime, first: datetime, last: datetime) -> dict[str, object]:
    end = next_month(month)
    closed = [each.closed_at for each in account.closed if each.period_start <= month and end <= each.period_end]
    return {
        "BillingPeriodStart": month, "BillingPeriodEnd": end, "BillingPeriodStatus": "Closed" if closed else "Open",
        "BillingPeriodCreated": first, "BillingPeriodLastUpdated": max(closed, default=last),
        "InvoiceIssuerName": account.name,
    }  # fmt: skip


def _lines(ledger: Ledger, account: Account, closing: int) -> Iterator[dict[str, object]]:
    query = (
        "SELECT p.invoice_id, p.currency, p.closed_at, p.period_start AS invoiced_from, p.period_end AS invoiced_to, "
        "l.position, l.line, l.kind, l.sku, l.invoiced, l.verdict, l.period_start FROM closed_lines AS l "
        "JOIN closed_periods AS p USING (closing_id) "
        "WHERE l.closing_id = $number AND l.position > 0 AND l.invoiced IS NOT NULL AND l.line IS NOT NULL "
        "ORDER BY l.position"
    )
    for row in ledger.arrow(query, {"number": closing}).to_pylist():
        yield _line(account, row)


def _line(account: Account, row: Mapping[str, Any]) -> dict[str, object]:
    in_credits, amount = row["currency"] != "USD", int(row["invoiced"])
    before = next(
        (each.invoice_id for each in account.closed if each.period_start <= row["period_start"] < each.period_end),
        row["invoice_id"],
    )
    grain = {"SkuId": f"{account.book.provider}:{row['sku']}"} if row["sku"] else {}
    return {
        "BilledCost": decimal_of(0 if in_credits else amount, 12), "BillingAccountId": account.book.provider,
        "BillingCurrency": "USD", "PaymentCurrency": "USD", "BillingPeriodStart": row["invoiced_from"],
        "BillingPeriodEnd": row["invoiced_to"], "ChargeCategory": _CATEGORIES[row["kind"]],
        "InvoiceDetailCreated": row["closed_at"], "InvoiceDetailLastUpdated": row["closed_at"],
        "InvoiceDetailDescription": f"{row['kind']} {row['sku'] or 'of all else'}".replace("_", "-"),
        "InvoiceDetailGrain": json.dumps(grain, sort_keys=True),
        "InvoiceDetailId": f"{row['invoice_id']}:{row['line']}",
        "InvoiceId": row["invoice_id"], "InvoiceIssueStatus": "Issued", "InvoiceIssuerName": account.name,
        "PaymentTerms": "Prepaid" if in_credits else "Not stated", "ReferenceInvoiceId": before,
        "x_Credits": decimal_of(amount, 12) if in_credits else None, "x_Verdict": row["verdict"],
    }  # fmt: skip
