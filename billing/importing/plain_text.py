"""The plain text of a log, surveyed once: how many lines it has, and which of them need a second look."""

import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from billing.importing.formats.pieces import raw_lines
from billing.importing.log_files import LogFile, OpenLogFile
from billing.importing.unpacking import Packing

_CHUNK_BYTES = 2**19
#: What is read at once to pick lines from.
_BLOCK_BYTES = 2**24
#: A line of fewer bytes or with fewer brackets can't be nested deeper than the strict readers go.
_DEEP_BYTES, _DEEP_BRACKETS = 1_800, 400
_LINE_END = ord("\n")
_SPACE = ord(" ")
#: Without this bit both kinds of opening brackets are the same.
_NO_SHIFT = 0xFF - 0x20
_BRACKET = ord("[")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


Octets = NDArray[np.uint8]
Words = NDArray[np.uint64]
Places = NDArray[np.int64]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PlainText:
    """A log's plain bytes, which can be read as often as one likes.

    `lines` counts the last one also if nothing ends it; `whole_lines` and `whole_bytes` do not. `deep` and `blank` are
    the numbers of the lines with many brackets, and of those that hold nothing but spaces.
    """

    log_file: LogFile
    opened: OpenLogFile
    copy: BinaryIO | None
    """The unpacked bytes, if the file is packed: a file without a name, gone with this process."""
    size: int
    lines: int
    whole_lines: int
    whole_bytes: int
    deep: frozenset[int]
    blank: list[int]
    marks: list[tuple[int, int]]
    """Here and there a line's number, and where it begins in the text: to find lines without reading all of it."""

    def read(self) -> BinaryIO:
        """Return the text from its beginning."""
        if self.copy is None:
            return self.opened.again()
        self.copy.seek(0)
        return self.copy

    def some_lines(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield those lines, with their numbers, in the order of the text; what lies between is passed over."""
        starts = [number for number, _ in self.marks]
        ends = [position for _, position in self.marks[1:]] + [self.size]
        with os.fdopen(os.dup(self._descriptor), "rb") as text:
            for nth, wanted in groupby(sorted(numbers), lambda number: bisect_right(starts, number) - 1):
                first, position = self.marks[nth]
                text.seek(position)
                yield from _picked(text, ends[nth] - position, first, list(wanted))

    def is_unchanged(self) -> bool:
        """Tell whether what was read last is what was surveyed, if the file may have been written to meanwhile."""
        return self.copy is not None or self.opened.is_at_rest() or self.opened.digest == self.log_file.digest

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file are read, as it lies on disk."""
        return self.opened.bytes_read if self.copy is None else self.log_file.bytes

    @property
    def engine_path(self) -> str:
        """Where the engine finds the text: by the number it is open under, whatever its name means to the engine."""
        return f"/dev/fd/{self._descriptor}"

    @property
    def _descriptor(self) -> int:
        return self.opened.descriptor if self.copy is None else self.copy.fileno()


@contextmanager
def surveyed(opened: OpenLogFile, folder: Path, begun: bytes | None = None) -> Iterator[PlainText]:
    """Read a file to its end and give its text. What is no plain file lies in that folder meanwhile, without a name.

    `begun` is what was read of the file already; with it the text begins, and what was passed over is no part of it.
    """
    if opened.packing is Packing.PLAIN and begun is None:
        yield survey(opened)
        return
    with tempfile.TemporaryFile(dir=folder) as copy:
        yield survey(opened, copy, begun or b"")


def survey(opened: OpenLogFile, copy: BinaryIO | None = None, begun: bytes = b"") -> PlainText:
    """Read a file to its end and give its text, of which all is written to `copy` too, `begun` before the rest."""
    lines = _Lines()
    marks = [(1, 0)]
    size = 0
    for chunk in _chunks(begun, opened.plain):
        if copy:
            copy.write(chunk)
        lines.add(chunk)
        size += len(chunk)
        if lines.count >= marks[-1][0]:
            marks.append((lines.count + 1, size - lines.length))
    if copy:
        copy.flush()
    whole_lines, rest = lines.count, lines.length
    if rest:
        lines.add(memoryview(b"\n"))
    return PlainText(
        opened.finish(), opened, copy, size, lines.count, whole_lines, size - rest, frozenset(lines.deep), lines.blank,
        marks,
    )  # fmt: skip


def _chunks(begun: bytes, plain: BufferedIOBase) -> Iterator[memoryview]:
    """Yield all bytes, each time in the same place: the system clears what is given to new ones."""
    place = memoryview(bytearray(_CHUNK_BYTES))
    for file in BytesIO(begun), plain:
        while count := file.readinto(place):
            yield place[:count]


def _picked(text: BinaryIO, size: int, first: int, wanted: list[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the wanted lines of the next bytes, which begin with the line of that number."""
    if size <= _BLOCK_BYTES:
        lines = text.read(size).split(b"\n")
        yield from ((number, lines[number - first]) for number in wanted)
        return
    chosen = frozenset(wanted)  # among them one that is longer than it may be held
    for number, line in islice(enumerate(raw_lines(text), first), wanted[-1] - first + 1):
        if number in chosen:
            yield number, line


class _Lines:
    """Lines as they go by: their number, and which of them are deep or blank."""

    def __init__(self) -> None:
        self.count = 0
        self.deep: set[int] = set()
        self.blank: list[int] = []
        # Of the line that is not at its end yet: its length, the brackets in it, and whether it is blank so far.
        self.length = 0
        self._brackets = 0
        self._is_blank = True
        self._marks = np.empty(_CHUNK_BYTES, np.bool_)
        self._shifted = np.empty(_CHUNK_BYTES, np.uint8)

    def add(self, chunk: memoryview) -> None:
        """Go by the next bytes. Few of their lines are looked at: most are not long and begin with a bracket."""
        octets = np.frombuffer(chunk, np.uint8)
        room = self._marks[: len(octets)], self._shifted[: len(octets)]
        ends = _places(_packed(np.equal(octets, _LINE_END, out=room[0])))
        if not len(ends):
            self._go_on(bytes(chunk))
            return
        self._go_on(bytes(chunk[: ends[0]]))
        self._end()
        lengths = np.diff(ends) - 1
        # The first byte of an empty line is its end, which is less than a space, too.
        odd = octets[ends[:-1] + 1] <= _SPACE
        is_long = lengths > _DEEP_BYTES
        if is_long.any():
            odd |= is_long & (_most_brackets(octets, ends, *room) > _DEEP_BRACKETS)
        for nth in np.flatnonzero(odd):
            self._look(self.count + 1 + int(nth), bytes(chunk[ends[nth] + 1 : ends[nth + 1]]))
        self.count += len(lengths)
        self._go_on(bytes(chunk[ends[-1] + 1 :]))

    def _go_on(self, part: bytes) -> None:
        told = part if self.count or self.length else part.removeprefix(_BYTE_ORDER_MARK)
        self._is_blank = self._is_blank and _is_blank(told)
        self.length += len(part)
        self._brackets += _brackets(part)

    def _end(self) -> None:
        self.count += 1
        if self._brackets > _DEEP_BRACKETS:
            self.deep.add(self.count)
        elif self._is_blank:
            self.blank.append(self.count)
        self.length = self._brackets = 0
        self._is_blank = True

    def _look(self, number: int, line: bytes) -> None:
        if _is_blank(line):
            self.blank.append(number)
        elif len(line) > _DEEP_BYTES and _brackets(line) > _DEEP_BRACKETS:
            self.deep.add(number)


def _packed(marks: Bits) -> Words:
    """Return marks of bytes as bits, 64 to a word: what follows then looks at a sixty-fourth of them."""
    octets = np.packbits(marks, bitorder="little")
    if rest := -len(octets) % 8:
        octets = np.concatenate((octets, np.zeros(rest, np.uint8)))
    return octets.view("<u8")


def _places(words: Words) -> Places:
    """Return where bits are set, of which there are few."""
    some = np.flatnonzero(words)
    bits = np.flatnonzero(np.unpackbits(words[some].view(np.uint8), bitorder="little"))
    places: Places = some[bits >> 6] * 64 + (bits & 63)
    return places


def _most_brackets(octets: Octets, ends: Places, marks: Bits, shifted: Octets) -> Places:
    """Return how many brackets there can be between each end of a line and the next, some beyond it counted as well.

    `marks` and `shifted` are room for as many bytes.
    """
    words = _packed(np.equal(np.bitwise_and(octets, _NO_SHIFT, out=shifted), _BRACKET, out=marks))
    before = np.concatenate(([0], np.cumsum(np.bitwise_count(words), dtype=np.int64)))
    most: Places = before[(ends[1:] >> 6) + 1] - before[ends[:-1] >> 6]
    return most


def _is_blank(part: bytes) -> bool:
    """Tell whether the engine would pass over a line of this: it counts no such line, however long."""
    return not part or part.isspace()


def _brackets(part: bytes) -> int:
    return part.count(b"[") + part.count(b"{")
