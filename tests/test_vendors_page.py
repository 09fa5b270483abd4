"""The page of the vendors as a file: arithmetic by hand, laws of its figures, and names that stay names."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings

from billing.rating import Selection
from billing.records import Status, UsageRecord
from pricing.baskets import spread
from pricing.catalog import load_catalog
from pricing.comparison import compare
from pricing.rates import RateBlock
from pricing.sensitivity import cost_lines, read_share
from pricing.usage import Usage
from reports import vendors_report
from reports.figures import UNKNOWN, rounded
from reports.pages.vendors import render_vendors
from reports.pages.vendors_answer import answers, details
from reports.pages.vendors_figures import Keys, places_of
from reports.pages.vendors_shares import shares
from reports.pages.vendors_tables import caching, drivers, offers, shown_parts, summary
from reports.tables import Table
from reports.vendors_report import VendorsReport, basket_report, ledger_report
from tests.audit_values import HOSTILE
from tests.conftest import ROOT
from tests.ledgers import OCTOBER, a_ledger, block, put
from tests.page_reading import MOST_BYTES, Read, check_charts, check_nothing_is_loaded, check_policy, read
from tests.rate_strategies import blocks
from tests.test_cli import call
from tests.test_comparison import usages
from tests.vendor_values import a_catalog, a_vendors_report
from tests.vendors import LIST_PRICE, MODEL, NOW, a_card, of, per_mtok

AT = datetime(2026, 11, 21, tzinfo=UTC)
SONNET = ("--model", "claude-sonnet-4-6", "--input", "1000000", "--output", "200000", "--at", "2026-11-21")


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def report() -> VendorsReport:
    return a_vendors_report()


@pytest.fixture(scope="module")
def hostile() -> Read:
    return read(render_vendors(a_vendors_report(hostile=True)))


def rows_of(text: str, table: str) -> list[list[str]]:
    """Return the texts of the rows of one table of a page."""
    (body,) = re.findall(rf'<table id="{table}".*?</table>', text, re.DOTALL)
    rows = re.findall(r'<tr class="row".*?</tr>', body, re.DOTALL)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def amounts(table: Table, heading: str) -> list[Decimal | None]:
    """Return a column as numbers; None is unknown."""
    (index,) = [nth for nth, column in enumerate(table.columns) if column.heading == heading]
    texts = [row.cells[index].text.replace(",", "").replace("\N{MINUS SIGN}", "-") for row in table.rows]
    return [None if text == UNKNOWN else Decimal(text) for text in texts]


def test_the_page_shows_what_arithmetic_by_hand_gives(capsys: pytest.CaptureFixture[str]) -> None:
    """Sonnet 4.6, 1M in and 200k out in total over many requests below any context tier, exact and before rounding."""
    assert call(capsys, "report", "vendors", *SONNET, "--format", "csv") == (0, "path\nvendors.html\n", "")
    text = Path("vendors.html").read_text("utf-8")
    rows = rows_of(text, "offers-0")
    # plain: 300 + 0.2 x 1500 = 600 credits, at $0.005 = $3.00
    # /anthropic: 883 + 0.2 x 4412 = 883 + 882.4 = 1765.4 credits = $8.827
    # API Models: 1.059 + 0.2 x 5.295 = 1.059 + 1.059 = $2.118
    # list: 3 + 0.2 x 15 = $6
    told = {(row[0], row[1]): row[2:6] for row in rows}
    assert told["aivideoapi", "claude-sonnet-4-6"] == ["3.000", "50.0", "600.00", "credits"]
    assert told["aivideoapi", "claude-sonnet-4-6/anthropic"] == ["8.827", "147.1", "1,765.40", "credits"]
    assert told["apimodels", "claude-sonnet-4-6"] == ["2.118", "35.3", "2.118", "USD"]
    assert told["anthropic", "claude-sonnet-4-6 (list price)"] == ["6.000", "100.0", "6.000", "USD"]
    assert told["aimlapi", "anthropic/claude-sonnet-4.6"] == ["—", "—", "—", "USD"]
    assert rows[-1][-4:] == ["0.00", "0.000", "6.000", "No published price: input, output (at most the list price)"]
    (answer,) = re.findall(r'<p class="answer">(.*?)</p>', text, re.DOTALL)
    assert " ".join(unescape(re.sub(r"<[^>]+>", " ", answer)).split()) == (
        "1,000,000 input and 200,000 output tokens of claude-sonnet-4-6 would cost least at apimodels: $2.118, "
        "▼ 64.7 % below the list price of $6.00."
    )
    claims = {row[2]: row[3:7] for row in rows_of(text, "claims")}
    assert claims["up to 95% cheaper than official pricing"] == [
        "up to 95",
        "64.7",
        "◐ Partly",
        "Input, Output: 64.7\xa0% less",
    ]
    assert claims["60-95% cheaper than official pricing"][:3] == ["60 to 95", "64.7", "✓ True"]
    assert len(text.encode()) < MOST_BYTES


def test_who_costs_less_in_any_case_comes_before_who_is_priced_in_full() -> None:
    """One million input, cached and output tokens each: 3 + 0.3 + 15 = 18.3 at list.

    `half` has no price of the cache, which costs at most its input: 1 + 5 = 6, and up to 1 more. `twice` asks 2 + 12
    and up to 2 more; `input` has no price of output and cache, at most those of the list and of input: 6, and up to
    15 + 6 more.
    """
    sold = {"half": {"input": "1", "output": "5"}, "twice": {"input": "2", "output": "12"}, "input": {"input": "6"}}
    cards = [a_card(name, block(per_mtok(**rates))) for name, rates in sold.items()]
    cards += [a_card(name, block(LIST_PRICE), is_list=name == "maker") for name in ("maker", "reseller")]
    catalog = of(*cards, a_card("silent", block(per_mtok())))
    basket = spread(Usage(input=1_000_000, cache_read=1_000_000, output=1_000_000))
    report = basket_report(catalog, [MODEL], [basket], NOW)
    (answer,) = answers(report)
    assert answer.statement == (
        "1,000,000 input, 1,000,000 output and 1,000,000 cache read tokens of model would cost at most $7.00 at half, "
        "where not all of it has a price. Of those with all prices, maker and reseller cost least: $18.30, which is "
        "the list price."
    )
    (row,) = summary(report.models, Keys.of([each.comparison for each in report.models])).rows
    assert [cell.text for cell in row.cells[-2:]] == ["half: $6.00 to $7.00; twice: $14.00 to $16.00", "input"]
    assert details(report.models[0]) == (
        "half is not priced in full and costs less in any case: $6.00 to $7.00. "
        "twice is not priced in full and costs less in any case: $14.00 to $16.00. "
        "input is not priced in full and may cost less: $6.00 to $27.00. Not priced in full, so in no rank: silent."
    )


def test_the_page_of_a_ledger_says_what_is_cheapest_and_what_is_in_no_sum(report: VendorsReport) -> None:
    """Of the first model 210,000 input, 7,770 output and 420,000 cached tokens; of the second 141,000 and 5,217.

    The first at list: 0.63 + 0.11655 + 0.126 = 0.87255; at `dollars` 0.504 + 0.09324 + 0.1008 = 0.69804, 20 % less.
    The second, plain: 0.3 x 141 + 1.5 x 5.217 = 50.1255 credits, at 0.0045 0.22556475; 0.501255 at list, 55 % less.
    """
    text = render_vendors(report)
    assert [str(each.comparison.offers[0].cost) for each in report.models] == ["0.69804", "0.22556475"]
    # Bought by the route: 0.9 x 210 + 4.5 x 7.77 + 0.09 x 420 = 261.765 credits, at the published $0.005.
    assert [str(each.traffic.spent) for each in report.models if each.traffic] == ["1.308825", "0.2506275"]
    first, second = [f"{each.statement} {each.difference} {each.where}" for each in answers(report)]
    assert first == (
        "All at one vendor, your 20 requests of model-a would cost least at dollars: $0.70, 20\xa0% below the "
        "list price of $0.87. As you bought them they cost $1.31, not counting 1 of unknown cost."
    )
    assert second == (
        "All at one vendor, your 6 requests of model-b would cost least at vendor: $0.23 at your own price of a unit, "
        "55\xa0% below the list price of $0.50. As you bought them they cost $0.25."
    )
    page = read(text).said
    for expected in (
        "Partial totals.", "1 request: failed, so nothing was used", "1 request: the stream was cut",
        "2 requests of model-c: one vendor alone sells it", "1 request of nobody's: no rate card names it",
        "vendor: 1 credit = $0.005", "vendor: 1 credit cost you $0.0045", "Simulated sample data.",
        "As of 2026-10-12 22:00 UTC", report.catalog_digest, report.input_digest,
    ):  # fmt: skip
        assert expected in page
    assert rows_of(text, "own-prices") == [["vendor", "credit", "0.005", "0.0045", "90.0"]]
    first_model = report.models[0].comparison
    table = shares(first_model, Keys.of([first_model])).table
    assert amounts(table, "66.7\xa0%, as it is")[0] == Decimal("0.70")


@settings(max_examples=40)
@given(blocks(), blocks(), blocks(), usages)
def test_figures_beside_each_other_add_up(one: RateBlock, other: RateBlock, maker: RateBlock, usage: Usage) -> None:
    catalog = of(a_card("one", one, unit="credit"), a_card("other", other), a_card("maker", maker, is_list=True))
    found = compare(catalog, MODEL, [spread(usage, 3)], NOW)
    places, keys = places_of(found), Keys.of([found])
    for each in found.offers:
        if each.usd is not None:
            assert sum(shown_parts(each, places).values()) == rounded(each.usd, places)
    totals = [total for total in amounts(offers(found, keys), "Total, USD") if total is not None]
    differences = amounts(drivers([found], keys), "The next costs more by, USD")
    if differences:
        assert sum(filter(None, differences)) in {total - totals[0] for total in totals}
    table = caching([found], keys)
    columns = (amounts(table, heading) for heading in ("Without a cache, USD", "As it is, USD", "The cache saves, USD"))
    for without, as_it_is, saved in zip(*columns, strict=True):
        assert saved is None or (without is not None and as_it_is is not None and without - as_it_is == saved)


@settings(max_examples=40)
@given(blocks(), blocks(), usages)
def test_a_line_goes_through_what_the_offer_costs_as_it_is(one: RateBlock, maker: RateBlock, usage: Usage) -> None:
    catalog = of(a_card("one", one, unit="credit"), a_card("maker", maker, is_list=True))
    found = compare(catalog, MODEL, [spread(usage)], NOW)
    costs = {each.seller: each.cost for each in found.offers if each.cost is not None}
    lines = {line.seller: line for line in cost_lines(found.offers, found.usage, found.list_offer)}
    for seller in costs.keys() & lines.keys():
        assert lines[seller].at(read_share(usage)) == costs[seller]


def test_models_are_taken_while_a_page_holds_them_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendors_report, "MOST_OFFERS", 6)  # the first has five offers, the second three
    report = a_vendors_report()
    assert [each.comparison.model for each in report.models] == ["model-a"]
    page = read(render_vendors(report)).said
    assert "6 requests of model-b: less was spent on these; listed by tallystick report vendors --ledger" in page
    assert "--model model-b" in page
    with a_ledger() as ledger:
        put(
            ledger,
            [UsageRecord(1, "vendor", name, name, at=OCTOBER, usage=Usage(input=5)) for name in ("model-a", "model-b")],
        )
        october = Selection(OCTOBER, OCTOBER + timedelta(days=31), "vendor")
        page = read(render_vendors(ledger_report(ledger, a_catalog(), (), october))).said
    assert "--from 2026-10-01 --to 2026-11-01 --provider vendor --model model-" in page


def test_a_price_that_changed_between_the_requests_has_its_date() -> None:
    """A million tokens before the change cost 3, and a million after it 2."""
    later = OCTOBER + timedelta(days=9)
    changing = a_card(
        "vendor", block(per_mtok(input="3"), valid_to=later), block(per_mtok(input="2"), valid_from=later)
    )
    catalog = of(changing, a_card("maker", block(LIST_PRICE), is_list=True))
    used = [
        UsageRecord(nth, "vendor", "vendor-sku", f"r{nth}", at=OCTOBER + timedelta(days=day), usage=Usage(input=10**6))
        for nth, day in enumerate((1, 20), start=1)
    ]
    with a_ledger() as ledger:
        put(ledger, used)
        changed, steady = (
            ledger_report(ledger, catalog, selection=Selection(start)) for start in (None, later + timedelta(days=1))
        )
    text = render_vendors(changed)
    assert [row[:3] + row[7:8] for row in rows_of(text, "rates")] == [
        ["vendor", "vendor-sku", "2", "2026-10-10"], ["maker", "maker-sku", "3", UNKNOWN],
    ]  # fmt: skip
    assert rows_of(text, "offers-0")[0][2] == "5.00"
    assert "Where a price changed between the requests, this is the last" in text
    assert "Where a price changed" not in render_vendors(steady)


def test_a_model_of_which_nothing_was_used_is_said_to_be_so_and_no_command_compares_it() -> None:
    failed = UsageRecord(1, "vendor", "model-a", "r1", at=OCTOBER, status=Status.FAILED, error_status=503)
    alone = UsageRecord(2, "vendor", "model-c", "r2", at=OCTOBER, usage=Usage(input=5))
    used = UsageRecord(3, "vendor", "model-b", "r3", at=OCTOBER, usage=Usage(input=5))

    def said_of(*records: UsageRecord) -> str:
        with a_ledger() as ledger:
            put(ledger, [*records])
            return read(render_vendors(ledger_report(ledger, a_catalog()))).said

    said = said_of(failed, alone, used)
    assert "1 request of model-a: all failed or were cut, so nothing is known to be used" in said
    assert "less was spent" not in said
    assert "--model model-a" not in said
    none = "There is nothing to compare: all requests of models that more than one vendor sells failed or were cut."
    assert none in said_of(failed, alone)
    assert "There is nothing to compare: no model of these requests is sold by more than one" in said_of(alone)


def test_a_page_of_nothing_is_calm(capsys: pytest.CaptureFixture[str]) -> None:
    with a_ledger() as ledger:
        put(ledger, [])
        text = render_vendors(ledger_report(ledger, a_catalog()))
    assert "There is no request to compare. The ledger holds no request that tells its time" in text
    assert 'id="filter"' not in text
    code, _, err = call(capsys, "report", "vendors", "--input", "5")
    assert (code, "need a --model" in err) == (2, True)
    code, _, err = call(capsys, "report", "vendors", "--model", "nothing", "--input", "5")
    assert (code, "no rate card names a model 'nothing'" in err) == (2, True)
    code, _, err = call(capsys, "report", "vendors", "--ledger", "none.duckdb")
    assert code == 3
    assert not Path("vendors.html").exists()


def test_a_page_of_many_offers_stays_small() -> None:
    """As many offers as a page of a ledger takes, each with a price for less than is used."""
    catalog, basket = load_catalog(), [spread(Usage(input=10**6, output=10**5, cache_read=10**6, cache_write_5m=10**5))]
    report = basket_report(catalog, ["gpt-oss-120b", "kimi-k3"], basket, AT)
    assert sum(len(each.comparison.offers) for each in report.models) >= vendors_report.MOST_OFFERS - 1
    assert len(render_vendors(report).encode()) < MOST_BYTES


def test_names_stay_names_and_nothing_is_loaded(hostile: Read) -> None:
    texts = {text.strip() for element, text in hostile.texts if element in {"td", "h1", "h2", "option"}}
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[3], f"{HOSTILE[0]}/route", f"Vendors, {HOSTILE[0]}"):
        assert name in texts, name
    assert any(HOSTILE[2] in text for element, text in hostile.texts if element == "li")
    scripts = [attributes for tag, attributes in hostile.elements if tag == "script"]
    assert [each for each in scripts if each.get("type") != "application/json"] == [{}, {}, {}]
    check_nothing_is_loaded(hostile)
    check_charts(hostile)


def test_plotly_gets_texts_that_it_shows_as_they_are() -> None:
    text = render_vendors(a_vendors_report(hostile=True))
    figures = [json.loads(each) for each in re.findall(r'id="[^"]*-figure">(.*?)</script>', text)]
    traces = [trace for figure in figures for trace in figure["data"]]
    rows = [row for figure in figures for row in figure["layout"]["meta"].get("rows", ())]
    told = [each for trace in traces for name in ("hovertext", "customdata") for each in trace.get(name, [])]
    told += [row[name] for row in rows for name in ("label", "figure")] + [trace.get("name", "") for trace in traces]
    assert not any("<" in each or "%{" in each or "$" in each for each in told)
    assert sum("&lt;script&gt;alert(1)" in row["label"] for row in rows) == 5
    templates = [trace["hovertemplate"] for trace in traces if "hovertemplate" in trace]
    assert any("&lt;script&gt;alert(1)" in each for each in templates)
    assert not any("<script" in each for each in templates)


def test_it_is_one_file_whose_charts_have_texts_and_tables(report: VendorsReport) -> None:
    text = render_vendors(report)
    check_policy(text)
    page = read(text)
    check_nothing_is_loaded(page)
    assert check_charts(page) == 4
    tables = {a.get("id") for tag, a in page.elements if tag == "table"}
    assert {"totals-table-0", "shares-table-0", "offers-0", "rates", "ratios", "parts", "caching", "claims"} <= tables


WRITE = """
import sys
from reports.pages.vendors import render_vendors
from tests.vendor_values import a_vendors_report
sys.stdout.buffer.write(render_vendors(a_vendors_report()).encode())
"""


def test_the_same_page_is_the_same_bytes_in_any_zone_and_with_any_seed(report: VendorsReport, tmp_path: Path) -> None:
    environment = os.environ | {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "2", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", WRITE], env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert run.stdout == render_vendors(report).encode()
