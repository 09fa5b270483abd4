"""Hostile contents: lines and documents that can be read in two ways, or not at all."""

import codecs
import json

from tests.hostile_case import KEY, PROMPT, USAGE, Hostile, Refused, Taken, a_file, around, asking, line, lines

_UNKNOWN = Refused("no log shape knows this content", "give a usage log")


def _rejected(reason: str) -> Taken:
    return Taken(2, ((2, reason),))


def _amount(name: str, taken: str, charged: str | None) -> Hostile:
    return a_file(f"money {name}", lines(line("m", taken)), Taken(1, rows={"m": {"charged": charged}}))


def _no_amount(name: str, taken: str, reason: str) -> Hostile:
    return a_file(f"money {name}", around(line("m", taken)), _rejected(reason))


def _no_tokens(name: str, written: str, reason: str) -> Hostile:
    usage = f'"input_tokens":20,"output_tokens":{written}'
    return a_file(f"tokens {name}", around(line("m", usage=usage)), _rejected(reason))


MONEY = (
    _amount("that doubles cut", "0.285", "0.285"),
    _amount("with a zero at its end", "0.20", "0.20"),
    _amount("of 19 digits", "1234567.123456789012", "1234567.123456789012"),
    _amount("of one pico-credit", "1e-12", "0.000000000001"),
    _amount("with an exponent", "166E-2", "1.66"),
    _amount("below zero by a sign alone", "-0.0", "0"),
    _amount("that is not said", "null", None),
    _amount("the largest", "9223371.999999999999", "9223371.999999999999"),
    _no_amount("finer than a pico-credit", "0.0000000000001", "amount_out_of_range"),
    _no_amount("beyond a BIGINT", "9223372", "amount_out_of_range"),
    _no_amount("below zero", "-0.01", "negative_charge"),
    _no_amount("as a text", '"1.66"', "bad_amount"),
    _no_amount("that is true", "true", "bad_amount"),
    _no_amount("in a list", "[1.66]", "bad_amount"),
    _no_amount("beyond a double", "1e400", "amount_out_of_range"),
    _no_amount("beyond a decimal", "1e99999999999999999999", "bad_amount"),
    _no_amount("next to nothing", "1e-999999999", "amount_out_of_range"),
    _no_amount("next to nothing for a double", "1e-400", "amount_out_of_range"),
    _amount("summed in doubles", "0.06840000000000001", "0.0684"),
    _no_amount("finer than that noise", "0.06840000000001", "amount_out_of_range"),
    _amount("with the noise of a double", "0.0684000000000000001", "0.0684"),
    _no_amount("that is no number", "NaN", "bad_amount"),
    _no_amount("without end", "Infinity", "bad_amount"),
    _no_amount("without end below zero", "-Infinity", "bad_amount"),
    _no_amount("of a million digits", "0." + "1" * 10**6, "amount_out_of_range"),
    _no_amount("of a million whole digits", "1" * 10**6, "bad_amount"),
    _no_amount("with a comma", "1,66", "not_json"),
)

TOKENS = (
    _no_tokens("that are half", "12.5", "bad_tokens"),
    _no_tokens("as a fraction", "12.0", "bad_tokens"),
    _no_tokens("that are true", "true", "bad_tokens"),
    _no_tokens("as a text", '"12"', "bad_tokens"),
    _no_tokens("below zero", "-1", "bad_tokens"),
    _no_tokens("with an exponent", "1e3", "bad_tokens"),
    _no_tokens("beyond a double", "1e400", "bad_tokens"),
    _no_tokens("that are no number", "NaN", "bad_tokens"),
    _no_tokens("without end", "Infinity", "bad_tokens"),
    _no_tokens("beyond any request", "10000000000000000", "bad_tokens"),
    _no_tokens("beyond a BIGINT", "9223372036854775808", "bad_tokens"),
    _no_tokens("of a million digits", "9" * 10**6, "bad_tokens"),
    _no_tokens("that are not said", "null", "no_usage"),
    _no_tokens("in a list", "[12]", "bad_tokens"),
    _no_tokens("with leading zeros", "012", "not_json"),
    _no_tokens("with a plus", "+12", "not_json"),
)

_LATE = [line(f"msg_{number}") for number in range(400)]
_WITH_CACHE = line("late", usage=f'{USAGE},"cache_read_input_tokens":1000')
_WITH_NEW = line("late", usage=f'{USAGE},"compaction_tokens":7')
_SPLIT = '"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_5m_input_tokens":2}'

