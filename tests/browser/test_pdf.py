"""Pages as PDF: on A4, tagged, the same bytes each time, and a clear message where there is no browser."""

import re
from pathlib import Path

import pytest

from reports import pdf
from reports.cli import run


@pytest.mark.usefixtures("browser_type_launch_args")
def test_a_page_is_printed_to_the_same_bytes_each_time(audit_file: Path) -> None:
    path = pdf.print_pdf(audit_file)
    first = path.read_bytes()
    assert path == audit_file.with_suffix(".pdf")
    assert b"/StructTreeRoot" in first  # tagged, so that those who hear it find headings and tables
    assert b"/Outlines" in first
    assert b"CreationDate" not in first
    sizes = set(re.findall(rb"/MediaBox \[0 0 (\d+)\.\d+ (\d+)\.\d+\]", first))
    assert sizes == {(b"594", b"841")}
    assert pdf.print_pdf(audit_file).read_bytes() == first


def test_without_a_browser_nothing_is_computed_and_the_remedy_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["report", "audit", "--pdf", "--ledger", "nowhere.duckdb"]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "apt-get install chromium" in told.err


@pytest.mark.usefixtures("browser_type_launch_args")
def test_a_browser_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, audit_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 7\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(pdf.PdfError, match="exit code 7"):
        pdf.print_pdf(audit_file)
