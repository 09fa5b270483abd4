"""The SQL of this package: one file per relation, the file's name being the relation's.

A file holds one SELECT that may read the relations before it in its chain. Only names of files in the `sql` folder and
the widths below ever become part of a statement; every value is bound.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

#: How wide an amount per request is computed. BIGINT is exact and raises on overflow; it is three times as fast. This
#: engine's SUM of BIGINT is 128 bits wide; an engine whose is not takes DECIMAL(38,0) for {total}.
NARROW: Final[Mapping[str, str]] = MappingProxyType(
    {"{tokens}": "BIGINT", "{rate}": "BIGINT", "{amount}": "BIGINT", "{total}": "BIGINT"},
)
WIDE: Final[Mapping[str, str]] = MappingProxyType(
    {"{tokens}": "DECIMAL(19,0)", "{rate}": "DECIMAL(18,0)", "{amount}": "DECIMAL(38,0)", "{total}": "DECIMAL(38,0)"},
)

#: Every relation is its own file.
NOTHING_TAKEN: Final[Mapping[str, str]] = MappingProxyType({})

#: Files that hold no SELECT but what stands in several, in the place of their name in braces.
_PARTS: Final = ("columns", "content", "told")


@cache
def statement(name: str) -> str:
    """Return the text of one file of the `sql` folder. Raise FileNotFoundError if there is none."""
    text = files("billing").joinpath("sql", f"{name}.sql").read_text("utf-8").rstrip().rstrip(";")
    for part in _PARTS:
        if f"{{{part}}}" in text:
            text = text.replace(f"{{{part}}}", statement(part).partition("\n")[2])
    return text


def chain(*names: str, width: Mapping[str, str] = NARROW, taking: Mapping[str, str] = NOTHING_TAKEN) -> str:
    """Return one query: each relation defined over those before it, ending with all rows of the last.

    `taking` puts a table of ours, or a query in brackets, in the place of a relation: rows are then read from there.
    """
    given = [f"{name} AS (SELECT * FROM {table})" for name, table in taking.items()]  # noqa: S608 - our own tables
    own = [f"{name} AS (\n{statement(name)}\n)" for name in names if name not in taking]
    defined = ",\n".join([*given, *own])
    query = f"WITH {defined}\nSELECT * FROM {names[-1]}"
    for placeholder, sql_type in width.items():
        query = query.replace(placeholder, sql_type)
    return query
