"""Budgets: read strictly, used to the last digit, forecast to the end of the month."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.months.budget_lines import BudgetLine
from billing.months.budgets import BadBudgetError, read_budgets
from billing.months.monthly import Asked, monthly_statement
from billing.records import UsageRecord
from pricing.rates import PerMtok
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put

CARD = a_catalog(block(PerMtok(input=Decimal(1000)), valid_from=datetime(2020, 1, 1, tzinfo=UTC)))


def daily(first: datetime, days: int, tokens: int, **more: object) -> list[UsageRecord]:
    """Return a request a day at noon that costs a credit per 1,000 tokens; a credit is $0.005."""
    return [
        UsageRecord(
            n, "vendor", "model", f"{more.get('project')} {first} {n}", at=first + timedelta(days=n, hours=12),
            usage=Usage(input=tokens), **more,  # type: ignore[arg-type]
        )
        for n in range(days)
    ]  # fmt: skip


def lines(told: list[UsageRecord], *budgets: dict[str, Any], as_of: datetime | None = None) -> tuple[BudgetLine, ...]:
    asked = Asked(month=date(2026, 11, 1), as_of=as_of, budgets=read_budgets(budgets, "tallystick.toml"))
    with a_ledger() as ledger:
        put(ledger, told)
        return monthly_statement(ledger, CARD, asked).budgets


def test_used_is_what_was_spent_in_the_unit_of_the_budget() -> None:
    told = daily(datetime(2026, 11, 1, tzinfo=UTC), 30, 2_000, project="red")
    told += daily(datetime(2026, 11, 1, tzinfo=UTC), 30, 1_000)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    everything, red = lines(
        told, {"name": "all", "amount": Decimal("0.45")},
        {"name": "red", "project": "red", "provider": "vendor", "unit": "credit", "amount": 50}, as_of=december,
    )  # fmt: skip
    assert (everything.used, everything.used_share, everything.status) == (Decimal("0.45"), Decimal(1), "within")
    assert (red.used, red.used_share, red.status) == (Decimal(60), Decimal("1.2"), "over")
    assert (everything.forecast, everything.forecast_low, everything.forecast_high) == (Decimal("0.45"),) * 3
    assert (everything.not_attributed, red.not_attributed) == (0, 30)


def test_what_a_month_comes_to_needs_no_budget() -> None:
    asked = Asked(month=date(2026, 11, 1), as_of=datetime(2026, 11, 11, tzinfo=UTC))
    with a_ledger() as ledger:
        put(ledger, daily(datetime(2026, 10, 1, tzinfo=UTC), 41, 1_000))
        all_, credits_ = monthly_statement(ledger, CARD, asked).outlooks
    assert (all_.provider, all_.unit, credits_.provider, credits_.unit) == (None, "USD", "vendor", "credit")
    assert (all_.used, all_.forecast, all_.low) == (Decimal("0.05"), Decimal("0.15"), Decimal("0.15"))
    assert (credits_.used, credits_.forecast, credits_.high, credits_.unknown) == (
        Decimal(10),
        Decimal(30),
        Decimal(30),
        0,
    )


def test_a_steady_month_is_forecast_to_its_end() -> None:
    told = daily(datetime(2026, 10, 1, tzinfo=UTC), 41, 1_000)
    (line,) = lines(
        told, {"name": "all", "provider": "vendor", "unit": "credit", "amount": 29},
        as_of=datetime(2026, 11, 11, tzinfo=UTC),
    )  # fmt: skip
    assert (line.used, line.forecast, line.status) == (Decimal(10), Decimal(30), "forecast_over")
    assert (line.forecast_low, line.forecast_high) == (Decimal(30), Decimal(30))


def test_of_a_day_that_has_begun_only_the_rest_is_to_come() -> None:
    told = daily(datetime(2026, 10, 1, tzinfo=UTC), 41, 1_000)
    (line,) = lines(
        told, {"name": "all", "provider": "vendor", "unit": "credit", "amount": 100},
        as_of=datetime(2026, 11, 10, 18, tzinfo=UTC),
    )  # fmt: skip
    assert (line.used, line.forecast) == (Decimal(10), Decimal("30.25"))


def test_without_a_week_of_history_there_is_no_forecast() -> None:
    told = daily(datetime(2026, 11, 1, tzinfo=UTC), 6, 1_000)
    (line,) = lines(told, {"name": "all", "amount": 1}, as_of=datetime(2026, 11, 7, tzinfo=UTC))
    assert (line.forecast, line.forecast_low, line.status) == (None, None, "within")


def test_what_is_of_unknown_cost_is_counted_and_in_no_budget() -> None:
    odd = [UsageRecord(1, "other", "model", "odd", at=OCTOBER + timedelta(days=40), usage=Usage(input=9))]
    told = daily(datetime(2026, 11, 1, tzinfo=UTC), 30, 1_000) + odd
    (line,) = lines(told, {"name": "all", "amount": 1}, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    assert (line.used, line.unknown) == (Decimal("0.15"), 1)


def test_a_budget_of_the_month_goes_before_the_one_of_every_month() -> None:
    budgets = ({"name": "all", "amount": 1}, {"name": "all", "amount": 2, "month": "2026-11"})
    (line,) = lines(daily(datetime(2026, 11, 1, tzinfo=UTC), 2, 1_000), *budgets)
    assert line.amount == 2


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([{"name": "a"}], r"^t.toml: budget 'a': amount: it is missing; write a number above 0, such as amount = 90$"),
        ([{"name": "a", "amount": 0}], "amount: 0 can't be used; write a number above 0"),
        ([{"name": "a", "amount": "ninety"}], "amount: 'ninety' can't be used; write a number above 0"),
        ([{"name": "a", "amount": 1, "projekt": "x"}], "projekt: no such field; the nearest are: project"),
        (
            [{"name": "a", "amout": 90}],
            "^t.toml: budget 'a': amout: no such field; the nearest are: amount, month\n.*'a': amount: it is missing",
        ),
        ([{"name": "a", "amount": 1, "unit": "credit"}], "a budget in credit needs a provider"),
        ([{"name": "a", "amount": "1e"}], "amount: '1e' can't be used"),
        ([{"name": "a", "amount": Decimal("0.0000000000001")}], "more than 12 decimal places"),
        (
            [{"name": "a", "amount": 1, "month": "2026-13"}],
            r"month: '2026-13' can't be used; write a month, such as month = \"2026-10\"$",
        ),
        ([{"name": "a", "amount": 1}, {"name": "a", "amount": 2}], "two budgets are called 'a'"),
        (["a"], r"budget 1: 'a' can't be used; write \[\[budgets\]\] above each"),
    ],
)
def test_bad_budgets_are_refused_by_name(told: list[Any], message: str) -> None:
    with pytest.raises(BadBudgetError, match=message):
        read_budgets(told, "t.toml")
