"""Tables of any kind, read by a mapping that tells which column is which field."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from billing.importing.formats.answers import one_each
from billing.importing.formats.cells import Notation
from billing.importing.formats.fields import MOST_TAGS, BadFieldError, Json
from billing.importing.formats.pieces import Item, Piece
from billing.records import Ignored, Outcome, Reading, Status, UsageRecord, as_refund
from pricing.usage import Usage

if TYPE_CHECKING:
    from billing.importing.mapping import Mapping

NAME = "mapped"
_CACHED = ("cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit")
_WITHOUT_USAGE = (Status.FAILED, Status.REFUND)


def read(pieces: Iterator[Piece], reading: Reading, mapping: "Mapping") -> Iterator[Outcome]:
    """Give a record for each row. Of a reject, `field` is the field of the mapping."""
    notation = replace(mapping.notation, zone=reading.zone or mapping.notation.zone)
    return one_each(pieces, reading, partial(_take, row_of=partial(_Row, mapping, notation)))


class _Row:
    """A row whose cells go by the names of fields."""

    def __init__(self, mapping: "Mapping", cells: Notation, value: Json) -> None:
        self.mapping = mapping
        self.cells = cells
        self.value = value

    def __getitem__(self, field: str) -> object:
        column = self.mapping.columns.get(field)
        return None if column is None else self.value[column]

    def text(self, field: str) -> str | None:
        return self.cells.text(self[field], field)

    def tokens(self, field: str) -> int:
        """Return a number of tokens; an empty cell is 0 for a cache, and else a row without usage."""
        count = self.cells.tokens(self[field], field)
        if count is None and field in self.mapping.columns and field not in _CACHED:
            raise BadFieldError("no_usage", field)
        return count or 0

    def is_skipped(self) -> bool:
        """Tell whether this row is no request."""
        column = self.mapping.skip_column
        return column is not None and _written(self.value[column]) in self.mapping.skipped

    def status(self) -> Status:
        """Return how the request ended."""
        column = self.mapping.status_column
        if column is None:
            return Status.OK
        status = self.mapping.statuses.get(_written(self.value[column]))
        if status is None and self.mapping.is_ok_listed:
            raise BadFieldError("unknown_status", "status")
        return status or Status.OK

    def usage(self) -> Usage:
        """Return the tokens of disjoint kinds."""
        read, short, long, unsplit = (self.tokens(field) for field in _CACHED)
        plain = self.tokens("input")
        if "prompt" in self.mapping.columns:
            plain = self.tokens("prompt") - read - short - long - unsplit
            if plain < 0:
                raise BadFieldError("cached_exceeds_prompt", "prompt")
        return Usage(plain, self.tokens("output"), read, short, long, unsplit)

    def tags(self) -> tuple[tuple[str, str], ...]:
        told = ((tag, self.cells.text(self.value[column], "tags")) for tag, column in self.mapping.tags.items())
        found = sorted((tag, value) for tag, value in told if value)
        if len(found) > MOST_TAGS:
            raise BadFieldError("bad_text", "tags")
        return tuple(found)


def _take(item: Item, reading: Reading, row_of: "partial[_Row]") -> Outcome:
    row = row_of(item.value)
    if row.is_skipped():
        return Ignored(item.line)
    status = row.status()
    charged = row.cells.amount(row["charged"], "charged", is_refund=status is Status.REFUND)
    record = UsageRecord(
        line=item.line,
        provider=reading.provider or row.mapping.provider,
        sku=row.mapping.sku or row.text("sku") or "",
        request_id=row.text("request_id") or "",
        client_request_id=row.text("client_request_id"),
        at=row.cells.at(row["at"], "at"),
        usage=Usage() if status in _WITHOUT_USAGE else row.usage(),
        status=status,
        charged=charged,
        unit=None if charged is None else row.mapping.unit,
        project=row.text("project"),
        api_key_id=row.text("api_key_id"),
        tags=row.tags(),
    )
    return as_refund(record) if status is Status.REFUND else record


def _written(cell: object) -> str:
    """Return a cell as a mapping file writes it: `true`, `200`."""
    return str(cell).lower() if isinstance(cell, bool) else str("" if cell is None else cell).strip()
