"""`report`: pages for people."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from billing.ledger import open_ledger
from billing.rating import Selection, held_providers
from reports.audit_page import render_audit_page
from reports.audit_report import audit_page
from reports.cli.options import catalog_of, everywhere, known_option, selection, span, tolerance_option
from reports.cli.output import Result, Table, write


@click.group()
def report() -> None:
    """Write HTML pages."""


@report.command("audit")
@span
@tolerance_option
@known_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to write to.")
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
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Write the audit as one self-contained page."""
    chosen = selection(month, from_at, to_at, provider)
    path = write_audit_page(ledger, rate_cards, chosen, out, tolerance=tolerance, known_at=known_at)
    write(Result({"files": [path]}, (Table("Files", ("path",), [(str(path),)]),)), output_format)
    return 0


def write_audit_page(
    ledger: Path,
    rate_cards: tuple[Path, ...],
    chosen: Selection,
    out: Path,
    *,
    tolerance: Decimal = Decimal(0),
    known_at: date | None = None,
    is_simulated: bool = False,
) -> Path:
    """Write the audit page of a ledger into a folder and return its path."""
    with open_ledger(ledger, read_only=True) as book:
        catalog = catalog_of(rate_cards, known_at, held_providers(book))
        page = audit_page(book, catalog, chosen, tolerance, is_simulated=is_simulated)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "audit.html"
    path.write_bytes(render_audit_page(page).encode())
    return path
