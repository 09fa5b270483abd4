"""Two lanes, one meaning: whatever the log, each lane makes the same ledger of it, to the last digit."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.importing.fast_lane import FastLane, Lane, Scan
from billing.importing.importer import import_paths
from billing.importing.loads import Counts, FileResult
from billing.importing.log_files import log_files
from billing.ledger import Ledger, open_ledger
from billing.records import Reading
from data.simulate import EXPECTED, SAMPLE, write_month
from tests.lane_lines import SOUND, each_oddity, is_sound
from tests.lane_logs import logs
from tests.ledgers import OCTOBER

#: As many pairs of logs are tried by chance; to look for what is rare, name a greater number.
EXAMPLES = int(os.environ.get("TALLYSTICK_EXAMPLES", "40"))

Lanes = tuple[Lane, ...] | None
STRICT: Lanes = (Lane.STRICT,)
FAST: Lanes = tuple(Lane)
DAMAGED: Lanes = (Lane.DAMAGED, Lane.STRICT)
#: What is said of each file, and all rows of the ledger's tables.
Made = tuple[tuple[FileResult, ...], dict[str, list[tuple[object, ...]]]]

_PLAIN = Reading()
_readings = st.builds(
    Reading,
    provider=st.sampled_from([None, None, None, "aivideoapi", "a vendor"]),
    zone=st.sampled_from([None, UTC]),
    by_content=st.sampled_from([False] * 19 + [True]),
)


@contextmanager
def counting() -> Iterator[Counter[Lane]]:
    """Count the lines that the engine takes in each of its lanes."""
    taken: Counter[Lane] = Counter()
    scan = FastLane.scan

    def counted(self: FastLane) -> Scan:
        scanned = scan(self)
        taken[self.lane] += scanned.records + scanned.ignored
        return scanned

    with patch.object(FastLane, "scan", counted):
        yield taken


def made(*loads: tuple[Sequence[Path], Lanes], reading: Reading = _PLAIN) -> Made:
    """Import files in their lanes, load by load, and return what they make."""
    logs = [path for paths, _ in loads for path in paths]
    with TemporaryDirectory() as folder, open_ledger(Path(folder) / "ledger.duckdb", logs=logs) as ledger:
        results = [import_paths(ledger, paths, reading, OCTOBER, lanes=lanes) for paths, lanes in loads]
        tables = ("files", "usage_records", "conflicts", "rejects")
        rows = {table: ledger.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in tables}  # noqa: S608 - ours
        return tuple(file for result in results for file in result.files), rows


def assert_same(ours: Made, strict: Made) -> None:
    """Hold a ledger against the one that the strict lane made; of the rows that differ the first two are told."""
    for table, rows in strict[1].items():
        differ = [pair for pair in zip(ours[1][table], rows, strict=False) if pair[0] != pair[1]]
        assert not differ[:2], table
        assert len(ours[1][table]) == len(rows), table
    assert ours[0] == strict[0]


def assert_one_meaning(paths: Sequence[Path]) -> tuple[FileResult, ...]:
    """Hold what every way of reading makes of the files against the strict one; return what is said of them."""
    strict = made((paths, STRICT))
    for lanes in (FAST, DAMAGED, None):
        assert_same(made((paths, lanes)), strict)
    return strict[0]


# A pair of logs is long, and shown where it fails all the same.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_logs_by_chance_make_the_same_ledger_in_every_lane() -> None:
    lines = 0
    ways = [(FAST, FAST), (DAMAGED, DAMAGED), (FAST, STRICT), (STRICT, FAST), (None, None)]

    @settings(max_examples=EXAMPLES)
    @given(logs(), logs(), _readings, st.sampled_from(ways))
    def law(first: bytes, second: bytes, reading: Reading, way: tuple[Lanes, Lanes]) -> None:
        nonlocal lines
        with TemporaryDirectory() as folder:
            paths = Path(folder) / "first.jsonl", Path(folder) / "second.jsonl"
            for path, text in zip(paths, (first, second), strict=True):
                path.write_bytes(text)
                lines += text.count(b"\n")
            with counting() as here:
                loads = [([path], lanes) for path, lanes in zip(paths, way, strict=True)]
                assert_same(made(*loads, reading=reading), made((paths, STRICT), reading=reading))
            taken.update(here)

    taken: Counter[Lane] = Counter()
    law()
    assert taken.total() > lines / 10, "few lines are left for the engine, so little is proved"


@pytest.mark.parametrize("sound", SOUND)
def test_each_oddity_of_a_line_is_read_alike_in_every_lane(tmp_path: Path, sound: str) -> None:
    lines = list(each_oddity(SOUND[sound]))
    (damaged := tmp_path / "damaged.jsonl").write_bytes(b"\n".join(lines))
    (whole := tmp_path / "whole.jsonl").write_bytes(b"\n".join(line for line in lines if is_sound(line)))
    for path, lanes in (whole, FAST), (damaged, DAMAGED):
        with counting() as taken:
            assert_same(made(([path], lanes)), made(([path], STRICT)))
        assert lanes
        assert set(taken) == {lanes[0]}
        assert taken.total() > len(lines) / 6


@pytest.mark.parametrize(
    "blank", [b" ", b"   ", b"\t" * 9, b"\f\v\r", b" " * (2**20 - 9), b"\xef\xbb\xbf", b"\xef\xbb\xbf  "]
)
def test_lines_of_nothing_but_spaces_move_no_record(tmp_path: Path, blank: bytes) -> None:
    # The last two tell the same, so that nothing about the last one says which of the two it is.
    sound = next(each_oddity(SOUND["answer"]))
    for lines in [blank, sound, b"[]", sound, sound], [sound, b"[]", blank, sound, sound, sound]:
        (path := tmp_path / "log.jsonl").write_bytes(b"\n".join(lines))
        with counting() as taken:
            assert_same(made(([path], DAMAGED)), made(([path], STRICT)))
        assert taken.total() >= 3


def test_a_line_that_nests_too_deep_is_found_behind_blank_ones(tmp_path: Path) -> None:
    sound = next(each_oddity(SOUND["turn"]))
    deep = sound[:-1] + b',"x":' + b"[" * 3_000 + b"]" * 3_000 + b"}"
    (path := tmp_path / "log.jsonl").write_bytes(b"\n".join([sound, b"", b" " * 9, sound, deep, sound, sound]))
    said, rows = made(([path], DAMAGED))
    assert_same((said, rows), made(([path], STRICT)))
    assert [(line, reason) for _, _, line, reason, _ in rows["rejects"]] == [(5, "too_deep")]


def test_every_real_file_makes_the_same_ledger_in_every_lane_or_is_refused_with_a_reason(shared: Path) -> None:
    folder = shared / "realdata"
    paths = tuple(log_files([folder]))
    assert {path for path in folder.rglob("*") if path.is_file()} - set(paths) == {folder / "README.md"}
    with counting() as taken:
        said = assert_one_meaning(paths)
    assert taken[Lane.FAST] > 1_634
    # Tables of prices and of traffic that no shape knows, and two answers that are about no usage.
    refused = {file.path.name: file.message for file in said if file.status != "imported"}
    assert refused.keys() == {
        "AzureLLMInferenceTrace_code.csv", "anthropic-skill-create.json", "anthropic-skill-version-create.json",
        "focus_sample_1.0.csv",
    }  # fmt: skip
    assert all("no log shape knows" in why or "columns of a table that we know" in why for why in refused.values())
    total = sum((file.counts for file in said), Counts())
    assert (total.records, total.imported, total.rejected, total.conflict) == (22_640, 21_741, 0, 0)


def _assert_expected(folder: Path, expected: dict[str, object]) -> None:
    """Hold the ledger that a month makes in every lane against what its generator says of it."""
    with counting() as taken:
        said = assert_one_meaning(tuple(log_files([folder])))
    assert {file.path.name: asdict(file.counts) for file in said} == expected["files"]
    assert taken[Lane.DAMAGED] > taken[Lane.FAST] > 100


def test_the_sample_month_makes_the_expected_ledger_in_every_lane() -> None:
    _assert_expected(SAMPLE, json.loads((SAMPLE.parent / EXPECTED).read_text("utf-8")))


def test_another_month_makes_the_expected_ledger_in_every_lane(tmp_path: Path) -> None:
    month = tmp_path / "month"
    _assert_expected(month, write_month(month, tmp_path / "expected.json", seed=7, requests=20_000))


def _changes(paths: Sequence[Path]) -> int:
    """Import files, hold what comes of it against the strict lane, and return how many changes it took."""
    with patch.object(Ledger, "change", autospec=True, side_effect=Ledger.change) as change:
        ours = made((paths, None))
        taken = change.call_count
    assert_same(ours, made((paths, STRICT)))
    return taken


@pytest.mark.parametrize(
    "odd", ['"tags":{"b":"1","a":"%d"}', '"api_key_id":"sk-%d"', '"project":"%d"', '"tags":{"a":%d.5}']
)
def test_a_text_of_its_own_in_each_line_costs_no_change_of_its_own(tmp_path: Path, odd: str) -> None:
    answer = next(each_oddity(SOUND["short answer"]))
    padded = answer[:-1] + b',"x":"' + b"y" * 2_000 + b'",'
    lines = [padded.replace(b"msg_1", b"msg_%d" % number) + (odd % number).encode() + b"}" for number in range(200)]
    (path := tmp_path / "log.jsonl").write_bytes(b"\n".join(lines))
    assert _changes([path]) < 50


def test_lines_with_many_brackets_cost_no_change_of_their_own(tmp_path: Path) -> None:
    for shape in "short answer", "session":
        sound = next(each_oddity(SOUND[shape]))
        padded = sound[:-1] + b',"x":"' + b"[" * 2_000 + b'"}'
        lines = [padded.replace(b"msg_1", b"msg_%d" % number) for number in range(200)]
        (path := tmp_path / f"{shape}.jsonl").write_bytes(b"\n".join(lines))
        assert _changes([path]) < 50


def test_folders_of_their_own_cost_sessions_no_change_of_their_own(tmp_path: Path) -> None:
    sound = next(each_oddity(SOUND["session"]))[:-1] + b',"x":"' + b"y" * 2_000 + b'"}'
    lines = [sound.replace(b"msg_1", b"msg_%d" % number).replace(b"shop", b"%d" % number) for number in range(200)]
    (path := tmp_path / "session.jsonl").write_bytes(b"\n".join(lines))
    assert _changes([path]) < 50
