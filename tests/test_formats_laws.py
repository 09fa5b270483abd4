"""Laws of reading: hostile bytes raise nothing, every line is accounted for once, and no text gets through."""

import json
from collections import Counter
from io import BytesIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.errors import RefusedInputError
from billing.importing.formats import open_log
from billing.records import Ignored, Outcome, Reading, UsageRecord
from tests.reading import MESSAGE, STOP, Json, chat, delta, events_of, lines_of, message, read, start, wrapped

SESSION: Json = {
    "type": "assistant", "sessionId": "s", "timestamp": "2026-01-09T10:00:00Z", "cwd": "/home/me/alpha",
    "message": {"id": "m", "model": "x", "usage": {"input_tokens": 1, "output_tokens": 9}},
}  # fmt: skip
FULL: Json = wrapped(
    MESSAGE | {"usage": {
        "input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 9, "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5}, "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 1}, "iterations": [{"type": "message", "input_tokens": 1}],
    }, "credits_consumed": 0.5},
    status=200, request={"model": "m"}, project="p", api_key_id="k", tags={"a": "b"}, provider="v",
)  # fmt: skip
CHAT_FULL = chat({
    "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "cost": 0.1, "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 1},
}, service_tier="flex")  # fmt: skip
ERROR: Json = {"error": {"code": "c", "type": "t", "message": "m"}, "status": 500, "request": {"model": "x"}}
SAMPLES: tuple[Json, ...] = (
    FULL, CHAT_FULL, ERROR, MESSAGE, SESSION, wrapped(events_of([start(), STOP])), start(), delta(output_tokens=1),
)  # fmt: skip

#: What a field may hold that it should not; 10**400 and NaN are written as they are.
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("\ud800"), st.just(10**400),
    st.just({}), st.just([]), st.just({"a": [{}]}), st.just(["message"]), st.just("x" * 600),
)  # fmt: skip
BAD_LINES = st.sampled_from([b"", b"  ", b"{", b"\xff", b"5", b"data: {", b": x", b'{"a":1,"a":1}', b"[]", b"\x00"])


def places_in(value: object) -> list[tuple[object, ...]]:
    """Return the paths to all fields inside a JSON value."""
    if not isinstance(value, dict | list):
        return []
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [(key, *rest) for key, part in pairs for rest in ((), *places_in(part))]


def with_field(place: tuple[int, tuple[object, ...]], junk: object) -> Json:
    """Return a sample with something else in one place."""
    number, (*way, last) = place
    changed: Json = json.loads(json.dumps(SAMPLES[number]))
    holder: Any = changed
    for key in way:
        holder = holder[key]
    holder[last] = junk
    return changed


PLACES = [(number, way) for number, sample in enumerate(SAMPLES) for way in places_in(sample)]
SPOILT = st.builds(with_field, st.sampled_from(PLACES), JUNK)


def told_once(outcomes: list[Outcome], lines: int) -> bool:
    """Tell whether each of the lines has exactly one outcome."""
    return Counter(outcome.line for outcome in outcomes) == Counter(range(1, lines + 1))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read(content)
    except RefusedInputError as error:
        assert str(error).startswith("some.log: ")  # noqa: PT017 - what is raised depends on the bytes


@given(st.sampled_from(SAMPLES), st.lists(st.one_of(BAD_LINES, st.binary(max_size=60)), max_size=8))
def test_every_line_of_a_file_of_lines_is_accounted_for_once(first: Json, bad: list[bytes]) -> None:
    content = json.dumps(first).encode() + b"\n" + b"\n".join(bad)
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    outcomes = read(content)
    assert told_once(outcomes, lines)
    said = {outcome.line for outcome in outcomes if not isinstance(outcome, Ignored)}
    blank = {number for number, line in enumerate(content.split(b"\n"), start=1) if not line.strip()}
    assert not said & blank


@given(st.lists(st.one_of(BAD_LINES, st.binary(max_size=40), st.just(b"event: x"), st.just(b"data: 5")), max_size=8))
def test_every_line_of_a_stream_is_accounted_for_once(inside: list[bytes]) -> None:
    end = events_of([delta(output_tokens=5), STOP]).encode()
    content = b"\n".join([events_of([start()]).encode(), *inside, end])
    outcomes = read(content)
    assert told_once(outcomes, content.count(b"\n"))
    assert any(isinstance(outcome, UsageRecord) and outcome.line == 1 for outcome in outcomes)


