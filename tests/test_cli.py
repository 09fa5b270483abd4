"""The command line is a contract: names, fields, exit codes, exact digits."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.cli import COMMANDS, run
from tests.conftest import ROOT

OPUS = {
    "timestamp": "2026-10-03T09:00:00Z", "status": 200, "project": "search", "request": {"model": "claude-opus-4-6"},
    "response": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-6", "content": [],
        "usage": {"input_tokens": 20, "output_tokens": 661}, "credits_consumed": 1.66,
    },
}  # fmt: skip


def log_line(request_id: str, taken: object = 1.66, **fields: object) -> str:
    """Return one line of a log: a documented request to claude-opus-4-6 and its charge."""
    response = OPUS["response"] | {"id": request_id, "credits_consumed": taken}  # type: ignore[operator]  # a dict
    return json.dumps(OPUS | {"response": response} | fields)


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = call(capsys, *arguments, "--format", "json")
    return code, json.loads(out)


@pytest.mark.parametrize(
    ("arguments", "exact", "charged", "usd"),
    [
        ("claude-opus-4-6 --provider aivideoapi --input 20 --output 661", "1.6625", "1.66", "0.0083125"),
        ("claude-sonnet-4-6 --provider aivideoapi --input 18 --output 42", "0.0684", "0.06", "0.000342"),
        ("claude-sonnet-4-6/anthropic --provider aivideoapi --cache-write-1h 1000", "1.765", "1.765", "0.008825"),
        ("claude-sonnet-4-6 --provider apimodels --input 1000000 --output 1000000", "6.354", "6.354", "6.354"),
        ("claude-sonnet-4-6 --provider aivideoapi --input 395 --output 141", "0.33", "0.33", "0.00165"),
    ],
)
def test_price_is_exact(capsys: pytest.CaptureFixture[str], arguments: str, exact: str, charged: str, usd: str) -> None:
    code, found = as_json(capsys, "price", *arguments.split())
    assert (code, found["exact"], found["charged"], found["usd"]) == (0, exact, charged, usd)
    assert found["unpriced"] == []
    assert found["rate"]["source"]["document"].endswith(".txt")


@pytest.mark.parametrize(
    ("arguments", "kind", "reason"),
    [
        ("anthropic/claude-sonnet-4.6 --provider aimlapi --input 10", "input", "price_unpublished"),
        ("claude-sonnet-4-6 --provider aivideoapi --cache-read 10", "cache_read", "kind_unpublished"),
        ("claude-sonnet-4-6 --provider nobody --input 10", "input", "unknown_provider"),
        ("claude-sonnet-4 --provider aivideoapi --input 10", "input", "unknown_sku"),
        ("claude-sonnet-4-6 --provider aivideoapi --input 10 --known-at 2020-01-01", "input", "no_rate_in_force"),
    ],
)
def test_an_unknown_price_is_never_zero(
    capsys: pytest.CaptureFixture[str], arguments: str, kind: str, reason: str
) -> None:
    code, found = as_json(capsys, "price", *arguments.split())
    assert code == 0
    assert found["exact"] is found["charged"] is found["usd"] is None
    assert found["unpriced"] == [{"kind": kind, "reason": reason}]
    assert run(["price", *arguments.split(), "--strict"]) == 4


def test_price_names_the_nearest_of_what_nobody_sells(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "price", "claude-sonet-4-6", "--provider", "aivideoapi", "--input", "10")
    assert code == 0
    assert err.startswith("aivideoapi sells no 'claude-sonet-4-6'; the nearest are: claude-sonnet-4-6, ")
    sonnet = ("price", "claude-sonnet-4-6", "--input", "10", "--provider")
    told = call(capsys, *sonnet, "aivideoap")[2]
    assert told == "no rate card for provider 'aivideoap'; the nearest are: aivideoapi\n"
    assert call(capsys, *sonnet, "aivideoap", "--quiet")[2] == call(capsys, *sonnet, "aivideoapi")[2] == ""


def test_import_audit_explain(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    lines = [
        log_line("msg_1"),
        log_line("msg_2", 3.01),
        log_line("msg_3", None),
        log_line("msg_1"),
        log_line("msg_4", 1.66, timestamp="2026-10-03T09:00:00"),
        '{"id": "m", "type": "message", "model": "m", "usage": {"input_tokens": 1.5, "output_tokens": 1}}',
    ]
    Path("log.jsonl").write_text("\n".join(lines), "utf-8")
    code, found = as_json(capsys, "import", "log.jsonl", "--quiet")
    assert code == 3
    assert found["total"] == {
        "records": 6, "imported": 3, "duplicate": 1, "superseded": 0, "conflict": 0, "rejected": 2, "ignored": 0,
    }  # fmt: skip
    assert [row["reason"] for row in as_json(capsys, "rejects")[1]["rows"]] == ["time_without_zone", "bad_tokens"]

    code, found = as_json(capsys, "audit", "--month", "2026-10")
    assert code == 1
    assert found["schema_version"] == 1
    totals = found["totals"]["credit"]
    assert {name: totals[name] for name in ("requests", "charged", "expected", "variance", "usd")} == {
        "requests": 3, "charged": "4.67", "expected": "3.32", "variance": "1.35", "usd": "0.00675",
    }  # fmt: skip
    assert {name: count for name, count in found["verdicts"].items() if count} == {
        "matched": 1, "overcharged": 1, "unreported": 1,
    }  # fmt: skip
    assert found["findings"][0]["sentence"] == (
        "1 request was charged 1.35 credits more than the rate card says; no known mistake gives these charges."
    )
    assert as_json(capsys, "audit", "--tolerance", "1.35")[0] == 0
    assert as_json(capsys, "audit", "--month", "2026-09")[1]["totals"] == {}

    code, found = as_json(capsys, "explain", "msg_2")
    assert (code, found["exact"], found["charged"], found["variance"]) == (0, "1.6625", "3.01", "1.35")
    assert (found["path"], found["line"]) == ("log.jsonl", 2)
    assert working_folder.joinpath("tallystick.duckdb").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", [
    "audit", "statement", "report audit", "report all", "report statement", "export dispute --out pack",
    "export usage --out a.csv", "export findings --out a.csv", "export workbook --out a.xlsx",
    "export focus --out a.csv", "export journal --out a.csv", "export beancount --out a.beancount",
])  # fmt: skip
def test_a_misspelt_provider_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], working_folder: Path, command: str
) -> None:
    Path("log.jsonl").write_text(log_line("msg_1"), "utf-8")
    assert run(["import", "log.jsonl", "--quiet"]) == 0
    before = sorted(working_folder.iterdir())
    capsys.readouterr()
    code, out, err = call(capsys, *command.split(), "--provider", "aivideoap")
    assert (code, out) == (2, "")
    assert err == "tallystick: no request of 'aivideoap' in tallystick.duckdb; it holds: aivideoapi\n"
    assert sorted(working_folder.iterdir()) == before


def test_a_provider_is_not_missed_in_an_empty_ledger_nor_where_only_its_account_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bought = ("--at", "2026-10-01T00:00:00Z", "--credits", "5")
    Path("other.jsonl").write_text("", "utf-8")
    run(["import", "other.jsonl", "--quiet"])
    assert run(["audit", "--provider", "mine"]) == 0
    assert run(["top-up", "--provider", "mine", *bought, "--quiet"]) == 0
    Path("log.jsonl").write_text(log_line("msg_1"), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    assert run(["export", "journal", "--provider", "mine", "--out", "a.csv"]) == 0
    capsys.readouterr()
    code, _, err = call(capsys, "export", "journal", "--provider", "min", "--out", "a.csv")
    assert (code, "it holds: aivideoapi, mine" in err) == (2, True)


def test_import_says_where_what_was_rejected_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    untimed = log_line("msg_2", timestamp="2026-10-03T09:00:00")
    Path("log.jsonl").write_text(f"{log_line('msg_1')}\n{untimed}\n", "utf-8")
    code, out, _ = call(capsys, "import", "log.jsonl", "--ledger", "my own.duckdb", "--format", "md")
    assert (code, out.splitlines()[0]) == (3, (
        "1 of 2 records is new in the ledger. 1 was rejected; `tallystick rejects --ledger 'my own.duckdb'` lists them."
    ))  # fmt: skip
    for command in ("audit", "statement"):
        assert "1 was rejected." in call(capsys, command, "--ledger", "my own.duckdb", "--format", "md")[1]
    Path("more.jsonl").write_text("\n".join(log_line(f"msg_{n}") for n in range(3, 5)), "utf-8")
    code, out, _ = call(capsys, "import", "more.jsonl", "--ledger", "my own.duckdb", "--format", "md")
    assert (code, out.splitlines()[0]) == (0, "2 of 2 records are new in the ledger.")


def test_importing_twice_changes_no_total(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.jsonl").write_text(log_line("msg_1") + "\n" + log_line("msg_2"), "utf-8")
    totals = []
    for _ in range(2):
        assert run(["import", "log.jsonl", "--quiet"]) == 0
        capsys.readouterr()
        totals.append(as_json(capsys, "audit")[1]["totals"])
    assert totals[0] == totals[1]


def test_explain_names_what_would_give_the_charge(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.jsonl").write_text(log_line("msg_1", 4.88), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    capsys.readouterr()
    _, found = as_json(capsys, "explain", "msg_1")
    assert "rate.other_route" in {each["rule"] for each in found["hypotheses"]}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["audit"], 3, "no ledger there"),
        (["import", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["price", "x"], 2, "--provider"),
        (["audit", "--month", "2026-13"], 2, "is no month"),
        (["audit", "--from", "2026-10-01T00:00:00"], 2, "has no zone"),
        (["audit", "--tolerance", "-1"], 2, "at least 0"),
        (["import", ".", "--zone", "Europe/Nowhere"], 2, "no zone"),
        (["price", "x", "--provider", "y", "--rate-cards", "nowhere"], 3, "no rate card there"),
        (["nonsense"], 2, "No such command"),
        (["price", "m", "--provider", "p", "--input", "-3"], 2, "input"),
    ],
)
def test_bad_input_gets_one_clear_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    found, _, err = call(capsys, *arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err


def test_a_file_that_is_no_ledger_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("not a ledger, only some words\n" * 200, "utf-8")
    code, _, err = call(capsys, "audit", "--ledger", "notes.txt")
    assert (code, "not a ledger" in err) == (3, True)


def test_a_second_writer_is_told_who_holds_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.jsonl").write_text(log_line("msg_1"), "utf-8")
    script = "import duckdb, sys; c = duckdb.connect('tallystick.duckdb'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        code, _, err = call(capsys, "import", "log.jsonl")
        holder.communicate()
    assert code == 3
    assert f"process {holder.pid} holds this ledger" in err


def test_options_win_over_environment_and_environment_over_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tallystick.toml").write_text('ledger = "settings.duckdb"\n', "utf-8")
    Path("log.jsonl").write_text(log_line("msg_1"), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    assert Path("settings.duckdb").exists()
    monkeypatch.setenv("TALLYSTICK_LEDGER", "environment.duckdb")
    run(["import", "log.jsonl", "--quiet"])
    assert Path("environment.duckdb").exists()
    run(["import", "log.jsonl", "--quiet", "--ledger", "option.duckdb"])
    assert Path("option.duckdb").exists()
    Path("tallystick.toml").write_text('leger = "x"\n', "utf-8")
    code, _, err = call(capsys, "audit")
    assert (code, "unknown setting 'leger'" in err) == (2, True)


def test_contracted_prices_lie_over_the_shipped_ones(capsys: pytest.CaptureFixture[str]) -> None:
    Path("ours.toml").write_text(
        """
