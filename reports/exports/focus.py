"""FOCUS, the open format of cost and usage: version 1.2, or 1.4 with its invoices and billing periods.

docs/focus.md says what each column holds. Amounts are decimals, never binary fractions; the rows come in one order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal

import pyarrow as pa

from billing.accounting.account_book import AccountBook, next_month
from billing.invoicing.closed_periods import ClosedPeriod
from pricing.amounts import EXACT
from pricing.usage import STANDARD_TIER
from reports.exports.columns import AMOUNT, INSTANT, PRODUCT
from reports.exports.files import ExportError
from reports.exports.focus_rows import Charges, Key, Sums, month_of

Profile = Literal["1.2", "1.4"]
_TEXT = pa.string()

_COLUMNS: Final[Mapping[str, pa.DataType]] = {
    "BilledCost": PRODUCT, "BillingAccountId": _TEXT, "BillingAccountName": _TEXT, "BillingCurrency": _TEXT,
    "BillingPeriodEnd": INSTANT, "BillingPeriodStart": INSTANT, "ChargeCategory": _TEXT, "ChargeClass": _TEXT,
    "ChargeDescription": _TEXT, "ChargeFrequency": _TEXT, "ChargePeriodEnd": INSTANT, "ChargePeriodStart": INSTANT,
    "CommitmentDiscountStatus": _TEXT,
    "ConsumedQuantity": AMOUNT, "ConsumedUnit": _TEXT, "ContractedCost": PRODUCT, "ContractedUnitPrice": AMOUNT,
    "EffectiveCost": PRODUCT, "HostProviderName": _TEXT, "InvoiceDetailId": _TEXT, "InvoiceId": _TEXT,
    "InvoiceIssuerName": _TEXT, "ListCost": PRODUCT, "ListUnitPrice": AMOUNT, "PricingCategory": _TEXT,
    "PricingCurrency": _TEXT, "PricingCurrencyContractedUnitPrice": AMOUNT, "PricingCurrencyEffectiveCost": AMOUNT,
    "PricingCurrencyListUnitPrice": AMOUNT, "PricingQuantity": AMOUNT, "PricingUnit": _TEXT, "ProviderName": _TEXT,
    "PublisherName": _TEXT, "ServiceCategory": _TEXT, "ServiceName": _TEXT, "ServiceProviderName": _TEXT,
    "ServiceSubcategory": _TEXT, "SkuId": _TEXT, "SkuMeter": _TEXT, "SkuPriceDetails": _TEXT, "SkuPriceId": _TEXT,
    "Tags": _TEXT,
    "x_ApiKeyId": _TEXT, "x_CostBasis": _TEXT, "x_CorrectedDay": pa.date32(), "x_GrantedCredits": AMOUNT,
    "x_Kind": _TEXT, "x_Project": _TEXT, "x_Reason": _TEXT, "x_Requests": pa.int64(), "x_UsdPerCredit": AMOUNT,
}  # fmt: skip
_ONLY: Final[Mapping[str, Profile]] = {
    "ProviderName": "1.2", "PublisherName": "1.2",
    "HostProviderName": "1.4", "InvoiceDetailId": "1.4", "ServiceProviderName": "1.4",
}  # fmt: skip

_METERS: Final[Mapping[str, str]] = {
    "input": "Input Tokens", "output": "Output Tokens", "cache_read": "Cache Read Tokens",
    "cache_write_5m": "Cache Write Tokens, 5 Minutes", "cache_write_1h": "Cache Write Tokens, 1 Hour",
    "cache_write_unsplit": "Cache Write Tokens", "web_searches": "Web Searches", "requests": "Requests",
}  # fmt: skip
_CALLS: Final = frozenset({"web_searches", "requests"})
_SAID: Final[Mapping[str, str]] = {
    "usage": "{sku}: {meter}", "rounding": "{sku}: what the rate card's rounding rule changes",
    "variance": "{sku}: charged more (or less, below zero) than the rate card says",
    "carried": "{sku}: part of a charge that was paid from another grant",
    "at_least": "{sku}: the least that requests without a known charge can have taken",
    "refund": "Given back", "expired": "Credits that expired unused",
    "missing": "Credits that are missing by the balance",
    "top_up": "Prepaid credits", "bonus": "Bonus credits", "adjustment": "Credits the vendor added",
}  # fmt: skip
_MTOK_UNIT, _MTOK = "1000000 Tokens", Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Account:
    """An account that is exported: its book, its charges, what its provider is called, and its closed periods."""

    book: AccountBook
    charges: Charges
    name: str
    closed: tuple[ClosedPeriod, ...] = ()

    @property
    def currency(self) -> str:
        """What it is priced in."""
        return "USD" if self.book.unit == "USD" else "Credits"


def focus_schema(profile: Profile) -> pa.Schema:
    """Return the columns of cost and usage, with the version they are of."""
    columns = {name: kind for name, kind in _COLUMNS.items() if _ONLY.get(name, profile) == profile}
    return pa.schema(columns, metadata={"FocusVersion": profile})


def focus_table(accounts: Sequence[Account], profile: Profile) -> pa.Table:
    """Return one row per charge, in the order of account, day, category and SKU."""
    schema = focus_schema(profile)
    rows = [row for account in accounts for row in _rows(account)]
    return pa.Table.from_pylist(rows, schema=schema)


def _rows(account: Account) -> Iterator[dict[str, object]]:
    ordered = sorted(account.charges.found.items(), key=lambda each: tuple(_sortable(part) for part in _parts(each[0])))
    for key, sums in ordered:
        yield _common(account, key) | _priced(account, key, sums) | _costs(key, sums)


def _parts(key: Key) -> tuple[object, ...]:
    return (key.day, key.category, *(getattr(key, name) for name in key.__slots__))


def _sortable(value: object) -> tuple[bool, object]:
    return value is not None, "" if value is None else value


def _common(account: Account, key: Key) -> dict[str, object]:
    month, start = month_of(key.day), datetime.combine(key.day, time(), UTC)
    invoice = next((each.invoice_id for each in account.closed if each.period_start <= start < each.period_end), None)
    is_correction = key.kind == "refund" and month_of(key.charged_on) < month
    said = _SAID[key.kind].format(sku=key.sku, meter=_METERS.get(key.meter or "", "charged, without a price"))
    if key.kind == "refund" and key.sku:
        said = f"{key.sku}: given back of what was charged on {key.charged_on}"
    return {
        "BillingAccountId": account.book.provider, "BillingAccountName": account.name, "BillingCurrency": key.currency,
        "BillingPeriodStart": month, "BillingPeriodEnd": next_month(month), "ChargeCategory": key.category,
        "ChargeClass": "Correction" if is_correction else None, "ChargeDescription": said,
        "ChargeFrequency": "Usage-Based" if key.category in ("Usage", "Adjustment") else "One-Time",
        "ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(days=1), "InvoiceId": invoice,
        "InvoiceIssuerName": account.name, "PricingCurrency": account.currency, "ProviderName": account.name,
        "HostProviderName": account.name, "ServiceProviderName": account.name, "PublisherName": account.name,
        "ServiceCategory": "AI and Machine Learning", "ServiceName": account.name,
        "ServiceSubcategory": "Generative AI",
        "Tags": key.tags or "{}", "x_ApiKeyId": key.api_key_id, "x_CostBasis": key.basis, "x_Kind": key.kind,
        "x_CorrectedDay": key.charged_on if key.kind == "refund" and key.sku else None, "x_Project": key.project,
        "x_Reason": key.reason,
    }  # fmt: skip


def _costs(key: Key, sums: Sums) -> dict[str, object]:
    listed = decimal_of(sums.listed, 24)
    return {
        "BilledCost": decimal_of(sums.billed, 24), "EffectiveCost": decimal_of(sums.effective, 24), "ListCost": listed,
        "ContractedCost": listed, "PricingCurrencyEffectiveCost": decimal_of(sums.credits, 12),
        "x_Requests": sums.requests,
        "x_UsdPerCredit": None if key.usd_per_unit is None else decimal_of(key.usd_per_unit, 12),
    }  # fmt: skip


def _priced(account: Account, key: Key, sums: Sums) -> dict[str, object]:
    """Return what was sold, how much of it, and at which price."""
    if key.category in ("Purchase", "Credit"):
        return _bought(account, key, sums)
    if key.category == "Adjustment":
        return {}
    told: dict[str, object] = {
        "PricingCategory": "Standard", "SkuId": f"{account.book.provider}:{key.sku}", "SkuPriceDetails": "{}",
        "SkuPriceId": _price_id(account, key), "ConsumedQuantity": Decimal(sums.consumed), "ConsumedUnit": "Requests",
    }  # fmt: skip
    if key.usd_per_unit is None:
        return told | _sold_whole(sums)
    price, quantity, unit, meter = Decimal(1), decimal_of(sums.quantity, 12), account.currency, account.currency
    if key.meter is not None and key.rate is not None:
        meter, is_call = _METERS[key.meter], key.meter in _CALLS
        price = decimal_of(key.rate, 12 if is_call else 6)
        quantity = Decimal(sums.quantity) if is_call else EXACT.divide(Decimal(sums.quantity), _MTOK)
        unit = "Requests" if is_call else _MTOK_UNIT
        told["ConsumedUnit"] = "Requests" if is_call else "Tokens"
    usd = _fits(EXACT.multiply(price, decimal_of(key.usd_per_unit, 12)))
    return told | {"SkuMeter": meter, "PricingUnit": unit} | _at_price(quantity, usd, price)


def _sold_whole(sums: Sums) -> dict[str, object]:
    """Return the price of what a grant paid for, where nobody tells a price in dollars: what it cost, once."""
    sign = -1 if sums.effective < 0 or sums.credits < 0 else 1
    cost, drawn = _fits(decimal_of(sign * sums.effective, 24)), decimal_of(sign * sums.credits, 12)
    return {"SkuMeter": "Charges", "PricingUnit": "Charges"} | _at_price(Decimal(sign), cost, drawn)


def _at_price(quantity: Decimal, usd: Decimal, price: Decimal) -> dict[str, object]:
    return {
        "PricingQuantity": quantity, "ListUnitPrice": usd, "ContractedUnitPrice": usd,
        "PricingCurrencyListUnitPrice": price, "PricingCurrencyContractedUnitPrice": price,
    }  # fmt: skip


def _bought(account: Account, key: Key, sums: Sums) -> dict[str, object]:
    """Return a top-up sold as one thing: what it costs need not be a price per credit that a decimal can tell."""
    paid, granted = _fits(decimal_of(sums.billed, 24)), decimal_of(sums.quantity, 12)
    return {
        "PricingCategory": "Standard", "SkuId": f"{account.book.provider}:credits", "SkuMeter": "Purchases",
        "SkuPriceId": f"{account.book.provider}:credits:{key.kind}:{key.day}:{key.serial}", "SkuPriceDetails": "{}",
        "PricingUnit": "Purchases", "x_GrantedCredits": granted,
    } | _at_price(Decimal(1), paid, granted)  # fmt: skip


def _price_id(account: Account, key: Key) -> str:
    parts = [account.book.provider, key.sku or "", key.meter or account.currency]
    if key.meter is not None:
        since = datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=max(0, key.from_us))
        parts += [key.tier] if key.tier and key.tier != STANDARD_TIER else []
        parts += [f"above {key.prompt_above}"] if key.prompt_above else []
        parts += [f"{since:%Y-%m-%dT%H:%M:%SZ}"] if key.from_us > 0 else []
    return ":".join(parts)


def decimal_of(units: int, places: int) -> Decimal:
    """Return whole units of 10^-places as a decimal."""
    return Decimal(units).scaleb(-places, EXACT)


def _fits(amount: Decimal) -> Decimal:
    """Return a price. Raise ExportError if it has more decimal places than its column."""
    if amount != round(amount, 12):
        raise ExportError(
            f"a price of {amount:f} has more than 12 decimal places, which no column of this export holds"
        )
    return amount
