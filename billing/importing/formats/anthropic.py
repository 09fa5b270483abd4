"""Usage as Anthropic's Messages API tells it: input counted without cache, cache writes by lifetime."""

from billing.importing.formats.answers import Family
from billing.importing.formats.fields import (
    BadFieldError,
    Json,
    child,
    required_tokens,
    said_tokens,
    says_nothing,
    text,
    tokens,
    unknown_fields,
)
from pricing.usage import STANDARD_TIER, Usage

NAME = "anthropic"
_KNOWN = frozenset({
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    "service_tier", "inference_geo", "speed", "iterations", "cost", "cost_details",
})  # fmt: skip
_KNOWN_WITHIN = {
    "cache_creation": frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}),
    "server_tool_use": frozenset({"web_search_requests", "web_fetch_requests"}),
    "output_tokens_details": frozenset({"thinking_tokens"}),  # they are part of output_tokens
}
#: Values at which a field changes no price.
_ORDINARY = {"inference_geo": {"global", "not_available"}, "speed": {"standard", "fast"}}
_COUNTS = frozenset({"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"})
_KNOWN_OF_ITERATION = _COUNTS | {"type", "model", "cache_creation"}


def is_message(answer: Json) -> bool:
    """Tell whether this is an answer of the Messages API."""
    usage = answer.get("usage")
    if answer.get("type") == "message":
        return True
    has_input = isinstance(usage, dict) and "input_tokens" in usage and "input_tokens_details" not in usage
    return has_input and answer.get("type") is None and answer.get("object") is None


def usage(answer: Json, provider: str | None) -> Usage:
    """Return the usage of an answer, in disjoint kinds."""
    told = child(answer, "usage")
    if not told:
        raise BadFieldError("no_usage", "usage")
    five_minutes, one_hour, unsplit = _cache_writes(told)
    tools = child(told, "server_tool_use")
    return Usage(
        input=required_tokens(told, "input_tokens"),
        output=required_tokens(told, "output_tokens"),
        cache_read=tokens(told, "cache_read_input_tokens"),
        cache_write_5m=five_minutes,
        cache_write_1h=one_hour,
        cache_write_unsplit=unsplit,
        web_searches=tokens(tools, "web_search_requests"),
        service_tier=_service_tier(told),
        unknown_fields=_unpriced_fields(told, provider, answer.get("model")),
    )


def _service_tier(told: Json) -> str:
    """Return the tier that the price depends on; fast answers of the standard tier have a price of their own."""
    tier = text(told, "service_tier") or STANDARD_TIER
    return "fast" if tier == STANDARD_TIER and told.get("speed") == "fast" else tier


MESSAGE = Family(NAME, is_message, usage)


def _cache_writes(told: Json) -> tuple[int, int, int]:
    """Return cache writes of 5 minutes, of 1 hour, and those whose lifetime nobody tells."""
    split = child(told, "cache_creation")
    five_minutes, one_hour = tokens(split, "ephemeral_5m_input_tokens"), tokens(split, "ephemeral_1h_input_tokens")
    total = said_tokens(told, "cache_creation_input_tokens")
    unsplit = 0 if total is None else total - five_minutes - one_hour
    if unsplit < 0:
        raise BadFieldError("cache_split_exceeds_total", "cache_creation")
    return five_minutes, one_hour, unsplit


def _unpriced_fields(told: Json, provider: str | None, model: object) -> tuple[str, ...]:
    """Name the fields that say something which nobody here can price."""
    found = unknown_fields(told, _KNOWN, _KNOWN_WITHIN)
    for name, ordinary in _ORDINARY.items():
        value = told.get(name)
        if not says_nothing(value) and not (isinstance(value, str) and value in ordinary):
            found.add(name)
    # Anthropic charges a fetch by its tokens alone; of the others nobody publishes that.
    if tokens(child(told, "server_tool_use"), "web_fetch_requests") and provider != NAME:
        found.add("web_fetch_requests")
    if _iterations_say_more(told, model):
        found.add("iterations")
    return tuple(sorted(found))


def _iterations_say_more(told: Json, model: object) -> bool:
    """Tell whether the list of iterations holds usage that the top level does not, such as another model's."""
    iterations = told.get("iterations")
    if says_nothing(iterations):
        return False
    if not isinstance(iterations, list):
        return True
    own = [part for part in iterations if isinstance(part, dict) and part.get("type") == "message"]
    if len(own) != len(iterations) or any(_is_foreign(part, model) for part in own):
        return True
    return any(sum(tokens(part, name) for part in own) != tokens(told, name) for name in _COUNTS)


def _is_foreign(iteration: Json, model: object) -> bool:
    """Tell whether an iteration ran on another model or has usage of an unknown kind."""
    is_known = iteration.keys() <= _KNOWN_OF_ITERATION
    return not is_known or iteration.get("model") not in (None, model)
