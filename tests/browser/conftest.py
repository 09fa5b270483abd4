"""The system's own Chromium, without a network, a clock's zone or an animation that could change what is seen."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from reports.pages.findings import render_findings
from tests.audit_values import a_report
from tests.conftest import ROOT

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--font-render-hinting=none",
]  # fmt: skip

#: Counts what the page's policy refused; it runs before any script of the page.
_WATCH = """
window.refused = [];
addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective));
"""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Launch the installed Chromium; skip where there is none, unless one is required."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, but there is no `chromium` on the PATH")
        pytest.skip("no `chromium` on the PATH")
    return {"executable_path": path, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Give every test the same world: offline, English, UTC, no motion."""
    return {"offline": True, "locale": "en-US", "timezone_id": "UTC", "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def audit_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the audit page."""
    path = tmp_path_factory.mktemp("pages") / "findings.html"
    path.write_bytes(render_findings(a_report()).encode())
    return path


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an audit page with names that try to be more than names."""
    path = tmp_path_factory.mktemp("pages") / "hostile.html"
    path.write_bytes(render_findings(a_report(hostile=True)).encode())
    return path


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Return the folder for pictures of the pages, which no commit takes."""
    folder = ROOT / "tests" / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def open_page(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Open]:
    """Open a file in a context of its own; in the end nothing may have gone wrong or have been asked of a network."""
    opened: list[Page] = []
    faults: list[str] = []
    asked: list[str] = []
    paths: set[Path] = set()

    def opener(path: Path, hash_: str = "", **context: Any) -> Page:  # noqa: ANN401 - what Playwright's contexts take
        page = browser.new_context(**browser_context_args | context).new_page()
        page.add_init_script(_WATCH)
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        paths.add(path)
        page.goto(f"{path.as_uri()}{hash_}")
        opened.append(page)
        return page

    yield opener
    for page in opened:
        faults.extend(f"refused: {rule}" for rule in page.evaluate("window.refused"))
        page.context.close()
    assert faults == []
    # The file itself, and what the page hands out as a download.
    assert {url.partition("#")[0] for url in asked if not url.startswith("blob:")} <= {path.as_uri() for path in paths}
