"""The findings as people use it: filter, links, sorting, CSV, keyboard, theme, zones, and readers of all kinds."""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reports.figures import MINUS
from reports.pages.findings_days import UNTIMED, day_parts
from tests.audit_values import HOSTILE, a_report
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


def amounts(texts: list[str]) -> list[Decimal]:
    return [Decimal(text.replace(",", "").replace(MINUS, "-")) for text in texts]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "390"])
def test_it_is_drawn_accessible_and_no_wider_than_the_screen(
    open_page: Open, audit_file: Path, screenshots: Path, viewport: dict[str, int]
) -> None:
    page = open_page(audit_file, viewport=viewport)
    expect(page.locator(".plot")).to_have_count(6)
    check_looks(page, screenshots, "findings")


def test_hostile_names_are_shown_and_do_nothing(open_page: Open, hostile_file: Path, screenshots: Path) -> None:
    page = open_page(hostile_file, viewport=DESKTOP)
    wait_for_charts(page)
    page.screenshot(path=screenshots / "findings-hostile.png", full_page=True)
    labels = page.locator("#by-sku-credit .annotation-text").all_text_contents()
    for name in (HOSTILE[0], HOSTILE[3], HOSTILE[4], HOSTILE[5]):
        assert any(label.startswith(name) for label in labels), (name, labels)
    choose(page, sku=f"vendor {HOSTILE[0]}")
    expect(page.locator("#status")).to_contain_text("1 of 8 SKUs")
    page.locator("#by-sku-credit .bars .point path").first.hover(force=True)
    expect(page.locator("#by-sku-credit .hovertext").first).to_contain_text(HOSTILE[0])


def test_a_filter_rules_tables_and_charts_and_a_link_restores_it(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, viewport=DESKTOP)
    wait_for_charts(page)
    whole = {table: shown_rows(page, table) for table in ("findings", "gaps", "skus", "daily-table-credit")}
    assert whole["findings"] == len(a_report().audit.findings) > 1
    all_bars = bars(page, "causes-credit")
    choose(page, sku="vendor model-d")
    expect(page.locator("#status")).to_contain_text("1 of 8 SKUs")
    assert column(page, "skus", 2) == ["model-d"]
    charged, expected, variance = (column(page, "skus", index)[0] for index in (5, 6, 7))
    told = f"charged {charged}, expected {expected}, variance {variance} credits"
    expect(page.locator("#status")).to_contain_text(told)
    assert set(column(page, "findings", 11)) == {"model-d"}
    assert shown_rows(page, "daily-table-credit") < whole["daily-table-credit"]
    assert 0 < bars(page, "causes-credit") < all_bars
    assert bars(page, "by-sku-credit") == 2
    assert bars(page, "causes-USD") == 0
    choose(page, verdict="undercharged")
    assert column(page, "findings", 1) == ["F-009"]
    assert shown_rows(page, "gaps") == 0
    expect(page.locator("#gaps-section .empty")).to_be_visible()
    assert page.locator("details.group:not([hidden])").count() == 1

    link = page.url
    again = open_page(audit_file, link[link.index("#") :], viewport=DESKTOP)
    expect(again.locator("#filter [name=sku]")).to_have_value("vendor model-d")
    expect(again.locator("#filter [name=verdict]")).to_have_value("undercharged")
    assert column(again, "findings", 1) == ["F-009"]
    again.get_by_role("button", name="Reset").click()
    expect(again.locator("#status")).to_contain_text("Everything is shown")
    assert shown_rows(again, "findings") == whole["findings"]
    assert bars(again, "causes-credit") == all_bars


def test_what_is_told_of_a_verdict_follows_the_filter(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, viewport=DESKTOP)
    group = page.locator("#verdict-unreported")
    whole, shown = group.locator(".sum").inner_text(), group.locator(".shown").text_content()
    source = re.sub(r"\s+", " ", audit_file.read_text("utf-8"))
    assert f'<span class="sum">{whole}</span> </summary>' in source
    assert f'<span class="shown">{shown}</span>' in source
    lines = [line for line in a_report().audit.skus if line.verdicts["unreported"]]
    assert len(lines) > 1
    for line in lines:
        choose(page, sku=f"{line.provider or ''} {line.sku}")
        here, told = group.locator(".row:not([hidden])").count(), line.verdicts["unreported"]
        assert group.locator(".sum").inner_text() == f"{told:,} request{'s' * (told != 1)}"
        text = group.locator(".shown").text_content() or ""
        assert text.startswith("Every one" if here == told else f"{here} of {told:,} request")
    expect(page.locator("#status")).to_contain_text("The sentences and verdicts above are of the whole.")
    page.get_by_role("button", name="Reset").click()
    expect(group.locator(".sum")).to_have_text(whole)
    expect(group.locator(".shown")).to_have_text(shown or "")


def test_days_add_up_to_the_sums_of_the_filter(open_page: Open, audit_file: Path) -> None:
    """Exact sums are over what the filter allows; those that are shown add up to what the line of the filter says."""
    page = open_page(audit_file, "#verdict=undercharged", viewport=DESKTOP)
    sums: dict[str, Decimal] = {}
    for part in day_parts(a_report().audit, "credit"):
        if part.sku in {"model-a", "model-d", "model-f"}:
            sums[part.day] = sums.get(part.day, Decimal(0)) + part.charged
    cells = page.locator("#daily-table-credit .row:not([hidden]) td:nth-child(3)")
    exact = [Decimal(cell.get_attribute("data-exact") or "") for cell in cells.all()]
    assert dict(zip(column(page, "daily-table-credit", 1), exact, strict=True)) == sums
    whole = [f"{sum(amounts(column(page, 'daily-table-credit', index))):,}" for index in (3, 4, 5)]
    told = "charged {}, expected {}, variance +{} credits".format(*whole)
    expect(page.locator("#status")).to_contain_text(told)


