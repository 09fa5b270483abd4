"""`compare` on the command line: the contract's fields, its three baskets, its formats and its refusals."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from reports.cli import run
from tests.test_cli import as_json, call, log_line

SONNET = ("compare", "--model", "claude-sonnet-4-6")
TOKENS = ("--input", "1000000", "--output", "200000")
AT = ("--at", "2026-11-21")

SCENARIO = """
days = 2
[[requests]]
name = "chat"
per_day = 10
prompt = 1000
output = 50
cache_read_share = 0.7
cache_write_5m_share = 0.0999
"""


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    return tmp_path


def of_vendors(found: dict[str, Any], *fields: str) -> dict[str, tuple[Any, ...]]:
    return {f"{each['provider']} {each['sku']}": tuple(each[field] for field in fields) for each in found["offers"]}


def test_offers_have_the_fields_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(capsys, *SONNET, *TOKENS, *AT)
    assert code == 0
    told = of_vendors(found, "usd", "unit_amount", "unit", "ratio_to_list", "priced_share")
    assert told["apimodels claude-sonnet-4-6"] == ("2.118", "2.118", "USD", "0.353", "1")
    assert told["aivideoapi claude-sonnet-4-6"] == ("3", "600", "credit", "0.5", "1")
    assert told["anthropic claude-sonnet-4-6"] == ("6", "6", "USD", "1", "1")
    assert told["aivideoapi claude-sonnet-4-6/anthropic"] == ("8.827", "1765.4", "credit", "1.471167", "1")
    assert told["aimlapi anthropic/claude-sonnet-4.6"] == (None, None, "USD", None, "0")
    assert [(part["kind"], part["reason"]) for part in found["offers"][-1]["unpriced"]] == [
        ("input", "price_unpublished"),
        ("output", "price_unpublished"),
    ]
    assert {each["saving_percent"] for each in found["claims"]} == {"64.7"}
    priced = [each for each in found["offers"] if each["usd"]]
    assert priced == sorted(priced, key=lambda each: float(each["usd"]))


def test_strict_tells_that_something_is_unpriced(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, *SONNET, *TOKENS, *AT, "--strict")[0] == 4
    assert call(capsys, "compare", "--model", "gpt-4o", *TOKENS, *AT, "--strict")[0] == 0


def test_markdown_is_a_sentence_a_table_and_folded_details(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, *SONNET, *TOKENS, *AT, "--format", "md")
    first, _, rest = text.partition("\n\n")
    assert first.startswith(
        "1,000,000 input and 200,000 output tokens of claude-sonnet-4-6: the cheapest with all prices is apimodels "
        "claude-sonnet-4-6 at $2.118, 0.353 x the list price of $6 (anthropic claude-sonnet-4-6)."
    )
    table, _, details = rest.partition("<details>\n<summary>Details</summary>\n\n")
    assert table.startswith("**Offers**\n\n| provider | sku | usd |")
    assert "60-95% cheaper than official pricing | 64.7 | true |" in details
    assert details.endswith("\n\n</details>\n")


def test_what_surely_costs_less_is_said_though_it_has_no_full_price(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, *SONNET, *TOKENS, "--cache-read", "3000000", *AT, "--format", "md")
    # 1.059 + 1.059 + at most 3 x 1.059 for the reads, as much as sending them uncached; the list price is 6 + 3 x 0.3
    said = "apimodels claude-sonnet-4-6 costs less, even at the most that is assumed of its missing prices: $5.295."
    assert said in text.partition("\n")[0]
    assert "Without a cache" not in text.partition("\n")[0]
    _, text, _ = call(capsys, *SONNET, *TOKENS, "--cache-write-1h", "1000000", *AT, "--format", "md")
    # a write for 1 hour is at most the list price of 6, and sent uncached another 1.059
    assert "Without a cache apimodels claude-sonnet-4-6 would cost $3.177, which is less." in text.partition("\n")[0]


def test_csv_has_a_row_per_offer_in_exact_digits(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, *SONNET, *TOKENS, *AT, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (rows[0]["provider"], rows[0]["usd"], rows[0]["ratio_input"]) == ("apimodels", "2.118", "0.353")
    assert rows[-1]["unpriced"] == "input: price_unpublished; output: price_unpublished"


def test_people_get_tables_that_fit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    _, text, _ = call(capsys, *SONNET, "--cache-read", "1000000", "--requests", "10", *AT, "--format", "table")
    assert "What vendors claim" in text
    assert max(map(len, text.splitlines()[1:])) <= 120


def test_requests_bound_the_rounding(capsys: pytest.CaptureFixture[str]) -> None:
    plain = "aivideoapi claude-sonnet-4-6"
    told = [
        of_vendors(as_json(capsys, *SONNET, "--input", "18", "--output", "42", *AT, *more)[1], "charged")[plain]
        for more in ((), ("--requests", "3"), ("--as-one-request",))
    ]
    assert told == [(None,), ({"low": "0.0384", "high": "0.0684"},), ({"low": "0.06", "high": "0.06"},)]


def test_a_scenario_is_a_basket(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    (working_folder / "plan.toml").write_text(SCENARIO, "utf-8")
    code, found = as_json(capsys, *SONNET, "--scenario", "plan.toml", *AT)
    assert (code, found["basket"]["requests"]) == (0, 20)
    used = {"input": 20 * 201, "output": 20 * 50, "cache_read": 20 * 700, "cache_write_5m": 20 * 99}
    assert found["basket"]["used"] == used
    # 20 x (201 x 3 + 50 x 15 + 700 x 0.3 + 99 x 3.75) / 1M
    assert of_vendors(found, "usd")["anthropic claude-sonnet-4-6"] == ("0.038685",)


@pytest.mark.parametrize(
    ("change", "told", "remedy"),
    [
        (("per_day = 10", "per_day = 0"), "requests.0.per_day", "such as per_day = 2000"),
        (("per_day = 10", ""), "requests.0.per_day: Field required", "such as per_day = 2000"),
        (("output", "outputs"), "requests.0.outputs: no such field", "the nearest are: output"),
        (("0.7", "70"), "requests.0.cache_read_share", "such as cache_read_share = 0.7"),
        (("0.0999", "0.4"), "requests.0: the shares of the cache", "at most 1 together"),
        (("[[requests]]", "[requests]"), "requests: ", "[[requests]]"),
        (("days", "dayz"), "dayz: no such field", "the nearest are: days"),
        (("days", "days = ="), "(at line 2, column 8)", "docs/comparing.md"),
        (("0.7", "1e400000000"), "requests.0.cache_read_share", "such as cache_read_share = 0.7"),
    ],
)
def test_a_bad_scenario_names_the_place_and_the_remedy(
    capsys: pytest.CaptureFixture[str], working_folder: Path, change: tuple[str, str], told: str, remedy: str
) -> None:
    (working_folder / "plan.toml").write_text(SCENARIO.replace(*change, 1), "utf-8")
    code, _, err = call(capsys, *SONNET, "--scenario", "plan.toml")
    assert code == 3
    for part in ("plan.toml: ", told, remedy):
        assert part in err
    assert len(err.splitlines()) == 1 + (change[0] == "output")  # a field that is missing, and one that there is not
    assert "Traceback" not in err


def test_a_scenario_that_is_not_there_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, *SONNET, "--scenario", "nowhere.toml")
    assert code == 3
    assert "nowhere.toml: No such file or directory; give" in err
    assert "TOML" not in err


def test_the_ledgers_own_requests_are_replayed(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    line = json.loads(log_line("msg_1"))
    (working_folder / "log.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    run(["import", "log.jsonl", "--quiet"])
    capsys.readouterr()
    code, found = as_json(capsys, "compare", "--model", "claude-opus-4-6", "--from-ledger", "--month", "2026-10")
    assert (code, found["basket"]) == (0, {"requests": 1, "used": {"input": 20, "output": 661}})
    told = of_vendors(found, "unit_amount", "charged", "usd")
    assert told["aivideoapi claude-opus-4-6"] == ("1.6625", {"low": "1.66", "high": "1.66"}, "0.0083125")
    assert found["replayed"]["first_at"] == "2026-10-03T09:00:00Z"
    for missing in (("--month", "2026-09"), ("--provider", "nobody")):
        code, _, err = call(capsys, "compare", "--model", "claude-opus-4-6", "--from-ledger", *missing)
        assert code == 3
        assert "no request of claude-opus-4-6" in err


def test_models_are_mapped_by_options_or_settings(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    _, found = as_json(capsys, *SONNET, *TOKENS, *AT, "--map", "claude-opus-4-6=claude-sonnet-4-6")
    assert {each["model"] for each in found["offers"]} == {"claude-opus-4-6", "claude-sonnet-4-6"}
    (working_folder / "tallystick.toml").write_text('[models]\n"claude-opus-4-6" = "claude-sonnet-4-6"\n', "utf-8")
    assert as_json(capsys, *SONNET, *TOKENS, *AT)[1]["offers"] == found["offers"]
    assert call(capsys, "catalog", "list", "--provider", "apimodels")[0] == 0
    for wrong in ("models = 1", "[models]\na = 1"):
        (working_folder / "tallystick.toml").write_text(wrong, "utf-8")
        code, _, err = call(capsys, *SONNET, *TOKENS)
        assert code == 2
        assert "models" in err


def test_own_price_of_a_unit(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = as_json(capsys, *SONNET, *TOKENS, *AT, "--usd-per-unit", "aivideoapi=0.0035")
    assert of_vendors(found, "usd", "usd_effective")["aivideoapi claude-sonnet-4-6"] == ("3", "2.1")
    assert found["offers"][0]["provider"] == "aivideoapi"


def test_several_that_cost_the_same_least_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Of two SKUs whose units cost nothing neither is the cheaper; what they ask is not the same share of the list."""
    _, text, _ = call(capsys, *SONNET, *TOKENS, *AT, "--usd-per-unit", "aivideoapi=0", "--format", "md")
    assert (
        ": the cheapest with all prices are aivideoapi claude-sonnet-4-6 and aivideoapi claude-sonnet-4-6/anthropic "
        "at $0 at your own price of a unit."
    ) in text
    _, text, _ = call(capsys, *SONNET, *TOKENS, *AT, "--usd-per-unit", "aivideoapi=0.0035", "--format", "md")
    assert (
        "is aivideoapi claude-sonnet-4-6 at $2.1 at your own price of a unit; at its published price, 0.5 x the list"
    ) in text


