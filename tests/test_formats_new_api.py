"""Logs of new-api and one-api: quota to the last digit of a dollar, and a prompt with or without its cache."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing.records import Ignored, Reject, Status, UsageRecord
from pricing.usage import Usage
from tests.reading import Json, lines_of, read, records_of, shape_of
from tests.shape_samples import CONSUMED, outcome_of, record_in, reject_of

CLAUDE: Json = {
    "cache_tokens": 600, "cache_creation_tokens": 300, "cache_creation_tokens_5m": 200, "cache_creation_tokens_1h": 40,
}  # fmt: skip
#: What they are, where the prompt is 10 without its cache.
DISJOINT = Usage(
    input=10, output=78, cache_read=600, cache_write_5m=200, cache_write_1h=40, cache_write_unsplit=60
)  # fmt: skip


def line(other: object = None, **fields: object) -> Json:
    """Return a line of the log whose `other` is this object, written as the text that it is there."""
    return CONSUMED | fields | ({} if other is None else {"other": json.dumps(other)})


def test_a_line_is_what_the_reseller_took() -> None:
    assert record_in(CONSUMED) == UsageRecord(
        line=1,
        provider=None,
        sku="claude-sonnet-4-6",
        at=datetime(2026, 3, 5, 1, 23, 32, tzinfo=UTC),
        usage=Usage(input=103, output=78, cache_read=20),
        charged=Decimal("0.000338"),
        unit="USD",
        project="ci",
        api_key_id="31",
        tags=(("group", "vip"), ("username", "alice")),
    )
    assert record_in(CONSUMED, provider="mine").provider == "mine"


@pytest.mark.parametrize(
    ("quota", "dollars"),
    [(0, "0"), (1, "0.000002"), (169, "0.000338"), (500_000, "1"), (4_611_685_999_999, "9223371.999998"), (None, None)],
)
def test_quota_is_dollars_to_the_last_digit(quota: int | None, dollars: str | None) -> None:
    record = record_in(CONSUMED | {"quota": quota})
    assert record.charged == (None if dollars is None else Decimal(dollars))
    assert record.unit == (None if dollars is None else "USD")


@pytest.mark.parametrize("quota", [1.5, 1.0, "169", True, [], {}])
def test_quota_is_a_whole_number(quota: object) -> None:
    assert reject_of(CONSUMED | {"quota": quota}) == ("bad_amount", "quota")


@pytest.mark.parametrize("quota", [4_611_686_000_000, -4_611_686_000_000, 10**400])
def test_quota_beyond_what_a_ledger_holds_is_rejected(quota: int) -> None:
    assert reject_of(CONSUMED | {"quota": quota}) == ("amount_out_of_range", "quota")


def test_a_refund_is_money_given_back() -> None:
    refund = record_in(line({"task_id": "t", "reason": "CANARY"}, type=6, prompt_tokens=0, completion_tokens=0))
    assert (refund.status, refund.charged, refund.unit) == (Status.REFUND, Decimal("-0.000338"), "USD")
    assert "CANARY" not in repr(refund)
    # The amount of such a line stands only in a text.
    unsaid = record_in(line({}, type=6, quota=0))
    assert (unsaid.status, unsaid.charged, unsaid.unit) == (Status.REFUND, None, None)
    assert reject_of(line({}, type=6, quota=-5)) == ("negative_charge", "quota")


def test_a_charge_below_zero_is_money_given_back() -> None:
    record = record_in(line({"task_id": "t"}, quota=-169, prompt_tokens=0, completion_tokens=0))
    assert (record.status, record.charged) == (Status.REFUND, Decimal("-0.000338"))


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_what_is_no_request_is_no_record(kind: int) -> None:
    assert outcome_of(CONSUMED | {"type": kind, "content": "topped up"}) == Ignored(1)


@pytest.mark.parametrize("kind", [0, 7, -1, 10**30])
def test_a_line_of_an_unknown_type_is_not_passed_over_if_it_tells_money(kind: int) -> None:
    assert reject_of(CONSUMED | {"type": kind}) == ("unknown_object", "type")
    assert outcome_of(CONSUMED | {"type": kind, "quota": 0}) == Ignored(1)


def test_an_error_is_a_class_of_its_own() -> None:
    other = {"error_type": "upstream_error", "error_code": "rate_limit", "status_code": 429, "channel_id": 5}
    record = record_in(line(other, type=5, quota=0, content="CANARY", prompt_tokens=0, completion_tokens=0))
    assert (record.status, record.error_status, record.error_code, record.error_type, record.charged) == (
        Status.FAILED, 429, "rate_limit", "upstream_error", Decimal(0),
    )  # fmt: skip
    assert "CANARY" not in repr(record)


def test_an_answer_without_usage_is_no_row_of_no_cost() -> None:
    empty = {"prompt_tokens": 0, "completion_tokens": 0}
    record = record_in(line({}, quota=0, **empty))
    assert (record.status, record.error_type, record.charged) == (Status.FAILED, "no_usage", Decimal(0))
    # Money taken for no tokens is to be seen in the audit.
    record = record_in(line({}, quota=5, **empty))
    assert (record.status, record.usage, record.charged) == (Status.OK, Usage(), Decimal("0.00001"))


@pytest.mark.parametrize("says_how", [{"usage_semantic": "anthropic"}, {"claude": True}])
def test_a_prompt_in_claudes_way_is_without_its_cache(says_how: Json) -> None:
    told = line(CLAUDE | says_how, prompt_tokens=10)
    assert record_in(told).usage == DISJOINT


@pytest.mark.parametrize("says_how", [{"usage_semantic": "openai"}, {"usage_semantic": "openai", "claude": True}])
def test_a_prompt_in_openais_way_includes_its_cache(says_how: Json) -> None:
    told = line(CLAUDE | says_how, prompt_tokens=910)
    assert record_in(told).usage == DISJOINT
    assert reject_of(line(CLAUDE | says_how, prompt_tokens=899)) == ("cached_exceeds_prompt", "prompt_tokens")


@pytest.mark.parametrize("prompt", [10, 910])
def test_a_total_tells_how_the_prompt_was_counted(prompt: int) -> None:
    told = line(CLAUDE | {"input_tokens_total": 910}, prompt_tokens=prompt)
    assert record_in(told).usage == DISJOINT
    unlike = line(CLAUDE | {"input_tokens_total": 911}, prompt_tokens=prompt)
    assert reject_of(unlike) == ("total_mismatch", "input_tokens_total")


def test_a_prompt_of_which_nobody_tells_how_it_was_counted_has_no_price() -> None:
    usage = record_in(line(CLAUDE, prompt_tokens=10)).usage
    assert usage == replace(DISJOINT, unknown_fields=("usage_semantic",))


def test_without_a_word_the_prompt_includes_its_cache() -> None:
    assert record_in(line({"cache_tokens": 100})).usage == Usage(input=23, output=78, cache_read=100)
    assert reject_of(line({"cache_tokens": 124})) == ("cached_exceeds_prompt", "prompt_tokens")
    assert reject_of(line({"usage_semantic": "martian"})) == ("unknown_usage_semantic", "usage_semantic")


def test_the_parts_of_cache_writes_do_not_vanish() -> None:
    def writes(**told: int) -> tuple[int, int, int]:
        usage = record_in(line(told | {"claude": True})).usage
        return usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_unsplit

    assert writes(cache_creation_tokens=1000, cache_creation_tokens_5m=300) == (300, 0, 700)
    assert writes(cache_creation_tokens=0, cache_creation_tokens_1h=40) == (0, 40, 0)
    assert writes(cache_write_tokens=50, cache_creation_tokens_5m=20) == (20, 0, 30)
    too_much = line({"cache_creation_tokens": 10, "cache_creation_tokens_5m": 11, "claude": True})
    assert reject_of(too_much) == ("cache_split_exceeds_total", "cache_creation_tokens")


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"image_output": 9, "image": True}, ("image_output",)),
        ({"audio_input": 4, "audio": True}, ("audio_input",)),
        ({"tool_surcharges": [{"name": "web_search", "count": 1, "price": 10}]}, ("tool_surcharges",)),
        ({"model_price": 0.04}, ("model_price",)),
        ({"model_price": 0}, ()),
        ({"task_id": "t"}, ("task_id",)),
        ({"admin_info": {"use_channel": [5]}, "request_path": "/v1/messages", "frt": 812.0, "audio_input": 0}, ()),
        ({"stream_status": {"status": "error", "error_count": 1}, "request_conversion": ["Claude Messages"]}, ()),
    ],
)
def test_what_no_rate_per_token_prices_is_noticed(told: Json, named: tuple[str, ...]) -> None:
    assert record_in(line(told)).usage.unknown_fields == named


@pytest.mark.parametrize("other", [None, "", "null", "{}", {}])
def test_older_versions_tell_nothing_else(other: object) -> None:
    assert record_in(CONSUMED | {"other": other}).usage == Usage(input=123, output=78)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("{", "not_json"),
        ('{"cache_tokens":1,"cache_tokens":2}', "duplicate_key"),
        ("[]", "bad_object"),
        (5, "bad_object"),
    ],
)
def test_the_text_within_the_line_is_read_as_strictly(other: object, reason: str) -> None:
    assert reject_of(CONSUMED | {"other": other}) == (reason, "other")
    assert reject_of(line({"cache_tokens": 1.5})) == ("bad_tokens", "cache_tokens")


def test_pages_of_the_api_and_lines_are_the_same() -> None:
    rows = [CONSUMED, CONSUMED | {"created_at": 1772673813}]
    answer: Json = {"success": True, "message": "", "data": {"items": rows, "total": 2, "page": 1}}
    written = (lines_of(rows), json.dumps(rows, indent=1), json.dumps(answer), json.dumps({"data": rows}, indent=1))
    for content in written:
        assert shape_of(content) == "new_api"
        assert [record.charged for record in records_of(content)] == [Decimal("0.000338")] * 2
    empty = {"success": True, "data": {"items": []}}
    assert read(lines_of([CONSUMED, empty, {"data": {"items": [5]}}, {"a": 1}]))[1:] == [
        Ignored(2), Reject(3, "not_an_object"), Reject(4, "unknown_object", "type"),
    ]  # fmt: skip


def test_only_the_id_of_a_request_names_a_request() -> None:
    # The id that users are shown is no key.
    assert record_in(CONSUMED) == record_in(CONSUMED | {"id": 1041})
    assert record_in(CONSUMED).request_id == ""
    assert record_in(CONSUMED | {"request_id": "r"}).request_id == "r"
    # What failed on the way, what was given back and what was settled later are no second telling of the request.
    for other in (line({}, type=5, quota=0), line({}, type=6), line({"task_id": "t"}), line({}, quota=-5)):
        record = record_in(other | {"request_id": "r"})
        assert (record.request_id, record.client_request_id) == ("", None)
        assert dict(record.tags)["of_request"] == "r"