FIELDS = (
    a_file("key twice at the top", around(line(more='"status":500,')), _rejected("duplicate_key")),
    a_file(
        "key twice in the response",
        around(line().replace('"type":"message"', '"id":"msg_2","type":"message"')),
        _rejected("duplicate_key"),
    ),
    a_file("key twice in tags", around(line(more='"tags":{"team":"a","team":"b"},')), _rejected("duplicate_key")),
    a_file("key twice in usage", around(line(usage=f'{USAGE},"output_tokens":1')), _rejected("duplicate_key")),
    a_file("key twice in cache_creation", around(line(usage=f"{USAGE},{_SPLIT}")), _rejected("duplicate_key")),
    a_file(
        "key twice by an escape", around(line(usage=USAGE + ',"output_\\u0074okens":1')), _rejected("duplicate_key")
    ),
    a_file("key twice in the prompt", around(line(more='"tools":[{"a":1,"a":2}],')), Taken(3)),
    a_file(
        "new usage field in the first line",
        lines(_WITH_NEW, *_LATE),
        Taken(401, rows={"late": {"unknown_fields": "compaction_tokens"}}),
    ),
    a_file(
        "new usage field after 400 lines",
        lines(*_LATE, _WITH_NEW),
        Taken(401, rows={"late": {"unknown_fields": "compaction_tokens"}}),
    ),
    a_file(
        "cache first used after 400 lines", lines(*_LATE, _WITH_CACHE), Taken(401, rows={"late": {"cache_read": 1000}})
    ),
    a_file(
        "more cache writes by lifetime than in all",
        around(
            line(usage=f'{USAGE},"cache_creation_input_tokens":1,"cache_creation":{{"ephemeral_1h_input_tokens":2}}')
        ),
        _rejected("cache_split_exceeds_total"),
    ),
    a_file(
        "usage that is a list",
        around(line().replace('"usage":{', '"usage":[{').replace('},"credits', '}],"credits')),
        _rejected("bad_object"),
    ),
    a_file("usage that is empty", around(line(usage="")), _rejected("no_usage")),
    a_file("two charges in two units", around(line(usage=f'{USAGE},"cost":0.5')), _rejected("two_charges")),
    a_file(
        "a name that overwrites a column",
        lines(line(more='"charged":99,"request_id":"x","sku":"free",')),
        Taken(1, rows={"msg_1": {"charged": "1.66", "sku": "claude-opus-4-6"}}),
    ),
)

IDS = (
    a_file(
        "id with SQL",
        lines(line("'; DROP TABLE usage_records; --"), line('\\"; DELETE FROM files; --')),
        Taken(2, rows={"'; DROP TABLE usage_records; --": {"charged": "1.66"}}),
    ),
    a_file("id of 10 MB", around(line("x" * 10 * 2**20)), _rejected("bad_text")),
    a_file("id with a zero", around(line("a\\u0000b")), _rejected("bad_text")),
    a_file("id with half a surrogate pair", around(line("a\\ud800")), _rejected("not_utf8")),
    a_file("id with a colour for terminals", around(line("\\u001b[31mred")), _rejected("bad_text")),
    a_file("id that is a key", lines(line(KEY)), Taken(1)),
    a_file("id that is empty", lines(line("")), Taken(1)),
    a_file("id that is a list", around(line().replace('"id":"msg_1"', '"id":["msg_1"]')), _rejected("bad_text")),
    a_file(
        "SKU that is a script",
        lines(line().replace("claude-opus-4-6", "<script>alert(1)</script>")),
        Taken(1, rows={"msg_1": {"sku": "<script>alert(1)</script>"}}),
    ),
    a_file("SKU that is a key", lines(line().replace("claude-opus-4-6", KEY)), Taken(1)),
    a_file(
        "project, key id and tags that are keys",
        lines(line(more=f'"project":"{KEY}","api_key_id":"{KEY}","tags":{{"{KEY}":"{KEY}"}},')),
        Taken(1),
    ),
    a_file(
        "a thousand tags",
        around(line(more=f'"tags":{json.dumps({str(n): n for n in range(1000)})},')),
        _rejected("bad_text"),
    ),
    a_file("usage field named by a prompt", lines(line(usage=f'{USAGE},"{PROMPT}":7')), Taken(1)),
    a_file("usage field named by a key", lines(line(usage=f'{USAGE},"{KEY}":7')), Taken(1)),
    a_file(
        "error that quotes the prompt and the key",
        lines(
            json.dumps(
                {
                    "timestamp": "2026-10-03T09:00:00Z",
                    "status": 400,
                    "response": {"error": {"code": PROMPT, "type": f"bad key {KEY}", "message": PROMPT}},
                }
            )
        ),
        Taken(1),
    ),
    a_file("one id, two charges", lines(line(), line(taken="3.32")), Taken(1, conflict=1)),
    a_file("one line twice", lines(line(), line()), Taken(1, duplicate=1)),
)

