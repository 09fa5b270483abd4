"""Cursor's export of usage events as CSV: what each request used, and what it cost or would have cost."""

import re
from collections.abc import Iterator
from decimal import Decimal

from billing.importing.formats.answers import one_each
from billing.importing.formats.cells import Notation
from billing.importing.formats.fields import BadFieldError, Json
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Ignored, Outcome, Reading, Status, UsageRecord
from pricing.usage import STANDARD_TIER, Usage

NAME = "cursor"
_WRITTEN, _INPUT, _READ = "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read"
_OUTPUT, _TOTAL, _MAX = "Output Tokens", "Total Tokens", "Max Mode"
_OWN = frozenset({"Date", "Kind", "Model", _WRITTEN, _INPUT, _READ, _OUTPUT})
#: In this mode a request costs more than its model's ordinary rates.
_MAX_TIER = "max"

_NOT_CHARGED = re.compile(r"(\w+), (?:not charged|no charge)", re.IGNORECASE)
_COVERED = re.compile(r"included\b.*|.*\bfree\b.*|user api key", re.IGNORECASE)
_CHARGED = re.compile(r"on-demand|usage-based", re.IGNORECASE)
_COVERED_CELL = re.compile(r"(?:included|free)\Z", re.IGNORECASE)
_NO_COST = frozenset({"-", "NaN"})


def claims(header: Json) -> bool:
    """Tell whether these columns are those of the export."""
    return header.keys() >= _OWN


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each request.

    What was not charged is a failed request, without usage and charge, whatever the row says. What the plan covers has
    its usage but no charge: the cost shown is what it is worth, not what is owed, and is kept as the tag `value_usd`.
    """
    return one_each(pieces, reading, _take)


SHAPE = Shape(NAME, claims, read)


def _take(item: Item, reading: Reading) -> Outcome:
    row, cells = item.value, Notation(zone=reading.zone, currency="$", empty=_NO_COST)
    if str(row["Date"]).strip().lower() == "total":
        return Ignored(item.line)
    kind = cells.text(row["Kind"], "Kind") or ""
    failure = _NOT_CHARGED.fullmatch(kind)
    cost, is_covered = (None, False) if failure else _cost(cells, kind, row.get("Cost"))
    charged = None if is_covered else cost
    return UsageRecord(
        line=item.line,
        provider=reading.provider or NAME,
        sku=cells.text(row["Model"], "Model") or "",
        at=cells.at(row["Date"], "Date"),
        usage=Usage() if failure else _usage(cells, row),
        status=Status.FAILED if failure else Status.OK,
        charged=charged,
        unit=None if charged is None else "USD",
        error_code=failure[1].lower() if failure else None,
        tags=_tags(cells, row, kind, cost if is_covered else None),
    )


def _cost(cells: Notation, kind: str, cell: object) -> tuple[Decimal | None, bool]:
    """Return the cost in dollars, None where none is shown, and whether the plan covers it."""
    is_covered = _COVERED.fullmatch(kind) is not None
    if not is_covered and not _CHARGED.fullmatch(kind):
        raise BadFieldError("unknown_kind", "Kind")
    shown = cell.strip() if isinstance(cell, str) else ""
    covered = _COVERED_CELL.search(shown)
    return cells.amount(shown[: covered.start()] if covered else cell, "Cost"), is_covered or covered is not None


def _usage(cells: Notation, row: Json) -> Usage:
    written, plain, read, output = (_tokens(cells, row, column) for column in (_WRITTEN, _INPUT, _READ, _OUTPUT))
    if cells.tokens(row.get(_TOTAL), _TOTAL) not in (None, written + plain + read + output):
        raise BadFieldError("total_mismatch", _TOTAL)
    is_max = str(row.get(_MAX, "")).strip().lower() == "yes"
    return Usage(
        input=plain,
        output=output,
        cache_read=read,
        cache_write_unsplit=written,
        service_tier=_MAX_TIER if is_max else STANDARD_TIER,
    )


def _tokens(cells: Notation, row: Json, column: str) -> int:
    count = cells.tokens(row[column], column)
    if count is None:
        raise BadFieldError("no_usage", column)
    return count


def _tags(cells: Notation, row: Json, kind: str, covered: Decimal | None) -> tuple[tuple[str, str], ...]:
    told = {
        "kind": kind,
        "user": cells.text(row.get("User"), "User"),
        "value_usd": None if covered is None else format(covered, "f"),
    }
    return tuple((tag, value) for tag, value in told.items() if value)
