"""Logs by chance, of the shapes that have a fast lane: plain lines, and what is doubtful about a line in every way."""

import gzip
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from tests.lane_lines import Members, Place, escaped, is_sound, rendered, without
from tests.lane_values import ANY, CHARGES, MEMBERS, NO_OBJECTS, STATUSES, TAGS, TIMES, TOKENS, WORDS

_BOM: Final = b"\xef\xbb\xbf"


def _quoted(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return words.map(lambda word: f'"{word}"')


def _spelt(digits: int, exponent: int, *, is_bare: bool) -> str:
    number = Decimal(digits).scaleb(-exponent)
    return f"{number:f}" if is_bare else str(number)


_charges = st.builds(
    _spelt, st.integers(1, 20).flatmap(lambda n: st.integers(0, 10**n)), st.integers(0, 20), is_bare=st.booleans()
)
_fractions = st.text("0123456789", max_size=9).map(lambda digits: f".{digits}" if digits else "")
_zones = st.sampled_from(["", "Z", "z", "+00:00", "-07:00", "+05:45", "+14:00", "-14:59", "+2:00", " Z"])
_times = st.builds(
    "{}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}".format,
    st.integers(1998, 2102), st.integers(1, 12), st.integers(1, 31), st.integers(0, 24), st.integers(0, 60),
    st.integers(0, 60), _fractions, _zones,
)  # fmt: skip
#: Characters that a JSON text may hold as they are.
_letters = st.text(st.characters(blacklist_characters='"\\', min_codepoint=32, blacklist_categories=["Cs"]), max_size=9)
_words = st.sampled_from(WORDS) | _letters

_TEXT: Final = _quoted(_words) | st.sampled_from(ANY)
_COUNT: Final = st.sampled_from(TOKENS + ANY) | st.integers(0, 2 * 10**15).map(str)
_CHARGE: Final = st.sampled_from(CHARGES + ANY) | _charges
_TIME: Final = _quoted(st.sampled_from(TIMES) | _times) | st.sampled_from(("1772704800", "1772704800.5", "0", *ANY))
_STATUS: Final = st.sampled_from(STATUSES + ANY)

#: What is drawn for a member that is odd; the others are texts or, in a usage object, counts.
_ODD: Final[Mapping[str, st.SearchStrategy[str]]] = {
    "timestamp": _TIME, "status": _STATUS, "tags": st.sampled_from(TAGS + ANY), "credits_consumed": _CHARGE,
    "input_tokens": _COUNT, "output_tokens": _COUNT, "cache_read_input_tokens": _COUNT,
    "cache_creation_input_tokens": _COUNT, "ephemeral_5m_input_tokens": _COUNT, "ephemeral_1h_input_tokens": _COUNT,
    "web_search_requests": _COUNT, "web_fetch_requests": _COUNT,
}  # fmt: skip

_counts = st.integers(0, 60).map(str)
_cheap = st.sampled_from(["0", "0.06", "1.66", "12", "12.5", "0.000001"])
_SPLIT: Final = ("cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens")
_REST: Final = {
    "server_tool_use.web_search_requests": "3", "server_tool_use.web_fetch_requests": "0", "service_tier": '"standard"',
    "inference_geo": '"not_available"', "speed": '"standard"',
}  # fmt: skip


@st.composite
def _usage(draw: st.DrawFn, at: Place) -> Members:
    """Draw a sound usage object: the two counts that each has, and maybe all others that are known."""
    told: dict[str, str] = {name: draw(_counts) for name in ("input_tokens", "output_tokens")}
    if draw(st.booleans()):
        five, one, rest = draw(st.tuples(*[st.integers(0, 9)] * 3))
        told |= {"cache_read_input_tokens": draw(_counts), "cache_creation_input_tokens": str(five + one + rest)}
        told |= dict(zip(_SPLIT, (str(five), str(one)), strict=True))
    if draw(st.booleans()):
        told |= _REST
    return [((*at, *name.split(".")), value) for name, value in told.items()]


@st.composite
def answers(draw: st.DrawFn) -> Members:
    """Draw what a client writes around an answer: one with usage, or an error."""
    number = draw(st.integers(0, 40))
    head: Members = [(("timestamp",), f'"2026-03-05T10:00:{number:02}Z"'), (("request_id",), f'"call-{number}"')]
    if draw(st.booleans()):
        head += [
            (("provider",), '"aivideoapi"'), (("api_key_id",), '"key_7"'), (("project",), '"search"'),
            (("tags",), '{"team":"a","step":1}'), (("request", "model"), '"claude-sonnet-4-6"'),
            (("request", "stream"), "true"),
        ]  # fmt: skip
    if not draw(st.integers(0, 4)):
        return [
            *head, (("status",), draw(st.sampled_from(["429", "500", "502"]))),
            (("response", "error", "code"), '"upstream_error"'), (("response", "error", "type"), '"upstream_error"'),
            (("response", "error", "message"), '"no"'),
        ]  # fmt: skip
    charge: Members = [(("response", "credits_consumed"), draw(_cheap))] if draw(st.integers(0, 3)) else []
    return [
        *head, (("status",), "200"), (("response", "id"), f'"msg_{number}"'), (("response", "type"), '"message"'),
        (("response", "model"), '"claude-sonnet-4-6"'), (("response", "content"), '[{"type":"text","text":"[x]"}]'),
        *draw(_usage(("response", "usage"))), *charge,
    ]  # fmt: skip


@st.composite
def session_lines(draw: st.DrawFn) -> Members:
    """Draw a line of a session: mostly an answer, of which there are several snapshots."""
    number = draw(st.integers(0, 12))
    kind = draw(st.sampled_from(["assistant"] * 5 + ["user", "system", "summary", "file-history-snapshot"]))
    head: Members = [
        (("type",), f'"{kind}"'), (("timestamp",), f'"2026-03-05T10:00:{number:02}.{number:03}Z"'),
        (("sessionId",), '"s"'), (("requestId",), f'"req_{number // 2}"'), (("cwd",), '"/home/me/shop"'),
        (("isApiErrorMessage",), "false"),
    ]  # fmt: skip
    if kind != "assistant":
        return [*head, (("message", "role"), '"user"'), (("message", "content"), '"[x]"')]
    return [
        *head, (("message", "id"), f'"msg_{number}"'), (("message", "type"), '"message"'),
        (("message", "model"), draw(st.sampled_from(['"claude-opus-4-6"'] * 9 + ['"<synthetic>"']))),
        *draw(_usage(("message", "usage"))),
    ]  # fmt: skip


@st.composite
def _odd(draw: st.DrawFn, members: Members) -> Members:
    """Draw what is odd about a line while it is still a list of members: one of them changes, or another one comes."""
    place = draw(st.integers(0, len(members) - 1))
    path, value = members[place]
    path = path[: draw(st.integers(1, len(path)))] if draw(st.integers(0, 5)) == 0 else path
    how = draw(st.sampled_from(["other"] * 8 + ["gone", "null", "first", "last", "alike", "escaped", "new", "moved"]))
    if how == "moved":
        return draw(st.permutations(members))
    drawn = draw(st.sampled_from(MEMBERS) if how == "new" else _ODD.get(path[-1], _TEXT))
    others = without(members, path)
    changed: dict[str, Members] = {
        "other": [*without(members[:place], path), (path, drawn), *without(members[place:], path)],
        "gone": others,
        "null": [*others, (path, "null")],
        "first": [(path, drawn), *members],
        "last": [*members, (path, drawn)],
        "alike": [*members, (path, value)],
        "escaped": [*others, (escaped(path), value)],
        "new": [*members, ((*path[:-1], ""), drawn)],
    }
    return changed[how]


@st.composite
def odd_lines(draw: st.DrawFn, kind: st.SearchStrategy[Members]) -> bytes:
    """Draw a line that is an object, or nearly."""
    members = draw(kind)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 1, 2, 3]))):
        members = draw(_odd(members)) if members else members
    colon, comma = draw(st.sampled_from([(":", ",")] * 3 + [(": ", ", "), (" :\t", " ,\r")]))
    return rendered(members, colon, comma)


