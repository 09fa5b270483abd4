"""`statement`: exact digits, exit codes, settings."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.months.unusual_days import UnusualDay
from reports.cli import run
from reports.statement_answer import unusual_sentence


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    lines = [
        line("a", "2026-09-10T09:00:00Z", (10_000, 1_000), 7.5, "search"),
        line("b", "2026-10-02T09:00:00Z", (10_000, 1_000), 7.5, "search"),
        line("c", "2026-10-03T09:00:00Z", (10_000, 4_000), 16, None),
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), "utf-8")
    assert run(["import", "log.jsonl", "--quiet", "--format", "csv"]) == 0
    return tmp_path


def line(request_id: str, at: str, tokens: tuple[int, int], taken: float, project: str | None) -> str:
    usage = {"input_tokens": tokens[0], "output_tokens": tokens[1]}
    response = {
        "id": request_id,
        "type": "message",
        "model": "claude-opus-4-6",
        "usage": usage,
        "credits_consumed": taken,
    }
    request = {"timestamp": at, "status": 200, "request": {"model": "claude-opus-4-6"}, "response": response}
    return json.dumps(request | ({"project": project} if project else {}))


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["statement", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = call(capsys, *arguments, "--format", "json")
    return code, json.loads(out)


def test_json_has_plain_digits_and_says_what_is_partial(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(
        capsys, "--month", "2026-10", "--allocate", "proportional", "--usd-per-unit", "aivideoapi=0.004"
    )
    assert (code, found["month"], found["is_complete"], found["partial"]) == (0, "2026-10", True, False)
    (provider,) = found["providers"]
    assert provider["sums"]["spend"] == provider["sums"]["charged"] == "23.5"
    assert (found["usd"], found["usd_effective"]) == ("0.1175", "0.094")
    assert [(each["kind"], each["quantity"], each["rate"], each["amount"]) for each in found["skus"][0]["lines"]] == [
        ("input", 20_000, "500", "10"), ("output", 5_000, "2500", "12.5"),
    ]  # fmt: skip
    assert provider["sums"]["variance"] == "1"
    (total,) = found["change"]["totals"]
    assert [total["effects"][name] for name in ("before", "after", "price")] == ["7.5", "22.5", "0"]
    projects = next(each for each in found["breakdowns"] if each["dimension"] == "project")
    assert [(each["name"], each["spend"], each["total"]) for each in projects["rows"]] == [
        ("search", "7.5", "23.5"), (None, "16", "0"),
    ]  # fmt: skip


def test_without_a_month_it_is_that_of_the_last_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys)[1]["month"] == "2026-10"


def test_a_month_without_a_request_names_the_months_that_have_some(capsys: pytest.CaptureFixture[str]) -> None:
    told = "2026: there is no request. The ledger holds requests of September 2026 and October 2026.\n"
    for month, name in (("2026-08", "August"), ("2026-11", "November")):
        code, out, _ = call(capsys, "--month", month, "--format", "md")
        assert (code, out.splitlines(keepends=True)[0].endswith(f"{name} {told}")) == (0, True)
    assert run(["report", "statement", "--month", "2026-08", "--format", "csv"]) == 0
    page = Path("statement.html").read_text("utf-8")
    assert told.strip() in page
    assert '<dd class="figure"' not in page
    assert run(["audit", "--month", "2026-08", "--format", "md"]) == 0
    assert "There is no request to check. The ledger holds requests of September" in capsys.readouterr().out


def test_an_empty_ledger_says_what_to_run(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    (working_folder / "nothing.jsonl").write_text("", "utf-8")
    empty = ("--ledger", "empty.duckdb", "--format", "md")
    run(["import", "nothing.jsonl", *empty])
    _, out, err = call(capsys, "--month", "2026-10", *empty)
    assert "`tallystick import PATH` reads your logs" in out
    _, out, err = call(capsys, *empty)
    assert "`tallystick import PATH` reads your logs" in err
    from_ledger = ["compare", "--model", "claude-opus-4-6", "--from-ledger"]
    for command in (["audit"], from_ledger, ["infer", "--provider", "aivideoapi", "--sku", "x"]):
        run([*command, *empty])
        out, err = capsys.readouterr()
        assert "`tallystick import PATH` reads your logs" in out + err, command


def test_a_month_that_is_over_says_where_its_logs_end(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--month", "2026-10", "--format", "md")
    assert (code, "The logs end before the month does, at 2026-10-03 09:00 UTC." in out) == (0, True)
    _, out, _ = call(capsys, "--month", "2026-09", "--format", "md")
    assert "The logs end" not in out  # there are later requests
    assert run(["report", "statement", "--month", "2026-10", "--format", "csv"]) == 0
    assert "the month is over, but the logs end at 2026-10-03 09:00 UTC" in Path("statement.html").read_text("utf-8")


def test_every_format_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    _, table, _ = call(capsys, "--month", "2026-10", "--format", "table")
    _, markdown, _ = call(capsys, "--month", "2026-10", "--format", "md")
    _, rows, _ = call(capsys, "--month", "2026-10", "--format", "csv")
    assert "23.5 credits at aivideoapi" in table
    assert markdown.count("<details>") == 1
    assert rows.splitlines()[0] == "provider,sku,unit,kind,service_tier,prompt_above,quantity,quantity_unit,rate,amount"
    assert rows.splitlines()[1] == "aivideoapi,claude-opus-4-6,credit,input,standard,,20000,token,500,10"


def test_own_units_cost_what_the_ledger_s_top_ups_say(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    bought = "provider,at,credits,paid,currency\naivideoapi,2026-09-01T00:00:00Z,1000,4,USD\n"
    (working_folder / "top-ups.csv").write_text(bought, "utf-8")
    assert run(["import", "top-ups.csv", "--quiet", "--format", "csv"]) == 0
    _, found = as_json(capsys, "--month", "2026-10")
    assert found["effective_prices"] == {"aivideoapi": "0.004"}
    assert found["providers"][0]["sums"]["usd_effective"] == "0.094"


def test_names_from_logs_are_only_names(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    (working_folder / "evil.jsonl").write_text(line("d", "2026-10-04T09:00:00Z", (10_000, 1_000), 7.5, evil), "utf-8")
    assert run(["import", "evil.jsonl", "--quiet", "--format", "csv"]) == 0
    _, markdown, _ = call(capsys, "--month", "2026-10", "--format", "md")
    assert "<img" not in markdown.replace("\\<", "")
    assert "\\<img src=x onerror=alert(1)\\>" in markdown
    day = UnusualDay(date(2026, 10, 4), evil, "credit", Decimal(9), Decimal(1), Decimal(5), evil, evil, Decimal(8))
    assert not set("<>()=") & set(unusual_sentence(day))


def test_exit_codes_tell_of_budgets_and_unpriced_usage(
    capsys: pytest.CaptureFixture[str], working_folder: Path
) -> None:
    settings = working_folder / "tallystick.toml"
    settings.write_text('[[budgets]]\nname = "all"\namount = 1\n', "utf-8")
    assert call(capsys, "--month", "2026-10", "--strict")[0] == 0
    settings.write_text('[[budgets]]\nname = "all"\namount = 0.1\n', "utf-8")
    code, found = as_json(capsys, "--month", "2026-10")
    assert (code, found["budgets"][0]["status"], found["budgets"][0]["used_share"]) == (1, "over", "1.175")
    assert run(["audit", "--month", "2026-10"]) == 1  # other commands take the same settings


def test_a_forecast_over_budget_is_an_alert_only_if_asked_for(
    capsys: pytest.CaptureFixture[str], working_folder: Path
) -> None:
    (working_folder / "tallystick.toml").write_text('[[budgets]]\nname = "all"\namount = 0.13\n', "utf-8")
    day = "--month", "2026-10", "--as-of", "2026-10-05"
    assert call(capsys, *day)[0] == 0
    code, found = as_json(capsys, *day, "--forecast")
    assert (code, found["budgets"][0]["status"], found["budgets"][0]["used"]) == (1, "forecast_over", "0.1175")


def test_a_budget_that_no_request_can_touch_is_told(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    (working_folder / "tallystick.toml").write_text(
        '[[budgets]]\nname = "a"\namount = 9\nproject = "serch"\n'
        '[[budgets]]\nname = "b"\namount = 9\nprovider = "aivideoap"\n'
        '[[budgets]]\nname = "c"\namount = 9\nproject = "search"\nprovider = "aivideoapi"\n'
        '[[budgets]]\nname = "d"\namount = 9\napi_key_id = "k"\n',
        "utf-8",
    )
    code, _, err = call(capsys, "--month", "2026-10")
    assert (code, err.splitlines()) == (0, [
        "tallystick.toml: budget 'b': no request has provider 'aivideoap'; the nearest are: aivideoapi",
        "tallystick.toml: budget 'a': no request has project 'serch'; the nearest are: search",
        "tallystick.toml: budget 'd': no request has api_key_id 'k'; none has any",
    ])  # fmt: skip
    assert call(capsys, "--month", "2026-10", "--quiet")[2] == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("budgets = 90\n", "'budgets' can't be 90; [[budgets]] above the name and the amount of each is what docs/"),
        ("grants = 3\n", "docs/grants.md"),
        ("models = 3\n", "[models] takes lines such as"),
        ('[[budgets]]\nname = "all"\namuont = 1\n', "tallystick.toml: budget 'all': "),
    ],
)
def test_bad_settings_are_told(
    capsys: pytest.CaptureFixture[str], working_folder: Path, settings: str, message: str
) -> None:
    (working_folder / "tallystick.toml").write_text(settings, "utf-8")
    code, _, err = call(capsys)
    assert code in {2, 3}
    assert message in err
