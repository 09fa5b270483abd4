"""The documents say what is so: every command in them is run, and gives what they show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(document: str) -> list[tuple[str, str]]:
    """Return each command of a document's console blocks with the output that stands below it."""
    found = []
    for block in _BLOCK.findall((ROOT / document).read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """Make a `tallystick` command for the tests that runs this checkout."""
    script = tmp_path / "bin" / "tallystick"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m reports "$@"\n', "utf-8")
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/comparing.md",
        "docs/exports.md",
        "docs/focus.md",
        "docs/grants.md",
        "docs/invoices.md",
        "docs/statement.md",
    ],
)
def test_commands_give_what_is_shown(document: str, tmp_path: Path, shell: dict[str, str]) -> None:
    found = steps(document)
    assert found
    for command, output in found:
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        shown = done.stdout.replace(f"{tmp_path}/", "")
        assert [line.rstrip() for line in shown.splitlines()] == [line.rstrip() for line in output.splitlines()], (
            command
        )


@pytest.mark.parametrize("document", ["README.md"])
def test_python_in_documents_runs(document: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], cwd=ROOT, check=True)


def test_links_lead_somewhere() -> None:
    for document in sorted(ROOT.glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{document.name}: {target}"
