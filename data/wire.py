"""What the client's log holds of a simulated request: one JSON line, the vendor's answer inside it in its own shape.

Lines are put together as text: it is fast, and an amount stays the digits that it is. Nothing here needs escaping but
streams. Prompts and answers are the filler "[simulated]".
"""

import json
from datetime import datetime
from typing import Final

from data.month import (
    AIML_API,
    BAD_REQUEST,
    CENT,
    OK,
    STREAM_LOG,
    TOO_MANY,
    UPSTREAM,
    WORKS,
    WORKS_BEFORE,
    Simulated,
    Work,
)

ERRORS: Final = {
    TOO_MANY: ("rate_limit_exceeded", "Too many requests, please slow down", "rate_limit_error"),
    UPSTREAM: ("upstream_error", "Upstream AI provider returned an error", "upstream_error"),
    BAD_REQUEST: ("invalid_request", "Missing or invalid parameters", "invalid_request_error"),
}
"""Code, message and type by HTTP status, from the vendor's error table."""
TEXT: Final = "[simulated]"


def log_line(request: Simulated) -> str:
    """Return the line of the client's log, without its end."""
    call = request.call
    if call.work.file == STREAM_LOG:
        answer = json.dumps(_stream(request))
    elif call.status != OK:
        code, message, kind = ERRORS[call.status]
        error = f'"error":{{"code":"{code}","message":"{message}","type":"{kind}"}}'
        answer = f"{{{error}{_credits(request.charged)}}}"
    else:
        answer = _chat(request) if call.work.route is AIML_API else _message(request)
    head = f'{{"timestamp":"{call.at}","request_id":"{call.id}","status":{call.status},'
    return f'{head}{_BY_WORK[call.work]}"response":{answer}}}'


def with_other_charge(request: Simulated) -> str:
    """Return the line of a request as if the vendor had taken half a credit more."""
    return log_line(request._replace(charged=(request.charged or 0) + 50 * CENT))


def _of_work(work: Work) -> str:
    """Return what is the same in all lines of a kind of work."""
    project = "" if work.project is None else f'"project":"{work.project}",'
    tags = "" if work.team is None else f'"tags":{{"team":"{work.team}"}},'
    stream = "true" if work.file == STREAM_LOG else "false"
    return (
        f'"provider":"{work.route.provider}","api_key_id":"{work.api_key_id}",{project}{tags}'
        f'"request":{{"model":"{work.route.sku}","stream":{stream}}},'
    )


_BY_WORK: Final = {work: _of_work(work) for work in (*WORKS, *WORKS_BEFORE)}


def _message(request: Simulated) -> str:
    fresh, out, read, short, long = request.tokens
    usage = f'"input_tokens":{fresh},"output_tokens":{out}'
    if request.call.work.route.is_official:
        usage += (
            f',"cache_creation_input_tokens":{short + long},"cache_read_input_tokens":{read},"cache_creation":'
            f'{{"ephemeral_5m_input_tokens":{short},"ephemeral_1h_input_tokens":{long}}},"service_tier":"standard"'
        )
    elif read:
        usage += f',"cache_read_input_tokens":{read}'
    return (
        f'{{"id":"{request.answer_id}","type":"message","role":"assistant","model":"{request.call.work.route.answers_as}",'
        f'"stop_reason":"end_turn","content":[{{"type":"text","text":"{TEXT}"}}],'
        f'"usage":{{{usage}}}{_credits(request.charged)}}}'
    )


def _credits(charged: int | None) -> str:
    """Return the vendor's own field as a JSON number without needless zeros, as the vendor writes it."""
    if charged is None:
        return ""
    digits = f"{charged // CENT // 100}.{charged // CENT % 100:02d}"
    return f',"credits_consumed":{digits.rstrip("0").rstrip(".")}'


def _chat(request: Simulated) -> str:
    """Write a chat completion: cached tokens are among the prompt's, reasoning tokens among the answer's."""
    fresh, out, read = request.tokens[:3]
    created = int(datetime.fromisoformat(request.call.at).timestamp())
    return (
        f'{{"id":"{request.answer_id}","object":"chat.completion","created":{created},'
        f'"model":"{request.call.work.route.answers_as}","choices":[{{"index":0,"message":{{"role":"assistant",'
        f'"content":"{TEXT}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{fresh + read},'
        f'"completion_tokens":{out},"total_tokens":{fresh + read + out},'
        f'"prompt_tokens_details":{{"cached_tokens":{read}}},'
        f'"completion_tokens_details":{{"reasoning_tokens":{out // 2}}}}}}}'
    )


def _stream(request: Simulated) -> str:
    """Write the events of a stream as they were received. The count of output tokens grows; the last word is true."""
    fresh, out = request.call.tokens[:2]
    model = request.call.work.route.answers_as
    start = {"id": request.answer_id, "type": "message", "role": "assistant", "model": model}
    text = {"type": "text_delta", "text": TEXT}
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": {**start, "usage": {"input_tokens": fresh, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": text},
    ]
    if request.call.ending == "error":
        events.append({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    elif not request.call.ending:
        events += [
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": out}},
            {"type": "message_stop"},
        ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n" for event in events)
