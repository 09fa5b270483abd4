"""The rate card as people use it: filter by SKU, vendor and kind of token, links, sorting, CSV, print, and zones."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reports.pages.rate_card import render_rate_card
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
from tests.rate_card_values import HOSTILE_SKUS, a_rate_card


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "rate-card.html"
    path.write_bytes(render_rate_card(a_rate_card()).encode())
    return path


def lines(page: Page) -> list[str]:
    names: list[str] = page.evaluate(
        "document.querySelector('#history').data.flatMap((each) => each.name.split('<br>'))"
    )
    return names


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "390"])
def test_it_is_drawn_accessible_and_no_wider_than_the_screen(
    open_page: Open, card: Path, screenshots: Path, viewport: dict[str, int]
) -> None:
    page = open_page(card, viewport=viewport)
    expect(page.locator(".plot")).to_have_count(2)
    check_looks(page, screenshots, "rate-card")


def test_filters_rule_tables_and_charts_and_a_link_restores_them(open_page: Open, card: Path) -> None:
    page = open_page(card, viewport=DESKTOP)
    wait_for_charts(page)
    whole = shown_rows(page, "rates")
    assert bars(page, "shares") == 2
    assert lines(page) == ["vendor · model-b", "input", "maker · model-a", "prompts above 200,000, input"]
    choose(page, sku="vendor model-a/route")
    assert column(page, "rates", 2) == ["model-a", "model-a/route"]
    assert column(page, "rates", 1) == ["maker", "vendor"]  # its list price stays beside it
    assert shown_rows(page, "sources") == 2
    assert bars(page, "shares") == 1
    assert set(lines(page)[::2]) == {"maker · model-a"}
    choose(page, sku="", provider="vendor", kind="cache_read")
    expect(page.locator("#rates th:visible")).to_have_count(5)
    expect(page.locator("#rates .kind-input:visible")).to_have_count(0)
    expect(page.locator("#rates td.kind-cache_read:visible").first).to_contain_text("$0.30")
    assert shown_rows(page, "changes") == 1
    expect(page.locator("#status")).to_contain_text("1 change")
    assert lines(page) == ["maker · model-a", "prompts above 200,000, cache read"]

    link = page.url
    again = open_page(card, link[link.index("#") :], viewport=DESKTOP)
    expect(again.locator("#filter [name=kind]")).to_have_value("cache_read")
    expect(again.locator("#rates .kind-input:visible")).to_have_count(0)
    again.get_by_role("button", name="Reset").click()
    expect(again.locator("#status")).to_contain_text("Everything is shown")
    assert shown_rows(again, "rates") == whole
    expect(again.locator("#rates th:visible")).to_have_count(9)


def test_rates_are_sorted_and_handed_out_exactly(open_page: Open, card: Path, tmp_path: Path) -> None:
    page = open_page(card, viewport=DESKTOP)
    heading = page.locator("#rates thead th").nth(2)
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    dollars = [text.partition("\n")[0] for text in column(page, "rates", 3)]
    assert dollars == ["$0.50", "$0.60", "$1.50", "$3.00", "$4.415", "—"]
    with page.expect_download() as download:
        page.locator("button.csv[data-table=rates]").click()
    download.value.save_as(tmp_path / "rates.csv")
    with (tmp_path / "rates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Input, USD"] for row in rows] == ["0.5", "0.6", "1.5", "3", "4.415", ""]
    assert {row["To, UTC"] for row in rows} == {"", "2026-06-01T00:00:00+00:00"}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_days_stay_utc_days_and_it_prints(open_page: Open, card: Path, zone: str) -> None:
    page = open_page(card, viewport=DESKTOP, timezone_id=zone, color_scheme="dark")
    wait_for_charts(page)
    assert column(page, "changes", 1)[0] == "2026-07-01"
    at = page.evaluate("document.querySelector('#history').data[0].x")
    assert "2026-06-01 00:00" in at
    assert "2026-07-01 00:00" in at
    drawn = page.evaluate("document.querySelector('#history')._fullLayout.xaxis.range")
    assert drawn[0][:10] < "2026-03-01" < drawn[1][:10]
    if zone == "Asia/Tokyo":
        check_print(page, ["shares", "history"])


def test_hostile_names_are_shown_and_do_nothing(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(render_rate_card(a_rate_card(hostile=True)).encode())
    page = open_page(path, "#sku=<img src=x>&provider=__proto__&at=nowhere", viewport=DESKTOP)
    wait_for_charts(page)
    labels = page.locator("#shares .annotation-text").all_text_contents()
    assert any(label.startswith(f"vendor · {HOSTILE_SKUS[0]}") for label in labels), labels
    legend = page.locator("#history .legendtext").all_text_contents()
    assert any(HOSTILE_SKUS[2] in name for name in legend), legend
