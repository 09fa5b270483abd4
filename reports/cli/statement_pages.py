"""The statement's page: its values read from the ledger, and the invoices that stand beside them."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from billing.invoicing.closing import kept_answer
from billing.invoicing.invoices import Invoice, read_invoice
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import Reconciliation, reconcile
from billing.ledger import Ledger, open_ledger
from billing.months.monthly import monthly_statement
from billing.months.statement import Statement
from pricing.catalog import Catalog
from reports.cli.options import catalog_of, check_provider
from reports.cli.statements import asked_month
from reports.pages.frame import unit_values
from reports.pages.statement import render_statement


def statement_page(
    ledger: Path,
    rate_cards: tuple[Path, ...],
    *,
    known_at: date | None = None,
    invoices: Sequence[Path] = (),
    **asked: Any,
) -> Callable[[Sequence[str]], str]:
    """Return what makes the page, given the names of the pages beside it; `asked` is as for `statement`."""
    wanted, told = asked_month(**asked), [read_invoice(path) for path in invoices]
    with open_ledger(ledger, read_only=True) as book:
        check_provider(book, wanted.provider)
        catalog = catalog_of(rate_cards, known_at)
        found = monthly_statement(book, catalog, wanted)
        matched = [_matched(book, catalog, each) for each in told]
    return page_of(found, catalog, ledger.name, matched)


def page_of(
    found: Statement,
    catalog: Catalog,
    ledger_name: str,
    matched: Sequence[Reconciliation] = (),
    *,
    is_simulated: bool = False,
) -> Callable[[Sequence[str]], str]:
    """Return what makes the page of a statement that is computed, given the names of the pages beside it."""
    values = unit_values(catalog, [each.provider for each in found.providers])
    return partial(
        render_statement, found, matched, ledger_name=ledger_name, credit_values=values, is_simulated=is_simulated
    )


def _matched(book: Ledger, catalog: Catalog, invoice: Invoice) -> Reconciliation:
    """Match an invoice with the ledger; where its period is closed, return the answer that was kept then."""
    return kept_answer(book, invoice) or reconcile(book, catalog, invoice, Tolerance())