@given(st.lists(SPOILT, min_size=1, max_size=4), st.booleans())
def test_spoilt_fields_give_an_outcome_that_can_be_stored(objects: list[Json], is_document: bool) -> None:
    content = json.dumps(objects, indent=1) if is_document else lines_of(objects)
    try:
        outcomes = read(content)
    except RefusedInputError:
        return
    if not is_document:
        assert told_once(outcomes, len(objects))
    for outcome in outcomes:
        repr(outcome).encode()
        if isinstance(outcome, UsageRecord):
            assert outcome.usage.prompt_tokens >= 0
            assert outcome.charged is None or (outcome.charged >= 0 and outcome.unit)
            assert outcome.at is None or outcome.at.utcoffset() is not None


CANARY = "CANARY the quick brown fox"
KEY = "sk-canary-0123456789abcdef"


def planted(text: str) -> str:
    """Return logs of every shape with a text in every place that holds no number and steers no reading."""
    answer = message(
        {"input_tokens": 1, "output_tokens": 2, text: 5, "cache_creation": {text: 1}, "iterations": [{text: text}]},
        content=[{"type": "text", "text": text}], stop_sequence=text, container={"id": text}, **{text: text},
    )  # fmt: skip
    completion = chat(
        {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {text: 3}, "server_tool_use": {text: 3}},
        choices=[{"message": {"role": "assistant", "content": text}}], system_fingerprint=text, user=text,
    )  # fmt: skip
    around: Json = {
        "request": {"model": "m", "messages": [{"role": "user", "content": text}], "system": text, "metadata": text},
        "headers": {"authorization": text}, "status": 200, text: text,
    }  # fmt: skip
    failed = {"error": {"code": text, "type": text, "message": text, "param": text}, text: text}
    stream = events_of([start(**{text: 5}), {"type": "content_block_delta", "delta": {"text": text}}, STOP])
    stream += f": {text}\n{text}: {text}\nevent: {text}\ndata: {text}\n\nid: {text}\n\n"
    return lines_of([
        MESSAGE, answer, completion, wrapped(answer, **around), wrapped(failed, **around), wrapped(stream, **around),
        wrapped(text, **around), failed, {text: text}, {"type": text}, wrapped(answer, timestamp=text),
        message({"input_tokens": text}), message(text), answer | {"credits_consumed": text},
    ]) + f"{text}\n"  # fmt: skip


def outcomes_of(content: str) -> list[Outcome]:
    return list(open_log(BytesIO(content.encode()), "x", Reading()).outcomes)


def test_no_text_of_a_prompt_gets_through() -> None:
    for text in (CANARY, KEY, f"{CANARY} {KEY}"):
        outcomes = outcomes_of(planted(text))
        assert len([outcome for outcome in outcomes if isinstance(outcome, UsageRecord)]) >= 7
        told = repr(outcomes)
        assert "CANARY" not in told
        assert "canary" not in told


def test_no_text_of_a_session_gets_through() -> None:
    extra = {"content": CANARY, "toolUseResult": {"stdout": CANARY}, "summary": CANARY, "gitBranch": CANARY}
    line = SESSION | extra | {"message": {"id": "m", "model": "x", "content": CANARY, "usage": {
        "input_tokens": 1, "output_tokens": 2, CANARY: 5}}}  # fmt: skip
    failed = line | {"isApiErrorMessage": True, "error": CANARY}
    outcomes = outcomes_of(lines_of([line, failed, line | {"type": "user"}, line | {"cwd": f"/home/{CANARY}/x"}]))
    assert len(outcomes) == 4
    assert "CANARY" not in repr(outcomes)


def test_no_text_gets_into_a_refusal() -> None:
    for content in (CANARY, "{" + CANARY, json.dumps({"prompt": CANARY})):
        try:
            outcomes_of(content)
        except RefusedInputError as error:
            assert "CANARY" not in str(error)  # noqa: PT017 - all of them must be refused, see below
        else:
            raise AssertionError(content)
