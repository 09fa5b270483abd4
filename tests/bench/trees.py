"""What a folder of Claude Code sessions costs: imported and told per day and model, all as one program."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.bench.cost import Cost, cold_cost, least, program_cost
from tests.bench.daily import load
from tests.bench.imports import Say, scan
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
#: Dollars of a day and model, which the other program adds up in floating point.
_NEAR = Decimal("0.000001")


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
        (_, own), (_, peer) = costs[-2:]
        bounds.append(Bound(f"whole program, to {CCUSAGE}", own.cpu / peer.cpu, 0.5, "x CPU"))
        notes.append(f"on this machine's cores it takes {own.wall / peer.wall:.2f} x the wall time of {CCUSAGE}")
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
    return program_cost([sys.executable, "-m", "tests.bench.daily", str(tree), str(ledger)], output)


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
