"""The command line at its limits: senseless values, strange names, closed pipes, interrupts, files read twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from billing.ledger import open_ledger
from reports.cli import run
from tests.conftest import ROOT
from tests.test_cli import as_json, call, log_line, working_folder  # noqa: F401 - the last is a fixture


@pytest.mark.parametrize("arguments", [
    ["audit", "--month", "9999-12"],
    ["audit", "--month", "0000-01"],
    ["audit", "--from", "0001-01-01T00:00:00+14:00"],
    ["audit", "--tolerance", "1e30"],
    ["audit", "--tolerance", "1e999999"],
    ["audit", "--provider", ""],
    ["import", ".", "--provider", "\udcff"],
    ["explain", "\udcff"],
    ["price", "m", "--provider", "p", "--input", "1" + "0" * 100],
])  # fmt: skip
def test_values_beyond_sense_are_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Invalid value" in err


@pytest.mark.parametrize("arguments", [
    ["import", "a" * 300],
    ["import", "empty"],
    ["audit", "--ledger", "a" * 300],
    ["price", "m", "--provider", "p", "--rate-cards", "a" * 300],
    ["demo", "--out", "file/demo"],
    ["catalog", "baseline", "--out", "file/cards"],
])  # fmt: skip
def test_a_path_that_leads_nowhere_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    Path("file").touch()
    Path("empty").mkdir()
    code, _, err = call(capsys, *arguments, *(["--quiet"] if arguments[0] == "import" else []))
    assert code == 3
    assert arguments[-1] in err


@pytest.mark.parametrize("setting", [
    "ledger = 3", "ledger = ['a']", "ledger = 2026-01-01", "rate_cards = 3", "rate_cards = [3]", "quiet = 'x'",
    "quiet = 3", "format = 3", "format = 'xml'", "tolerance = 'x'", "tolerance = true", "tolerance = [1]",
    "ledger = '\udcff'", "=",
])  # fmt: skip
def test_a_setting_of_the_wrong_type_is_wrong_usage(capsys: pytest.CaptureFixture[str], setting: str) -> None:
    Path("tallystick.toml").write_text(setting, "utf-8", errors="surrogateescape")
    code, out, err = call(capsys, "audit")
    assert (code, out) == (2, "")
    assert "tallystick.toml" in err or f"--{setting.partition(' ')[0]}" in err


def test_settings_and_environment_hold_for_every_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("log.jsonl").write_text(log_line("msg_1", 1.67), "utf-8")
    run(["import", "log.jsonl", "--quiet", "--ledger", "settings.duckdb"])
    Path("tallystick.toml").write_text('ledger = "settings.duckdb"\nformat = "csv"\ntolerance = 0.01\n', "utf-8")
    capsys.readouterr()
    assert call(capsys, "report", "audit")[:2] == (0, "path\noverview.html\nfindings.html\nrate-card.html\n")
    assert call(capsys, "catalog", "list", "--provider", "aimlapi")[1].startswith("provider,unit,sku")
    assert call(capsys, "audit")[0] == 0
    monkeypatch.setenv("TALLYSTICK_TOLERANCE", "0.009")
    monkeypatch.setenv("TALLYSTICK_FORMAT", "md")
    code, out, _ = call(capsys, "audit")
    assert (code, "**Findings**" in out) == (1, True)
    Path("tallystick.toml").write_text('rate_cards = "nowhere"\n', "utf-8")
    assert call(capsys, "price", "x", "--provider", "y")[0] == 3


def test_a_closed_pipe_changes_no_exit_code() -> None:
    Path("log.jsonl").write_text(log_line("msg_1", 9), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    for arguments, code in ((["catalog", "list"], 0), (["audit"], 1)):
        command = [sys.executable, "-m", "reports", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as program:
            assert program.stdout is not None
            program.stdout.close()
            program.wait(60)
            assert program.stderr is not None
            assert (program.returncode, program.stderr.read()) == (code, b"")


def test_a_name_that_is_not_utf8_is_taken_in_any_locale() -> None:
    Path(os.fsdecode(b"\xff.jsonl")).write_text(log_line("m\u00fc\u2014"), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}
    for arguments in (["import", os.fsdecode(b"\xff.jsonl")], ["explain", "m\u00fc\u2014"]):
        command = [sys.executable, "-m", "reports", *arguments, "--format", "json"]
        done = subprocess.run(command, capture_output=True, check=True, env=environment)
        assert "ff.jsonl" in str(json.loads(done.stdout.decode()))


def test_reading_a_file_otherwise_never_counts_it_twice(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.jsonl").write_text(log_line("msg_1") + "\n" + log_line("msg_2", timestamp="2026-10-03T09:00:00"), "utf-8")
    assert run(["import", "log.jsonl", "--quiet"]) == 3
    for option in (["--provider", "other"], ["--by-content"]):
        code, _, err = call(capsys, "import", "log.jsonl", "--quiet", *option)
        assert (code, "count a second time" in err) == (3, True)
    capsys.readouterr()
    assert as_json(capsys, "audit")[1]["rejects"] == 1
    assert run(["import", "log.jsonl", "--quiet", "--zone", "UTC"]) == 0
    assert run(["import", "log.jsonl", "--quiet"]) == 3
    capsys.readouterr()
    _, found = as_json(capsys, "audit")
    assert (found["totals"]["credit"]["requests"], found["rejects"], found["partial"]) == (2, 0, False)


def test_explain_counts_a_charge_in_its_own_unit(capsys: pytest.CaptureFixture[str]) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 661, "cost": 0.05}
    answer = {"id": "a", "object": "chat.completion", "model": "claude-opus-4-6", "usage": usage}
    at = "2026-10-03T09:00:00Z"
    error = {"id": "b", "error": {"code": "upstream_error"}, "usage": {"cost": 2}}
    lines = [{"timestamp": at, "provider": "aivideoapi", "response": each} for each in (answer, error)]
    lines[1]["request"] = {"model": "claude-opus-4-6"}
    Path("log.jsonl").write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    capsys.readouterr()
    for name, charged, verdict in (("a", "0.05", "unpriced"), ("b", "2", "charged_failure")):
        _, found = as_json(capsys, "explain", name)
        assert (found["charged"], found["unit"], found["verdict"]) == (charged, "USD", verdict)
        assert found["exact"] is found["usd"] is found["lower"] is None
    (finding,) = as_json(capsys, "audit")[1]["findings"]
    assert (finding["variance"], finding["unit"], finding["usd"]) == ("2", "USD", "2")


def test_conflicts_of_another_month_are_none_of_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.jsonl").write_text(log_line("msg_1") + "\n" + log_line("msg_1", 2), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    capsys.readouterr()
    counts = [as_json(capsys, "audit", "--month", month)[1]["conflicts"] for month in ("2026-09", "2026-10")]
    assert counts == [0, 1]


_QUERY = """
from pathlib import Path
from billing.ledger import open_ledger
try:
    with open_ledger(Path("x.duckdb")) as ledger:
        print("ready", flush=True)
        ledger.rows("SELECT MAX(hash(range)) FROM range(4000000000)")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_interrupting_a_query_is_an_interrupt() -> None:
    """It runs in a process of its own, so that the signal can hit nothing else."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", _QUERY], stdout=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        time.sleep(0.3)
        program.send_signal(signal.SIGINT)
        try:
            assert program.communicate(timeout=60)[0] == "interrupted\n"
        finally:
            program.kill()


def test_an_engine_without_memory_is_told_as_any_lack_of_it(tmp_path: Path) -> None:
    with pytest.raises(MemoryError), open_ledger(tmp_path / "small.duckdb", memory_limit="40MB") as ledger:
        ledger.connection.execute("CREATE TEMP TABLE large AS SELECT list(range) AS all FROM range(100000000)")
