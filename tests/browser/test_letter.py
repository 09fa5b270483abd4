"""The letter of a dispute in Chromium: nothing is asked of a network, no script runs, and it reads well everywhere."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from reports.exports.dispute import claimed
from reports.exports.pack import write_pack
from tests.audit_values import HOSTILE
from tests.browser.conftest import Open
from tests.export_values import an_audit


@pytest.fixture(scope="session")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a letter full of names that try to be more than names."""
    folder = tmp_path_factory.mktemp("dispute") / "pack"
    with an_audit(hostile=True) as audited:
        write_pack(folder, audited, claimed(audited.audit), sender=HOSTILE[2])
    return folder / "letter.html"


@pytest.mark.parametrize("width", [390, 1440])
def test_the_letter_is_clean_and_fits(open_page: Open, letter: Path, width: int, screenshots: Path) -> None:
    page = open_page(letter, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("script").count() == 0
    assert page.locator("img, iframe, link").count() == 0
    assert HOSTILE[2] in page.locator(".address").inner_text()
    assert re.search(r"Please credit [\d,.]+ credits", page.locator(".answer").inner_text())
    page.screenshot(path=screenshots / f"letter-{width}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_letter_prints_to_a4(open_page: Open, letter: Path) -> None:
    page = open_page(letter)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(page.pdf(prefer_css_page_size=True)) > 10_000
