"""Every hostile file has its right outcome: exact counts or a refusal that helps, and no word of what it holds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.importing.fast_lane import Lane
from billing.importing.importer import ImportResult, import_paths
from billing.importing.loads import FileResult
from billing.importing.log_files import log_files
from billing.importing.mapping import load_mapping
from billing.ledger import Ledger, open_ledger
from billing.records import Reading
from pricing.amounts import to_pico
from reports.cli import main
from tests.conftest import ROOT
from tests.hostile import HOSTILE
from tests.hostile_case import CANARIES, Hostile, Refused, Taken, around
from tests.ledgers import OCTOBER

#: Far beyond what any of them takes, on whatever machine: it tells a hang, not a slow day.
PATIENCE_SECONDS = 120

Import = Callable[[Ledger, Sequence[Path], Reading], ImportResult]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=[(Lane.STRICT,), tuple(Lane), (Lane.DAMAGED, Lane.STRICT)], ids=["strict", "fast", "damaged"])
def import_(request: pytest.FixtureRequest) -> Import:
    """Return how files are imported: by each of the lanes."""
    return lambda ledger, paths, reading: import_paths(ledger, paths, reading, OCTOBER, lanes=request.param)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return what runs the installed command: its exit code, and what it says to whom."""

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tallystick", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    return command


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in HOSTILE])
def test_hostile_file(case: Hostile, tmp_path: Path, import_: Import) -> None:
    paths = _made(case, tmp_path)
    begun = time.monotonic()
    with open_ledger(tmp_path / "ledger.duckdb", logs=log_files(paths)) as ledger:
        result = import_(ledger, paths, Reading(mapping=load_mapping(_mapping(tmp_path)) if case.mapping else None))
        assert len(result.files) == len(case.outcomes)
        for file, outcome in zip(result.files, case.outcomes, strict=True):
            _check(ledger, file, outcome)
        assert sorted(ledger.rows("SELECT line, reason FROM rejects")) == _rejected(case)
        _check_no_canary(tmp_path, repr(result) + _told_by(ledger))
    assert time.monotonic() - begun < PATIENCE_SECONDS
    _check_no_canary(tmp_path, "")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in HOSTILE if not case.is_heavy])
def test_hostile_file_by_command(case: Hostile, tmp_path: Path, call: Call) -> None:
    paths = _made(case, tmp_path)
    book = ("--ledger", str(tmp_path / "ledger.duckdb"), "--format", "json")
    mapped = ("--mapping", str(_mapping(tmp_path))) if case.mapping else ()
    code, out, err = call("import", *book, *mapped, "--", *map(str, paths))
    is_clean = all(isinstance(outcome, Taken) and not outcome.rejected for outcome in case.outcomes)
    assert code == (0 if is_clean else 3)
    files = [(file["status"], file["imported"]) for file in json.loads(out)["files"]]
    assert files == [("imported", it.imported) if isinstance(it, Taken) else ("refused", 0) for it in case.outcomes]
    for outcome in case.outcomes:
        assert isinstance(outcome, Taken) or outcome.why in err
    assert "Traceback" not in err
    told = out + err
    code, out, _ = call("rejects", *book)
    rows = json.loads(out)["rows"]
    assert code == 0
    assert sorted((row["line"], row["reason"]) for row in rows) == _rejected(case)
    _check_no_canary(tmp_path, told + out)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's largest size")
def test_a_line_of_100_mb_takes_little_memory(tmp_path: Path) -> None:
    (log := tmp_path / "log.jsonl").write_bytes(around("x" * 100 * 2**20))
    script = "import sys; from reports.cli import run; run(sys.argv[1:]); print(open('/proc/self/status').read())"
    command = [sys.executable, "-c", script, "import", str(log), "--ledger", str(tmp_path / "ledger.duckdb")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert '"rejected": 1' in told
    assert int(told.split("VmHWM:")[1].split()[0]) < 600 * 2**10  # KB; half of it is what starts without a file


def _made(case: Hostile, tmp_path: Path) -> Sequence[Path]:
    if case.needs_permissions and os.geteuid() == 0:
        pytest.skip("the superuser may read all")
    _mapping(tmp_path).write_text(case.mapping, "utf-8")
    folder = tmp_path / "logs"
    folder.mkdir()
    return case.make(folder)


def _mapping(tmp_path: Path) -> Path:
    return tmp_path / "mapping.toml"


def _rejected(case: Hostile) -> list[tuple[int, str]]:
    return sorted(pair for outcome in case.outcomes if isinstance(outcome, Taken) for pair in outcome.rejected)


def _check(ledger: Ledger, file: FileResult, outcome: Taken | Refused) -> None:
    if isinstance(outcome, Refused):
        assert (file.status, file.counts.records) == ("refused", 0), file
        assert outcome.why in file.message
        assert outcome.remedy in file.message
        assert file.path.name.isprintable() is False or file.path.name in file.message
        assert file.message.isprintable()
        return
    assert file.status == "imported", file.message
    told = Taken(
        file.counts.imported, outcome.rejected, file.counts.ignored, file.counts.duplicate, file.counts.superseded,
        file.counts.conflict, outcome.rows,
    )  # fmt: skip
    assert told == outcome
    assert file.counts.rejected == len(outcome.rejected)
    file.counts.check()
    for name, columns in outcome.rows.items():
        ((*values,),) = ledger.rows(
            f"SELECT {', '.join(columns)} FROM usage_records WHERE request_id = $name", {"name": name}  # noqa: S608 - ours
        )  # fmt: skip
        assert values == [_stored(column, value) for column, value in columns.items()]


def _stored(column: str, value: object) -> object:
    """Return an expected value as the ledger holds it."""
    if column == "charged" and value is not None:
        return to_pico(Decimal(str(value)))
    return datetime.fromisoformat(str(value)) if column == "used_at" else value


def _told_by(ledger: Ledger) -> str:
    """Return all that the ledger holds: in its file, texts may be packed."""
    tables = ledger.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal")
    return repr([ledger.rows(f"SELECT * FROM {table}") for (table,) in tables])  # noqa: S608 - our own tables


def _check_no_canary(tmp_path: Path, told: str) -> None:
    """Check that no text or key of a log is in what was told, nor in the ledger or the log that it writes ahead."""
    written = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("ledger.duckdb*")))
    assert written
    for canary in CANARIES:
        assert canary not in written
        assert canary.decode() not in told
