"""`import --engine spark`: raw logs by many machines, into a folder of canonical Parquet."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import Name, options

if TYPE_CHECKING:
    from billing.importing.importer import ImportResult
    from billing.importing.loads import Options

spark_options = options(
    click.option(
        "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True,
        help="What reads the logs; the records are the same.",
    ),
    click.option("--master", type=Name(), help="Where Spark runs: local[4], spark://host:7077 or sc://host:15002."),
    click.option("--usage", type=Name(), help="The folder that Spark makes and fills, as its cluster names it."),
)  # fmt: skip


def spark_place(engine: str, master: str | None, usage: str | None) -> tuple[str, str] | None:
    """Return where Spark runs and what it writes; None without it. Raise click.UsageError if one is missing."""
    if engine == "spark" and master and usage:
        return master, usage
    if engine == "spark" or master or usage:
        raise click.UsageError("--engine spark, --master and --usage go together")
    return None


def import_by_spark(master: str, usage: str, paths: Iterable[Path], how: "Options") -> "ImportResult":
    """Import logs by a Spark that is started or reached for it. Raise click.UsageError where PySpark is missing."""
    try:
        from billing.importing.spark_import import import_on_spark  # noqa: PLC0415 - the same
        from billing.spark import spark_session  # noqa: PLC0415 - an extra that few install
    except ModuleNotFoundError as error:
        raise click.UsageError(f"--engine spark needs {error.name}: pip install 'pyspark[connect]'") from None
    with spark_session(master) as session:
        return import_on_spark(session, [path.absolute() for path in paths], how, usage)
