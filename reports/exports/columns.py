"""Columns of an export: whole pico-units become exact decimals, and every value its plain text."""

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

from pricing.amounts import PICO_DIGITS
from reports.csv_cells import FORMULA_START, NEEDS_QUOTES

#: Its type stubs know no scalar among arrays, which is how text is joined.
pc: Any = pyarrow.compute
Column: TypeAlias = "pa.Array[Any]"

#: An amount: credits or dollars, never a binary fraction.
AMOUNT = pa.decimal128(38, PICO_DIGITS)
#: An amount times the value of its unit in dollars: no digit is lost.
PRODUCT = pa.decimal128(38, 2 * PICO_DIGITS)
INSTANT = pa.timestamp("us", "UTC")


def typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns of the schema, in its order and types. A batch holds amounts as pico-units, DECIMAL(38,0)."""
    return pa.record_batch([_typed(batch.column(each.name), each.type) for each in schema], schema=schema)


def csv_lines(batch: pa.RecordBatch) -> pa.Buffer:
    """Return the rows as the bytes of CSV lines: unknown is empty, numbers are plain digits, text is harmless."""
    cells = [_csv_cell(column) for column in batch.columns]
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
    ended = pc.binary_join_element_wise(lines, "", "\n")
    text: pa.Buffer = ended.buffers()[-1]
    return text


def header_line(schema: pa.Schema) -> bytes:
    """Return the first line of the CSV: the names of the columns."""
    return (",".join(schema.names) + "\n").encode()


def plain_text(column: Column) -> Column:
    """Return each value as text: plain digits, times in ISO 8601 with a zone, text as it is.

    >>> from decimal import Decimal
    >>> plain_text(pa.array([Decimal("-1.50"), Decimal("1E-12"), None], AMOUNT)).to_pylist()
    ['-1.5', '0.000000000001', None]
    """
    if pa.types.is_decimal(column.type):
        return _digits(column)
    if pa.types.is_timestamp(column.type):
        told = pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S")
        return _joined(pc.replace_substring_regex(told, r"\.000000$", ""), "Z")
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _typed(column: Column, wanted: pa.DataType) -> Column:
    if wanted == AMOUNT and column.type == pa.decimal128(38, 0):
        # The same 128 bits, with the point 12 places further left.
        return pa.Array.from_buffers(AMOUNT, len(column), column.buffers(), offset=column.offset)
    return column.cast(wanted)


def _digits(column: Column) -> Column:
    """Write decimals out: the engine's own text turns small ones into powers of ten."""
    places = column.type.scale
    whole = pa.Array.from_buffers(pa.decimal128(38, 0), len(column), column.buffers(), offset=column.offset)
    padded = pc.utf8_lpad(pc.abs(whole).cast(pa.string()), places + 1, "0")
    units = pc.utf8_slice_codeunits(padded, 0, -places)
    fraction = pc.utf8_rtrim(pc.utf8_slice_codeunits(padded, -places), "0")
    sign = pc.if_else(pc.less(whole, pa.scalar(0, whole.type)), "-", "")
    point = pc.if_else(pc.equal(fraction, ""), "", ".")
    return _joined(sign, units, point, fraction)


def _csv_cell(column: Column) -> Column:
    text = plain_text(column)
    if not pa.types.is_string(column.type):
        return text
    harmless = pc.if_else(pc.match_substring_regex(text, FORMULA_START), _joined("'", text), text)
    quoted = _joined('"', pc.replace_substring(harmless, '"', '""'), '"')
    cell: Column = pc.if_else(pc.match_substring_regex(harmless, NEEDS_QUOTES), quoted, harmless)
    return cell


def _joined(*parts: "Column | str") -> Column:
    joined: Column = pc.binary_join_element_wise(*parts, "")
    return joined
