"""A folder imported again and again: only what is new is read, a changed file is told, and nothing counts twice."""

import json
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.importing import loads
from billing.importing.fast_lane import Lane
from billing.importing.importer import import_paths
from billing.importing.loads import FileResult
from billing.ledger import Ledger, open_ledger
from billing.records import Reading, UsageRecord
from tests.ledgers import OCTOBER, a_ledger
from tests.test_batches import turn

ALL_LANES = pytest.mark.parametrize("lanes", [(Lane.STRICT,), tuple(Lane)], ids=["strict", "fast"])


def line(number: int) -> bytes:
    usage = {"input_tokens": number, "output_tokens": 1}
    answer = {"id": f"msg_{number}", "type": "message", "model": "m", "usage": usage, "credits_consumed": 1}
    return json.dumps({"timestamp": "2026-10-01T00:00:00.5Z", "provider": "vendor", "response": answer}).encode()


def append(log: Path, more: bytes) -> None:
    with log.open("ab") as end:
        end.write(more)


def grown(ledger: Ledger, log: Path, lanes: Sequence[Lane] | None = None, **reading: object) -> FileResult:
    chosen = Reading(**reading)  # type: ignore[arg-type]  # its own fields
    (file,) = import_paths(ledger, [log], chosen, OCTOBER, lanes=tuple(lanes) if lanes else None).files
    return file


def told(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows("SELECT request_id, input, line FROM usage_records ORDER BY line")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(map(line, range(1, 6))) + b"\n")
    return log


