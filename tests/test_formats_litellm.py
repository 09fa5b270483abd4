"""LiteLLM's spend logs: what the gateway booked, and the cache taken out of its prompt tokens."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.records import Reject, Status, UsageRecord
from pricing.usage import Usage
from tests.reading import MESSAGE, Json, lines_of, read, records_of, shape_of
from tests.shape_samples import SPEND, USAGE_OBJECT, record_in, reject_of


def spend(usage: object, **others: object) -> Json:
    """Return a row whose metadata hold that usage object."""
    return SPEND | {"metadata": {"usage_object": usage}} | others


def test_a_row_is_what_the_gateway_booked() -> None:
    assert record_in(SPEND) == UsageRecord(
        line=1,
        provider="anthropic",
        sku="claude-sonnet-4-6",
        request_id="chatcmpl-9",
        at=datetime(2026, 3, 5, 10, 0, 0, 123000, tzinfo=UTC),
        usage=Usage(
            input=100, output=50, cache_read=600, cache_write_5m=200, cache_write_1h=40, cache_write_unsplit=60,
            web_searches=2,
        ),
        charged=Decimal("0.0086"),
        unit="USD",
        project="Research",
        api_key_id="88dc28d0f030c55ed4ab77ed8faf098196cb1c05df77",
        tags=(("batch", ""), ("end_user", "customer-7"), ("model_group", "sonnet"), ("team-a", "")),
    )  # fmt: skip


def test_rows_come_one_a_line_in_an_array_or_in_a_page() -> None:
    rows = [SPEND, SPEND | {"request_id": "b"}]
    written = (lines_of(rows), json.dumps(rows), json.dumps(rows, indent=2), json.dumps({"data": rows, "total": 2}))
    for content in written:
        assert shape_of(content) == "litellm"
        assert [record.request_id for record in records_of(content)] == ["chatcmpl-9", "b"]


def test_a_row_that_holds_its_answer_is_still_a_row() -> None:
    answer = {"response": MESSAGE, "messages": [{"role": "user", "content": "CANARY"}]}
    assert shape_of(lines_of([SPEND | answer])) == "litellm"
    assert "CANARY" not in repr(record_in(SPEND | answer))


def test_charged_zero_is_not_missing() -> None:
    assert record_in(SPEND | {"spend": 0}).charged == 0
    assert record_in(SPEND | {"spend": 0.0}).unit == "USD"
    unsaid = record_in(SPEND | {"spend": None})
    assert (unsaid.charged, unsaid.unit) == (None, None)


def test_the_noise_of_doubles_is_no_money() -> None:
    assert record_in(SPEND | {"spend": 0.1 + 0.2}).charged == Decimal("0.3")
    assert record_in(SPEND | {"spend": 0.013317500000000001}).charged == Decimal("0.0133175")


def test_metadata_usage_and_tags_may_be_written_as_texts() -> None:
    usage = json.dumps(USAGE_OBJECT)
    told = {"user_api_key_team_alias": "Research", "usage_object": usage}
    texts: Json = {"metadata": json.dumps(told), "request_tags": '["team-a", "batch"]'}
    assert record_in(SPEND | texts) == record_in(SPEND)
    older = {"user_api_key_team_alias": "Research", "additional_usage_values": USAGE_OBJECT}
    assert record_in(SPEND | {"metadata": older}) == record_in(SPEND)


@pytest.mark.parametrize(
    ("field", "written", "reason"),
    [
        ("metadata", "{", ("not_json", "metadata")),
        ("metadata", '{"a":1,"a":1}', ("duplicate_key", "metadata")),
        ("metadata", "[]", ("bad_object", "metadata")),
        ("metadata", [], ("bad_object", "metadata")),
        ("metadata", {"usage_object": "{"}, ("not_json", "usage_object")),
        ("metadata", {"usage_object": [1]}, ("bad_object", "usage_object")),
        ("request_tags", "[", ("not_json", "request_tags")),
        ("request_tags", "a, b", ("not_json", "request_tags")),
    ],
)
def test_a_text_within_the_row_is_read_as_strictly(field: str, written: object, reason: tuple[str, str]) -> None:
    assert reject_of(SPEND | {field: written}) == reason


def test_without_details_all_of_the_prompt_is_input() -> None:
    for metadata in ({}, None, "", "{}", {"usage_object": None}, {"usage_object": ""}):
        assert record_in(SPEND | {"metadata": metadata}).usage == Usage(input=1000, output=50)


def test_cache_writes_without_a_split_are_of_unknown_lifetime() -> None:
    total = {"cache_creation_input_tokens": 300, "cache_read_input_tokens": 600}
    assert record_in(spend(total)).usage == Usage(input=100, output=50, cache_read=600, cache_write_unsplit=300)
    split = {"prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 300}}}
    assert record_in(spend(split)).usage == Usage(input=700, output=50, cache_write_1h=300)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        ({"cache_read_input_tokens": 1001}, ("cached_exceeds_prompt", "prompt_tokens")),
        (
            {"cache_read_input_tokens": 600, "cache_creation_input_tokens": 401},
            ("cached_exceeds_prompt", "prompt_tokens"),
        ),
        ({"prompt_tokens": 999}, ("total_mismatch", "prompt_tokens")),
        ({"completion_tokens": 51}, ("total_mismatch", "completion_tokens")),
        ({"total_tokens": 1051}, ("total_mismatch", "total_tokens")),
        (
            {"cache_read_input_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}},
            ("total_mismatch", "cache_read_input_tokens"),
        ),
        (
            {
                "cache_creation_input_tokens": 5,
                "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_5m_input_tokens": 6}},
            },
            ("cache_split_exceeds_total", "cache_creation_token_details"),
        ),
        ({"prompt_tokens_details": {"cached_tokens": "6"}}, ("bad_tokens", "cached_tokens")),
        ({"prompt_tokens_details": [6]}, ("bad_object", "prompt_tokens_details")),
    ],
)
def test_usage_that_does_not_add_up_is_rejected(usage: Json, reason: tuple[str, str]) -> None:
    assert reject_of(spend(usage)) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt_tokens": None}, ("no_usage", "prompt_tokens")),
        ({"prompt_tokens": 1000.0}, ("bad_tokens", "prompt_tokens")),
        ({"total_tokens": 1051}, ("total_mismatch", "total_tokens")),
        ({"spend": -0.1}, ("negative_charge", "spend")),
        ({"spend": "0.1"}, ("bad_amount", "spend")),
        ({"startTime": "2026-03-05 10:00:00.123"}, ("time_without_zone", "startTime")),
        ({"startTime": "2026-03-05"}, ("bad_time", "startTime")),
    ],
)
def test_a_row_that_is_not_to_be_believed_is_rejected(changes: Json, reason: tuple[str, str]) -> None:
    assert reject_of(SPEND | changes) == reason


def test_a_time_without_zone_needs_one() -> None:
    row = SPEND | {"startTime": "2026-03-05 10:00:00.123"}
    assert record_in(row, zone=ZoneInfo("Europe/Berlin")).at == datetime(2026, 3, 5, 9, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("usage", "named"),
    [
        ({"prompt_tokens_details": {"audio_tokens": 5}}, ("prompt_tokens_details.audio_tokens",)),
        ({"completion_tokens_details": {"image_tokens": 5}}, ("completion_tokens_details.image_tokens",)),
        ({"iterations": [{"n": 1}]}, ("iterations",)),
        ({"inference_geo": "us"}, ("inference_geo",)),
        ({"inference_geo": "global", "speed": "standard"}, ()),
        ({"speed": "warp"}, ("speed",)),
        (
            {"prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1d_input_tokens": 5}}},
            ("cache_creation_token_details.ephemeral_1d_input_tokens",),
        ),
    ],
)
def test_unknown_usage_is_noticed(usage: Json, named: tuple[str, ...]) -> None:
    assert record_in(spend(usage)).usage.unknown_fields == named


def test_tiers_have_prices_of_their_own() -> None:
    told = ({"service_tier": "default"}, {"service_tier": "flex"}, {"speed": "fast"})
    assert [record_in(spend(usage)).usage.service_tier for usage in told] == ["standard", "flex", "fast"]


def test_an_answer_from_the_gateways_own_cache_is_not_priced() -> None:
    assert record_in(SPEND | {"cache_hit": "True", "spend": 0}).usage.unknown_fields == ("cache_hit",)


def test_spend_without_tokens_is_not_priced_by_tokens() -> None:
    row = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "metadata": {}}
    assert record_in(SPEND | row).usage == Usage(unknown_fields=("spend",))
    assert record_in(SPEND | row | {"spend": 0}).usage == Usage()


@pytest.mark.parametrize("failure", [{"status": "failure"}, {"status": None, "metadata": {"status": "failure"}}])
def test_a_failure_is_a_class_of_its_own(failure: Json) -> None:
    row = SPEND | {"spend": 0, "prompt_tokens": None, "completion_tokens": None} | failure
    record = record_in(row)
    assert (record.status, record.usage, record.charged) == (Status.FAILED, Usage(), Decimal(0))


def test_of_a_failure_the_code_is_kept_and_never_the_message() -> None:
    error = {"error_code": "429", "error_class": "RateLimitError", "error_message": "CANARY", "traceback": "CANARY"}
    metadata = json.dumps({"status": "failure", "error_information": error})
    record = record_in(SPEND | {"status": "failure", "metadata": metadata})
    assert (record.error_code, record.error_type) == ("429", "RateLimitError")
    assert "CANARY" not in repr(record)


@pytest.mark.parametrize(
    ("provider", "model", "told"),
    [
        ("anthropic", "claude-sonnet-4-6", ("anthropic", "claude-sonnet-4-6")),
        ("openrouter", "openrouter/anthropic/claude-sonnet-4.6", ("openrouter", "anthropic/claude-sonnet-4.6")),
        ("openrouter", "anthropic/claude-sonnet-4.6", ("openrouter", "anthropic/claude-sonnet-4.6")),
        ("", "gpt-5", (None, "gpt-5")),
        (None, None, (None, "")),
    ],
)
def test_the_provider_is_the_one_that_the_gateway_asked(
    provider: object, model: object, told: tuple[str | None, str]
) -> None:
    row = SPEND | {"custom_llm_provider": provider, "model": model}
    record = record_in(row)
    assert (record.provider, record.sku) == told
    assert record_in(row, provider="mine").provider == "mine"


def test_a_key_in_the_place_of_its_hash_is_not_kept() -> None:
    record = record_in(SPEND | {"api_key": "sk-0123456789abcdefghij", "team_id": "sk-0123456789abcdefghij"})
    assert str(record.api_key_id).startswith("key:")
    assert "0123456789abcdefghij" not in repr(record)


def test_nothing_of_the_user_but_what_is_asked_for_is_kept() -> None:
    told = repr(record_in(SPEND))
    assert "someone@example.org" not in told
    assert "203.0.113.9" not in told


def test_other_lines_are_rejected_and_an_empty_page_holds_no_record() -> None:
    outcomes = read(lines_of([SPEND, {"spend": 1}, {"data": []}, {"data": [5, SPEND]}]))
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "UsageRecord", "Reject", "Ignored", "Reject", "UsageRecord",
    ]  # fmt: skip
    assert outcomes[3] == Reject(4, "not_an_object")
