"""Tables as values: what a page shows, sorts, filters and hands out as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType

from reports import figures, words


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, which names the unit, and whether it holds numbers."""

    heading: str
    is_number: bool = False
    style: str = ""
    """A class for its cells, such as `code` or `sentence`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the exact value that CSV and sorting take."""

    text: str
    exact: str
    style: str = ""
    link: str = ""
    """The id of the element that it leads to."""
    page: str = ""
    """The page beside this one that the element is on; empty for this one."""
    sort: str = ""
    """What it is sorted by, where that is not the exact value."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row and what the filter bar knows it by."""

    cells: tuple[Cell, ...]
    under: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Per field of the filter bar, the keys under which it is shown, none where it is shown under none; under a field
    that is not named here it is always shown."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the file name of its CSV, and what it says when it is empty."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing to show."


def text(value: str | None, style: str = "") -> Cell:
    """Return a cell of text; a dash where it is not known."""
    return Cell(value, value, style) if value else Cell(figures.UNKNOWN, "", style)


def number(value: int) -> Cell:
    """Return a cell with a count."""
    return Cell(f"{value:,}", str(value), "" if value else "zero")


def day(value: date) -> Cell:
    """Return a cell with a day."""
    return Cell(value.isoformat(), value.isoformat())


def instant(at: datetime | None) -> Cell:
    """Return a cell with an instant: only its day, if it is midnight."""
    if at is None:
        return Cell(figures.UNKNOWN, "", "day")
    return Cell(at.date().isoformat() if at.time() == time() else words.instant(at), at.isoformat(), "day")


def amount(shown: Decimal | None, exact: Decimal | None = None, *, with_sign: bool = False, style: str = "") -> Cell:
    """Return a cell with an amount that is rounded already, and its exact value; a dash where it is not known."""
    if shown is None:
        return Cell(figures.UNKNOWN, "")
    written = figures.signed(shown) if with_sign else figures.grouped(shown)
    return Cell(written, figures.exact(shown if exact is None else exact), style if shown else "zero")
