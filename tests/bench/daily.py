"""The program that the bench holds against others: import a folder of sessions, and tell tokens and list price a day.

`python -m tests.bench.daily FOLDER LEDGER` prints them as JSON. It loads nothing that writes logs.
"""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.cube import cube
from billing.importing.importer import import_paths
from billing.importing.log_files import log_files
from billing.ledger import Ledger, open_ledger
from billing.rating import held_providers, lay_rates
from billing.records import Reading
from pricing.amounts import from_pico
from pricing.catalog import load_catalog

NOW = datetime(2026, 11, 1, tzinfo=UTC)

_TOKENS = """
    SELECT
        strftime(CAST(used_at AS DATE), '%Y-%m-%d') AS day, sku, CAST(SUM(input) AS BIGINT) AS input,
        CAST(SUM(output) AS BIGINT) AS output, CAST(SUM(cache_read) AS BIGINT) AS cache_read,
        CAST(SUM(cache_write_5m + cache_write_1h + cache_write_unsplit) AS BIGINT) AS cache_write
    FROM usage_records GROUP BY ALL ORDER BY ALL"""


def load(tree: Path, ledger: Path) -> None:
    """Import the folder."""
    with open_ledger(ledger, logs=log_files([tree])) as book:
        total = import_paths(book, [tree], Reading(), NOW).total
    assert not total.rejected
    assert not total.conflict


def daily(ledger: Ledger) -> list[dict[str, Any]]:
    """Return tokens and list price for each day and model."""
    catalog = load_catalog(providers=held_providers(ledger))
    cells = cube(lay_rates(ledger, catalog), Decimal(0))
    dollars = {(str(cell.day), cell.sku): str(from_pico(cell.expected)) for cell in cells if cell.expected is not None}
    names = catalog.sku_names("anthropic")
    return [
        {**row, "usd": dollars.get((row["day"], names.get(row["sku"], "")))}
        for row in ledger.arrow(_TOKENS).to_pylist()
    ]  # fmt: skip


def main() -> None:
    """Import the folder named first into the ledger named next, and print the daily report."""
    tree, ledger = map(Path, sys.argv[1:])
    load(tree, ledger)
    with open_ledger(ledger, read_only=True) as book:
        json.dump(daily(book), sys.stdout)


if __name__ == "__main__":
    main()
