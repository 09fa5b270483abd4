"""OpenRouter's export of single generations as CSV, from its activity page."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from billing.importing.formats.answers import one_each
from billing.importing.formats.cells import Notation
from billing.importing.formats.fields import BadFieldError, Json
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Outcome, Reading, Status, UsageRecord
from pricing.amounts import PICO_DIGITS
from pricing.usage import Usage

NAME = "openrouter_csv"
_PROVIDER = "openrouter"
_OWN = frozenset({"generation_id", "created_at", "cost_total", "tokens_prompt", "tokens_completion", "model_permaslug"})
_ORDINARY_VARIANT = "standard"
#: What says that the charge is not for tokens alone, or, with a key of one's own, not for tokens at all.
_BESIDE_TOKENS = {
    "byok_usage_inference": "is_byok", "cost_file_processing": "cost_file_processing",
    "cost_web_search": "cost_web_search",
}  # fmt: skip
_TAGS = {"app_name": "app", "provider_name": "served_by", "user": "user"}
#: An id holds the second in which its generation began.
_BEGAN = re.compile(r"gen-([0-9]{10})-")
_NEARBY = timedelta(minutes=10)
_UTC = Notation(zone=UTC)
_CANCELLED = "cancelled"


def claims(header: Json) -> bool:
    """Tell whether these columns are those of the export."""
    return header.keys() >= _OWN


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each generation."""
    return one_each(pieces, reading, _take)


SHAPE = Shape(NAME, claims, read)


def _take(item: Item, reading: Reading) -> UsageRecord:
    # The costs were computed in doubles, whose noise begins beyond a pico-dollar.
    row, cells = item.value, Notation(zone=reading.zone, round_to=PICO_DIGITS)
    request_id = cells.text(row["generation_id"], "generation_id") or ""
    usage, is_cancelled = _usage(cells, row), str(cells.said(row.get(_CANCELLED))).lower() == "true"
    has_failed = is_cancelled and not usage.prompt_tokens and not usage.output
    charged = cells.amount(row["cost_total"], "cost_total")
    return UsageRecord(
        line=item.line,
        provider=reading.provider or _PROVIDER,
        sku=_sku(cells, row),
        request_id=request_id,
        at=_at(cells, row, request_id),
        usage=usage,
        status=Status.FAILED if has_failed else Status.OK,
        charged=charged,
        unit=None if charged is None else "USD",
        error_type=_CANCELLED if has_failed else None,
        api_key_id=cells.text(row.get("api_key_name"), "api_key_name"),
        tags=_tags(cells, row, is_cancelled=is_cancelled),
    )


def _sku(cells: Notation, row: Json) -> str:
    """Return the model as it is asked for: a variant such as `free` stands behind a colon."""
    model, variant = (
        cells.text(row["model_permaslug"], "model_permaslug") or "",
        cells.text(row.get("variant"), "variant"),
    )
    return model if not model or variant in (None, _ORDINARY_VARIANT) else f"{model}:{variant}"


def _usage(cells: Notation, row: Json) -> Usage:
    prompt, output = _required(cells, row, "tokens_prompt"), _required(cells, row, "tokens_completion")
    read = cells.tokens(row.get("tokens_cached"), "tokens_cached") or 0
    if read > prompt:
        raise BadFieldError("cached_exceeds_prompt", "tokens_cached")
    unknown = [field for name, field in _BESIDE_TOKENS.items() if cells.amount(row.get(name), name)]
    if not read and _is_something(cells, row.get("cost_cache")):
        unknown.append("cost_cache")  # a cache was written, and the export does not tell how many tokens
    # Reasoning tokens are part of the completion already and are never added.
    return Usage(input=prompt - read, output=output, cache_read=read, unknown_fields=tuple(sorted(unknown)))


def _required(cells: Notation, row: Json, column: str) -> int:
    count = cells.tokens(row[column], column)
    if count is None:
        raise BadFieldError("no_usage", column)
    return count


def _is_something(cells: Notation, cell: object) -> bool:
    """Tell whether a cost says anything but 0; that of a cache may be a discount, below 0."""
    return bool(cells.amount(cell, "cost_cache", is_refund=True))


def _at(cells: Notation, row: Json, request_id: str) -> datetime | None:
    """Return when the generation was made.

    The export writes UTC without saying so. Where the id, which holds its second, agrees, that is taken to be so; else
    a zone must be told.
    """
    began = _BEGAN.match(request_id)
    if began:
        try:
            at = _UTC.at(row["created_at"], "created_at")
        except BadFieldError:
            at = None  # the same is found below
        if at and abs(at - datetime.fromtimestamp(int(began[1]), UTC)) < _NEARBY:
            return at
    return cells.at(row["created_at"], "created_at")


def _tags(cells: Notation, row: Json, *, is_cancelled: bool) -> tuple[tuple[str, str], ...]:
    told = {tag: cells.text(row.get(column), column) for column, tag in _TAGS.items()}
    if is_cancelled:
        told[_CANCELLED] = "true"
    return tuple(sorted((tag, value) for tag, value in told.items() if value))
