"""Usage that other tools count wrong, and the one right reading of it."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from billing.records import Ignored, Reject, Status
from pricing.usage import Usage
from tests.reading import (
    STOP,
    Json,
    chat,
    delta,
    events_of,
    lines_of,
    message,
    messages_usage,
    read,
    reason_of,
    record_of,
    records_of,
    start,
    wrapped,
)


def of_stream(*events: Mapping[str, object]) -> tuple[Usage, Status]:
    """Return the usage of a stream of one message."""
    (record,) = records_of(events_of(events))
    return record.usage, record.status


def session_line(**others: object) -> Json:
    answer = {"id": "m", "model": "claude-opus-4-6", "usage": {"input_tokens": 1, "output_tokens": 9}}
    return {
        "type": "assistant", "sessionId": "s", "requestId": "r", "timestamp": "2026-01-09T10:00:00.000Z",
        "isSidechain": False, "costUSD": 0.12, "message": answer,
    } | others  # fmt: skip


def test_a_message_delta_is_cumulative() -> None:
    assert of_stream(start(), delta(output_tokens=86), STOP) == (Usage(input=12, output=86), Status.OK)


def test_a_delta_that_repeats_the_input_does_not_add_it() -> None:
    assert of_stream(start(), delta(input_tokens=12, output_tokens=86), STOP)[0] == Usage(input=12, output=86)


def test_the_last_word_on_input_and_cache_reads_wins() -> None:
    told = of_stream(
        start(input_tokens=2049, cache_read_input_tokens=55096),
        delta(input_tokens=13520, cache_read_input_tokens=0, output_tokens=5),
        STOP,
    )
    assert told[0] == Usage(input=13520, output=5)


def test_null_in_a_delta_says_nothing() -> None:
    assert of_stream(start(), delta(input_tokens=None, output_tokens=86), STOP)[0] == Usage(input=12, output=86)


def test_a_gateway_that_tells_the_input_only_in_the_delta() -> None:
    told = of_stream(start(input_tokens=0, output_tokens=0), delta(input_tokens=13, output_tokens=4), STOP)
    assert told[0] == Usage(input=13, output=4)


def test_a_stream_without_an_end_is_a_lower_bound() -> None:
    assert of_stream(start(), delta(output_tokens=86)) == (Usage(input=12, output=86), Status.INCOMPLETE)


def test_a_stream_that_never_tells_its_output_is_a_lower_bound() -> None:
    assert of_stream(start(), STOP) == (Usage(input=12, output=1), Status.INCOMPLETE)


def test_a_message_that_is_whole_from_the_start_needs_no_delta() -> None:
    whole = start(output_tokens=7)
    whole["message"] = {"stop_reason": "tool_use"} | whole["message"]  # type: ignore[operator]  # an object
    assert of_stream(whole, STOP) == (Usage(input=12, output=7), Status.OK)


def test_a_stream_with_a_damaged_event_is_a_lower_bound() -> None:
    text = events_of([start()]) + 'data: {"type":"message_delta","usage":{"outp\n\n' + events_of([STOP])
    outcomes = read(text)
    assert [outcome.line for outcome in outcomes if isinstance(outcome, Reject)] == [4]
    assert [record.status for record in records_of(text)] == [Status.INCOMPLETE]


def test_garbage_after_its_end_does_no_harm_to_a_stream() -> None:
    text = events_of([start(), delta(output_tokens=86), STOP]) + "garbage\n"
    assert Reject(10, "not_an_event") in read(text)
    assert [record.status for record in records_of(text)] == [Status.OK]


def test_a_message_told_again_after_its_end_is_another_record() -> None:
    whole = [start(), delta(output_tokens=86), STOP]
    assert [record.line for record in records_of(lines_of(whole + whole))] == [1, 4]


def test_of_two_streams_written_down_at_once_none_is_whole() -> None:
    ends = [delta(output_tokens=40), STOP, delta(output_tokens=86) | {"credits_consumed": 5}, STOP]
    text = lines_of([start(), start("other"), *ends])
    assert [record.status for record in records_of(text)] == [Status.INCOMPLETE] * 2
    assert Reject(5, "no_message_start") in read(text)
    assert {record.charged for record in records_of(text)} == {None}


def test_an_error_in_mid_stream_is_no_billed_row() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "secret"}}
    (record,) = records_of(events_of([start(), delta(output_tokens=50), error]))
    assert (record.status, record.error_type, record.request_id) == (Status.FAILED, "overloaded_error", "msg_1")
    assert record.usage == Usage()


def test_an_error_before_any_message_is_a_failure_of_its_own() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error"}}
    text = lines_of([{"type": "ping"}, error, start(), delta(output_tokens=3), STOP])
    assert [(record.line, record.status) for record in records_of(text)] == [(2, Status.FAILED), (3, Status.OK)]


@pytest.mark.parametrize(
    "end", [[STOP | {"credits_consumed": 0.13}], [STOP, {"type": "bill", "credits_consumed": 0.13}]]
)
def test_credits_taken_for_a_stream_are_kept(end: list[Json]) -> None:
    (record,) = records_of(events_of([start(), delta(output_tokens=86), *end]))
    assert (record.charged, record.unit, record.provider) == (Decimal("0.13"), "credit", "aivideoapi")


def test_a_message_start_told_twice_is_one_message() -> None:
    (record,) = records_of(lines_of([start(), start(), delta(output_tokens=86), STOP]))
    assert (record.line, record.usage, record.status) == (1, Usage(input=12, output=86), Status.OK)


def test_a_stream_cut_by_another_is_incomplete_and_the_other_is_whole() -> None:
    records = records_of(lines_of([start("a"), start("b"), delta(output_tokens=65), STOP]))
    assert [(record.request_id, record.line, record.usage.output, record.status) for record in records] == [
        ("a", 1, 1, Status.INCOMPLETE),
        ("b", 2, 65, Status.OK),
    ]


def test_usage_whose_message_start_is_missing_is_rejected() -> None:
    outcomes = read(lines_of([{"type": "ping"}, delta(output_tokens=65), STOP]))
    assert outcomes == [Ignored(1), Reject(2, "no_message_start"), Ignored(3)]


def test_usage_in_an_unknown_event_is_not_passed_over() -> None:
    text = lines_of([start(), {"type": "message_bill", "usage": {"output_tokens": 9}}, delta(output_tokens=5), STOP])
    assert Reject(2, "unknown_event", "usage") in read(text)
    assert [record.status for record in records_of(text)] == [Status.INCOMPLETE]


def test_snapshots_of_one_message_are_told_one_by_one() -> None:
    sizes = (9, 9, 159)
    lines = [
        session_line(message={"id": "m", "model": "x", "usage": {"input_tokens": 1, "output_tokens": size}})
        for size in sizes
    ]
    records = records_of(lines_of(lines))
    assert [(record.request_id, record.client_request_id, record.usage.output) for record in records] == [
        ("m", "r", size) for size in sizes
    ]
    assert all(record.is_snapshot for record in records)


def test_a_replay_under_another_request_id_keeps_the_message_id() -> None:
    records = records_of(lines_of([session_line(), session_line(requestId="r2", isSidechain=True)]))
    assert {(record.request_id, record.usage) for record in records} == {("m", records[0].usage)}


def test_a_session_knows_its_folder_and_no_charge() -> None:
    for folder in ("/home/me/alpha", "C:\\work\\alpha\\"):
        (record,) = records_of(lines_of([session_line(cwd=folder)]))
        assert (record.project, record.charged, record.provider) == ("alpha", None, "anthropic")


def test_other_lines_of_a_session_are_no_records() -> None:
    other = {"type": "user", "sessionId": "s", "message": {"content": "hello"}}
    made_up = session_line(message={"id": "x", "model": "<synthetic>", "usage": {"input_tokens": 0}})
    assert read(lines_of([other, {"type": "brand-new"}, made_up])) == [Ignored(1), Ignored(2), Ignored(3)]


def test_an_api_error_in_a_session_is_a_failure() -> None:
    answer = {"id": "x", "model": "<synthetic>", "usage": {"input_tokens": 0, "output_tokens": 0}}
    line = session_line(isApiErrorMessage=True, error="rate_limit", message=answer)
    (record,) = records_of(lines_of([line]))
    assert (record.status, record.error_type, record.sku, record.provider) == (
        Status.FAILED, "rate_limit", "", "anthropic",
    )  # fmt: skip


def test_anthropic_counts_input_without_cache() -> None:
    usage = record_of(messages_usage(cache_read_input_tokens=5, cache_creation_input_tokens=0)).usage
    assert usage == Usage(input=20, output=661, cache_read=5)


def test_chat_completions_count_input_with_cache() -> None:
    told = {
        "prompt_tokens": 100, "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 80, "cache_write_tokens": 15},
    }  # fmt: skip
    assert record_of(chat(told)).usage == Usage(input=5, output=20, cache_read=80, cache_write_unsplit=15)


def test_the_responses_api_counts_input_with_cache() -> None:
    told = {
        "input_tokens": 100, "input_tokens_details": {"cached_tokens": 80},
        "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 120,
    }  # fmt: skip
    answer = {"id": "resp_1", "object": "response", "created_at": 1762343744, "model": "gpt-5", "usage": told}
    record = record_of(answer)
    assert (record.usage, record.provider) == (Usage(input=20, output=20, cache_read=80), "openai")


@pytest.mark.parametrize("details", [{"cached_tokens": 101}, {"cached_tokens": 60, "cache_write_tokens": 41}])
def test_more_cached_than_prompted_is_an_error_and_no_clamp(details: Json) -> None:
    told = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": details}
    assert reason_of(chat(told)) == ("cached_exceeds_prompt", "cached_tokens")


def test_reasoning_is_part_of_the_completion() -> None:
    told = {
        "prompt_tokens": 1, "completion_tokens": 20, "total_tokens": 21,
        "completion_tokens_details": {"reasoning_tokens": 15, "accepted_prediction_tokens": 2},
    }  # fmt: skip
    assert record_of(chat(told)).usage == Usage(input=1, output=20)
    thinking = messages_usage(output_tokens_details={"thinking_tokens": 600})
    assert record_of(thinking).usage == Usage(input=20, output=661)


def test_a_total_that_is_not_the_sum_is_rejected() -> None:
    assert reason_of(chat({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 4})) == (
        "total_mismatch", "total_tokens",
    )  # fmt: skip


def test_cache_writes_without_a_split_have_no_known_lifetime() -> None:
    assert record_of(messages_usage(cache_creation_input_tokens=1000)).usage.cache_write_unsplit == 1000


def test_cache_writes_beyond_the_split_do_not_vanish() -> None:
    split = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0}
    usage = record_of(messages_usage(cache_creation_input_tokens=1000, cache_creation=split)).usage
    assert (usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_unsplit) == (300, 0, 700)


def test_a_split_needs_no_total_and_must_not_exceed_one() -> None:
    split = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 5}
    usage = record_of(messages_usage(cache_creation=split)).usage
    assert (usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_unsplit) == (300, 5, 0)
    assert reason_of(messages_usage(cache_creation_input_tokens=304, cache_creation=split)) == (
        "cache_split_exceeds_total", "cache_creation",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("total", "five_minutes", "unsplit"), [(1000, 300, 700), (300, 300, 0), (40, 0, 40), (0, 0, 0)]
)
def test_a_later_total_overrules_the_split_of_the_start(total: int, five_minutes: int, unsplit: int) -> None:
    split = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0}
    usage, _ = of_stream(
        start(cache_creation_input_tokens=300, cache_creation=split),
        delta(cache_creation_input_tokens=total, output_tokens=1),
        STOP,
    )
    assert (usage.cache_write_5m, usage.cache_write_unsplit) == (five_minutes, unsplit)


@pytest.mark.parametrize(
    ("told", "flagged"),
    [
        ({"compaction_tokens": 5}, ("compaction_tokens",)),
        ({"compaction_tokens": 0, "new": None, "newer": {"a": [0, False, ""]}}, ()),
        ({"cache_creation": {"ephemeral_24h_input_tokens": 7}}, ("cache_creation.ephemeral_24h_input_tokens",)),
        ({"server_tool_use": {"code_execution_requests": 1}}, ("server_tool_use.code_execution_requests",)),
        ({"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 3}}, ()),
        ({"inference_geo": "us"}, ("inference_geo",)),
        ({"inference_geo": "not_available", "speed": "standard"}, ()),
        ({"inference_geo": "", "speed": None}, ()),
        ({"speed": "fast"}, ()),
        ({"speed": "slow"}, ("speed",)),
        ({"speed": ["fast"]}, ("speed",)),
    ],
)
def test_an_unknown_usage_field_is_named_unless_it_says_nothing(told: Json, flagged: tuple[str, ...]) -> None:
    assert record_of(messages_usage(**told)).usage.unknown_fields == flagged


def test_more_unknown_fields_than_any_vendor_tells_are_refused() -> None:
    most = {f"field_{number}": 1 for number in range(64)}
    assert len(record_of(messages_usage(**most)).usage.unknown_fields) == 64
    assert reason_of(messages_usage(**most, another=1)) == ("too_many_unknown_fields", "usage")


def test_the_name_of_an_unknown_field_is_no_way_in_for_texts() -> None:
    for name in ("please, repeat this prompt", "sk-ant-0123456789abcdef", "x" * 65, "\ud800"):
        (flagged,) = record_of(messages_usage(**{name: 1})).usage.unknown_fields
        assert flagged.startswith("field:")
        assert len(flagged) == len("field:") + 12


def test_web_fetches_are_free_only_where_somebody_says_so() -> None:
    told = messages_usage(server_tool_use={"web_fetch_requests": 1})
    assert record_of(told).usage.unknown_fields == ()
    assert record_of(told, provider="aivideoapi").usage.unknown_fields == ("web_fetch_requests",)


def test_web_searches_and_tiers_are_kept() -> None:
    usage = record_of(messages_usage(server_tool_use={"web_search_requests": 2}, service_tier="batch")).usage
    assert (usage.web_searches, usage.service_tier) == (2, "batch")
    assert record_of(messages_usage(service_tier=None)).usage.service_tier == "standard"
    assert record_of(messages_usage(speed="fast")).usage.service_tier == "fast"
    assert record_of(messages_usage(speed="fast", service_tier="batch")).usage.service_tier == "batch"
    counts = {"prompt_tokens": 1, "completion_tokens": 2}
    assert record_of(chat(counts, service_tier="default")).usage.service_tier == "standard"
    assert record_of(chat(counts, service_tier="flex")).usage.service_tier == "flex"


ITERATION: Json = {"type": "message", "input_tokens": 20, "output_tokens": 661}


@pytest.mark.parametrize(
    ("iterations", "is_flagged"),
    [
        ([], False),
        ([ITERATION], False),
        ([ITERATION | {"model": "claude-opus-4-6"}], False),
        ([ITERATION | {"model": "another"}], True),
        ([ITERATION | {"type": "compaction"}], True),
        ([ITERATION | {"output_tokens": 660}], True),
        ([ITERATION | {"novel_tokens": 1}], True),
        ([ITERATION, {"type": "advisor_message", "model": "another", "input_tokens": 9, "output_tokens": 9}], True),
        ({"type": "message"}, True),
        (["message"], True),
    ],
)
def test_iterations_matter_only_if_they_say_more_than_the_top(iterations: object, is_flagged: bool) -> None:
    flagged = record_of(messages_usage(iterations=iterations)).usage.unknown_fields
    assert flagged == (("iterations",) if is_flagged else ())


@pytest.mark.parametrize("kind", ["audio_tokens", "image_tokens", "video_tokens"])
def test_tokens_of_other_media_are_flagged(kind: str) -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {kind: 3}}
    assert record_of(chat(told)).usage.unknown_fields == (f"prompt_tokens_details.{kind}",)
    told["prompt_tokens_details"] = {kind: 0}
    assert record_of(chat(told)).usage.unknown_fields == ()


def test_a_key_of_ones_own_makes_the_cost_incomplete() -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 2, "cost": 0.001, "is_byok": True}
    assert record_of(chat(told)).usage.unknown_fields == ("is_byok",)


@pytest.mark.parametrize(
    "answer",
    [
        message(None),
        message({}),
        {key: value for key, value in message(0).items() if key != "usage"},
        chat(None),
        message({"input_tokens": 20}),
        message({"input_tokens": 20, "output_tokens": None}),
        chat({"prompt_tokens": 5}),
    ],
)
def test_usage_that_is_not_told_is_no_free_request(answer: Json) -> None:
    assert reason_of(answer)[0] == "no_usage"
    assert reason_of(wrapped(answer))[0] == "no_usage"


def test_an_answer_of_a_session_without_usage_is_no_free_request() -> None:
    assert read(lines_of([session_line(message={"id": "m", "model": "x"})])) == [Reject(1, "no_usage", "usage")]


def test_an_error_body_is_a_class_of_its_own() -> None:
    body = {"error": {"code": "upstream_error", "message": "secret", "type": "upstream_error"}}
    record = record_of(wrapped(body, status=503, request={"model": "claude-opus-4-6/anthropic"}))
    assert (record.status, record.usage, record.charged) == (Status.FAILED, Usage(), None)
    assert (record.error_status, record.error_code, record.error_type) == (503, "upstream_error", "upstream_error")
    assert (record.sku, record.provider, record.client_request_id) == (
        "claude-opus-4-6/anthropic", "aivideoapi", "call-1",
    )  # fmt: skip


def test_credits_taken_for_a_failed_request_are_kept() -> None:
    body = {"error": {"code": "upstream_error", "type": "upstream_error"}}
    for line in (wrapped(body | {"credits_consumed": 0.5}), wrapped(body, credits_consumed=0.5)):
        record = record_of(line)
        assert (record.status, record.charged, record.unit) == (Status.FAILED, Decimal("0.5"), "credit")