TIMES = (
    a_file(
        "time with an offset",
        lines(line(at='"2026-03-13T01:30:00+02:00"')),
        Taken(1, rows={"msg_1": {"used_at": "2026-03-12T23:30:00+00:00"}}),
    ),
    a_file("time without a zone", around(line(at='"2026-10-03T09:00:00"')), _rejected("time_without_zone")),
    a_file("a leap second", around(line(at='"2016-12-31T23:59:60Z"')), _rejected("bad_time")),
    a_file("the year 1", around(line(at='"0001-01-01T00:00:00+14:00"')), _rejected("time_out_of_range")),
    a_file("the year 9999", around(line(at='"9999-12-31T23:59:59-14:00"')), _rejected("time_out_of_range")),
    a_file("a day alone", around(line(at='"2026-10-03"')), _rejected("bad_time")),
    a_file("an ambiguous day", around(line(at='"03/10/2026 09:00"')), _rejected("bad_time")),
    a_file("milliseconds since 1970", around(line(at="1772673812000")), _rejected("time_out_of_range")),
    a_file("an offset of 25 hours", around(line(at='"2026-10-03T09:00:00+25:00"')), _rejected("bad_time")),
    a_file("a time that is true", around(line(at="true")), _rejected("bad_time")),
)

TEXT: tuple[Hostile, ...] = (
    a_file("byte order mark", codecs.BOM_UTF8 + lines(line("a"), line("b")), Taken(2, rows={"a": {"charged": "1.66"}})),
    a_file("byte order mark in the middle", around(codecs.BOM_UTF8 + line().encode()), _rejected("not_json")),
    a_file("lone surrogate in the prompt", lines(asking("\\ud800")), Taken(1)),
    a_file("bad UTF-8 in the prompt", around(line().encode().replace(b"Ann", b"\xff\xfe")), _rejected("not_utf8")),
    a_file("UTF-8 longer than need be", around(line().encode().replace(b"Ann", b"\xc0\xaf")), _rejected("not_utf8")),
    a_file(
        "a surrogate written as UTF-8", around(line().encode().replace(b"Ann", b"\xed\xa0\x80")), _rejected("not_utf8")
    ),
    a_file(
        "bad UTF-8 in the first line",
        lines(line()).replace(b"Ann", b"\xff", 1) + lines(line("b")),
        Taken(1, ((1, "not_utf8"),)),
    ),
    a_file("Latin-1", around(line().encode().replace(b"Ann", b"Zo\xeb")), _rejected("not_utf8")),
    a_file("blank lines", lines("", line("a"), "", "  \t", line("b"), ""), Taken(2, ignored=4)),
    a_file("100,000 blank lines", lines(line()) + b"\n" * 100_000, Taken(1, ignored=100_000)),
    a_file("lines that end in CR LF", lines(line("a"), line("b")).replace(b"\n", b"\r\n"), Taken(2)),
    a_file("lines that end in CR", lines(line("a"), line("b")).replace(b"\n", b"\r"), Taken(2)),
    a_file("form feeds between lines", lines(line("a"), "\f", "\v", line("b")), Taken(2, ignored=2)),
    a_file("form feed before an object", around("\f" + line()), Taken(3)),
    a_file("line separators of Unicode in the prompt", lines(asking("a\u2028b\u0085c"), line("b")), Taken(2)),
    a_file("zero bytes in a line", around(line().replace("Ann", "A\0n")), _rejected("not_json")),
    a_file("a block of zero bytes", around("\0" * 4096), _rejected("not_json")),
    a_file("zero bytes alone", b"\0" * 4096, Refused("begins with zero bytes", "fetch it again")),
    a_file("no byte", b"", Taken()),
    a_file("white space alone", b" \n\t\r\n\f\n", Taken(ignored=3)),
    a_file("a byte order mark alone", codecs.BOM_UTF8, Taken(ignored=1)),
    a_file("noise", bytes(range(1, 256)) * 64, _UNKNOWN),
    a_file("a web page", f"<!doctype html>\n<title>Sign in</title>\n<p>{PROMPT}\n", _UNKNOWN),
    a_file("texts in lines", lines(PROMPT, KEY), _UNKNOWN),
    a_file("top-level scalars", lines("1", '"a"', "null", "true"), _UNKNOWN),
    a_file("a scalar between objects", around('"a text"'), _rejected("not_an_object")),
    a_file("an array between objects", around(f"[{line()}]"), _rejected("not_an_object")),
    a_file("another object between", around('{"hello":"world"}'), _rejected("unknown_object")),
)
for _encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
    _name = _encoding[:6].upper()
    _converted = Refused(f"the text is {_name}", "convert it to UTF-8")
    _mark = "\ufeff".encode(_encoding)
    TEXT += (
        a_file(f"{_encoding}", line().encode(_encoding), _converted),
        a_file(f"{_encoding} with a mark", _mark + line().encode(_encoding), _converted),
    )

