"""How CSV holds its records: a header that names the columns, then one record after another, told strictly."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from billing.errors import RefusedInputError
from billing.importing.formats.pieces import LONGEST, Item, Line, Piece
from billing.records import Ignored, Reject

DELIMITERS = ",;\t|"
#: What a line of a record takes beside its text, so that no flood of empty ones fills the memory.
_LINE_OVERHEAD = 64

# The csv module's own limit holds for the whole process and would refuse a prompt of 128 KB; records are bounded here.
csv.field_size_limit(LONGEST)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, in the order of this file, and the sign between them. A name may be empty."""

    columns: tuple[str, ...]
    delimiter: str

    @property
    def names(self) -> frozenset[str]:
        """The columns that have a name."""
        return frozenset(self.columns) - {""}

    @property
    def repeated(self) -> str | None:
        """A name that several columns have."""
        return next((name for name, times in Counter(self.columns).items() if name and times > 1), None)


def header_of(lines: Iterable[Line]) -> Header | None:
    """Return the header that a table begins with, or None if the first line that is not blank can't be one."""
    for line in lines:
        if isinstance(line, Reject):
            return None
        if line[1] and not line[1].isspace():
            return _header(line[1])
    return None


def objects_of_csv(raw: Iterable[bytes], header: Header, name: str) -> Iterator[Piece]:
    """Read one object per record: its cells as text, by the names of their columns.

    A record begins on its line and may go over several, in quotes. Where quotes are broken it can't be told what is
    text and what is a record, so each line up to where they are even again is a reject of its own. Lines that are
    blank, have only empty cells or tell the header again are ignored. Raise RefusedInputError, naming the file, if the
    columns change on the way or a line is longer than `LONGEST` bytes.
    """
    lines = _Lines(raw, name)
    rows = csv.reader(lines, delimiter=header.delimiter, strict=True)
    names = header.names
    while True:
        lines.begin()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield from lines.rejects("unclosed_quote" if lines.has_ended else "not_csv")
        except _BadLineError as error:
            yield from lines.rejects(error.reason)
        else:
            yield _piece(row, header, names, lines)


def _header(text: str) -> Header | None:
    found = [_parted(text, delimiter) for delimiter in DELIMITERS]
    best = max((header for header in found if header), key=lambda header: len(header.columns), default=None)
    return best if best and len(best.columns) > 1 else None


def _parted(text: str, delimiter: str) -> Header | None:
    try:
        (row,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    return Header(tuple(cell.strip() for cell in row), delimiter)


def _piece(row: list[str], header: Header, names: frozenset[str], lines: "_Lines") -> Piece:
    if not any(row) or all(not cell or cell.isspace() for cell in row):
        return Ignored(lines.first)
    told_again = sum(cell.strip() in names for cell in row)
    if told_again * 2 > len(row):
        if tuple(cell.strip() for cell in row) != header.columns:
            lines.refuse("tells a header again, with other columns than before; make a file of each part")
        return Ignored(lines.first)
    if len(row) != len(header.columns):
        return Reject(lines.first, "ragged_row")
    return Item(lines.first, dict(zip(header.columns, row, strict=True)))


class _BadLineError(Exception):
    """A line that can't be part of a record. `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Lines(Iterator[str]):
    """The lines of a file, one at a time as the csv module asks for them, and which of them the record has so far."""

    def __init__(self, raw: Iterable[bytes], name: str) -> None:
        self.raw = iter(raw)
        self.name = name
        self.number = 0
        self.has_ended = False
        self.begin()

    def begin(self) -> None:
        """Begin a record with the next line."""
        self.first = self.number + 1
        self.size = self.quotes = 0

    def __next__(self) -> str:
        line = self._take()
        if self.size > LONGEST:
            raise _BadLineError("record_too_long")
        if b"\0" in line:
            raise _BadLineError("nul_byte")
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _BadLineError("not_utf8") from None

    def rejects(self, reason: str) -> Iterator[Reject | Ignored]:
        """Yield what becomes of the record's lines and of those after it, up to where its quotes are even."""
        yield from (Reject(number, reason) for number in range(self.first, self.number + 1))
        while self.quotes % 2:
            try:
                is_blank = self._take().isspace()
            except StopIteration:
                return
            yield Ignored(self.number) if is_blank else Reject(self.number, reason)

    def refuse(self, why: str) -> NoReturn:
        """Refuse the file for its record here."""
        raise RefusedInputError(f"{self.name}: line {self.first} {why}")

    def _take(self) -> bytes:
        try:
            line = next(self.raw)
        except StopIteration:
            self.has_ended = True
            raise
        self.number += 1
        self.size += len(line) + _LINE_OVERHEAD
        self.quotes += line.count(b'"')
        if len(line) > LONGEST:  # the rest of it is not known, nor its quotes
            raise RefusedInputError(
                f"{self.name}: line {self.number} is longer than {LONGEST >> 20} MB; "
                "write one record per line and leave out the texts"
            )
        return line
