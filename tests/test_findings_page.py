"""The page of the findings as a file: what it says adds up, it loads nothing, and no name in it is more than a name."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports import html, words
from reports.audit_figures import AuditFigures, sku_key
from reports.audit_report import AuditReport
from reports.figures import adding_up, rounded
from reports.pages.findings import render_findings
from tests.audit_values import HOSTILE, a_matched_report, a_report
from tests.conftest import ROOT

VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}


@dataclass
class Read(HTMLParser):
    """The page as a browser reads it: elements with their attributes and texts."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    """The element that a text stands in, and the text."""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which must be the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text and where it stands."""
        self.texts.append((self.open[-1] if self.open else "", data))


def read(text: str) -> Read:
    page = Read()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def page() -> AuditReport:
    return a_report()


@pytest.fixture(scope="module")
def plain(page: AuditReport) -> Read:
    return read(render_findings(page))


@pytest.fixture(scope="module")
def hostile() -> Read:
    return read(render_findings(a_report(hostile=True)))


def test_the_page_says_the_answer_and_where_it_comes_from(page: AuditReport, plain: Read) -> None:
    said = " ".join(" ".join(text for element, text in plain.texts if element not in {"script", "style"}).split())
    for expected in (
        "As of 2026-11-05 02:30 UTC", page.audit.catalog_digest, page.audit.input_digest, "2026.10.1",
        "vendor: 1 credit = $0.005",
        "You were charged 5,209.71 credits. For the 4,902.77 that can be checked, the rate card says 4,372.25:",
        "530.52 credits ($2.65) too much", "Simulated sample data.", "Partial totals.", "tallystick explain --ledger",
    ):  # fmt: skip
        assert expected in said