_PRETTY = json.dumps(json.loads(line("pretty")), indent=2)
#: An object of a sound line, and how deep its prompt goes.
_DEEP = '"tools":' + "[" * 10_000 + "]" * 10_000 + ","

JSON = (
    a_file("comma after an object", around(line() + ","), _rejected("not_json")),
    a_file("comma within an object", around(line().replace('"status":200', '"status":200,')), _rejected("not_json")),
    a_file("comment", around("// " + PROMPT), _rejected("not_json")),
    a_file("single quotes", around(line().replace('"', "'")), _rejected("not_json")),
    a_file("last line cut", lines(line("a"), line("b"), line("c"))[:-30], Taken(2, ((3, "not_json"),))),
    a_file("last line cut after its object", lines(line("a"), line("b"))[:-1], Taken(2)),
    a_file("two objects on a line", around(line("a") + line("b")), _rejected("not_json")),
    a_file("one object over lines", _PRETTY, Taken(1, rows={"pretty": {"charged": "1.66", "line": 1}})),
    a_file("objects over lines, one after another", _PRETTY + "\n" + _PRETTY.replace("pretty", "two"), Taken(2)),
    a_file("one object over lines, cut", _PRETTY[:-40], _UNKNOWN),
    a_file("array", f"[{line('a')},\n{line('b')}]", Taken(2, rows={"b": {"line": 2}})),
    a_file("array, cut between two objects", f"[{line('a')},\n{line('b')},", Taken(2, ((2, "not_json"),))),
    a_file("array, cut in an object", f"[{line('a')},\n{line('b')[:90]}", Taken(1, ((2, "not_json"),))),
    a_file("array with a comma at its end", f"[{line('a')},]", Taken(1)),
    a_file("array of arrays", f"[[{line('a')}],[{line('b')}]]", Taken(2)),
    a_file("array with scalars", f"[{line('a')},\n1,\n{line('b')}]", Taken(2, ((2, "not_an_object"),))),
    a_file("array that is empty", "[]", _UNKNOWN),
    a_file("nested 10,000 deep", around(line(more=_DEEP)), _rejected("too_deep")),
    a_file("nested a million deep", around('{"a":' * 10**6 + "1" + "}" * 10**6), _rejected("too_deep")),
    a_file("brackets without end", "[" * 10**6, _UNKNOWN),
    a_file(
        "a million keys", around(line(more='"tools":{' + ",".join(f'"{n}":{n}' for n in range(10**6)) + "},")), Taken(3)
    ),
    a_file("line of 100 MB", lambda: around(asking("x" * 100 * 2**20)), _rejected("line_too_long"), is_heavy=True),
    a_file(
        "line of 100 MB without an end",
        lambda: lines(line("a")) + asking("x" * 100 * 2**20).encode(),
        Taken(1, ((2, "line_too_long"),)),
        is_heavy=True,
    ),
    a_file(
        "document of 200 MB",
        lambda: b"[\n" + asking("x" * 10**6).encode().join([b"", *[b",\n"] * 200]) + b"\n]",
        Refused("one JSON document of more than 64 MB", "write it as one object per line"),
        is_heavy=True,
    ),
)

LINES = (*MONEY, *TOKENS, *FIELDS, *IDS, *TIMES, *TEXT, *JSON)