def test_burnt_bonus_costs_its_share_of_what_was_paid(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:
    given = ("--provider", "aivideoapi", "--at", "2026-01-01T00:00:00Z", "--credits", "1000", "--bonus", "50")
    assert call(capsys, "top-up", *given, "--paid", "5", "--currency", "USD")[0] == 0
    (working_folder / "log.jsonl").write_text(log_line("msg_1") + "\n", "utf-8")
    assert call(capsys, "import", "log.jsonl")[0] == 0
    found = as_json(capsys, "compare", "--model", "claude-opus-4-6", "--from-ledger")[1]
    # 1.6625 credits at $5 for 1,050, cut to 10^-12
    told = of_vendors(found, "usd", "usd_effective")["aivideoapi claude-opus-4-6"]
    assert told == ("0.0083125", "0.0079166666651625")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "give either tokens"),
        ((*TOKENS, "--from-ledger"), 2, "give either tokens"),
        ((*TOKENS, "--month", "2026-10"), 2, "choose requests of --from-ledger"),
        (("--from-ledger", "--requests", "2"), 2, "are about tokens"),
        ((*TOKENS, "--requests", "2", "--as-one-request"), 2, "give either --requests or --as-one-request"),
        ((*TOKENS, "--map", "a"), 2, "must be two names"),
        ((*TOKENS, "--map", "a=b"), 2, "no rate card names a model 'b'"),
        ((*TOKENS, "--map", "claude-sonnet-4-6=b", "--map", "b=c"), 3, "is mapped to b, which is mapped too"),
        ((*TOKENS, "--usd-per-unit", "aivideoapi=-1"), 2, "at least 0"),
        ((*TOKENS, "--usd-per-unit", "nobody=1"), 2, "no rate card for provider 'nobody'"),
        ((*TOKENS, "--usd-per-unit", "apimodels=1"), 3, "charges in USD"),
        (("--scenario", "missing.toml"), 3, "missing.toml"),
        (("--from-ledger",), 3, "no ledger there"),
    ],
)
def test_what_can_not_be_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, told: str
) -> None:
    found, out, err = call(capsys, *SONNET, *arguments)
    assert (found, out) == (code, "")
    assert told in err
