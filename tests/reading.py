"""Logs made at hand, and what is read from them."""

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from io import BytesIO

from billing.importing.formats import open_log
from billing.records import Outcome, Reading, Reject, UsageRecord

Json = dict[str, object]


def read(content: bytes | str, *, provider: str | None = None, zone: tzinfo | None = None) -> list[Outcome]:
    """Return all that a log of this content yields."""
    raw = content.encode() if isinstance(content, str) else content
    return list(open_log(BytesIO(raw), "some.log", Reading(provider, zone)).outcomes)


def shape_of(content: bytes | str) -> str:
    """Return the shape that the content is taken for."""
    raw = content.encode() if isinstance(content, str) else content
    return open_log(BytesIO(raw), "some.log", Reading()).shape


def records_of(content: bytes | str, *, provider: str | None = None) -> list[UsageRecord]:
    """Return the usage records of a log."""
    return [outcome for outcome in read(content, provider=provider) if isinstance(outcome, UsageRecord)]


def one_of(line: Mapping[str, object] | str, *, provider: str | None = None, zone: tzinfo | None = None) -> Outcome:
    """Return the outcome of one line, read in a log whose first line is beyond doubt."""
    text = line if isinstance(line, str) else json.dumps(line)
    return read(f"{json.dumps(MESSAGE)}\n{text}\n", provider=provider, zone=zone)[1]


def record_of(
    line: Mapping[str, object] | str, *, provider: str | None = None, zone: tzinfo | None = None
) -> UsageRecord:
    """Return the usage record of one line."""
    outcome = one_of(line, provider=provider, zone=zone)
    assert isinstance(outcome, UsageRecord), outcome
    return outcome


def reason_of(line: Mapping[str, object] | str, *, zone: tzinfo | None = None) -> tuple[str, str | None]:
    """Return why one line is rejected: the reason and the field."""
    outcome = one_of(line, zone=zone)
    assert isinstance(outcome, Reject), outcome
    return outcome.reason, outcome.field


def lines_of(objects: Sequence[Mapping[str, object]]) -> str:
    """Write objects one per line."""
    return "".join(json.dumps(value) + "\n" for value in objects)


def events_of(objects: Sequence[Mapping[str, object]], end: str = "\n") -> str:
    """Write objects as server-sent events."""
    return "".join(f"event: {value['type']}{end}data: {json.dumps(value)}{end}{end}" for value in objects)


MESSAGE: Json = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-6", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "hello"}], "usage": {"input_tokens": 20, "output_tokens": 661},
}  # fmt: skip


def message(usage: object, **others: object) -> Json:
    """Return an answer of the Messages API with that usage."""
    return MESSAGE | {"usage": usage} | others


def messages_usage(**counts: object) -> Json:
    """Return an answer of the Messages API whose usage has these fields beside 20 tokens in and 661 out."""
    return message({"input_tokens": 20, "output_tokens": 661} | counts)


def chat(usage: object, **others: object) -> Json:
    """Return a chat completion with that usage."""
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1762343744, "model": "gpt-5", "usage": usage,
    } | others  # fmt: skip


def wrapped(response: object, **others: object) -> Json:
    """Return what a client's log writes around a response."""
    return {"timestamp": "2026-03-05T10:00:00Z", "request_id": "call-1", "response": response} | others


def start(name: str = "msg_1", /, **usage: object) -> Json:
    """Return a message_start; 12 tokens in and 1 out unless told otherwise."""
    counts = {"input_tokens": 12, "output_tokens": 1} | usage
    return {"type": "message_start", "message": {"id": name, "model": "claude-sonnet-4-6", "usage": counts}}


def delta(**usage: object) -> Json:
    """Return a message_delta with that usage."""
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


STOP: Json = {"type": "message_stop"}
