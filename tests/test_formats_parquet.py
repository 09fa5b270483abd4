"""Parquet through a mapping: typed columns taken exactly, damage refused, and no folder's name made a column."""

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import RefusedInputError
from billing.importing.formats import open_log
from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.records import Reading, Status
from tests.table_logs import PLAIN, read_table, records_in, refusal_of, rejects_in

AT = datetime(2026, 3, 4, 10, 0, 0, 123456, UTC)
COLUMNS: dict[str, Any] = {
    "request_id": pa.array(["r1", "r2", "r3"]),
    "at": pa.array([AT] * 3, pa.timestamp("us", "UTC")),
    "sku": pa.array(["m", "m", "n"]).dictionary_encode(),
    "input": pa.array([12, 1, 0], pa.int64()),
    "output": pa.array([86, 2, 5], pa.uint16()),
    "charged": pa.array([Decimal("0.0684"), None, Decimal("1.66")], pa.decimal128(20, 9)),
}


def parquet(**columns: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    """Write a table of three rows in which some columns are others; its pages carry checksums."""
    table = pa.table({name: array for name, array in (COLUMNS | columns).items() if array is not None})
    sink = BytesIO()
    pq.write_table(table, sink, write_page_checksum=True, row_group_size=2)
    return sink.getvalue()


def test_rows_are_records() -> None:
    records = records_in(parquet(), PLAIN)
    assert [record.line for record in records] == [1, 2, 3]
    assert [record.request_id for record in records] == ["r1", "r2", "r3"]
    assert [record.sku for record in records] == ["m", "m", "n"]
    assert [(record.usage.input, record.usage.output) for record in records] == [(12, 86), (1, 2), (0, 5)]
    assert [record.charged for record in records] == [Decimal("0.0684"), None, Decimal("1.66")]
    assert {record.at for record in records} == {AT}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_times_of_every_unit(unit: str, zone: str | None) -> None:
    at = AT.replace(microsecond=0)
    told = pa.array([at] * 3, pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, zone or "UTC"))
    times = told if zone else told.cast(pa.timestamp(unit))
    assert {record.at for record in records_in(parquet(at=times), PLAIN)} == {at}


def test_a_time_without_zone_is_of_the_mappings_zone() -> None:
    naive = pa.array([AT.replace(tzinfo=None)] * 3, pa.timestamp("us"))
    without = replace(PLAIN, notation=replace(PLAIN.notation, zone=None))
    assert {reason for _, reason, _ in rejects_in(parquet(at=naive), without)} == {"time_without_zone"}
    records = records_in(parquet(at=naive), without, ZoneInfo("Asia/Kolkata"))
    assert {str(record.at) for record in records} == {"2026-03-04 04:30:00.123456+00:00"}


def test_times_that_are_none() -> None:
    far = pa.array([2**62, 0, None], pa.timestamp("ms"))
    assert rejects_in(parquet(at=far), PLAIN) == [(1, "time_out_of_range", "at"), (2, "time_out_of_range", "at")]
    days = pa.array([date(2026, 3, 4)] * 3)
    assert {reason for _, reason, _ in rejects_in(parquet(at=days), PLAIN)} == {"bad_time"}


def test_numbers_in_other_types() -> None:
    text = records_in(parquet(charged=pa.array(["0.5", "1e-3", ""]), input=pa.array(["1", "2", "3"])), PLAIN)
    assert [record.charged for record in text] == [Decimal("0.5"), Decimal("0.001"), None]
    whole = records_in(parquet(charged=pa.array([1, 2, 3]), input=pa.array([1.0, 2.0, 3.0])), PLAIN)
    assert [(record.charged, record.usage.input) for record in whole] == [(Decimal(n), n) for n in (1, 2, 3)]
    part = parquet(input=pa.array([1.5, float("nan"), 2.0]), output=pa.array([Decimal("1.0"), Decimal("0.5"), None]))
    assert rejects_in(part, PLAIN) == [
        (1, "bad_tokens", "input"), (2, "bad_tokens", "input"), (3, "no_usage", "output"),
    ]  # fmt: skip
    assert {reason for _, reason, _ in rejects_in(parquet(input=pa.array([True] * 3)), PLAIN)} == {"bad_tokens"}


