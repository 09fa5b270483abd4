"""Hostile tables: headers, dates and numbers that can be read in two ways, and Parquet whose pages are damaged."""

import codecs
import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile_case import KEY, PROMPT, Hostile, Outcome, Refused, Taken, a_file

_MAPPING = """
provider = "acme"
unit = "credit"
zone = "UTC"
[columns]
request_id = "id"
at = "at"
sku = "model"
input = "in"
output = "out"
charged = "charge"
"""
_HEADER = "id,at,model,in,out,charge,prompt"
_ROWS = Taken(2, rows={"a": {"input": 20, "output": 661, "charged": "0.285"}})
#: The header of a CSV file is a line that is no record.
_SOUND = replace(_ROWS, ignored=1)


def _row(name: str, at: str = "2026-10-03 09:00", tokens: str = "20", charge: str = "0.285") -> str:
    return f'{name},{at},m,{tokens},661,{charge},"{PROMPT} {KEY}"'


def _csv(*rows: str, header: str = _HEADER) -> str:
    return "".join(f"{row}\n" for row in (header, *rows))


def _table(name: str, content: str | bytes, outcome: Outcome, file_name: str = "hostile.csv") -> Hostile:
    return replace(a_file(name, content, outcome, file_name=file_name), mapping=_MAPPING)


def _rejected(name: str, row: str, reason: str) -> Hostile:
    content = _csv(_row("a"), row, _row("b"))
    return _table(f"CSV: {name}", content, Taken(2, ((3, reason),), ignored=1, rows={"b": {"charged": "0.285"}}))


def _reordered() -> str:
    header = "charge,prompt,out,in,model,at,id"
    return _csv(f"0.285,{PROMPT},661,20,m,2026-10-03 09:00,a", f"0.20,{KEY},1,2,m,2026-10-03 09:00,b", header=header)


CSV = (
    _table("CSV", _csv(_row("a"), _row("b")), _SOUND),
    _table("CSV: columns in another order", _reordered(), _SOUND),
    _table("CSV: byte order mark", codecs.BOM_UTF8 + _csv(_row("a"), _row("b")).encode(), _SOUND),
    _table("CSV: lines that end in CR LF", _csv(_row("a"), _row("b")).replace("\n", "\r\n"), _SOUND),
    _table(
        "CSV: semicolons",
        "id;at;model;in;out;charge\na;2026-10-03 09:00;m;20;661;0.285\nb;2026-10-03 09:00;m;1;1;1\n",
        _SOUND,
    ),
    _table(
        "CSV: UTF-16",
        "\ufeff".encode("utf-16-le") + _csv(_row("a")).encode("utf-16-le"),
        Refused("UTF-16", "convert it to UTF-8"),
    ),
    _table(
        "CSV: in gzip, cut",
        gzip.compress(_csv(_row("a"), _row("b")).encode(), mtime=0)[:-9],
        Refused("cut or damaged", "fetch it again"),
        "hostile.csv.gz",
    ),
    _table(
        "CSV: no header",
        _csv(_row("b"), header=_row("a")),
        Refused("none of the columns", "put it into the first line"),
    ),
    _table("CSV: header again", _csv(_row("a"), _HEADER, _row("b")), replace(_ROWS, ignored=2)),
    _table(
        "CSV: another header",
        _csv(_row("a"), "at,id,model,in,out,charge,prompt", _row("b")),
        Refused("line 3 tells a header again", "make a file of each part"),
    ),
    _table("CSV: a column twice", _csv(header=_HEADER + ",charge"), Refused("have the same name", "rename one")),
    _table(
        "CSV: a column missing",
        _csv(_row("a"), header=_HEADER.replace("charge", "cost")),
        Refused("no column 'charge'", "there are"),
    ),
    _table("CSV: header alone", _csv(), Taken(ignored=1)),
    a_file(
        "CSV: unknown to all",
        _csv(_row("a"), _row("b")),
        Refused("does not name the columns", "--mapping FILE"),
        file_name="hostile.csv",
    ),
    _rejected("tokens that are half", _row("x", tokens="12.5"), "bad_tokens"),
    _rejected("tokens with an exponent", _row("x", tokens="1e3"), "bad_tokens"),
    _rejected("tokens that are true", _row("x", tokens="true"), "bad_tokens"),
    _rejected("tokens below zero", _row("x", tokens="-1"), "bad_tokens"),
    _rejected("tokens in digits of another script", _row("x", tokens="\u0661\u0662"), "bad_tokens"),
    _rejected("tokens with a mark that could be either", _row("x", tokens='"1,234"'), "ambiguous_number"),
    _rejected("tokens not said", _row("x", tokens=""), "no_usage"),
    _rejected("a charge with a comma", _row("x", charge='"0,285"'), "ambiguous_number"),
    _rejected("a charge in another currency", _row("x", charge="\u20ac0.285"), "bad_amount"),
    _rejected("a charge that is no number", _row("x", charge="NaN"), "bad_amount"),
    _rejected("a charge beyond all", _row("x", charge="1e400"), "amount_out_of_range"),
    _rejected("an ambiguous day", _row("x", at="03/10/2026 09:00"), "ambiguous_date"),
    _rejected("a leap second", _row("x", at="2016-12-31T23:59:60Z"), "bad_time"),
    _rejected("a time in words", _row("x", at="now"), "bad_time"),
    _rejected("a cell too many", _row("x") + ",more", "ragged_row"),
    _rejected("a cell too few", "x,2026-10-03 09:00,m", "ragged_row"),
    _rejected("bytes that are no text", "x\0,2026-10-03 09:00,m,1,1,1,", "nul_byte"),
    _table(
        "CSV: last row cut", _csv(_row("a"), _row("b"), _row("c"))[:-50], Taken(2, ((4, "unclosed_quote"),), ignored=1)
    ),
    _table(
        "CSV: names that are formulas",
        _csv(_row("=1+1"), _row("@SUM(A1)")),
        Taken(2, ignored=1, rows={"=1+1": {"charged": "0.285"}}),
    ),
)


