"""What a user's own units cost: the effective price of the grants that requests were paid from."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from billing.accounting.balance_sheet import BalanceSheet
from billing.accounting.balances import account_providers, balance_sheet
from billing.accounting.grants import Policy
from billing.engine import Engine
from pricing.catalog import Catalog


def usual_policy(_provider: str) -> Policy:
    """Return the order in which lots are burnt down where nobody says another."""
    return Policy()


def own_prices(
    ledger: Engine,
    catalog: Catalog,
    start: datetime | None = None,
    end: datetime | None = None,
    policy_of: Callable[[str], Policy] = usual_policy,
) -> dict[str, Decimal]:
    """Return dollars per unit, by provider, of what was burnt down in that time (end exclusive, None is open).

    A provider is left out if nothing was burnt down, if more was drawn than was bought, or if any of it cost something
    else than dollars or nobody knows what: a price of a part is not the price of the whole.
    """
    names = [name for name in account_providers(ledger) if name in catalog.providers]
    sheets = (balance_sheet(ledger, catalog, name, start, end, policy_of(name)) for name in names)
    return {sheet.provider: price for sheet in sheets if (price := own_price(sheet)) is not None}


def own_price(sheet: BalanceSheet) -> Decimal | None:
    """Return the same of one account; None if it has no such price, or is in dollars itself."""
    if sheet.overdraft:  # what was drawn beyond all lots has no price
        return None
    used = [each for each in sheet.burned if each.consumed]
    return used[0].effective_price if sheet.unit != "USD" and [each.currency for each in used] == ["USD"] else None
