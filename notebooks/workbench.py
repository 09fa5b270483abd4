"""What the notebooks share: a ledger that is gone afterwards, tables and figures.

Importing it makes the project's root the working folder, so that paths read the same wherever a notebook is opened.
"""

import atexit
import html
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from IPython.display import Image, Markdown
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
os.chdir(ROOT)
sys.path.insert(0, str(ROOT))

from billing.ledger import Ledger, open_ledger  # noqa: E402 - found from the root
from pricing.amounts import plain  # noqa: E402 - the same
from reports.figures import UNKNOWN, grouped, places_for, rounded  # noqa: E402 - the same

#: Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
_AT_EXIT = ExitStack()
atexit.register(_AT_EXIT.close)


def folder() -> Path:
    """Return a new folder that is deleted when the notebook's kernel ends."""
    return Path(_AT_EXIT.enter_context(TemporaryDirectory()))


def empty_ledger(logs: Iterable[Path]) -> Ledger:
    """Open a new ledger that may read these logs; it is gone when the kernel ends. A real one you would keep."""
    return _AT_EXIT.enter_context(open_ledger(folder() / "notebook.duckdb", logs=logs))


@dataclass(frozen=True)
class Shown:
    """A table as people read it. Whoever computes takes the frame, in which every amount is an exact decimal."""

    frame: pd.DataFrame

    def _cells(self) -> pd.DataFrame:
        return pd.DataFrame({name: [_text(value) for value in self.frame[name]] for name in self.frame}, dtype="str")

    def __repr__(self) -> str:
        return self._cells().to_string(index=False)

    def _repr_html_(self) -> str:
        cells = self._cells()
        sides = {name: "right" if any(map(_is_number, self.frame[name])) else "left" for name in self.frame}
        head = "".join(_cell("th", sides[name], str(name).replace("_", " ")) for name in cells)
        rows = cells.itertuples(index=False)
        body = "".join(f"<tr>{''.join(map(_td, sides.values(), row))}</tr>\n" for row in rows)
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def shown(frame: pd.DataFrame, *columns: str) -> Shown:
    """Return these columns of a frame, or all, as a table for people: digits in groups, a dash for what is unknown."""
    return Shown(frame[list(columns)] if columns else frame)


def said(sentences: str) -> Markdown:
    """Return an answer in words, set off from the text around it."""
    return Markdown(f"> {sentences}".replace("\n", "\n> "))  # type: ignore[no-untyped-call]  # IPython's own


class Drawing(Image):
    """A figure as an image. Its text is its figures, for those who don't see it and for tests on any machine."""

    def __init__(self, figure: Figure, title: str, frame: pd.DataFrame) -> None:
        png = BytesIO()
        figure.savefig(png, metadata={"Software": None})
        super().__init__(png.getvalue(), alt=title)  # type: ignore[no-untyped-call]  # IPython's own
        self.text = f"{title}\n{shown(frame)!r}"

    def __repr__(self) -> str:
        return self.text


def bars(title: str, unit: str, labels: Sequence[str], series: Mapping[str, Sequence[Decimal | None]]) -> Drawing:
    """Draw amounts as horizontal bars, the first label on top; an amount that is unknown has no bar."""
    figure, axes = _figure(title, 1 + 0.3 * len(labels) * len(series))
    height = 0.8 / len(series)
    decimals = places_for(each for amounts in series.values() for each in amounts if each is not None)
    for number, (name, amounts) in enumerate(series.items()):
        places = [row + (number - (len(series) - 1) / 2) * height for row in range(len(labels))]
        drawn = axes.barh(places, [_drawn(each) for each in amounts], height, color=_COLOURS[number], label=name)
        axes.bar_label(drawn, [_label(each, decimals) for each in amounts], padding=3, fontsize=8)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.14)
    axes.axvline(0, color="#444444", linewidth=0.8)
    _add_legend(axes, series)
    return Drawing(figure, f"{title}, in {unit}", pd.DataFrame({"of": labels, **series}))


def lines(
    title: str, unit: str, across: Sequence[object], series: Mapping[str, Sequence[Decimal | None]], along: str = ""
) -> Drawing:
    """Draw amounts as lines over days or whatever else lies across; what is unknown is a gap."""
    figure, axes = _figure(title, 3.2)
    for number, (name, amounts) in enumerate(series.items()):
        axes.plot(across, [_drawn(each) for each in amounts], color=_COLOURS[number], label=name, marker="o", ms=3)  # type: ignore[arg-type]  # days are drawn as days
    if isinstance(across[0], date):
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # matplotlib's own
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # the same
    axes.set_ylabel(unit)
    axes.set_xlabel(along)
    axes.set_ylim(bottom=0)
    _add_legend(axes, series)
    return Drawing(figure, f"{title}, in {unit}", pd.DataFrame({"at": across, **series}))


def _drawn(amount: Decimal | None) -> float:
    """Return where to draw an amount: for the eye alone, every figure that is read is exact text."""
    return float("nan") if amount is None else float(amount)


def _label(amount: Decimal | None, places: int) -> str:
    return UNKNOWN if amount is None else grouped(rounded(amount, places))


def _figure(title: str, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, height), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    return figure, axes


def _add_legend(axes: Axes, series: Mapping[str, object]) -> None:
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=9)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return UNKNOWN
    if isinstance(value, Decimal):
        return grouped(plain(value))
    if _is_number(value):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _td(side: str, text: object) -> str:
    return _cell("td", side, str(text))


def _cell(tag: str, side: str, text: str) -> str:
    return f'<{tag} align="{side}" style="text-align: {side}; white-space: nowrap">{html.escape(text)}</{tag}>'
