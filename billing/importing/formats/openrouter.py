"""Generations of OpenRouter, as its `/generation` tells them: native tokens and the dollars that it charged.

`native_tokens_*` are the tokens of the model's own tokenizer, by which OpenRouter bills; `tokens_*` are of another and
left alone. Cached tokens are part of the prompt, reasoning tokens part of the completion. Cache writes are not told:
only a discount below zero says that there were some.
"""

from collections.abc import Iterator
from decimal import Decimal

from billing.importing.formats.answers import one_each
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    computed_amount,
    instant,
    labels,
    required_tokens,
    says_nothing,
    text,
    tokens,
    unknown_counts,
)
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import Outcome, Reading, Status, UsageRecord
from pricing.usage import STANDARD_TIER, Usage

NAME = "openrouter"
_PROMPT, _COMPLETION = "native_tokens_prompt", "native_tokens_completion"
#: Fields that hold numbers of no price of their own.
_KNOWN = frozenset({
    _PROMPT, _COMPLETION, "native_tokens_cached", "native_tokens_reasoning", "tokens_prompt", "tokens_completion",
    "total_cost", "usage", "upstream_inference_cost", "cache_discount", "app_id", "created_at", "latency",
    "moderation_latency", "generation_time", "provider_responses",
})  # fmt: skip
_ORDINARY_TIERS = frozenset({"auto", "default", "standard"})


def claims(value: Json) -> bool:
    """Tell whether the object is a generation, bare or in the `data` of OpenRouter's answer."""
    told = _generation(value)
    return _PROMPT in told or {"total_cost", "is_byok"} <= told.keys()


def read(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    """Give a record for each generation."""
    return one_each(pieces, reading, _take)


SHAPE = Shape("openrouter", claims, read)


def _generation(value: Json) -> Json:
    data = value.get("data")
    return data if isinstance(data, dict) else value


def _take(item: Item, reading: Reading) -> Outcome:
    told = _generation(item.value)
    if not claims(told):
        raise BadFieldError("unknown_object")
    ended_as = _failure(told)
    # Older answers name the charge only as `usage`.
    charged = computed_amount(told, "usage" if told.get("total_cost") is None else "total_cost")
    return UsageRecord(
        line=item.line,
        provider=reading.provider or NAME,
        sku=text(told, "model") or "",
        request_id=text(told, "id") or "",
        at=instant(told, "created_at", reading.zone),
        usage=Usage() if ended_as else _usage(told),
        status=Status.FAILED if ended_as else Status.OK,
        charged=charged,
        unit=None if charged is None else "USD",
        error_type=ended_as,
        tags=labels(
            served_by=told.get("provider_name"), user=told.get("external_user"), app_id=told.get("app_id"),
            cancelled=told.get("cancelled") is True or None,
        ),
    )  # fmt: skip


def _failure(told: Json) -> str | None:
    """Return why a generation has no usage, if it is one that was cancelled or failed before it had any."""
    if tokens(told, _PROMPT) or tokens(told, _COMPLETION):
        return None
    if told.get("cancelled") is True:
        return "cancelled"
    return "error" if told.get("finish_reason") == "error" else None


def _usage(told: Json) -> Usage:
    prompt, cached = required_tokens(told, _PROMPT), tokens(told, "native_tokens_cached")
    completion = required_tokens(told, _COMPLETION)
    if cached > prompt:
        raise BadFieldError("cached_exceeds_prompt", "native_tokens_cached")
    if tokens(told, "native_tokens_reasoning") > completion:
        raise BadFieldError("reasoning_exceeds_completion", "native_tokens_reasoning")
    return Usage(
        input=prompt - cached,
        output=completion,
        cache_read=cached,
        service_tier=_service_tier(told),
        unknown_fields=tuple(sorted(_unpriced_fields(told))),
    )


def _service_tier(told: Json) -> str:
    tier = text(told, "service_tier")
    return STANDARD_TIER if tier is None or tier in _ORDINARY_TIERS else tier


def _unpriced_fields(told: Json) -> set[str]:
    """Name the fields that say something which no card of rates per token prices."""
    found = unknown_counts(told, _KNOWN)
    if not says_nothing(told.get("is_byok")):  # the charge is OpenRouter's fee; the tokens were paid with a key
        found.add("is_byok")
    discount = told.get("cache_discount")
    if isinstance(discount, int | Decimal) and discount < 0:
        found.add("cache_discount")
    return found
