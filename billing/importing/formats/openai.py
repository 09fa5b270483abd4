"""Usage as the Chat Completions and Responses APIs tell it, also by OpenRouter: input includes the cache."""

from dataclasses import dataclass

from billing.importing.formats.answers import Family
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    child,
    required_tokens,
    said_tokens,
    text,
    tokens,
    unknown_fields,
)
from pricing.usage import STANDARD_TIER, Usage

NAME = "openai"
_ORDINARY_TIERS = frozenset({"auto", "default", "standard"})
_INPUT_DETAILS = frozenset({"cached_tokens", "cache_write_tokens", "text_tokens"})
#: All of them are part of the output count.
_OUTPUT_DETAILS = frozenset({
    "reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens", "text_tokens",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Names:
    """What an API calls its two counts, and the fields that are read or cost nothing of their own."""

    input: str
    output: str
    known: frozenset[str]
    known_within: dict[str, frozenset[str]]


def _names(counted_in: str, counted_out: str) -> _Names:
    known = frozenset({counted_in, counted_out, "total_tokens", "cost", "cost_details"})
    known_within = {
        f"{counted_in}_details": _INPUT_DETAILS,
        f"{counted_out}_details": _OUTPUT_DETAILS,
        "server_tool_use": frozenset({"web_search_requests"}),
    }
    return _Names(counted_in, counted_out, known, known_within)


_CHAT = _names("prompt_tokens", "completion_tokens")
_RESPONSES = _names("input_tokens", "output_tokens")


def is_chat(answer: Json) -> bool:
    """Tell whether this is a chat completion, which OpenRouter's records need not say."""
    usage = answer.get("usage")
    return answer.get("object") == "chat.completion" or (isinstance(usage, dict) and "prompt_tokens" in usage)


def is_response(answer: Json) -> bool:
    """Tell whether this is an answer of the Responses API."""
    usage = answer.get("usage")
    return answer.get("object") == "response" or (isinstance(usage, dict) and "input_tokens_details" in usage)


def _chat_usage(answer: Json, _: str | None) -> Usage:
    return _usage(answer, _CHAT)


def _response_usage(answer: Json, _: str | None) -> Usage:
    return _usage(answer, _RESPONSES)


CHAT = Family(NAME, is_chat, _chat_usage)
RESPONSE = Family(NAME, is_response, _response_usage)


def _usage(answer: Json, names: _Names) -> Usage:
    told = child(answer, "usage")
    prompt, output = required_tokens(told, names.input), required_tokens(told, names.output)
    # Reasoning tokens are part of the output already and are never added.
    if said_tokens(told, "total_tokens") not in (None, prompt + output):
        raise BadFieldError("total_mismatch", "total_tokens")
    details = child(told, f"{names.input}_details")
    read, written = tokens(details, "cached_tokens"), tokens(details, "cache_write_tokens")
    if read + written > prompt:
        raise BadFieldError("cached_exceeds_prompt", "cached_tokens")
    return Usage(
        input=prompt - read - written,
        output=output,
        cache_read=read,
        cache_write_unsplit=written,
        web_searches=tokens(child(told, "server_tool_use"), "web_search_requests"),
        service_tier=_service_tier(answer),
        # Such as audio tokens, or a key of one's own.
        unknown_fields=tuple(sorted(unknown_fields(told, names.known, names.known_within))),
    )


def _service_tier(answer: Json) -> str:
    tier = text(answer, "service_tier")
    return STANDARD_TIER if tier is None or tier in _ORDINARY_TIERS else tier
