"""Pages as PDF, printed by the Chromium that is on this machine."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from billing.errors import BillingError

#: What browsers of this family are called, the first that is there being taken.
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
_ARGUMENTS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--font-render-hinting=none",
    "--no-pdf-header-footer", "--generate-pdf-document-outline",
)  # fmt: skip
#: Chromium writes the time of printing; without it equal pages are equal bytes. Blanks keep all offsets.
_DATES = re.compile(rb"/(?:CreationDate|ModDate) \(D:[^)]*\)")
_SECONDS = 120


class PdfError(BillingError):
    """No PDF could be printed; the message says why and what to do."""


def browser() -> str:
    """Return the path of a Chromium. Raise PdfError if there is none."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        message = (
            "--pdf needs Chromium: install it (Debian: apt-get install chromium), or print the page in any browser"
        )
        raise PdfError(message)
    return found


def print_pdf(page: Path) -> Path:
    """Print a page of ours to a PDF beside it and return its path. Raise PdfError if that can't be done."""
    path = page.with_suffix(".pdf")
    # A container's root has no sandbox to start; anybody else has.
    alone = ("--no-sandbox",) if os.name == "posix" and os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory(prefix="tallystick-") as profile:
        printed = Path(profile) / "page.pdf"
        command = [browser(), *_ARGUMENTS, *alone, f"--user-data-dir={profile}", f"--print-to-pdf={printed}"]
        try:
            run = subprocess.run(  # noqa: S603 - a browser of that name on the PATH, and a page that we wrote
                [*command, page.resolve().as_uri()], capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PdfError(f"{page}: {command[0]} printed nothing ({type(error).__name__})") from error
        if run.returncode or not printed.is_file():
            raise PdfError(f"{page}: {command[0]} printed nothing (exit code {run.returncode})")
        path.write_bytes(_DATES.sub(lambda found: b" " * len(found[0]), printed.read_bytes()))
    return path
