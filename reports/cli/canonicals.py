"""`export canonical`: the ledger's usage as Parquet that other engines can be asked about."""

from pathlib import Path

import click

from billing.canonical import write_canonical
from billing.ledger import open_ledger
from reports.cli.options import ledger_option, options, output_option, quiet_option
from reports.cli.output import Result, Table, write

#: What the engine may hold to put rows in order; what is more it writes to disk.
_MEMORY = "1GB"


@click.command("canonical")
@click.option(
    "--digits", type=click.IntRange(1, 4), help="Cut usage into 16 to this power of buckets; by default as few as do."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder: a new or an empty one."
)
@options(ledger_option, output_option, quiet_option)
def canonical(*, digits: int | None, out: Path, ledger: Path, output_format: str | None, quiet: bool) -> int:
    """Write all usage as typed Parquet in buckets, to be audited by an engine of many machines."""
    with open_ledger(ledger, read_only=True, memory_limit=_MEMORY) as book:
        rows = write_canonical(book, out, digits)
    files = sorted(out.rglob("*.parquet"))
    write(
        Result({"files": files, "rows": rows}, (Table("Files", ("path",), [(str(path),) for path in files]),)),
        output_format,
    )
    return 0
