"""What the benchmark imports is what its generators wrote, in every lane and as another program would tell it."""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from billing.importing.fast_lane import Lane
from billing.importing.importer import import_paths
from billing.ledger import Ledger, open_ledger
from billing.records import Reading
from tests.bench import daily, imports, logs, trees
from tests.bench.cost import FAILED, Cost, cold_cost
from tests.bench.sessions import Tree, write_tree
from tests.bench.tables import Bound, bounds_table, costs_table

LINES = 2_000


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "month.jsonl"
    logs.write_clean(path, LINES)
    return path


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tree]:
    folder = tmp_path_factory.mktemp("tree")
    return folder, write_tree(folder, sessions=9, lines=LINES)


def imported(ledger: Ledger, log: Path, lane: Lane | None = None) -> list[tuple[object, ...]]:
    lanes = (lane, Lane.STRICT) if lane else None
    import_paths(ledger, [log], Reading(), daily.NOW, lanes=lanes)
    return ledger.rows("SELECT * EXCLUDE (file_id) FROM usage_records ORDER BY request_id")


def test_a_clean_log_has_each_request_once(month: Path, tmp_path: Path) -> None:
    imports.load([month], tmp_path / "bench.duckdb", logs.Told(LINES, LINES, 0, 0, 0))


def test_what_came_in_is_held_against_what_was_told(month: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        imports.load([month], tmp_path / "bench.duckdb", logs.Told(LINES, LINES - 1, 1, 0, 0))


def test_years_are_the_same_month_with_other_ids_and_times(month: Path, tmp_path: Path) -> None:
    years = tmp_path / "years.jsonl"
    logs.write_years(years, month, 2)
    lines = years.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2 * LINES
    assert re.sub(rb'(sim|":")2025(?=[_-])', rb"\g<1>2026", b"".join(lines[LINES:])) == month.read_bytes()
    imports.load([years], tmp_path / "bench.duckdb", logs.Told(2 * LINES, 2 * LINES, 0, 0, 0))


@pytest.mark.parametrize("lane", [Lane.DAMAGED, Lane.STRICT])
def test_a_damaged_log_is_told_apart_line_by_line(month: Path, tmp_path: Path, lane: Lane) -> None:
    damaged = tmp_path / "damaged.jsonl"
    told = logs.write_damaged(damaged, month)
    assert told.imported + told.duplicate + told.rejected + told.blank == LINES
    with open_ledger(tmp_path / "bench.duckdb", logs=[damaged]) as ledger:
        assert len(imported(ledger, damaged, lane)) == told.imported
        ((rejected, ignored, duplicate),) = ledger.rows("SELECT rejected, ignored, duplicate FROM files")
    assert (rejected, ignored, duplicate) == (told.rejected, told.blank, told.duplicate)


def test_each_damage_changes_a_line_and_is_refused_if_it_says_so(month: Path, tmp_path: Path) -> None:
    line = next(line for line in month.read_bytes().splitlines() if b'"status":200,' in line)
    others = [line.replace(b"sim2026_", b"sim%d_" % nth) for nth in range(len(logs.DAMAGES))]
    harmed = [damage.harm(other) for damage, other in zip(logs.DAMAGES, others, strict=True)]
    assert not set(harmed) & set(others)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join([line, *harmed, b""]))
    with open_ledger(tmp_path / "bench.duckdb", logs=[log]) as ledger:
        taken = imported(ledger, log)
        refused = {number for (number,) in ledger.rows("SELECT line FROM rejects")}
    assert refused == {nth for nth, each in enumerate(logs.DAMAGES, 2) if each.is_rejected}
    assert len(taken) == 1 + len(harmed) - len(refused)


@pytest.mark.parametrize("query", [imports.SCAN, imports.SCAN_FEW])
def test_the_bare_scan_reads_the_columns_of_every_line(month: Path, query: str) -> None:
    ((lines, *values),) = imports.scan(query, str(month))
    assert lines == LINES
    assert None not in values


def test_a_tree_tells_the_tokens_that_its_generator_drew(tree: tuple[Path, Tree], tmp_path: Path) -> None:
    folder, wrote = tree
    ledger = tmp_path / "bench.duckdb"
    daily.load(folder, ledger)
    with open_ledger(ledger, read_only=True) as book:
        rows = daily.daily(book)
        ((requests,),) = book.rows("SELECT COUNT(*) FROM usage_records")
    kinds = ("input", "output", "cache_read", "cache_write")
    assert Counter({(row["day"], row["sku"], kind): row[kind] for row in rows for kind in kinds}) == wrote.tokens
    assert requests == wrote.requests
    assert all(Decimal(row["usd"]) > 0 for row in rows)


def test_the_bare_scan_of_a_tree_reads_every_line(tree: tuple[Path, Tree]) -> None:
    folder, wrote = tree
    ((lines, *values),) = imports.scan(trees.SCAN, f"{folder}/**/*.jsonl")
    assert lines == wrote.lines
    assert None not in values


def test_a_step_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match="load failed"):
        cold_cost(imports.load, [], Path("no folder", "x.duckdb"), logs.Told(0, 0, 0, 0, 0))


def test_tables_show_ratios_failures_and_what_is_met() -> None:
    scan, whole = Cost(1.0, 0.5, 140), Cost(3.456, 4.0, 1_234)
    (*_, scanned, imported_, failed, end) = costs_table(
        "step", [("scan", scan), ("import", whole), ("tight", FAILED)], [("scan", scan)]
    )
    assert re.split(r" *\| *", imported_)[1:-1] == ["import", "3.46", "3.46", "4.00", "1,234"]
    assert re.split(r" *\| *", failed)[1:-1] == ["tight", "failed", "failed", "failed", "failed"]
    assert len(scanned) == len(imported_) == len(failed)
    assert not end
    (_, _, met, missed, _) = bounds_table([Bound("a", 3.456, 4.0, "x"), Bound("b", FAILED.cpu, FAILED.cpu, "s")])
    assert re.split(r" *\| *", met)[1:-1] == ["a", "4.00 x", "3.46 x", "yes"]
    assert re.split(r" *\| *", missed)[1:-1] == ["b", "any", "failed s", "no"]
