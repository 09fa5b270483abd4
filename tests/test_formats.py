"""A log's shape is told by its content, and every line of it is accounted for."""

import json
from io import BytesIO
from pathlib import PurePath

import pytest

from billing.errors import RefusedInputError
from billing.importing.formats import is_log_name, open_log, pieces
from billing.records import Ignored, Reading, Reject, Status
from tests.reading import (
    MESSAGE,
    STOP,
    Json,
    chat,
    delta,
    events_of,
    lines_of,
    read,
    record_of,
    records_of,
    shape_of,
    start,
    wrapped,
)

STREAM = (start(), {"type": "ping"}, delta(output_tokens=86), STOP)
SESSION: Json = {"type": "user", "sessionId": "s", "message": {"content": "hi"}}


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (lines_of([MESSAGE]), "api_responses"),
        (lines_of([wrapped(MESSAGE)]), "api_responses"),
        (lines_of([wrapped("event: message_start\ndata: {}\n\n")]), "api_responses"),
        (lines_of([wrapped(None, status=503)]), "api_responses"),
        (lines_of([chat({"prompt_tokens": 1})]), "api_responses"),
        (lines_of([{"error": {"code": "x", "message": "y", "type": "z"}}]), "api_responses"),
        (json.dumps(MESSAGE, indent=2), "api_responses"),
        (json.dumps([MESSAGE, MESSAGE], indent=2), "api_responses"),
        (json.dumps([MESSAGE, MESSAGE]), "api_responses"),
        (events_of(STREAM), "anthropic_sse"),
        (events_of(STREAM, "\r\n"), "anthropic_sse"),
        (": connected\n\n" + events_of(STREAM), "anthropic_sse"),
        (lines_of(STREAM), "anthropic_sse"),
        (lines_of([SESSION]), "claude_code"),
        (lines_of([{"type": "summary", "summary": "x", "leafUuid": "y"}, SESSION]), "claude_code"),
        (lines_of([{"type": "file-history-snapshot", "messageId": "x", "snapshot": {}}]), "claude_code"),
        ("{ cut off\n" + lines_of([MESSAGE]), "api_responses"),
        ("garbage\n" + lines_of([MESSAGE]), "api_responses"),
        ('data: {"no": "stream"}\n' + lines_of([MESSAGE]), "api_responses"),
        ('{"type":"message","type":"message"}', "api_responses"),
        ("", "empty"),
        ("\ufeff", "empty"),
        ("\n \n\r\n", "empty"),
        ("\n" * 1000, "empty"),
    ],
)
def test_the_shape_is_told_by_the_content(content: str, shape: str) -> None:
    assert shape_of(content) == shape


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"{",
        b"[1, 2, 3]",
        b"[",
        b'{"id": "skill_1", "created_at": "2026-02-26T03:59:39Z"}',
        b'{"status": 200, "path": "/"}',
        b"data: [DONE]\n\n",
        b"date,amount\n2026-01-01,5\n",
        b"\xff\xfe{\x00}\x00",
        b'{\n "type": "message", "x": "\xff"}',
        b"\x00\x01\x02",
        b"\n" * 1000 + b"{}",
    ],
)
def test_a_file_of_no_known_shape_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(RefusedInputError, match=r"^some\.log: "):
        read(content)


def test_a_file_without_lines_yields_nothing_and_blank_lines_are_ignored() -> None:
    assert read("") == []
    assert read("\n \n\r\n") == [Ignored(1), Ignored(2), Ignored(3)]


def test_lines_keep_their_numbers_among_blank_and_bad_ones() -> None:
    good = json.dumps(MESSAGE).encode()
    outcomes = read(b"\xef\xbb\xbf" + good + b"\r\n\n" + b'{"x": "\xff"}\n' + b"{\n   \n" + good)
    assert [outcome.line for outcome in outcomes] == [1, 2, 3, 4, 5, 6]
    assert outcomes[1:5] == [Ignored(2), Reject(3, "not_utf8"), Reject(4, "not_json"), Ignored(5)]


def test_the_elements_of_a_document_stand_at_their_lines() -> None:
    document = json.dumps([MESSAGE, {"a": 1}, 5, MESSAGE], indent=1)
    found = [number for number, line in enumerate(document.split("\n"), start=1) if line in (" {", " 5,")]
    outcomes = read(document)
    assert [outcome.line for outcome in outcomes] == found
    assert outcomes[1:3] == [Reject(found[1], "unknown_object"), Reject(found[2], "not_an_object")]


def test_an_array_with_an_element_per_line_is_one_document() -> None:
    one = json.dumps(MESSAGE)
    assert [record.line for record in records_of(f"[\n{one},\n{one}\n]\n")] == [2, 3]


def test_documents_may_follow_one_another() -> None:
    one = json.dumps(MESSAGE, indent=2)
    assert len(records_of(f"{one}\n{one}\n")) == 2


@pytest.mark.parametrize("end", ["", ", {", ', {"a'])
def test_a_document_that_was_cut_says_so(end: str) -> None:
    outcomes = read("[" + json.dumps(MESSAGE, indent=2) + end)
    assert isinstance(outcomes[-1], Reject)
    assert (outcomes[-1].reason, len(outcomes)) == ("not_json", 2)


def test_an_element_that_is_refused_does_not_hide_the_next() -> None:
    document = '[\n{"type": "message", "type": "x"},\n' + json.dumps(MESSAGE) + "]"
    assert read(document)[0] == Reject(2, "duplicate_key")
    assert [record.line for record in records_of(document)] == [3]


