"""What a member of a log's line may say, sound or not, spelt as in the file; and lines that are no objects."""

from typing import Final

#: Values of every kind, and what is none.
ANY: Final = (
    "null", "true", "false", "0", "1", "12", "-1", "1.5", "1e400", "NaN", "-Infinity", "inf", '""', '" "', '"x"',
    '"12"', '"1.5"', '"true"', '"null"', '"NaN"', '"{}"', '"[]"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', "[]",
    "{}", "[null]", "[1]", '["x"]', '{"a":1}', '{"a":1,"a":2}', '{"a":{}}', '{"a":[{"a":1,"a":2}]}',
    "[" * 300 + "]" * 300, "[" * 3000 + "]" * 3000, '{"":1}', '{"model":"m","model":"n"}', '{"id":"msg_x"}', "[1,]",
    '{"a":1,}', "[,]", "'x'", "01", "+1", ".5", "1.", "- 1", "0x10",
)  # fmt: skip

#: Numbers of tokens, and what looks like one.
TOKENS: Final = (
    "0", "-0", "7", "12", "-4", "12.5", "1.0", "0.0", "-0.0", "1e3", "1E3", "1e0", "1e-3", "1e15", "100000000000000",
    "1000000000000000", "1000000000000001", "1000000000000000.0", "9007199254740993", "4294967295", "4294967296",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "12345678901234567890", "1234567890" * 3,
    "9" * 5000, '"7"', '"0"', '" 7"', '"7.0"', "[7]", '{"a":7}', "nan", "Infinity", "0.1e1", "70e-1", "1e16", "1e17",
    "1e22", "2e1", "3.0e2",
)  # fmt: skip

#: Amounts: those that a double holds, those between two doubles, and what is none.
CHARGES: Final = (
    "0", "0.0", "-0.0", "0e5", "0.06", "1.66", "0.20", "1e-12", "1e-13", "1e-5", "1e-400", "1E+2", "9999.99999999999",
    "4096.000000000001", "8191.999999999999", "8192.000000000001", "9000.000000000011", "9007.199254740993", "9999",
    "10000", "10000.5", "9223371.999999", "9223372", "123456789", "-0.5", "0.1234567890120", "0.0000000000010",
    "0.30000000000000004", "0.10000000000000000001", "1234.12345678901000001", "0.00000000000000000000001",
    "1e1000000000", "1e-1000000000", "0.1e-1", '"0.06"', "7999.99999999999", "8000.00000000001", "1000000000.0e-6",
    "2.50e0",
)  # fmt: skip

#: Times with and without a zone, of many ways of writing, and what is none.
TIMES: Final = (
    "2026-03-05T10:00:00", "2026-03-05T10:00:00+02:00", "2026-03-05T10:00:00-00:00", "2026-03-05T10:00:00.5+05:30",
    "2026-03-05T10:00:00.Z", "2026-03-05T10:00:00.123456789Z", "2026-03-05T10:00:00.1234567+01:00",
    "2026-03-05T24:00:00Z", "2026-03-05T24:00:00.0Z", "2026-12-31T23:59:60Z", "2026-12-31T23:59:60.5Z",
    "1999-12-31T23:59:59Z", "1999-12-31T23:59:59-01:00", "2000-01-01T00:30:00+01:00",
    "2099-12-31T23:59:59.999999-14:00", "2100-01-01T00:00:00Z", "2101-01-01T00:00:00Z", "2026-03-05t10:00:00z",
    "2026-03-05T10:00:00z", "2026-03-05 10:00:00Z", "2026-03-05T10:00:00 Z", "2026-03- 5T10:00:00.1Z",
    "2026-03-05T1 :00:00.1Z", "2026-03-05T10:00: 0.1Z", " 2026-03-05T10:00:00.1Z", "2026-03-05T10:00:00.1 Z",
    "2026-03-05T10:00:00. 1Z", "2026-03-05T10:00:00.1ZZ", "2026-03-05T10:00:00.-1Z", "2026-03-05T10:00:00.+1Z",
    "2026-03-05T10:00:00,5Z", "2026-02-30T10:00:00Z", "2026-02-30T10:00:00.1Z", "2026-13-05T10:00:00.1Z",
    "2026-03-05T10:60:00.1Z", "2026-03-05", "20260305T100000Z", "2026-03-05T10:00Z", "2026-W10-4T10:00:00Z",
    "2026-064T10:00:00.1Z", "2026-03-05T10:00:00.1+00:00", "2026-03-05T10:00:00+14:59", "2026-03-05T10:00:00+15:00",
    "2026-03-05T10:00:00+00:60", "2026-03-05T10:00:00+0200", "2026-03-05T10:00:00+02:00:30", "2026-03-05T10:00:00UTC",
    "2026-03-05T10:00:00 Europe/Rome", "\\u0032026-03-05T10:00:00Z", "2026-03-05T10:00:00.5\\u0000Z",
    "2026-03-05T10:00:00.\u0661Z", "20\u066126-03-05T10:00:00.1Z", "2026-03-05T10:00:00.000000Z",
    "2026-03-05T10:00:00.0000000Z", "20-1-03-05T10:00:00.1Z", "2026--3-05T10:00:00.1Z",
)  # fmt: skip

