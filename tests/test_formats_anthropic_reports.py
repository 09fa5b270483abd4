"""Anthropic's reports: sums and never requests, each bucket named by all that it is grouped by, cents exact."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations

import pytest

from billing.errors import RefusedInputError
from billing.records import Ignored, Reject, Status, UsageRecord
from pricing.usage import Usage
from tests.reading import Json, lines_of, read, records_of, shape_of
from tests.shape_samples import COST_RESULT, USAGE_RESULT, bucket, outcome_of, page, record_in, reject_of

FIRST, NEXT = datetime(2025, 8, 1, tzinfo=UTC), "2025-08-02T00:00:00+00:00"


def test_a_result_of_a_usage_report_is_a_summary() -> None:
    record = record_in(page(bucket(USAGE_RESULT)))
    assert record == UsageRecord(
        line=1,
        provider="anthropic",
        sku="claude-opus-4-6",
        request_id=record.request_id,
        at=FIRST,
        usage=Usage(
            input=1500, output=500, cache_read=200, cache_write_5m=40, cache_write_1h=1000, web_searches=10,
            service_tier="batch",
        ),
        status=Status.SUMMARY,
        project="wrkspc_01",
        api_key_id="apikey_01",
        tags=(
            ("context_window", "0-200k"), ("ending_at", NEXT), ("inference_geo", "global"), ("service_tier", "batch"),
        ),
    )  # fmt: skip
    assert record_in(page(bucket(USAGE_RESULT)), provider="mine").provider == "mine"


def test_a_result_of_a_cost_report_is_dollars() -> None:
    record = record_in(page(bucket(COST_RESULT)))
    assert record == UsageRecord(
        line=1,
        provider="anthropic",
        sku="claude-opus-4-6",
        request_id=record.request_id,
        at=FIRST,
        status=Status.SUMMARY,
        # Told in cents.
        charged=Decimal("1.2345"),
        unit="USD",
        project="wrkspc_01",
        tags=(
            ("context_window", "0-200k"), ("cost_type", "tokens"), ("ending_at", NEXT), ("service_tier", "standard"),
            ("token_type", "cache_creation.ephemeral_1h_input_tokens"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cents", "dollars"),
    [
        ("123.45", "1.2345"),
        ("0", "0"),
        ("0.00", "0"),
        ("1", "0.01"),
        ("0.0000000001", "0.000000000001"),
        ("922337199.9999999999", "9223371.999999999999"),
        ("4155.5400000000004", "41.5554"),
    ],
)
def test_cents_become_dollars_to_the_last_digit(cents: str, dollars: str) -> None:
    assert record_in(page(bucket(COST_RESULT | {"amount": cents}))).charged == Decimal(dollars)


@pytest.mark.parametrize(
    ("cents", "reason"),
    [
        ("-1.5", "negative_charge"),
        ("922337200", "amount_out_of_range"),
        ("0.00000000001", "amount_out_of_range"),
        ("1,5", "bad_amount"),
        ("1e3", "bad_amount"),
        (" 1", "bad_amount"),
        ("NaN", "bad_amount"),
        ("", "bad_amount"),
        ("٣", "bad_amount"),
        ("9" * 31, "bad_amount"),
        (123.45, "bad_amount"),
        (None, "bad_amount"),
    ],
)
def test_an_amount_that_is_no_plain_decimal_is_rejected(cents: object, reason: str) -> None:
    assert reject_of(page(bucket(COST_RESULT | {"amount": cents}))) == (reason, "amount")


@pytest.mark.parametrize("currency", ["EUR", "JPY", "usd", None, 5])
def test_of_another_currency_nobody_knows_the_lowest_unit(currency: object) -> None:
    assert reject_of(page(bucket(COST_RESULT | {"currency": currency}))) == ("unknown_currency", "currency")


def test_a_report_comes_in_pages_buckets_or_single_results() -> None:
    days = [bucket(USAGE_RESULT, day=1), bucket(USAGE_RESULT, day=2)]
    flat = [USAGE_RESULT | {name: day[name] for name in ("starting_at", "ending_at")} for day in days]
    written = (
        json.dumps(page(*days)), json.dumps(page(*days), indent=2), json.dumps(days, indent=2), lines_of(days),
        lines_of(flat), lines_of([page(days[0], has_more=True), page(days[1])]),
    )  # fmt: skip
    (names,) = {tuple(record.request_id for record in records_of(content)) for content in written}
    assert len(set(names)) == 2
    assert {shape_of(content) for content in written} == {"anthropic_reports"}
    assert all(len(read(content)) == 2 for content in written)


def name_of(result: Json, day: int = 1) -> str:
    return record_in(page(bucket(result, day=day))).request_id


def test_the_same_bucket_has_the_same_name_whatever_its_figures() -> None:
    for result, figures in (
        (USAGE_RESULT, {"output_tokens": 9, "cache_creation": None}),
        (COST_RESULT, {"amount": "9"}),
    ):
        assert name_of(result) == name_of(result | figures)
        assert name_of(result).startswith("summary:")
        # What is null was not grouped by.
        assert name_of(result) == name_of(result | {"speed": None})


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "claude-haiku-4-5"},
        {"workspace_id": "wrkspc_02"},
        {"workspace_id": None},
        {"api_key_id": "apikey_02"},
        {"service_tier": "flex"},
        {"context_window": "200k-1M"},
        {"inference_geo": "us"},
        {"account_id": "user_01"},
        {"product_of_tomorrow": "x"},
    ],
)
def test_all_that_a_bucket_is_grouped_by_is_in_its_name(changed: Json) -> None:
    assert name_of(USAGE_RESULT | changed) != name_of(USAGE_RESULT)
    assert name_of(USAGE_RESULT, day=2) != name_of(USAGE_RESULT)


@pytest.mark.parametrize(
    "changed", [{"cost_type": "web_search"}, {"token_type": "output_tokens"}, {"description": "Claude Haiku"}]
)
def test_costs_are_told_apart_by_what_they_are_for(changed: Json) -> None:
    assert name_of(COST_RESULT | changed) != name_of(COST_RESULT)


def test_usage_and_cost_of_a_bucket_have_two_names() -> None:
    assert name_of({"uncached_input_tokens": 1, "output_tokens": 1}) != name_of({"amount": "1", "currency": "USD"})


def test_a_time_written_otherwise_is_the_same_bucket() -> None:
    day = bucket(USAGE_RESULT) | {"starting_at": "2025-08-01T02:00:00+02:00"}
    assert record_in(page(day)).request_id == name_of(USAGE_RESULT)


def test_a_result_without_its_bucket_is_told_by_its_figures() -> None:
    cost, usage = record_in(COST_RESULT), record_in(USAGE_RESULT)
    assert (cost.at, cost.charged, usage.at, usage.request_id) == (None, Decimal("1.2345"), None, "")
    names = {record_in(COST_RESULT | change).request_id for change in ({}, {"amount": "1"}, {"token_type": "x"})}
    assert len(names) == 3


INCOMPLETE = "report_incomplete"


def test_a_page_that_has_more_which_is_not_there_is_told() -> None:
    outcomes = read(json.dumps(page(bucket(USAGE_RESULT), has_more=True)))
    assert [type(outcome) for outcome in outcomes] == [UsageRecord, Reject]
    assert outcomes[1] == Reject(1, INCOMPLETE, "has_more")
    # A page of other days is not the next one, nor is one of the other report.
    for other in (page(bucket(USAGE_RESULT, day=3)), page(bucket(COST_RESULT, day=2))):
        assert Reject(1, INCOMPLETE, "has_more") in read(lines_of([page(bucket(USAGE_RESULT), has_more=True), other]))


def test_pages_follow_one_another_in_any_order() -> None:
    pages = [
        page(bucket(USAGE_RESULT), bucket(day=2), has_more=True),
        page(bucket(day=3), has_more=True),
        page(bucket(USAGE_RESULT, day=4)),
    ]
    for order in permutations(pages):
        assert not [outcome for outcome in read(lines_of(order)) if isinstance(outcome, Reject)]
    missing = read(lines_of([pages[0], pages[2]]))
    assert [outcome for outcome in missing if isinstance(outcome, Reject)] == [Reject(1, INCOMPLETE, "has_more")]


def test_a_page_without_results_holds_no_record() -> None:
    for empty in (page(), page(bucket()), bucket(), page(bucket(), bucket(day=2))):
        assert outcome_of(empty) == Ignored(1)
    assert len(read(lines_of([page(bucket(), bucket(USAGE_RESULT, day=2))]))) == 1


def test_unknown_usage_is_noticed() -> None:
    told = USAGE_RESULT | {
        "cache_creation": {"ephemeral_1d_input_tokens": 5},
        "server_tool_use": {"code_executions": 1},
        "tokens_of_tomorrow": 1,
    }
    assert record_in(page(bucket(told))).usage.unknown_fields == (
        "cache_creation.ephemeral_1d_input_tokens", "server_tool_use.code_executions", "tokens_of_tomorrow",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output_tokens": None}, ("no_usage", "output_tokens")),
        ({"uncached_input_tokens": None}, ("no_usage", "uncached_input_tokens")),
        ({"cache_read_input_tokens": 1.5}, ("bad_tokens", "cache_read_input_tokens")),
        ({"cache_creation": []}, ("bad_object", "cache_creation")),
    ],
)
def test_a_result_that_is_not_to_be_believed_is_rejected(changes: Json, reason: tuple[str, str]) -> None:
    assert reject_of(page(bucket(USAGE_RESULT | changes))) == reason


def test_what_is_no_result_is_rejected_where_it_stands() -> None:
    outcomes = read(lines_of([page(bucket(USAGE_RESULT)), {"data": [5, {"a": 1}], "has_more": False}, {"b": 2}]))
    assert outcomes[1:] == [Reject(2, "not_an_object"), Reject(2, "unknown_object"), Reject(3, "unknown_object")]
    bad_day = bucket(USAGE_RESULT) | {"starting_at": "2025-08-01"}
    assert reject_of(page(bad_day)) == ("bad_time", "starting_at")


def test_an_empty_list_of_another_api_is_none_of_ours() -> None:
    for other in ({"object": "list", "data": [], "has_more": False}, {"data": [{"id": 1}], "has_more": True}):
        with pytest.raises(RefusedInputError, match="no log shape"):
            read(json.dumps(other))


def test_ever_so_many_pages_are_read() -> None:
    days = [{"starting_at": f"{n}", "ending_at": f"{n + 1}", "results": []} for n in range(40_000)]
    outcomes = read(lines_of([{"data": [day], "has_more": True} for day in reversed(days)]))
    assert [outcome for outcome in outcomes if isinstance(outcome, Reject)] == [Reject(1, INCOMPLETE, "has_more")]
