"""`demo`: simulated sample data the whole way, from log files to a page."""

import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click

from billing.auditor import audit
from billing.importing.importer import import_paths
from billing.importing.log_files import log_files
from billing.ledger import open_ledger
from billing.months.budgets import read_budgets
from billing.months.monthly import Asked
from billing.rating import Selection, held_providers
from billing.records import Reading
from reports.answer import answer
from reports.cli import SETTINGS_FILE
from reports.cli.imports import progress_bar
from reports.cli.options import catalog_of
from reports.cli.pages import all_pages, write_pages

#: The sample month; the simulated logs begin with the one before.
_MONTH = Selection(datetime(2026, 10, 1, tzinfo=UTC), _END := datetime(2026, 11, 1, tzinfo=UTC))

#: What stands beside the sample ledger, so that commands in its folder know it and its budget.
_SETTINGS = """\
# Settings of the sample month: `tallystick` reads the file of this name in the folder that it is run in.
ledger = "demo.duckdb"

[[budgets]]
name = "October"
month = "2026-10"
amount = 100
unit = "USD"
"""


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="tallystick-demo",
    show_default=True,
    help="The folder for the sample ledger and the page.",
)
def demo(*, out: Path) -> int:
    """Import a simulated month and the one before, audit it, write its pages, and print the path of the first."""
    out.mkdir(parents=True, exist_ok=True)
    ledger, logs = out / "demo.duckdb", out / "logs"
    for earlier in out.glob(f"{ledger.name}*"):
        earlier.unlink()
    for folder in sample_logs():
        shutil.copytree(folder, logs, dirs_exist_ok=True)
    files = tuple(log_files([logs]))
    with open_ledger(ledger, logs=files) as book, progress_bar(files, quiet=False) as on_progress:
        result = import_paths(book, files, Reading(), datetime.now(UTC), on_progress=on_progress)
        total = result.total
        found = audit(book, catalog_of((), providers=held_providers(book)), _MONTH)
    settings = out / SETTINGS_FILE
    if not settings.exists():  # it may be the folder of a user who has settings already
        settings.write_text(_SETTINGS, encoding="utf-8")
    budgets = read_budgets(tomllib.loads(_SETTINGS)["budgets"], SETTINGS_FILE)
    asked = Asked(budgets=budgets, now=_END)
    with open_ledger(ledger, read_only=True) as book:
        page, *_ = write_pages(out, all_pages(book, catalog_of(()), _MONTH, asked, is_simulated=True))
    click.echo("Simulated sample data: September and October 2026. The pages are of October.", err=True)
    click.echo(
        f"{total.records:,} records = {total.imported:,} imported + {total.duplicate:,} duplicate + "
        f"{total.superseded:,} superseded + {total.conflict:,} conflict + {total.rejected:,} rejected.",
        err=True,
    )
    click.echo(answer(found), err=True)
    click.echo(f"Try: tallystick audit --ledger {ledger} --month 2026-10", err=True)
    click.echo(str(page.resolve()))
    return 0


def sample_logs() -> tuple[Path, Path]:
    """Return the folders of sample logs: inside the installed package, or beside the packages in a checkout."""
    packages = Path(__file__).parents[1]
    place = packages if (packages / "sample").is_dir() else packages.parent / "data"
    return place / "sample_before", place / "sample"
