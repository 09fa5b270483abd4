"""`report`: pages for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from billing.ledger import Ledger, open_ledger
from billing.months.monthly import Asked
from billing.months.statement import Statement
from billing.rating import Selection, held_providers
from pricing.comparison import NO_TERMS, Terms
from reports.audit_report import AuditReport, audit_report
from reports.cli.baskets import asked, basket_options, bought, terms_options
from reports.cli.months import statement_of
from reports.cli.options import (
    Instant,
    Name,
    cards_option,
    catalog_of,
    check_provider,
    everywhere,
    known_option,
    options,
    output_option,
    quiet_option,
    selection,
    span,
    tolerance_option,
)
from reports.cli.output import Result, Table, write
from reports.cli.statement_pages import page_of, statement_page
from reports.cli.statements import asked_month, statement_options
from reports.cli.vendor_pages import read_vendors
from reports.pages.findings import render_findings
from reports.pages.frame import PAGES
from reports.pages.overview import render_overview
from reports.pages.rate_card import render_rate_card
from reports.pages.vendors import render_vendors
from reports.pdf import browser, print_pdf
from reports.rate_card_report import rate_card_of_audit, rate_card_of_providers
from reports.vendors_report import ledger_report

if TYPE_CHECKING:
    from pricing.catalog import Catalog


def _needs_browser(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    """Raise PdfError before anything is computed if there is nothing to print by."""
    if value:
        browser()
    return value


folder_options = options(
    click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to write to."
    ),
    click.option(
        "--pdf", is_flag=True, callback=_needs_browser, help="Print each page to a PDF too, by this machine's Chromium."
    ),
)

Page = Callable[[Sequence[str]], str]
"""What makes the HTML of a page, given the names of the pages beside it."""


@click.group()
def report() -> None:
    """Write HTML pages."""


@report.command("audit")
@span
@tolerance_option
@known_option
@folder_options
@everywhere
def audit(
    *,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    provider: str | None,
    tolerance: Decimal,
    known_at: date | None,
    out: Path,
    pdf: bool,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Write the audit as self-contained pages."""
    chosen = selection(month, from_at, to_at, provider)
    asked_for = asked_month(provider=provider)
    found = read_audit(ledger, rate_cards, chosen, asked_for, tolerance=tolerance, known_at=known_at)
    return write_folder(out, audit_pages(*found, catalog_of(rate_cards, known_at)), output_format, pdf=pdf)


