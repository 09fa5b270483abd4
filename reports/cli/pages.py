"""`report`: pages for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
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


_folder_options = options(
    click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to write to."
    ),
    click.option(
        "--pdf", is_flag=True, callback=_needs_browser, help="Print each page to a PDF too, by this machine's Chromium."
    ),
)

Page = Callable[[Sequence[str]], str]
"""What makes the HTML of a page, given the names of the pages beside it."""
Pages = Callable[..., Mapping[str, Page]]
"""What computes pages, by name."""


def _written(*shared: Callable[[Callable[..., int]], Callable[..., int]]) -> Callable[[Pages], Callable[..., int]]:
    """Make a command of what returns pages: it writes them into a folder. `shared` are options that come last."""

    def decorate(pages_of: Pages) -> Callable[..., int]:
        @options(_folder_options, *shared)
        @wraps(pages_of)
        def command(*, out: Path, pdf: bool, output_format: str | None, quiet: bool, **given: Any) -> int:
            paths = write_pages(out, pages_of(**given))
            paths += [print_pdf(path) for path in paths] if pdf else []
            table = Table("Files", ("path",), [(str(path),) for path in paths])
            write(Result({"files": paths}, (table,)), output_format)
            return 0

        return command

    return decorate


@click.group()
def report() -> None:
    """Write HTML pages."""


@report.command("audit")
@span
@tolerance_option
@known_option
@_written(everywhere)
def audit(
    *, tolerance: Decimal, known_at: date | None, ledger: Path, rate_cards: tuple[Path, ...], **chosen: Any
) -> Mapping[str, Page]:
    """Write the audit as self-contained pages."""
    wanted = selection(**chosen)
    # The pages of an audit tell no list prices of a month.
    asked_for = replace(asked_month(provider=wanted.provider), with_list_prices=False)
    with open_ledger(ledger, read_only=True) as book:
        check_provider(book, wanted.provider)
        catalog = catalog_of(rate_cards, known_at, held_providers(book))
        found = audit_report(book, catalog, wanted, tolerance)
        month = statement_of(book, catalog, wanted, found.audit, asked_for)
    return audit_pages(found, month, catalog_of(rate_cards, known_at))


@report.command("rate-card")
@click.option("--provider", "providers", type=Name(), multiple=True, required=True, help="Whose; may be repeated.")
@click.option("--at", type=Instant(), help="The instant whose list prices rates are held against. Default: now.")
@known_option
@_written(cards_option, output_option, quiet_option)
def rate_card(
    *, providers: tuple[str, ...], at: datetime | None, known_at: date | None, rate_cards: tuple[Path, ...]
) -> Mapping[str, Page]:
    """Write what providers sell, at which rates and by which source, as a self-contained page."""
    found = rate_card_of_providers(catalog_of(rate_cards, known_at), providers, at or datetime.now(UTC))
    return {"rate-card": lambda beside: render_rate_card(found, beside)}


@report.command("vendors")
@click.option(
    "--model", "names", type=Name(), multiple=True,
    help="A model, by the exact name that rate cards give it; may be repeated. "
    "Default: those of the ledger that more than one vendor sells, the most spent first.",
)  # fmt: skip
@basket_options
@_written(everywhere)
def vendors(*, names: tuple[str, ...], ledger: Path, rate_cards: tuple[Path, ...], **basket: Any) -> Mapping[str, Page]:
    """Write what the same usage costs at each vendor as a self-contained page.

    Without tokens and without a scenario it is the ledger's own requests.
    """
    found = read_vendors(ledger, rate_cards, asked(**basket, without_basket=True), names)
    return {"vendors": lambda beside: render_vendors(found, beside)}


@report.command("statement")
@statement_options
@click.option(
    "--invoice", "invoices", type=click.Path(path_type=Path, dir_okay=False), multiple=True,
    help="An invoice whose lines stand beside the statement; may be repeated.",
)  # fmt: skip
@_written(everywhere)
def statement(**asked_for: Any) -> Mapping[str, Page]:
    """Write what a month cost, on what, for whom and against which budget, as a self-contained page."""
    return {"statement": statement_page(**asked_for)}


@report.command("all")
@span
@tolerance_option
@terms_options
@known_option
@_written(everywhere)
def every(
    *,
    tolerance: Decimal,
    models: tuple[tuple[str, str], ...],
    usd_per_unit: tuple[tuple[str, Decimal], ...],
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    **chosen: Any,
) -> Mapping[str, Page]:
    """Write all pages: overview, findings, vendors, statement and rate card.

    A statement is of one month: where more was chosen, it is left out.
    """
    wanted, catalog = selection(**chosen), catalog_of(rate_cards, known_at)
    asked_for = asked_month(provider=wanted.provider, usd_per_unit=usd_per_unit)
    with open_ledger(ledger, read_only=True) as book:
        check_provider(book, wanted.provider)
        return all_pages(book, catalog, wanted, asked_for, tolerance, models=dict(models))


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


def audit_pages(report: AuditReport, statement: Statement | None, catalog: "Catalog") -> dict[str, Page]:
    """Return the pages of an audit, by name. `catalog` has the cards of all providers, for list prices."""
    pages: dict[str, Page] = {
        "overview": lambda beside: render_overview(report, statement, beside),
        "findings": lambda beside: render_findings(report, beside),
    }
    if card := rate_card_of_audit(catalog, report):
        pages["rate-card"] = lambda beside: render_rate_card(card, beside)
    return pages


def write_pages(out: Path, pages: Mapping[str, Page]) -> list[Path]:
    """Write pages that link to each other into a folder and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    names = tuple(pages)
    paths = [out / f"{name}.html" for name in names]
    for path, page in zip(paths, pages.values(), strict=True):
        path.write_bytes(page(names).encode())
    return paths
