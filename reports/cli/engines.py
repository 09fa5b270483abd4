"""What runs the queries of a command: the ledger itself, or another engine over canonical Parquet."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import Name, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.engine import Engine

engine_options = options(
    click.option(
        "--engine",
        type=click.Choice(["duckdb", "spark"]),
        default="duckdb",
        show_default=True,
        help="What runs the queries; the answer is the same.",
    ),
    click.option(
        "--master",
        type=Name(),
        help="Where Spark runs: local[4], spark://host:7077, or sc://host:15002 for Spark Connect.",
    ),
    click.option(
        "--usage",
        type=Name(),
        help="A folder of `export canonical`, instead of the ledger; for Spark as its cluster names it.",
    ),
)


@contextmanager
def engine_for(engine: str, master: str | None, usage: str | None, ledger: Path) -> "Iterator[Engine]":
    """Open what the engine options name. Raise click.UsageError if they don't go together."""
    if (engine == "spark") != (master is not None) or (engine == "spark" and usage is None):
        raise click.UsageError("--engine spark, --master and --usage go together: --usage alone is read by DuckDB")
    if master is not None and usage is not None:
        with _spark(master, usage) as found:
            yield found
        return
    from billing.ledger import open_ledger, open_usage  # noqa: PLC0415 - heavy, and not for other engines

    with open_ledger(ledger, read_only=True) if usage is None else open_usage(Path(usage)) as book:
        yield book


@contextmanager
def _spark(master: str, usage: str) -> "Iterator[Engine]":
    try:
        from billing.spark import open_spark  # noqa: PLC0415 - an extra that few install
    except ModuleNotFoundError as error:
        raise click.UsageError(f"--engine spark needs {error.name}: pip install 'pyspark[connect]'") from None
    with open_spark(master, usage) as engine:
        yield engine
