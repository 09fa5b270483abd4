"""No text of a prompt and no key that a log holds is ever kept or shown, whatever its shape and however it ends."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.ledger import open_ledger
from billing.receipt import columns_of
from reports.cli import run
from tests.conftest import ROOT
from tests.reading import Json, lines_of
from tests.table_logs import EVENT, GENERATION, csv_of
from tests.test_cli import log_line, working_folder  # noqa: F401 - the last is a fixture
from tests.test_formats_laws import planted as planted_in_answers
from tests.test_formats_shapes import PLACES, SAMPLES, spoilt
from tests.test_formats_shapes import planted as planted_in_rows

#: As in a prompt, and as in a header.
PROMPT = "CANARY the quick brown fox"
KEY = "sk-ant-api03-CANARYcanary0123456789abcdefghijklmnopqrstuvwxyz"
CANARIES = (PROMPT, KEY)
LEDGER = Path("tallystick.duckdb")
#: Columns of tables that hold a name, which is kept as it is unless it looks like a key.
NAMES = frozenset({
    "generation_id", "model_permaslug", "provider_name", "variant", "user", "api_key_name", "app_name", "Kind", "Model",
    "provider", "id",
})  # fmt: skip
TOP_UP = {
    "provider": "vendor", "at": "2026-10-01T00:00:00Z", "credits": "5", "paid": "1", "currency": "USD", "bonus": "",
    "expires_at": "", "kind": "top_up", "unit": "credit", "id": "p1",
}  # fmt: skip
BALANCE = {"provider": "vendor", "at": "2026-10-01T00:00:00Z", "balance": "5", "unit": "credit"}

SESSION: Json = {
    "type": "assistant", "timestamp": "2026-10-03T09:00:00.000Z", "sessionId": "s", "requestId": "r",
    "cwd": f"/home/{PROMPT}/search", "gitBranch": KEY, "toolUseResult": {"stdout": PROMPT, "stderr": KEY},
    "summary": PROMPT,
    "message": {
        "id": "msg_1", "model": "claude-opus-4-6", "role": "assistant", "stop_sequence": PROMPT,
        "content": [{"type": "text", "text": PROMPT}, {"type": "tool_use", "name": PROMPT, "input": {PROMPT: KEY}}],
        "usage": {"input_tokens": 1, "output_tokens": 2, PROMPT: 5, KEY: 6},
    },
}  # fmt: skip


def write_logs(folder: Path) -> None:
    """Write a log of every shape, with prompt and key in every place that can hold them."""
    folder.mkdir()
    for name, text in (("prompt", PROMPT), ("key", KEY), ("both", f"{PROMPT} {KEY}")):
        (folder / f"answers-{name}.jsonl").write_text(planted_in_answers(text), "utf-8")
        failed = SESSION | {"isApiErrorMessage": True, "error": text, "uuid": text}
        lines = lines_of([SESSION, failed, SESSION | {"type": "user", "message": {"content": text}}])
        (folder / f"session-{name}.jsonl").write_text(lines + lines[: len(lines) // 2], "utf-8")
    for number, sample in enumerate(SAMPLES):
        keys = [spoilt(place, KEY) for place in PLACES if place[0] == number]
        (folder / f"rows-{number}.jsonl").write_text(lines_of([sample, *planted_in_rows(), *keys]), "utf-8")
    tables = (("generations", GENERATION), ("events", EVENT), ("top-ups", TOP_UP), ("balances", BALANCE))
    for name, row in tables:
        texts = [row | {column: KEY} for column in row]
        texts += [row | {column: PROMPT} for column in row.keys() - NAMES]
        (folder / f"{name}.csv").write_text(csv_of([row, *texts]) + f"{PROMPT},{KEY}\n", "utf-8")
    told = [
        {"timestamp": "2026-10-01T00:00:00Z", "response": {"credits": 5, "note": text, text: text}} for text in CANARIES
    ]
    told += [{"timestamp": text, "response": {"credits": text, "unit": text}} for text in CANARIES]
    (folder / "left.jsonl").write_text(lines_of([*told, *(TOP_UP | {text: text} for text in CANARIES)]), "utf-8")
    (folder / "more.jsonl").write_text(lines_of([TOP_UP, *(TOP_UP | {text: text} for text in CANARIES)]), "utf-8")
    (folder / "unknown.csv").write_text(f"{PROMPT},{KEY}\n1,2\n", "utf-8")
    (folder / "unknown.jsonl").write_text(json.dumps({"prompt": PROMPT, KEY: KEY}), "utf-8")
    (folder / "no-json.jsonl").write_text(f"{log_line('msg_9')}\n{{{PROMPT}\n{PROMPT} {KEY}\n", "utf-8")
    (folder / "conflict.jsonl").write_text(f"{log_line('msg_9', 7, system=PROMPT)}\n{log_line('msg_9', 8)}\n", "utf-8")


def write_exports() -> None:
    """Write every export, and beside it what a compressed one holds."""
    for name in ("usage.csv", "findings.csv"):
        assert run(["export", Path(name).stem, "--out", f"exports/{name}"]) == 0
    assert run(["export", "workbook", "--out", "exports/audit.xlsx"]) == 0
    assert run(["export", "dispute", "--provider", "aivideoapi", "--out", "exports/pack"]) == 0
    for path in (*Path("exports").glob("*.xlsx"), *Path("exports/pack").glob("*.xlsx")):
        with zipfile.ZipFile(path) as parts:
            parts.extractall(f"{path}.parts")


def places_with_a_canary(folder: Path) -> Iterator[str]:
    """Yield the files, but for the logs, whose bytes hold a canary, and the columns of the ledger that do."""
    for path in folder.rglob("*"):
        if path.is_file() and "logs" not in path.relative_to(folder).parts:
            content = path.read_bytes().lower()
            if any("canary".encode(code) in content for code in ("utf-8", "utf-16-le", "utf-16-be")):
                yield str(path)
    # What the engine has compressed does not show in the bytes of the file.
    with open_ledger(folder / LEDGER, read_only=True) as book:
        for table, columns in columns_of(book).items():
            for column in columns:
                query = f"SELECT COUNT(*) FROM {table} WHERE CAST({column} AS VARCHAR) ILIKE '%canary%'"  # noqa: S608 - its own names
                if book.rows(query) != [(0,)]:
                    yield f"{table}.{column}"


def test_the_search_finds_what_is_there(working_folder: Path) -> None:  # noqa: F811 - the fixture
    with open_ledger(LEDGER) as book:
        row = {"file_digest": "d", "path": "p", "line": 1, "reason": f"x {PROMPT}", "field": None}
        book.append("rejects", [row])
        book.connection.execute("CHECKPOINT")
    Path("page.html").write_bytes(PROMPT.encode("utf-16"))
    assert {str(LEDGER), "page.html", "rejects.reason"} <= {
        place.removeprefix(f"{working_folder}/") for place in places_with_a_canary(working_folder)
    }


def test_neither_prompt_nor_key_is_kept_or_shown(
    capsys: pytest.CaptureFixture[str],
    working_folder: Path,  # noqa: F811 - the fixture
) -> None:
    write_logs(Path("logs"))
    assert run(["import", "logs"]) == 3
    assert run(["import", "logs", "--provider", "other"]) == 3
    (working_folder / "by-content").mkdir()
    run(["import", "logs", "--by-content", "--ledger", "by-content/l.duckdb"])
    for command in ("rejects", "conflicts", "audit", "balance", "doctor"):
        for form in ("json", "table", "csv", "md"):
            run([command, "--format", form])
    with open_ledger(LEDGER, read_only=True) as book:
        held = [name for (name,) in book.rows("SELECT request_id FROM usage_records")]
    for name in held[:40]:
        run(["explain", name])
    run(["report", "audit", "--out", "page"])
    write_exports()
    run(["backup", "copy.duckdb"])
    out, err = capsys.readouterr()
    assert len(held) > 50
    assert "canary" not in (out + err).lower()
    assert list(places_with_a_canary(working_folder)) == []


@pytest.mark.parametrize("step", ["stage_file", "receipted"])
def test_nothing_of_it_is_left_by_a_process_that_is_killed(
    working_folder: Path,  # noqa: F811 - the fixture
    step: str,
) -> None:
    """The process dies while files are being read, or when all are committed and still in the write log."""
    write_logs(Path("logs"))
    script = f"""
import contextlib, os, signal
import billing.importing.importer, billing.importing.loads
from reports.cli import run
real = billing.importing.importer.{step}
calls = []

def stage_file(*arguments, **named):
    calls.append(1)
    found = real(*arguments, **named)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

@contextlib.contextmanager
def receipted(ledger):
    with real(ledger):
        yield
        os.kill(os.getpid(), signal.SIGKILL)

billing.importing.importer.{step} = billing.importing.loads.{step} = {step}
run(["import", "logs"])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert step == "stage_file" or Path(f"{LEDGER}.wal").stat().st_size
    assert b"canary" not in (done.stdout + done.stderr).lower()
    assert list(places_with_a_canary(working_folder)) == []
