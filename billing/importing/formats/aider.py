"""Analytics events of aider, a coding client: what it sent and received, as far as the client knows.

A `message_send` stands for one message of the user's, which may be several requests. Its `cost` is the client's own
estimate, so nothing is charged here. The events tell no id and no cache: input counts cached tokens too, and two equal
events of the same second are taken for one.
"""

from collections.abc import Iterator

from billing.importing.formats.answers import one_each
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    child,
    instant,
    labels,
    required_tokens,
    said_tokens,
    text,
    unknown_counts,
)
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Ignored, Outcome, Reading, UsageRecord
from pricing.usage import Usage

_SENT = "message_send"
_KNOWN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens", "cost", "total_cost"})
#: Prefixes that name who is asked. Others, such as `openai/`, only name a protocol that many speak.
_MAKERS = {"anthropic": "anthropic", "gemini": "google", "openrouter": "openrouter"}


def claims(value: Json) -> bool:
    """Tell whether the object is an event."""
    return isinstance(value.get("event"), str) and isinstance(value.get("properties"), dict) and "time" in value


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each message that was sent; other events are ignored."""
    return one_each(pieces, reading, _take)


SHAPE = Shape("aider", claims, read)


def _take(item: Item, reading: Reading) -> Outcome:
    if not isinstance(item.value.get("event"), str):
        raise BadFieldError("unknown_object", "event")
    if item.value["event"] != _SENT:
        return Ignored(item.line)
    told = child(item.value, "properties")
    provider, sku = _sold_by(text(told, "main_model") or "")
    return UsageRecord(
        line=item.line,
        provider=reading.provider or provider,
        sku=sku,
        at=instant(item.value, "time", reading.zone),
        usage=_usage(told),
        tags=labels(edit_format=told.get("edit_format")),
    )


def _usage(told: Json) -> Usage:
    prompt, completion = required_tokens(told, "prompt_tokens"), required_tokens(told, "completion_tokens")
    if said_tokens(told, "total_tokens") not in (None, prompt + completion):
        raise BadFieldError("total_mismatch", "total_tokens")
    return Usage(input=prompt, output=completion, unknown_fields=tuple(sorted(unknown_counts(told, _KNOWN))))


def _sold_by(model: str) -> tuple[str | None, str]:
    """Return who sells the model, if its name tells that for certain, and what the seller calls it."""
    prefix, _, rest = model.partition("/")
    return (_MAKERS[prefix], rest) if rest and prefix in _MAKERS else (None, model)
