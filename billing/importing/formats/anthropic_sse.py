"""Streams of the Messages API, as received or as one event per line: one record per message, by its last word."""

from collections.abc import Iterator

from billing.importing.formats import anthropic
from billing.importing.formats.answers import CREDITS, Call, failure, is_error, or_reject, success
from billing.importing.formats.fields import Json
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Ignored, Outcome, Reading, Reject, Status

_EVENTS = frozenset({
    "message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta",
    "content_block_stop", "ping",
})  # fmt: skip
#: The events whose usage is cumulative and final as far as it goes.
_LAST_WORDS = frozenset({"message_delta", "message_stop"})
_TOTAL, _SPLIT = "cache_creation_input_tokens", "cache_creation"


def claims(value: Json) -> bool:
    """Tell whether the object is an event of a stream. An error alone could be anybody's."""
    return _kind(value) in _EVENTS


def read(pieces: Iterator[Piece], reading: Reading, log: Json | None = None) -> Iterator[Outcome]:
    """Give a record for each message, at the line of its message_start, and say of every other line what it is.

    A message is known when it has ended, so its record comes after the lines within it. `log` is what a client's log
    says around the stream.
    """
    stream = _Stream(reading, log or {})
    for piece in pieces:
        yield from stream.hear(piece)
    yield from stream.close()


SHAPE = Shape("anthropic_sse", claims, read)


class _Message:
    """One message of a stream, as far as it is told; for each usage field the last word counts."""

    def __init__(self, line: int, start: Json) -> None:
        message = start.get("message")
        self.line = line
        self.answer: Json = {}
        self.usage: Json = {}
        self.has_last_word = self.has_stopped = self.is_damaged = False
        if isinstance(message, dict):
            self.answer = {name: message.get(name) for name in ("id", "model")}
            # A message that is whole from the start, such as one between two calls of a tool, has no delta.
            self.has_last_word = message.get("stop_reason") is not None
            self._hear_usage(message.get("usage"))
            self._hear_credits(message)
        self._hear_credits(start)

    def is_told_again_by(self, start: Json) -> bool:
        """Tell whether a message_start only repeats that of this message, which goes on."""
        message = start.get("message")
        name = self.answer.get("id")
        return not self.has_stopped and isinstance(message, dict) and name is not None and message.get("id") == name

    def hear(self, event: Item) -> Outcome:
        """Take one more event of the message and say what its line is."""
        kind, usage = _kind(event.value), event.value.get("usage")
        if usage is not None and self.has_stopped and self.has_last_word:
            # The last word of another message: streams that were written down at once, and nobody knows what is whose.
            self.is_damaged = True
            return Reject(event.line, "no_message_start")
        self._hear_credits(event.value)
        self.has_stopped = self.has_stopped or kind == "message_stop"
        if usage is None:
            return Ignored(event.line)
        if kind not in _LAST_WORDS or not isinstance(usage, dict):
            self.is_damaged = True
            return Reject(event.line, "unknown_event" if kind not in _LAST_WORDS else "bad_object", "usage")
        self._hear_usage(usage)
        self.has_last_word = True
        return Ignored(event.line)

    def miss(self) -> None:
        """Note that a line within the message can't be read: it may have been the last word."""
        self.is_damaged = self.is_damaged or not self.has_stopped

    def fail(self, event: Json) -> None:
        """Take the error that ended the message."""
        self.answer["error"] = event["error"]
        self._hear_credits(event)

    def outcome(self, reading: Reading, log: Json) -> Outcome:
        """Return the record of the message, with a lower bound of its tokens if the stream was cut."""
        answer = self.answer | {"usage": self.usage or None}
        is_complete = self.has_stopped and self.has_last_word and not self.is_damaged

        def take(item: Item, reading: Reading) -> Outcome:
            call = Call(item.line, reading, log)
            if is_error(answer):
                return failure(call, answer)
            return success(call, answer, anthropic.MESSAGE, Status.OK if is_complete else Status.INCOMPLETE)

        return or_reject(Item(self.line, answer), reading, take)

    def _hear_credits(self, event: Json) -> None:
        if CREDITS in event:
            self.answer[CREDITS] = event[CREDITS]

    def _hear_usage(self, said: object) -> None:
        """Lay what is said over what was said before; null says nothing."""
        if not isinstance(said, dict):
            return
        for name, value in said.items():
            before = self.usage.get(name)
            if isinstance(before, dict) and isinstance(value, dict):
                before.update((part, count) for part, count in value.items() if count is not None)
            elif value is not None:
                self.usage[name] = value
        if said.get(_TOTAL) is not None and said.get(_SPLIT) is None:
            self._drop_stale_split(said[_TOTAL])

    def _drop_stale_split(self, total: object) -> None:
        """Forget the split that came with an earlier total, if it can't be a part of this one."""
        split = self.usage.get(_SPLIT)
        parts = [part for part in split.values() if type(part) is int] if isinstance(split, dict) else []
        if type(total) is int and sum(parts) > total:
            del self.usage[_SPLIT]


class _Stream:
    """The messages of a log, one after another."""

    def __init__(self, reading: Reading, log: Json) -> None:
        self.reading = reading
        self.log = log
        self.message: _Message | None = None

    def hear(self, piece: Piece) -> Iterator[Outcome]:
        """Take the next piece; yield what can now be said."""
        if not isinstance(piece, Item):
            if self.message and isinstance(piece, Reject):
                self.message.miss()
            yield piece
        elif _kind(piece.value) == "message_start":
            yield from self._start(piece)
        elif is_error(piece.value):
            yield from self._fail(piece)
        elif self.message:
            yield self.message.hear(piece)
        elif piece.value.get("usage") is not None or piece.value.get(CREDITS) is not None:
            yield Reject(piece.line, "no_message_start")
        else:
            yield Ignored(piece.line)

    def close(self) -> Iterator[Outcome]:
        """Yield the message that has ended, if any."""
        if self.message:
            yield self.message.outcome(self.reading, self.log)
        self.message = None

    def _start(self, piece: Item) -> Iterator[Outcome]:
        if self.message and self.message.is_told_again_by(piece.value):
            self.message = _Message(self.message.line, piece.value)
            yield Ignored(piece.line)
        else:
            yield from self.close()
            self.message = _Message(piece.line, piece.value)

    def _fail(self, piece: Item) -> Iterator[Outcome]:
        if self.message and not self.message.has_stopped:
            self.message.fail(piece.value)
            yield from self.close()
            yield Ignored(piece.line)
        else:
            yield from self.close()
            self.message = _Message(piece.line, {})
            self.message.fail(piece.value)
            yield from self.close()


def _kind(event: Json) -> str:
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""
