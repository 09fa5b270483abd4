"""Invoices are read strictly: whole or not at all, each problem with its line and its remedy."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.errors import RefusedInputError
from billing.invoicing.invoices import COLUMNS, Invoice, read_invoice

HEADER = ",".join(COLUMNS)
LINE = "INV-7,1,2026-10-01,2026-11-01,vendor,model,usage,1000,tokens,12.50,credits"


def read(tmp_path: Path, *lines: str, header: str = HEADER) -> Invoice:
    path = tmp_path / "invoice.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return read_invoice(path)


def refusal(tmp_path: Path, *lines: str, header: str = HEADER) -> str:
    with pytest.raises(RefusedInputError) as error:
        read(tmp_path, *lines, header=header)
    told = str(error.value)
    assert str(tmp_path / "invoice.csv") in told
    return told.replace(f"{tmp_path / 'invoice.csv'}: ", "")


def changed(**cells: str) -> str:
    return ",".join(cells.get(name, cell) for name, cell in zip(COLUMNS, LINE.split(","), strict=True))


def test_a_line_is_read_to_the_last_digit(tmp_path: Path) -> None:
    invoice = read(
        tmp_path, LINE, changed(line="2", sku="", kind="fee", quantity="", unit="", amount="-0.000000000001")
    )
    assert (invoice.id, invoice.provider, invoice.currency, invoice.places) == ("INV-7", "vendor", "credit", 2)
    assert (invoice.start, invoice.end) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    first, second = invoice.lines
    assert (first.quantity, first.unit, first.amount, first.sku) == (Decimal(1000), "tokens", Decimal("12.50"), "model")
    assert (second.file_line, second.sku, second.quantity, second.unit) == (3, None, None, None)
    assert second.amount == Decimal("-0.000000000001")


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "invoice.jsonl"
    told: dict[str, object] = dict(zip(COLUMNS, LINE.split(","), strict=True)) | {"line": 1, "sku": None}
    text = json.dumps(told | {"amount": 0}).replace('"amount": 0', '"amount": 0.1234567890123')
    path.write_text(text, "utf-8")
    with pytest.raises(RefusedInputError, match=r"line 1: amount: .* has more than 12 decimal places"):
        read_invoice(path)
    path.write_text(text.replace("0.1234567890123", "1e999999"), "utf-8")
    with pytest.raises(RefusedInputError, match="line 1: amount: is no number up to"):
        read_invoice(path)
    path.write_text(text.replace("0.1234567890123", "12.5"), "utf-8")
    (line,) = read_invoice(path).lines
    path.write_text(text.replace('"sku"', '"text"').replace("0.1234567890123", "12.5"), "utf-8")
    with pytest.raises(RefusedInputError, match="line 1: a member that is none of invoice_id"):
        read_invoice(path)
    assert (line.amount, line.quantity, line.sku) == (Decimal("12.5"), Decimal(1000), None)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_known_by_the_header(tmp_path: Path, separator: str) -> None:
    invoice = read(tmp_path, LINE.replace(",", separator), header=HEADER.replace(",", separator))
    assert invoice.lines[0].amount == Decimal("12.50")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (changed(amount='"12,50"'), "line 2: amount: is no plain number; write 1234.56"),
        (changed(amount="1e3"), "line 2: amount: is no plain number"),
        (changed(amount="NaN"), "line 2: amount: is no plain number"),
        (changed(amount=""), "line 2: amount: is missing"),
        (changed(amount="9" * 17), "line 2: amount: is no plain number"),
        (changed(amount="0.0000000000001"), "line 2: amount: is no plain number"),
        (changed(amount="-1"), "line 2: amount: of a usage can't be below zero"),
        (changed(kind="refund"), "line 2: amount: of a refund can't be above zero"),
        (changed(kind="TOTAL", line=""), "a row of totals is no line, leave it out"),
        (changed(kind="discount"), "line 2: kind: is none of usage, top_up, bonus, refund, adjustment, tax, fee"),
        (changed(currency="EUR"), "line 2: currency: is none of credit and USD"),
        (changed(unit="GB"), "line 2: unit: is none of tokens, Mtok, requests and credits"),
        (changed(unit=""), "line 2: quantity: quantity and unit are told together"),
        (changed(quantity="12.5"), "line 2: quantity: tokens are whole"),
        (changed(quantity="-1"), "line 2: quantity:"),
        (changed(quantity="12", unit="credits"), "line 2: quantity: in credits it is the amount itself"),
        (changed(period_start="01.10.2026"), "line 2: period_start: is no day; write 2026-10-01"),
        (changed(period_start="2026-10-01T00:00:00"), "line 2: period_start: has no zone"),
        (changed(period_start="0001-01-01"), "line 2: period_start: is no day from 2000 to 2199"),
        (changed(period_end="9999-12-31"), "line 2: period_end: is no day from 2000 to 2199"),
        (changed(period_end="2026-10-01"), "line 2: period_end: is not after period_start"),
        (
            changed(period_end="2026-10-31"),
            "line 2: period_end: the end is exclusive; all of the month ends 2026-11-01",
        ),
        (changed(line="0"), "line 2: line:"),
        (changed(line="one"), "line 2: line:"),
        (changed(invoice_id=""), "line 2: invoice_id: is missing"),
        (changed(sku="x" * 300), "line 2: sku: is no name"),
        ('INV-7,"1', "line 2: unclosed_quote"),
    ],
)
def test_a_bad_cell_is_refused_with_its_line_and_remedy(tmp_path: Path, line: str, told: str) -> None:
    assert told in refusal(tmp_path, line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (changed(line="2", currency="USD"), "line 3: currency: is another than above"),
        (changed(line="2", invoice_id="INV-8"), "line 3: invoice_id: is another than above"),
        (changed(line="2", provider="other"), "line 3: provider: is another than above"),
        (changed(sku="other"), "line 3: line: 1 was given in line 2; number each line once"),
        (changed(line="2"), "line 3: sku: line 2 is of the same usage; add them up"),
        (
            changed(line="2", sku="b", period_start="2026-09-20", period_end="2026-10-02"),
            "line 3: period_end: the line's",
        ),
        (
            changed(line="2", kind="tax", period_start="2026-09-01", period_end="2026-10-01"),
            "only a refund or an adjustment may be of a period before it",
        ),
        (
            changed(line="2", kind="refund", amount="-1", period_start="2026-11-01", period_end="2026-12-01"),
            "line 3: period_end: the line's period is not within the invoice's",
        ),
    ],
)
def test_lines_that_contradict_each_other_are_refused(tmp_path: Path, line: str, told: str) -> None:
    assert told in refusal(tmp_path, LINE, line)


def test_a_refund_may_be_of_a_period_before_the_invoice_s(tmp_path: Path) -> None:
    before = changed(line="2", kind="refund", amount="-1", period_start="2026-09-01", period_end="2026-10-01")
    assert len(read(tmp_path, LINE, before).of("refund")) == 1


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADER.replace(",amount", ""), "line 1: no column amount; the header of an invoice is: invoice_id,line"),
        (LINE, "line 1: no column invoice_id, line"),
        ("just text", "line 1: no column invoice_id"),
        (f"{HEADER},note", "line 1: more columns than an invoice has"),
    ],
)
def test_a_file_without_its_header_is_refused(tmp_path: Path, header: str, told: str) -> None:
    assert told in refusal(tmp_path, header=header)


def test_every_problem_is_told_and_no_cell_is_quoted(tmp_path: Path) -> None:
    told = refusal(tmp_path, changed(amount="sk-secret"), changed(line="2", kind="sk-secret", sku="sk-secret\x1b[31m"))
    assert "sk-secret" not in told
    assert [part.split(":")[0] for part in told.splitlines()] == ["line 2", "line 3", "line 3"]


def test_an_empty_invoice_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "no line of an invoice below the header" in refusal(tmp_path)
    with pytest.raises(RefusedInputError, match="no such file"):
        read_invoice(tmp_path / "none.csv")


def test_the_longest_line_of_usage_tells_the_invoice_s_period(tmp_path: Path) -> None:
    half = changed(line="2", sku="b", period_end="2026-10-16", amount="1.2345")
    invoice = read(tmp_path, half, LINE)
    assert (invoice.end, invoice.places) == (datetime(2026, 11, 1, tzinfo=UTC), 4)
