"""What each vendor asks by the share of the prompt that is read from a cache, and where the cheapest changes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pricing.comparison import Comparison
from pricing.models import Seller
from pricing.sensitivity import CostLine, cost_lines, read_share
from reports.charts import Chart, figure_json, plain
from reports.figures import decimal
from reports.pages.vendors_figures import Keys, dollars, percent_words, places_of, seller_words
from reports.tables import Cell, Column, Row, Table, amount, text

#: A line is drawn through so many points and one, so that a reader can ask for the figure at each.
_STEPS = 20
_SERIES = 4
_TABLE_SHARES = tuple(Fraction(quarter, 4) for quarter in range(5))
_PLACES = 6
#: How much longer an axis is than what is drawn along it.
_ROOM = 1.06


@dataclass(frozen=True, slots=True)
class _Group:
    """Sellers whose cost is the same at any share, and how the line is drawn."""

    lines: tuple[CostLine, ...]
    name: str
    color: str

    @property
    def line(self) -> CostLine:
        return self.lines[0]


def shares(found: Comparison, keys: Keys) -> Chart:
    """Return what each SKU asks by the share of the prompt that is read from a cache."""
    number, places = keys.models[found.model], places_of(found)
    lines = cost_lines(found.offers, found.usage, found.list_offer)
    crossings = sorted({flip.share for flip in found.flips if flip.is_of_cheapest})
    groups, now = _groups(found, lines, crossings), read_share(found.usage)
    marked = sorted({*_TABLE_SHARES, *crossings, now})
    headings = [f"{percent_words(share)}{', as it is' if share == now else ''}" for share in marked]
    columns = (
        Column("Provider"), Column("SKU", style="name"), *(Column(each, is_number=True) for each in headings),
        Column("Cached tokens", style="note"),
    )  # fmt: skip
    rows = tuple(_share_row(found, line, marked, keys, places) for line in lines)
    return Chart(
        id=f"shares-{number}",
        kind="shares",
        unit="USD",
        title="What it costs by the share of cache reads",
        subtitle="USD, by the % of the prompt that is read from a cache; all else stays as it is. "
        "Dotted: no published price for cached tokens, taken at the most that bounds them",
        description=_words(found, lines, crossings),
        figure=_figure(found, groups, now, crossings, keys) if len(lines) > 1 else None,
        table=Table(f"shares-table-{number}", f"Cost of {found.model} by the share of cache reads, USD", columns, rows,
                    "No offer can be told by the share of cache reads."),
    )  # fmt: skip


def _share_row(found: Comparison, line: CostLine, marked: Sequence[Fraction], keys: Keys, places: int) -> Row:
    costs = (amount(decimal(line.at(share), places), decimal(line.at(share), 12)) for share in marked)
    told = "at the most that bounds them" if line.is_assumed else "published price"
    cells = (text(line.seller.provider), text(line.seller.sku), *costs, Cell(told, told))
    return Row(cells, keys.under(found.model, line.seller))


def _words(found: Comparison, lines: Sequence[CostLine], crossings: Sequence[Fraction]) -> str:
    if not found.usage.prompt_tokens:
        return "There is no prompt, so that nothing can be read from a cache."
    if len(lines) < 2:  # noqa: PLR2004 - it takes two to compare
        return "Fewer than two vendors publish the prices that this needs."
    ends = [min(lines, key=lambda line: line.at(share)) for share in (Fraction(0), Fraction(1))]
    first, last = (seller_words(found, line.seller) for line in ends)
    changes = ", ".join(percent_words(share) for share in crossings)
    told = f"The cheapest changes at {changes} of cache reads." if changes else "The cheapest is the same at any share."
    return f"Cost in USD by the share of cache reads. With none {first} is cheapest, with nothing else {last}. {told}"


def _groups(found: Comparison, lines: Sequence[CostLine], crossings: Sequence[Fraction]) -> tuple[_Group, ...]:
    """Put sellers of one line together: the cheapest are coloured, and the list price has the colour of text."""
    same: dict[tuple[Fraction, Fraction, bool], list[CostLine]] = defaultdict(list)
    for line in lines:
        same[line.start, line.slope, line.is_assumed].append(line)
    now, lowest = read_share(found.usage), _lowest(lines, crossings)
    ordered = sorted(same.values(), key=lambda group: (not lowest & {line.seller for line in group}, group[0].at(now)))
    series = iter([f"series-{nth}" for nth in range(1, _SERIES + 1)])
    groups = []
    for group in ordered:
        is_list = any(line.seller.is_list for line in group)
        color = "text" if is_list else next(series, "other")
        groups.append(_Group(tuple(group), _group_name(found, [line.seller for line in group], is_list=is_list), color))
    return tuple(groups)


def _lowest(lines: Sequence[CostLine], crossings: Sequence[Fraction]) -> set[Seller]:
    """Return who is cheapest at some share."""
    middles = [(left + right) / 2 for left, right in pairwise([Fraction(0), *crossings, Fraction(1)])]
    return {min(lines, key=lambda line: line.at(share)).seller for share in middles if lines}


def _group_name(found: Comparison, sellers: Sequence[Seller], *, is_list: bool) -> str:
    names = [seller_words(found, each) for each in sorted(sellers, key=lambda each: not each.is_list)]
    rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{rest}{' (list price)' if is_list else ''}"


def _figure(
    found: Comparison, groups: Sequence[_Group], now: Fraction, crossings: Sequence[Fraction], keys: Keys
) -> str:  # fmt: skip
    at = sorted({*(Fraction(step, _STEPS) for step in range(_STEPS + 1)), now})
    lines = [line for group in groups for line in group.lines]
    most = max(float(line.at(share)) for line in lines for share in (Fraction(0), Fraction(1)))
    traces = [_trace(found, group, at, keys) for group in reversed(groups)]
    layout = {
        "margin": {"l": 4, "r": 28, "t": 26, "b": 96},
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
                   "traceorder": "reversed"},
        "meta": {"offers": len(found.offers), "now": {"x": _percent(now), "text": f"as it is, {percent_words(now)}"}},
        "xaxis": {"range": [0, 100], "fixedrange": True, "ticksuffix": " %", "dtick": 20, "showgrid": False},
        "yaxis": {"range": [0, (most or 1.0) * _ROOM], "fixedrange": True, "automargin": True, "nticks": 6,
                  "tickformat": "$,~r", "zeroline": True},
    }  # fmt: skip
    return figure_json([*traces, *_changes(lines, crossings)], layout)


def _changes(lines: Sequence[CostLine], crossings: Sequence[Fraction]) -> list[dict[str, Any]]:
    """Return the marks where the cheapest changes."""
    if not crossings:
        return []
    return [{
        "type": "scatter",
        "mode": "markers",
        "name": "the cheapest changes",
        "x": [_percent(share) for share in crossings],
        "y": [float(min(line.at(share) for line in lines)) for share in crossings],
        "hovertext": [f"the cheapest changes at {percent_words(share)}" for share in crossings],
        "hoverinfo": "text",
        "meta": {"color": "text", "is_flip": True},
    }]  # fmt: skip


def _trace(found: Comparison, group: _Group, at: Sequence[Fraction], keys: Keys) -> dict[str, Any]:
    places = places_of(found)
    costs = [group.line.at(share) for share in at]
    names = ", ".join(each.seller.name for each in group.lines)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(group.name),
        "x": [_percent(share) for share in at],
        "y": [float(cost) for cost in costs],
        "customdata": [plain(dollars(decimal(cost, places), places)) for cost in costs],
        "hovertemplate": f"{plain(names)}<br>%{{customdata}} at %{{x:.3~g}} cache reads<extra></extra>",
        "meta": {
            "color": group.color, "is_assumed": group.line.is_assumed,
            "under": [keys.under(found.model, each.seller) for each in group.lines],
        },
    }  # fmt: skip


def _percent(share: Fraction) -> float:
    return float(decimal(share * 100, _PLACES))
