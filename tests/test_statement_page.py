"""The statement's page as a file: what it says first, what stays unknown, and names that are no more than names."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.records import Status, UsageRecord
from pricing.usage import Usage
from reports.cli import run
from reports.figures import adding_up, rounded, running
from reports.pages.statement import render_statement
from reports.pages.statement_condensed import condensed
from reports.pages.statement_marks import Stated
from reports.pages.statement_tables import invoice
from tests.audit_values import HOSTILE
from tests.conftest import ROOT
from tests.ledgers import OCTOBER, a_ledger, put
from tests.page_reading import MOST_BYTES, check_charts, check_nothing_is_loaded, check_policy, read
from tests.statement_adding import check_adds_up, shown_total, value
from tests.statement_values import NOVEMBER, a_month, a_statement, an_invoice

amounts = st.sampled_from(["0", "0.004", "0.005", "-0.0049", "1.2349", "-3.3333", "1000.0051"]).map(Decimal)
rows = st.integers(1, 6).flatmap(lambda size: st.lists(st.tuples(*[amounts] * size), min_size=1, max_size=8))


@given(st.lists(amounts, max_size=9), st.integers(-4, 4))
def test_parts_meet_the_wish_unless_all_are_nothing(parts: list[Decimal], off: int) -> None:
    wish = rounded(sum(parts, Decimal(0)), 2) + Decimal(off).scaleb(-2)
    shown = adding_up(parts, wish, 2)
    assert all(part or not each for part, each in zip(parts, shown, strict=True))
    assert sum(shown) == wish or not any(parts)


@given(rows)
def test_running_sums_keep_what_is_nothing_and_stay_near(parts: list[tuple[Decimal, ...]]) -> None:
    shown = running(parts, 2)
    for row, told in zip(parts, shown, strict=True):
        exact = list(accumulate(row))
        assert all(part or left == right for part, (left, right) in zip(row[1:], pairwise(told), strict=True))
        assert all(abs(each - whole) < Decimal("0.05") for each, whole in zip(told, exact, strict=True))
    last = sum((sum(row, Decimal(0)) for row in parts), Decimal(0))
    assert sum(told[-1] for told in shown) == rounded(last, 2) or not any(sum(row) for row in parts)


@pytest.fixture(scope="module")
def october() -> Statement:
    return a_statement()


@pytest.fixture(scope="module")
def text(october: Statement) -> str:
    return render_statement(october, [an_invoice()], credit_values=["vendor: 1 credit = $0.005"], is_simulated=True)


@pytest.fixture(scope="module")
def hostile() -> str:
    return render_statement(a_statement(hostile=True), [an_invoice(hostile=True)], ledger_name="my ledger's.duckdb")


def test_the_page_says_what_the_month_cost_against_the_one_before_and_the_budget(text: str) -> None:
    said = read(text).said
    for expected in (
        "Statement, October 2026", "as of 2026-10-24 18:00 UTC", "vendor: 1 credit = $0.005", "Simulated sample data.",
        "October 2026, until 2026-10-24 18:00 UTC, cost 1,464.17 credits at vendor and $0.28 at dollars: $7.60 in all.",
        "That is $2.18 (40.2 %) more than in the first 24 days of September, which cost $5.42.",
        "of the budget \N{LEFT DOUBLE QUOTATION MARK}search\N{RIGHT DOUBLE QUOTATION MARK} ($0.50) is used.",
        "Of 2 other budgets, 1 will not hold either.", "Partial totals.", "2 requests: neither a charge nor a price",
        "What names no project is a row of its own, allocated to nobody.",
        "Invoice INV-7 of vendor asks 737.62 credits", "236.42 credits at vendor, where 47.79 credits are usual",
    ):  # fmt: skip
        assert expected in said


def test_every_chart_has_words_and_every_page_its_policy(text: str, hostile: str) -> None:
    for page in (text, hostile):
        check_nothing_is_loaded(read(page))
        check_policy(page)
        assert check_charts(read(page)) == 9
        assert len(page.encode()) < MOST_BYTES


def test_names_stay_names(hostile: str) -> None:
    page = read(hostile)
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert [attributes for attributes in scripts if attributes.get("type") != "application/json"] == [{}, {}, {}]
    texts = {told.strip() for _, told in page.texts}
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[4], f"Spend by tag {HOSTILE[1]}"):
        assert name in texts, name
    figures = re.findall(r'-figure">(.*?)</script>', hostile)
    names = [name for each in figures for name in json.loads(each)["layout"].get("meta", {}).get("names", [])]
    assert names
    assert not any("<" in name for name in names)


def test_what_adds_up_still_does_with_hostile_names_and_what_is_allocated() -> None:
    for statement in (a_statement(hostile=True), a_statement(allocation="proportional", is_complete=True)):
        check_adds_up(statement)


def test_small_skus_are_one_where_there_are_too_many(october: Statement) -> None:
    short = condensed(october, most=1)
    assert [(each.provider, each.sku) for each in short.skus] == [
        ("dollars", "model-a"), ("vendor", "model-a"), ("vendor", "2 smaller SKUs")
    ]  # fmt: skip
    check_adds_up(short)
    assert [each.sums for each in short.providers] == [each.sums for each in october.providers]
    merged = short.skus[2].economics
    two = [each.economics for each in october.skus if each.sku in {"model-b/route", "model-c"}]
    assert merged.spend == sum(each.spend for each in two)
    assert merged.per_mtok == round(merged.spend * 10**6 / merged.tokens, 6)
    assert condensed(october) is october


def test_an_invoice_s_lines_add_up_to_its_total() -> None:
    found = an_invoice()
    stated = Stated.of(a_statement(), [found])
    *lines, whole = invoice(found, 0, stated.marks).rows
    counted = [row for row in lines if row.cells[1].text != "fee"]
    for row in (*lines, whole):
        invoiced, _, expected, variance = (value(cell) for cell in row.cells[3:7])
        assert variance is None or (invoiced is not None and expected is not None and invoiced - expected == variance)
    for at in (3, 4, 5):
        assert shown_total(row.cells[at] for row in counted) == value(whole.cells[at])
    assert [row.cells[7].text for row in lines] == [
        "too little",
        "too little",
        "matched",
        "as it is",
        "can't be checked",
    ]


def test_what_is_unknown_is_never_zero(october: Statement) -> None:
    only = [each for each in october.skus if each.sku == "model-c"]
    unknown = [
        replace(each, sums=replace(each.sums, unknown=5, used=5, spend=Decimal(0), usd=Decimal(0))) for each in only
    ]
    providers = [replace(each, sums=unknown[0].sums) for each in october.providers[-1:]]
    empty = replace(
        october, skus=tuple(unknown), providers=tuple(providers), breakdowns=(), days=(), sku_days=(), unusual=(),
        change=replace(october.change, lines=(), totals=()), budgets=(), before=(),
    )  # fmt: skip
    said = read(render_statement(empty)).said
    assert "October 2026, until 2026-10-24 18:00 UTC, : nothing of known cost" not in said
    assert "nothing of known cost was used" in said
    assert "Spend, unknown —" in said
    assert "No budget is set." in said
    assert "There is no usage in the first 24 days of September to compare with." in said


def of_records(records: list[UsageRecord], asked: Asked) -> str:
    """Return what the page says of requests at a vendor whose second SKU has cache rates, and whose third no price."""
    with a_ledger() as ledger, a_month() as (_, catalog):
        put(ledger, records)
        return read(render_statement(monthly_statement(ledger, catalog, asked))).said


def a_request(number: int, sku: str, usage: Usage) -> UsageRecord:
    return UsageRecord(number, "vendor", sku, f"r{number}", at=OCTOBER, usage=usage)


def test_what_a_cache_without_a_price_saved_is_unknown() -> None:
    priced = a_request(1, "model-a", Usage(input=1000, output=100))
    unpriced = a_request(2, "model-c", Usage(input=10, cache_read=7_000, cache_write_5m=345))
    cached = a_request(3, "model-b/route", Usage(input=10, cache_read=5_000))
    october = Asked(month=OCTOBER.date(), now=NOVEMBER)
    assert "no cache was used" in of_records([priced], october)
    said = of_records([priced, unpriced], october)
    assert "Saved by caching unknown 7,345 tokens of a cache have no price" in said
    assert "vendor model-c credits 0 0 — — — — — — —" in said
    said = of_records([priced, unpriced, cached], october)
    assert "5,000 tokens read from a cache; without 7,345 tokens of a cache that have no price" in said


def test_only_the_first_days_of_the_month_before_are_said_to_be_without_usage() -> None:
    used = [
        replace(a_request(day, "model-a", Usage(input=1000)), at=OCTOBER + timedelta(days=day, hours=9))
        for day in range(20, 32)
    ]
    said = of_records(used, Asked(month=NOVEMBER.date(), as_of=NOVEMBER + timedelta(hours=10)))
    assert "There is no usage on the first day of October to compare with." in said
    assert "no priced usage on the first day of October to compare with" in said
    assert "first 1 day" not in said
    said = of_records(used, Asked(month=NOVEMBER.date(), as_of=NOVEMBER + timedelta(days=1, hours=10)))
    assert "There is no usage in the first 2 days of October to compare with." in said


def test_what_failed_and_was_charged_is_told_beside_the_cost_of_an_answer() -> None:
    """Two answers of 8 credits, $0.04 each, are $40 per 1,000; 30 credits for one that failed are $0.15 more."""
    answer, charge = a_request(1, "model-a", Usage(input=1000)), Decimal(8)
    used = [replace(answer, line=number, request_id=f"r{number}", charged=charge, unit="credit") for number in (1, 2)]
    failed = replace(
        answer, line=3, request_id="r3", usage=Usage(), status=Status.FAILED, charged=Decimal(30), unit="credit"
    )
    october = Asked(month=OCTOBER.date(), now=NOVEMBER)
    said = of_records([*used, failed], october)
    assert "Per 1,000 requests $40.00 over 2 answered requests; failed or repeated ones, $0.15, left out" in said
    assert "left out" not in of_records(used, october)


def test_a_month_without_usage_is_calm(october: Statement) -> None:
    nothing = replace(
        october, skus=(), providers=(), breakdowns=(), days=(), sku_days=(), unusual=(), unpriced=(), before=(),
        list_prices=(), change=replace(october.change, lines=(), totals=()), budgets=(),
    )  # fmt: skip
    said = read(render_statement(nothing)).said
    for calm in (
        "Nothing was used in this month.",
        "Everything that was used has a price.",
        "No day of this month was",
    ):
        assert calm in said


WRITE = """
import sys
from reports.pages.statement import render_statement
from tests.statement_values import a_statement, an_invoice
page = render_statement(a_statement(), [an_invoice()], credit_values=["vendor: 1 credit = $0.005"], is_simulated=True)
sys.stdout.buffer.write(page.encode())
"""


def test_the_same_page_is_the_same_bytes_in_any_zone_and_with_any_seed(text: str, tmp_path: Path) -> None:
    environment = os.environ | {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", WRITE], env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == text.encode()


def test_the_command_takes_invoices_and_refuses_what_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    usage = {"input_tokens": 10_000, "output_tokens": 1_000}
    answer = {"id": "a", "type": "message", "model": "claude-opus-4-6", "usage": usage, "credits_consumed": 7.5}
    told = {"timestamp": "2026-10-02T09:00:00Z", "request": {"model": "claude-opus-4-6"}, "response": answer}
    Path("log.jsonl").write_text(json.dumps(told), "utf-8")
    Path("invoice.csv").write_text(
        "invoice_id,line,period_start,period_end,provider,sku,kind,quantity,unit,amount,currency\n"
        "INV-1,1,2026-10-01,2026-11-01,aivideoapi,claude-opus-4-6,usage,1,requests,7.5,credits\n", "utf-8",
    )  # fmt: skip
    Path("tallystick.toml").write_text('[[budgets]]\nname = "all"\namount = 1\n', "utf-8")
    assert run(["import", "log.jsonl", "--quiet", "--format", "csv"]) == 0
    capsys.readouterr()
    assert (
        run(
            [
                "report",
                "statement",
                "--month",
                "2026-10",
                "--invoice",
                "invoice.csv",
                "--out",
                "pages",
                "--format",
                "json",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["files"] == ["pages/statement.html"]
    said = read(Path("pages/statement.html").read_text("utf-8")).said
    for expected in (
        "October 2026 cost 7.50 credits at aivideoapi, which is $0.04.", "Invoice INV-1 beside this statement",
        "aivideoapi: 1 credit = $0.005", "3.8 % of the budget",
    ):  # fmt: skip
        assert expected in said
    assert run(["report", "statement", "--invoice", "log.jsonl", "--out", "pages"]) == 3
    assert "log.jsonl" in capsys.readouterr().err
