"""The page of the vendors as people use it: filter, links, charts, sorting, CSV, zones, print, and hostile names."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reports.pages.vendors import render_vendors
from tests.audit_values import HOSTILE
from tests.browser.conftest import Open
from tests.browser.looking import (
    DESKTOP,
    PHONE,
    bars,
    check_looks,
    check_print,
    choose,
    column,
    shown_rows,
    wait_for_charts,
)
from tests.vendor_values import a_vendors_report

#: Narrow enough that a chart has a row of its own.
TABLET = {"width": 1000, "height": 900}


@pytest.fixture(scope="module")
def vendors_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page."""
    path = tmp_path_factory.mktemp("pages") / "vendors.html"
    path.write_bytes(render_vendors(a_vendors_report()).encode())
    return path


@pytest.fixture(scope="module")
def hostile_vendors_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a page with names that try to be more than names."""
    path = tmp_path_factory.mktemp("pages") / "hostile.html"
    path.write_bytes(render_vendors(a_vendors_report(hostile=True)).encode())
    return path


def lines(page: Page, chart: str) -> int:
    return page.locator(f"#{chart} .scatterlayer .js-line").count()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "390"])
def test_it_is_drawn_accessible_and_no_wider_than_the_screen(
    open_page: Open, vendors_file: Path, screenshots: Path, viewport: dict[str, int]
) -> None:
    page = open_page(vendors_file, viewport=viewport)
    check_looks(page, screenshots, "vendors")
    assert (bars(page, "totals-0"), bars(page, "totals-1")) == (5, 3)


def test_a_filter_rules_tables_and_charts_and_a_link_restores_it(open_page: Open, vendors_file: Path) -> None:
    page = open_page(vendors_file, viewport=DESKTOP)
    wait_for_charts(page)
    tables = ("offers-0", "offers-1", "rates", "ratios", "parts", "caching", "claims", "flips", "drivers")
    whole = {table: shown_rows(page, table) for table in tables}
    assert (whole["offers-0"], whole["rates"], whole["claims"]) == (5, 8, 2)
    drawn = lines(page, "shares-0")
    choose(page, provider="vendor")
    expect(page.locator("#status")).to_contain_text("3 of 8 offers, of 2 models")
    assert column(page, "offers-0", 2) == ["model-a/route", "model-a"]
    assert bars(page, "totals-0") == 2
    assert 0 < lines(page, "shares-0") < drawn
    assert shown_rows(page, "claims") == 0
    choose(page, sku="vendor model-a/route", model="model-a")
    assert column(page, "caching", 3) == ["model-a/route"]
    assert (bars(page, "totals-0"), lines(page, "shares-0")) == (1, 1)
    assert page.locator(".model:visible").count() == 1

    again = open_page(vendors_file, page.url[page.url.index("#") :], viewport=DESKTOP)
    expect(again.locator("#filter [name=sku]")).to_have_value("vendor model-a/route")
    assert column(again, "rates", 3) == ["model-a/route"]
    again.get_by_role("button", name="Reset").click()
    expect(again.locator("#status")).to_contain_text("Everything is shown")
    assert {table: shown_rows(again, table) for table in tables} == whole
    assert lines(again, "shares-0") == drawn
    assert again.locator(".model:visible").count() == 2


def test_a_column_is_sorted_and_csv_has_exact_amounts(open_page: Open, vendors_file: Path, tmp_path: Path) -> None:
    page = open_page(vendors_file, viewport=DESKTOP)
    heading = page.locator("#offers-0 thead th", has_text="Total, USD")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(page, "offers-0", 4) == ["1.31", "0.87", "0.70", "—", "—"]
    choose(page, provider="dollars")
    with page.expect_download() as download:
        page.locator("button.csv[data-table=offers-0]").click()
    download.value.save_as(tmp_path / "offers.csv")
    with (tmp_path / "offers.csv").open(encoding="utf-8", newline="") as file:
        headings, row = list(csv.reader(file))
    told = dict(zip(headings, row, strict=True))
    assert (told["Provider"], told["Total, USD"], told["% of list"]) == ("dollars", "0.69804", "80")


def test_a_bar_is_whole_or_an_outline_and_the_list_price_a_line(open_page: Open, vendors_file: Path) -> None:
    page = open_page(vendors_file, viewport=DESKTOP)
    wait_for_charts(page)
    labels = page.locator("#totals-0 .annotation-text").all_text_contents()
    assert "list price $0.87" in labels
    assert any(label.startswith("$0.70") and label.endswith("dollars model-a") for label in labels)
    assert any(label.startswith("$0.00 to $0.87") for label in labels)
    page.locator("#totals-0 .bars .point path").first.hover(force=True)
    expect(page.locator("#totals-0 .hovertext").first).to_contain_text("dollars model-a: $0.70")
    fills = page.locator("#totals-0 .bars .point path").evaluate_all("(all) => all.map((each) => each.style.fill)")
    assert len(set(fills)) == 2
    assert "as it is, 66.7\xa0%" in page.locator("#shares-0 .annotation-text").all_text_contents()


def test_hostile_names_are_shown_and_do_nothing(open_page: Open, hostile_vendors_file: Path, screenshots: Path) -> None:
    page = open_page(hostile_vendors_file, viewport=DESKTOP)
    wait_for_charts(page)
    page.screenshot(path=screenshots / "vendors-hostile.png", full_page=True)
    labels = page.locator("#totals-0 .annotation-text").all_text_contents()
    assert any(label.endswith(f"maker {HOSTILE[0]} (list price)") for label in labels)
    legend = page.locator("#shares-0 .legendtext").all_text_contents()
    assert any(HOSTILE[0] in text for text in legend)
    choose(page, model=HOSTILE[1])
    assert column(page, "claims", 4) == [HOSTILE[3]]


def test_it_prints_to_a4_and_says_the_same_in_every_zone(open_page: Open, vendors_file: Path) -> None:
    page = open_page(vendors_file, color_scheme="dark", viewport=TABLET, timezone_id="Asia/Tokyo")
    wait_for_charts(page)
    other = open_page(vendors_file, viewport=TABLET, timezone_id="America/Los_Angeles")
    assert page.locator(".meta").text_content() == other.locator(".meta").text_content()
    check_print(page, ["totals-0", "shares-0"])
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 704, "height": 900})
    wide = "[...document.querySelectorAll('table')].filter((each) => each.getBoundingClientRect().right > 704)"
    assert page.evaluate(f"{wide}.map((each) => each.id)") == []
