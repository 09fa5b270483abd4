"""How a log's bytes hold its objects: one per line, in JSON documents, or as the events of a stream.

Each way of holding gives pieces: an object and the line it begins on, or what can be said of a line without one. In
files of lines and of events every line gives exactly one piece; a document gives one for each value in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from billing.importing.formats.fields import Json
from billing.importing.strict_json import StrictJSONError, end_of_value, loads
from billing.records import Ignored, Reject

#: Bytes of the longest line, event or document that is read.
LONGEST = 64 * 2**20

_FIELDS = frozenset({"event", "data", "id", "retry"})
_NO_DATA = frozenset({"", "[DONE]"})
#: What a line of an event takes beside its text, so that no flood of empty ones fills the memory.
_LINE_OVERHEAD = 64
_BETWEEN = re.compile(r"[ \t\r\n\[\],]*")


@dataclass(frozen=True, slots=True)
class Item:
    """An object of the log and the line it begins on."""

    line: int
    value: Json


Piece = Item | Ignored | Reject
Line = tuple[int, str] | Reject
"""A line's number and text without its end, or why it can't be read."""
Parse = Callable[[str], object]


def raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file's lines with their ends. Of one that is too long only `LONGEST` + 1 bytes are kept."""
    while line := file.readline(LONGEST + 1):
        rest = line
        while len(rest) > LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST + 1)
        yield line


def text_lines(raw: Iterable[bytes]) -> Iterator[Line]:
    """Yield each line's number, from 1, and its text."""
    return texts(enumerate(raw, start=1))


def texts(numbered: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    """Yield the number and the text of each line."""
    for number, line in numbered:
        if len(line) > LONGEST:
            yield Reject(number, "line_too_long")
            continue
        try:
            yield number, line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield Reject(number, "not_utf8")


def objects_of_lines(lines: Iterable[Line], parse: Parse = loads) -> Iterator[Piece]:
    """Read one JSON object per line."""
    for line in lines:
        if isinstance(line, Reject):
            yield line
            continue
        number, text = line
        yield _piece(number, text, parse) if text and not text.isspace() else Ignored(number)


def objects_of_document(text: str, parse: Parse = loads) -> Iterator[Piece]:
    """Read one JSON value or several, each over any number of lines; an array gives its elements."""
    start, line, open_arrays = 0, 1, 0
    while True:
        at = _between_values(text, start)
        passed = text[start:at]
        line += passed.count("\n")
        open_arrays += passed.count("[") - passed.count("]")
        if at == len(text):
            break
        try:
            start = end_of_value(text, at)
        except StrictJSONError as error:
            yield Reject(line, error.reason)
            return
        yield _piece(line, text[at:start], parse)
        line += text.count("\n", at, start)
    if open_arrays:  # the document was cut between two elements
        yield Reject(line, "not_json")


def objects_of_events(lines: Iterable[Line], parse: Parse = loads) -> Iterator[Piece]:
    """Read the JSON data of each server-sent event; its line is the first of the event."""
    event = _Event(parse)
    for line in lines:
        if isinstance(line, Reject):
            yield line
            continue
        number, text = line
        name, _, said = text.partition(":")
        is_blank = not text or text.isspace()
        if is_blank or (name == "event" and event.data):
            yield from event.pieces()  # some recorders drop the blank line that ends an event
            event = _Event(parse)
        if is_blank or not name:  # a comment has no name
            yield Ignored(number)
        elif name not in _FIELDS:
            yield Reject(number, "not_an_event")
        elif event.size > LONGEST:
            yield Ignored(number)  # the event is rejected as a whole
        else:
            event.add(number, name, said.removeprefix(" "))
    yield from event.pieces()


def looks_like_events(text: str) -> bool:
    """Tell whether this line belongs to a stream of server-sent events."""
    name, colon, _ = text.partition(":")
    return bool(colon) and (not name or name in _FIELDS)


class _Event:
    """The lines of one server-sent event, as far as they are read."""

    def __init__(self, parse: Parse) -> None:
        self.parse = parse
        self.lines: list[int] = []
        self.data: list[tuple[int, str]] = []
        self.type = ""
        self.size = 0

    def add(self, number: int, name: str, said: str) -> None:
        self.lines.append(number)
        self.size += len(said) + _LINE_OVERHEAD
        if name == "event":
            self.type = said
        elif name == "data":
            self.data.append((number, said))

    def pieces(self) -> Iterator[Piece]:
        """Yield what the event says, and Ignored for each of its other lines."""
        told = self._told()
        taken = {piece.line for piece in told}
        yield from told
        yield from (Ignored(number) for number in self.lines if number not in taken)

    def _told(self) -> list[Piece]:
        if self.size > LONGEST:
            return [Reject(self.lines[0], "line_too_long")]
        said = [(number, text) for number, text in self.data if text.strip() not in _NO_DATA]
        if not said:
            return []
        whole = self._typed(self.lines[0], "\n".join(text for _, text in said))
        if isinstance(whole, Reject) and len(said) > 1:
            # Several events between which the blank lines were dropped.
            parts = [self._typed(number, text) for number, text in said]
            return parts if any(isinstance(part, Item) for part in parts) else [whole]
        return [whole]

    def _typed(self, line: int, text: str) -> Piece:
        piece = _piece(line, text, self.parse)
        if isinstance(piece, Item) and self.type:
            piece.value.setdefault("type", self.type)
        return piece


def _piece(line: int, text: str, parse: Parse) -> Piece:
    try:
        value = parse(text)
    except StrictJSONError as error:
        return Reject(line, error.reason)
    return Item(line, value) if isinstance(value, dict) else Reject(line, "not_an_object")


def _between_values(text: str, start: int) -> int:
    """Return where the next value begins, past spaces and what stands between the elements of an array."""
    match = _BETWEEN.match(text, start)
    return match.end() if match else start
