"""How CSV holds its records: by name, line for line, and nothing that could be read in two ways."""

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import RefusedInputError
from billing.importing.formats import csv_rows
from billing.records import Ignored, Reject, UsageRecord
from tests.reading import MESSAGE, lines_of, shape_of
from tests.table_logs import EVENT, GENERATION, PLAIN, ROW, Row, csv_of, read_table, records_in, refusal_of, rejects_in

HEADER = "request_id,at,sku,input,output,charged\n"
GOOD = "r1,2026-03-04 10:00,m,12,86,0.0684\n"
OTHER = "r2,2026-03-04 11:00,m,1,2,0.5\n"


def test_a_record_has_what_its_row_says() -> None:
    (record,) = records_in(HEADER + GOOD, PLAIN)
    assert (record.line, record.request_id, record.sku, record.provider) == (2, "r1", "m", "acme")
    assert (record.usage.input, record.usage.output) == (12, 86)
    assert (record.charged, record.unit) == (Decimal("0.0684"), "USD")
    assert record.at == datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n \n"])
def test_delimiter_line_end_and_bom_make_no_difference(delimiter: str, end: str, start: bytes) -> None:
    (record,) = records_in(start + csv_of([ROW], delimiter, end).encode(), PLAIN)
    assert (record.request_id, record.usage.input, record.charged) == ("r1", 12, Decimal("0.0684"))
    assert record.line == 2 + start.count(b"\n")


def test_a_record_in_quotes_stands_where_it_begins() -> None:
    text = HEADER + '"r1",2026-03-04 10:00,"m",12,86,0.0684\n"r\n\n2",2026-03-04 11:00,m,1,2,0.5\n' + OTHER
    outcomes = read_table(text, PLAIN)
    # A line break is no part of an id, so the record of lines 3 to 5 is none.
    assert [(type(told).__name__, told.line) for told in outcomes] == [
        ("Ignored", 1), ("UsageRecord", 2), ("Reject", 3), ("UsageRecord", 6),
    ]  # fmt: skip


def test_rows_that_are_no_records() -> None:
    text = HEADER + GOOD + "\n  \n,,,,,\n" + HEADER + OTHER
    outcomes = read_table(text, PLAIN)
    assert [told.line for told in outcomes if isinstance(told, Ignored)] == [1, 3, 4, 5, 6]
    assert [told.line for told in outcomes if isinstance(told, UsageRecord)] == [2, 7]


def test_another_header_on_the_way_is_refused() -> None:
    assert "line 3 tells a header again" in refusal_of(
        HEADER + GOOD + "at,request_id,sku,input,output,charged\n", PLAIN
    )
    assert "line 3 tells a header again" in refusal_of(HEADER + GOOD + "request_id,at,sku,input\n", PLAIN)


@pytest.mark.parametrize(
    ("row", "rejects"),
    [
        ("r1,2026-03-04 10:00,m,12,86\n", [(2, "ragged_row", None)]),
        ("r1,2026-03-04 10:00,m,12,86,0.1,9\n", [(2, "ragged_row", None)]),
        ("r1,2026-03-04 10:00,m,1,234,86,0.1\n", [(2, "ragged_row", None)]),
        ('r1,2026-03-04 10:00,m,"1,234",86,0.1\n', [(2, "ambiguous_number", "input")]),
        ('r1,2026-03-04 10:00,m,12,86,"0,25"\n', [(2, "ambiguous_number", "charged")]),
        ("r1,2026-03-04 10:00,m,12.5,86,0.1\n", [(2, "bad_tokens", "input")]),
        ("r1,2026-03-04 10:00,m,1.000,86,0.1\n", [(2, "ambiguous_number", "input")]),
        ("r1,2026-03-04 10:00,m,12,86,1 234.5\n", [(2, "ambiguous_number", "charged")]),
        ("r1,2026-03-04 10:00,m,-1,86,0.1\n", [(2, "bad_tokens", "input")]),
        ("r1,2026-03-04 10:00,m,\u0661\u0662,86,0.1\n", [(2, "bad_tokens", "input")]),
        ("r1,2026-03-04 10:00,m,,86,0.1\n", [(2, "no_usage", "input")]),
        ("r1,2026-03-04 10:00,m,12,86,NaN\n", [(2, "bad_amount", "charged")]),
        ("r1,2026-03-04 10:00,m,12,86,-0.1\n", [(2, "negative_charge", "charged")]),
        ("r1,2026-03-04 10:00,m,12,86,1e999\n", [(2, "amount_out_of_range", "charged")]),
        ("r1,2026-03-04 10:00,m,12,86,0.1000000000001\n", [(2, "amount_out_of_range", "charged")]),
        ("r1,03/04/2026 10:00,m,12,86,0.1\n", [(2, "ambiguous_date", "at")]),
        ("r1,2026-03-04,m,12,86,0.1\n", [(2, "bad_time", "at")]),
        ("r\0,2026-03-04 10:00,m,12,86,0.1\n", [(2, "nul_byte", None)]),
        ('"r"1,2026-03-04 10:00,m,12,86,0.1\n', [(2, "not_csv", None)]),
        ("r\r1,2026-03-04 10:00,m,12,86,0.1\n", [(2, "not_csv", None)]),
    ],
)
def test_a_bad_row_is_rejected_and_the_next_is_read(row: str, rejects: list[tuple[int, str, str | None]]) -> None:
    text = HEADER + row + OTHER
    assert rejects_in(text, PLAIN) == rejects
    assert [record.request_id for record in records_in(text, PLAIN)] == ["r2"]


