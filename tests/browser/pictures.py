"""Take pictures of the sample's pages, for docs/pages: on a wide screen, in the dark, on a phone and on paper.

    python -m tests.browser.pictures [FOLDER OF PAGES]

Without a folder it runs `tallystick demo` first. What is taken is for looking at: no test compares pictures.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from reports.cli import run
from reports.pages.frame import PAGES
from reports.pdf import print_pdf
from tests.browser.conftest import ARGUMENTS
from tests.conftest import ROOT

OUT = ROOT / "docs" / "pages"
#: Name, width in pixels, and theme.
SCREENS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("light", 1440, "light"), ("dark", 1440, "dark"), ("phone", 390, "light"),
)  # fmt: skip
DRAWN = "[...document.querySelectorAll('.plot')].every((each) => each.querySelector('.main-svg'))"
#: A picture of a page is cut below this many pixels, and one of paper after so many sheets.
TALLEST, SHEETS = 2600, 3


def main(folder: Path) -> None:
    """Take every picture of every page in the folder."""
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for path in [folder / f"{name}.html" for name in PAGES]:
            on_screens(browser, path)
            on_paper(path)
        browser.close()


def on_screens(browser: Browser, path: Path) -> None:
    """Take the page as screens show it."""
    for name, width, scheme in SCREENS:
        context = browser.new_context(
            offline=True, locale="en-US", timezone_id="UTC", reduced_motion="reduce", color_scheme=scheme,
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        page = context.new_page()
        page.goto(path.as_uri())
        page.wait_for_function(
            "[...document.querySelectorAll('.plot')].every((each) => each.querySelector('.main-svg'))"
        )
        whole = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(whole, TALLEST)})
        picture = OUT / f"{path.stem}-{name}.png"
        page.screenshot(path=picture)
        few_colours(Image.open(picture)).save(picture, optimize=True)
        context.close()


def on_paper(path: Path) -> None:
    """Take the first sheets of the page, side by side."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        sheets = pypdfium2.PdfDocument(print_pdf(copy))
        pictures = [sheets[index].render(scale=1.1).to_pil() for index in range(min(len(sheets), SHEETS))]
        sheets.close()
    width, height, gap = pictures[0].width, pictures[0].height, 12
    row = Image.new("RGB", ((width + gap) * len(pictures) - gap, height), "#8592a0")
    for index, picture in enumerate(pictures):
        row.paste(picture, (index * (width + gap), 0))
    few_colours(row).save(OUT / f"{path.stem}-print.png", optimize=True)


def few_colours(picture: Image.Image) -> Image.Image:
    """Return it with 128 colours: half of the bytes, and nothing that a reader would miss."""
    return picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            run(["demo", "--out", place])
            main(Path(place))
