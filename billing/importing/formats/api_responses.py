"""Answers of the vendors' APIs as a client logs them: bare or wrapped, and errors, each object by what it is."""

from collections.abc import Iterator
from dataclasses import replace

from billing.importing.formats import anthropic_sse, openai
from billing.importing.formats.answers import Call, Family, failure, is_error, one_each, success
from billing.importing.formats.anthropic import MESSAGE
from billing.importing.formats.credit_answers import balance_of, is_balance
from billing.importing.formats.fields import BadFieldError, Json
from billing.importing.formats.pieces import Item, Piece, looks_like_events, objects_of_events
from billing.importing.formats.shape import Shape
from billing.importing.strict_json import loads_read
from billing.records import Outcome, Reading, Reject, UsageRecord

_FAMILIES = (openai.RESPONSE, openai.CHAT, MESSAGE)


def claims(value: Json) -> bool:
    """Tell whether the object is an answer or an error, bare or inside what a client wrote around it."""
    answer = value.get("response", value)
    if isinstance(answer, dict):
        error = answer.get("error")
        says_why = isinstance(error, dict) and bool(error.keys() & {"code", "message", "type"})
        return says_why or _family(answer) is not None or is_balance(answer)
    if isinstance(answer, str) and looks_like_events(answer):
        return True
    return "response" in value and type(value.get("status")) is int


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each answer."""
    return one_each(pieces, reading, _take)


SHAPE = Shape("api_responses", claims, read, loads_read, has_plain_lines=True)


def _take(item: Item, reading: Reading) -> Outcome:
    value = item.value
    told = value.get("response", value)
    if isinstance(told, dict) and is_balance(told):
        return balance_of(item.line, value, told, reading)
    if "response" not in value:
        return _record(Call(item.line, reading, value if is_error(value) else {}), value)
    call, answer = Call(item.line, reading, value), value["response"]
    if isinstance(answer, dict):
        return _record(call, answer)
    if isinstance(answer, str) and looks_like_events(answer):
        return _of_stream(call, answer)
    if is_error(value) or call.has_failed:
        return failure(call, {"error": value.get("error")})
    raise BadFieldError("no_usage", "response")


def _record(call: Call, answer: Json) -> UsageRecord:
    family = _family(answer)
    has_usage = family is not None and answer.get("usage") is not None
    if is_error(answer) or (call.has_failed and not has_usage):
        return failure(call, answer)
    if family is None:
        raise BadFieldError("unknown_object")
    return success(call, answer, family)


def _family(answer: Json) -> Family | None:
    return next((family for family in _FAMILIES if family.is_mine(answer)), None)


def _of_stream(call: Call, text: str) -> UsageRecord:
    """Read the stream that a client kept as one text; it is one answer."""
    lines = ((number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1))
    outcomes = anthropic_sse.read(objects_of_events(lines), call.reading, call.log)
    told = [outcome for outcome in outcomes if isinstance(outcome, UsageRecord | Reject)]
    records = [outcome for outcome in told if isinstance(outcome, UsageRecord)]
    if len(records) > 1:
        raise BadFieldError("several_messages", "response")
    if records:
        return replace(records[0], line=call.line)
    if call.has_failed:
        return failure(call, {})
    rejects = (outcome.reason for outcome in told if isinstance(outcome, Reject))
    raise BadFieldError(next(rejects, "no_usage"), "response")
