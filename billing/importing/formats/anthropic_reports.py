"""Anthropic's usage and cost reports: a vendor's own sums, by bucket of time and whatever they were grouped by.

Each result is a summary, never a request. It has no id; all that names it (the bucket, the model, the workspace and so
on) makes one, so that a bucket told twice is one and told with other figures is a conflict. Costs are in cents.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.importing.formats.answers import or_reject, rows_of
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    child,
    computed_amount,
    instant,
    labels,
    required_tokens,
    text,
    tokens,
    unknown_fields,
)
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Ignored, Outcome, Reading, Reject, Status, UsageRecord
from pricing.amounts import EXACT
from pricing.usage import STANDARD_TIER, Usage

NAME = "anthropic"
_PLACES_OF_CENTS = 2
_FIRST, _LAST = "starting_at", "ending_at"
_USAGE, _COST = "uncached_input_tokens", "amount"
#: What a result may be grouped by, and what else names it.
_NAMES = (
    "model", "workspace_id", "api_key_id", "account_id", "service_account_id", "service_tier", "context_window",
    "inference_geo", "speed", "cost_type", "token_type", "description", "currency",
)  # fmt: skip
#: Of those, what is kept as a tag; the others have a place of their own or are texts.
_TAGS = (
    "account_id", "service_account_id", "service_tier", "context_window", "inference_geo", "speed", "cost_type",
    "token_type",
)  # fmt: skip
_KNOWN = frozenset({_USAGE, "output_tokens", "cache_read_input_tokens", _FIRST, _LAST, *_NAMES})
_KNOWN_WITHIN = {
    "cache_creation": frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}),
    "server_tool_use": frozenset({"web_search_requests"}),
}
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


def claims(value: Json) -> bool:
    """Tell whether the object is a page of a report, a bucket of one, or a single result."""
    page = value.get("data")
    if isinstance(page, list) and "has_more" in value:
        is_empty = not page and value.keys() == {"data", "has_more", "next_page"}
        return is_empty or any(isinstance(bucket, dict) and _is_bucket(bucket) for bucket in page)
    return _is_bucket(value) or _kind(value) is not None


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each result, and a reject where a page says that more follow which are not there."""
    pages: list[_Page] = []
    for piece in pieces:
        if not isinstance(piece, Item):
            yield piece
            continue
        if "has_more" in piece.value:
            pages.append(_page(piece))
        yield from (one if not isinstance(one, Item) else or_reject(one, reading, _take) for one in _results(piece))
    begun: dict[object, set[str | None]] = {}
    for page in pages:
        begun.setdefault(page.begins, set()).add(page.kind)
    lacking = (page for page in pages if page.has_more and not _has_its_next(page, begun))
    yield from (Reject(page.line, "report_incomplete", "has_more") for page in lacking)


SHAPE = Shape("anthropic_reports", claims, read)


def _is_bucket(value: Json) -> bool:
    return {_FIRST, _LAST} <= value.keys() and isinstance(value.get("results"), list)


def _kind(result: Json) -> str | None:
    """Return whether a result tells usage or a cost."""
    if _USAGE in result:
        return "usage"
    is_cost = _COST in result and "currency" in result and bool({"cost_type", "token_type", _FIRST} & result.keys())
    return "cost" if is_cost else None


@dataclass(frozen=True, slots=True)
class _Page:
    """What of a page tells whether another follows, and which: it begins where this one ends."""

    line: int
    kind: str | None
    begins: object
    ends: object
    has_more: bool


def _page(item: Item) -> _Page:
    buckets = _objects(item.value.get("data"))
    results = [result for bucket in buckets for result in _objects(bucket.get("results"))]
    kind = next((_kind(result) for result in results), None)
    begins, ends = (_time(buckets[0], _FIRST), _time(buckets[-1], _LAST)) if buckets else (None, None)
    return _Page(item.line, kind, begins, ends, bool(item.value["has_more"]))


def _has_its_next(page: _Page, begun: Mapping[object, set[str | None]]) -> bool:
    """Tell by the kinds of the pages that begin at a time whether one can be the next, in whatever order they stand."""
    kinds = begun.get(page.ends, set()) if page.ends is not None else set()
    return bool(kinds if page.kind is None else kinds & {page.kind, None})


