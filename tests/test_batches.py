"""Sessions that are read together make the ledger that they make one by one, whatever is in one of them."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.importing import importer, loads, sessions
from billing.importing.importer import import_paths
from billing.importing.loads import Counts, FileResult, Options
from billing.ledger import Ledger, open_ledger
from billing.records import Reading
from tests.lane_lines import Members, is_sound, rendered
from tests.lane_logs import odd_lines, session_lines
from tests.ledgers import OCTOBER
from tests.test_lanes import STRICT, Made, made


@contextmanager
def together() -> Iterator[list[int]]:
    """Let files of any size be read together, in shares; tell how many were, each time it went well."""
    read: list[int] = []
    import_sessions = sessions.import_sessions

    def counted(ledger: Ledger, paths: Sequence[Path], options: Options) -> list[FileResult]:
        found = import_sessions(ledger, paths, options)
        read.append(len(paths))
        return found

    with (
        patch.object(importer, "WORTHWHILE_BYTES", 1),
        patch.object(importer, "import_sessions", counted),
        patch.object(sessions, "CORES", 3),
    ):
        yield read


def turn(number: int, output: int = 1, **fields: object) -> bytes:
    usage = {"input_tokens": number, "output_tokens": output}
    message = {"id": f"msg_{number}", "type": "message", "model": "claude-opus-4-6", "usage": usage}
    line = {
        "type": "assistant", "timestamp": f"2026-03-05T10:{number % 60:02}:00.{output:03}Z", "sessionId": "s",
        "requestId": f"req_{number}", "message": message, "cwd": "/home/me/shop",
    }  # fmt: skip
    return json.dumps(line | fields, separators=(",", ":")).encode()


USER = b'{"type":"user","sessionId":"s","timestamp":"2026-03-05T10:00:00.000Z","message":{"role":"user"}}'


def write(folder: Path, *files: Sequence[bytes]) -> list[Path]:
    paths = [folder / f"{number}.jsonl" for number in range(len(files))]
    for path, lines in zip(paths, files, strict=True):
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    return paths


def assert_alike(paths: Sequence[Path]) -> tuple[Made, list[int]]:
    """Hold what files make that may be read together against what the strict readers make of each by itself.

    Of what several files tell, one more is imported and another superseded if they are not judged one after the other.
    """
    with together() as read:
        ours = made((paths, None))
    strict = made((paths, STRICT))
    for table in ("usage_records", "conflicts", "rejects"):
        assert ours[1][table] == strict[1][table]
    assert [_of_no_order(each) for each in ours[0]] == [_of_no_order(each) for each in strict[0]]
    assert _total(ours).imported == _total(strict).imported == len(ours[1]["usage_records"])
    for each in ours[0]:
        each.counts.check()
    return ours, read


def _of_no_order(file: FileResult) -> tuple[object, ...]:
    return file.path, file.shape, file.status, file.counts.records, file.counts.rejected, file.counts.ignored


def _total(files: Made) -> Counts:
    return sum((each.counts for each in files[0]), Counts())


def streamed(first: int, last: int) -> list[bytes]:
    """Return answers, each told three times while it streams, the last word twice."""
    return [line for number in range(first, last) for line in (USER, *(turn(number, out) for out in (1, 9, 9)))]


def test_snapshots_are_folded_and_counted(tmp_path: Path) -> None:
    paths = write(tmp_path, streamed(0, 5), streamed(5, 9), [turn(9)])
    (said, _), read = assert_alike(paths)
    assert read == [3]
    told = [(each.counts.imported, each.counts.duplicate, each.counts.superseded, each.counts.ignored) for each in said]
    assert told == [(5, 5, 5, 5), (4, 4, 4, 4), (1, 0, 0, 0)]


def test_sessions_that_share_messages_have_each_once(tmp_path: Path) -> None:
    resumed = [*streamed(3, 7), turn(4, 12), turn(4, 3), turn(5, 9, cwd="/home/me/other")]
    (said, rows), read = assert_alike(write(tmp_path, streamed(0, 5), resumed, [turn(6, 200), USER]))
    assert read == [3]
    assert len(rows["usage_records"]) == 7
    assert sum(each.counts.imported for each in said) == 7


def test_a_line_of_another_type_is_no_request_though_it_has_the_id_of_one(tmp_path: Path) -> None:
    other = turn(0, type="progress")
    (said, rows), read = assert_alike(write(tmp_path, [turn(0)], [turn(0), other]))
    assert read == [2]
    assert [each.counts.ignored for each in said] == [0, 1]
    assert len(rows["usage_records"]) == 1


def test_an_id_for_several_requests_is_told_of_each_file(tmp_path: Path) -> None:
    one, two, three = (turn(number).replace(b"msg_%d" % number, b"msg_1") for number in (1, 2, 3))
    (said, rows), read = assert_alike(write(tmp_path, [one, two], [three, turn(4)]))
    assert read == [2]
    assert len(rows["conflicts"]) == 2
    assert all("stand for several requests" in each.message for each in said)


@pytest.mark.parametrize(
    ("bad", "whole"),
    [
        (b"nothing", False),
        (b"", False),
        (turn(7)[:90], False),
        (turn(7).replace(b'"type":"assistant"', b'"type":"assistant","type":"assistant"'), False),
        (turn(7)[:-1] + b',"x":' + b"[" * 3_000 + b"]" * 3_000 + b"}", False),
        (turn(7) + turn(8), False),
        (turn(7).replace(b'"output_tokens":1', b'"output_tokens":1.5'), True),
        (turn(7).replace(b'"output_tokens":1', b'"output_tokens":1,"new_tokens":5'), True),
        (turn(7).replace(b"claude-opus-4-6", b"<synthetic>"), True),
        (turn(7).replace(b"claude-opus-4-6", b"12"), True),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_file_in_the_middle_changes_no_other(tmp_path: Path, bad: bytes, whole: bool) -> None:
    files = [streamed(number * 3, number * 3 + 3) for number in range(5)]
    files[2] = [*files[2], bad, turn(40), USER]
    _, read = assert_alike(write(tmp_path, *files))
    assert read == ([5] if whole else [2, 2])


def test_a_last_line_that_is_odd_or_cut_is_read_by_itself(tmp_path: Path) -> None:
    paths = write(tmp_path, streamed(0, 3), [*streamed(3, 6), turn(6).replace(b":1}", b":1.5}")], streamed(7, 9))
    paths[2].write_bytes(paths[2].read_bytes()[:-1])
    assert_alike(paths)
    paths[2].write_bytes(paths[2].read_bytes()[:-9])
    assert_alike(paths)


def test_the_same_file_twice_and_others_that_are_no_sessions(tmp_path: Path) -> None:
    one, same, packed, other = write(tmp_path, streamed(0, 3), streamed(0, 3), streamed(4, 6), [b'{"a":1}'])
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    (said, _), _ = assert_alike([one, same, one, packed, other, tmp_path / "none.jsonl"])
    assert [each.status for each in said] == ["imported"] * 4 + ["refused"] * 2
    assert [each.counts.imported for each in said] == [3, 0, 0, 2, 0, 0]


def test_the_ledger_is_not_opened_again_to_see_whether_it_is_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(sessions, "open_log_file", opened.append)
    with together(), open_ledger(tmp_path / "ledger.duckdb") as ledger:
        (file,) = import_paths(ledger, [ledger.path], Reading(), OCTOBER).files
    assert (file.status, opened) == ("refused", [])


def test_files_that_grow_are_read_on_beside_new_ones(tmp_path: Path) -> None:
    paths = write(tmp_path, streamed(0, 3), streamed(3, 6), streamed(6, 9))
    with together() as read, open_ledger(tmp_path / "ledger.duckdb", logs=paths) as ledger:
        import_paths(ledger, paths[:2], Reading(), OCTOBER)
        with paths[1].open("ab") as end:
            end.write(turn(5, 30) + b"\n" + turn(9) + b"\n")
        grown = import_paths(ledger, paths, Reading(), OCTOBER).files
        assert read[0] == 2
        assert [each.counts.imported for each in grown] == [0, 1, 3]
        rows = "SELECT request_id, output, line FROM usage_records ORDER BY ALL"
        assert (("msg_5", 30, 13) in ledger.rows(rows), ("msg_9", 1, 14) in ledger.rows(rows)) == (True, True)


def test_a_file_that_changes_while_it_is_read_is_not_taken_with_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, streamed(0, 3), streamed(3, 6))
    note = loads.note_files

    def changed(*given: object) -> None:
        note(*given)  # type: ignore[arg-type]  # handed on
        paths[1].write_bytes(paths[1].read_bytes().replace(b'"output_tokens":9', b'"output_tokens":8'))

    monkeypatch.setattr(sessions, "note_files", changed)
    with together() as read, open_ledger(tmp_path / "ledger.duckdb", logs=paths) as ledger:
        import_paths(ledger, paths, Reading(), OCTOBER)
        assert ledger.rows("SELECT MAX(output), COUNT(*) FROM usage_records WHERE request_id > 'msg_2'") == [(8, 3)]
        assert read == [1]


@pytest.mark.parametrize("step", ["_take", "_read_left", "settle_alone", "settle", "finish"])
def test_whatever_ends_a_batch_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    paths = write(tmp_path, streamed(0, 3), streamed(3, 6))
    tables = ("files", "usage_records", "conflicts", "rejects")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with together() as read, open_ledger(tmp_path / "ledger.duckdb", logs=paths) as ledger:
        with monkeypatch.context() as patched:
            patched.setattr(sessions, step, killed)
            with pytest.raises(KeyboardInterrupt):
                import_paths(ledger, paths, Reading(), OCTOBER)
        assert [ledger.rows(f"SELECT * FROM {table}") for table in tables] == [[], [], [], []]  # noqa: S608 - ours
        assert import_paths(ledger, paths, Reading(), OCTOBER).total.imported == 6
        assert read == [2]


@st.composite
def _files(draw: st.DrawFn) -> list[bytes]:
    """Draw some sessions whose lines are of one pool, so that they share messages, and some of which are odd."""
    members: st.SearchStrategy[Members] = session_lines()
    pool = draw(st.lists(st.one_of(members.map(rendered), odd_lines(members)), min_size=8, max_size=20))
    sound = [rendered(draw(members)), *filter(is_sound, pool)]
    files = []
    for _ in range(draw(st.integers(2, 4))):
        lines = draw(st.lists(st.sampled_from(draw(st.sampled_from([sound, sound, sound, pool]))), max_size=15))
        files.append(b"\n".join([sound[0], *lines, *draw(st.sampled_from([[b""], [b""], []]))]))
    return files


@settings(max_examples=40)
@given(_files())
def test_sessions_by_chance_make_the_same_ledger_together(files: list[bytes]) -> None:
    with TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.jsonl" for number in range(len(files))]
        for path, text in zip(paths, files, strict=True):
            path.write_bytes(text)
        assert_alike(paths)
