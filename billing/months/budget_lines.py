"""What a month will come to, and a budget beside it, as values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was spent in a month and what it will come to, in `unit`, which is USD or the provider's own."""

    provider: str | None
    """None is all of them, in dollars at the cards' value of a unit at the time."""
    unit: str
    used: Decimal
    forecast: Decimal | None
    """At the end of the month: `used` and the run rate for the days to come; None without a week's history."""
    low: Decimal | None
    high: Decimal | None
    """Four months in five end between these two; None where the history is too short to tell. Estimates."""
    tests: int
    held: int
    """How many forecasts of the past the band was measured on, and how many of them were inside it."""
    unknown: int
    """Requests whose spend is not known, or not in this unit: they are in no amount."""


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget in one month. Amounts are in `unit`, which is USD or a provider's own."""

    name: str
    provider: str | None
    project: str | None
    api_key_id: str | None
    """What it is for; None is all of them."""
    month: date
    unit: str
    amount: Decimal
    used: Decimal
    used_share: Decimal
    """Used over amount, cut to 4 decimal places."""
    forecast: Decimal | None
    """Used at the end of the month: `used` and the run rate for the days to come; None without a week's history."""
    forecast_low: Decimal | None
    forecast_high: Decimal | None
    """Four months in five end between these two; None where the history is too short to tell. Estimates."""
    forecast_tests: int
    forecast_held: int
    """How many forecasts of the past the band was measured on, and how many of them were inside it."""
    unknown: int
    """Requests whose spend is not known, or not in this unit: they are in no amount."""
    not_attributed: int
    """Requests that name no project, or no key, so that they may or may not belong to it; they are in no amount."""
    status: str
    """`over`, `forecast_over` or `within`."""
