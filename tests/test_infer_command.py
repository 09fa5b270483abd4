"""`infer` on the command line: the documented charges, a card that can be used, and errors that say what to do."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.ledger import open_ledger
from pricing.catalog import load_catalog
from reports.cli import run
from tests.charges import PLAIN, Rule, fill, requests

DOCUMENTED = [("claude-opus-4-6", 20, 661, 1.66), ("claude-sonnet-4-6", 18, 42, 0.06)]


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    return tmp_path


def a_log(*charges: tuple[str, int, int, float]) -> None:
    lines = [
        {"timestamp": f"2026-11-02T09:00:0{nth}Z", "request": {"model": sku}, "response": {
            "id": f"msg_{nth}", "type": "message", "model": sku, "credits_consumed": taken,
            "usage": {"input_tokens": read, "output_tokens": written},
        }}
        for nth, (sku, read, written, taken) in enumerate(charges, 1)
    ]  # fmt: skip
    Path("log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert run(["import", "log.jsonl", "--format", "csv", "--quiet"]) == 0


def a_changing_ledger() -> None:
    usage = list(requests(12, 600))
    rules = (Rule(PLAIN), Rule((330_000_000, 1_650_000_000)))
    with open_ledger(Path("tallystick.duckdb")) as ledger:
        told = [(tokens, rules[nth > 300].charge(tokens)) for nth, tokens in enumerate(usage, 1)]
        fill(ledger, told, provider="aivideoapi", sku="claude-sonnet-4-6")


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    capsys.readouterr()
    assert run(["infer", "--provider", "aivideoapi", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_documented_charges_refute_half_up_and_up_and_not_cutting(capsys: pytest.CaptureFixture[str]) -> None:
    a_log(*DOCUMENTED)
    found = result(capsys, "--rates", "published")
    told = {(rule["mode"], rule["step"], rule["scope"]): rule for rule in found["roundings"]}
    assert told["down", "0.01", "request"]["verdict"] == "explains"
    assert told["half_up", "0.01", "request"]["contradicted_by"] == ["msg_2"]
    assert told["up", "0.01", "request"]["contradicted_by"] == ["msg_1", "msg_2"]
    explains = {key for key, rule in told.items() if rule["verdict"] == "explains"}
    # Nor do these two charges tell whether the total is cut or each of its parts.
    assert explains == {("down", "0.01", "request"), ("down", "0.01", "component")}
    assert (found["requests"], found["rounding"]) == (2, None)


def test_what_changed_reads_well_and_amounts_are_strings(capsys: pytest.CaptureFixture[str]) -> None:
    a_changing_ledger()
    first, second = result(capsys, "--sku", "claude-sonnet-4-6")["segments"]
    assert first["to"] == second["from"]
    assert (first["requests"] + second["requests"], second["explains"]) == (600, second["requests"])
    assert first["rounding"] == {"mode": "down", "step": "0.01", "scope": "request", "basis": "inferred"}
    assert Decimal(first["per_mtok"]["input"]["low"]) <= 300 <= Decimal(first["per_mtok"]["input"]["high"])
    assert second["per_mtok"]["output"]["chosen"] == "1650"
    assert run(["infer", "--provider", "aivideoapi", "--sku", "claude-sonnet-4-6", "--format", "md"]) == 0
    text = capsys.readouterr().out
    assert "requests are all explained by input 300 (" in text
    assert "(changed after " in text
    assert "credits per 1M tokens, charges cut to 0.01." in text


def test_an_inferred_card_is_a_card_by_which_all_matches(capsys: pytest.CaptureFixture[str]) -> None:
    a_changing_ledger()
    result(capsys, "--sku", "claude-sonnet-4-6", "--save", "mine.toml")
    assert run(["catalog", "check", "mine.toml", "--format", "csv"]) == 0
    old, new = load_catalog([Path("mine.toml")], providers=["aivideoapi"]).periods("aivideoapi", "claude-sonnet-4-6")[
        -2:
    ]
    assert (old.block.basis, new.block.basis, old.valid_to) == ("inferred", "inferred", new.valid_from)
    assert old.block.low is not None
    assert old.block.high is not None
    assert old.block.low.input is not None
    assert old.block.high.input is not None
    assert old.block.low.input <= 300 <= old.block.high.input
    capsys.readouterr()
    assert run(["audit", "--rate-cards", "mine.toml", "--format", "json"]) == 0
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert {name: count for name, count in verdicts.items() if count} == {"matched": 600}
    assert run(["infer", "--provider", "aivideoapi", "--sku", "claude-sonnet-4-6", "--save", "mine.toml"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--sku", "claude-sonet-4-6"), 2, "it holds: claude-sonnet-4-6"),
        (("--sku", "claude-opus-4-6"), 3, "too few charges to infer anything from"),
        ((), 2, "give --sku"),
        (("--rates", "published", "--save", "x.toml"), 2, "--save is for rates that were inferred"),
    ],
)
def test_errors_say_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, told: str
) -> None:
    a_log(*DOCUMENTED)
    assert run(["infer", "--provider", "aivideoapi", *arguments]) == code
    assert told in capsys.readouterr().err
