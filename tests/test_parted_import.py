"""An import in parts, run here part by part: the outcome is that of one import of all files, digit by digit."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.canonical import RELATIONS, write_canonical
from billing.importing.fast_lane import Lane
from billing.importing.importer import ImportResult, import_paths
from billing.importing.loads import Counts, Options
from billing.importing.parted_import import JUDGED, TELLINGS, TOLD, Parting, Read, judged, told
from billing.ledger import dicts, open_ledger
from billing.records import Reading
from data.simulate import SAMPLE
from tests.lane_logs import logs
from tests.ledgers import OCTOBER
from tests.test_batches import turn
from tests.test_lanes import EXAMPLES, counting

PLAIN = Options(Reading(), OCTOBER)
PARTING = Parting(digits=1)
COUNTS = ("imported", "duplicate", "superseded", "conflict")

Row = dict[str, Any]
Made = tuple[ImportResult, dict[str, list[Row]]]
"""What became of each file, and the rows of each relation."""


def at_once(paths: Sequence[Path], options: Options = PLAIN) -> Made:
    """Import files on one machine, and return what a folder of canonical Parquet has of them."""
    with TemporaryDirectory() as folder, open_ledger(Path(folder) / "ledger.duckdb", logs=paths) as ledger:
        result = import_paths(ledger, paths, options.reading, OCTOBER)
        write_canonical(ledger, Path(folder) / "out", PARTING.digits)
        tables = {name: pq.read_table(Path(folder) / "out" / name, partitioning=None) for name in RELATIONS}
        return result, {name: _sorted(dicts(table)) for name, table in tables.items()}


def parted(paths: Sequence[Path], options: Options = PLAIN) -> Made:
    """Import files in parts: every other file by another task, and the lower buckets by another than the upper."""
    places = list(enumerate(paths))
    by_kind = _by_kind(TOLD, (batch for n in (0, 1) for batch in told(places[n::2], options, PARTING)))
    rows = {row["file_id"]: row for row in by_kind["file"]}
    read = Read(paths, rows)
    loads = read.loads()
    tellings = [row | {"file_id": loads[row["file_id"]]} for row in by_kind["record"] if row["file_id"] in loads]
    tellings.sort(key=lambda row: str(row["bucket"]))
    halves = [[row for row in tellings if (row["bucket"] < "x8") is lower] for lower in (True, False)]
    pieces = (_table(TELLINGS, half).to_batches(max_chunksize=7) for half in halves)
    settled = _by_kind(JUDGED, (batch for half in pieces for batch in judged(half, PARTING)))
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    reused: dict[int, list[str]] = defaultdict(list)
    for row in settled["counts"]:
        for name in COUNTS:
            counts[row["file_id"]][name] += row[name]
    for row in settled["reused"]:
        reused[row["file_id"]].append(row["request_id"])
    result = read.result(counts, {load: sorted(ids) for load, ids in reused.items()})
    rejects = [
        row | {"file_digest": rows[row["file_id"]]["digest"], "path": str(paths[row["file_id"]])}
        for row in by_kind["reject"]
        if row["file_id"] in loads
    ]
    found = {"usage_records": settled["request"], "conflicts": settled["conflict"], "rejects": rejects}
    told_rows = {
        name: [{key: row[key] for key in RELATIONS[name].names} for row in rows] for name, rows in found.items()
    }
    told_rows["files"] = dicts(read.files(result, options))
    return result, {name: _sorted(told_rows.get(name, [])) for name in RELATIONS}


def _by_kind(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in dicts(pa.Table.from_batches(list(batches), schema)):
        found[row["kind"]].append(row)
    return found


def _table(schema: pa.Schema, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in rows], schema)


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def assert_same(ours: Made, theirs: Made) -> None:
    """Hold one import against the other: first the rows of each relation, then what is said of each file."""
    for name, rows in theirs[1].items():
        assert ours[1][name] == rows, name
    assert ours[0] == theirs[0]


def write(folder: Path, *files: Iterable[bytes]) -> list[Path]:
    """Write packed logs of these lines."""
    paths = [folder / f"{number}.ndjson.gz" for number in range(len(files))]
    for path, lines in zip(paths, files, strict=True):
        path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0))
    return paths


def answer(number: int, output: int = 5, **fields: object) -> bytes:
    usage = {"input_tokens": 10 + number, "output_tokens": output}
    response = {"type": "message", "model": "claude-sonnet-4-6", "usage": usage, **fields}
    return json.dumps({"timestamp": "2026-10-05T10:00:00Z", "provider": "aivideoapi", "response": response}).encode()


def test_the_sample_month() -> None:
    paths = sorted(SAMPLE.iterdir())
    ours = parted(paths)
    assert_same(ours, at_once(paths))
    assert ours[0].total.conflict == 1
    assert ours[0].total.duplicate > 50
    assert ours[0].total.rejected == 5


def test_snapshots_duplicates_conflicts_and_nameless_answers_across_files(tmp_path: Path) -> None:
    paths = write(
        tmp_path,
        [turn(1, 9), turn(1, 9), turn(2, 3), turn(3, 5)],
        [turn(1, 159), turn(2, 3)],
        [answer(1, id="a", credits_consumed=2), answer(2, id="b"), answer(3), answer(3), b"{no json"],
        [answer(1, id="a", credits_consumed=3), answer(2, id="b", credits_consumed=1), answer(3)],
    )
    ours = parted(paths)
    assert_same(ours, at_once(paths))
    assert ours[0].total == Counts(records=14, imported=6, duplicate=3, superseded=3, conflict=1, rejected=1)
    assert [row["charged"] for row in ours[1]["conflicts"]] == [3 * 10**12]


def test_an_id_that_stands_for_many_requests_is_told_of_each_file(tmp_path: Path) -> None:
    paths = write(tmp_path, [answer(n, id="same") for n in range(3)], [answer(n, id="same") for n in range(3, 6)])
    ours = parted(paths)
    assert_same(ours, at_once(paths))
    assert all("1 ids stand for several requests each" in file.message for file in ours[0].files)


def test_bytes_that_several_files_hold_count_once_and_what_is_no_log_is_refused(tmp_path: Path) -> None:
    first, copy = write(tmp_path, [answer(1, id="a"), b"{no json"], [answer(1, id="a"), b"{no json"])
    (tmp_path / "prose.txt").write_text("no log at all")
    (tmp_path / "cut.ndjson.gz").write_bytes(first.read_bytes()[:-9])
    (tmp_path / "bought.csv").write_text("provider,at,credits\naivideoapi,2026-10-01T00:00:00Z,5\n")
    paths = [tmp_path / "prose.txt", first, tmp_path / "cut.ndjson.gz", copy, tmp_path / "missing.jsonl"]
    ours = parted(paths)
    assert_same(ours, at_once(paths))
    assert [file.status for file in ours[0].files] == ["refused", "imported", "refused", "imported", "refused"]
    assert ours[0].files[3].counts.duplicate == 1
    assert [row["file_id"] for row in ours[1]["files"]] == [1]
    (of_account,) = parted([tmp_path / "bought.csv"])[0].files
    assert of_account.status == "refused"
    assert "tells of an account, not of requests; `tallystick import` takes it" in of_account.message


def test_a_large_file_goes_through_the_fast_lane(tmp_path: Path) -> None:
    lines = [answer(n % 3000, id=f"msg_{n % 3000}", credits_consumed=1 + n // 3000) for n in range(3300)]
    paths = write(tmp_path, lines)
    with counting() as taken:
        ours = parted(paths)
    assert taken[Lane.FAST] == 3300
    assert_same(ours, at_once(paths))
    assert (ours[0].total.imported, ours[0].total.conflict) == (3000, 300)


def test_whatever_the_logs_say() -> None:
    """Where one is refused, one machine judges the others in several goes, which may count what stays out otherwise."""

    @settings(max_examples=max(4, EXAMPLES // 10))
    @given(st.lists(logs(), min_size=2, max_size=3, unique=True))
    def law(texts: list[bytes]) -> None:
        with TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.jsonl" for number in range(len(texts))]
            for path, text in zip(paths, texts, strict=True):
                path.write_bytes(text)
            ours, theirs = parted(paths), at_once(paths)
        assert ours[1]["usage_records"] == theirs[1]["usage_records"]
        if all(file.status == "imported" for file in theirs[0].files):
            assert_same(ours, theirs)

    law()


def test_nothing_told_is_nothing_judged() -> None:
    assert list(told([], PLAIN, PARTING)) == []
    assert list(judged([], PARTING)) == []


def test_a_lost_record_is_no_quiet_matter(tmp_path: Path) -> None:
    rows = {0: {"message": None, "digest": "d", "shape": "s", "records": 2, "rejected": 0, "ignored": 0}}
    with pytest.raises(AssertionError, match="2 records were read and 1 are accounted for"):
        Read([tmp_path / "a.jsonl"], rows).result({1: dict.fromkeys(COUNTS, 0) | {"imported": 1}}, {})
