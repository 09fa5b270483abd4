"""What is wrong with a ledger is told by `doctor`, with what to do; a backup is a ledger that has passed it."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from billing.doctor import examine
from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.receipt import columns_of, receipt_path
from billing.records import Reading
from reports.cli import run
from tests.conftest import ROOT
from tests.test_cli import as_json, call, log_line, working_folder  # noqa: F401 - the last is a fixture

NAME = "tallystick.duckdb"
LEDGER, RECEIPT, WRITE_LOG = Path(NAME), Path(f"{NAME}.receipt"), Path(f"{NAME}.wal")
AT = datetime(2026, 11, 1, tzinfo=UTC)


def bring(name: str, *ids: str) -> None:
    """Import a log of those ids."""
    Path(name).write_text("".join(log_line(each) + "\n" for each in ids), "utf-8")
    assert run(["import", name, "--quiet"]) == 0


@pytest.fixture
def ledger(capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a sound ledger of two loads."""
    bring("one.jsonl", "msg_1", "msg_2")
    bring("two.jsonl", "msg_3")
    capsys.readouterr()
    return LEDGER


def failed(path: Path = LEDGER) -> dict[str, str]:
    """Return the checks that fail, and their messages."""
    return {check.name: check.message for check in examine(path) if not check.ok}


def change(query: str) -> None:
    """Change a ledger the way another program would."""
    with duckdb.connect(NAME) as connection:
        connection.execute(query)


def test_a_sound_ledger_passes_every_check(capsys: pytest.CaptureFixture[str], ledger: Path) -> None:
    before = ledger.read_bytes()
    code, found = as_json(capsys, "doctor")
    assert code == 0
    assert all(check["ok"] and check.keys() == {"name", "ok", "message"} for check in found["checks"])
    assert {check["name"] for check in found["checks"]} == {
        "open", "columns", "index", "counts", "requests", "ids", "receipt", "totals", "file", "mode", "write_log",
    }  # fmt: skip
    assert ledger.read_bytes() == before


def test_no_ledger_is_refused_and_none_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "doctor")
    assert (code, out) == (3, "")
    assert "no ledger there" in err
    assert not LEDGER.exists()


@pytest.mark.parametrize(("query", "names"), [
    ("UPDATE usage_records SET charged = charged + 1 WHERE request_id = 'msg_1'", {"totals", "file"}),
    ("UPDATE usage_records SET sku = 'claude-haiku-4-5' WHERE request_id = 'msg_1'", {"file"}),
    ("DELETE FROM usage_records WHERE request_id = 'msg_1'", {"requests", "totals", "file"}),
    ("INSERT INTO usage_records SELECT * FROM usage_records WHERE request_id = 'msg_3'",
     {"counts", "requests", "ids", "totals", "file"}),
    ("UPDATE usage_records SET file_id = 9 WHERE request_id = 'msg_3'", {"requests", "totals", "file"}),
    ("UPDATE files SET imported = imported + 1, records = records + 1", {"requests", "totals", "file"}),
    ("CREATE TABLE mine (a INTEGER)", {"totals", "file"}),
    ("DELETE FROM files WHERE file_id = 2", {"requests", "receipt"}),
    ("INSERT INTO files SELECT * REPLACE (3 AS file_id, 0 AS records, 0 AS imported) FROM files WHERE file_id = 2",
     {"receipt"}),
])  # fmt: skip
def test_what_another_program_changed_is_told_and_nothing_more_is_imported(
    capsys: pytest.CaptureFixture[str], ledger: Path, query: str, names: set[str]
) -> None:
    change(query)
    found = failed(ledger)
    assert found.keys() == names
    assert all("backup" in message for message in found.values())
    assert as_json(capsys, "doctor")[0] == 1
    changed = ledger.read_bytes()
    if names != {"file"}:
        code, _, err = call(capsys, "import", "one.jsonl")
        assert (code, "not what its receipt says" in err) == (3, True)
        assert ledger.read_bytes() == changed


