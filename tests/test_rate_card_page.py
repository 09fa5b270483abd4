"""The page of the rate card as a file: what a token costs, beside which price, by which source, and since when."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pricing.catalog import load_catalog
from pricing.errors import UnknownNameError
from reports.figures import UNKNOWN
from reports.pages import rate_card_tables as tables
from reports.pages.rate_card import answer, example, render_rate_card
from reports.pages.rate_card_charts import share_chart
from reports.rate_card_report import RateCardReport, rate_card_of_audit, rate_card_of_providers
from reports.tables import Table
from tests.audit_values import a_month, a_report
from tests.conftest import ROOT
from tests.page_reading import MOST_BYTES, check_charts, check_nothing_is_loaded, check_policy, read
from tests.rate_card_values import HOSTILE_SKUS, NOW, a_rate_card
from tests.test_cli import call

SOURCED = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def report() -> RateCardReport:
    return a_rate_card()


def cells(table: Table, sku: str) -> list[list[str]]:
    """Return the texts of a SKU's rows; the SKU is in the second column, or in the third behind a day."""
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    return [row for row in rows if sku in row[1:3]]


def test_it_says_who_is_below_and_above_the_list_price_and_works_one_out(report: RateCardReport) -> None:
    assert answer(report) == (
        "Of the 4 SKUs of vendor, 1 costs less than the list price of the model's maker, 1 costs more than the list "
        "price, 1 has no list price to compare with and 1 publishes no price."
    )
    assert example(report) == (
        "For example, vendor asks 300 credits per 1M tokens of input for model-a. 1 credit = $0.005, so that is $1.50. "
        "The maker of the model asks $3.00: it is 50.0\N{NO-BREAK SPACE}% of the list price."
    )


def test_a_price_below_the_list_price_for_long_prompts_alone_is_told_of_small_ones_as_above_it() -> None:
    """The maker asks $3.00, and $6.00 of prompts above 200,000 tokens; the route $4.415 of all."""
    found = rate_card_of_providers(load_catalog(providers=["aivideoapi", "anthropic"]), ["aivideoapi"], SOURCED)
    told = [row[2:3] + row[-3:-2] for row in cells(tables.dollars(found), "claude-sonnet-4-5/anthropic")]
    assert told == [
        ["$4.415\n147.2\N{NO-BREAK SPACE}% of list", "prompts of up to 200,000 tokens"],
        ["$4.415\n73.6\N{NO-BREAK SPACE}% of list", "prompts above 200,000 tokens"],
    ]
    assert answer(found).endswith("Where the size of a prompt matters, small ones count.")


def test_a_cell_has_dollars_and_the_share_of_list_and_a_dash_has_its_reason(report: RateCardReport) -> None:
    found = tables.dollars(report)
    (plain,) = cells(found, "model-a")[1:2]
    assert plain[2:5] == ["$1.50\n50.0\N{NO-BREAK SPACE}% of list", "$7.50\n50.0\N{NO-BREAK SPACE}% of list",
                          f"{UNKNOWN}\nnot published"]  # fmt: skip
    (route,) = cells(found, "model-a/route")
    assert route[2] == "$4.415\n147.2\N{NO-BREAK SPACE}% of list"
    (unpriced,) = cells(found, "model-c")
    assert set(unpriced[2:7]) == {f"{UNKNOWN}\nnot published"}
    first, second = cells(found, "model-b")
    assert [row[2] for row in (first, second)] == ["$0.50\nno list price", "$0.60\nno list price"]
    assert first[-1] == "2026-06-01"
    assert second[-2] == "2026-07-01"
    maker = [[cell.text for cell in row.cells] for row in found.rows if row.cells[0].text == "maker"]
    # Neither the rates before March nor those of the batch tier: nothing is held against them.
    assert [row[2] for row in maker] == ["$3.00\nlist price"]


def test_rounding_fees_source_and_day_stand_beside_each_rate(report: RateCardReport) -> None:
    told = " ".join(cells(tables.published(report), "model-a")[1])
    assert "300 1,500" in told
    assert "The total is cut to 0.01 credit (seen in its charges) two documented charges" in told
    assert "0.01 credits per request" in " ".join(cells(tables.published(report), "model-a/route")[0])
    (unpriced,) = cells(tables.sources(report), "model-c")
    assert unpriced[3:] == ["page.txt", "Prices & terms", "the whole page: no price on it", "2026-01-01", "documented"]


def test_what_changed_is_told_with_its_day_and_its_size(report: RateCardReport) -> None:
    rows = [[cell.text for cell in row.cells] for row in tables.changes(report).rows]
    assert rows[0][:8] == ["2026-07-01", "vendor", "model-b", "Input", UNKNOWN, UNKNOWN, "$0.60", UNKNOWN]
    (listed,) = [row for row in rows if row[1:4] == ["maker", "model-a", "Output"]]
    assert listed[4:8] == ["prompts above 200,000 tokens", "$22.50", "$15.00", "−33.3"]  # noqa: RUF001 - a true minus


