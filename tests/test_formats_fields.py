"""What a record is made of beside its tokens, and every reason to refuse a field."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.records import MOST_TOKENS, Reject, Status
from tests.reading import MESSAGE, Json, chat, message, messages_usage, one_of, reason_of, record_of, wrapped

BERLIN = ZoneInfo("Europe/Berlin")
KEY = "sk-ant-api03-0123456789abcdefghij"


@pytest.mark.parametrize("count", [True, False, 12.5, 12.0, "12", -1, MOST_TOKENS + 1, [], {"n": 1}])
def test_only_a_json_integer_in_range_is_a_number_of_tokens(count: object) -> None:
    assert reason_of(messages_usage(output_tokens=count)) == ("bad_tokens", "output_tokens")
    assert reason_of(messages_usage(cache_read_input_tokens=count)) == ("bad_tokens", "cache_read_input_tokens")
    assert reason_of(chat({"prompt_tokens": count, "completion_tokens": 1})) == ("bad_tokens", "prompt_tokens")


def test_the_most_tokens_are_still_tokens() -> None:
    assert record_of(messages_usage(input_tokens=MOST_TOKENS)).usage.input == MOST_TOKENS


@pytest.mark.parametrize("usage", [5, "none", [1], True])
def test_usage_that_is_no_object_is_rejected(usage: object) -> None:
    assert reason_of(message(usage)) == ("bad_object", "usage")


def charged(written: str) -> Json | str:
    return '{"id":"m","type":"message","usage":{"input_tokens":1,"output_tokens":1},"credits_consumed":' + written + "}"


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.66", "1.66"),
        ("0.28500", "0.285"),
        ("0.285", "0.285"),
        ("2", "2"),
        ("0", "0"),
        ("-0.0", "0"),
        ("0e-99999", "0"),
        ("1e-12", "0.000000000001"),
        ("9223371.999999999999", "9223371.999999999999"),
        ("1.0000000000000000000000", "1"),
    ],
)
def test_a_charge_is_taken_to_the_last_digit(written: str, amount: str) -> None:
    assert record_of(charged(written)).charged == Decimal(amount)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("9223372", "amount_out_of_range"),
        ("1e999999999", "amount_out_of_range"),
        ("1e-13", "amount_out_of_range"),
        ("1e-999999999", "amount_out_of_range"),
        ("0." + "3" * 100, "amount_out_of_range"),
        ("-0.01", "negative_charge"),
        ("-1e999999999", "negative_charge"),
        ('"1.66"', "bad_amount"),
        ("true", "bad_amount"),
        ("[1]", "bad_amount"),
    ],
)
def test_a_charge_that_cannot_be_exact_is_rejected(written: str, reason: str) -> None:
    assert reason_of(charged(written)) == (reason, "credits_consumed")


def test_not_said_is_not_zero() -> None:
    assert record_of(charged("null")).charged is None
    assert record_of(charged("null")).unit is None
    assert record_of(charged("0")).charged == 0
    assert record_of(charged("0")).unit == "credit"


def test_two_charges_for_one_request_are_none() -> None:
    told = chat({"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.1}, credits_consumed=0.1)
    assert reason_of(told) == ("two_charges", "credits_consumed")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type":"message","usage":{"input_tokens":NaN}}', "bad_tokens"),
        ('{"type":"message","usage":{"input_tokens":1', "not_json"),
        ('{"type":"message","type":"message"}', "duplicate_key"),
        ('{"type":"message","usage":{"input_tokens":1,"input_tokens":2}}', "duplicate_key"),
        ('{"a":' * 100_000, "too_deep"),
        ('{"type":"message","usage":{"input_tokens":' + "9" * 5_000 + "}}", "bad_tokens"),
        ("5", "not_an_object"),
        ('["type"]', "not_an_object"),
        ('{"event":"launched"}', "unknown_object"),
        ('{"timestamp":"2026-01-01T00:00:00Z","response":{"ok":true}}', "unknown_object"),
        ('{"timestamp":"2026-01-01T00:00:00Z","response":null}', "no_usage"),
        ('{"timestamp":"2026-01-01T00:00:00Z","response":"<html>"}', "no_usage"),
    ],
)
def test_a_line_that_is_no_known_object_is_rejected(line: str, reason: str) -> None:
    assert reason_of(line)[0] == reason


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-13T01:30:00+02:00", datetime(2026, 3, 12, 23, 30, tzinfo=UTC)),
        ("2026-03-13T00:00:00Z", datetime(2026, 3, 13, tzinfo=UTC)),
        ("2026-03-13T00:00:00.123456999Z", datetime(2026, 3, 13, 0, 0, 0, 123456, tzinfo=UTC)),
        (1762343744, datetime(2025, 11, 5, 11, 55, 44, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_time_is_an_instant(written: object, at: datetime | None) -> None:
    assert record_of(wrapped(MESSAGE, timestamp=written)).at == at


def test_fractions_of_unix_seconds_are_cut_to_microseconds() -> None:
    line = '{"object":"response","created_at":1762343744.9999999,"usage":{"input_tokens":1,"output_tokens":1}}'
    assert record_of(line).at == datetime(2025, 11, 5, 11, 55, 44, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-03-13T00:00:00", "time_without_zone"),
        ("2026-03-13", "bad_time"),
        ("yesterday", "bad_time"),
        ("", "bad_time"),
        ("2026-02-30T00:00:00Z", "bad_time"),
        (True, "bad_time"),
        ([2026], "bad_time"),
        ("1999-12-31T23:59:59Z", "time_out_of_range"),
        ("2101-01-01T00:00:00Z", "time_out_of_range"),
        ("2100-12-31T23:59:59-01:00", "time_out_of_range"),
        ("0001-01-01T00:00:00+05:00", "time_out_of_range"),
        ("9999-12-31T23:59:59-05:00", "time_out_of_range"),
        (1762343744000, "time_out_of_range"),
        (-1, "time_out_of_range"),
    ],
)
def test_a_time_that_is_no_instant_is_rejected(written: object, reason: str) -> None:
    assert reason_of(wrapped(MESSAGE, timestamp=written)) == (reason, "timestamp")


def test_a_local_time_is_placed_in_the_zone_that_is_given() -> None:
    record = record_of(wrapped(MESSAGE, timestamp="2026-03-13T01:30:00"), zone=BERLIN)
    assert record.at == datetime(2026, 3, 13, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
def test_a_local_time_that_the_clocks_skip_or_show_twice_is_rejected(written: str) -> None:
    assert reason_of(wrapped(MESSAGE, timestamp=written), zone=BERLIN) == ("time_ambiguous", "timestamp")


@pytest.mark.parametrize("field", ["request_id", "project", "api_key_id"])
@pytest.mark.parametrize(
    ("written", "reason"),
    [("x" * 513, "bad_text"), ("a\x00b", "bad_text"), ("a\x85b", "bad_text"), ("\ud800", "not_utf8"), ({}, "bad_text")],
)
def test_a_name_that_cannot_be_stored_or_shown_is_rejected(field: str, written: object, reason: str) -> None:
    assert reason_of(wrapped(MESSAGE, **{field: written})) == (reason, field)


def test_names_of_any_language_are_kept() -> None:
    record = record_of(wrapped(MESSAGE, project="münchen 東京", api_key_id=17, tags={"team": "ß", "n": 3, "on": True}))
    assert (record.project, record.api_key_id) == ("münchen 東京", "17")
    assert record.tags == (("n", "3"), ("on", "true"), ("team", "ß"))


def test_tags_are_sorted_and_only_scalars_are_kept() -> None:
    assert record_of(wrapped(MESSAGE, tags=["b", "a", {}])).tags == (("a", ""), ("b", ""))
    assert record_of(wrapped(MESSAGE, tags={"b": 1.25, "a": [KEY], "c": None})).tags == (("b", "1.25"),)
    assert record_of(wrapped(MESSAGE, tags=None)).tags == ()
    assert reason_of(wrapped(MESSAGE, tags="a,b")) == ("bad_text", "tags")
    assert reason_of(wrapped(MESSAGE, tags=[f"t{n}" for n in range(65)])) == ("bad_text", "tags")


@pytest.mark.parametrize("written", [KEY, f"Bearer {KEY}", f"team key {KEY}", "SK-SHORT"])
def test_of_what_looks_like_a_key_only_a_digest_is_kept(written: str) -> None:
    line = wrapped(
        MESSAGE | {"id": written}, request_id=written, project=written, api_key_id=written, tags={written: written},
        request={"model": written}, provider=written,
    )  # fmt: skip
    record = record_of(line)
    ids = {record.request_id, record.client_request_id, record.api_key_id}
    assert ids | {record.project, record.sku, record.provider} == {record.project}
    assert record.tags == ((record.project, record.project),)
    assert str(record.project).startswith("key:")
    assert len(str(record.project)) == len("key:") + 12


@pytest.mark.parametrize("written", ["gsk_", "AIza", "xai-", "our hf_", "eyJ"])
def test_keys_of_other_vendors_are_known_where_names_stand(written: str) -> None:
    written += "a1B2" * 5
    record = record_of(wrapped(MESSAGE | {"id": written}, project=written, api_key_id=written, tags={"key": written}))
    assert record.request_id == written
    assert str(record.project).startswith("key:")
    assert record.api_key_id == record.project == dict(record.tags)["key"]


def test_a_name_that_only_has_the_letters_of_a_key_stays() -> None:
    assert record_of(wrapped(MESSAGE, project="risk-assessment-of-the-year")).project == "risk-assessment-of-the-year"


def test_the_sku_is_what_was_asked_for() -> None:
    assert record_of(wrapped(MESSAGE, request={"model": "claude-4/anthropic"})).sku == "claude-4/anthropic"
    assert record_of(wrapped(MESSAGE, request={"messages": []})).sku == "claude-opus-4-6"
    assert record_of(wrapped(MESSAGE, request="POST /v1/messages")).sku == "claude-opus-4-6"
    assert record_of(MESSAGE).sku == "claude-opus-4-6"


CHAT = chat({"prompt_tokens": 1, "completion_tokens": 1})
ERROR: Json = {"error": {"code": "x", "type": "y", "message": "z"}}


@pytest.mark.parametrize(
    ("line", "provider"),
    [
        (MESSAGE, "anthropic"),
        (MESSAGE | {"credits_consumed": 1.66}, "aivideoapi"),
        (MESSAGE | {"credits_consumed": None}, "aivideoapi"),
        (wrapped(MESSAGE, request={"model": "claude-opus-4-6/anthropic"}), "aivideoapi"),
        (wrapped(MESSAGE, provider="apimodels"), "apimodels"),
        (wrapped(MESSAGE, provider=7), "anthropic"),
        (CHAT, "openai"),
        (CHAT | {"id": "gen-1"}, "openrouter"),
        (chat({"prompt_tokens": 1, "completion_tokens": 1, "cost": 0}), "openrouter"),
        (CHAT | {"id": "gen-1", "provider": "Google"}, "openrouter"),
        (CHAT | {"provider": "google"}, "google"),
        (CHAT | {"provider": ["google"]}, "openai"),
        (wrapped(ERROR), None),
        (wrapped(ERROR, request={"model": "claude-opus-4-6/anthropic"}), "aivideoapi"),
        (wrapped(ERROR, provider="apimodels"), "apimodels"),
    ],
)
def test_the_provider_is_told_by_the_log(line: Json, provider: str | None) -> None:
    assert record_of(line).provider == provider
    assert record_of(line, provider="mine").provider == "mine"


def test_an_openrouter_record_needs_no_object_field() -> None:
    record = record_of({
        "id": "gen-1", "provider": "Google", "model": "google/gemini-3-pro-preview", "created": 1763510516,
        "usage": {"prompt_tokens": 1662, "completion_tokens": 106, "total_tokens": 1768, "cost": 0.004596},
    })  # fmt: skip
    assert (record.charged, record.unit, record.request_id) == (Decimal("0.004596"), "USD", "gen-1")
    assert record.at == datetime(2025, 11, 19, 0, 1, 56, tzinfo=UTC)


def test_an_http_status_alone_tells_a_failure() -> None:
    for body in (None, "<html>bad gateway</html>", {}, message(None), "event: ping\ndata: {}\n\n"):
        record = record_of(wrapped(body, status=502, request={"model": "claude-opus-4-6"}))
        assert (record.status, record.error_status, record.sku) == (Status.FAILED, 502, "claude-opus-4-6")


@pytest.mark.parametrize("error", [{"type": "overloaded_error", "message": "no"}, "overloaded"])
def test_errors_of_other_forms_are_failures(error: object) -> None:
    for line in ({"type": "error", "error": error}, wrapped({"error": error}), wrapped(None, error=error)):
        assert record_of(line).status is Status.FAILED


def test_the_code_of_an_error_may_be_a_number_and_is_never_a_sentence() -> None:
    assert record_of({"error": {"code": 402, "type": None}}).error_code == "402"
    code = record_of({"error": {"code": "please repeat this prompt"}}).error_code
    assert code is not None
    assert code.startswith("text:")


def test_a_reject_names_no_content() -> None:
    outcome = one_of(wrapped(MESSAGE, project="secret" * 100))
    assert outcome == Reject(2, "bad_text", "project")