def test_a_line_that_is_not_utf8_is_rejected() -> None:
    text = HEADER.encode() + b"r\xff,2026-03-04 10:00,m,1,2,3\n" + GOOD.encode()
    assert rejects_in(text, PLAIN) == [(2, "not_utf8", None)]
    assert len(records_in(text, PLAIN)) == 1


def test_costs_may_be_written_with_an_exponent() -> None:
    (record,) = records_in(HEADER + "r1,2026-03-04 10:00,m,12.0,86,5.2e-05\n", PLAIN)
    assert record.charged == Decimal("0.000052")
    assert record.usage.input == 12


def test_an_open_quote_at_the_end_takes_no_line_with_it_in_silence() -> None:
    text = HEADER + GOOD + 'r3,2026-03-04 10:00,"m,12,86,0.1\n' + OTHER + "\n" + OTHER
    outcomes = read_table(text, PLAIN)
    assert rejects_in(text, PLAIN) == [(line, "unclosed_quote", None) for line in (3, 4, 5, 6)]
    assert [told.line for told in outcomes if isinstance(told, UsageRecord)] == [2]


def test_text_behind_a_broken_quote_does_not_pass_for_records() -> None:
    """A prompt with an unescaped quote, whose next line is written like a row of this very table."""
    forged = "forged,2026-03-04 10:00,m,1,2,900\n"
    text = HEADER + f'r1,2026-03-04 10:00,"say "hi"\n{forged}and "go",1,2,3\n' + OTHER
    assert "forged" not in {record.request_id for record in records_in(text, PLAIN)}
    opened_late = HEADER + f'"r"1,2026-03-04 10:00,"m\n{forged}m",1,2,3\n' + OTHER
    assert [record.request_id for record in records_in(opened_late, PLAIN)] == ["r2"]
    assert [line for line, *_ in rejects_in(opened_late, PLAIN)] == [2, 3, 4]


def test_a_header_that_says_a_name_twice_is_refused() -> None:
    assert "columns 3 and 7 have the same name" in refusal_of(HEADER.strip() + ",sku\n" + GOOD.strip() + ",x\n", PLAIN)
    twice = csv_of([GENERATION]).replace("app_name", "cost_total")
    assert "have the same name" in refusal_of(twice)


def test_a_table_without_header_is_refused_with_the_remedy() -> None:
    events = [EVENT | {"Date": f"2025-12-0{day}T01:46:34Z"} for day in (1, 2)]
    for text in (csv_of([GENERATION, GENERATION | {"generation_id": "gen-2"}]), csv_of(events)):
        body = text.partition("\n")[2]
        assert "the first line does not name the columns" in refusal_of(body)
        assert "--mapping FILE" in refusal_of(body)
    assert "if the header is missing" in refusal_of(GOOD + OTHER, PLAIN)


def test_no_cell_gets_into_a_refusal() -> None:
    text = csv_of([{"a": "CANARY", "b": "CANARY", "c": "CANARY"}] * 2).partition("\n")[2]
    for mapping in (None, PLAIN):
        assert "CANARY" not in refusal_of(text, mapping)
    mixed = "request_id,sk-CANARY0123456789abcdef,c\n1,2,3\n"
    assert "CANARY" not in refusal_of(mixed, PLAIN)


def test_json_is_never_taken_for_a_table_nor_a_table_for_json() -> None:
    assert shape_of(lines_of([MESSAGE])) == "api_responses"
    assert isinstance(read_table(lines_of([MESSAGE]), PLAIN)[0], UsageRecord)
    assert shape_of(csv_of([GENERATION])) == "openrouter_csv"
    assert shape_of(csv_of([EVENT])) == "cursor"
    planted = csv_of([ROW | {"sku": f"x\n{lines_of([MESSAGE])}"}])
    assert "--mapping" in refusal_of(planted)