def test_events_in_all_the_ways_that_they_are_written() -> None:
    pretty = json.dumps(delta(output_tokens=86), indent=1).replace("\n", "\ndata: ")
    text = (
        f": hello\nid: 1\nretry: 5\nevent: message_start\ndata:{json.dumps(start())}\n\n"
        f"event: message_delta\r\ndata: {pretty}\r\n\r\n"
        f"data: {json.dumps(STOP)}\n\ndata: [DONE]\n\ndata:\n"
    )
    (record,) = records_of(text)
    assert (record.line, record.usage.output, record.status) == (2, 86, Status.OK)
    assert sorted(outcome.line for outcome in read(text)) == list(range(1, text.count("\n") + 1))
    assert not [outcome for outcome in read(text) if isinstance(outcome, Reject)]


def test_events_whose_blank_lines_were_dropped() -> None:
    named = events_of(STREAM).replace("\n\n", "\n")
    unnamed = "".join(f"data: {json.dumps(event)}\n" for event in STREAM)
    for text in (named, unnamed, unnamed.rstrip("\n")):
        assert [(record.usage.output, record.status) for record in records_of(text)] == [(86, Status.OK)]


def test_the_name_of_an_event_holds_for_that_event_alone() -> None:
    told = json.dumps({"usage": {"output_tokens": 86}})
    text = f"data: {json.dumps(start())}\nevent: message_delta\ndata: {told}\nevent: message_stop\ndata: {{}}\n"
    ping = "event: ping\ndata: {}\n"
    for stream in (text, text + ping, text.replace("event: message_stop", ping + "event: message_stop")):
        assert [(record.usage.output, record.status) for record in records_of(stream)] == [(86, Status.OK)]


def test_several_streams_follow_one_another() -> None:
    text = events_of(STREAM) + events_of([start("msg_2"), delta(output_tokens=5), STOP])
    assert [(record.request_id, record.line, record.usage.output) for record in records_of(text)] == [
        ("msg_1", 1, 86),
        ("msg_2", 13, 5),
    ]


def test_a_line_that_belongs_to_no_event_is_rejected() -> None:
    assert Reject(1, "not_an_event") in read("HTTP/1.1 200 OK\n" + events_of(STREAM))


def test_an_event_may_name_its_type_outside_its_data() -> None:
    text = events_of([start()]) + 'event: error\ndata: {"error": {"type": "api_error"}}\n\n'
    assert [record.status for record in records_of(text)] == [Status.FAILED]


def test_a_stream_kept_as_one_text_is_one_answer() -> None:
    record = record_of(wrapped(events_of(STREAM), request={"model": "claude-opus-4-6/anthropic"}, project="p"))
    assert (record.line, record.usage.output, record.sku, record.project) == (2, 86, "claude-opus-4-6/anthropic", "p")
    assert record_of(wrapped(events_of(STREAM[:2]))).status is Status.INCOMPLETE


def test_two_messages_in_one_answer_are_not_guessed_about() -> None:
    twice = events_of(STREAM) + events_of([start("msg_2"), delta(output_tokens=5), STOP])
    assert read(lines_of([wrapped(twice)])) == [Reject(1, "several_messages", "response")]
    assert read(lines_of([wrapped("data: {}\n\n")])) == [Reject(1, "no_usage", "response")]
    assert read(lines_of([wrapped("data: {\n\n")])) == [Reject(1, "not_json", "response")]


def test_a_line_or_document_that_is_too_long_is_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST", 1000)
    monkeypatch.setattr("billing.importing.formats.LONGEST", 1000)
    one = json.dumps(MESSAGE)
    long = json.dumps(MESSAGE | {"content": "x" * 5000})
    outcomes = read(f"{one}\n{long}\n{one}\n")
    assert outcomes[1] == Reject(2, "line_too_long")
    assert len(outcomes) == 3
    assert max(map(len, pieces.raw_lines(BytesIO(long.encode())))) == 1001
    with pytest.raises(RefusedInputError, match="one object per line"):
        read(json.dumps([MESSAGE] * 9, indent=2))
    flood = events_of(STREAM[:1]) + 'data: "\n' * 100 + "\n" + events_of(STREAM[2:])
    assert Reject(4, "line_too_long") in read(flood)
    assert [record.status for record in records_of(flood)] == [Status.INCOMPLETE]


def test_outcomes_are_read_as_they_are_asked_for() -> None:
    file = BytesIO((json.dumps(MESSAGE) + "\n").encode() * 100_000)
    log = open_log(file, "x", Reading())
    next(log.outcomes)
    assert file.tell() < 2**20


@pytest.mark.parametrize(
    ("name", "is_log"),
    [
        ("a.jsonl", True),
        ("a.NDJSON.GZ", True),
        ("b/a.json", True),
        ("a.sse", True),
        ("a.chunks.txt", True),
        ("a.log.gz", True),
        (".a.jsonl", False),
        ("a.CSV", True),
        ("a.parquet", True),
        ("a.xlsx", False),
        ("a.gz", False),
        ("a.json.bak", False),
        ("/home/me/.claude/projects/a.jsonl", True),
    ],
)
def test_which_files_of_a_folder_are_worth_reading(name: str, is_log: bool) -> None:
    assert is_log_name(PurePath(name)) is is_log
