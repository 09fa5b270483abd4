"""`export`: files for other tools, and for the vendor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from billing.audit import Audit, Finding
from billing.ledger import open_ledger
from billing.rating import held_providers
from reports.cli.account_exports import beancount, focus, journal
from reports.cli.canonicals import canonical
from reports.cli.options import (
    Name,
    catalog_of,
    check_provider,
    everywhere,
    known_option,
    options,
    selection,
    span,
    tolerance_option,
)
from reports.cli.output import Result, Table, write
from reports.exports.audited import Audited
from reports.exports.book import write_workbook
from reports.exports.dispute import ChoiceError, Dispute, claimed
from reports.exports.files import SUFFIXES, refuse_to_destroy, write_table
from reports.exports.pack import refuse_to_replace, write_pack
from reports.exports.usage import USAGE, findings_table, usage_batches
from reports.figures import count, exactly

#: What the engine may hold to sort and join all rows; what is more it writes to disk.
_MEMORY = "1GB"


@click.group()
def export() -> None:
    """Write files for other tools, and for the vendor."""


for _command in (beancount, canonical, focus, journal):
    export.add_command(_command)


class _File(click.Path):
    """A file to write, whose name ends in one of those ways."""

    def __init__(self, *suffixes: str) -> None:
        super().__init__(path_type=Path, dir_okay=False)
        self.suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path: Path = super().convert(value, param, ctx)  # type: ignore[assignment]  # a Path, as path_type says
        if path.suffix not in self.suffixes:
            self.fail(f"{str(path)!r} must end in {' or '.join(self.suffixes)}", param, ctx)
        return path


_table_option = options(
    click.option("--out", type=_File(*SUFFIXES), required=True, help="The file to write: CSV or Parquet.")
)
audited = options(span, tolerance_option, known_option)


@export.command("dispute")
@audited
@click.option("--finding", "ids", multiple=True, type=Name(), help="Only that finding, such as F-001; may be repeated.")
@click.option("--sender", default="", help="Who writes, such as your company and its account; shown in the letter.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The folder to write; it must hold nothing else."
)
@everywhere
def dispute(
    *, ids: tuple[str, ...], sender: str, out: Path, output_format: str | None, quiet: bool, **chosen: Any
) -> int:
    """Write what a vendor is to be sent: a letter, the rows, the rates, the arithmetic and digests.

    Findings have the names that `tallystick audit` with the same options gives them.
    """
    refuse_to_replace(out)
    with _audit(**chosen) as found:
        findings = _chosen(found.audit, ids)
        if not findings:
            _tell([], output_format, "Nothing to dispute: no charge is above its rate card.", due=[])
            return 0
        claim = write_pack(out, found, findings, sender)
    told = {"provider": claim.provider, "due": [asdict(each) for each in claim.due],
            "findings": [each.id for each in findings]}  # fmt: skip
    _tell(sorted(out.iterdir()), output_format, _claim_summary(claim), **told)
    return 0


def _chosen(audit: Audit, ids: tuple[str, ...]) -> tuple[Finding, ...]:
    try:
        return claimed(audit, ids)
    except ChoiceError as error:
        raise click.UsageError(str(error)) from None


def _claim_summary(claim: Dispute) -> str:
    requests = count(sum(each.requests for each in claim.due), "request")
    amounts = " and ".join(exactly(each.to_credit, each.unit) for each in claim.due)
    return f"{amounts} to get back from {claim.vendor} for {requests}."


@export.command("usage")
@audited
@_table_option
@everywhere
def usage(*, out: Path, output_format: str | None, quiet: bool, **chosen: Any) -> int:
    """Write one row per request, with its expected charge, verdict and cause."""
    with _audit(**chosen) as found:
        refuse_to_destroy(out, found.ledger)
        rows = write_table(out, USAGE, usage_batches(found))
    _tell([out], output_format, rows=rows)
    return 0


@export.command("findings")
@audited
@_table_option
@everywhere
def findings(*, out: Path, output_format: str | None, quiet: bool, **chosen: Any) -> int:
    """Write one row per finding of the audit."""
    with _audit(**chosen) as found:
        refuse_to_destroy(out, found.ledger)
        table = findings_table(found.audit)
        rows = write_table(out, table.schema, table.to_batches())
    _tell([out], output_format, rows=rows)
    return 0


@export.command("workbook")
@audited
@click.option("--out", type=_File(".xlsx"), required=True, help="The file to write.")
@everywhere
def workbook(*, out: Path, output_format: str | None, quiet: bool, **chosen: Any) -> int:
    """Write statement, findings, rates and every request as sheets of one workbook."""
    with _audit(**chosen) as found:
        refuse_to_destroy(out, found.ledger)
        rows = write_workbook(out, found)
    _tell([out], output_format, rows=rows)
    return 0


@contextmanager
def _audit(
    *,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    provider: str | None,
    tolerance: Decimal,
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
) -> Iterator[Audited]:
    """Audit what the options select, so that findings have the names that `audit` with the same options gives them."""
    chosen = selection(month, from_at, to_at, provider)
    with open_ledger(ledger, read_only=True, memory_limit=_MEMORY) as book:
        check_provider(book, provider)
        catalog = catalog_of(rate_cards, known_at, held_providers(book))
        yield Audited.of(book, catalog, chosen, tolerance)


def _tell(files: list[Path], output_format: str | None, summary: str = "", **more: object) -> None:
    table = Table("Files", ("path",), [(str(path),) for path in files])
    write(Result({"files": files} | more, (table,), summary), output_format)
