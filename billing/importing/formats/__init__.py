"""Log shapes: what is in a file is told by its content, and read into usage records.

To add a shape, write a module with a `SHAPE` and name it in `SHAPES`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import PurePath
from typing import BinaryIO

from billing.errors import RefusedInputError
from billing.importing.formats import (
    accounts,
    aider,
    anthropic_reports,
    anthropic_sse,
    api_responses,
    claude_code,
    litellm,
    new_api,
    openrouter,
)
from billing.importing.formats.pieces import (
    LONGEST,
    Item,
    Line,
    Parse,
    Piece,
    looks_like_events,
    objects_of_document,
    objects_of_events,
    objects_of_lines,
    raw_lines,
    text_lines,
)
from billing.importing.formats.shape import Shape
from billing.importing.formats.tables import open_csv, open_parquet
from billing.importing.strict_json import StrictJSONError, glance
from billing.records import Ignored, Outcome, Reading, Reject

#: The first that claims one of a log's first objects reads the log.
SHAPES: tuple[Shape, ...] = (
    claude_code.SHAPE,
    litellm.SHAPE,  # before api_responses: a row may hold the answer as well
    anthropic_reports.SHAPE,
    new_api.SHAPE,
    openrouter.SHAPE,
    aider.SHAPE,
    anthropic_sse.SHAPE,
    accounts.TOP_UPS,
    accounts.BALANCES,
    api_responses.SHAPE,
)
SUFFIXES = (".jsonl", ".ndjson", ".json", ".sse", ".txt", ".log", ".csv", ".tsv", ".parquet")

#: What packers append to a name. Not all of them are read, but none is passed over.
_PACKED = (".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".7z")

#: How much of a log is looked at to tell its shape.
_HEAD_LINES = 200
_HEAD_BYTES = 2**20
#: A glimpse of a log's first objects, all of its pieces as a shape has them parsed, and whether they are lines.
_Way = tuple[Iterator[Piece], Callable[[Parse], Iterator[Piece]], bool]
_BLANK = b"\xef\xbb\xbf \t\r\n\v\f"


@dataclass(frozen=True, slots=True)
class Log:
    """One opened log file.

    `outcomes` are read as they are asked for: one for each line, or for each value of a JSON document. The record of a
    stream comes when the stream has ended, all else in the order of lines.
    """

    shape: str
    outcomes: Iterator[Outcome]
    read_lines: Callable[[Iterable[Line]], Iterator[Outcome]] | None = None
    """Reads some of the lines, if each stands for itself and the engine can read the plain ones."""


def is_log_name(path: PurePath) -> bool:
    """Tell whether a file found in a folder is worth reading: it is not hidden and ends like a log, packed or not.

    >>> is_log_name(PurePath("logs/2026-03.JSONL.gz"))
    True
    """
    name = path.name.lower()
    plain = name.removesuffix(next((suffix for suffix in _PACKED if name.endswith(suffix)), ""))
    return not name.startswith(".") and plain.endswith(SUFFIXES)


def open_log(file: BinaryIO, name: str, reading: Reading) -> Log:
    """Tell the shape of a log by its content and get ready to read it.

    `file` gives the plain bytes, UTF-8. Raise RefusedInputError, naming the file, if no shape knows the content.
    """
    raw = raw_lines(file)
    head = _head(raw)
    lines = list(text_lines(head))
    if not b"".join(head).strip(_BLANK):
        return _blank(raw, len(head), name)
    if table := open_parquet(head, file, name, reading) or open_csv(chain(head, raw), lines, name, reading):
        return Log(*table)
    for glimpse, pieces, are_lines in _ways_to_read(chain(head, raw), lines, name):
        shape = _shape(glimpse)
        if shape:
            outcomes = shape.read(pieces(shape.parse), reading)
            return Log(shape.name, outcomes, _line_reader(shape, reading) if are_lines else None)
    raise _unknown(name)


def open_rest(file: BinaryIO, shape: str, reading: Reading) -> Log:
    """Get ready to read what was put behind the lines of a log of that shape, whatever it is."""
    known = next(each for each in SHAPES if each.name == shape)
    pieces = objects_of_lines(text_lines(raw_lines(file)), known.parse)
    return Log(shape, known.read(pieces, reading), _line_reader(known, reading))


def open_sessions(head: bytes, reading: Reading) -> Log | None:
    """Tell by the first bytes of a log that `open_log` would read it as sessions; None where there is any doubt.

    The log has no outcomes: its lines are to be read by the engine and, some of them, by `read_lines`.
    """
    lines = head.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]
    if reading.mapping or len(head) > _HEAD_BYTES or not all(line.startswith(b"{") for line in lines if line):
        return None
    try:
        first = glance(lines[0].decode())
    except (StrictJSONError, UnicodeDecodeError):
        return None
    known = claude_code.SHAPE
    is_session = isinstance(first, dict) and known.claims(first)
    return Log(known.name, iter(()), _line_reader(known, reading)) if is_session else None


def _line_reader(shape: Shape, reading: Reading) -> Callable[[Iterable[Line]], Iterator[Outcome]] | None:
    if not shape.has_plain_lines:
        return None
    return lambda lines: shape.read(objects_of_lines(lines, shape.parse), reading)


def _ways_to_read(raw: Iterator[bytes], head: list[Line], name: str) -> Iterator[_Way]:
    """Yield the ways in which the log may hold its objects, the likeliest first."""
    texts = [line[1] for line in head if not isinstance(line, Reject)]
    first = next((text.lstrip() for text in texts if text.strip()), "")
    if any(looks_like_events(text) for text in texts):
        yield objects_of_events(head, glance), lambda parse: objects_of_events(text_lines(raw), parse), False
    if not first.startswith("["):
        # Within a document, a line may hold an object as well, but there it does not begin at the left edge.
        at_left_edge = (line for line in head if not isinstance(line, Reject) and line[1].startswith("{"))
        yield objects_of_lines(at_left_edge, glance), lambda parse: objects_of_lines(text_lines(raw), parse), True
    if first.startswith(("{", "[")):
        text = _whole(raw, name)
        yield objects_of_document(text, glance), lambda parse: objects_of_document(text, parse), False


def _head(raw: Iterator[bytes]) -> list[bytes]:
    """Take the first lines, as many as it needs to tell the shape."""
    head: list[bytes] = []
    size = 0
    for line in raw:
        head.append(line)
        size += len(line)
        if size > _HEAD_BYTES or len(head) == _HEAD_LINES:
            break
    return head


def _blank(raw: Iterator[bytes], lines: int, name: str) -> Log:
    for line in raw:
        lines += 1
        if line.strip(_BLANK):
            raise _unknown(name)
    return Log("empty", (Ignored(number) for number in range(1, lines + 1)))


def _shape(glimpse: Iterator[Piece]) -> Shape | None:
    seen = (piece.value for piece in islice(glimpse, _HEAD_LINES) if isinstance(piece, Item))
    return next((shape for value in seen for shape in SHAPES if shape.claims(value)), None)


def _whole(raw: Iterator[bytes], name: str) -> str:
    """Return the text of a document, which can't be read in parts."""
    parts: list[bytes] = []
    size = 0
    for part in raw:
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            raise RefusedInputError(
                f"{name}: one JSON document of more than {LONGEST >> 20} MB; write it as one object per line"
            )
    try:
        return b"".join(parts).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedInputError(f"{name}: a JSON document that is not UTF-8; convert it to UTF-8") from None


def _unknown(name: str) -> RefusedInputError:
    shapes = ", ".join(shape.name for shape in SHAPES)
    return RefusedInputError(
        f"{name}: no log shape knows this content (there are {shapes}); give a usage log, or leave this file out; "
        "a table of your own needs --mapping FILE"
    )
