"""What one of a provider's units cost the user in a month: what was paid for the credits that were burnt down in it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from billing.balances import account_providers, balance_sheet
from billing.grants import Policy
from billing.ledger import Ledger
from pricing.catalog import Catalog


def usual_policy(provider: str) -> Policy:  # noqa: ARG001 - the same for all
    """Return the order in which lots are burnt down where nothing else is said."""
    return Policy()


def effective_prices(
    ledger: Ledger,
    catalog: Catalog,
    start: datetime,
    end: datetime,
    policy_of: Callable[[str], Policy] = usual_policy,
) -> dict[str, Decimal]:
    """Return dollars per unit of each provider whose account the ledger knows, cut to a pico-dollar.

    Left out is a provider of whose burnt credits some cost nobody knows how much, or were paid in another currency.
    It lays the rates of its own ratings.
    """
    found: dict[str, Decimal] = {}
    for provider in account_providers(ledger):
        burned = balance_sheet(ledger, catalog, provider, start, end, policy_of(provider)).burned
        consumed = [each for each in burned if each.consumed]
        if [each.currency for each in consumed] == ["USD"] and consumed[0].effective_price is not None:
            found[provider] = consumed[0].effective_price
    return found