@ALL_LANES
def test_of_a_file_that_grew_only_the_rest_is_read(
    log: Path, tmp_path: Path, lanes: Sequence[Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path / "ledger.duckdb", logs=[log]) as ledger:
        grown(ledger, log, lanes)
        append(log, line(6) + b"\n" + line(7) + b"\n")
        read: list[int] = []
        row_of = loads.row_of

        def watched(record: UsageRecord, file_id: int, reading: Reading) -> dict[str, object]:
            read.append(record.line)
            return row_of(record, file_id, reading)

        monkeypatch.setattr(loads, "row_of", watched)
        file = grown(ledger, log, lanes)
        assert (file.counts.records, file.counts.imported, file.message) == (2, 2, "")
        assert told(ledger) == [(f"msg_{number}", number, number) for number in range(1, 8)]
        assert len(read) <= 2
        assert ledger.rows("SELECT file_id, continues, whole_lines FROM files") == [(1, None, 5), (2, 1, 7)]


@ALL_LANES
def test_a_line_that_was_cut_is_read_when_it_is_whole(log: Path, tmp_path: Path, lanes: Sequence[Lane]) -> None:
    append(log, line(6)[:50])
    with open_ledger(tmp_path / "ledger.duckdb", logs=[log]) as ledger:
        assert grown(ledger, log, lanes).counts.rejected == 1
        append(log, line(6)[50:] + b"\n" + line(7))
        file = grown(ledger, log, lanes)
        assert (file.counts.records, file.counts.imported) == (2, 2)
        assert told(ledger) == [(f"msg_{number}", number, number) for number in range(1, 8)]
        assert ledger.rows("SELECT * FROM rejects") == []
        assert ledger.rows("SELECT records, imported, rejected FROM files ORDER BY file_id") == [(5, 5, 0), (2, 2, 0)]


def test_a_reject_in_the_rest_stands_on_its_line_of_the_file(log: Path) -> None:
    with a_ledger() as ledger:
        grown(ledger, log)
        append(log, b"\n" + line(6) + b"\nnothing\n")
        counts = grown(ledger, log).counts
        assert (counts.imported, counts.rejected, counts.ignored) == (1, 1, 1)
        assert told(ledger)[-1] == ("msg_6", 6, 7)
        assert ledger.rows("SELECT line, reason FROM rejects") == [(8, "not_json")]


def test_a_file_that_is_the_same_is_not_read_again(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_ledger() as ledger:
        append(log, b"nothing\n" + line(5) + b"\n\n")
        first = grown(ledger, log).counts
        monkeypatch.delattr(loads, "open_log")
        again = grown(ledger, log).counts
        assert (first.imported, first.duplicate, first.rejected, first.ignored) == (5, 1, 1, 1)
        assert (again.imported, again.duplicate, again.rejected, again.ignored) == (0, 6, 1, 1)
        assert ledger.rows("SELECT COUNT(*) FROM files") == [(1,)]


def test_all_of_a_file_that_grew_is_known_when_it_comes_again(log: Path) -> None:
    with a_ledger() as ledger:
        grown(ledger, log)
        append(log, line(6) + b"\n")
        grown(ledger, log)
        again = grown(ledger, log).counts
        assert (again.records, again.duplicate) == (6, 6)


def test_a_file_that_changed_is_told_and_read(log: Path) -> None:
    with a_ledger() as ledger:
        grown(ledger, log)
        log.write_bytes(log.read_bytes().replace(b'"input_tokens": 3', b'"input_tokens": 9') + line(6) + b"\n")
        file = grown(ledger, log)
        assert "is not the file imported from there before" in file.message
        assert (file.counts.imported, file.counts.duplicate, file.counts.conflict) == (1, 4, 1)


def test_other_options_read_a_file_again(log: Path) -> None:
    with a_ledger() as ledger:
        grown(ledger, log)
        file = grown(ledger, log, provider="another")
        assert file.status == "refused"
        assert "they would count a second time" in file.message


def test_what_a_grown_file_began_with_never_counts_a_second_time_by_other_options(log: Path) -> None:
    with a_ledger() as ledger:
        grown(ledger, log)
        append(log, line(6) + b"\n")
        grown(ledger, log)
        append(log, line(7) + b"\n")
        file = grown(ledger, log, provider="another")
        assert file.status == "refused"
        assert "they would count a second time" in file.message
        assert len(told(ledger)) == 6


def test_what_was_rejected_comes_in_by_other_options_though_the_file_has_grown(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(line(1).replace(b".5Z", b".5") + b"\n" + line(2) + b"\n")
    with a_ledger() as ledger:
        assert grown(ledger, log).counts.rejected == 1
        append(log, line(3) + b"\n")
        file = grown(ledger, log, zone=ZoneInfo("UTC"))
        assert (file.status, file.counts.imported, file.counts.duplicate) == ("imported", 2, 1)


def test_what_was_rejected_of_a_file_as_it_grew_comes_in_by_other_options(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(line(1).replace(b".5Z", b".5") + b"\n" + line(2) + b"\n")
    with a_ledger() as ledger:
        grown(ledger, log)
        append(log, line(3).replace(b".5Z", b".5") + b"\n")
        assert grown(ledger, log).counts.rejected == 1
        file = grown(ledger, log, zone=ZoneInfo("UTC"))
        assert (file.status, file.counts.imported, file.counts.duplicate) == ("imported", 2, 1)
        assert ledger.rows("SELECT COUNT(*) FROM rejects") == [(0,)]


def test_sessions_are_not_read_by_content(tmp_path: Path) -> None:
    log = tmp_path / "session.jsonl"
    log.write_bytes(b"".join(turn(1, output) + b"\n" for output in (1, 9, 9)))
    with a_ledger() as ledger:
        file = grown(ledger, log, by_content=True)
        assert file.status == "refused"
        assert "import it without --by-content" in file.message
        assert grown(ledger, log).counts.imported == 1


def test_the_ledger_is_no_log(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.duckdb") as ledger:
        (file,) = import_paths(ledger, [ledger.path], Reading(), OCTOBER).files
        assert file.status == "refused"
        assert "the ledger itself" in file.message


@settings(max_examples=40)
@given(st.data())
def test_growing_in_any_steps_is_like_reading_once(data: st.DataObject) -> None:
    parts = st.one_of(st.integers(1, 9).map(line), st.sampled_from([b"", b"nothing", b'{"type":"x"}', b"\r"]))
    whole = line(1) + b"\n" + b"\n".join(data.draw(st.lists(parts, max_size=8)))
    steps = sorted(data.draw(st.lists(st.integers(len(line(1)), len(whole)), max_size=4)))
    with a_ledger() as once, a_ledger() as watched:
        log = once.path.with_name("log.jsonl")
        for end in (*steps, len(whole)):
            log.write_bytes(whole[:end])
            grown(watched, log)
        grown(once, log)
        # Of records that are told twice in the same words any may stay.
        rows = "SELECT * EXCLUDE (file_id, line) FROM {} ORDER BY ALL"
        for table in ("usage_records", "conflicts"):
            assert watched.rows(rows.format(table)) == once.rows(rows.format(table))
        rejects = "SELECT line, reason FROM rejects ORDER BY ALL"
        assert watched.rows(rejects) == once.rows(rejects)
