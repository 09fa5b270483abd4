"""Top-ups, balances and answers of `GET /v1/credits`: into the ledger, by files and by hand, and out as a sheet."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accounting.balance_sheet import BalanceSheet, Between
from billing.accounting.balances import balance_sheet
from billing.importing.fast_lane import Lane
from billing.importing.formats.accounts import TOP_UPS
from billing.importing.formats.pieces import Item
from billing.importing.importer import ImportResult, import_paths
from billing.ledger import Ledger, open_ledger
from billing.records import AccountEntry, BalanceReading, EntryKind, Reading, Reject, Status, UsageRecord
from pricing.amounts import digits
from pricing.rates import PerMtok
from pricing.usage import Usage
from reports.account_answer import account_answer
from reports.cli import run
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put
from tests.shape_samples import outcome_of
from tests.test_cli import as_json, working_folder  # noqa: F401 - the last is a fixture

HEADER = "provider,at,credits,paid,currency,bonus,expires_at"
LEDGER = Path("tallystick.duckdb")


def bring(ledger: Ledger, folder: Path, name: str, *lines: str, **reading: object) -> ImportResult:
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return import_paths(ledger, [folder / name], Reading(**reading), OCTOBER)  # type: ignore[arg-type]  # its own fields


def held(ledger: Ledger, table: str, *columns: str) -> list[tuple[object, ...]]:
    return ledger.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL")  # noqa: S608 - our own names


def plain(*amounts: Decimal | None) -> list[str | None]:
    return [digits(amount) for amount in amounts]


def at(hours: float) -> datetime:
    return OCTOBER + timedelta(hours=hours)


def test_top_ups_of_any_size_are_taken_to_the_last_digit(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        result = bring(
            ledger, tmp_path, "top-ups.csv", HEADER,
            "vendor,2026-10-01T08:00:00Z,20000000.000000000001,100.00,USD,100,2026-12-31T00:00:00+01:00",
            "vendor,2026-10-02T08:00:00Z,1000,,,,",
        )  # fmt: skip
        assert result.total.imported == 2
        columns = ("credits", "bonus", "paid", "currency", "expires_at", "line")
        assert held(ledger, "account_entries", *columns) == [
            (1000 * 10**12, 0, None, None, None, 3),
            (20_000_000 * 10**12 + 1, 10**14, 10**14, "USD", datetime(2026, 12, 30, 23, tzinfo=UTC), 2),
        ]


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        ({"credits": "1,5"}, "ambiguous_number", "credits"),
        ({"credits": "many"}, "bad_amount", "credits"),
        ({"credits": True}, "bad_amount", "credits"),
        ({"credits": "1e16"}, "amount_out_of_range", "credits"),
        ({"credits": "0.0000000000001"}, "amount_out_of_range", "credits"),
        ({"credits": -5}, "negative_amount", "credits"),
        ({"credits": 0}, "no_amount", "credits"),
        ({"credits": ""}, "no_amount", "credits"),
        ({"at": "2026-10-01T08:00:00"}, "time_without_zone", "at"),
        ({"at": "2026-10-01"}, "bad_time", "at"),
        ({"at": None}, "no_time", "at"),
        ({"paid": "5"}, "no_currency", "currency"),
        ({"paid": "5", "currency": "dollars"}, "unknown_currency", "currency"),
        ({"expires_at": "2026-10-01T08:00:00Z"}, "expires_too_early", "expires_at"),
        ({"kind": "gift"}, "unknown_kind", "kind"),
        ({"kind": "refund", "bonus": 5}, "only_for_top_up", "bonus"),
        ({"unit": "tokens"}, "unknown_unit", "unit"),
        ({"provider": None}, "no_provider", "provider"),
        ({"discount": 5}, "unknown_field", "discount"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_field(row: dict[str, object], reason: str, field: str) -> None:
    told = {"provider": "vendor", "at": "2026-10-01T08:00:00Z", "credits": 5} | row
    assert outcome_of(told) == Reject(1, reason, field)


def test_a_line_without_a_time_or_an_amount_is_rejected_among_others(tmp_path: Path) -> None:
    whole = {"provider": "vendor", "at": "2026-10-01T08:00:00Z", "credits": 5}
    cut = [{name: value for name, value in whole.items() if name != missing} for missing in whole]
    with a_ledger() as ledger:
        bring(ledger, tmp_path, "top-ups.jsonl", *map(json.dumps, [whole, *cut]))
        assert held(ledger, "rejects", "line", "reason") == [(2, "no_provider"), (3, "no_time"), (4, "no_amount")]


@given(st.dictionaries(
    st.sampled_from(["provider", "at", "credits", "paid", "currency", "bonus", "expires_at", "kind", "unit", "id"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.integers(), max_size=1)
    | st.sampled_from(["2026-10-02T00:00:00Z", "USD", "refund", "adjustment", "1e999", "9" * 70, "-5", "0.1"]),
))  # fmt: skip
def test_whatever_a_field_holds_it_is_an_entry_or_a_reject(told: dict[str, object]) -> None:
    (outcome,) = TOP_UPS.read(iter([Item(1, told)]), Reading())
    assert isinstance(outcome, AccountEntry | Reject)


def test_an_adjustment_may_take_away_and_only_that() -> None:
    told: dict[str, object] = {"provider": "vendor", "at": "2026-10-01T08:00:00Z", "credits": -5, "kind": "adjustment"}
    assert outcome_of(told) == AccountEntry(1, "vendor", at(8), Decimal(-5), "credit", EntryKind.ADJUSTMENT)


@pytest.mark.parametrize(
    ("answer", "balance", "unit"),
    [
        ({"credits": Decimal("1234.5")}, "1234.5", "credit"),
        ({"data": {"credits": 7}}, "7", "credit"),
        ({"credits": {"remaining": 7, "used": 3}}, "7", "credit"),
        ({"balance": 7, "credits": 10}, "7", "credit"),
        ({"credit_balance": 7, "remaining": 7}, "7", "credit"),
        ({"balance": 7, "currency": "USD"}, "7", "USD"),
        ({"data": {"total_credits": 10, "total_usage": Decimal("2.5")}}, "7.5", "USD"),
    ],
)
def test_answers_that_tell_what_is_left_are_readings(answer: dict[str, object], balance: str, unit: str) -> None:
    provider = "openrouter" if "total_credits" in str(answer) else "aivideoapi"
    line = json.dumps({"timestamp": "2026-10-01T08:00:00Z", "status": 200, "response": answer}, default=float)
    assert outcome_of(line) == BalanceReading(1, provider, at(8), Decimal(balance), unit)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"response": {"credits": 10, "used": 3}}, "ambiguous_balance"),
        ({"response": {"balance": 10, "remaining": 3}}, "ambiguous_balance"),
        ({"response": {"credits": None}}, "no_balance"),
        ({"response": {"credits": "plenty"}}, "bad_amount"),
        ({"response": {"credits": 10}, "timestamp": None}, "no_time"),
        ({"response": {"credits": 10}, "status": 500}, "request_failed"),
    ],
)
def test_what_could_mean_two_amounts_is_no_reading(told: dict[str, object], reason: str) -> None:
    outcome = outcome_of({"timestamp": "2026-10-01T08:00:00Z"} | told)
    assert isinstance(outcome, Reject)
    assert outcome.reason == reason


@pytest.mark.parametrize("lanes", [(Lane.STRICT,), tuple(Lane)], ids=["strict", "fast"])
def test_readings_stand_among_other_answers_of_a_log_that_grows(tmp_path: Path, lanes: tuple[Lane, ...]) -> None:
    usage = {"id": "msg_1", "type": "message", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}
    answer = {"timestamp": "2026-10-01T00:00:00Z", "provider": "vendor", "response": usage}
    reading = {"timestamp": "2026-10-01T01:00:00Z", "provider": "vendor", "response": {"credits": 5}}
    later = reading | {"timestamp": "2026-10-01T02:00:00Z"}
    log = tmp_path / "log.jsonl"
    with open_ledger(tmp_path / "l.duckdb", logs=[log]) as ledger:
        log.write_text(f"{json.dumps(answer)}\n{json.dumps(reading)}\n", "utf-8")
        first = import_paths(ledger, [log], Reading(), OCTOBER, lanes=lanes).total
        log.write_text(log.read_text("utf-8") + f"{json.dumps(later)}\n", "utf-8")
        second = import_paths(ledger, [log], Reading(), OCTOBER, lanes=lanes).total
        assert (first.imported, second.imported) == (2, 1)
        assert held(ledger, "balance_snapshots", "read_at", "line") == [(at(1), 2), (at(2), 3)]


def test_the_same_id_with_other_money_is_rejected_and_told_again_it_is_a_duplicate(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        header = f"id,{HEADER}"
        first = bring(ledger, tmp_path, "1.csv", header, "p1,vendor,2026-10-01T08:00:00Z,5,,,,")
        rows = ("p1,vendor,2026-10-01T08:00:00Z,5.0,,,,", "p1,vendor,2026-10-01T08:00:00Z,6,,,,")
        again = bring(ledger, tmp_path, "2.csv", header, *rows)
        assert (first.total.imported, again.total.duplicate, again.total.rejected) == (1, 1, 1)
        assert held(ledger, "rejects", "line", "reason", "field") == [(3, "id_taken", "id")]
        assert held(ledger, "account_entries", "credits") == [(5 * 10**12,)]


def test_the_order_of_files_and_telling_them_twice_change_nothing(tmp_path: Path) -> None:
    rows = [f"vendor,2026-10-0{n + 1}T00:00:00Z,{n + 1},,,{n % 3 or ''},2026-10-20T00:00:00Z" for n in range(6)]
    balances = [f"vendor,2026-10-0{n + 1}T12:00:00Z,{n * 10},credit" for n in range(6)]
    paths = [tmp_path / name for name in ("1.csv", "2.csv", "3.csv")]
    told = ((HEADER, *rows[:4]), (HEADER, *rows[2:]), ("provider,at,balance,unit", *balances))
    for path, lines in zip(paths, told, strict=True):
        path.write_text("\n".join(lines), "utf-8")

    def found(order: list[Path]) -> tuple[object, BalanceSheet]:
        with a_ledger() as ledger:
            assert import_paths(ledger, order, Reading(), OCTOBER).total.imported == 12
            return held(ledger, "account_entries", "entry_id", "credits"), balance_sheet(ledger, a_catalog(), "vendor")

    first = found(paths)

    @settings(max_examples=8)
    @given(st.permutations([*paths, *paths]))
    def check(order: list[Path]) -> None:
        assert found(order) == first

    check()


def sheet_of(ledger: Ledger, tmp_path: Path, *balances: str) -> BalanceSheet:
    """Return a sheet over readings at 0 and 24 hours of these balances."""
    lines = [f"vendor,{at(24 * number).isoformat()},{each},credit" for number, each in enumerate(balances)]
    bring(ledger, tmp_path, "balances.csv", "provider,at,balance,unit", *lines)
    rates = PerMtok.model_validate({name: Decimal(rate) for name, rate in RATES.items()})
    return balance_sheet(ledger, a_catalog(block(rates)), "vendor", OCTOBER, at(24))


RATES = {"input": 10, "output": 100, "cache_write_5m": 20, "cache_write_1h": 40}
MTOK = 10**6


def request(number: int, usage: Usage, charged: int | None = None, status: Status = Status.OK) -> UsageRecord:
    amount = None if charged is None else Decimal(charged)
    unit = None if charged is None else "credit"
    return UsageRecord(number, "vendor", "model", f"r{number}", None, at(number), usage, status, amount, unit)


@pytest.mark.parametrize(
    ("usage", "status", "gap", "between"),
    [
        (Usage(input=MTOK), Status.OK, Decimal(0), (0, 0)),
        (Usage(cache_write_unsplit=MTOK), Status.OK, None, (-30, -10)),
        (Usage(input=MTOK, cache_read=1), Status.OK, None, (None, 0)),
        (Usage(input=MTOK), Status.INCOMPLETE, None, (None, 0)),
        (Usage(input=2 * MTOK), Status.OK, Decimal(-10), (-10, -10)),
        (Usage(), Status.FAILED, Decimal(10), (10, 10)),
    ],
)
def test_what_no_answer_says_is_expected_within_bounds(
    tmp_path: Path, usage: Usage, status: Status, gap: Decimal | None, between: tuple[int | None, int]
) -> None:
    with a_ledger() as ledger:
        put(ledger, [request(1, usage, status=status), request(2, Usage(input=1), 5)])
        (window,) = sheet_of(ledger, tmp_path, "100", "85").windows
    assert window.gap == gap
    assert window.gap_between == Between(*(None if side is None else Decimal(side) for side in between))
    assert window.metered.reported == 5
    assert window.metered.unpriced == (gap is None)


def test_a_charge_on_a_failure_and_a_refund_of_it_count_in_the_balance(tmp_path: Path) -> None:
    failed = request(1, Usage(), 10, Status.FAILED)
    back = UsageRecord(3, "vendor", "model", "", None, at(3), Usage(), Status.REFUND, Decimal(-10), "credit")
    with a_ledger() as ledger:
        put(ledger, [failed, request(2, Usage(), 4), back])
        bring(ledger, tmp_path, "top-ups.csv", HEADER, f"vendor,{at(0.5).isoformat()},10,1,USD,,{at(20).isoformat()}")
        sheet = sheet_of(ledger, tmp_path, "100", "96")
    (window,) = sheet.windows
    assert plain(window.gap, window.refunded, window.metered.amount) == ["0", "10", "14"]
    # The refund goes back to the lot that the failure burnt, which ends before it is used up.
    assert [lot.kind for lot in sheet.lots] == ["opening", "paid"]
    assert [plain(lot.consumed, lot.expired) for lot in sheet.lots] == [["4", "0"], ["0", "10"]]
    assert [(each.currency, *plain(each.breakage)) for each in sheet.burned] == [("USD", "1"), (None, None)]


def test_what_is_in_another_unit_or_has_no_time_is_counted_and_in_no_window(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        untimed = UsageRecord(1, "vendor", "model", "u", usage=Usage(input=1))
        dollars = UsageRecord(2, "vendor", "model", "d", None, at(1), Usage(), Status.OK, Decimal(1), "USD")
        put(ledger, [untimed, dollars])
        sheet = sheet_of(ledger, tmp_path, "100", "100")
    assert (sheet.untimed, sheet.other_units, sheet.total.metered.requests) == (1, 1, 0)
    assert sheet.total.gap == Decimal(0)


def test_without_two_readings_nothing_is_said_of_a_gap(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        put(ledger, [request(1, Usage(input=MTOK))])
        sheet = sheet_of(ledger, tmp_path)
        assert (sheet.total.opening, sheet.total.gap, sheet.total.closing_reported) == (None, None, None)
        assert sheet.overdraft == 10


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((), "no reading of the balance is known, so nothing tells whether any is missing; import some."),
        ((0,), "is read once, at 2026-10-01 00:00 UTC; it takes two readings to tell whether any is missing."),
        ((0, 48), "of 2 readings of the balance, from 2026-10-01 00:00 UTC to 2026-10-03 00:00 UTC, none is in this"),
        ((30, 72), "only that at 2026-10-02 06:00 UTC is in this time, and none is before it."),
    ],
)
def test_where_no_two_readings_are_it_is_said_which_there_are(
    tmp_path: Path, hours: tuple[float, ...], said: str
) -> None:
    with a_ledger() as ledger:
        put(ledger, [request(1, Usage(input=MTOK))])
        lines = [f"vendor,{at(hour).isoformat()},100" for hour in hours]
        bring(ledger, tmp_path, "balances.csv", "provider,at,balance", *lines)
        catalog = a_catalog(block(PerMtok(input=Decimal(10), output=Decimal(100))))
        assert said in account_answer([balance_sheet(ledger, catalog, "vendor", at(24), at(36))])


def test_a_month_begins_with_what_was_read_before_it_and_ends_with_what_was_carried_on(tmp_path: Path) -> None:
    catalog = a_catalog(block(PerMtok(input=Decimal(10), output=Decimal(100))))
    with a_ledger() as ledger:
        put(ledger, [request(hour, Usage(input=MTOK)) for hour in (1, 5, 11, 15)])
        lines = [f"vendor,{at(hour).isoformat()},{balance}" for hour, balance in ((0, 100), (10, 77), (20, 57))]
        bring(ledger, tmp_path, "balances.csv", "provider,at,balance", *lines)
        total = balance_sheet(ledger, catalog, "vendor", at(3), at(17)).total
        assert plain(total.opening, total.metered.amount, total.closing_expected) == ["90", "30", "60"]
        assert plain(total.closing_reported, total.gap, total.consumed) == ["57", "3", "33"]
        assert total.reported_at == at(10)


def test_top_up_and_balance_by_hand(capsys: pytest.CaptureFixture[str], working_folder: Path) -> None:  # noqa: F811
    told = ["top-up", "--provider", "aivideoapi", "--at", "2026-10-01T08:00:00Z", "--credits", "1000"]
    told += ["--paid", "5.00", "--currency", "USD", "--bonus", "50"]
    code, found = as_json(capsys, *told)
    assert (code, found["is_new"], found["credits"]) == (0, True, "1000")
    code, found = as_json(capsys, *told)
    assert (code, found["is_new"]) == (0, False)
    code, found = as_json(capsys, "balance")
    (account,) = found["accounts"]
    assert [(lot["kind"], lot["granted"], lot["cost"]) for lot in account["lots"]] == [
        ("paid", "1000", "4.761904761905"), ("bonus", "50", "0.238095238095")
    ]  # fmt: skip
    assert account["total"]["gap"] is None
    assert as_json(capsys, "doctor")[0] == 0
    assert run(["backup", "copy.duckdb", "--quiet"]) == 0
    capsys.readouterr()
    for number, reason in (("1,5", "ambiguous number"), ("11,000", "ambiguous number"), ("many", "bad amount")):
        assert run([*told[:-1], number]) == 2
        assert f"--bonus: {reason}; write 11000 or 10.5" in capsys.readouterr().err
    for form in ("table", "csv", "md"):
        assert run(["balance", "--format", form]) == 0
    assert (working_folder / LEDGER).exists()


def test_a_provider_that_nobody_knows_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
    working_folder: Path,  # noqa: F811 - the fixture
) -> None:
    def noted(provider: str, *more: str) -> str:
        told = ["top-up", "--provider", provider, "--at", "2026-10-01T08:00:00Z", "--credits", "5", "--format", "json"]
        assert run([*told, *more]) == 0
        out, err = capsys.readouterr()
        with open_ledger(working_folder / LEDGER, read_only=True) as ledger:
            held = {name for (name,) in ledger.rows("SELECT entry_id FROM account_entries")}
        assert json.loads(out)["entry_id"] in held
        return err

    assert noted("aivideoapi", "--id", "own") == ""
    warning = noted("aivideoap")
    assert "'aivideoap'" in warning
    assert "aivideoapi" in warning
    assert "--kind adjustment" in warning
    assert noted("aivideoap", "--credits", "6") == ""  # the ledger knows it by now
    assert noted("vendor", "--quiet") == ""
    assert run(["balance", "--provider", "aivideopai"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "aivideoapi" in err
    assert "tallystick top-up" in err
    assert run(["catalog", "list", "--provider", "aivideoap"]) == 2
    assert "aivideoapi" in capsys.readouterr().err


def test_the_order_of_burning_down_is_set_for_each_provider(
    capsys: pytest.CaptureFixture[str],
    working_folder: Path,  # noqa: F811 - the fixture
) -> None:
    log = {"timestamp": "2026-10-02T00:00:00Z", "provider": "aivideoapi", "response": {
        "id": "msg_1", "type": "message", "model": "claude-sonnet-4-6", "credits_consumed": 5,
        "usage": {"input_tokens": 1, "output_tokens": 1}}}  # fmt: skip
    Path("log.jsonl").write_text(json.dumps(log), "utf-8")
    Path("top-ups.csv").write_text(f"{HEADER}\naivideoapi,2026-10-01T00:00:00Z,10,1,USD,10,\n", "utf-8")
    assert run(["import", "log.jsonl", "top-ups.csv", "--quiet"]) == 0
    capsys.readouterr()
    settings_file = working_folder / "tallystick.toml"
    for order, expected in (('["bonus"]', ["10", "5"]), ('["paid", "at"]', ["5", "10"])):
        settings_file.write_text(f"[grants.aivideoapi]\norder = {order}\n", "utf-8")
        (account,) = as_json(capsys, "balance")[1]["accounts"]
        assert [lot["remaining"] for lot in account["lots"]] == expected
    for wrong, code in (("order = 5", 2), ('order = ["price"]', 3), ("orders = []", 2)):
        settings_file.write_text(f"[grants.aivideoapi]\n{wrong}\n", "utf-8")
        assert run(["balance"]) == code
