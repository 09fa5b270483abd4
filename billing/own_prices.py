"""What a user's own units cost: the effective price of the grants that requests were paid from."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

from billing.balances import account_providers, balance_sheet
from billing.grants import Policy
from billing.ledger import Ledger
from pricing.catalog import Catalog


def usual_policy(_provider: str) -> Policy:
    """Return the order in which lots are burnt down where nobody says another."""
    return Policy()


def own_prices(
    ledger: Ledger,
    catalog: Catalog,
    start: datetime | None = None,
    end: datetime | None = None,
    policy_of: Callable[[str], Policy] = usual_policy,
) -> dict[str, Decimal]:
    """Return dollars per unit, by provider, of what was burnt down in that time (end exclusive, None is open).

    A provider is left out if nothing was burnt down, or if any of it cost something else than dollars or nobody knows
    what: a price of a part is not the price of the whole.
    """
    return dict(_prices(ledger, catalog, start, end, policy_of))


def _prices(
    ledger: Ledger,
    catalog: Catalog,
    start: datetime | None,
    end: datetime | None,
    policy_of: Callable[[str], Policy],
) -> Iterator[tuple[str, Decimal]]:
    for provider in set(account_providers(ledger)) & set(catalog.providers):
        if catalog.card(provider).unit == "USD":
            continue
        sheet = balance_sheet(ledger, catalog, provider, start, end, policy_of(provider))
        used = [each for each in sheet.burned if each.consumed]
        if len(used) == 1 and used[0].currency == "USD" and used[0].effective_price is not None:
            yield provider, used[0].effective_price
