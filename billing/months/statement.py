"""The monthly statement as values: what was used, what it costs, what was spent, for whom, and against which budget.

Amounts are exact decimals in the unit of the row, dollars where a field says `usd`; None where it can't be known.
Months and days are UTC. `spend` is what was charged and not given back; of requests that report no charge, what is
expected. Credits of two providers are not the same thing, so amounts in units are summed by provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.months.budget_lines import BudgetLine, Outlook
from billing.months.changes import MonthChange
from billing.months.unusual_days import UnusualDay
from pricing.amounts import total


@dataclass(frozen=True, slots=True)
class Line:
    """What was used of one token kind, or of one fee, at one rate: `quantity` times `rate` is `amount`, exactly."""

    kind: str
    quantity: int
    quantity_unit: str
    """`token`, `call` or `request`."""
    rate: Decimal
    """Per 1M tokens, or for one call or request."""
    amount: Decimal
    service_tier: str
    prompt_above: int | None
    """Rates for prompts of more tokens than this; None where there is no such tier."""


@dataclass(frozen=True, slots=True)
class Spend:
    """The sums of some requests.

    `exact + rounding = expected` over what is priced, and `expected + variance + charged_unpriced - refunded = spend`.
    """

    requests: int
    used: int
    """Requests that did not fail: those that can cost something."""
    reported: int
    """Requests of which the charge is said."""
    priced: int
    unpriced: int
    exact: Decimal
    rounding: Decimal
    """What the vendor's rounding rule and smallest charge make of the exact amounts of all requests."""
    expected: Decimal
    charged: Decimal
    variance: Decimal
    """Charged less expected, of requests of which both are known."""
    charged_unpriced: Decimal
    expected_unreported: Decimal
    refunded: Decimal
    spend: Decimal
    unknown: int
    """Requests that have neither a charge nor a price: they are in no amount."""
    usd: Decimal | None
    """The spend in dollars at the rate card's value of the unit at the time; None if that is unknown for any of it."""
    usd_effective: Decimal | None
    """The spend in dollars at what the user's own units cost; None if nobody says."""

    @property
    def is_partial(self) -> bool:
        """Whether some of the usage is in no amount."""
        return self.unknown > 0

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of what the usage cost: its spend is a sum over nothing."""
        return self.unknown > 0 and self.unknown == self.used


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What the same requests cost at the price that the model's maker publishes, before rounding."""

    provider: str
    sku: str
    usd: Decimal | None
    """None where nobody's list price is known for any of it."""
    requests: int
    without: int
    """Requests that used something that has no list price."""


@dataclass(frozen=True, slots=True)
class Caching:
    """What caching saved, over requests that are priced: `net = saved - write_cost`.

    `saved` is what the tokens read from the cache would have cost more as plain input, `write_cost` what the tokens
    written to it cost more than as plain input. None where the input has no price.
    """

    tokens_read: int
    tokens_written: int
    saved: Decimal | None
    write_cost: Decimal | None
    usd: Decimal | None
    """The net in dollars at the card's value of a unit; None also where that is unknown."""

    @property
    def net(self) -> Decimal | None:
        """What is left of the saving; below zero, caching cost more than it saved."""
        return None if self.saved is None or self.write_cost is None else self.saved - self.write_cost


@dataclass(frozen=True, slots=True)
class Economics:
    """What a unit of work costs: the spend over the requests whose spend is known, half-even to 6 decimal places.

    A figure is None where there is nothing to divide by, or where some of the spend is of requests of unknown cost.
    """

    requests: int
    tokens: int
    spend: Decimal
    """What these requests cost; a charge for one that failed is in the spend, and not in here."""
    usd: Decimal | None
    per_1000_requests: Decimal | None
    per_mtok: Decimal | None
    usd_per_1000_requests: Decimal | None
    usd_per_mtok: Decimal | None
    caching: Caching


@dataclass(frozen=True, slots=True)
class SkuStatement:
    """One SKU: its lines add up to `sums.exact`, and with `sums.rounding` to `sums.expected`."""

    provider: str | None
    sku: str
    unit: str | None
    lines: tuple[Line, ...]
    sums: Spend
    economics: Economics


@dataclass(frozen=True, slots=True)
class ProviderStatement:
    """All SKUs of a provider that are charged in one unit."""

    provider: str | None
    unit: str | None
    sums: Spend
    economics: Economics


@dataclass(frozen=True, slots=True)
class UnpricedUsage:
    """Usage that has no price, and why; what was charged for it is part of the spend all the same."""

    reason: str
    provider: str | None
    sku: str
    unit: str | None
    requests: int
    quantities: Mapping[str, int]
    """Tokens per kind, and calls, that were used."""
    charged: Decimal | None