provider = "aivideoapi"
name = "Our contract"
unit = "credit"
usd_per_unit = [{ usd = 0.004, observed_on = 2026-11-01, source = "contract", field = "clause 3" }]

[sources.contract]
document = "contract.pdf"
title = "Contract of 2026"

[[skus]]
id = "claude-opus-4-6"
model = "claude-opus-4-6"

[[skus.rates]]
observed_on = 2026-11-01
source = "contract"
field = "clause 2"
per_mtok = { input = 400, output = 2000 }
unpublished = ["cache_read", "cache_write_5m", "cache_write_1h"]
""",
        "utf-8",
    )
    price = ["price", "claude-opus-4-6", "--provider", "aivideoapi", "--input", "20", "--output", "661"]
    code, found = as_json(capsys, *price, "--rate-cards", "ours.toml")
    assert (code, found["exact"], found["usd"]) == (0, "1.33", "0.00532")
    assert as_json(capsys, *price)[1]["exact"] == "1.6625"
    assert as_json(capsys, "catalog", "check", "ours.toml")[0] == 0
    text = Path("ours.toml").read_text("utf-8").replace("output =", "outptu =")
    Path("ours.toml").write_text(text, "utf-8")
    code, found = as_json(capsys, "catalog", "check", "ours.toml")
    assert code == 1
    assert any("outptu" in problem["where"] for problem in found["problems"])


def test_the_shipped_catalog_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "catalog", "check") == (0, {"schema_version": 1, "problems": []})
    _, found = as_json(capsys, "catalog", "list", "--provider", "aivideoapi", "--at", "2026-11-21")
    assert len(found["rates"]) == 8
    assert {rate["sku"] for rate in found["rates"]} > {"claude-opus-4-7/anthropic", "claude-sonnet-4-6"}
    assert run(["catalog", "diff", "2026-11-20", "2026-11-21"]) == 0


@pytest.mark.parametrize("output_format", ["table", "csv", "md", "json"])
def test_every_format_is_written(capsys: pytest.CaptureFixture[str], output_format: str) -> None:
    Path("log.jsonl").write_text(log_line("=1+1", 9), "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    capsys.readouterr()
    _, out, _ = call(capsys, "conflicts", "--format", output_format)
    assert "reason" in out or output_format == "json"
    _, out, _ = call(capsys, "audit", "--format", output_format)
    assert "unexplained" in out


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name, (_, what) in COMMANDS.items():
        code, out, _ = call(capsys, name, "--help")
        assert code == 0, name
        assert out.startswith("Usage: tallystick"), what


def test_interrupting_leaves_nothing_half_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("log.jsonl").write_text(log_line("msg_1"), "utf-8")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("billing.importing.loads.settle", interrupt)
        code, _, err = call(capsys, "import", "log.jsonl", "--quiet")
    assert (code, "nothing is half done" in err) == (130, True)
    assert as_json(capsys, "audit")[1]["totals"] == {}


def test_module_and_script_are_one_program() -> None:
    done = subprocess.run([sys.executable, "-m", "reports", "--help"], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.startswith(b"Usage: tallystick")