@st.composite
def _damaged(draw: st.DrawFn, line: bytes) -> bytes:
    """Draw what is left of a line, or stands there in its place."""
    cut = draw(st.integers(0, len(line)))
    control = draw(st.sampled_from([b"\x00", b"\x01", b"\t", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\x7f", _BOM, b"\r"]))
    return draw(
        st.sampled_from([
            line[:cut], line[cut:], line[:cut] + control + line[cut:], line + line, line + b" " + line, line + b",",
            line + b"]", b"[" + line + b"]", b"," + line, line[:-1] + b",}", line[:-1] + b" , }", line + b"\r",
            b"  " + line + b"   ", b"\f" + line + b"\v", _BOM + line, line + b"\x00", line + b"}", line[:-1],
            line + b"x", line.replace(b'"', b"'"), line.replace(b":", b"::", 1), line.replace(b"{", b"{,", 1),
            line + b" // no", b"\xc2\xa0" + line, *NO_OBJECTS,
        ])
    )  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, lines: int = 40) -> bytes:
    """Draw a log of one of the two shapes, packed or not. Its first line is beyond doubt, the others are odd or not."""
    kind = draw(st.sampled_from([answers(), session_lines()]))
    told = [rendered(draw(kind)), *draw(st.lists(odd_lines(kind), min_size=lines, max_size=lines))]
    temper = draw(st.sampled_from(["sound", "odd", "harmed"]))
    if temper == "sound":
        told = [line for line in told if is_sound(line)]
    if temper == "harmed":
        for place in draw(st.lists(st.integers(0, len(told) - 1), min_size=1, max_size=6)):
            told[place] = draw(_damaged(told[place]))
    begin = draw(st.sampled_from([b""] * 7 + [_BOM, b"\n", b" \n", b"   \n\n"]))
    end = draw(st.sampled_from([b"\n"] * 4 + [b"\r\n"]))
    text = begin + end.join(told) + draw(st.sampled_from([b"", end, end, end, end * 2, b"   "]))
    return gzip.compress(text) if draw(st.integers(0, 9)) == 0 else text
