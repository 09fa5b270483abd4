"""Sessions of Claude Code: an answer is written once or more often while it streams, among other types of lines."""

from collections.abc import Iterator

from billing.importing.formats import anthropic
from billing.importing.formats.answers import Call, failure, one_each, success
from billing.importing.formats.fields import BadFieldError, Json
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.importing.strict_json import loads_read
from billing.records import Ignored, Outcome, Reading

#: The model that Claude Code names for messages of its own, which no vendor sent.
_SYNTHETIC = "<synthetic>"


def claims(value: Json) -> bool:
    """Tell whether the object is a line of a session."""
    kind = value.get("type")
    if kind == "summary":
        return "leafUuid" in value
    return kind == "file-history-snapshot" or (isinstance(kind, str) and isinstance(value.get("sessionId"), str))


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each answer, snapshots included. `costUSD` is the client's own sum, no charge: left alone."""
    return one_each(pieces, reading, _take)


SHAPE = Shape("claude_code", claims, read, loads_read, has_plain_lines=True)


def _take(item: Item, reading: Reading) -> Outcome:
    session_line, kind = item.value, item.value.get("type")
    if not isinstance(kind, str):
        raise BadFieldError("unknown_object", "type")
    if kind != "assistant":
        return Ignored(item.line)
    message = session_line.get("message")
    if not isinstance(message, dict):
        raise BadFieldError("no_usage", "message")
    log: Json = {
        "timestamp": session_line.get("timestamp"),
        "request_id": session_line.get("requestId"),
        "project": _folder(session_line.get("cwd")),
    }
    call = Call(item.line, reading, log, is_snapshot=True)
    if session_line.get("isApiErrorMessage") is True:
        error: Json = {"type": session_line.get("error")}
        return failure(call, {"id": message.get("id"), "error": error}, anthropic.NAME)
    if message.get("model") == _SYNTHETIC:
        return Ignored(item.line)
    return success(call, message, anthropic.MESSAGE)


def _folder(path: object) -> str | None:
    """Return the last part of a path of whatever system."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] if isinstance(path, str) else None