def _time(bucket: Json, name: str) -> object:
    """Return a time as it is told; what can be none is nothing to find a page by."""
    told = bucket.get(name)
    return told if isinstance(told, str | int | Decimal) else None


def _objects(values: object) -> list[Json]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _results(item: Item) -> list[Piece]:
    """Return the results of a page, and say of one without any that its line is no record."""
    page = item.value.get("data")
    if not isinstance(page, list):
        return _results_of_bucket(item)
    found: list[Piece] = []
    for bucket in rows_of(item.line, page):
        found += _results_of_bucket(bucket) if isinstance(bucket, Item) else [bucket]
    return [result for result in found if not isinstance(result, Ignored)] or [Ignored(item.line)]


def _results_of_bucket(bucket: Item) -> list[Piece]:
    """Return the results of a bucket, each with its times; what holds no list is taken for a result itself."""
    results = bucket.value.get("results")
    if not isinstance(results, list):
        return [bucket]
    times = {name: bucket.value.get(name) for name in (_FIRST, _LAST)}
    rows = rows_of(bucket.line, results)
    return [Item(row.line, row.value | times) if isinstance(row, Item) else row for row in rows]


def _take(item: Item, reading: Reading) -> Outcome:
    result = item.value
    kind = _kind(result)
    if kind is None:
        raise BadFieldError("unknown_object")
    begins, ends = (instant(result, name, reading.zone) for name in (_FIRST, _LAST))
    charged = _dollars(result) if kind == "cost" else None
    return UsageRecord(
        line=item.line,
        provider=reading.provider or NAME,
        sku=text(result, "model") or "",
        request_id=_name(kind, result, begins, ends),
        at=begins,
        usage=_usage(result) if kind == "usage" else Usage(service_tier=_service_tier(result)),
        status=Status.SUMMARY,
        charged=charged,
        unit=None if charged is None else "USD",
        project=text(result, "workspace_id"),
        api_key_id=text(result, "api_key_id"),
        tags=labels(ending_at=ends and ends.isoformat(), **{name: result.get(name) for name in _TAGS}),
    )


def _name(kind: str, result: Json, begins: datetime | None, ends: datetime | None) -> str:
    """Return an id of the bucket by all that names it, also by what is not known yet; its figures are no part of it.

    Without a time nothing names a bucket: then a cost is told from others by its amount too, and usage by its tokens.
    """
    if begins is None and kind == "usage":
        return ""
    no_names = {_FIRST, _LAST} if begins is None else {_FIRST, _LAST, _COST}
    told = sorted((name, value) for name, value in result.items() if isinstance(value, str) and name not in no_names)
    named = repr((kind, begins and begins.isoformat(), ends and ends.isoformat(), told))
    return f"summary:{hashlib.blake2b(named.encode(), digest_size=12).hexdigest()}"


def _usage(result: Json) -> Usage:
    writes, tools = child(result, "cache_creation"), child(result, "server_tool_use")
    return Usage(
        input=required_tokens(result, _USAGE),
        output=required_tokens(result, "output_tokens"),
        cache_read=tokens(result, "cache_read_input_tokens"),
        cache_write_5m=tokens(writes, "ephemeral_5m_input_tokens"),
        cache_write_1h=tokens(writes, "ephemeral_1h_input_tokens"),
        web_searches=tokens(tools, "web_search_requests"),
        service_tier=_service_tier(result),
        unknown_fields=tuple(sorted(unknown_fields(result, _KNOWN, _KNOWN_WITHIN))),
    )


def _service_tier(result: Json) -> str:
    return text(result, "service_tier") or STANDARD_TIER


def _dollars(result: Json) -> Decimal | None:
    """Return a cost, told in cents as a text, in dollars: "123.45" is 1.2345."""
    cents = result.get(_COST)
    if result.get("currency") != "USD":  # of another currency nobody says what its lowest unit is
        raise BadFieldError("unknown_currency", "currency")
    if not isinstance(cents, str) or not _PLAIN_DECIMAL.fullmatch(cents):
        raise BadFieldError("bad_amount", _COST)
    return computed_amount({_COST: Decimal(cents).scaleb(-_PLACES_OF_CENTS, EXACT)}, _COST)
