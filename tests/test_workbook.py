"""The workbook: the cells of the export, a statement that adds up, no formula, the same bytes."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from billing.months.quantities import quantities
from reports.exports import sheets
from reports.exports.book import write_workbook
from reports.exports.columns import plain_text
from reports.exports.files import write_table
from reports.exports.usage import USAGE, usage_batches
from tests.export_values import an_audit

Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workbook")
    with an_audit(hostile=True, provider=None) as audited:
        for name in ("a.xlsx", "b.xlsx"):
            write_workbook(folder / name, audited)
        write_table(folder / "usage.parquet", USAGE, usage_batches(audited))
    return folder


def rows_of(path: Path, sheet: str) -> list[Row]:
    heading, *rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows]


def test_sheets_and_what_they_are(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "a.xlsx")
    assert book.sheetnames == ["about", "statement", "findings", "rates", "requests"]
    about = {row["name"]: row["value"] for row in rows_of(folder / "a.xlsx", "about")}
    assert about["requests"] == len(rows_of(folder / "a.xlsx", "requests")) == 157
    assert about["digest of the rate cards"] == "0123456789abcdef" * 4
    assert (about["ledger"], about["tolerance per request"], about["times"]) == ("test.duckdb", 0, "UTC")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr", "d"}


def test_the_same_rows_are_the_same_bytes(folder: Path) -> None:
    assert (folder / "a.xlsx").read_bytes() == (folder / "b.xlsx").read_bytes()


def test_requests_are_those_of_the_other_exports(folder: Path) -> None:
    table = pq.read_table(folder / "usage.parquet")
    rows = rows_of(folder / "a.xlsx", "requests")
    for name in table.schema.names:
        told = plain_text(table.column(name).combine_chunks()).to_pylist()
        for row, expected in zip(rows, told, strict=True):
            value = row[name]
            if isinstance(value, int | float):
                assert Decimal(str(value)) == Decimal(str(expected)), name
            else:
                shown = openpyxl.utils.escape.unescape(value).replace("\r", "\n") if value else None
                assert shown == ((expected or "").replace("\r", "\n") or None), name
    assert {row["day"].date().isoformat() for row in rows if row["at"]} == {row["at"][:10] for row in rows if row["at"]}


def test_the_statement_adds_up_to_the_audit_to_the_last_digit() -> None:
    with an_audit(provider=None, hostile=True) as audited:
        lines, audit = quantities(audited.rating), audited.audit
    for total in audit.totals:
        of_unit = [line for line in lines if line.unit == total.unit]

        def added(*bases: str, but: str = "", of_unit: list[Any] = of_unit) -> Decimal:
            amounts = [line.amount for line in of_unit if line.basis in bases and line.line != but]
            return sum((each for each in amounts if each is not None), Decimal(0))

        variances = [line.amount or Decimal(0) for line in of_unit if line.line == "variance"]
        assert added("checked", "failed", "repeated") == total.charged
        assert added("checked", but="variance") == total.expected
        assert sum(variances, added("failed", "repeated")) == total.variance
        assert added("unreported") == total.expected_unreported
        assert added("unchecked") == total.charged_unchecked
        assert sum(line.quantity or 0 for line in of_unit if line.line == "request") == total.requests


def test_the_statement_rates_give_its_amounts() -> None:
    with an_audit() as audited:
        lines = [line for line in quantities(audited.rating) if line.rate is not None]
    assert {line.line for line in lines} >= {"input", "output", "cache_read", "cache_write_1h"}
    assert all(line.amount == Decimal(line.quantity or 0) * (line.rate or 0) / 10**6 for line in lines)


def test_what_a_sheet_can_not_hold_goes_on_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 50)
    with an_audit() as audited:
        assert write_workbook(tmp_path / "w.xlsx", audited) == 124
    names = ["requests", "requests 2", "requests 3"]
    found = [rows_of(tmp_path / "w.xlsx", name) for name in names]
    assert [len(rows) for rows in found] == [49, 49, 26]
    assert len({row["request_id"] for rows in found for row in rows}) == 124


@pytest.mark.parametrize(
    ("value", "is_number"),
    [("0.1", True), ("123456789.123456", True), ("-0.000000000012", True), ("1234567890.123456", False),
     ("100000000000000", True), ("9007199254740993", False)],
)  # fmt: skip
def test_an_amount_is_a_number_only_where_no_digit_is_lost(tmp_path: Path, value: str, is_number: bool) -> None:
    path = tmp_path / "cells.xlsx"
    with path.open("wb") as file, sheets.workbook(file, "Cells") as book:
        book.sheet("cells", ["amount"], [(Decimal(value),)])
    (row,) = rows_of(path, "cells")
    assert isinstance(row["amount"], int | float) == is_number
    assert Decimal(str(row["amount"])) == Decimal(value)