@pytest.mark.parametrize(("harm", "name", "words"), [
    (RECEIPT.unlink, "receipt", "missing"),
    (lambda: RECEIPT.write_text("{}", "utf-8"), "receipt", "damaged"),
    (lambda: RECEIPT.write_bytes(RECEIPT.read_bytes()[:-20]), "receipt", "damaged"),
    (lambda: RECEIPT.write_bytes(RECEIPT.read_bytes().replace(b"count", b"cuont")), "totals", "count"),
    (lambda: LEDGER.chmod(0o640), "mode", "chmod 600"),
    (lambda: RECEIPT.chmod(0o604), "mode", "chmod 600"),
    (lambda: os.truncate(LEDGER, LEDGER.stat().st_size - 1), "file", "backup"),
    (lambda: os.truncate(LEDGER, LEDGER.stat().st_size // 2), "columns", "backup"),
    (lambda: os.truncate(LEDGER, 5000), "open", "backup"),
    (lambda: os.truncate(LEDGER, 0), "open", "backup"),
    (lambda: LEDGER.write_text("not a ledger, only some words\n" * 999, "utf-8"), "open", "backup"),
    (lambda: WRITE_LOG.write_bytes(b"no write log" * 9), "write_log", "import the same again"),
])  # fmt: skip
def test_damage_is_told_with_its_remedy(
    capsys: pytest.CaptureFixture[str], ledger: Path, harm: Callable[[], object], name: str, words: str
) -> None:
    harm()
    code, found = as_json(capsys, "doctor")
    told = {check["name"]: check["message"] for check in found["checks"] if not check["ok"]}
    assert code == 1
    assert words in told[name]
    assert "Traceback" not in str(told)
    assert ledger.exists()


def test_an_older_copy_in_the_place_of_the_ledger_is_told(capsys: pytest.CaptureFixture[str], ledger: Path) -> None:
    older = ledger.read_bytes()
    bring("three.jsonl", "msg_4")
    ledger.write_bytes(older)
    capsys.readouterr()
    assert "1 of 3 loads are lost" in failed()["receipt"]
    code, _, err = call(capsys, "import", "three.jsonl")
    assert (code, "not what its receipt says" in err) == (3, True)
    RECEIPT.unlink()
    bring("three.jsonl", "msg_4")
    assert failed() == {}


def test_a_deleted_ledger_is_begun_anew(ledger: Path) -> None:
    ledger.unlink()
    bring("one.jsonl", "msg_1")
    assert failed() == {}


def killed_before_checkpoint(*ids: str) -> None:
    """Import a log of those ids in a process that is killed when the file is committed, and not yet in the ledger."""
    Path("more.jsonl").write_text("".join(log_line(each) + "\n" for each in ids), "utf-8")
    script = """
import contextlib, os, signal
import billing.importing.importer
from billing.receipt import receipted
from reports.cli import run

@contextlib.contextmanager
def killed(ledger):
    with receipted(ledger):
        yield
        os.kill(os.getpid(), signal.SIGKILL)

billing.importing.importer.receipted = killed
run(["import", "more.jsonl"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert WRITE_LOG.stat().st_size


@pytest.mark.parametrize("left", ["all", "none", "half", "flipped", "foreign"])
def test_whatever_becomes_of_a_write_log_is_told_and_importing_again_completes_it(
    capsys: pytest.CaptureFixture[str], ledger: Path, left: str
) -> None:
    killed_before_checkpoint("msg_4", "msg_5")
    told = bytearray(WRITE_LOG.read_bytes())
    assert WRITE_LOG.stat().st_mode & 0o777 == 0o600
    told[len(told) // 2] ^= 1
    leave: Mapping[str, Callable[[], object]] = {
        "all": lambda: None,
        "none": WRITE_LOG.unlink,
        "half": lambda: os.truncate(WRITE_LOG, WRITE_LOG.stat().st_size // 2),
        "flipped": lambda: WRITE_LOG.write_bytes(told),
        "foreign": lambda: WRITE_LOG.write_bytes(b"no write log" * 9),
    }
    leave[left]()
    before = ledger.read_bytes()
    found = failed()
    if left == "flipped":
        assert "delete it" in found["open"]
        code, _, err = call(capsys, "import", "more.jsonl")
        assert (code, "delete it" in err) == (3, True)
        WRITE_LOG.unlink()
    else:
        assert "cut short" in found["receipt"]
    assert ledger.read_bytes() == before
    bring("more.jsonl", "msg_4", "msg_5")
    assert failed() == {}
    capsys.readouterr()
    assert as_json(capsys, "audit")[1]["totals"]["credit"]["requests"] == 5


def test_a_backup_is_a_ledger_that_passes_every_check(capsys: pytest.CaptureFixture[str], ledger: Path) -> None:
    code, found = as_json(capsys, "backup", "copy.duckdb")
    copy = Path("copy.duckdb")
    assert (code, found["path"], found["bytes"]) == (0, "copy.duckdb", ledger.stat().st_size)
    assert found["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert copy.read_bytes() == ledger.read_bytes()
    assert [path.stat().st_mode & 0o777 for path in (copy, receipt_path(copy))] == [0o600, 0o600]
    assert failed(copy) == {}
    assert sorted(path.name for path in Path().glob("*duckdb*")) == [
        "copy.duckdb", "copy.duckdb.receipt", NAME, f"{NAME}.receipt",
    ]  # fmt: skip


@pytest.mark.parametrize("harm", [
    lambda: Path("copy.duckdb").write_text("mine", "utf-8"),
    lambda: change("UPDATE usage_records SET charged = 0"),
    lambda: os.truncate(LEDGER, LEDGER.stat().st_size // 2),
    RECEIPT.unlink,
    lambda: killed_before_checkpoint("msg_4"),
    lambda: Path("copy.duckdb").mkdir(),
])  # fmt: skip
def test_no_backup_is_made_over_a_file_or_of_a_damaged_ledger(
    capsys: pytest.CaptureFixture[str], ledger: Path, harm: Callable[[], object]
) -> None:
    harm()
    files = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert ledger in files
    code, out, err = call(capsys, "backup", "./copy.duckdb")
    assert (code in {2, 3}, out, "Traceback" in err) == (True, "", False)
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == files


def test_a_backup_that_finds_no_room_leaves_nothing(
    capsys: pytest.CaptureFixture[str], ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("billing.backup.os.fsync", full)
    code, _, err = call(capsys, "backup", "copy.duckdb")
    assert (code, "No space left" in err) == (3, True)
    assert sorted(path.name for path in Path().glob("*duckdb*")) == [ledger.name, RECEIPT.name]


def test_importing_keeps_the_ledger_locked_until_it_is_closed(ledger: Path) -> None:
    """Reading the ledger's file for its receipt must not drop the lock on it."""
    script = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    with open_ledger(ledger) as book:
        import_paths(book, [Path("one.jsonl")], Reading(), AT)
        done = subprocess.run([sys.executable, "-c", script, NAME], capture_output=True, check=False)
        assert b"Conflicting lock" in done.stderr
    subprocess.run([sys.executable, "-c", script, NAME], check=True)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that a ledger holds."""
    with open_ledger(path, read_only=True) as book:
        return {table: book.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in columns_of(book)}  # noqa: S608 - its own names


@pytest.mark.slow
def test_no_flipped_byte_changes_a_figure_unnoticed(ledger: Path) -> None:
    """Only in blocks that hold nothing may a byte be flipped unnoticed."""
    sound, rows, chance = ledger.read_bytes(), rows_of(ledger), random.Random(3)  # noqa: S311 - no secret
    headers = 3 * 4096
    places = [chance.randrange(headers) for _ in range(40)] + [
        chance.randrange(headers, len(sound)) for _ in range(120)
    ]
    noticed = 0
    for place in places:
        ledger.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << chance.randrange(8)]) + sound[place + 1 :])
        if failed():
            noticed += 1
        else:
            assert place >= headers
            assert rows_of(ledger) == rows
    assert noticed > len(places) // 2