#: What may stand between the quotes of a text: names, keys, other values of JSON, escapes, characters of all kinds.
WORDS: Final = (
    "x", "msg_1", "call-1", "chatcmpl-1", "gen-1", "gen-", "Gen-1", "sk-abc", "SK-abc", "sk-" + "a1" * 20,
    "gsk_" + "a1" * 20, "my xai-" + "a1" * 20, "hf_short", "eyJ" + "a1" * 20,
    "my sk-" + "a1" * 20, "xsk-" + "a1" * 20, "\u017fk-abc", "s\u212a-abc", "bearer x", "Bearer  y", "bearer", " x",
    "x ", "x y", "\\t", "a\\nb", "\\u0000", "a\\u0000b", "\\u007f", "\x7f", "\\u0085", "\\u009f", "\u00e9\u4e2d",
    "e\\u0301", "\\u00e9", "\\/", "a\\/b", 'a\\"b', "a\\\\b", "\\u0041", "\\ud83d\\ude00", "\\ud800",
    "\\udc00\\ud800", "\U0001f600", "\u200b", "\ufeff", "\u2028", "12", "-12", "007", "1.5", "1e3", "true", "True",
    "false", "null", "None", "NaN", "nan", "inf", "Infinity", "-inf", "{}", "[1]", "{x", "[x", '\\"x\\"', "a,b",
    "a|b", "%", "_", "<synthetic>", "/anthropic", "claude-sonnet-4-6/anthropic", "standard", "priority", "fast",
    "batch", "global", "message", "error", "assistant", "upstream_error", "Upstream error: say it again", "text:x",
    "key:x", "content:x", "$line", "a'b", "a;b", "0", "-0", "", "y" * 197, "y" * 198, "y" * 199, "y" * 200, "y" * 201,
    "y" * 512, "y" * 513, "\u00e9" * 200, "\u00e9" * 512, "\u00e9" * 513, "\\u00e9" * 512, "z" * 101, "z" * 128,
    "z" * 129,
)  # fmt: skip

#: Tags of a call.
TAGS: Final = (
    "{}", "[]", '{"team":"search"}', '{"b":"1","a":"2"}', '{"b":1,"a":[1],"c":{"d":1}}', '["b","a"]', '["a","a"]',
    '["a",1]', '{"a":1.5}', '{"a":1.0}', '{"a":1e3}', '{"a":12345678901234567890}', '{"a":123456789012345678901}',
    '{"a":-0}', '{"a":true}', '{"a":null}', '{"a":NaN}', '{"a":{"b":NaN}}', '{"a":{"b":1.25}}', '{"a":{"b":1,"b":2}}',
    '{"a":1,"a":2}', '{"a":1,"a":1}', '{"a":"sk-abc"}', '{"sk-abc":"a"}', '{"a":"\\u00e9\u4e2d"}', '{"\\u0061":"x"}',
    '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"a":"\\/"}', '{ "a" : "x" , "b" : "y" }', '{"a":"a\\"b\\\\"}', '"{}"',
    '"team"', '{"a":"x",}', '{"a":"' + "y" * 513 + '"}', '{"":""}',
    "{" + ",".join(f'"k{n}":{n}' for n in range(64)) + "}", "{" + ",".join(f'"k{n}":{n}' for n in range(65)) + "}",
    '{"\\ud83d\\ude00":1,"\uffff":2,"a":3}', '{"a":"  x "}', '{"A":1,"a":2,"_":3}', "[[]]", "[{}]",
    '{"a":9' + "9" * 400 + "}",
)  # fmt: skip

#: HTTP statuses, and what is none.
STATUSES: Final = (
    "99", "100", "200", "399", "400", "404", "500", "599", "600", "200.0", "2.5", "4.5", "5e2", "4e2", '"500"', "-500",
)  # fmt: skip

#: Whole members, for they are read in some objects and unknown in others.
MEMBERS: Final = (
    '"x":1', '"cost":0.5', '"iterations":[]', '"iterations":[{"type":"message","input_tokens":1}]', '"compaction":0',
    '"compaction":{"a":[null,0]}', '"input_tokens_details":{}', '"prompt_tokens":5',
    '"output_tokens_details":{"thinking_tokens":3}', '"object":null', '"object":"chat.completion"',
    '"object":"response"', '"error":null', '"error":{}', '"error":""', '"error":"x"',
    '"error":{"code":"x","code":"y"}', '"request_id":null', '"request_id":"r"', '"request_id":5',
    '"created":1772704800', '"provider":"x"', '"provider":null', '"provider":7', '"credits_consumed":null',
    '"credits_consumed":0.5', '"sk-secret-of-somebody":1', '"":0', '"x\\u0000":1', '"input_tokens\\u0000":3',
    '"isApiErrorMessage":true', '"isApiErrorMessage":false', '"isApiErrorMessage":null', '"isApiErrorMessage":"true"',
    '"costUSD":0.5', '"a":NaN', '"a":1,"a":2', '"created_at":"x"', '"status":500', '"message":"x"',
)  # fmt: skip

#: Lines that are no objects: some blank in one way or another, some to be refused.
NO_OBJECTS: Final = (
    b"", b" ", b"  ", b"   ", b"\t\t\t\t", b"\f\f\f", b"\v", b"\r", b"   \r", b"\xc2\xa0", b"\xe2\x80\xa8",
    b"\x1c\x1c\x1c", b"\x00", b"\x00\x00\x00\x00", b"12", b"null", b"true", b"NaN", b'"x"', b"[]", b"[1,2]", b"[{}]",
    b"{", b"}", b"{}", b"{},", b"<html>", b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 5000, b"{" * 5000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 5000 + b"]" * 5000, b"// no", b"/* no */ {}", b"event: ping",
    b"data: {}", b"#", b",", b"]", b"[", b'{"a":1', b'{"a"}', b'{"a":1}{"b":2}', b"{} {}", b"{} x", b"x {}",
)  # fmt: skip
