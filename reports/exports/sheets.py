"""Workbooks: text is text, whatever it looks like; a number is a number only where a spreadsheet shows it right."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

import pyarrow as pa
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pricing.amounts import digits
from reports.exports.columns import plain_text

#: What a sheet holds, its heading included.
MOST_ROWS: Final = 1_048_576
#: A number of so many digits is the same after it went through a binary fraction, and is shown in full.
SAFE_DIGITS: Final = 15

NUMBERS_NOTE: Final = (
    f"Amounts and counts of at most {SAFE_DIGITS} digits are numbers, and every spreadsheet shows them right; "
    "those with more are text, so that no digit is lost. A spreadsheet adds up in binary fractions; exact sums stand "
    "where we give them. A text is cut after 32,767 characters, which is all that a cell holds."
)

#: Spreadsheets count days from there.
_FIRST_YEAR = 1900
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)


class _Sheet(Worksheet):  # type: ignore[misc]  # the library ships no types
    """A sheet whose text is never markup: the library would write text between <r> and </r> as it is."""

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, object]] = ()) -> None:
        self._xml_inline_string(string, preserve=True, attributes=attributes)


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that is being written, sheet by sheet and row by row, so that it need not fit into memory."""

    workbook: Workbook
    bold: Format
    day: Format

    def sheet(
        self, name: str, columns: Sequence[str], rows: Iterator[Sequence[object]] | Sequence[Sequence[object]]
    ) -> None:
        """Write a sheet with a heading and rows; rows beyond what a sheet holds go on to further sheets."""
        sheet = self.rows(name, columns)
        for row in rows:
            sheet.add(row)

    def rows(self, name: str, columns: Sequence[str]) -> "Sheet":
        """Begin a sheet that rows are added to."""
        return Sheet(self, name, tuple(columns))


@dataclass(slots=True)
class Sheet:
    """A sheet that rows are added to, and those after it that take what it can't hold."""

    book: Book
    name: str
    columns: tuple[str, ...]
    rows: int = 0
    sheets: int = 0
    _writer: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._begin()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch with these columns."""
        columns = [_values(column) for column in batch.columns]
        for row in zip(*columns, strict=True):
            self.add(row)

    def add(self, row: Sequence[object]) -> None:
        """Add a row."""
        line = 1 + self.rows % (MOST_ROWS - 1)
        if line == 1 and self.rows:
            self._begin()
        for place, value in enumerate(row):
            self._put(line, place, _told(value))
        self.rows += 1

    def _begin(self) -> None:
        self.sheets += 1
        name = self.name if self.sheets == 1 else f"{self.name} {self.sheets}"
        self._writer = self.book.workbook.add_worksheet(name, _Sheet)
        self._writer.freeze_panes(1, 0)
        for place, heading in enumerate(self.columns):
            self._writer.set_column(place, place, max(10, len(heading) + 2))
            self._writer.write_string(0, place, heading, self.book.bold)

    def _put(self, line: int, place: int, value: object) -> None:
        match value:
            case _Digits():
                self._writer.write_number(line, place, Decimal(value))
            case str():
                self._writer.write_string(line, place, value)
            case date() if value.year >= _FIRST_YEAR:
                self._writer.write_datetime(line, place, value, self.book.day)
            case date():
                self._writer.write_string(line, place, value.isoformat())


class _Digits(str):
    """The digits of a number that a binary fraction gives back."""

    __slots__ = ()


@contextmanager
def workbook(file: BinaryIO, title: str) -> Iterator[Book]:
    """Write a workbook to a file. The same rows are the same bytes: it carries no time but a fixed one."""
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with Workbook(file, options) as book:
        book.set_properties({"title": title, "created": _CREATED.replace(tzinfo=None)})
        yield Book(book, book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"}))


def _values(column: "pa.Array[Any]") -> list[Any]:
    """Return what goes into cells: text, or the digits of a number."""
    days = pa.types.is_date(column.type)
    values: list[Any] = (column if days else plain_text(column)).to_pylist()
    if days or pa.types.is_string(column.type) or pa.types.is_timestamp(column.type):
        return values
    return [None if value is None else _number(value) for value in values]


def _told(value: object) -> object:
    """Return a value as a cell takes it: text, a day, or the digits of a number."""
    match value:
        case Decimal() | int():
            return _number(digits(Decimal(value)) or "")
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return value


def _number(text: str) -> str:
    return _Digits(text) if len(text.lstrip("-0.").replace(".", "")) <= SAFE_DIGITS else text
