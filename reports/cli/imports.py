"""`import`, `rejects` and `conflicts`: what came in, and what did not."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from billing.importing.importer import ImportResult, import_paths
from billing.importing.loads import FileResult, Options, Progress
from billing.importing.log_files import log_files
from billing.ledger import open_ledger
from billing.records import Reading
from reports.cli.options import Name, ledger_option, options, output_option, quiet_option
from reports.cli.output import Result, Table, write
from reports.cli.spark_imports import import_by_spark, spark_options, spark_place

if TYPE_CHECKING:
    from billing.importing.mapping import Mapping

REFUSED = 3
_COUNTS = ("records", "imported", "duplicate", "superseded", "conflict", "rejected", "ignored")


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--provider", type=Name(), help="Who charged for these requests, if the log does not tell or tells it wrong."
)
@click.option("--zone", help="The zone of times that carry none, such as Europe/Berlin.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file that tells which column of a CSV or Parquet file is what.",
)
@click.option("--by-content", is_flag=True, help="Don't believe ids: tell requests apart by what they say and when.")
@options(spark_options, ledger_option, output_option, quiet_option)
def import_(
    *,
    paths: tuple[Path, ...],
    provider: str | None,
    zone: str | None,
    mapping: Path | None,
    by_content: bool,
    engine: str,
    master: str | None,
    usage: str | None,
    ledger: Path,
    output_format: str | None,
    quiet: bool,
) -> int:
    """Load usage logs (files, or folders of them, plain or packed) into the ledger.

    Each file is taken whole or not at all; importing it again changes nothing. With --engine spark no ledger is written
    but a new folder, which `audit --usage` reads.
    """
    reading = Reading(provider, _zone(zone), by_content, _mapping(mapping))
    if place := spark_place(engine, master, usage):
        result = import_by_spark(*place, paths, Options(reading, datetime.now(UTC)))
    else:
        logs = tuple(log_files(paths))
        with open_ledger(ledger, logs=logs) as book, progress_bar(logs, quiet=quiet) as on_progress:
            result = import_paths(book, paths, reading, datetime.now(UTC), on_progress=on_progress)
    write(import_result(result, None if place else ledger), output_format)
    for file in result.files:
        if file.message and (file.status == "refused" or not quiet):
            click.echo(file.message, err=True)
    return 0 if result.is_clean else REFUSED


@click.command()
@options(ledger_option, output_option, quiet_option)
def rejects(*, ledger: Path, output_format: str | None, quiet: bool) -> int:
    """List the records that were not taken: file, line and reason, never their text."""
    return _list(ledger, "Rejects", ("path", "line", "reason", "field"), "rejects", output_format)


@click.command()
@options(ledger_option, output_option, quiet_option)
def conflicts(*, ledger: Path, output_format: str | None, quiet: bool) -> int:
    """List the records whose id was taken by other money or other usage; they are in no total."""
    return _list(
        ledger,
        "Conflicts",
        ("path", "line", "reason", "provider", "request_id", "sku"),
        "conflicts JOIN files USING (file_id)",
        output_format,
    )


def import_result(result: ImportResult, ledger: Path | None) -> Result:
    """Return what became of each file, and in total; `ledger` is what lists the rejects, None where nothing does."""
    total = asdict(result.total)
    rows = [
        (str(file.path), file.shape, *(asdict(file.counts)[name] for name in _COUNTS), file.status)
        for file in result.files
    ]
    rows.append(("total", None, *(total[name] for name in _COUNTS), ""))
    summary = _summary(total["imported"], total["records"], total["rejected"], ledger)
    table = Table("Import", ("path", "shape", *_COUNTS, "status"), rows)
    return Result({"files": [_file_data(file) for file in result.files], "total": total}, (table,), summary)


def _summary(imported: int, records: int, rejected: int, ledger: Path | None) -> str:
    noun, verb = "record" if records == 1 else "records", "is" if imported == 1 else "are"
    told = f"{imported:,} of {records:,} {noun} {verb} new in the ledger."
    if not rejected:
        return told
    told += f" {rejected:,} {'was' if rejected == 1 else 'were'} rejected"
    return f"{told}." if ledger is None else f"{told}; `tallystick rejects --ledger {quote(str(ledger))}` lists them."


@contextmanager
def progress_bar(paths: tuple[Path, ...], *, quiet: bool) -> Iterator[Progress | None]:
    """Show how many bytes are read, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - heavy, and only for people
    from rich.progress import Progress as Bar  # noqa: PLC0415 - the same

    sizes = [os.path.getsize(path) for path in paths if os.path.isfile(path)]  # noqa: PTH113, PTH202 - no errors
    read: dict[Path, int] = {}
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=sum(sizes))

        def advance(path: Path, done: int) -> None:
            read[path] = done
            bar.update(task, completed=sum(read.values()), description=path.name)

        yield advance


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"--zone: no zone {name!r}; write it as Europe/Berlin or UTC") from None


def _mapping(path: Path | None) -> "Mapping | None":
    if path is None:
        return None
    from billing.importing.mapping import load_mapping  # noqa: PLC0415 - heavy, and only for tables of one's own

    return load_mapping(path)


def _file_data(file: FileResult) -> dict[str, object]:
    return {
        "path": file.path,
        "shape": file.shape,
        **asdict(file.counts),
        "status": file.status,
        "message": file.message,
    }


def _list(ledger: Path, title: str, columns: tuple[str, ...], table: str, output_format: str | None) -> int:
    with open_ledger(ledger, read_only=True) as book:
        rows = book.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY path, line, reason")  # noqa: S608 - our own names
    data = {"rows": [dict(zip(columns, row, strict=True)) for row in rows]}
    write(Result(data, (Table(title, columns, rows),), f"{len(rows):,} {title.lower()}."), output_format)
    return 0
