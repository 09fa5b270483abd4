"""The overview as a file: its figures are those of the audit and the statement, and all that stand together add up."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.audit import Audit
from billing.ledger import Ledger
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.rating import Selection
from billing.records import Status, UsageRecord
from pricing.amounts import total
from pricing.usage import Usage
from reports.audit_answer import ordered
from reports.audit_figures import AuditFigures
from reports.audit_report import AuditReport, audit_report
from reports.cli.months import month_of
from reports.figures import in_running_sums, rounded
from reports.pages import overview_causes, overview_spend, overview_tables
from reports.pages.overview import render_overview
from reports.pages.overview_sums import Sums
from reports.pages.rate_card import render_rate_card
from reports.pages.vendors import render_vendors
from reports.rate_card_report import rate_card_of_audit
from reports.tables import Row, Table
from reports.vendors_report import ledger_report
from tests.audit_values import HOSTILE, a_matched_report, a_month, a_report
from tests.conftest import ROOT
from tests.ledgers import OCTOBER, a_ledger, put
from tests.overview_values import an_overview
from tests.page_reading import MOST_BYTES, Read, check_charts, check_nothing_is_loaded, check_policy, read
from tests.statement_adding import check_pages_agree

NOVEMBER = OCTOBER + timedelta(days=31)
WHOLE_OCTOBER = Selection(OCTOBER, NOVEMBER)

amounts = st.decimals(-1000, 1000, places=6)


@pytest.fixture(scope="module")
def values() -> tuple[AuditReport, Statement]:
    return an_overview()


@pytest.fixture(scope="module")
def plain(values: tuple[AuditReport, Statement]) -> Read:
    return read(render_overview(*values))


@st.composite
def traffic(draw: st.DrawFn) -> list[UsageRecord]:
    """Return requests of September and October, at SKUs that are cut, cached, unpriced and in dollars."""
    return [draw(a_record(number)) for number in range(draw(st.integers(1, 16)))]


@st.composite
def a_record(draw: st.DrawFn, number: int) -> UsageRecord:
    provider, sku, unit = draw(
        st.sampled_from([
            ("vendor", "model-a", "credit"), ("vendor", "model-b/route", "credit"), ("vendor", "model-c", "credit"),
            ("vendor", "model-d", "credit"), ("vendor", "model-e", "credit"), ("dollars", "model-a", "USD"),
        ])
    )  # fmt: skip
    charged = draw(st.none() | st.decimals(0, 5, places=4))
    return UsageRecord(
        number, provider, sku, f"r{number}", at=OCTOBER + timedelta(hours=draw(st.integers(-700, 700))),
        usage=Usage(input=draw(st.integers(0, 9_000)), output=draw(st.integers(0, 900))),
        status=draw(st.sampled_from([Status.OK] * 5 + [Status.FAILED, Status.INCOMPLETE])), charged=charged,
        unit=unit if charged is not None else None,
    )  # fmt: skip


def of_october(ledger: Ledger, records: list[UsageRecord]) -> tuple[Audit, Statement]:
    put(ledger, records)
    with a_month() as (_, catalog):
        audit = audit_report(ledger, catalog, WHOLE_OCTOBER).audit
        return audit, monthly_statement(ledger, catalog, Asked(month=OCTOBER.date(), now=NOVEMBER))


def shown(row: Row, *cells: int) -> list[Decimal]:
    """Return what cells of a row show; nothing for a dash."""
    told = [row.cells[place].text.replace("\N{MINUS SIGN}", "-").replace(",", "") for place in cells]
    return [Decimal(each) for each in told if each not in {"\N{EM DASH}", ""}]


def rows(table: Table, what: str = "spent") -> list[Row]:
    return [row for row in table.rows if row.cells[1].exact == what]


@settings(max_examples=8)
@given(traffic())
def test_the_figures_are_those_of_the_ledger_and_add_up(records: list[UsageRecord]) -> None:
    with a_ledger() as ledger:
        audit, statement = of_october(ledger, records)
    check_days(audit, statement)
    check_tables(audit, statement)
    check_pages_agree(audit, statement)


def check_days(audit: Audit, statement: Statement) -> None:
    """Check that days are the spend of the statement and the sums of the audit."""
    for each in statement.providers:
        days = [day for day in audit.sku_days if (day.provider, day.unit) == (each.provider, each.unit)]
        assert total(day.spend for day in days) == each.sums.spend
        assert total(day.cost for day in days) == each.economics.spend
        assert sum(day.used - day.unknown for day in days) == each.economics.requests
        assert sum(day.unknown for day in days) == each.sums.unknown
    for found in audit.totals:
        days = [day for day in audit.sku_days if day.unit == found.unit]
        for field in ("charged", "expected", "variance", "charged_unchecked", "expected_unreported"):
            assert total(getattr(day, field) for day in days) == getattr(found, field)
    for finding in audit.findings:
        days_ = [day for day in audit.finding_days if day.finding == finding.id]
        assert total(day.variance for day in days_) == finding.variance
        assert sum(day.requests for day in days_) == finding.requests


def check_tables(audit: Audit, statement: Statement) -> None:
    """Check that what stands together adds up to the shown digit."""
    figures, sums = AuditFigures.of(audit), Sums.of(audit, statement)
    parts = overview_causes.parts(audit, figures, sums.names)
    for unit in (each.unit for each in ordered(audit) if each.checked):
        *causes, whole = overview_causes.cause_chart(audit, figures, parts, unit).table.rows
        assert sum(amount for row in causes for amount in shown(row, 3)) == figures.totals[unit].variance
        assert shown(whole, 3) == [figures.totals[unit].variance]
    for currency in sums.currencies:
        so_far, by_day = (chart.table for chart in overview_spend.charts(currency, sums, statement))
        days = [shown(row, *range(1, len(row.cells))) for row in by_day.rows]
        assert all(sum(each) == whole for *each, whole in days)
        spent, running = zip(*(shown(row, 2, 3) for row in rows(so_far)), strict=True)
        assert [whole for *_, whole in days] == list(spent)
        assert running[-1] == sum(spent) == rounded(sums.spend(currency), currency.places)
    for row in overview_tables.movers(sums, statement).rows:
        before, now, change, *effects = shown(row, 3, 4, 5, 7, 8, 9, 10, 11)
        assert (now - before, sum(effects)) == (change, change)


@given(st.lists(amounts), st.integers(0, 4))
def test_running_sums_are_shown_as_they_are(parts: list[Decimal], places: int) -> None:
    told = in_running_sums(parts, places)
    assert [sum(told[:end]) for end in range(len(parts) + 1)] == [
        rounded(sum(parts[:end], Decimal(0)), places) for end in range(len(parts) + 1)
    ]
    assert all(not each for part, each in zip(parts, told, strict=True) if not part)


def test_the_page_says_what_is_billed_and_expected_and_why_they_differ(
    values: tuple[AuditReport, Statement], plain: Read
) -> None:
    for expected in (
        "You were charged 246.35 credits.", "▼ 4.53 credits ($0.02) too little", "Why, in credits: unexplained",
        "October until 2026-10-24 18:00 UTC cost $7.60; 63.4 % of the budget for October 2026 is used",
        "+40.2 % against September 1 to 24", "vendor: 1 credit = $0.005", "and 1 other budget",
        "forecast to be $9.93 on 2026-10-31, in four of five cases between $7.60 and $16.97",
        "110 requests: the log names no charge; what is expected of them is in the spend alone", "Partial totals.",
        values[0].audit.input_digest,
    ):  # fmt: skip
        assert expected in plain.said
    assert check_charts(plain) == 3


def test_a_page_of_no_single_month_says_calmly_what_it_lacks() -> None:
    report = a_report()
    page = read(render_overview(report, None, ("overview", "findings")))
    for expected in (
        "a budget is for one month: choose it with --month", "a budget and a forecast are for one month",
        "What changed since the month before is told of a single month",
    ):  # fmt: skip
        assert expected in page.said
    links = [a["href"] for tag, a in page.elements if tag == "a" and a.get("class") == "page"]
    assert links == [f"findings.html#at={each.id}" for each in report.audit.findings]
    assert check_charts(page) == 4


def test_pages_of_one_provider_say_so() -> None:
    with a_month() as (ledger, catalog):
        for provider in ("vendor", None):
            chosen = replace(WHOLE_OCTOBER, provider=provider)
            report = audit_report(ledger, catalog, chosen)
            card = rate_card_of_audit(catalog, report)
            assert card is not None
            vendors = render_vendors(ledger_report(ledger, catalog, selection=chosen))
            for page in (render_overview(report, None), render_rate_card(card), vendors):
                assert ("Only requests to vendor" in read(page).said) is (provider is not None)


def said_of(records: list[UsageRecord]) -> str:
    """Return what the page of October says of these requests."""
    with a_ledger() as ledger, a_month() as (_, catalog):
        put(ledger, records)
        return read(render_overview(audit_report(ledger, catalog, WHOLE_OCTOBER), None)).said


def test_billed_is_one_figure_on_the_page_and_the_spend_adds_up() -> None:
    """Billed are 1,000.63 credits, $5.00315; expected are 668,467 tokens at 300 a million, 200.54 credits: $1.0027."""
    billed = UsageRecord(1, "vendor", "model-c", "r1", at=OCTOBER, charged=Decimal("1000.63"), unit="credit")
    owed = UsageRecord(2, "vendor", "model-a", "r2", at=OCTOBER, usage=Usage(input=668_467))
    said = said_of([billed, owed])
    assert "Billed, credits 1,000.63 = $5.00" in said
    assert "Spend, USD $6.01 $5.00 billed $1.01 expected of what reports no charge" in said


def test_what_failed_and_was_charged_is_told_beside_the_cost_of_an_answer() -> None:
    """Two answers of 8 credits, $0.04 each, are $40 per 1,000; 30 credits for one that failed are $0.15 more."""
    usage = Usage(input=1000)
    answer = UsageRecord(1, "vendor", "model-a", "r1", at=OCTOBER, usage=usage, charged=Decimal(8), unit="credit")
    used = [answer, replace(answer, line=2, request_id="r2")]
    failed = replace(answer, line=3, request_id="r3", usage=Usage(), status=Status.FAILED, charged=Decimal(30))
    cost = "Cost per 1,000 requests, USD $40.00 over 2 answered requests of known cost"
    assert f"{cost} failed or repeated ones, $0.15, left out" in said_of([*used, failed])
    assert cost in said_of(used)
    assert "left out" not in said_of(used)


def test_nothing_to_tell_is_told() -> None:
    matched = render_overview(a_matched_report(), None)
    assert "No variance in credits: every checked charge is what the rate card says." in matched
    with a_ledger() as ledger, a_month() as (_, catalog):
        empty = audit_report(ledger, catalog, WHOLE_OCTOBER)
        statement = monthly_statement(ledger, catalog, Asked(month=OCTOBER.date(), now=NOVEMBER))
    for page in (read(render_overview(empty, None)), read(render_overview(empty, statement))):
        assert "There is no request to check. The ledger holds no request that tells its time" in page.said
        assert "No request tells its time" in page.said
        assert check_charts(page) == 0


def test_names_stay_names_and_nothing_is_loaded(plain: Read) -> None:
    text = render_overview(*an_overview(hostile=True))
    page = read(text)
    check_policy(text)
    for each in (plain, page):
        check_nothing_is_loaded(each)
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert [attributes for attributes in scripts if attributes.get("type") != "application/json"] == [{}, {}, {}]
    texts = {text.strip() for element, text in page.texts if element in {"td", "h1", "option"}}
    assert {HOSTILE[0], HOSTILE[1], f"Overview, {HOSTILE[0]}", f"vendor · {HOSTILE[2]}"} <= texts
    assert "<script>alert" not in text
    assert '"name":"vendor · \\u003c' not in text


WRITE = """
import sys
from reports.pages.overview import render_overview
from tests.overview_values import an_overview
sys.stdout.buffer.write(render_overview(*an_overview()).encode())
"""


def test_the_same_values_are_the_same_bytes(values: tuple[AuditReport, Statement], tmp_path: Path) -> None:
    environment = os.environ | {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", WRITE], env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert run.stdout == render_overview(*values).encode()


def test_what_is_too_much_for_a_page_is_told_by_month_and_together(values: tuple[AuditReport, Statement]) -> None:
    report, _ = values
    days = [
        replace(day, sku=f"{day.sku} {number}", day=day.day and day.day - timedelta(days=number))
        for day in report.audit.sku_days
        for number in range(0, 400, 4)
    ]
    lines = [
        replace(line, sku=f"{line.sku} {number}", checked=0)
        for line in report.audit.skus
        for number in range(0, 400, 4)
    ]
    audit = replace(report.audit, sku_days=tuple(days), skus=tuple(lines), totals=(), findings=(), finding_days=())
    sums = Sums.of(audit, None)
    assert sums.bins[0] == "2025-08"
    assert not sums.has_days
    assert sums.sku_filter.choices[-1].text.endswith("SKUs of fewer requests")
    text = render_overview(replace(report, audit=audit), None)
    assert len(text.encode()) < MOST_BYTES
    assert "Spend by month and SKU" in text


def test_a_month_is_what_was_chosen_or_all_that_there_is(values: tuple[AuditReport, Statement]) -> None:
    audit = values[0].audit
    assert month_of(WHOLE_OCTOBER, audit) == month_of(Selection(), audit) == OCTOBER
    assert month_of(Selection(OCTOBER, NOVEMBER - timedelta(days=1)), audit) is None
    assert month_of(Selection(OCTOBER), audit) is None
    assert month_of(Selection(), replace(audit, untimed=1)) is None
    assert month_of(Selection(), replace(audit, last_at=NOVEMBER)) is None


def test_requests_that_tell_no_time_are_a_page_without_days() -> None:
    told = [UsageRecord(1, "vendor", "model-a", "r1", usage=Usage(input=10), charged=Decimal(5), unit="credit")]
    with a_ledger() as ledger, a_month() as (_, catalog):
        put(ledger, told)
        report = audit_report(ledger, catalog, Selection())
    assert "You were charged" in read(render_overview(report, None)).said