def test_the_figures_of_each_day_are_the_same_after_filtering_and_resetting(open_page: Open, audit_file: Path) -> None:
    """The script adds and rounds as the page's writer does: what it writes over the first figures equals them."""
    page = open_page(audit_file, viewport=DESKTOP)
    written = audit_file.read_text("utf-8")
    for row in page.locator("#daily-table-credit .row").all():
        for cell in row.locator("td").all():
            assert f'data-exact="{cell.get_attribute("data-exact")}"' in written
    before = page.locator("#daily-table-credit").inner_html()
    choose(page, sku="dollars model-a")
    assert page.locator("#daily-table-credit .row:not([hidden])").count() == 0
    choose(page, sku="")
    assert page.locator("#daily-table-credit").inner_html() == before


def test_a_hash_that_names_nothing_is_no_harm(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, "#sku=<img src=x>&verdict=__proto__&finding=F-999&at=nowhere", viewport=DESKTOP)
    expect(page.locator("#status")).to_contain_text("Everything is shown")
    assert shown_rows(page, "findings") == len(a_report().audit.findings)


def test_a_column_is_sorted_by_keyboard_with_the_unknown_last(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, viewport=DESKTOP)
    heading = page.locator("#gaps thead th").nth(4)
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    upwards = column(page, "gaps", 5)
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    downwards = column(page, "gaps", 5)
    known = [float(text) for text in upwards if text != "—"]
    assert known == sorted(known)
    assert len(known) >= 2
    assert [float(text) for text in downwards if text != "—"] == known[::-1]
    assert upwards[len(known) :] == downwards[len(known) :] == ["—"] * (len(upwards) - len(known))


def test_csv_has_exact_amounts_and_no_formula(open_page: Open, hostile_file: Path, tmp_path: Path) -> None:
    page = open_page(hostile_file, viewport=DESKTOP)
    choose(page, verdict="undercharged")
    with page.expect_download() as download:
        page.locator("button.csv[data-table=findings]").click()
    assert download.value.suggested_filename == "tallystick-findings.csv"
    download.value.save_as(tmp_path / "findings.csv")
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["Finding", "Severity", "What we found"]
    assert len(rows) == 1 + shown_rows(page, "findings")
    by_sku = {row[10]: row for row in rows[1:]}
    assert by_sku[HOSTILE[0]][4] == "-0.12"
    formula = next(sku for sku in by_sku if "HYPERLINK" in sku)
    assert formula == "'" + HOSTILE[3]


def test_from_a_finding_to_the_arithmetic_by_keyboard(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, viewport=DESKTOP)
    page.locator("#findings a", has_text="F-004").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#F-004")).to_have_attribute("open", "")
    assert page.url.endswith("#at=F-004")
    request = page.locator("#F-004 button.open").first
    request.focus()
    page.keyboard.press("Enter")
    expect(request).to_have_attribute("aria-expanded", "true")
    arithmetic = page.locator("#F-004 .arithmetic").first
    expect(arithmetic).to_be_visible()
    for said in ("Input", "300", "1,500", "Exact sum", "cut to 0.01 credit", "Charged", "+48.04"):
        expect(arithmetic).to_contain_text(said)
    for fact in ("october.jsonl:", "Prices & terms (page.txt)", "observed 2026-01-01", "two documented charges"):
        expect(arithmetic).to_contain_text(fact)
    page.keyboard.press("Enter")
    expect(arithmetic).to_be_hidden()


@pytest.mark.parametrize("link", ["#F-002", "#at=F-002", "#finding=F-002"])
def test_a_link_opens_a_finding(open_page: Open, audit_file: Path, link: str) -> None:
    page = open_page(audit_file, link, viewport=DESKTOP)
    expect(page.locator("#F-002")).to_have_attribute("open", "")
    expect(page.locator("#requests-F-002")).to_be_visible()
    expect(page.locator("#status")).not_to_be_empty()
    wait_for_charts(page)
    assert (column(page, "findings", 1) == ["F-002"]) == ("finding" in link)


def test_the_theme_is_the_systems_until_one_is_chosen(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, color_scheme="dark", viewport=DESKTOP)
    wait_for_charts(page)
    background = "getComputedStyle(document.querySelector('#causes-credit .main-svg')).background"
    dark = page.evaluate(background)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(background) != dark
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(background) == dark
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_days_stay_utc_days_in_every_zone(open_page: Open, audit_file: Path, zone: str) -> None:
    pages = [open_page(audit_file, viewport=DESKTOP, timezone_id=name) for name in ("UTC", zone)]
    ticks, days, at = [], [], []
    for page in pages:
        wait_for_charts(page)
        ticks.append(page.locator("#daily-credit .xtick").all_text_contents())
        days.append(column(page, "daily-table-credit", 1))
        at.append(page.evaluate("document.querySelector('#daily-credit').data[0].x"))
    assert ticks[0] == ticks[1] != []
    assert days[0] == days[1] == [*at[0], UNTIMED]
    assert at[0] == at[1]
    assert days[0][0] == "2026-10-01"


def test_it_prints_to_a4_in_light_colours(open_page: Open, audit_file: Path) -> None:
    page = open_page(audit_file, color_scheme="dark", viewport=DESKTOP)
    wait_for_charts(page)
    check_print(page, ["daily-credit", "causes-credit"])
