"""What a closed period came to, by SKU and unit: as it was kept when it was closed, and as its loads come to now."""

from collections.abc import Mapping
from typing import Final

from billing.cube import whole
from billing.invoicing.closed_periods import ClosedPeriod
from billing.invoicing.metering import REFUNDS
from billing.ledger import Ledger
from billing.rating import Selection, lay_rates
from pricing.catalog import Catalog

TOKENS: Final = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit")
_MONEY = ("charged", "expected", "variance", "refunded")
#: What is kept and restated: counts, tokens by kind, and amounts in pico-units.
MEASURES: Final = ("requests", "unpriced", *TOKENS, *_MONEY)

Sums = Mapping[str, int]
Key = tuple[str, str | None]
"""A SKU and a unit."""


def as_known_then(catalog: Catalog, closed: ClosedPeriod) -> Catalog:
    """Return the catalog with what was known of prices when the period was closed."""
    return catalog if closed.known_at is None else catalog.as_known_at(closed.known_at)


def sums_of(ledger: Ledger, catalog: Catalog, closed: ClosedPeriod, up_to_load: int) -> dict[Key, dict[str, int]]:
    """Return the measures of the period, of what was loaded up to then, rated by that catalog."""
    selection = Selection(closed.period_start, closed.period_end, closed.provider, up_to_load=up_to_load)
    rating = lay_rates(ledger, catalog, selection)
    found: dict[Key, dict[str, int]] = {}
    for row in rating.query("audited", "summed_by_sku").to_pylist():
        found[row.pop("sku"), row.pop("unit")] = {name: whole(value) for name, value in row.items()} | {"refunded": 0}
    for row in rating.query("given_back", taking={"usage_records": REFUNDS}).to_pylist():
        key = row["sku"], row["unit"]
        own = found.setdefault(key, dict.fromkeys(MEASURES, 0))
        own["refunded"] += whole(row["charged"]) or 0
    return found


def kept_sums(ledger: Ledger, closed: ClosedPeriod) -> dict[Key, dict[str, int]]:
    """Return the measures as they were kept when the period was closed."""
    rows = ledger.arrow("SELECT * FROM closed_totals WHERE closing_id = $number", {"number": closed.closing_id})
    return {(row["sku"], row["unit"]): {name: whole(row[name]) for name in MEASURES} for row in rows.to_pylist()}
