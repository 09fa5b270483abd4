"""One HTML file that loads nothing: its scripts are inside, and a policy names them by their digests."""

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import figures

HERE = Path(__file__).parent
PLOTLY = HERE / "vendor" / "plotly-finance-4.1.0.min.js"

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_POLICY_GOES_HERE = "@@content-security-policy@@"


def render(template: str, page: object, **more: object) -> str:
    """Fill the template with `page`. The policy allows the page's own scripts, by their digests, and nothing else."""
    text = _environment().get_template(template).render(page=page, **more, policy=_POLICY_GOES_HERE)
    return text.replace(_POLICY_GOES_HERE, content_security_policy(text), 1)


def content_security_policy(html: str) -> str:
    """Return the policy for that page. Plotly writes its own style sheet, so styles may be inline."""
    scripts = " ".join(f"'sha256-{_digest(script)}'" for script in _SCRIPT.findall(html)) or "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def embedded(value: object) -> Markup:
    """Return the value as JSON that may stand inside a script element."""
    return embedded_json(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True))


def embedded_json(text: str) -> Markup:
    """Return JSON with every `<` escaped, so that no name in it ends the element or opens a comment."""
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON without `<` can't leave a script element


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _source(name: str) -> Markup:
    """Return a file of ours for the inside of a style or script element."""
    return Markup((HERE / "templates" / name).read_text("utf-8"))  # noqa: S704 - our own file


def _plotly() -> Markup:
    return Markup(PLOTLY.read_text("utf-8"))  # noqa: S704 - vendored; a test holds it against its digest


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(source=_source, plotly=_plotly)
    environment.filters.update(
        embedded=embedded, embedded_json=embedded_json, grouped=figures.grouped, count=figures.count,
        unit_name=figures.unit_name,
    )  # fmt: skip
    return environment