def _parquet(*, is_float: bool = False, count: int = 2) -> bytes:
    names = [chr(97 + number) for number in range(count)]
    charge = pa.array([0.285] * count) if is_float else pa.array([Decimal("0.285")] * count)
    table = pa.table({
        "id": names,
        "at": pa.array([datetime(2026, 10, 3, 9, tzinfo=UTC)] * count, pa.timestamp("us", "UTC")),
        "model": ["m"] * count,
        "in": [20] * count,
        "out": [661] * count,
        "charge": charge,
        "prompt": [f"{PROMPT} {KEY}"] * count,
    })  # fmt: skip
    file = io.BytesIO()
    pq.write_table(table, file, compression="none", write_page_checksum=True, use_dictionary=False)
    return file.getvalue()


def _spoilt(at: int) -> bytes:
    raw = bytearray(_PARQUET)
    raw[at] ^= 0x10
    return bytes(raw)


_PARQUET = _parquet()
_DAMAGED = Refused("this Parquet file is cut or damaged", "fetch it again")
#: Where the tokens out of the first row are: a page of two 64-bit integers.
_TOKENS_AT = _PARQUET.index((661).to_bytes(8, "little") * 2)


def _of_parquet(name: str, content: bytes, outcome: Outcome) -> Hostile:
    return _table(f"Parquet: {name}" if name else "Parquet", content, outcome, "hostile.parquet")


PARQUET = (
    _of_parquet("", _PARQUET, _ROWS),
    _of_parquet("a page with a bit turned", _spoilt(_TOKENS_AT), _DAMAGED),
    _of_parquet("the length of its footer with a bit turned", _spoilt(len(_PARQUET) - 8), _DAMAGED),
    _of_parquet("cut", _PARQUET[:-20], _DAMAGED),
    _of_parquet("cut in its pages", _PARQUET[: _TOKENS_AT + 4], _DAMAGED),
    _of_parquet("with something after it", _PARQUET + b"\0" * 20, _DAMAGED),
    _of_parquet("four bytes of it", _PARQUET[:4], _DAMAGED),
    _of_parquet(
        "charges as binary fractions", _parquet(is_float=True), Refused("binary fractions", "write them as decimals")
    ),
    _of_parquet("in gzip", gzip.compress(_PARQUET, mtime=0), _ROWS),
    _of_parquet("no row", _parquet(count=0), Taken()),
    a_file(
        "Parquet: without a mapping", _PARQUET, Refused("a Parquet file", "--mapping FILE"), file_name="hostile.parquet"
    ),
    _table("Parquet: named as lines", _PARQUET, _ROWS, "hostile.jsonl"),
)

TABLES = (*CSV, *PARQUET)