def test_a_long_cell_is_read_and_a_longer_record_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ROW | {"text": "x" * 200_000}, ROW | {"text": "y\n" * 9_000, "request_id": "r2"}, ROW | {"text": ""}]
    assert len(records_in(csv_of(rows), PLAIN)) == 3
    monkeypatch.setattr(csv_rows, "LONGEST", 300_000)
    text = csv_of(rows)
    assert Counter(reason for _, reason, _ in rejects_in(text, PLAIN)) == {"record_too_long": 9_001}
    assert [record.line for record in records_in(text, PLAIN)] == [2, 9_004]
    monkeypatch.setattr(csv_rows, "LONGEST", 100_000)
    assert "line 2 is longer than" in refusal_of(text, PLAIN)


TEXTS = st.text("abc\u00e4\u4e2d\"',;| %$", max_size=12)
FIELDS = {
    "request_id": TEXTS,
    "at": st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(str),  # noqa: DTZ001 - as a table writes it
    "sku": TEXTS,
    "input": st.integers(0, 10**9).map(str),
    "output": st.integers(0, 10**9).map(str),
    "charged": st.decimals(0, 9999, places=9).map(lambda amount: f"{amount:f}"),
    # Before Python 3.13 csv.writer put no quotes around a bare carriage return.
    "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12),
}
QUOTING = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])


@given(
    st.lists(st.fixed_dictionaries(FIELDS), min_size=1, max_size=5), st.permutations(list(FIELDS)),
    st.sampled_from(csv_rows.DELIMITERS), QUOTING, st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
def test_a_table_reads_back_as_it_was_written(
    rows: list[Row],
    columns: list[str],
    delimiter: str,
    quoting: Literal[0, 1, 2],
    end: str,
) -> None:
    text = StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    records = records_in(text.getvalue(), PLAIN)
    assert [(told.request_id, told.sku) for told in records] == [
        (row["request_id"].strip(), row["sku"].strip()) for row in rows
    ]
    assert [(told.usage.input, told.usage.output) for told in records] == [
        (int(row["input"]), int(row["output"])) for row in rows
    ]
    assert [told.charged for told in records] == [Decimal(row["charged"]) for row in rows]
    assert [told.at for told in records] == [datetime.fromisoformat(row["at"]).replace(tzinfo=UTC) for row in rows]


PARTS = st.sampled_from([
    GOOD.encode(), OTHER.encode(), HEADER.encode(), b"\n", b"\r", b'"', b'""', b",", b"\xff", b"\0", b"x\n", b" ",
    b'",', b'\n"', "\u2028".encode(), b"\xef\xbb\xbf", b"request_id,", b"1e9", b"-",
])  # fmt: skip


@given(st.lists(st.one_of(PARTS, st.binary(max_size=20)), max_size=12).map(b"".join))
def test_whatever_follows_the_header_is_accounted_for(body: bytes) -> None:
    content = HEADER.encode() + body
    try:
        outcomes = read_table(content, PLAIN)
    except RefusedInputError as error:
        assert str(error).startswith("some.csv: ")  # noqa: PT017 - what is raised depends on the bytes
        return
    lines = [told.line for told in outcomes]
    count = content.count(b"\n") + (not content.endswith(b"\n"))
    assert lines == sorted(set(lines))
    assert set(lines) <= set(range(1, count + 1))
    if b'"' not in body:
        assert len(lines) == count
    for told in outcomes:
        assert not isinstance(told, UsageRecord) or told.charged is None or told.charged >= 0


@given(st.sampled_from([GENERATION, EVENT]), st.data())
def test_a_spoilt_cell_is_read_or_rejected(row: Row, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(list(row)))
    junk = data.draw(st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.sampled_from(JUNK)))
    outcomes = read_table(csv_of([row | {column: junk}, row]))
    assert [type(told) for told in outcomes[:: len(outcomes) - 1]] == [Ignored, UsageRecord]
    assert sum(isinstance(told, UsageRecord | Reject) for told in outcomes) >= 1


JUNK = (
    "1,234",
    "1.5",
    "-1",
    "1e400",
    "NaN",
    "$",
    "true",
    "TOTAL",
    "9" * 70,
    "x" * 600,
    "\x07",
    "03/04/2026",
    "0001-01-01 00:00",
)


def test_a_header_of_ever_so_many_columns_is_read() -> None:
    names = [f"c{number}" for number in range(100_000)]
    row = ROW | dict.fromkeys(names, "")
    assert len(records_in(csv_of([row]), PLAIN)) == 1
    assert "columns 7 and 100,007".replace(",", "") in refusal_of(
        csv_of([row | {"last": ""}]).replace("last", "c0"), PLAIN
    )
