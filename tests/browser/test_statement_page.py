"""The statement as people use it: drawn and accessible, under a filter, sorted, as CSV, in other zones and on paper."""

import csv
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from reports.figures import MINUS
from reports.pages.statement import render_statement
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
from tests.statement_values import a_statement, an_invoice

#: What the page says of the SKU that the tests choose: its spend is in the statement's own table, too.
SKU = "vendor model-b/route"


@pytest.fixture(scope="session")
def statement_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "statement.html"
    path.write_bytes(render_statement(a_statement(allocation="proportional"), [an_invoice()]).encode())
    return path


def amounts(texts: list[str]) -> list[Decimal]:
    return [Decimal(text.replace(",", "").replace(MINUS, "-")) for text in texts]


def labels(page: Page, chart: str) -> list[str]:
    return [text.strip() for text in page.locator(f"#{chart} .annotation-text").all_text_contents()]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "390"])
def test_it_is_drawn_accessible_and_no_wider_than_the_screen(
    open_page: Open, statement_file: Path, screenshots: Path, viewport: dict[str, int]
) -> None:
    page = open_page(statement_file, viewport=viewport)
    expect(page.locator(".plot")).to_have_count(9)
    check_looks(page, screenshots, "statement")


def test_a_filter_rules_everything_that_it_says_and_a_link_restores_it(open_page: Open, statement_file: Path) -> None:
    page = open_page(statement_file, viewport=DESKTOP)
    wait_for_charts(page)
    before = page.locator("main").inner_text()
    assert labels(page, "steps-0")[-1].endswith("1,464.17")
    assert bars(page, "days-0") == 24
    choose(page, sku=SKU)
    spend = page.locator("#statement-0 .row.spend:not([hidden]) td:last-child").inner_text()
    expect(page.locator("#status")).to_contain_text(f"{SKU}: ")
    expect(page.locator("#status")).to_contain_text("budgets, unusual days and totals of invoices stay")
    assert page.locator("#statement-0 .sku:not([hidden]) b").all_text_contents() == ["model-b/route"]
    assert page.locator(".account:visible").count() == 1
    assert amounts([spend]) == [sum(amounts(column(page, "days-table-0", 3)))]
    assert amounts([spend]) == [sum(amounts(column(page, "by-0", 4)))]
    assert set(column(page, "by-0", 5)) == {"—"}
    assert [text.split("  ")[-1] for text in labels(page, "steps-0")] == [spend, spend, spend] or bars(
        page, "days-0"
    ) == 24
    assert column(page, "change-table-0", 1) == ["model-b/route"] * shown_rows(page, "change-table-0")
    assert column(page, "invoice-0", 3) == ["model-b/route"]
    assert page.locator(".tile .figure").first.inner_text() == page.locator("#status").inner_text().split()[2]
    choose(page, provider="dollars")
    expect(page.locator("#status")).to_have_text("This provider does not sell this SKU.")
    assert page.locator(".tile .figure").first.inner_text() == "—"
    choose(page, sku="")
    assert page.locator(".account:visible").count() == 1
    assert amounts(column(page, "by-0", 4)) == [Decimal("0.14"), Decimal("0.14")]
    assert len(column(page, "budgets", 1)) == 2

    again = open_page(statement_file, f"#sku={SKU.replace('/', '%2F').replace(' ', '+')}", viewport=DESKTOP)
    wait_for_charts(again)
    assert again.locator("#statement-0 .row.spend:not([hidden]) td:last-child").inner_text() == spend
    again.get_by_role("button", name="Reset").click()
    expect(again.locator("#status")).to_contain_text("Everything is shown")
    assert again.locator("main").inner_text() == before


def test_lines_are_sorted_within_their_sku_and_the_csv_holds_all(
    open_page: Open, statement_file: Path, tmp_path: Path
) -> None:
    page = open_page(statement_file, viewport=DESKTOP)
    wait_for_charts(page)
    whole = labels(page, "change-0")
    heading = page.locator("#statement-0 thead th").nth(6)
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    bodies = page.locator("#statement-0 tbody.lines").all()
    told = [amounts(body.locator("td:last-child").all_text_contents()) for body in bodies]
    assert told == [sorted(each) for each in told]
    first = page.locator("#statement-0 tbody.sums").first.locator("td:nth-child(2)").all_text_contents()
    assert [first[0], first[-1]] == ["At the rate card", "Spend"]
    with page.expect_download() as download:
        page.locator("button.csv[data-table=statement-0]").click()
    download.value.save_as(tmp_path / "lines.csv")
    with (tmp_path / "lines.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == shown_rows(page, "statement-0")
    own = [line for line in lines if line["SKU"] == "model-b/route"]
    exact = sum(Decimal(line["Amount, credits"]) for line in own if line["Quantity"])
    assert exact == next(Decimal(line["Amount, credits"]) for line in own if line["Kind"] == "Spend")
    # A table that is sorted draws the same chart.
    page.locator("#change-0 ~ details summary").click()
    page.locator("#change-table-0 thead button").nth(2).click()
    choose(page, provider="vendor")
    choose(page, provider="")
    assert labels(page, "change-0") == whole


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_days_stay_utc_days_in_every_zone(open_page: Open, statement_file: Path, zone: str) -> None:
    pages = [open_page(statement_file, viewport=DESKTOP, timezone_id=name) for name in ("UTC", zone)]
    told = []
    for page in pages:
        wait_for_charts(page)
        told.append((
            page.locator("#days-0 .xtick").all_text_contents(), column(page, "days-table-0", 1),
            page.evaluate("document.querySelector('#days-0').data[0].x"), bars(page, "days-0"),
        ))  # fmt: skip
    assert told[0] == told[1]
    assert told[0][2][0] == "2026-10-01"
    assert told[0][1] == told[0][2]


def test_hostile_names_are_shown_and_do_nothing(open_page: Open, tmp_path: Path, screenshots: Path) -> None:
    path = tmp_path / "statement.html"
    path.write_bytes(render_statement(a_statement(hostile=True), [an_invoice(hostile=True)]).encode())
    page = open_page(path, viewport=DESKTOP)
    wait_for_charts(page)
    page.screenshot(path=screenshots / "statement-hostile.png", full_page=True)
    drawn = labels(page, "share-0") + labels(page, "budgets-chart")
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[3], HOSTILE[4]):
        assert any(label.startswith(name) for label in drawn), (name, drawn)
    page.locator("#share-0 .bars .point path").first.hover(force=True)
    expect(page.locator("#share-0 .hovertext").first).to_be_visible()
    choose(page, sku=f"vendor {HOSTILE[1]}")
    expect(page.locator("#statement-0 .sku:not([hidden]) b")).to_have_text(HOSTILE[1])


def test_it_prints_to_a4_with_the_month_on_each_sheet(open_page: Open, statement_file: Path, tmp_path: Path) -> None:
    page = open_page(statement_file, color_scheme="dark", viewport=DESKTOP)
    wait_for_charts(page)
    path = tmp_path / "statement.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    with pypdfium2.PdfDocument(path) as pdf:
        sheets = [sheet.get_textpage().get_text_range() for sheet in pdf]
    assert len(sheets) > 2
    for nth, sheet in enumerate(sheets, 1):
        assert "Statement, October 2026" in sheet
        assert f"{nth} of {len(sheets)}" in sheet
    (statement,) = [sheet for sheet in sheets if "All of vendor, in credits" in sheet]
    assert all(line in statement for line in ("model-a 48 requests", "model-b/route 48 requests", "Spend 1,464.17"))
    check_print(page, ["days-0"])
