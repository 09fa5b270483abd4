"""Cursor's usage export: what was not charged counts for nothing, and nobody is told to owe what the plan covers."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.records import Ignored, Reading, Status
from pricing.usage import Usage
from tests.table_logs import EVENT, csv_of, read_table, records_in, rejects_in

CENT = Decimal("0.01")
#: Dollars per 1M tokens of the model `auto` at the end of 2025.
INPUT, CACHE_READ, OUTPUT = Decimal("1.25"), Decimal("0.25"), Decimal(6)


def test_a_charged_request() -> None:
    (record,) = records_in(csv_of([EVENT | {"User": "a@b.example"}]))
    assert (record.provider, record.sku, record.request_id) == ("cursor", "auto", "")
    assert record.usage == Usage(input=10, output=3043, cache_read=68608, cache_write_unsplit=21865)
    assert (record.charged, record.unit, record.status) == (Decimal("0.06"), "USD", Status.OK)
    assert str(record.at) == "2025-12-02 01:46:34.592000+00:00"
    assert dict(record.tags) == {"kind": "On-Demand", "user": "a@b.example"}


@pytest.mark.parametrize("kind", ["Errored, Not Charged", "Errored, No Charge", "Aborted, Not Charged"])
def test_what_was_not_charged_counts_for_nothing(kind: str) -> None:
    (record,) = records_in(csv_of([EVENT | {"Kind": kind, "Cost": "0.54"}]))
    assert (record.status, record.usage, record.charged, record.unit) == (Status.FAILED, Usage(), None, None)
    assert record.error_code == kind.partition(",")[0].lower()
    assert dict(record.tags) == {"kind": kind}


@pytest.mark.parametrize("kind", ["Included", "Included in Pro", "Free", "pro-free-trial", "User API Key"])
def test_what_is_covered_is_not_owed(kind: str) -> None:
    (record,) = records_in(csv_of([EVENT | {"Kind": kind}]))
    assert (record.status, record.charged, record.unit) == (Status.OK, None, None)
    assert record.usage.output == 3043
    assert dict(record.tags) == {"kind": kind, "value_usd": "0.06"}


@pytest.mark.parametrize(
    ("cost", "charged", "value"),
    [
        ("0.06", "0.06", None),
        ("$1.5", "1.5", None),
        ("1.5 $", "1.5", None),
        ("-", None, None),
        ("", None, None),
        ("NaN", None, None),
        ("Included", None, None),
        ("0.12 Included", None, "0.12"),
        ("$0.12 Included", None, "0.12"),
        ("Free", None, None),
        ("0", "0", None),
    ],
)
def test_cost_cells(cost: str, charged: str | None, value: str | None) -> None:
    (record,) = records_in(csv_of([EVENT | {"Cost": cost}]))
    assert record.charged == (None if charged is None else Decimal(charged))
    assert record.unit == (None if charged is None else "USD")
    assert dict(record.tags).get("value_usd") == value


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Cost": "$1,234.5"}, ("ambiguous_number", "Cost")),
        ({"Cost": "<0.01"}, ("bad_amount", "Cost")),
        ({"Cost": "1$50"}, ("bad_amount", "Cost")),
        ({"Cost": "$1$"}, ("bad_amount", "Cost")),
        ({"Cost": "1" + " " * 500_000 + "x"}, ("bad_amount", "Cost")),
        ({"Kind": "Surge"}, ("unknown_kind", "Kind")),
        ({"Kind": ""}, ("unknown_kind", "Kind")),
        ({"Total Tokens": "93525"}, ("total_mismatch", "Total Tokens")),
        ({"Output Tokens": ""}, ("no_usage", "Output Tokens")),
        ({"Date": "Dec 2, 01:46 AM"}, ("bad_time", "Date")),
    ],
)
def test_what_can_not_be_believed_is_rejected(change: dict[str, str], reason: tuple[str, str]) -> None:
    assert rejects_in(csv_of([EVENT | change])) == [(2, *reason)]


def test_a_total_is_no_request() -> None:
    total = dict.fromkeys(EVENT, "") | {"Date": "TOTAL", "Total Tokens": "93526", "Cost": "0.06"}
    assert isinstance(read_table(csv_of([EVENT, total]))[2], Ignored)


def test_max_mode_is_a_tier_of_its_own() -> None:
    (record,) = records_in(csv_of([EVENT | {"Max Mode": "Yes"}]))
    assert record.usage.service_tier == "max"


def test_columns_may_come_and_go() -> None:
    old = {column: cell for column, cell in EVENT.items() if column not in ("Cost", "Total Tokens", "Max Mode")}
    (record,) = records_in(csv_of([{"Cloud Agent ID": "x", "Requests": "1"} | old]))
    assert (record.charged, record.usage.output) == (None, 3043)


def test_real_rows_match_their_price_but_two_below_a_cent(shared: Path) -> None:
    content = (shared / "realdata" / "cursor" / "usage-events-2025-12-02-auto.csv").read_bytes()
    records = records_in(content)
    assert len(records) == 199
    assert {record.charged for record in records} == {None}
    matched, others = 0, []
    for record in records:
        usage, tags = record.usage, dict(record.tags)
        assert tags["kind"] == "Included"
        went_in = usage.input + usage.cache_write_unsplit
        exact = (went_in * INPUT + usage.cache_read * CACHE_READ + usage.output * OUTPUT) / 10**6
        if exact.quantize(CENT, ROUND_HALF_UP) == Decimal(tags["value_usd"]):
            matched += 1
        else:
            others.append((exact, tags["value_usd"]))
    assert matched == 197
    assert sorted(others) == [(Decimal("0.00301125"), "0.003"), (Decimal("0.0033025"), "0.003")]


def test_in_the_ledger_nothing_is_owed_and_reading_again_adds_nothing(shared: Path, tmp_path: Path) -> None:
    folder = shared / "realdata" / "cursor"
    at = datetime(2026, 10, 31, tzinfo=UTC)
    with open_ledger(tmp_path / "ledger") as ledger:
        first, again = (import_paths(ledger, [folder], Reading(), at).total for _ in range(2))
        query = "SELECT COUNT(*), COUNT(charged), SUM(output), COUNT(DISTINCT request_id) FROM usage_records"
        ((requests, charges, output, ids),) = ledger.rows(query)
    assert (first.records, first.imported, first.rejected, first.ignored) == (199, 199, 0, 1)
    assert again.imported == 0
    assert (requests, charges, output, ids) == (199, 0, 699_697, 199)
