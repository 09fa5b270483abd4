"""Charts as values: a Plotly figure without colours, the words around it, and a table with the same figures.

Floats in a figure are coordinates for drawing and nothing else: every amount that is read is exact text.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.tables import Table

#: What all figures have in common. Without one of ours, Plotly would add its own to each: 7 kB that the page overrides.
_TEMPLATE: Mapping[str, Any] = {
    "layout": {
        "autotypenumbers": "strict",
        "hoverlabel": {"align": "left"},
        "legend": {"tracegroupgap": 0},
        "xaxis": {"automargin": True, "ticks": ""},
        "yaxis": {"automargin": True, "ticks": ""},
    }
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its element's id, the words around it, the figure as JSON and its table."""

    id: str
    kind: str
    """How the page's script takes the points that the filter allows: the name of one of its `charts`."""
    unit: str
    title: str
    subtitle: str
    description: str
    """What it shows, for those who don't see it."""
    figure: str | None
    """None where there is nothing to draw; then `description` says so."""
    table: Table


def figure_json(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> str:
    """Return a figure as JSON. It carries no colours: the page gives it those of its theme when it is drawn.

    The tests hold each against Plotly's own schema; to do it here would load its library whenever a page is written.
    """
    figure = {"data": list(traces), "layout": {**layout, "template": _TEMPLATE, "dragmode": False}}
    return json.dumps(figure, ensure_ascii=False, separators=(",", ":"))


def plain(name: str) -> str:
    """Return a text so that Plotly shows it as it is: not as HTML, no `%{fields}` filled in, nothing set as maths."""
    return html.escape(name, quote=False).replace("%", "&#37;").replace("$", "&#36;")
