"""Events of aider: what its client sent, with no charge, for its cost is an estimate of its own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.importing.formats import open_log
from billing.records import Ignored, Reading, Reject, UsageRecord
from pricing.usage import Usage
from tests.reading import Json, lines_of, read, shape_of
from tests.shape_samples import SENT, record_in

PROPERTIES = SENT["properties"]


def sent(**properties: object) -> Json:
    """Return an event with these properties beside its own."""
    assert isinstance(PROPERTIES, dict)
    return SENT | {"properties": PROPERTIES | properties}


def test_a_message_that_was_sent_has_tokens_and_no_charge() -> None:
    assert record_in(SENT) == UsageRecord(
        line=1,
        provider="google",
        sku="gemini-2.5-pro",
        at=datetime(2025, 8, 13, 15, 53, 26, tzinfo=UTC),
        usage=Usage(input=10006, output=81),
        tags=(("edit_format", "ask"),),
    )


def test_nobody_is_kept_by_name() -> None:
    assert "c42c4e6b" not in repr(record_in(SENT))


def test_other_events_are_no_records() -> None:
    launched: Json = {"event": "launched", "properties": {"note": "x"}, "time": 1755100406}
    assert shape_of(lines_of([launched])) == "aider"
    outcomes = read(lines_of([launched, SENT, {"event": 5, "properties": {}, "time": 1}, {"a": 1}]))
    assert outcomes[0] == Ignored(1)
    assert isinstance(outcomes[1], UsageRecord)
    assert outcomes[2:] == [Reject(3, "unknown_object", "event"), Reject(4, "unknown_object", "event")]


@pytest.mark.parametrize(
    ("model", "sold"),
    [
        ("openrouter/anthropic/claude-sonnet-4.6", ("openrouter", "anthropic/claude-sonnet-4.6")),
        ("anthropic/claude-sonnet-4-6", ("anthropic", "claude-sonnet-4-6")),
        # By this name any vendor is asked that speaks OpenAI's protocol.
        ("openai/gpt-5.2", (None, "openai/gpt-5.2")),
        ("gpt-5.2", (None, "gpt-5.2")),
        ("anthropic/", (None, "anthropic/")),
        ("anthropic", (None, "anthropic")),
        (None, (None, "")),
    ],
)
def test_the_provider_is_told_only_where_it_is_certain(model: object, sold: tuple[str | None, str]) -> None:
    record = record_in(sent(main_model=model))
    assert (record.provider, record.sku) == sold
    assert record_in(sent(main_model=model), provider="mine").provider == "mine"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (sent(prompt_tokens=None), ("no_usage", "prompt_tokens")),
        (sent(completion_tokens=1.5), ("bad_tokens", "completion_tokens")),
        (sent(total_tokens=10088), ("total_mismatch", "total_tokens")),
        (SENT | {"properties": []}, ("bad_object", "properties")),
        (SENT | {"time": "2025-08-13T15:53:26"}, ("time_without_zone", "time")),
    ],
)
def test_an_event_that_is_not_to_be_believed_is_rejected(event: Json, reason: tuple[str, str]) -> None:
    outcomes = read(lines_of([SENT, event]))
    assert outcomes[1] == Reject(2, *reason)


def test_unknown_counts_are_noticed() -> None:
    assert record_in(sent(cache_hit_tokens=5, is_new=True, note="x")).usage.unknown_fields == ("cache_hit_tokens",)


def test_the_real_events_are_read_to_the_last_token(shared: Path) -> None:
    (path,) = (shared / "realdata" / "aider").glob("*.jsonl")
    with path.open("rb") as file:
        log = open_log(file, path.name, Reading())
        assert log.shape == "aider"
        outcomes = list(log.outcomes)
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    written = [event for event in events if event["event"] == "message_send"]
    records = [outcome for outcome in outcomes if isinstance(outcome, UsageRecord)]
    assert (len(outcomes), len(records)) == (len(events), len(written)) == (1000, 107)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    for record, event in zip(records, written, strict=True):
        told = event["properties"]
        assert (record.usage.input, record.usage.output) == (told["prompt_tokens"], told["completion_tokens"])
        assert record.at == datetime.fromtimestamp(event["time"], UTC)
        assert told["main_model"].endswith(record.sku)
        assert record.charged is None
    assert sum(record.usage.input for record in records) == sum(e["properties"]["prompt_tokens"] for e in written)
    # None of them are taken for one another.
    assert len({(record.usage, record.at) for record in records}) == 107
