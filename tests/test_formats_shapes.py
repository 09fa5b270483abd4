"""No shape takes another's lines, and whatever a field holds, nothing raises and every line is accounted for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import RefusedInputError
from billing.importing.formats import SHAPES
from billing.ledger import Ledger
from billing.records import Ignored, Outcome, Reject, Status, UsageRecord
from tests.ledgers import a_ledger, put
from tests.reading import MESSAGE, STOP, Json, chat, delta, lines_of, read, records_of, shape_of, start, wrapped
from tests.shape_samples import (
    CONSUMED,
    COST_RESULT,
    GENERATION,
    SENT,
    SPEND,
    USAGE_OBJECT,
    USAGE_RESULT,
    bucket,
    page,
)
from tests.test_formats_laws import BAD_LINES, CANARY, JUNK, KEY, places_in

SESSION: Json = {"type": "user", "sessionId": "s", "message": {"content": "hi"}}
ANSWERS: tuple[Json, ...] = (
    wrapped(MESSAGE),
    chat({"prompt_tokens": 1, "completion_tokens": 1}),
    {"error": {"code": "x"}},
)
SPEND_WITH_TEXTS = SPEND | {"metadata": json.dumps(SPEND["metadata"]), "request_tags": '["a"]'}
SPEND_WITH_ANSWER = SPEND | {"response": MESSAGE, "status": "success"}
TOP_UP: Json = {
    "provider": "vendor", "at": "2026-10-01T00:00:00Z", "credits": 5, "paid": "1", "currency": "USD", "bonus": 1,
    "expires_at": "2026-12-01T00:00:00Z", "kind": "top_up", "unit": "credit", "id": "p1",
}  # fmt: skip
OF_SHAPE: dict[str, tuple[Json, ...]] = {
    "claude_code": (SESSION, {"type": "summary", "summary": "x", "leafUuid": "y"}),
    "litellm": (SPEND, SPEND_WITH_TEXTS, SPEND_WITH_ANSWER, {"data": [SPEND], "total": 1}),
    "anthropic_reports": (
        page(bucket(USAGE_RESULT)), page(bucket(COST_RESULT)), page(), bucket(), USAGE_RESULT, COST_RESULT,
    ),
    "new_api": (CONSUMED, {"success": True, "data": {"items": [CONSUMED]}}, {"data": [CONSUMED]}),
    "openrouter": (GENERATION, {"data": GENERATION}),
    "aider": (SENT, {"event": "launched", "properties": {}, "time": 1}),
    "anthropic_sse": (start(), delta(output_tokens=1), STOP),
    "top_ups": (TOP_UP, {"provider": "vendor", "at": "2026-10-01T00:00:00Z", "credits": 5}),
    "balances": ({"provider": "vendor", "at": "2026-10-01T00:00:00Z", "balance": 5, "unit": "credit"},),
    "api_responses": (MESSAGE, *ANSWERS, {"timestamp": "2026-10-01T00:00:00Z", "response": {"credits": 5}}),
}  # fmt: skip
CASES = [(name, sample) for name, samples in OF_SHAPE.items() for sample in samples]


def test_every_shape_is_in_the_matrix() -> None:
    assert list(OF_SHAPE) == [shape.name for shape in SHAPES]


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_line_is_claimed_by_its_own_shape_alone(name: str, sample: Json) -> None:
    claimed_by = [shape.name for shape in SHAPES if shape.claims(sample)]
    # A row of LiteLLM's may hold an answer, and stands before those.
    also = ["api_responses"] if sample is SPEND_WITH_ANSWER and "api_responses" in claimed_by else []
    assert claimed_by == [name, *also]
    assert shape_of(lines_of([sample])) == shape_of(json.dumps([sample], indent=1)) == name


@pytest.mark.parametrize("first", OF_SHAPE)
@pytest.mark.parametrize("other", OF_SHAPE)
def test_lines_of_another_shape_give_no_record(first: str, other: str) -> None:
    outcomes = read(lines_of([OF_SHAPE[first][0], OF_SHAPE[other][0]]))
    told = [outcome for outcome in outcomes if outcome.line == 2]
    assert told
    if first != other:
        assert not [outcome for outcome in told if isinstance(outcome, UsageRecord)]


SAMPLES: tuple[Json, ...] = (
    GENERATION, {"data": GENERATION}, SPEND, {"data": [SPEND]}, CONSUMED, CONSUMED | {"type": 6, "other": {"a": 1}},
    CONSUMED | {"type": 5, "other": {"status_code": 429, "error_code": "x"}},
    CONSUMED | {"other": {"claude": True, "cache_tokens": 1, "cache_creation_tokens_5m": 4, "model_price": 0.5}},
    {"data": {"items": [CONSUMED]}}, page(bucket(USAGE_RESULT, COST_RESULT)), bucket(COST_RESULT), USAGE_RESULT, SENT,
)  # fmt: skip


def spoilt(place: tuple[int, tuple[object, ...]], junk: object) -> Json:
    """Return a sample with something else in one place."""
    number, (*way, last) = place
    changed: Json = json.loads(json.dumps(SAMPLES[number]))
    holder: Any = changed
    for key in way:
        holder = holder[key]
    holder[last] = junk
    return changed


PLACES = [(number, way) for number, sample in enumerate(SAMPLES) for way in places_in(sample)]
SPOILT = st.builds(spoilt, st.sampled_from(PLACES), JUNK)
TEXTS_OF_JSON = st.sampled_from(
    ['{"a":1e999}', '{"a":' * 5000, "[1]", '"x"', '{"cache_tokens":1,"cache_tokens":1}', "NaN"]
)
SPOILT_TEXTS = st.builds(
    lambda sample, text: sample[0] | {sample[1]: text},
    st.sampled_from([(SPEND, "metadata"), (SPEND, "request_tags"), (CONSUMED, "other")]),
    TEXTS_OF_JSON | st.text(max_size=8) | JUNK,
)


def check(outcomes: list[Outcome], lines: int) -> None:
    """Check that every line has an outcome, in order, and that all of them can be stored."""
    assert sorted({outcome.line for outcome in outcomes}) == list(range(1, lines + 1))
    for outcome in outcomes:
        repr(outcome).encode()
        if isinstance(outcome, UsageRecord):
            assert outcome.usage.prompt_tokens >= 0
            assert (outcome.charged is None) == (outcome.unit is None)
            assert outcome.charged is None or (outcome.charged >= 0) != (outcome.status is Status.REFUND)
            assert outcome.at is None or outcome.at.utcoffset() is not None


@given(st.sampled_from(SAMPLES), st.lists(SPOILT | SPOILT_TEXTS, min_size=1, max_size=4))
def test_whatever_a_field_holds_every_line_has_an_outcome(first: Json, objects: list[Json]) -> None:
    check(read(lines_of([first, *objects])), 1 + len(objects))


@given(st.lists(SPOILT, min_size=1, max_size=3))
def test_whatever_a_field_holds_a_file_is_read_or_refused(objects: list[Json]) -> None:
    try:
        read(json.dumps(objects, indent=1))
    except RefusedInputError as error:
        assert str(error).startswith("some.log: ")  # noqa: PT017 - what is raised depends on the field


@given(st.sampled_from(SAMPLES), st.lists(BAD_LINES | st.binary(max_size=60), max_size=8))
def test_every_bad_line_among_good_ones_is_accounted_for_once(first: Json, bad: list[bytes]) -> None:
    content = json.dumps(first).encode() + b"\n" + b"\n".join(bad)
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    outcomes = read(content)
    check(outcomes, lines)
    blank = {number for number, line in enumerate(content.split(b"\n"), start=1) if not line.strip()}
    assert not blank & {outcome.line for outcome in outcomes if not isinstance(outcome, Ignored)}


#: Fields that are read, or steer the reading; a text in any other place must not get through.
READ = frozenset({
    "id", "request_id", "model", "model_name", "main_model", "provider_name", "external_user", "created_at",
    "startTime", "time", "token_name", "group", "username", "end_user", "model_group", "team_id",
    "user_api_key_team_alias", "api_key", "custom_llm_provider", "edit_format", "starting_at", "ending_at",
    "service_tier", "context_window", "workspace_id", "api_key_id", "inference_geo", "account_id", "cost_type",
    "token_type", "app_id", "request_tags", "token_id",
})  # fmt: skip


def planted() -> Iterator[Json]:
    """Yield the samples with a text in each place that holds no name, and under a field of its own."""
    for number, way in PLACES:
        if not READ & set(way) and not isinstance(way[-1], int):
            yield spoilt((number, way), CANARY)
    yield from (sample | {CANARY: CANARY, "messages": CANARY, "response": CANARY} for sample in SAMPLES)
    yield SPEND | {"metadata": {"usage_object": USAGE_OBJECT | {CANARY: 5}}}
    yield CONSUMED | {"other": json.dumps({CANARY: 5, "cache_tokens": 1})}


def test_no_text_of_a_prompt_gets_through() -> None:
    for first in SAMPLES:
        assert "CANARY" not in repr(read(lines_of([first, *planted()])))


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_of_a_key_in_the_place_of_a_name_only_a_digest_is_kept(number: int) -> None:
    for place in PLACES:
        if place[0] == number:
            assert "canary" not in repr(read(lines_of([SAMPLES[number], spoilt(place, KEY)])))


def statuses(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.rows("SELECT status, COUNT(*) FROM usage_records GROUP BY status"))


def test_a_report_told_twice_is_one_and_told_with_other_figures_a_conflict() -> None:
    report = lines_of([page(bucket(USAGE_RESULT, COST_RESULT), bucket(USAGE_RESULT, COST_RESULT, day=2))])
    changed = lines_of([page(bucket(USAGE_RESULT | {"output_tokens": 1}, COST_RESULT | {"amount": "9"}))])
    with a_ledger() as ledger:
        settled = [put(ledger, records_of(content), name) for name, content in (("a", report), ("b", report))]
        assert [(one.imported, one.duplicate, one.conflict) for one in settled] == [(4, 0, 0), (0, 4, 0)]
        # The figures that stay are those of more output and of the lower cost, whichever came first.
        other = put(ledger, records_of(changed), "c")
        assert (other.imported + other.superseded, other.conflict) == (0, 2)
        assert statuses(ledger) == {"summary": 4}


def test_a_request_its_failed_try_and_its_refund_are_three() -> None:
    lines = [CONSUMED, CONSUMED | {"type": 5, "quota": 0}, CONSUMED | {"type": 6}]
    content = lines_of([line | {"request_id": "r"} for line in lines])
    with a_ledger() as ledger:
        assert put(ledger, records_of(content), "a").imported == 3
        assert put(ledger, records_of(content), "b").duplicate == 3
        assert statuses(ledger) == {"ok": 1, "failed": 1, "refund": 1}


def test_rejects_tell_no_text() -> None:
    outcomes = read(lines_of([SPEND, SPEND | {"metadata": CANARY}]))
    assert outcomes[1] == Reject(2, "not_json", "metadata")
