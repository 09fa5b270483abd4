"""Logs of new-api and one-api, the software behind many resellers: tokens, and quota of which 500,000 are a dollar.

The dollar is the reseller's own, worth what it sells it for. The `id` that users are shown is cut or counted anew for
each page, so it names nothing: a request is told by `request_id`, which newer versions write, or by content, key and
time to the second. Failed tries and refunds carry the id of the request they belong to, so they always go by content.

Whether `prompt_tokens` includes the cache depends on the API that was asked. `other` tells it: `usage_semantic`, in
older versions `claude`, means without. Where neither is there and cache writes are split by lifetime, versions differ,
which is noted as an unknown field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.importing.formats.answers import rows_each, rows_of
from billing.importing.formats.fields import (
    AMOUNT_LIMIT,
    BadFieldError,
    Json,
    code,
    instant,
    labels,
    nested,
    required_tokens,
    text,
    tokens,
    unknown_counts,
)
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import OF_REQUEST, Ignored, Outcome, Reading, Status, UsageRecord
from pricing.usage import Usage

QUOTA_PER_USD = 500_000

_CONSUMED, _ERROR, _REFUND = 2, 5, 6
#: Top-ups, and what managers and the system did.
_NO_REQUESTS = frozenset({1, 3, 4})
_REQUESTS = frozenset({_CONSUMED, _ERROR, _REFUND})
_HTTP_CODES = range(100, 600)
_WRITES_5M, _WRITES_1H = "cache_creation_tokens_5m", "cache_creation_tokens_1h"
_SEMANTIC, _TOTAL_IN = "usage_semantic", "input_tokens_total"
#: Fields of `other` that hold numbers and change no price by themselves.
_KNOWN = frozenset({
    "cache_tokens", "cache_creation_tokens", _WRITES_5M, _WRITES_1H, "cache_write_tokens", _TOTAL_IN,
    "model_ratio", "group_ratio", "user_group_ratio", "completion_ratio", "cache_ratio", "cache_creation_ratio",
    "cache_creation_ratio_5m", "cache_creation_ratio_1h", "model_price", "frt", "admin_info", "stream_status", "po",
    "subscription_id", "subscription_pre_consumed", "subscription_post_delta", "subscription_plan_id",
    "subscription_total", "subscription_used", "subscription_remain", "subscription_consumed", "request_rules",
})  # fmt: skip


def claims(value: Json) -> bool:
    """Tell whether the object is a line of the log, or a page of it as the API gives them."""
    return _is_line(value) or any(isinstance(row, dict) and _is_line(row) for row in _page(value) or ())


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each request, failure and refund; top-ups and notes of the system are ignored."""
    return rows_each(pieces, reading, _rows, _take)


SHAPE = Shape("new_api", claims, read)


def _is_line(value: Json) -> bool:
    return type(value.get("type")) is int and {"quota", "created_at", "model_name"} <= value.keys()


def _page(value: Json) -> list[object] | None:
    data = value.get("data")
    page = data.get("items") if isinstance(data, dict) else data
    return page if isinstance(page, list) else None


def _rows(item: Item) -> list[Piece]:
    page = None if "quota" in item.value else _page(item.value)
    return [item] if page is None else rows_of(item.line, page)


def _take(item: Item, reading: Reading) -> Outcome:
    line = item.value
    kind, quota = line.get("type"), _quota(line)
    if type(kind) is not int or not _is_line(line):
        raise BadFieldError("unknown_object", "type")
    if kind in _NO_REQUESTS or (kind not in _REQUESTS and not quota):
        return Ignored(item.line)
    if kind not in _REQUESTS:
        raise BadFieldError("unknown_object", "type")
    told = _Told(line, nested(line, "other"), quota)
    of_request = text(line, "request_id") or ""
    # A task that is settled later writes a line for the difference, under the id of the request.
    names_it = kind == _CONSUMED and (quota or 0) >= 0 and "task_id" not in told.other
    record = UsageRecord(
        line=item.line,
        provider=reading.provider,
        sku=text(line, "model_name") or "",
        request_id=of_request if names_it else "",
        at=instant(line, "created_at", reading.zone),
        project=text(line, "token_name"),
        api_key_id=text({"token_id": line.get("token_id") or None}, "token_id"),
        tags=labels(
            **{OF_REQUEST: None if names_it else of_request}, group=line.get("group"), username=line.get("username")
        ),
    )
    if kind == _ERROR:
        return _failed(record, told)
    return _refunded(record, told) if kind == _REFUND or (quota or 0) < 0 else _consumed(record, told)


@dataclass(frozen=True, slots=True)
class _Told:
    """A line, what its `other` says, and its quota."""

    line: Json
    other: Json
    quota: int | None


