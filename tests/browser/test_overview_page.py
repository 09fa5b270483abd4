"""The overview as people use it: what a filter leaves of every figure, links, sorting, CSV, zones and paper."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reports.figures import rounded
from reports.pages.overview import render_overview
from tests.audit_values import HOSTILE
from tests.browser.conftest import Open
from tests.browser.looking import DESKTOP, PHONE, check_looks, check_print, choose, column, shown_rows, wait_for_charts
from tests.overview_values import an_overview
from tests.page_reading import read

TABLES = ("so-far-table-spend-0", "by-day-table-spend-0", "causes-table-credit", "findings", "movers", "budgets")
FROM, TO = "2026-10-07", "2026-10-09"


@pytest.fixture(scope="module")
def overview_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "overview.html"
    path.write_bytes(render_overview(*an_overview(), ("overview", "findings")).encode())
    return path


def tile(page: Page, key: str) -> str:
    return page.locator(f"[data-tile={key}]").first.inner_text()


def number(text: str) -> Decimal:
    return Decimal(text.replace("\N{MINUS SIGN}", "-").translate({ord(each): None for each in "$,+"}))


def figure(page: Page, key: str) -> Decimal:
    return number(page.locator(f"[data-tile={key}] .figure").first.inner_text())


def sums(page: Page, table: str, index: int) -> Decimal:
    return sum((number(each) for each in column(page, table, index) if each != "—"), Decimal(0))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "390"])
def test_it_is_drawn_accessible_and_no_wider_than_the_screen(
    open_page: Open, overview_file: Path, screenshots: Path, viewport: dict[str, int]
) -> None:
    page = open_page(overview_file, viewport=viewport)
    assert page.locator(".plot").count() == 3
    check_looks(page, screenshots, "overview")


def test_the_script_adds_up_what_the_page_says(open_page: Open, overview_file: Path) -> None:
    """Filled anew by the script, the tables are as they came."""
    page = open_page(overview_file, viewport=DESKTOP)
    wait_for_charts(page)
    came = {table: page.locator(f"#{table}").inner_html() for table in TABLES}
    tiles = [each.inner_html() for each in page.locator(".tile").all()]
    source = read_tables(overview_file)
    for table in TABLES[:4]:
        assert [cell.get_attribute("data-exact") for cell in page.locator(f"#{table} td").all()] == source[table], table
    choose(page, sku="vendor model-a")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#status")).to_contain_text("Everything is shown")
    assert {table: page.locator(f"#{table}").inner_html() for table in TABLES} == came
    assert [each.inner_html() for each in page.locator(".tile").all()] == tiles


def read_tables(path: Path) -> dict[str, list[str | None]]:
    """Return the exact values of the tables as the file has them."""
    found: dict[str, list[str | None]] = {}
    table = ""
    for tag, attributes in read(path.read_text("utf-8")).elements:
        if tag == "table":
            table = attributes.get("id") or ""
        if tag == "td":
            found.setdefault(table, []).append(attributes.get("data-exact"))
    return found


def test_what_nobody_knows_the_cost_of_is_not_free(open_page: Open, overview_file: Path) -> None:
    page = open_page(overview_file, viewport=DESKTOP)
    unknown = page.evaluate("""() => {
        const { bins, rows } = Tally.data;
        const of = (bin, key) => rows.filter((row) => row[0] === bin && String(row[1]) === key);
        const free = (list) => list.length && !list.some((row) => row[8] || row[13]);
        return Tally.choices("sku").flatMap(({ value, key }) =>
            bins.flatMap((day, bin) => (free(of(bin, key)) ? [[value, day]] : [])));
    }""")
    assert unknown
    for sku, day in unknown[:3]:
        choose(page, sku=sku)
        for name in ("from", "to"):
            page.locator(f"[name={name}]").fill(day)
        expect(page.locator("#status")).to_contain_text("spend unknown in")
        expect(page.locator("#status")).not_to_contain_text("$0.00")
        assert page.locator("[data-tile=spend] .figure").first.inner_text() == "\N{EM DASH}"


def test_days_the_wrong_way_round_are_said_to_be_so(open_page: Open, overview_file: Path) -> None:
    page = open_page(overview_file, f"#from={TO}&to={FROM}", viewport=DESKTOP)
    expect(page.locator("#status")).to_have_text("From is later than To, so no day is chosen and nothing is shown.")
    page.locator("[name=to]").fill(TO)
    expect(page.locator("#status")).to_contain_text("request")


def test_a_filter_rules_every_figure_and_a_link_restores_it(open_page: Open, overview_file: Path) -> None:
    page = open_page(overview_file, viewport=DESKTOP)
    wait_for_charts(page)
    whole = {table: shown_rows(page, table) for table in TABLES}
    all_spend = figure(page, "spend")
    choose(page, sku="vendor model-a")
    expect(page.locator("#status")).to_contain_text("Budget and forecast are of the whole month, so they are hidden.")
    assert Decimal(0) < figure(page, "spend") < all_spend
    assert column(page, "movers", 2) == ["model-a"]
    assert page.locator("#budgets-section").is_hidden()
    assert "not told under a filter" in tile(page, "budget")
    assert shown_rows(page, "so-far-table-spend-0") < whole["so-far-table-spend-0"]
    assert page.evaluate("document.querySelector('#so-far-spend-0').data.map((each) => each.name)") == ["Spend"]
    page.locator("[name=from]").fill(FROM)
    page.locator("[name=to]").fill(TO)
    expect(page.locator("#status")).to_contain_text("what changed since the month before")
    assert page.locator("#movers-section").is_hidden()
    assert column(page, "by-day-table-spend-0", 1) == [FROM, "2026-10-08", TO]
    check_sums(page)
    bars = page.evaluate("document.querySelector('#by-day-spend-0').data.find((each) => each.visible).x")
    assert bars == [FROM, "2026-10-08", TO]

    link = page.url
    again = open_page(overview_file, link[link.index("#") :], viewport=DESKTOP)
    expect(again.locator("#filter [name=sku]")).to_have_value("vendor model-a")
    expect(again.locator("#filter [name=from]")).to_have_value(FROM)
    assert [tile(again, key) for key in ("billed", "spend")] == [tile(page, key) for key in ("billed", "spend")]
    href = again.locator("#findings a.page").first.get_attribute("href") or ""
    assert href.startswith("findings.html#")
    assert "at=F-00" in href
    assert "sku=vendor+model-a" in href


def test_nothing_is_told_as_zero_in_a_unit_that_was_not_charged(open_page: Open, overview_file: Path) -> None:
    """The vendor in dollars reports no charge; the other charges credits."""
    page = open_page(overview_file, viewport=DESKTOP)
    wait_for_charts(page)
    choose(page, sku="dollars model-a")
    for key in ("billed", "expected", "variance"):
        assert page.locator(f"[data-tile={key}] .figure").first.inner_text() == "\N{EM DASH}"
        assert "in credits under this filter" in tile(page, key)
    assert "no charge in credits" in tile(page, "billed")
    assert figure(page, "spend") > 0


def check_sums(page: Page) -> None:
    """Check that tiles, charts and tables of a filter add up to the shown digit."""
    assert sums(page, "by-day-table-spend-0", 6) == figure(page, "spend")
    assert sums(page, "so-far-table-spend-0", 3) == figure(page, "spend")
    assert number(column(page, "so-far-table-spend-0", 4)[-1]) == figure(page, "spend")
    assert figure(page, "billed") - figure(page, "expected") == figure(page, "variance")
    *causes, whole = column(page, "causes-table-credit", 4)
    assert sum(map(number, causes)) == number(whole) == figure(page, "variance")
    report, _ = an_overview()
    days = [
        each for each in report.audit.sku_days
        if each.sku == "model-a" and each.provider == "vendor" and each.day and FROM <= each.day.isoformat() <= TO
    ]  # fmt: skip
    assert figure(page, "expected") == rounded(sum((each.expected for each in days), Decimal(0)), 2)
    assert figure(page, "spend") == rounded(sum((each.spend for each in days), Decimal(0)) * Decimal("0.005"), 2)


def test_hostile_names_are_shown_and_do_nothing(open_page: Open, screenshots: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(render_overview(*an_overview(hostile=True)).encode())
    page = open_page(path, viewport=DESKTOP)
    wait_for_charts(page)
    page.screenshot(path=screenshots / "overview-hostile.png", full_page=True)
    legend = page.locator("#by-day-spend-0 .legendtext").all_text_contents()
    assert legend[:2] == [f"vendor · {HOSTILE[0]}", f"vendor · {HOSTILE[1]}"]
    choose(page, sku=f"vendor {HOSTILE[0]}")
    assert set(column(page, "movers", 2)) == {HOSTILE[0]}
    with page.expect_download() as download:
        page.locator("button.csv[data-table=findings]").click()
    download.value.save_as(tmp_path / "findings.csv")
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["Finding", "Severity", "What we found"]
    assert [row[3] for row in rows[1:]] == [HOSTILE[0]] * shown_rows(page, "findings")


def test_sorting_days_of_every_zone_and_paper(open_page: Open, overview_file: Path) -> None:
    told = []
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        page = open_page(overview_file, f"#from={FROM}&to={TO}", viewport=DESKTOP, timezone_id=zone)
        wait_for_charts(page)
        assert column(page, "by-day-table-spend-0", 1) == [FROM, "2026-10-08", TO]
        told.append(page.locator("#by-day-spend-0 .xtick, #so-far-spend-0 .xtick").all_text_contents())
    assert told[0] == told[1] != []
    page.locator("#by-day-table-spend-0").evaluate("(table) => { table.closest('details').open = true; }")
    total = page.locator("#by-day-table-spend-0 thead th").nth(5)
    total.get_by_role("button").click()
    expect(total).to_have_attribute("aria-sort", "ascending")
    amounts = [number(each) for each in column(page, "by-day-table-spend-0", 6)]
    assert amounts == sorted(amounts)
    check_print(page, ["so-far-spend-0", "by-day-spend-0", "causes-credit"])
