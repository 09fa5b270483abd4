"""Spend logs of the LiteLLM gateway: one row a request, with the dollars that the gateway booked for it.

`prompt_tokens` includes what was read from and written to a cache; how much that was is in `metadata.usage_object`, and
where a row has none, all of it counts as input. `spend` is computed in doubles, so it is taken to the pico-dollar.
"""

from collections.abc import Iterator

from billing.importing.formats.answers import rows_each, rows_of
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    child,
    code,
    computed_amount,
    instant,
    labels,
    nested,
    parsed,
    required_tokens,
    said_tokens,
    says_nothing,
    tags,
    text,
    tokens,
    unknown_fields,
)
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Outcome, Reading, Status, UsageRecord
from pricing.usage import STANDARD_TIER, Usage

_SPLIT = "cache_creation_token_details"
_LIFETIMES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
#: Fields that change the price unless they hold one of these values.
_ORDINARY = {"inference_geo": frozenset({"global", "not_available"}), "speed": frozenset({"standard", "fast"})}
_ORDINARY_TIERS = frozenset({"auto", "default", "standard"})
_KNOWN = frozenset({
    "prompt_tokens", "completion_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    "cost", "cost_details", "service_tier", *_ORDINARY,
})  # fmt: skip
_KNOWN_WITHIN = {
    "prompt_tokens_details": frozenset({
        "cached_tokens", "cache_creation_tokens", "cache_write_tokens", _SPLIT, "text_tokens",
    }),
    "completion_tokens_details": frozenset({
        "reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens", "text_tokens",
    }),
    "server_tool_use": frozenset({"web_search_requests"}),
}  # fmt: skip


def claims(value: Json) -> bool:
    """Tell whether the object is a row of the spend log, or a page of them."""
    page = value.get("data")
    return _is_row(value) or (isinstance(page, list) and any(isinstance(row, dict) and _is_row(row) for row in page))


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each row."""
    return rows_each(pieces, reading, _rows, _take)


SHAPE = Shape("litellm", claims, read)


def _is_row(value: Json) -> bool:
    return {"spend", "startTime", "request_id"} <= value.keys()


def _rows(item: Item) -> list[Piece]:
    page = item.value.get("data")
    return rows_of(item.line, page) if isinstance(page, list) and not _is_row(item.value) else [item]


def _take(item: Item, reading: Reading) -> Outcome:
    row = item.value
    if not _is_row(row):
        raise BadFieldError("unknown_object")
    metadata = nested(row, "metadata")
    has_failed = "failure" in (row.get("status"), metadata.get("status"))
    error = nested(metadata, "error_information") if has_failed else {}
    spend = computed_amount(row, "spend")
    provider, sku = text(row, "custom_llm_provider"), text(row, "model") or ""
    return UsageRecord(
        line=item.line,
        provider=reading.provider or provider,
        # The gateway may write the provider before the model as well.
        sku=sku.removeprefix(f"{provider}/"),
        request_id=text(row, "request_id") or "",
        at=instant(row, "startTime", reading.zone),
        usage=Usage() if has_failed else _usage(row, metadata),
        status=Status.FAILED if has_failed else Status.OK,
        charged=spend,
        unit=None if spend is None else "USD",
        error_code=code(error, "error_code"),
        error_type=code(error, "error_class"),
        project=text(metadata, "user_api_key_team_alias") or text(row, "team_id"),
        api_key_id=text(row, "api_key"),
        tags=_tags(row),
    )


def _tags(row: Json) -> tuple[tuple[str, str], ...]:
    """Return the tags that the request carried, and for whom it was."""
    told = row.get("request_tags")
    given = tags({"request_tags": parsed(told, "request_tags") if isinstance(told, str) else told}, "request_tags")
    own = labels(end_user=row.get("end_user"), model_group=row.get("model_group"))
    return tuple(sorted({**dict(given), **dict(own)}.items()))


def _usage(row: Json, metadata: Json) -> Usage:
    prompt, completion = required_tokens(row, "prompt_tokens"), required_tokens(row, "completion_tokens")
    # Older versions tell the details under the other name.
    told = nested(metadata, "usage_object") or nested(metadata, "additional_usage_values")
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    for name, count in counts.items():
        if any(said_tokens(source, name) not in (None, count) for source in (row, told)):
            raise BadFieldError("total_mismatch", name)
    details = child(told, "prompt_tokens_details")
    cached = _either(told, "cache_read_input_tokens", details, "cached_tokens")
    five_minutes, one_hour, unsplit = _cache_writes(told, details)
    uncached = prompt - cached - five_minutes - one_hour - unsplit
    if uncached < 0:
        raise BadFieldError("cached_exceeds_prompt", "prompt_tokens")
    return Usage(
        input=uncached,
        output=completion,
        cache_read=cached,
        cache_write_5m=five_minutes,
        cache_write_1h=one_hour,
        cache_write_unsplit=unsplit,
        web_searches=tokens(child(told, "server_tool_use"), "web_search_requests"),
        service_tier=_service_tier(told),
        unknown_fields=tuple(sorted(_unpriced_fields(row, told))),
    )


def _either(told: Json, name: str, details: Json, name_within: str) -> int:
    """Return a count that stands in two places; if both say something they say the same."""
    first, second = tokens(told, name), tokens(details, name_within)
    if first and second and first != second:
        raise BadFieldError("total_mismatch", name)
    return first or second


def _cache_writes(told: Json, details: Json) -> tuple[int, int, int]:
    """Return cache writes of 5 minutes, of 1 hour, and those whose lifetime nobody tells."""
    split = child(details, _SPLIT)
    five_minutes, one_hour = (tokens(split, name) for name in _LIFETIMES)
    total = _either(told, "cache_creation_input_tokens", details, "cache_creation_tokens")
    total = total or tokens(details, "cache_write_tokens")
    unsplit = total - five_minutes - one_hour if total else 0
    if unsplit < 0:
        raise BadFieldError("cache_split_exceeds_total", _SPLIT)
    return five_minutes, one_hour, unsplit


def _service_tier(told: Json) -> str:
    tier = text(told, "service_tier")
    if tier is None or tier in _ORDINARY_TIERS:
        return "fast" if told.get("speed") == "fast" else STANDARD_TIER
    return tier


def _unpriced_fields(row: Json, told: Json) -> set[str]:
    """Name the fields that say something which no card of rates per token prices."""
    found = unknown_fields(told, _KNOWN, _KNOWN_WITHIN)
    for name, ordinary in _ORDINARY.items():
        value = told.get(name)
        if not says_nothing(value) and not (isinstance(value, str) and value in ordinary):
            found.add(name)
    split = child(child(told, "prompt_tokens_details"), _SPLIT)
    found |= {f"{_SPLIT}.{name}" for name in unknown_fields(split, frozenset(_LIFETIMES), {})}
    # The gateway answered from a cache of its own: no vendor was asked.
    if row.get("cache_hit") in (True, "True", "true"):
        found.add("cache_hit")
    # Such as an image or speech, which are not sold by the token.
    if not tokens(row, "prompt_tokens") and not tokens(row, "completion_tokens") and row.get("spend"):
        found.add("spend")
    return found