def _quota(line: Json) -> int | None:
    quota = line.get("quota")
    if quota is None:
        return None
    if type(quota) is not int:
        raise BadFieldError("bad_amount", "quota")
    if abs(quota) >= AMOUNT_LIMIT * QUOTA_PER_USD:
        raise BadFieldError("amount_out_of_range", "quota")
    return quota


def _charged(record: UsageRecord, quota: int | None) -> UsageRecord:
    """Return the record with its charge in dollars, to the last digit."""
    if quota is None:
        return record
    return replace(record, charged=Decimal(quota * 1_000_000 // QUOTA_PER_USD).scaleb(-6), unit="USD")


def _consumed(record: UsageRecord, told: _Told) -> UsageRecord:
    usage = _usage(told)
    if not usage.prompt_tokens and not usage.output and not told.quota:
        # The vendor answered without usage, and the reseller could charge nothing.
        return _charged(replace(record, status=Status.FAILED, error_type="no_usage"), told.quota)
    return _charged(replace(record, usage=usage), told.quota)


def _failed(record: UsageRecord, told: _Told) -> UsageRecord:
    status = told.other.get("status_code")
    failed = replace(
        record,
        status=Status.FAILED,
        error_status=status if type(status) is int and status in _HTTP_CODES else None,
        error_code=code(told.other, "error_code"),
        error_type=code(told.other, "error_type"),
    )
    return _charged(failed, told.quota)


def _refunded(record: UsageRecord, told: _Told) -> UsageRecord:
    """Return the record of money given back; a line without quota tells its amount in no field."""
    if told.line["type"] == _REFUND and (told.quota or 0) < 0:
        raise BadFieldError("negative_charge", "quota")
    return _charged(replace(record, status=Status.REFUND), -abs(told.quota) if told.quota else None)


def _usage(told: _Told) -> Usage:
    prompt, output = required_tokens(told.line, "prompt_tokens"), required_tokens(told.line, "completion_tokens")
    read = tokens(told.other, "cache_tokens")
    five_minutes, one_hour, unsplit = _cache_writes(told.other)
    cached = read + five_minutes + one_hour + unsplit
    uncached = prompt - cached if _includes_cache(told.other, prompt, cached) else prompt
    if uncached < 0:
        raise BadFieldError("cached_exceeds_prompt", "prompt_tokens")
    return Usage(
        input=uncached,
        output=output,
        cache_read=read,
        cache_write_5m=five_minutes,
        cache_write_1h=one_hour,
        cache_write_unsplit=unsplit,
        unknown_fields=tuple(sorted(_unpriced_fields(told.other))),
    )


def _cache_writes(other: Json) -> tuple[int, int, int]:
    """Return cache writes of 5 minutes, of 1 hour, and those whose lifetime nobody tells."""
    five_minutes, one_hour = tokens(other, _WRITES_5M), tokens(other, _WRITES_1H)
    # Some upstreams tell the split alone, and then the total is left at 0.
    total = tokens(other, "cache_creation_tokens") or tokens(other, "cache_write_tokens")
    unsplit = total - five_minutes - one_hour if total else 0
    if unsplit < 0:
        raise BadFieldError("cache_split_exceeds_total", "cache_creation_tokens")
    return five_minutes, one_hour, unsplit


def _includes_cache(other: Json, prompt: int, cached: int) -> bool:
    """Tell whether `prompt_tokens` counts the cached tokens too."""
    semantic = text(other, _SEMANTIC)
    if semantic is not None:
        if semantic not in ("anthropic", "openai"):
            raise BadFieldError("unknown_usage_semantic", _SEMANTIC)
        return semantic == "openai"
    total = tokens(other, _TOTAL_IN)
    if total and total not in (prompt, prompt + cached):
        raise BadFieldError("total_mismatch", _TOTAL_IN)
    if total:
        return total == prompt
    return other.get("claude") is not True and not _is_ambiguous(other)


def _is_ambiguous(other: Json) -> bool:
    """Tell whether nothing says how the prompt was counted; today's version then counts it without the cache."""
    says_how = other.get(_SEMANTIC) or other.get(_TOTAL_IN) or other.get("claude") is True
    return not says_how and bool(other.get(_WRITES_5M) or other.get(_WRITES_1H))


def _unpriced_fields(other: Json) -> set[str]:
    """Name the fields that say something which no card of rates per token prices."""
    found = unknown_counts(other, _KNOWN)
    price = other.get("model_price")  # of a call, whatever its tokens; -1 where the model is sold by the token
    if isinstance(price, int | Decimal) and price > 0:
        found.add("model_price")
    if "task_id" in other:
        found.add("task_id")
    if _is_ambiguous(other):
        found.add(_SEMANTIC)
    return found
