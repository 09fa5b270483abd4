"""Pages read as a browser reads them, and what holds of every page whatever it says."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import plotly.graph_objects as go

VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}
#: What the finance bundle of Plotly leaves of 1.6 MB goes to the page itself.
MOST_BYTES = 1_600_000


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

    @property
    def said(self) -> str:
        """Everything that is read, in one line."""
        return " ".join(" ".join(text for element, text in self.texts if element not in {"script", "style"}).split())


def read(text: str) -> Read:
    """Read a page whose elements are all closed."""
    page = Read()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def check_nothing_is_loaded(page: Read) -> None:
    """Check that nothing comes from outside, no attribute is a script, and links lead to the page itself."""
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


def check_policy(text: str) -> None:
    """Check that the policy names the page's three scripts by their digests and allows nothing else."""
    (policy,) = [a["content"] or "" for tag, a in read(text).elements if tag == "meta" and "http-equiv" in a]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(scripts) == 3
    assert rules["default-src"] == "'none'"
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    # It stands before anything that it should rule.
    assert text.index("Content-Security-Policy") < min(text.index(each) for each in ("<style>", "<script", "<title>"))


def check_charts(page: Read) -> int:
    """Check that every chart has a role and a text and is a figure of Plotly's, and that every id is given once.

    Return how many charts there are.
    """
    for element, text in page.texts:
        if element == "script" and text.startswith('{"data":'):
            go.Figure(json.loads(text))  # raises ValueError for what Plotly does not know
    plots = [a for _, a in page.elements if "plot" in (a.get("class") or "").split()]
    assert all(a["role"] == "img" and a["aria-label"] for a in plots)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for tag, a in page.elements if tag == "figure"} <= set(ids)
    return len(plots)
