"""Budgets: what a user means to spend in a month, from tallystick.toml, and how much of it is used.

    [[budgets]]
    name = "bug-fixer"
    project = "bug-fixer"
    provider = "aivideoapi"
    amount = 3000
    unit = "credit"

Without `project`, `api_key_id` or `provider` it is for all of them, without `month` for every month. Dollars are at the
card's value of a unit at the time; a budget in another unit is one provider's, for the credits of two are not the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from billing.engine import Engine
from billing.errors import BillingError
from billing.months.budget_lines import BudgetLine, Outlook
from billing.months.forecast import HISTORY_DAYS, Forecast, forecast
from billing.months.spending import Spending, as_decimal, dollar_value
from pricing.amounts import PICO_DIGITS, exact, to_pico
from pricing.errors import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: Forecasts are estimates: they are rounded to so many decimal places.
_PLACES = 4
_DAY = timedelta(days=1)
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class BadBudgetError(BillingError):
    """A budget can't be understood; the message says which, and what it may say."""


class Budget(BaseModel):
    """What is to be spent in a month at most."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: _Text
    amount: Annotated[Decimal, Field(gt=0, le=10**12), BeforeValidator(exact)]
    unit: _Text = "USD"
    provider: _Text | None = None
    project: _Text | None = None
    api_key_id: _Text | None = None
    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    """Only that month; None is every month that no other budget of the same name is for."""

    @model_validator(mode="after")
    def _units_belong_to_a_provider(self) -> "Budget":
        if self.unit != "USD" and self.provider is None:
            raise ValueError(f"a budget in {self.unit} needs a provider, whose unit that is; or give it in USD")
        to_pico(self.amount)
        return self


#: What to write into each field; "" is a budget that has no fields.
_REMEDIES: Final[Mapping[str, str]] = {
    "": "write [[budgets]] above each budget, then its name and amount",
    "name": 'write a name, such as name = "everything"',
    "amount": "write a number above 0, such as amount = 90",
    "unit": 'write USD or the unit of the provider, such as unit = "credit"',
    "provider": 'write a name, such as provider = "aivideoapi"',
    "project": 'write a name, such as project = "bug-fixer"',
    "api_key_id": 'write the id of a key, such as api_key_id = "key-1"',
    "month": 'write a month, such as month = "2026-10"',
}
#: What narrows a budget to some requests, and is named by them.
_NARROWING = ("provider", "project", "api_key_id")


def read_budgets(told: Sequence[Mapping[str, Any]], where: str) -> tuple[Budget, ...]:
    """Return the budgets that a settings file tells. Raise BadBudgetError naming the file, the budget and the field."""
    found = []
    for number, each in enumerate(told, start=1):
        try:
            found.append(Budget.model_validate(_amount_read(each)))
        except ValidationError as error:
            name = each.get("name", number) if isinstance(each, Mapping) else number
            # A field that is misspelt is missing too, so all faults are told, and what is there goes first.
            faults = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] == "missing")
            told_of = [f"{where}: budget {name!r}: {_fault(fault)}" for fault in faults]
            raise BadBudgetError("\n".join(told_of)) from None
    names = [(budget.name, budget.month) for budget in found]
    if twice := next((name for name, month in names if names.count((name, month)) > 1), None):
        raise BadBudgetError(f"{where}: two budgets are called {twice!r}; give each a name of its own, or a month")
    return tuple(found)


def _fault(fault: "ErrorDetails") -> str:
    """Return which field is wrong, what is wrong with it, and what to write there instead."""
    name = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"{name}: no such field; the nearest are: {nearest(name, Budget.model_fields)}"
    if fault["type"] == "value_error":
        message = fault["msg"].removeprefix("Value error, ")
    elif fault["type"] == "missing":
        message = "it is missing"
    else:
        found = fault["input"]
        message = f"{str(found) if isinstance(found, Decimal) else repr(found):.60} can't be used"
    remedy = _REMEDIES.get(name) if name or fault["type"] != "value_error" else None
    return (f"{name}: " if name else "") + message + (f"; {remedy}" if remedy else "")


def unheard(ledger: Engine, budgets: Iterable[Budget]) -> Iterator[str]:
    """Yield a sentence for each name of a budget that no request has: such a budget can never be over."""
    budgets = tuple(budgets)
    for field in _NARROWING:
        named = [budget for budget in budgets if getattr(budget, field) is not None]
        known = _held(ledger, field) if named else []
        for budget in named:
            name = getattr(budget, field)
            if name not in known:
                near = f"the nearest are: {nearest(name, known)}" if known else "none has any"
                yield f"budget {budget.name!r}: no request has {field} {name!r}; {near}"


def _held(ledger: Engine, field: str) -> list[str]:
    query = f"SELECT DISTINCT {field} FROM usage_records WHERE {field} IS NOT NULL ORDER BY {field}"  # noqa: S608 - ours
    return [name for (name,) in ledger.rows(query)]


def _amount_read(told: object) -> object:
    """Let an amount be quoted, as amounts in JSON are."""
    if not isinstance(told, Mapping) or not isinstance(told.get("amount"), str):
        return told
    try:
        return {**told, "amount": Decimal(told["amount"])}
    except ArithmeticError:
        return told


def budget_lines(
    spending: Spending, budgets: Iterable[Budget], month: date, end: date, as_of: datetime
) -> tuple[BudgetLine, ...]:
    """Return the budgets of a month, in their order; what is for that month goes before what is for every one."""
    budgets = tuple(budgets)
    label = f"{month:%Y-%m}"
    own = {budget.name for budget in budgets if budget.month == label}
    chosen = [b for b in budgets if b.month == label or (b.month is None and b.name not in own)]
    if spending.only_provider is not None:
        chosen = [budget for budget in chosen if budget.provider == spending.only_provider]
    return tuple(_line(spending, budget, month, end, as_of) for budget in chosen)


def outlooks(
    spending: Spending, accounts: Iterable[tuple[str | None, str | None]], month: date, end: date, as_of: datetime
) -> tuple[Outlook, ...]:
    """Return what the month will come to: all of it in dollars, then of each provider and unit that is no dollar."""
    own = sorted((who, unit) for who, unit in accounts if who is not None and unit is not None and unit != "USD")
    scopes = [_Scope("USD", spending.only_provider), *(_Scope(unit, who) for who, unit in own)]
    return tuple(_ahead(spending, scope, month, end, as_of).outlook(scope) for scope in scopes)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a sum is of; None is all."""

    unit: str
    provider: str | None = None
    project: str | None = None
    api_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was used of a scope in a month and is still to come, in 10^-places of its unit."""

    used: int
    to_come: Forecast | None
    places: int
    unknown: int
    """Requests that are in no amount."""

    @property
    def most_likely(self) -> int | None:
        """What is most likely used at the end of the month."""
        return None if self.to_come is None else self.used + round(self.to_come.point)

    def outlook(self, scope: _Scope) -> Outlook:
        """Return the same as a value; estimates are rounded half-even to 4 decimal places."""
        told = self.to_come or Forecast(Fraction(0))
        bounds = (None if bound is None else self.used + bound for bound in (told.low, told.high))
        forecast, low, high = (_estimate(amount, self.places) for amount in (self.most_likely, *bounds))
        used = as_decimal(self.used, self.places) or Decimal(0)
        return Outlook(scope.provider, scope.unit, used, forecast, low, high, told.tests, told.held, self.unknown)


def _line(spending: Spending, budget: Budget, month: date, end: date, as_of: datetime) -> BudgetLine:
    scope = _Scope(budget.unit, budget.provider, budget.project, budget.api_key_id)
    ahead = _ahead(spending, scope, month, end, as_of)
    told, most_likely = ahead.outlook(scope), ahead.most_likely
    amount = to_pico(budget.amount) * 10 ** (ahead.places - PICO_DIGITS)
    is_over_soon = most_likely is not None and most_likely > amount
    return BudgetLine(
        name=budget.name, provider=budget.provider, project=budget.project, api_key_id=budget.api_key_id, month=month,
        unit=budget.unit, amount=budget.amount, used=told.used, used_share=_cut_share(ahead.used, amount),
        forecast=told.forecast, forecast_low=told.low, forecast_high=told.high, forecast_tests=told.tests,
        forecast_held=told.held, unknown=told.unknown,
        not_attributed=spending.not_attributed(month, budget.provider, _dimensions(budget)),
        status="over" if ahead.used > amount else "forecast_over" if is_over_soon else "within",
    )  # fmt: skip


def _ahead(spending: Spending, scope: _Scope, month: date, end: date, as_of: datetime) -> _Ahead:
    in_dollars = scope.unit == "USD"
    amounts: dict[date, int] = {}
    unknown = 0
    for row in spending.days(scope.provider, scope.project, scope.api_key_id):
        same = row["spend"] if row["unit"] == scope.unit or not row["spend"] else None
        value = dollar_value(row["spend"], row["usd_per_unit"]) if in_dollars else same
        if row["day"] >= month:
            unknown += row["unknown"] if value is not None else row["requests"]
        amounts[row["day"]] = amounts.get(row["day"], 0) + (value or 0)
    used = sum(amount for day, amount in amounts.items() if month <= day < end)
    return _Ahead(used, _to_come(amounts, end, as_of), PICO_DIGITS * (2 if in_dollars else 1), unknown)


def _dimensions(budget: Budget) -> tuple[str, ...]:
    return tuple(name for name in ("project", "api_key_id") if getattr(budget, name) is not None)


def _to_come(amounts: Mapping[date, int], end: date, as_of: datetime) -> Forecast | None:
    """Forecast what is still to come until the end of the month.

    The history begins with the first day on which anything was spent. Of the day that is not over, the part to come is
    taken for a part of a day like any other.
    """
    today = as_of.date()
    if today >= end:
        return Forecast(Fraction(0), 0, 0)
    if not amounts:
        return None
    first = max(min(amounts), today - HISTORY_DAYS * _DAY)
    history = [amounts.get(first + offset * _DAY, 0) for offset in range((today - first).days)]
    whole = forecast(history, today, (end - today).days)
    if whole is None:
        return None
    passed = Fraction(as_of.hour * 3600 + as_of.minute * 60 + as_of.second, 86_400)
    point = whole.point - _today(history, today) * passed
    shift = round(point - whole.point)
    low, high = (None if bound is None else max(bound + shift, 0) for bound in (whole.low, whole.high))
    return Forecast(point, low, high, whole.tests, whole.held)


def _today(history: Sequence[int], today: date) -> Fraction:
    alone = forecast(history, today, 1)
    return Fraction(0) if alone is None else alone.point


def _estimate(amount: int | None, places: int) -> Decimal | None:
    return None if amount is None else as_decimal(round(Fraction(amount, 10 ** (places - _PLACES))), _PLACES)


def _cut_share(used: int, amount: int) -> Decimal:
    sign = -1 if used < 0 else 1
    return Decimal(sign * (abs(used) * 10_000 // amount)).scaleb(-4)
