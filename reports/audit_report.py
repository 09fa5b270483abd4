"""What the audit page says, computed from the ledger: the audit, the requests to look at, and their arithmetic."""

from decimal import Decimal

from billing.audit import Audit
from billing.auditor import audit_rated, requests, usage_of
from billing.ledger import Ledger
from billing.rating import Rating, Selection, lay_rates
from pricing.calculator import rate
from pricing.catalog import Catalog, RatePeriod
from reports.audit_page import AuditPage

#: Requests of each SKU and verdict that the page carries; the rest is a command away.
_MOST_SAMPLES = 12


def audit_page(
    ledger: Ledger,
    catalog: Catalog,
    selection: Selection,
    tolerance: Decimal = Decimal(0),
    *,
    is_simulated: bool = False,
) -> AuditPage:
    """Compute the audit page of the selected requests."""
    rating = lay_rates(ledger, catalog, selection)
    found = audit_rated(rating, tolerance)
    sampled = requests(rating, tolerance, most=_MOST_SAMPLES)
    return AuditPage(
        audit=found,
        title=titled("Audit", found, selection),
        samples=tuple(
            (request, None if period is None else rate(usage_of(request), period)) for request, period in sampled
        ),
        rates=rates_used(rating, found),
        ledger_name=ledger.path.name,
        is_simulated=is_simulated,
        credit_values=_unit_values(catalog, found),
    )


def titled(name: str, found: Audit, selection: Selection) -> str:
    """Return a title with the months that the audit is of, such as `Audit, October 2026`."""
    start, last = selection.start or found.first_at, found.last_at
    if start is None or last is None:
        return name
    months = [f"{at:%B %Y}" for at in (start, last)]
    return f"{name}, {months[0]}" if months[0] == months[1] else f"{name}, {months[0]} to {months[1]}"


def rates_used(rating: Rating, found: Audit) -> tuple[RatePeriod, ...]:
    """Return the rates of the audit's SKUs that were in force between its first request and its last."""
    sold = {(line.provider, line.sku) for line in found.skus}
    return tuple(
        period
        for period in rating.periods
        if (period.provider, period.sku) in sold
        and (period.valid_from is None or found.last_at is None or period.valid_from <= found.last_at)
        and (period.valid_to is None or found.first_at is None or period.valid_to > found.first_at)
    )


def _unit_values(catalog: Catalog, found: Audit) -> tuple[str, ...]:
    """Say what a unit is worth at each provider that charges in one of its own."""
    providers = sorted({line.provider for line in found.skus if line.provider in catalog.providers})
    cards = [catalog.card(provider) for provider in providers if provider is not None]
    return tuple(f"{card.provider}: 1 {card.unit} = ${value.usd}" for card in cards for value in card.usd_per_unit[-1:])
