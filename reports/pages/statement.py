"""The statement: what a month cost, on what, for whom, against which budget, and what changed."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

from billing.invoicing.reconciliation import Reconciliation
from billing.months.statement import Statement
from reports import invoice_words
from reports.charts import Chart
from reports.pages import statement_charts, statement_lines, statement_shares, statement_tables, statement_tiles
from reports.pages.frame import Choice, Filter, Frame, render, sku_filter
from reports.pages.statement_condensed import condensed
from reports.pages.statement_lines import Sheet
from reports.pages.statement_marks import Marks, Stated, account_name, accounts, provider_name
from reports.pages.statement_shares import ScopedTable
from reports.tables import Table

#: Sums of amounts up to 10^26 with 12 decimal places stay exact.
_DIGITS = 80
#: Accounts that have charts of their own; of all others the tables tell.
_MOST_CHARTED = 3


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the page shows of one account: a provider, in the unit that it charges in."""

    name: str
    under: dict[str, Sequence[str]]
    sheet: Sheet
    charts: tuple[Chart, ...]
    days: Chart | None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice beside the statement."""

    id: str
    sentence: str
    table: Table


def render_statement(  # noqa: PLR0913 - the last three are what only a command knows
    statement: Statement,
    reconciliations: Sequence[Reconciliation] = (),
    pages: Sequence[str] = (),
    *,
    ledger_name: str = "tallystick.duckdb",
    credit_values: Sequence[str] = (),
    is_simulated: bool = False,
) -> str:
    """Return the HTML of the page, which stands beside `pages`. Equal values are equal bytes.

    `credit_values` says what units are worth, `ledger_name` is shown in commands.
    """
    with localcontext(prec=_DIGITS):
        short = condensed(statement)
        stated = Stated.of(short, reconciliations)
        views, scoped = _accounts(stated)
        shares = statement_shares.shares(stated)
        command = ["tallystick", "statement", "--ledger", ledger_name, "--month", f"{statement.month:%Y-%m}"]
        command += ["--format", "json"]
        view: dict[str, Any] = {
            "found": statement,
            "answers": statement_tiles.answers(stated),
            "accounts": views,
            "summed_up": len(statement.skus) - len(short.skus),
            "invoices": _invoices(stated.marks, reconciliations),
            "shares": [
                statement_charts.share(each, nth, has_dollars=statement.usd is not None)
                for nth, each in enumerate(shares)
            ],
            "more_dimensions": statement_shares.more_dimensions(statement),
            "budgets": statement_charts.budgets(stated),
            "unusual": statement_tables.unusual(stated),
            "economics": statement_tables.economics(stated),
            "unpriced": statement_tables.unpriced(stated),
            "tiles": statement_tiles.scopes(stated)[0].tiles,
            "places": {account_name(key): places for key, places in stated.figures.places.items()},
            "command": shlex.join(command),
        }
        data = _data(stated, [*scoped, *(each.scoped for each in shares)])
        frame = Frame(
            name="statement", title=f"Statement, {statement.month:%B %Y}",
            facts=(*statement_tiles.facts(statement), *credit_values), catalog_version=statement.catalog_version,
            catalog_digest=statement.catalog_digest, input_digest=statement.input_digest, pages=tuple(pages),
            filters=_filters(stated.marks), data=data, left_out=statement_tiles.left_out(statement, ledger_name),
            is_partial=statement.is_partial, is_simulated=is_simulated,
        )  # fmt: skip
        return render(frame, view)


def _accounts(stated: Stated) -> tuple[list[AccountView], list[ScopedTable]]:
    views: list[AccountView] = []
    scoped: list[ScopedTable] = []
    for place, own in enumerate(accounts(stated.found)):
        charts: tuple[Chart, ...] = ()
        days = None
        if place < _MOST_CHARTED and not own.sums.is_unknown:
            charts = (
                statement_charts.usage_to_spend(stated, own, place),
                statement_charts.what_changed(stated, own, place),
            )
            days, changing = statement_charts.days(stated, own, place)
            scoped.append(changing)
        views.append(
            AccountView(
                account_name((own.provider, own.unit)), dict(stated.marks.provider(own.provider)),
                statement_lines.sheet(stated, own, place), charts, days,
            )
        )  # fmt: skip
    return views, scoped


def _invoices(marks: Marks, reconciliations: Sequence[Reconciliation]) -> list[InvoiceView]:
    return [
        InvoiceView(one.invoice.id, invoice_words.sentence(one), statement_tables.invoice(one, place, marks))
        for place, one in enumerate(reconciliations)
    ]


def _filters(marks: Marks) -> tuple[Filter, ...]:
    choices = tuple(
        Choice(provider_name(provider), provider_name(provider), str(nth)) for provider, nth in marks.providers.items()
    )
    return sku_filter(marks.skus), Filter("provider", "Provider", "All providers", choices)


def _data(stated: Stated, scoped: Sequence[ScopedTable]) -> dict[str, Any]:
    """Return what the script fills in where a provider or a SKU is chosen."""
    marks = stated.marks
    return {
        "providers": [marks.providers[provider] for provider, _ in marks.skus],
        "tiles": {
            scope.key: [[tile.figure, tile.exact, list(tile.notes)] for tile in scope.tiles]
            for scope in statement_tiles.scopes(stated)
        },
        "spread": any(each.allocation == "proportional" for each in stated.found.breakdowns),
        "scoped": {each.table.id: {"cells": each.cells, "skus": each.skus} for each in scoped},
    }