def test_a_list_price_stays_beside_what_is_held_against_it(report: RateCardReport) -> None:
    number = tables.names(report)
    (maker,) = [row for row in tables.dollars(report).rows if row.cells[0].text == "maker"]
    against = {("maker", "model-a"), ("vendor", "model-a"), ("vendor", "model-a/route"), ("vendor", "model-c")}
    assert set(maker.under["sku"]) == {str(number[name]) for name in against}
    assert len(maker.under["provider"]) == 2


@pytest.mark.parametrize("hostile", [False, True])
def test_the_page_is_sound_and_names_stay_names(hostile: bool) -> None:
    text = render_rate_card(a_rate_card(hostile=hostile))
    page = read(text)
    check_nothing_is_loaded(page)
    check_policy(text)
    assert check_charts(page) == 2
    assert len(text.encode()) < MOST_BYTES
    shown = {each.strip() for element, each in page.texts if element in {"td", "option"}}
    if hostile:
        assert set(HOSTILE_SKUS) <= shown
        embedded = re.findall(r'<script type="application/json" id="[^"]*-figure">(.*?)</script>', text)
        traces = [trace for each in embedded for trace in json.loads(each)["data"] if "name" in trace]
        names = [name for trace in traces for name in trace["name"].split("<br>")]
        assert any("&lt;" in name or "=HYPERLINK" in name for name in names)
        assert not any("<" in name or "%{" in name for name in names)


WRITE = """
import sys
from reports.pages.rate_card import render_rate_card
from tests.rate_card_values import a_rate_card
sys.stdout.buffer.write(render_rate_card(a_rate_card()).encode())
"""


def test_the_same_page_is_the_same_bytes_in_any_zone_and_with_any_seed(report: RateCardReport, tmp_path: Path) -> None:
    environment = os.environ | {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITE]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert run.stdout == render_rate_card(report).encode()


def test_a_page_without_history_or_prices_is_calm(report: RateCardReport) -> None:
    calm = render_rate_card(replace(report, history=(), periods=(), rates=report.rates[-1:]))
    assert "No rate of these SKUs has changed." in calm
    assert "No rate of these SKUs is known." in render_rate_card(replace(report, rates=(), history=(), periods=()))


def test_the_rates_of_an_audit_are_those_of_its_skus_and_name_what_no_card_knows() -> None:
    audited = a_report()
    with a_month() as (_, catalog):
        found = rate_card_of_audit(catalog, audited)
    assert found is not None
    sold = {(line.provider, line.sku) for line in audited.audit.skus}
    assert {each.sold for each in found.rates} | {*found.unknown} == sold
    assert found.unknown == ((None, "a model with no vendor"),)
    assert found.at == audited.audit.last_at
    assert "no rate card names it" in read(render_rate_card(found)).said
    untimed = replace(audited, audit=replace(audited.audit, last_at=None))
    assert rate_card_of_audit(catalog, untimed) is None


def test_shipped_prices_agree_with_hand_arithmetic() -> None:
    """883 credits at $0.005 are $4.415, which is 147.2 % of $3.00; 1.059 of 3 dollars are 35.3 %."""
    catalog = load_catalog(providers=["aivideoapi", "apimodels", "anthropic", "aimlapi"])
    found = rate_card_of_providers(catalog, ["aivideoapi", "apimodels", "aimlapi"], SOURCED)
    table = tables.dollars(found)
    assert cells(table, "claude-sonnet-4-6/anthropic")[0][2] == "$4.415\n147.2\N{NO-BREAK SPACE}% of list"
    (reseller,) = [row for row in cells(table, "claude-sonnet-4-6") if row[0] == "apimodels"]
    assert reseller[2] == "$1.059\n35.3\N{NO-BREAK SPACE}% of list"
    assert set(cells(table, "anthropic/claude-sonnet-4.6")[0][2:7]) == {f"{UNKNOWN}\nnot published"}
    chart = share_chart(found)
    assert chart is not None
    exact = {row.cells[1].exact: row.cells[2].exact for row in chart.table.rows if row.cells[0].exact == "aivideoapi"}
    assert Decimal(exact["claude-sonnet-4-6/anthropic"]) == Decimal("147.166667")


def test_a_large_provider_is_cut_and_the_rest_is_a_command_away() -> None:
    catalog = load_catalog(providers=["openai"])
    found = rate_card_of_providers(catalog, ["openai"], NOW)
    text = render_rate_card(found)
    assert len(text.encode()) < MOST_BYTES
    left = found.beyond["openai"]
    assert left == len(catalog.skus("openai")) - len(found.sold) > 0
    said = read(text).said
    assert f"{left} more SKUs of openai, not on this page; listed by tallystick catalog list --provider openai" in said
    with pytest.raises(UnknownNameError, match="no rate card for provider 'nobody'"):
        rate_card_of_providers(catalog, ["nobody"], NOW)


def test_the_command_writes_the_page_of_a_provider(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "report", "rate-card", "--provider", "apimodels", "--out", str(tmp_path))
    assert code == 0
    assert json.loads(out)["files"] == [str(tmp_path / "rate-card.html")]
    assert "$1.059" in (tmp_path / "rate-card.html").read_text("utf-8")


def test_a_list_price_that_is_not_in_force_yet_is_in_the_history_alone() -> None:
    report = a_rate_card()
    later = replace(report.periods[0], sku="later", provider="maker")
    assert "maker" in render_rate_card(replace(report, periods=(*report.periods, later)))