@dataclass(frozen=True, slots=True)
class Share:
    """What one project, key or tag spent: `spend + allocated = total`."""

    name: str | None
    """None for what names none, and for small ones together."""
    names: int
    """How many names this row stands for: 0 for what names none; small ones that are put together have no `name`."""
    provider: str | None
    unit: str | None
    requests: int
    unknown: int
    spend: Decimal
    allocated: Decimal
    total: Decimal
    usd: Decimal | None
    """The total in dollars, at the card's value of the unit."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of what the usage cost: its spend is a sum over nothing."""
        return self.unknown > 0 and not self.spend


@dataclass(frozen=True, slots=True)
class SkuShare:
    """What one project, key or tag spent on one SKU, before any allocation; `name` and `names` as in `Share`."""

    name: str | None
    names: int
    provider: str | None
    sku: str
    unit: str | None
    requests: int
    unknown: int
    spend: Decimal
    usd: Decimal | None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of what the usage cost: its spend is a sum over nothing."""
        return self.unknown > 0 and not self.spend


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The whole spend by one dimension: `project`, `api_key_id` or `tag:<name>`; its rows add up to it."""

    dimension: str
    allocation: str
    """`none`: what names none stays a row of its own; `proportional`: it is spread over the others by their spend."""
    rows: tuple[Share, ...]
    skus: tuple[SkuShare, ...]
    """The same by SKU: those of a SKU add up to its spend, those of a name to what it spent."""


@dataclass(frozen=True, slots=True)
class Day:
    """The sums of one UTC day of a provider, or of one of its SKUs."""

    day: date
    provider: str | None
    sku: str | None
    """None for all of the provider's."""
    unit: str | None
    requests: int
    unknown: int
    expected: Decimal
    charged: Decimal
    spend: Decimal
    usd: Decimal | None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of what the usage cost: its spend is a sum over nothing."""
        return self.unknown > 0 and not self.spend


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is in no table: records that no month or total can hold."""

    untimed: int
    """Requests whose log tells no time."""
    conflicts: int
    """Requests of this time whose id was taken by others."""
    rejects: int
    """Records of all logs that were not taken."""
    refunds_unclaimed: Mapping[str, Decimal]
    """Per unit: money given back in this time that no charge in the ledger is left for. It is not in the spend."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that a month's statement says. Rows come in a fixed order."""

    month: date
    end: date
    """The first day of the next month."""
    as_of: datetime
    """The spend is as of this instant: the end of the month, or the last request where the month is not over."""
    is_complete: bool
    provider: str | None
    catalog_version: str
    catalog_digest: str
    input_digest: str
    providers: tuple[ProviderStatement, ...]
    before: tuple[ProviderStatement, ...]
    """The same of the days that `change` holds the month against; what own units cost then is not asked."""
    skus: tuple[SkuStatement, ...]
    list_prices: tuple[ListPrice, ...]
    unpriced: tuple[UnpricedUsage, ...]
    breakdowns: tuple[Breakdown, ...]
    days: tuple[Day, ...]
    """By provider."""
    sku_days: tuple[Day, ...]
    """The same by SKU."""
    change: MonthChange
    outlooks: tuple[Outlook, ...]
    """What the month will come to: in dollars, and of each provider in its own unit."""
    budgets: tuple[BudgetLine, ...]
    unusual: tuple[UnusualDay, ...]
    left_out: LeftOut
    effective_prices: Mapping[str, Decimal]
    """Dollars that one of a provider's units cost the user."""
    last_at: datetime | None
    """The last request of all, where the month is over and the logs end on an earlier day; else None."""
    held: tuple[date, ...]
    """Where the month has no request, the first days of the months that have."""

    @property
    def is_empty(self) -> bool:
        """Whether the month has no request."""
        return not self.providers

    @property
    def is_partial(self) -> bool:
        """Whether something that was used is in no amount."""
        left = self.left_out
        return any(each.sums.is_partial for each in self.providers) or bool(
            left.untimed or left.conflicts or left.rejects
        )

    @property
    def usd(self) -> Decimal | None:
        """The whole spend in dollars, at the cards' values; None if that is unknown for any of it."""
        return _total([each.sums.usd for each in self.providers])

    @property
    def usd_effective(self) -> Decimal | None:
        """The whole spend in dollars at what the user's own units cost; None if nobody says for any of it."""
        return _total([each.sums.usd_effective for each in self.providers])


def _total(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return total(known) if len(known) == len(amounts) else None
