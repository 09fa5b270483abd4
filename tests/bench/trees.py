"""What a folder of Claude Code sessions costs: imported and told per day and model, as one program from start to end.

`python -m tests.bench.trees FOLDER LEDGER` is that program; it prints tokens and list price as JSON.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.cube import cube
from billing.importer import import_paths
from billing.ledger import Ledger, open_ledger
from billing.log_files import log_files
from billing.rating import held_providers, lay_rates
from billing.records import Reading
from pricing.amounts import from_pico
from pricing.catalog import load_catalog
from tests.bench.cost import Cost, cold_cost, least, program_cost
from tests.bench.imports import NOW, Say, scan
from tests.bench.peers import CCUSAGE, ccusage, command_of, told_by
from tests.bench.sessions import Totals, Tree, write_tree
from tests.bench.tables import Bound, bounds_table, costs_table

#: The columns that the import reads, each of its type, all of them used.
SCAN = """
    SELECT
        count(*), max(type), max(timestamp), max(requestId), max(cwd), max(message.id), max(message.model),
        sum(u.input_tokens), sum(u.output_tokens), sum(u.cache_read_input_tokens), sum(u.cache_creation_input_tokens),
        sum(u.cache_creation.ephemeral_5m_input_tokens), sum(u.cache_creation.ephemeral_1h_input_tokens),
        max(u.service_tier)
    FROM (
        SELECT *, message.usage AS u
        FROM read_ndjson($path, columns = {
            "type": 'VARCHAR', timestamp: 'TIMESTAMP', requestId: 'VARCHAR', cwd: 'VARCHAR',
            message: 'STRUCT(id VARCHAR, model VARCHAR, usage STRUCT(
                input_tokens BIGINT, output_tokens BIGINT, cache_read_input_tokens BIGINT,
                cache_creation_input_tokens BIGINT, service_tier VARCHAR, cache_creation STRUCT(
                    ephemeral_5m_input_tokens BIGINT, ephemeral_1h_input_tokens BIGINT)))'
        })
    )"""
_TOKENS = """
    SELECT
        strftime(CAST(used_at AS DATE), '%Y-%m-%d') AS day, sku, CAST(SUM(input) AS BIGINT) AS input,
        CAST(SUM(output) AS BIGINT) AS output, CAST(SUM(cache_read) AS BIGINT) AS cache_read,
        CAST(SUM(cache_write_5m + cache_write_1h + cache_write_unsplit) AS BIGINT) AS cache_write
    FROM usage_records GROUP BY ALL ORDER BY ALL"""
#: Dollars of a day and model, which the other program adds up in floating point.
_NEAR = Decimal("0.000001")


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


def report(folder: Path, sessions: int, lines: int, runs: int, say: Say) -> Iterator[str]:
    """Yield the tables for a tree of so many session files with about so many lines in all."""
    say(f"writing {sessions} sessions of {lines:,} lines")
    place = folder / "tree"
    tree = write_tree(place, sessions, lines)
    costs = [("bare scan", least([cold_cost(scan, SCAN, f"{place}/**/*.jsonl") for _ in range(runs)]))]
    say("importing the sessions")
    costs.append(("import", least([cold_cost(load, place, _fresh(folder)) for _ in range(runs)])))
    ours, output = "import and daily report, whole program", folder / "ours.json"
    costs.append((ours, least([_ours(place, _fresh(folder), output) for _ in range(runs)])))
    notes = [_agrees("the generator", _tokens(output), tree.tokens)]
    bounds = []
    if isinstance(binary := ccusage(folder / "npm"), str):
        notes.append(binary)
    else:
        say("the same by ccusage")
        theirs = folder / "theirs.json"
        costs.append((CCUSAGE, least([_theirs(binary, place, theirs) for _ in range(runs)])))
        bounds.append(Bound(f"whole program, to {CCUSAGE}", costs[-2][1].wall / costs[-1][1].wall, 0.5, "x wall"))
        tokens, dollars = told_by(theirs)
        notes += [_agrees(CCUSAGE, _tokens(output), tokens), _costs_agree(_dollars(output), dollars)]
    yield _title(tree, sessions)
    yield ""
    yield from costs_table("step", costs, [("scan", costs[0][1])])
    yield from bounds_table(bounds)
    yield from (f"- {note}" for note in notes)
    yield ""


def _title(tree: Tree, sessions: int) -> str:
    told = f"{tree.requests:,} answers in {tree.answers:,} lines"
    return f"### Claude Code: {sessions} files, {tree.size / 1e6:,.0f} MB, {tree.lines:,} lines; {told}"


def _fresh(folder: Path) -> Path:
    """Return where a new ledger is to be; what was there is deleted."""
    path = folder / "tree.duckdb"
    for old in folder.glob(f"{path.name}*"):
        old.unlink()
    return path


def _ours(tree: Path, ledger: Path, output: Path) -> Cost:
    return program_cost([sys.executable, "-m", "tests.bench.trees", str(tree), str(ledger)], output)


def _theirs(binary: Path, tree: Path, output: Path) -> Cost:
    home = output.parent / "home"  # so that no settings of whoever runs this count
    home.mkdir(exist_ok=True)
    found = {**os.environ, "HOME": str(home), "CLAUDE_CONFIG_DIR": str(tree)}
    return program_cost(command_of(binary), output, found)


def _rows(output: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(output.read_text(encoding="utf-8"))
    return rows


def _tokens(output: Path) -> Totals:
    kinds = ("input", "output", "cache_read", "cache_write")
    return Counter({(row["day"], row["sku"], kind): row[kind] for row in _rows(output) for kind in kinds})


def _dollars(output: Path) -> dict[tuple[str, str], Decimal]:
    return {(row["day"], row["sku"]): Decimal(row["usd"]) for row in _rows(output)}


def _agrees(who: str, ours: Totals, theirs: Totals) -> str:
    other = sum(ours[key] != theirs[key] for key in ours.keys() | theirs.keys())
    return f"tokens of {len(ours):,} days, models and kinds beside those of {who}: {other or 'none'} differ"


def _costs_agree(ours: dict[tuple[str, str], Decimal], theirs: dict[tuple[str, str], Decimal]) -> str:
    nothing = Decimal(0)
    other = {
        key for key in ours.keys() | theirs.keys() if abs(ours.get(key, nothing) - theirs.get(key, nothing)) > _NEAR
    }
    return (
        f"dollars of {len(ours):,} days and models beside those of {CCUSAGE}: {len(other) or 'none'} differ; "
        f"in all {sum(ours.values()):,.6f} and {sum(theirs.values()):,.6f}"
    )


def main() -> None:
    """Import the folder named first into the ledger named next, and print the daily report."""
    tree, ledger = map(Path, sys.argv[1:])
    load(tree, ledger)
    with open_ledger(ledger, read_only=True) as book:
        json.dump(daily(book), sys.stdout)


if __name__ == "__main__":
    main()