@report.command("rate-card")
@click.option("--provider", "providers", type=Name(), multiple=True, required=True, help="Whose; may be repeated.")
@click.option("--at", type=Instant(), help="The instant whose list prices rates are held against. Default: now.")
@known_option
@folder_options
@options(cards_option, output_option, quiet_option)
def rate_card(
    *,
    providers: tuple[str, ...],
    at: datetime | None,
    known_at: date | None,
    out: Path,
    pdf: bool,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Write what providers sell, at which rates and by which source, as a self-contained page."""
    found = rate_card_of_providers(catalog_of(rate_cards, known_at), providers, at or datetime.now(UTC))
    return write_folder(out, {"rate-card": lambda beside: render_rate_card(found, beside)}, output_format, pdf=pdf)


@report.command("vendors")
@click.option(
    "--model", "names", type=Name(), multiple=True,
    help="A model, by the exact name that rate cards give it; may be repeated. "
    "Default: those of the ledger that more than one vendor sells, the most spent first.",
)  # fmt: skip
@basket_options
@folder_options
@everywhere
def vendors(
    *,
    names: tuple[str, ...],
    out: Path,
    pdf: bool,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
    **basket: Any,
) -> int:
    """Write what the same usage costs at each vendor as a self-contained page.

    Without tokens and without a scenario it is the ledger's own requests.
    """
    found = read_vendors(ledger, rate_cards, asked(**basket, without_basket=True), names)
    return write_folder(out, {"vendors": lambda beside: render_vendors(found, beside)}, output_format, pdf=pdf)


@report.command("statement")
@statement_options
@click.option(
    "--invoice", "invoices", type=click.Path(path_type=Path, dir_okay=False), multiple=True,
    help="An invoice whose lines stand beside the statement; may be repeated.",
)  # fmt: skip
@folder_options
@everywhere
def statement(
    *,
    invoices: tuple[Path, ...],
    known_at: date | None,
    out: Path,
    pdf: bool,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
    **asked_for: Any,
) -> int:
    """Write what a month cost, on what, for whom and against which budget, as a self-contained page."""
    page = statement_page(ledger, rate_cards, known_at=known_at, invoices=invoices, **asked_for)
    return write_folder(out, {"statement": page}, output_format, pdf=pdf)


@report.command("all")
@span
@tolerance_option
@terms_options
@known_option
@folder_options
@everywhere
def every(
    *,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    provider: str | None,
    tolerance: Decimal,
    models: tuple[tuple[str, str], ...],
    usd_per_unit: tuple[tuple[str, Decimal], ...],
    known_at: date | None,
    out: Path,
    pdf: bool,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Write all pages: overview, findings, vendors, statement and rate card.

    A statement is of one month: where more was chosen, it is left out.
    """
    chosen, catalog = selection(month, from_at, to_at, provider), catalog_of(rate_cards, known_at)
    asked_for = asked_month(provider=provider, usd_per_unit=usd_per_unit)
    with open_ledger(ledger, read_only=True) as book:
        check_provider(book, provider)
        pages = all_pages(book, catalog, chosen, asked_for, tolerance, models=dict(models))
    return write_folder(out, pages, output_format, pdf=pdf)


def all_pages(
    book: Ledger,
    catalog: "Catalog",
    chosen: Selection,
    asked_for: Asked,
    tolerance: Decimal = Decimal(0),
    *,
    models: Mapping[str, str] = NO_TERMS.models,
    is_simulated: bool = False,
) -> dict[str, Page]:
    """Compute everything that the pages show of a ledger, and return them by name."""
    found = audit_report(book, catalog, chosen, tolerance, is_simulated=is_simulated)
    month = statement_of(book, catalog, chosen, found.audit, asked_for)
    terms = bought(book, catalog, chosen, Terms(models, asked_for.effective))
    offers = ledger_report(book, catalog, (), chosen, None, terms, cells=found.cells, is_simulated=is_simulated)
    pages = audit_pages(found, month, catalog) | {"vendors": lambda beside: render_vendors(offers, beside)}
    if month is not None:
        pages["statement"] = page_of(month, catalog, book.path.name, is_simulated=is_simulated)
    return {name: pages[name] for name in PAGES if name in pages}


def read_audit(
    ledger: Path,
    rate_cards: tuple[Path, ...],
    chosen: Selection,
    asked_for: Asked,
    *,
    tolerance: Decimal = Decimal(0),
    known_at: date | None = None,
    is_simulated: bool = False,
) -> tuple[AuditReport, Statement | None]:
    """Audit a ledger for its pages, and state the month as asked for; None where it is no single month.

    The statement has no list prices: the pages of an audit do not tell them.
    """
    asked_for = replace(asked_for, with_list_prices=False)
    with open_ledger(ledger, read_only=True) as book:
        check_provider(book, chosen.provider)
        catalog = catalog_of(rate_cards, known_at, held_providers(book))
        found = audit_report(book, catalog, chosen, tolerance, is_simulated=is_simulated)
        return found, statement_of(book, catalog, chosen, found.audit, asked_for)


def audit_pages(report: AuditReport, statement: Statement | None, catalog: "Catalog") -> dict[str, Page]:
    """Return the pages of an audit, by name. `catalog` has the cards of all providers, for list prices."""
    pages: dict[str, Page] = {
        "overview": lambda beside: render_overview(report, statement, beside),
        "findings": lambda beside: render_findings(report, beside),
    }
    if card := rate_card_of_audit(catalog, report):
        pages["rate-card"] = lambda beside: render_rate_card(card, beside)
    return pages


def write_folder(out: Path, pages: Mapping[str, Page], output_format: str | None, *, pdf: bool) -> int:
    """Write pages into a folder, with `pdf` each as PDF too, tell their paths, and return the exit code."""
    paths = write_pages(out, pages)
    paths += [print_pdf(path) for path in paths] if pdf else []
    write(Result({"files": paths}, (Table("Files", ("path",), [(str(path),) for path in paths]),)), output_format)
    return 0


def write_pages(out: Path, pages: Mapping[str, Page]) -> list[Path]:
    """Write pages that link to each other into a folder and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    names = tuple(pages)
    paths = [out / f"{name}.html" for name in names]
    for path, page in zip(paths, pages.values(), strict=True):
        path.write_bytes(page(names).encode())
    return paths