def test_floats_can_not_say_what_was_charged() -> None:
    floats = parquet(charged=pa.array([0.1 + 0.2, 1e-7, float("inf")]))
    assert "round_floats_to = N" in refusal_of(floats, PLAIN)
    told = replace(PLAIN, notation=replace(PLAIN.notation, round_to=9))
    assert [record.charged for record in records_in(floats, told)] == [Decimal("0.3"), Decimal("0.0000001")]
    assert rejects_in(floats, told) == [(3, "bad_amount", "charged")]


def test_a_status_may_be_a_truth_or_a_number() -> None:
    def read(column: Any, value: str) -> list[Status]:  # noqa: ANN401 - pyarrow has no types
        told = replace(PLAIN, status_column="state", statuses={value: Status.FAILED})
        return [record.status for record in records_in(parquet(state=column), told)]

    assert read(pa.array([True, False, None]), "false") == [Status.OK, Status.FAILED, Status.OK]
    assert read(pa.array([200, 200, 429]), "429") == [Status.OK, Status.OK, Status.FAILED]


def test_what_is_refused() -> None:
    assert "a Parquet file; give --mapping FILE" in refusal_of(parquet())
    assert "it has no column 'sku', which plain.toml names" in refusal_of(parquet(sku=None), PLAIN)
    assert "holds list<element: int64>" in refusal_of(parquet(sku=pa.array([[1], [2], [3]])), PLAIN)
    doubled = pa.Table.from_arrays([*COLUMNS.values(), COLUMNS["sku"]], [*COLUMNS, "sku"])
    sink = BytesIO()
    pq.write_table(doubled, sink)
    assert "columns 3 and 7 have the same name" in refusal_of(sink.getvalue(), PLAIN)


def test_damage_is_refused() -> None:
    content = parquet()
    for cut in (4, 100, len(content) // 2, len(content) - 1):
        assert "cut or damaged" in refusal_of(content[:cut], PLAIN)


def test_a_flipped_bit_of_a_page_is_refused() -> None:
    sink = BytesIO()
    plain: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    pq.write_table(pa.table(COLUMNS), sink, write_page_checksum=True, **plain)
    content = sink.getvalue()
    assert [record.usage.output for record in records_in(content, PLAIN)] == [86, 2, 5]
    amount = content.index(int(Decimal("0.0684") * 10**9).to_bytes(9, "big"))
    for at in (content.index(b"r1"), content.index((86).to_bytes(4, "little")), *range(amount, amount + 9)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[at] ^= 1 << bit
            assert "cut or damaged" in refusal_of(bytes(flipped), PLAIN)


@given(st.integers(0, len(parquet()) - 1), st.integers(0, 255))
def test_whatever_is_damaged_is_read_or_refused(at: int, byte: int) -> None:
    content = bytearray(parquet())
    content[at] = byte
    try:
        outcomes = read_table(bytes(content), PLAIN)
    except RefusedInputError as error:
        assert str(error).startswith("some.csv: ")  # noqa: PT017 - what is raised depends on the byte
    else:
        assert [told.line for told in outcomes] == [1, 2, 3]


class _Stream(BytesIO):
    """Bytes that come once, as from a pipe."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("not here")


def test_a_stream_is_enough() -> None:
    log = open_log(_Stream(parquet()), "x", Reading(mapping=PLAIN))
    assert log.shape == "mapped"
    assert len(list(log.outcomes)) == 3


def test_from_a_folder_named_like_a_column(tmp_path: Path) -> None:
    folder = tmp_path / "sku=forged" / "input=999"
    folder.mkdir(parents=True)
    (folder / "a.parquet").write_bytes(parquet())
    (folder / "b.parquet.gz").write_bytes(gzip.compress(parquet(request_id=pa.array(["r4", "r5", "r6"]))))
    with open_ledger(tmp_path / "ledger") as ledger:
        result = import_paths(ledger, [tmp_path], Reading(mapping=PLAIN), AT)
        rows = ledger.rows("SELECT request_id, sku, input FROM usage_records ORDER BY 1")
    assert [(file.shape, file.counts.imported) for file in result.files] == [("mapped", 3), ("mapped", 3)]
    assert rows[:3] == [("r1", "m", 12), ("r2", "m", 1), ("r3", "n", 0)]
    assert {row[0] for row in rows} == {f"r{n}" for n in range(1, 7)}
