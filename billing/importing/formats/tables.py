"""Logs that are tables: which one it is, told by the names of its columns, and how it is read."""

import csv
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from billing.errors import RefusedInputError
from billing.importing.formats import accounts, cursor, mapped, openrouter_csv
from billing.importing.formats.csv_rows import Header, header_of, objects_of_csv
from billing.importing.formats.fields import BadFieldError, clean
from billing.importing.formats.pieces import LONGEST, Line, looks_like_events
from billing.importing.formats.shape import Shape
from billing.records import Outcome, Reading, Reject

if TYPE_CHECKING:
    from billing.importing.mapping import Mapping

#: CSV files that need no mapping.
TABLES: tuple[Shape, ...] = (openrouter_csv.SHAPE, cursor.SHAPE, accounts.TOP_UPS, accounts.BALANCES)
PARQUET_MAGIC = b"PAR1"

#: Fewer columns than that may be a sentence with a comma.
_FEWEST_COLUMNS = 3
_MOST_SHOWN = 60
_LONGEST_SHOWN = 64
_REMEDY = (
    "give --mapping FILE, a TOML file with provider, zone and unit, and below [columns] lines such as "
    "input = 'name of the column' for request_id, at, sku, input, output and charged (see docs/mapping.md)"
)

Opened = tuple[str, Iterator[Outcome]]
"""A shape's name, and what the log yields."""


def open_parquet(head: Iterable[bytes], file: BinaryIO, name: str, reading: Reading) -> Opened | None:
    """Get ready to read a Parquet file; `head` are its first bytes, taken from `file`. Return None if it is none.

    Raise RefusedInputError, naming the file, if there is no mapping for it or it is damaged.
    """
    start = b"".join(head)
    if not start.startswith(PARQUET_MAGIC):
        return None
    mapping = reading.mapping
    if mapping is None:
        raise RefusedInputError(f"{name}: a Parquet file; {_REMEDY}")
    if len(start) > LONGEST:
        raise RefusedInputError(f"{name}: this Parquet file can't be read; write it again, compressed, or as CSV")
    from billing.importing.formats.parquet import ParquetTable  # noqa: PLC0415 - heavy, and seldom needed

    table = ParquetTable(start, file, name)
    _check(Header(table.columns, ""), mapping, name)
    charged = mapping.columns.get("charged")
    if charged and table.is_float(charged) and mapping.notation.round_to is None:
        raise RefusedInputError(
            f"{name}: the charges are binary fractions (floats), which can't say what was charged; write them as "
            "decimals, or say round_floats_to = N in the mapping, the number of decimal places"
        )
    return mapped.NAME, mapped.read(table.rows(sorted(mapping.needed)), reading, mapping)


def open_csv(raw: Iterable[bytes], head: list[Line], name: str, reading: Reading) -> Opened | None:
    """Get ready to read a CSV file; `head` are the first lines of `raw`. Return None if it is no table.

    Raise RefusedInputError, naming the file, if it is a table that nobody knows, or not as its header promises.
    """
    header = None if _is_json_or_events(head) else header_of(head)
    if header is None:
        return None
    mapping = reading.mapping
    shape = next((shape for shape in TABLES if shape.claims(dict.fromkeys(header.names))), None)
    if mapping is not None and (shape is None or mapping.needed <= header.names):
        _check(header, mapping, name)
        return mapped.NAME, mapped.read(objects_of_csv(raw, header, name), reading, mapping)
    if shape:
        _check_once(header, name)
        return shape.name, shape.read(objects_of_csv(raw, header, name), reading)
    if _is_table(head, header):
        raise RefusedInputError(
            f"{name}: the first line does not name the columns of a table that we know "
            f"({', '.join(table.name for table in TABLES)}); if the header is missing, put it back, else {_REMEDY}"
        )
    return None


def _is_json_or_events(head: list[Line]) -> bool:
    first = next(_texts(head), "").lstrip()
    return first.startswith(("{", "[")) or looks_like_events(first)


def _is_table(head: list[Line], header: Header) -> bool:
    """Tell whether the lines are a table beyond doubt: several columns, and the first row has as many."""
    try:
        rows = list(islice(csv.reader(_texts(head), delimiter=header.delimiter), 2))
    except csv.Error:
        return False
    is_like_header = len(rows[-1]) == len(header.columns) and not rows[-1][0].startswith("{")
    return len(header.columns) >= _FEWEST_COLUMNS and len(rows) > 1 and is_like_header


def _texts(head: list[Line]) -> Iterator[str]:
    return (line[1] for line in head if not isinstance(line, Reject) and line[1] and not line[1].isspace())


def _check(header: Header, mapping: "Mapping", name: str) -> None:
    """Refuse a table that lacks a column of the mapping."""
    _check_once(header, name)
    missing = mapping.needed - header.names
    if missing == mapping.needed:
        raise RefusedInputError(
            f"{name}: it has none of the columns that {mapping.name} names ({_shown(missing)}); if the header is "
            "missing, put it into the first line, else give the mapping of this table"
        )
    if missing:
        raise RefusedInputError(
            f"{name}: it has no column {_shown(missing)}, which {mapping.name} names; there are: {_shown(header.names)}"
        )


def _check_once(header: Header, name: str) -> None:
    repeated = header.repeated
    if repeated is not None:
        places = [str(at) for at, column in enumerate(header.columns, start=1) if column == repeated]
        raise RefusedInputError(f"{name}: columns {' and '.join(places)} have the same name; rename one in the header")


def _shown(columns: Collection[str]) -> str:
    """Name columns in a message; what is no name but a text stays out of it."""
    names = [column for column in sorted(columns) if _is_name(column)]
    rest = len(columns) - len(names[:_MOST_SHOWN])
    return ", ".join([*map(repr, names[:_MOST_SHOWN]), *([f"and {rest} more"] if rest else [])])


def _is_name(column: str) -> bool:
    try:
        return len(column) <= _LONGEST_SHOWN and clean(column, "") == column
    except BadFieldError:
        return False
