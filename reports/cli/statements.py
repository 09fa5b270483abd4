"""`statement`: what a month cost, on what, for whom, against which budget. The values are those of the page."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from billing.months.budgets import Budget, read_budgets, unheard
from billing.months.monthly import Asked, monthly_statement
from reports.cli import SETTINGS_FILE
from reports.cli.accounts import policy_of
from reports.cli.baskets import OwnPrice
from reports.cli.engines import engine_for, engine_options
from reports.cli.options import (
    Instant,
    catalog_of,
    check_provider,
    everywhere,
    known_option,
    month_option,
    options,
    provider_option,
)
from reports.cli.output import write
from reports.cli.statement_data import statement_result

if TYPE_CHECKING:
    from billing.months.breakdowns import Allocation
    from billing.months.statement import Statement

OVER_BUDGET, UNPRICED = 1, 4


statement_options = options(
    month_option,
    provider_option,
    click.option(
        "--as-of", type=Instant(), help="State the month as it was then. Default: its end, or the last request so far."
    ),
    click.option(
        "--allocate",
        type=click.Choice(["none", "proportional"]),
        default="none",
        show_default=True,
        help="What names no project, key or tag: a row of its own, or spread over the others by their spend.",
    ),
    click.option(
        "--usd-per-unit",
        type=OwnPrice(),
        multiple=True,
        help="What one of the provider's units cost you; may be repeated.",
    ),
    known_option,
)


@click.command()
@statement_options
@click.option("--forecast", is_flag=True, help="Exit with 1 too if a budget is forecast to be over.")
@click.option("--strict", is_flag=True, help="Exit with 4 if some of the usage is unpriced.")
@engine_options
@everywhere
def statement(
    *,
    known_at: date | None,
    forecast: bool,
    strict: bool,
    engine: str,
    master: str | None,
    usage: str | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
    **given: Any,
) -> int:
    """State what a month cost. Exit with 1 if a budget of tallystick.toml is over.

    Without --month it is the month of the last request. A month that is not over is stated as of the last request.
    """
    wanted = asked_month(**given)
    with engine_for(engine, master, usage, ledger) as book:
        check_provider(book, wanted.provider)
        found = monthly_statement(book, catalog_of(rate_cards, known_at), wanted)
        if not quiet:
            for sentence in unheard(book, wanted.budgets):
                click.echo(f"{SETTINGS_FILE}: {sentence}", err=True)
    write(statement_result(found), output_format)
    return _exit_code(found, forecast=forecast, strict=strict)


def asked_month(
    *,
    month: tuple[datetime, datetime] | None = None,
    provider: str | None = None,
    as_of: datetime | None = None,
    allocate: str = "none",
    usd_per_unit: tuple[tuple[str, Decimal], ...] = (),
) -> Asked:
    """Return what a statement is asked for by its options, with the budgets of the settings and the clock."""
    return Asked(
        month=month[0].date() if month else None, provider=provider, as_of=as_of,
        allocation=cast("Allocation", allocate), budgets=_budgets(), effective=dict(usd_per_unit),
        now=datetime.now(UTC), policy_of=policy_of,
    )  # fmt: skip


def _budgets() -> tuple[Budget, ...]:
    settings: Any = click.get_current_context().default_map or {}
    return read_budgets(settings.get("budgets", ()), SETTINGS_FILE)


def _exit_code(found: "Statement", *, forecast: bool, strict: bool) -> int:
    wrong = {"over", "forecast_over"} if forecast else {"over"}
    if any(line.status in wrong for line in found.budgets):
        return OVER_BUDGET
    return UNPRICED if strict and found.unpriced else 0
