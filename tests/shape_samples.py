"""One record of each shape of gateways' and vendors' own logs, to be changed at hand, and what is read from it."""

import json
from datetime import tzinfo

from billing.records import Outcome, Reject, UsageRecord
from tests.reading import Json, read

GENERATION: Json = {
    "id": "gen-3bhGkxlo4XFrqiabUM7NDtwDzWwG", "upstream_id": "chatcmpl-791bcf62", "total_cost": 0.0015,
    "cache_discount": 0.0002, "upstream_inference_cost": 0.0012, "created_at": "2024-07-15T23:33:19.433273+00:00",
    "model": "sao10k/l3-stheno-8b", "app_id": 12345, "streamed": True, "cancelled": False,
    "provider_name": "Infermatic", "latency": 1250, "moderation_latency": 50, "generation_time": 1200,
    "finish_reason": "stop", "tokens_prompt": 11, "tokens_completion": 26, "native_tokens_prompt": 10,
    "native_tokens_completion": 25, "native_tokens_completion_images": 0, "native_tokens_reasoning": 5,
    "native_tokens_cached": 3, "num_media_prompt": None, "num_input_audio_prompt": None, "num_media_completion": None,
    "num_search_results": None, "origin": "https://example.org/", "usage": 0.0015, "is_byok": False,
    "native_finish_reason": "stop", "external_user": "user-123", "api_type": "completions", "router": None,
}  # fmt: skip
USAGE_OBJECT: Json = {
    "prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050, "cache_read_input_tokens": 600,
    "cache_creation_input_tokens": 300,
    "prompt_tokens_details": {
        "cached_tokens": 600, "cache_creation_tokens": 300, "text_tokens": 100, "audio_tokens": None,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 40},
    },
    "completion_tokens_details": {"reasoning_tokens": 20},
    "server_tool_use": {"web_search_requests": 2},
}  # fmt: skip
SPEND: Json = {
    "request_id": "chatcmpl-9", "call_type": "acompletion", "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df77",
    "spend": 0.0086, "total_tokens": 1050, "prompt_tokens": 1000, "completion_tokens": 50,
    "startTime": "2026-03-05T10:00:00.123Z", "endTime": "2026-03-05T10:00:02Z", "model": "anthropic/claude-sonnet-4-6",
    "model_group": "sonnet", "custom_llm_provider": "anthropic", "cache_hit": "False", "cache_key": "Cache OFF",
    "request_tags": ["team-a", "batch"], "team_id": "team-1", "end_user": "customer-7", "user": "someone@example.org",
    "requester_ip_address": "203.0.113.9", "status": "success", "messages": "{}", "response": "{}",
    "metadata": {"user_api_key_team_alias": "Research", "usage_object": USAGE_OBJECT},
}  # fmt: skip
CONSUMED: Json = {
    "id": 17, "user_id": 4, "created_at": 1772673812, "type": 2, "content": "ratio 0.75", "username": "alice",
    "token_name": "ci", "model_name": "claude-sonnet-4-6", "quota": 169, "prompt_tokens": 123, "completion_tokens": 78,
    "use_time": 3, "is_stream": True, "channel": 5, "token_id": 31, "group": "vip", "ip": "203.0.113.9",
    "other": '{"model_ratio":0.75,"group_ratio":1,"completion_ratio":1.33,"cache_tokens":20,"model_price":-1}',
}  # fmt: skip
USAGE_RESULT: Json = {
    "model": "claude-opus-4-6", "uncached_input_tokens": 1500, "output_tokens": 500, "cache_read_input_tokens": 200,
    "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 40},
    "server_tool_use": {"web_search_requests": 10}, "service_tier": "batch", "context_window": "0-200k",
    "api_key_id": "apikey_01", "workspace_id": "wrkspc_01", "inference_geo": "global", "account_id": None,
}  # fmt: skip
COST_RESULT: Json = {
    "amount": "123.45", "currency": "USD", "cost_type": "tokens", "description": "Claude Opus 4.6 Usage",
    "token_type": "cache_creation.ephemeral_1h_input_tokens", "model": "claude-opus-4-6", "workspace_id": "wrkspc_01",
    "context_window": "0-200k", "service_tier": "standard",
}  # fmt: skip
SENT: Json = {
    "event": "message_send",
    "properties": {
        "main_model": "gemini/gemini-2.5-pro", "weak_model": "gemini/gemini-2.5-flash", "editor_model": "None",
        "edit_format": "ask", "prompt_tokens": 10006, "completion_tokens": 81, "total_tokens": 10087,
        "cost": 0.013317500000000001, "total_cost": 0.5,
    },
    "user_id": "c42c4e6b-f054-44d7-ae1f-6726cc41da88", "time": 1755100406,
}  # fmt: skip


def bucket(*results: Json, day: int = 1) -> Json:
    """Return a day of August 2025 of a report, with these results."""
    times = (f"2025-08-{day:02}T00:00:00Z", f"2025-08-{day + 1:02}T00:00:00Z")
    return {"starting_at": times[0], "ending_at": times[1], "results": list(results)}


def page(*buckets: Json, has_more: bool = False) -> Json:
    """Return a page of a report."""
    return {"data": list(buckets), "has_more": has_more, "next_page": "page_xyz" if has_more else None}


def outcome_of(value: Json | str, *, provider: str | None = None, zone: tzinfo | None = None) -> Outcome:
    """Return the one outcome of a log that holds this object alone."""
    text = value if isinstance(value, str) else json.dumps(value)
    (outcome,) = read(text, provider=provider, zone=zone)
    return outcome


def record_in(value: Json | str, *, provider: str | None = None, zone: tzinfo | None = None) -> UsageRecord:
    """Return the one record of a log that holds this object alone."""
    outcome = outcome_of(value, provider=provider, zone=zone)
    assert isinstance(outcome, UsageRecord), outcome
    return outcome


def reject_of(value: Json | str) -> tuple[str, str | None]:
    """Return why the one object of a log is rejected: the reason and the field."""
    outcome = outcome_of(value)
    assert isinstance(outcome, Reject), outcome
    return outcome.reason, outcome.field
