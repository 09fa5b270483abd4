"""What `report vendors` computes: the same usage at each vendor, of a ledger or of a basket."""

from datetime import UTC, datetime
from pathlib import Path

import click

from billing.ledger import open_ledger
from reports.cli.baskets import Asked, bought
from reports.cli.options import catalog_of
from reports.vendors_report import VendorsReport, basket_report, ledger_report


def read_vendors(ledger: Path, rate_cards: tuple[Path, ...], what: Asked, names: tuple[str, ...] = ()) -> VendorsReport:
    """Compare vendors for their page. Raise click.UsageError for a basket of no model."""
    catalog = catalog_of(rate_cards, what.known_at)
    if what.basket is not None:
        if not names:
            raise click.UsageError("tokens and a scenario need a --model, such as --model claude-sonnet-4-6")
        return basket_report(catalog, names, what.basket, what.at or datetime.now(UTC), what.terms)
    assert what.chosen is not None  # noqa: S101 - as `asked` makes it without a basket
    with open_ledger(ledger, read_only=True) as book:
        terms = bought(book, catalog, what.chosen, what.terms)
        return ledger_report(book, catalog, names, what.chosen, what.at, terms)
