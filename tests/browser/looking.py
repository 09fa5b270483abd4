"""What tests of all pages look at: charts that are drawn, rows that are shown, and readers of all kinds."""

from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: What opens is alike: two of each kind are enough to be read by axe, which takes its time for each cell.
FEW_OPEN = """
const seen = {};
for (const each of document.querySelectorAll('details')) {
  seen[each.className] = (seen[each.className] ?? 0) + 1;
  each.open = seen[each.className] <= 2;
}
"""


def wait_for_charts(page: Page) -> None:
    """Wait until every chart is drawn."""
    expect(page.locator(".plot:not(:has(.main-svg))")).to_have_count(0)


def shown_rows(page: Page, table: str) -> int:
    """Count the rows that the filter leaves."""
    return page.locator(f"#{table} .row:not([hidden])").count()


def column(page: Page, table: str, index: int) -> list[str]:
    """Return the texts of a column, counted from 1, in the rows that the filter leaves."""
    cells = page.locator(f"#{table} .row:not([hidden]) td:nth-child({index})").all_text_contents()
    return [text.strip() for text in cells]


def bars(page: Page, chart: str) -> int:
    """Count the bars of a chart."""
    return page.locator(f"#{chart} .barlayer .point").count()


def choose(page: Page, **filters: str) -> None:
    """Choose values in the filter bar."""
    for field, value in filters.items():
        page.locator(f"#filter [name={field}]").select_option(value)


def check_looks(page: Page, pictures: Path, name: str) -> None:
    """Take the page's picture in both themes; with all that opens open it fits, and axe finds nothing in it."""
    size = page.viewport_size
    assert size is not None
    width = size["width"]
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        wait_for_charts(page)
        page.screenshot(path=pictures / f"{name}-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for button in page.locator("button.open").all()[:1]:
        button.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate(FEW_OPEN)
    for options in ({"runOnly": ["color-contrast"]}, {}):  # the dark theme differs in its colours alone
        results = Axe().run(page, options=options)
        assert results.violations_count == 0, results.generate_report()
        page.emulate_media(color_scheme="light")


def check_print(page: Page, charts: list[str]) -> None:
    """Print to A4: in light colours, charts as wide as the paper, and afterwards all is as before."""
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert pdf.startswith(b"%PDF-")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf or b"/MediaBox [0 0 595" in pdf
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    expect(page.locator("#theme")).to_be_hidden()
    for chart in charts:
        assert page.evaluate(f"document.querySelector('#{chart} .main-svg').clientWidth") == 690
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    for chart in charts:
        width = page.evaluate(f"document.querySelector('#{chart}').clientWidth")
        assert width != 690
        expect(page.locator(f"#{chart} .main-svg").first).to_have_attribute("width", str(width))
    assert page.evaluate("document.documentElement.dataset.theme") == theme
