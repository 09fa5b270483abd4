"""Tables in Markdown that also read well on a terminal, and figures beside what is accepted of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from tests.bench.cost import Cost

#: From here on a figure is told without decimals; below the other with three.
_LARGE: Final = 100
_SMALL: Final = 0.095


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure and the most that is accepted of it, both in a unit such as "x" or "MB"; inf if it need only be."""

    what: str
    found: float
    most: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether the figure is no more than that."""
        return self.found <= self.most and self.found < inf


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table, the first column to the left and the others to the right, and an empty line."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    yield _line(head, widths)
    yield f"| {' | '.join('-' * width if not nth else '-' * (width - 1) + ':' for nth, width in enumerate(widths))} |"
    for row in rows:
        yield _line(row, widths)
    yield ""


def costs_table(name: str, costs: Sequence[tuple[str, Cost]], ratios: Sequence[tuple[str, Cost]]) -> Iterator[str]:
    """Yield what steps cost, in seconds and MB, and their CPU as a multiple of each of those named."""
    head = (name, "CPU s", *(f"x {unit}" for unit, _ in ratios), "wall s", "peak MB")
    rows = []
    for step, each in costs:
        figures = (each.cpu, *(each.cpu / unit.cpu for _, unit in ratios), each.wall)
        rows.append((step, *map(_short, figures), _whole(each.peak)))
    yield from table(head, rows)


def bounds_table(bounds: Sequence[Bound]) -> Iterator[str]:
    """Yield what is accepted, what was found and whether that will do."""
    rows = []
    for each in bounds:
        most = "any" if each.most == inf else f"{_short(each.most)} {each.unit}"
        rows.append((each.what, most, f"{_short(each.found)} {each.unit}", "yes" if each.is_met else "no"))
    yield from table(("accepted", "at most", "found", "met"), rows)


def _short(number: float) -> str:
    return _whole(number) if number >= _LARGE else f"{number:.2f}" if number >= _SMALL else f"{number:.3f}"


def _whole(number: float) -> str:
    return "failed" if number == inf else f"{number:,.0f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if nth else cell.ljust(width)
        for nth, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
