"""What each vendor asks beside the list price: a bar where it is known, a range where a price is unpublished."""

from collections.abc import Sequence
from typing import Any

from pricing.comparison import Comparison
from pricing.offers import Offer
from reports.charts import Chart, figure_json, plain
from reports.figures import rounded
from reports.pages.vendors_figures import Keys, bounds_words, dollars, places_of
from reports.tables import Column, Row, Table, amount, text

#: Bars that are drawn; the table has all.
_MOST_BARS = 24
#: How much longer an axis is than what is drawn along it.
_ROOM = 1.06


def totals(found: Comparison, keys: Keys) -> Chart:
    """Return what each SKU asks: a bar if it is priced in full, else the range that it is in."""
    number, places = keys.models[found.model], places_of(found)
    drawn = [each for each in found.offers if each.cost is not None or each.low is not None]
    rest = len(drawn) - _MOST_BARS
    columns = (Column("Provider"), Column("SKU", style="name"), Column("Priced in full, USD", is_number=True),
               Column("At least, USD", is_number=True), Column("At most, USD", is_number=True))  # fmt: skip
    rows = tuple(_total_row(found, each, keys, places) for each in found.offers)
    told = "; ".join(f"{each.seller.name} {bounds_words(each, places)}" for each in drawn[:6])
    listed = found.list_offer
    beside = "" if listed is None or listed.usd is None else f" The list price is {dollars(listed.usd, places)}."
    return Chart(
        id=f"totals-{number}",
        kind="totals",
        unit="USD",
        title=f"What {found.model} costs at each vendor",
        subtitle="USD, the cheapest first; an outline is the range of what is not priced in full"
        + ("; at your own price of a unit where that is known" if any(each.usd_effective for each in drawn) else "")
        + (f"; {rest} more are in the table" if rest > 0 else ""),
        description=f"Totals in USD, the cheapest first: {told}.{beside}" if drawn else "Nobody publishes a price.",
        figure=_figure(found, drawn[:_MOST_BARS], keys, places) if drawn else None,
        table=Table(f"totals-table-{number}", f"Totals of {found.model}, USD", columns, rows),
    )


def _total_row(found: Comparison, each: Offer, keys: Keys, places: int) -> Row:
    low, high = (None, None) if each.cost is not None else (each.low, each.high)
    amounts = (
        amount(None if value is None else rounded(value, places), value) for value in (each.cost, low, high)
    )  # fmt: skip
    return Row((text(each.seller.provider), text(each.seller.sku), *amounts), keys.under(found.model, each.seller))


def _figure(found: Comparison, drawn: Sequence[Offer], keys: Keys, places: int) -> str:
    ids = [f"offer {nth}" for nth in range(len(drawn))]
    listed = None if found.list_offer is None else found.list_offer.usd
    ends = [value for each in drawn for value in (each.cost, each.low, each.high, listed) if value is not None]
    end = float(max(ends) or 1) * _ROOM
    rows = [
        {
            "bar": bar, "label": plain(each.seller.name + (" (list price)" if each.seller.is_list else "")),
            "figure": plain(bounds_words(each, places)), "under": keys.under(found.model, each.seller),
        }
        for bar, each in zip(ids, drawn, strict=True)
    ]  # fmt: skip
    line = None if listed is None else {"x": float(listed), "text": plain(f"list price {dollars(listed, places)}")}
    bars = [_bar(bar, each, end, places) for bar, each in zip(ids, drawn, strict=True)]
    layout = {
        "barmode": "overlay",
        "margin": {"l": 8, "r": 16, "t": 26, "b": 32},
        "showlegend": False,
        "meta": {"rows": rows, "list": line},
        "xaxis": {"range": [0, end], "fixedrange": True, "zeroline": True, "nticks": 6, "tickformat": "$,~r"},
        "yaxis": {"type": "category", "fixedrange": True, "showticklabels": False, "showgrid": False,
                  "zeroline": False},
    }  # fmt: skip
    return figure_json([bar for is_range in (False, True) if (bar := _trace(bars, is_range=is_range))["y"]], layout)


def _bar(bar: str, each: Offer, end: float, places: int) -> dict[str, Any]:
    """Return one bar: from zero, or, of what is not priced in full, from its least to its most or else to the end."""
    is_range = each.cost is None
    start = float(each.low or 0) if is_range else 0.0
    high = end if is_range and each.high is None else float((each.high if is_range else each.cost) or 0)
    words = plain(f"{each.seller.name}: {bounds_words(each, places)}")
    return {"y": bar, "base": start, "x": high - start, "hovertext": words, "is_range": is_range}


def _trace(bars: Sequence[dict[str, Any]], *, is_range: bool) -> dict[str, Any]:
    chosen = [bar for bar in bars if bar["is_range"] is is_range]
    return {
        "type": "bar",
        "orientation": "h",
        "meta": {"color": "other" if is_range else "series-1", "is_range": is_range},
        **{name: [bar[name] for bar in chosen] for name in ("y", "base", "x", "hovertext")},
        "hoverinfo": "text",
    }