@pytest.mark.parametrize("reader", ["plain", "hostile"])
def test_nothing_is_loaded_from_outside(reader: str, request: pytest.FixtureRequest) -> None:
    page: Read = request.getfixturevalue(reader)
    loading = {"src", "srcset", "action", "data", "poster", "background", "ping", "formaction", "manifest"}
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "source"}
        assert loading.isdisjoint(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert re.fullmatch(r"flex-grow:\d+", attributes.get("style") or "flex-grow:1")
        assert not any(name.startswith("on") for name in attributes)
    styles = "".join(text for element, text in page.texts if element == "style")
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_policy_names_every_script_by_its_digest_and_allows_no_eval(plain: Read) -> None:
    (policy,) = [a["content"] or "" for tag, a in plain.elements if tag == "meta" and "http-equiv" in a]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    text = render_findings(a_report())
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(scripts) == 3
    assert rules["default-src"] == "'none'"
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    # It stands before anything that it should rule.
    assert text.index("Content-Security-Policy") < min(text.index(each) for each in ("<style>", "<script", "<title>"))


def test_names_stay_names(hostile: Read) -> None:
    scripts = [attributes for tag, attributes in hostile.elements if tag == "script"]
    assert [attributes for attributes in scripts if attributes.get("type") != "application/json"] == [{}, {}, {}]
    texts = {text.strip() for element, text in hostile.texts if element in {"td", "code", "button", "h1", "option"}}
    for name in HOSTILE:
        assert name in texts, name
    assert f"{HOSTILE[3]} 19" in texts
    assert f"Findings, {HOSTILE[0]}" in texts


def test_plotly_gets_names_that_it_shows_as_they_are() -> None:
    text = render_findings(a_report(hostile=True))
    embedded = re.findall(r'<script type="application/json" id="[^"]*-figure">(.*?)</script>', text)
    figures = [json.loads(each) for each in embedded]
    labels = [label for figure in figures for label in figure["layout"].get("meta", {}).get("labels", {}).values()]
    hover = [each for figure in figures for trace in figure["data"] for each in trace.get("hovertext", [])]
    assert any("&lt;script&gt;" in label for label in labels)
    assert any("&#37;{x}&lt;b&gt;" in label for label in labels)
    assert not any("<" in name or "%{" in name for name in (*labels, *hover))


WRITE = """
import sys
from reports.pages.findings import render_findings
from tests.audit_values import a_report
sys.stdout.buffer.write(render_findings(a_report()).encode())
"""


def test_the_same_page_is_the_same_bytes_in_any_zone_and_with_any_seed(page: AuditReport, tmp_path: Path) -> None:
    told = render_findings(page).encode()
    for zone, seed in (("America/Los_Angeles", "1"), ("Asia/Kolkata", "2")):
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", WRITE]
        run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
        assert run.stdout == told


def test_figures_beside_each_other_add_up(page: AuditReport) -> None:
    figures = AuditFigures.of(page.audit)
    for unit, total in figures.totals.items():
        lines = [figures.skus[sku_key(line)] for line in page.audit.skus if line.unit == unit]
        assert total.charged - total.expected == total.variance
        assert all(line.charged - line.expected == line.variance for line in lines)
        assert sum(line.charged for line in lines) == total.charged
        assert sum(line.expected for line in lines) == total.expected
        assert sum(line.variance for line in lines) == total.variance
        found = [figures.findings[each.id] for each in page.audit.findings if each.unit == unit]
        assert sum(each.variance for each in found) == total.variance
        assert all(each.charged - each.expected == each.variance for each in found)


def test_rounding_moves_only_what_is_not_zero_and_refuses_parts_of_another_total() -> None:
    thirds = [Decimal(1) / 3] * 3
    assert sum(adding_up([*thirds, Decimal(0)], Decimal("1.00"), 2)) == Decimal("1.00")
    assert adding_up([*thirds, Decimal(0)], Decimal("1.00"), 2)[3] == 0
    assert adding_up([Decimal("0.005"), Decimal("-0.004")], rounded(Decimal("0.001"), 2), 2) == (Decimal(0), Decimal(0))
    with pytest.raises(ValueError, match="not those of"):
        adding_up([Decimal(1), Decimal(0)], Decimal("2.00"), 2)


def test_a_page_without_variance_is_calm_and_a_page_without_requests_too() -> None:
    page = a_matched_report()
    text = render_findings(page)
    assert "the rate card says the same" in text
    assert "Partial totals" not in text
    assert "No finding: every checked charge is right." in text
    nothing = replace(page.audit, totals=(), skus=(), days=(), verdicts={}, first_at=None, last_at=None)
    assert "there is nothing to check" in render_findings(replace(page, audit=nothing, samples=()))


def test_every_chart_has_a_heading_a_text_and_a_table(plain: Read) -> None:
    plots = [a for tag, a in plain.elements if "plot" in (a.get("class") or "").split()]
    figures = [a for tag, a in plain.elements if tag == "figure"]
    assert len(plots) == len(figures) == 6
    assert all(a["role"] == "img" and a["aria-label"] for a in plots)
    ids = {a.get("id") for _, a in plain.elements}
    assert {a["aria-labelledby"] for a in figures} <= ids
    assert sum(tag == "details" and a.get("class") == "as-table" for tag, a in plain.elements) == 6


def test_every_id_is_given_once(plain: Read) -> None:
    ids = [a["id"] for _, a in plain.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_every_code_of_the_audit_has_words() -> None:
    from billing.audit import VERDICTS  # noqa: PLC0415 - only this test compares the two lists

    assert set(words.VERDICTS) == set(VERDICTS)


def test_the_vendored_plotly_is_the_one_that_was_reviewed() -> None:
    (line,) = (html.PLOTLY.parent / "SHA256SUMS").read_text("utf-8").splitlines()
    digest, name = line.split()
    assert name == html.PLOTLY.name
    assert hashlib.sha256(html.PLOTLY.read_bytes()).hexdigest() == digest
    assert "MIT License" in (html.PLOTLY.parent / "plotly-LICENSE").read_text("utf-8")
    assert "</script" not in html.PLOTLY.read_text("utf-8").lower()
