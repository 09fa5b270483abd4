"""Failed requests that were charged: what the vendor itself says of such errors decides what the fault is."""

from pricing.catalog import Catalog
from pricing.rates import ErrorCode

ON_FAILURE = "charge.on_failure", "failed requests that were charged all the same"
_MISSING = {
    "refunded": ("refund.missing", "the vendor says that it refunds such requests"),
    "not_charged": ("refund.missing", "the vendor says that it does not charge such requests"),
}


def failure(catalog: Catalog, provider: str | None, error: str) -> tuple[str, str]:
    """Return the rule and the words for a charged failure. `error` is the status, code and type that the log tells.

    The vendor has promised nothing unless every row of its error table promises it that agrees with all that is told.
    """
    if provider not in catalog.providers:
        return ON_FAILURE
    told = set(error.split())
    rows = [row for row in _errors(catalog, provider) if told and told <= {str(row.http_status), row.code, row.type}]
    promises = {row.charged for row in rows}
    return _MISSING.get(promises.pop(), ON_FAILURE) if len(promises) == 1 else ON_FAILURE


def _errors(catalog: Catalog, provider: str) -> tuple[ErrorCode, ...]:
    """Return the provider's error table as it was known, each error as last observed."""
    cards = [card for card in catalog.cards if card.provider == provider]
    rows = [row for card in cards for row in card.errors if not catalog.known_at or row.observed_on <= catalog.known_at]
    return tuple({(row.http_status, row.code, row.type): row for row in rows}.values())
