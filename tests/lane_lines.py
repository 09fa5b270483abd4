"""Lines of the shapes that have a fast lane, put together from members; and each oddity of a line, one at a time."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from billing.importing.strict_json import StrictJSONError, loads
from tests.lane_values import ANY, CHARGES, MEMBERS, NO_OBJECTS, STATUSES, TAGS, TIMES, TOKENS, WORDS

Place = tuple[str, ...]
"""The keys that lead to a member, each spelt as it stands between its quotes."""
Members = list[tuple[Place, str]]
"""What a line says: where, and the JSON that stands there, spelt as in the file. Nameless ones hold their own name."""

_USAGE: Final = {
    "input_tokens": "1", "output_tokens": "2", "cache_read_input_tokens": "3", "cache_creation_input_tokens": "9",
    "cache_creation.ephemeral_5m_input_tokens": "4", "cache_creation.ephemeral_1h_input_tokens": "5",
    "server_tool_use.web_search_requests": "1", "server_tool_use.web_fetch_requests": "0", "service_tier": '"standard"',
    "inference_geo": '"global"', "speed": '"standard"',
}  # fmt: skip
_CALL: Final = {
    "timestamp": '"2026-03-05T10:00:00Z"', "request_id": '"call-$"', "provider": '"aivideoapi"', "project": '"search"',
    "api_key_id": '"key_7"', "tags": '{"team":"a","step":1}', "request.model": '"claude-sonnet-4-6"',
    "request.stream": "true", "response.id": '"msg_$"', "response.credits_consumed": "0.06",
}  # fmt: skip
_ANSWER: Final = {"status": "200", "response.type": '"message"', "response.model": '"m2"', "response.content": "[1]"}
_ERROR: Final = {
    "status": "500", "response.error.code": '"upstream"', "response.error.type": '"upstream"',
    "response.error.message": '"no"',
}  # fmt: skip
_TURN: Final = {
    "timestamp": '"2026-03-05T10:00:00.5Z"', "sessionId": '"s"', "cwd": '"/home/me/shop"', "requestId": '"req_$"',
    "isApiErrorMessage": "false",
}  # fmt: skip
_SPOKEN: Final = {"message.id": '"msg_$"', "message.model": '"claude-opus-4-6"', "message.stop_reason": "null"}

#: Sound lines, with all that is read of such a line or as little as there can be; $ stands for the line's number.
SOUND: Final = {
    "answer": _CALL | _ANSWER | {f"response.usage.{name}": told for name, told in _USAGE.items()},
    "short answer": {
        "timestamp": _CALL["timestamp"], "response.id": '"msg_$"', **_ANSWER, "response.usage.input_tokens": "1",
        "response.usage.output_tokens": "2", "response.credits_consumed": "0.06",
    },
    "error": _CALL | _ERROR,
    "session": {
        "type": '"assistant"', **_TURN, **_SPOKEN, **{f"message.usage.{key}": said for key, said in _USAGE.items()},
    },
    "turn": {"type": '"user"', **_TURN, "message.role": '"user"'},
}  # fmt: skip

_VALUES: Final = tuple(
    dict.fromkeys([
        *ANY, *TOKENS, *CHARGES, *STATUSES, *TAGS, *(f'"{word}"' for word in WORDS), *(f'"{time}"' for time in TIMES),
    ])
)  # fmt: skip


def rendered(members: Sequence[tuple[Place, str]], colon: str = ":", comma: str = ",") -> bytes:
    """Return the line of those members."""
    return _object(members, colon, comma).encode("utf-8", "surrogatepass")


def _object(members: Sequence[tuple[Place, str]], colon: str, comma: str) -> str:
    told: list[str | tuple[str]] = []
    within: dict[str, Members] = {}
    for path, value in members:
        key, rest = path[0], path[1:]
        if not rest:
            told.append(f'"{key}"{colon}{value}' if key else value)
        elif key in within:
            within[key].append((rest, value))
        else:
            within[key] = [(rest, value)]
            told.append((key,))
    parts = [
        part if isinstance(part, str) else f'"{part[0]}"{colon}{_object(within[part[0]], colon, comma)}'
        for part in told
    ]
    return "{" + comma.join(parts) + "}"


def without(members: Sequence[tuple[Place, str]], path: Place) -> Members:
    """Return the members that are not at that place nor within it."""
    return [member for member in members if member[0][: len(path)] != path]


def escaped(path: Place) -> Place:
    """Write the first letter of the last key as an escape."""
    *before, key = path
    return (*before, f"\\u{ord(key[0]):04x}{key[1:]}" if key else key)


def is_sound(line: bytes) -> bool:
    """Tell whether a line is JSON in which nothing is told twice, so that no lane has to stop there."""
    try:
        value = loads(line.decode())
        json.dumps(value, ensure_ascii=False, default=str).encode()  # which half of a surrogate pair could not be
    except (StrictJSONError, UnicodeError):
        return False
    parts = ("request", "response", "message")
    return isinstance(value, dict) and all(isinstance(value.get(part), dict | None) for part in parts)


def each_oddity(sound: dict[str, str]) -> Iterator[bytes]:
    """Yield a sound line, and then as many as there are ways in which one thing about it is odd."""
    line = 0

    def members() -> Members:
        nonlocal line
        line += 1
        return [(tuple(name.split(".")), told.replace("$", str(line))) for name, told in sound.items()]

    yield rendered(members())
    places = dict.fromkeys(path[: end + 1] for path, _ in members() for end in range(len(path)))
    for place in places:
        for value in _VALUES:
            yield rendered([*without(members(), place), (place, value)])
        yield rendered(without(members(), place))
        for value in ("null", "1", '"x"', "{}"):
            yield rendered([(place, value), *members()])
            yield rendered([*members(), (place, value)])
        for member in MEMBERS:
            yield rendered([*members(), ((*place[:-1], ""), member)])
        another = [
            ((*escaped(place), *path[len(place) :]), told) for path, told in members() if path[: len(place)] == place
        ]
        yield rendered([*without(members(), place), *another])
        yield rendered([*members(), *another])
    yield from NO_OBJECTS
