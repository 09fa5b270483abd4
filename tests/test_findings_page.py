"""The page of the findings as a file: what it says adds up, it loads nothing, and no name in it is more than a name."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rating import EVERYTHING
from billing.records import UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok, RateCard, Sku, Source, UnitValue
from pricing.usage import Usage
from reports import audit_tables, html, words
from reports.audit_figures import AuditFigures, sku_key
from reports.audit_report import AuditReport, audit_report
from reports.figures import MINUS, UNKNOWN, adding_up, beside, rounded, unit_name
from reports.pages import findings_requests, findings_tables
from reports.pages.findings import render_findings
from reports.pages.findings_charts import charts
from reports.pages.findings_condensed import condensed
from reports.tables import Table
from tests.audit_values import HOSTILE, a_matched_report, a_report
from tests.conftest import ROOT
from tests.ledgers import LEARNED, OCTOBER, a_ledger, block, put
from tests.page_reading import MOST_BYTES, Read, check_charts, check_nothing_is_loaded, check_policy, read

RATES = PerMtok(input=Decimal(300), output=Decimal(1500))
SOURCES = {"page": Source(document="page.txt", title="Prices")}
CREDIT = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
CATALOG = Catalog(
    "test",
    "0" * 64,
    (
        RateCard(
            provider="vendor", name="Vendor", unit="credit", sources=SOURCES, usd_per_unit=(CREDIT,),
            skus=(*(Sku(id=sku, model=sku, rates=(block(RATES),)) for sku in "ab"),
                  Sku(id="none", model="none", rates=(block(PerMtok()),))),
        ),
        RateCard(
            provider="dollars", name="Dollars", unit="USD", sources=SOURCES,
            skus=(Sku(id="a", model="a", rates=(block(RATES),)),),
        ),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def page() -> AuditReport:
    return a_report()


@pytest.fixture(scope="module")
def plain(page: AuditReport) -> Read:
    return read(render_findings(page))


@pytest.fixture(scope="module")
def hostile() -> Read:
    return read(render_findings(a_report(hostile=True)))


def test_the_page_says_the_answer_and_where_it_comes_from(page: AuditReport, plain: Read) -> None:
    said = " ".join(" ".join(text for element, text in plain.texts if element not in {"script", "style"}).split())
    for expected in (
        "As of 2026-11-05 02:30 UTC", page.audit.catalog_digest, page.audit.input_digest, "2026.10.1",
        "vendor: 1 credit = $0.005",
        "You were charged 5,209.71 credits. For the 4,902.77 that can be checked, the rate card says 4,372.25:",
        "530.52 credits ($2.65) too much", "Simulated sample data.", "Partial totals.", "tallystick explain --ledger",
    ):  # fmt: skip
        assert expected in said


@pytest.mark.parametrize("reader", ["plain", "hostile"])
def test_nothing_is_loaded_from_outside(reader: str, request: pytest.FixtureRequest) -> None:
    check_nothing_is_loaded(request.getfixturevalue(reader))


def test_the_policy_names_every_script_by_its_digest_and_allows_no_eval(page: AuditReport) -> None:
    check_policy(render_findings(page))


def test_names_stay_names(hostile: Read) -> None:
    scripts = [attributes for tag, attributes in hostile.elements if tag == "script"]
    assert [attributes for attributes in scripts if attributes.get("type") != "application/json"] == [{}, {}, {}]
    texts = {text.strip() for element, text in hostile.texts if element in {"td", "code", "button", "h1", "option"}}
    for name in HOSTILE:
        assert name in texts, name
    assert f"{HOSTILE[3]} 19" in texts
    assert f"Findings, {HOSTILE[0]}" in texts


def test_plotly_gets_names_that_it_shows_as_they_are() -> None:
    text = render_findings(a_report(hostile=True))
    embedded = re.findall(r'<script type="application/json" id="[^"]*-figure">(.*?)</script>', text)
    figures = [json.loads(each) for each in embedded]
    labels = [label for figure in figures for label in figure["layout"].get("meta", {}).get("labels", {}).values()]
    hover = [each for figure in figures for trace in figure["data"] for each in trace.get("hovertext", [])]
    assert any("&lt;script&gt;" in label for label in labels)
    assert any("&#37;{x}&lt;b&gt;" in label for label in labels)
    assert not any("<" in name or "%{" in name for name in (*labels, *hover))


WRITE = """
import sys
from reports.pages.findings import render_findings
from tests.audit_values import a_report
sys.stdout.buffer.write(render_findings(a_report()).encode())
"""


def test_the_same_page_is_the_same_bytes_in_any_zone_and_with_any_seed(page: AuditReport, tmp_path: Path) -> None:
    told = render_findings(page).encode()
    environment = os.environ | {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "2", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITE]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert run.stdout == told


CHARGED_OFF = st.sampled_from(["0", "0", "0.004", "0.0049", "-0.003", "0.013", "-1.5"]).map(Decimal)


@st.composite
def records(draw: st.DrawFn) -> list[UsageRecord]:
    """Draw requests whose charges, exact or off by fractions of what is shown, round in all ways."""
    told = []
    for line in range(draw(st.integers(1, 30))):
        at = draw(st.none() | st.integers(0, 3 * 24).map(lambda hours: OCTOBER + timedelta(hours=hours)))
        provider, sku = draw(st.sampled_from([("vendor", "a"), ("vendor", "b"), ("vendor", "none"), ("dollars", "a")]))
        usage = Usage(input=draw(st.integers(1, 40_000)), output=draw(st.integers(0, 900)))
        charged = Decimal(usage.input * 3 + usage.output * 15).scaleb(-4) + draw(CHARGED_OFF)
        unit = "USD" if provider == "dollars" else "credit"
        amount = draw(st.sampled_from([max(charged, Decimal(0)), None, Decimal("0.33")]))
        told.append(UsageRecord(line, provider, sku, f"r{line}", at=at, usage=usage, charged=amount, unit=unit))
    return told


def shown(table: Table, heading: str, unit: str | None = None) -> Decimal:
    """Return the sum of a column as it is shown, of all rows or of those in that unit."""
    headings = [column.heading for column in table.columns]
    index = headings.index(heading)
    rows = [row.cells for row in table.rows if unit is None or row.cells[headings.index("Unit")].text == unit]
    texts = [cells[index].text.replace(",", "").replace(MINUS, "-") for cells in rows]
    return sum((Decimal(each) for each in texts if each != UNKNOWN), Decimal(0))


@settings(max_examples=8)
@given(records(), st.sampled_from([Decimal(0), Decimal("0.0045")]))
def test_causes_skus_days_findings_and_gaps_add_up_to_the_shown_digit(
    told: list[UsageRecord], tolerance: Decimal
) -> None:
    with a_ledger() as ledger:
        put(ledger, told)
        audit = audit_report(ledger, CATALOG, EVERYTHING, tolerance).audit
    figures, names = AuditFigures.of(audit), audit_tables.names(audit, ())
    tables = {chart.id: chart.table for chart in charts(audit, figures, names)}
    findings = findings_tables.findings(audit, figures, names)
    for total in audit.totals:
        unit, whole = unit_name(total.unit), figures.totals[total.unit]
        skus, gaps = findings_tables.skus(audit, figures, names), findings_tables.gaps(audit, figures, names)
        unchecked, unreported = figures.unchecked_in(total.unit), figures.unreported_in(total.unit)
        assert shown(skus, "Charged, not checkable", unit) == shown(gaps, "Charged, in unit", unit) == unchecked
        assert shown(skus, "Expected, not reported", unit) == unreported
        billed = rounded(total.charged + total.charged_unchecked, figures.places[total.unit])
        assert whole.charged + unchecked == billed
        sums = {"Charged": whole.charged, "Expected": whole.expected, "Variance": whole.variance}
        assert {heading: shown(skus, heading, unit) for heading in sums} == sums
        if total.checked:
            causes, by_sku, daily = (tables[f"{name}-{total.unit}"] for name in ("causes", "by-sku", "daily"))
            for table in (by_sku, daily):
                assert {heading: shown(table, f"{heading}, {unit}") for heading in sums} == sums
            assert shown(causes, f"Variance, {unit}") == whole.variance
            of_cause = {row.cells[2].text: row.cells[-1].text for row in causes.rows}
            for row, each in zip(findings.rows, audit.findings, strict=True):
                assert each.unit != total.unit or of_cause[each.id] == row.cells[4].text


def test_rounding_moves_only_what_is_not_zero() -> None:
    thirds = [Decimal(1) / 3] * 3
    assert sum(adding_up([*thirds, Decimal(0)], Decimal("1.00"), 2)) == Decimal("1.00")
    assert adding_up([*thirds, Decimal(0)], Decimal("1.00"), 2)[3] == 0
    assert adding_up([Decimal("0.005"), Decimal("-0.004")], rounded(Decimal("0.001"), 2), 2) == (Decimal(0), Decimal(0))


def test_a_page_without_variance_is_calm_and_a_page_without_requests_too() -> None:
    page = a_matched_report()
    text = render_findings(page)
    assert "the rate card says the same" in text
    assert "Partial totals" not in text
    assert "No finding: every checked charge is right." in text
    nothing = replace(page.audit, totals=(), skus=(), days=(), verdicts={}, first_at=None, last_at=None)
    said = read(render_findings(replace(page, audit=nothing, samples=()))).said
    assert "There is no request to check." in said
    assert "Rounding on this page Sums are rounded once" in said


def test_every_chart_has_a_heading_a_text_and_a_table(plain: Read) -> None:
    figures = [a for tag, a in plain.elements if tag == "figure"]
    assert check_charts(plain) == len(figures) == 6
    assert sum(tag == "details" and a.get("class") == "as-table" for tag, a in plain.elements) == 6


def test_a_request_carries_its_arithmetic_as_data(page: AuditReport) -> None:
    """Each row that opens has its lines: what they say is told once and numbered."""
    text = render_findings(page)
    told = json.loads(re.findall(r'<script type="application/json" id="arithmetic-data">(.*?)</script>', text)[0])
    rows = [a["id"] or "" for _, a in read(text).elements if a.get("class") == "more"]
    assert sorted(rows) == sorted(f"{group}-{nth}" for group, of in told["of"].items() for nth in range(1, len(of) + 1))
    unit, steps, outcome, facts = told["of"]["requests-F-004"][0]
    assert told["texts"][unit] == "credits"
    assert told["texts"][steps[0][0]] == "Input"
    assert [told["texts"][name] for name, *_ in outcome] == ["Exact sum", "Expected", "Charged", "Variance"]
    assert "Stands in" in [told["texts"][name] for name, _ in facts]


def test_a_page_of_many_findings_carries_few_requests_of_each_and_stays_small(page: AuditReport) -> None:
    (sample,) = [each for each in page.samples if each[0].finding == "F-001"][:1]
    first = page.audit.findings[0]
    found = tuple(replace(first, id=f"F-{number:03}", variance=Decimal(number)) for number in range(1, 41))
    samples = tuple((replace(sample[0], finding=each.id), sample[1]) for each in found for _ in range(12))
    many = replace(page, audit=replace(page.audit, findings=found), samples=samples)
    names = audit_tables.names(many.audit, samples)
    figures = replace(
        AuditFigures.of(page.audit), findings={each.id: beside(Decimal(2), Decimal(1), 2) for each in found}
    )
    groups = findings_requests.groups(many.audit, samples, figures, names)
    assert {len(each.table.rows) for each in groups} == {2}
    assert groups[0].shown.startswith("2 of ")


def test_the_page_is_no_larger_than_allowed(page: AuditReport) -> None:
    assert len(render_findings(page).encode()) < MOST_BYTES


def test_pages_beside_it_are_linked_with_the_filter_of_the_finding(page: AuditReport) -> None:
    said = render_findings(page, ("overview", "findings", "rate-card"))
    links = [a["href"] or "" for tag, a in read(said).elements if tag == "a" and ".html" in (a.get("href") or "")]
    assert {"overview.html", "findings.html", "rate-card.html"} <= set(links)
    assert "rate-card.html#sku=vendor+model-d" in links
    assert "rate-card" not in render_findings(page, ("findings",)).replace('rate-card"', "")


def test_every_code_of_the_audit_has_words() -> None:
    from billing.audit import VERDICTS  # noqa: PLC0415 - only this test compares the two lists

    assert set(words.VERDICTS) == set(VERDICTS)


def test_the_vendored_plotly_is_the_one_that_was_reviewed() -> None:
    (line,) = (html.PLOTLY.parent / "SHA256SUMS").read_text("utf-8").splitlines()
    digest, name = line.split()
    assert name == html.PLOTLY.name
    assert hashlib.sha256(html.PLOTLY.read_bytes()).hexdigest() == digest
    assert "MIT License" in (html.PLOTLY.parent / "plotly-LICENSE").read_text("utf-8")
    assert "</script" not in html.PLOTLY.read_text("utf-8").lower()


def test_a_page_of_many_skus_sums_up_the_small_ones_and_keeps_every_total(page: AuditReport) -> None:
    """What is summed up is the audit itself, so that every table and chart still adds up."""
    whole, short = page.audit, condensed(page, most=2).audit
    assert len({(line.provider, line.sku) for line in short.skus}) == 3
    assert {line.sku for line in short.skus} >= {"6 other SKUs"}
    for rows in ("skus", "days", "gaps", "findings"):
        for amount in ("requests", "charged"):
            sums = [sum(getattr(row, amount) or 0 for row in getattr(audit, rows)) for audit in (whole, short)]
            assert sums[0] == sums[1], (rows, amount)
    assert sum((each.variance for each in short.findings), Decimal(0)) == sum(each.variance for each in whole.findings)
    left, right = AuditFigures.of(whole), AuditFigures.of(short)
    assert left.totals == right.totals
    for unit, total in right.totals.items():
        of_unit = [line for line in short.skus if line.unit == unit]
        assert sum(right.skus[sku_key(line)].variance for line in of_unit) == total.variance
    text = render_findings(condensed(page, most=2))
    assert "6 other SKUs" in text
    assert condensed(page) is page
