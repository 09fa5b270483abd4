"""How results leave the command line: data on stdout as a table, JSON, CSV or Markdown; all else on stderr."""

import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from pricing.amounts import digits
from pricing.amounts import plain as exact
from reports.csv_cells import harmless

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table. Cells are exact values; numbers stand to the right."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command found: the data for programs, the tables for people, and the one that CSV is made of.

    CSV is made of `flat`, or else of the first table. `details` come last, folded away where that can be done.
    """

    data: Mapping[str, object]
    tables: Sequence[Table]
    summary: str = ""
    flat: Table | None = None
    details: Sequence[Table] = ()


def write(result: Result, output_format: str | None) -> None:
    """Write a result to stdout in that format; by default a table on a terminal, else JSON."""
    chosen = output_format or ("table" if sys.stdout.isatty() else "json")
    text = {"json": as_json, "csv": as_csv, "md": as_markdown, "table": as_table}[chosen](result)
    try:
        click.echo(text, nl=not text.endswith("\n"))
    except BrokenPipeError:
        # Whoever reads has seen enough; the exit code still tells what was found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_json(result: Result) -> str:
    """Return the data as JSON: amounts as strings of plain digits, times in ISO 8601 with a zone, null for unknown."""
    return json.dumps({"schema_version": SCHEMA_VERSION} | plain(result.data), indent=2, ensure_ascii=False)


def as_csv(result: Result) -> str:
    """Return the flat table as CSV; text that a spreadsheet would take for a formula gets a quote before it."""
    file, table = io.StringIO(), result.flat or result.tables[0]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def as_markdown(result: Result) -> str:
    """Return the summary and every table as Markdown, the details folded away."""
    parts = [result.summary] if result.summary else []
    parts += map(_markdown_table, result.tables)
    if result.details:
        folded = "\n\n".join(map(_markdown_table, result.details))
        parts.append(f"<details>\n<summary>Details</summary>\n\n{folded}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def as_table(result: Result) -> str:
    """Return the summary and every table for a terminal."""
    from rich import box  # noqa: PLC0415 - heavy, and only for people
    from rich.console import Console  # noqa: PLC0415 - the same
    from rich.table import Table as RichTable  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console(file=io.StringIO(), force_terminal=sys.stdout.isatty(), width=_width(), highlight=False)
    if result.summary:
        console.print(Text(result.summary))
    for table in (*result.tables, *result.details):
        columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
        drawn = RichTable(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name, column in zip(table.columns, columns, strict=True):
            drawn.add_column(Text(name), justify="right" if _is_numeric(column) else "left", overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(shown(cell)) for cell in row))
        console.print(drawn)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 - as made above
    return file.getvalue()


def plain(value: object) -> dict[str, object]:
    """Return a mapping with all that JSON can't hold turned into what the contract says."""
    turned = _plain(value)
    assert isinstance(turned, dict)  # noqa: S101 - a mapping stays one
    return turned


def shown(cell: object) -> str:
    """Return a cell as people read it; unknown is a dash, never a zero."""
    match cell:
        case None:
            return "—"
        case Decimal():
            return f"{exact(cell):,f}"
        case int():
            return f"{cell:,}"
        case datetime():
            return cell.isoformat(timespec="seconds").replace("+00:00", "Z")
        case _:
            return "".join(
                character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(cell)
            )


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return digits(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _csv_cell(cell: object) -> object:
    if isinstance(cell, str):
        return harmless(cell)
    return "" if cell is None else _plain(cell)


def _markdown_table(table: Table) -> str:
    rows = [table.columns, ["---:" if _is_numeric(column) else "---" for column in zip(*table.rows, strict=True)]]
    rows = rows if table.rows else [table.columns, ["---"] * len(table.columns)]
    lines = ["| " + " | ".join(_markdown_cell(cell) for cell in row) + " |" for row in (*rows, *table.rows)]
    return f"**{table.title}**\n\n" + "\n".join(lines)


def _markdown_cell(cell: object) -> str:
    text = shown(cell)
    for character in "\\`*_{}[]<>|":
        text = text.replace(character, f"\\{character}") if isinstance(cell, str) else text
    return text


def _is_numeric(column: Sequence[object]) -> bool:
    return any(isinstance(cell, int | Decimal) for cell in column)


def _width() -> int:
    import shutil  # noqa: PLC0415 - only for people

    return shutil.get_terminal_size((120, 24)).columns
