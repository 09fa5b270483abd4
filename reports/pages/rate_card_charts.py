"""The charts of the rate card: what SKUs ask beside the list price, and how a rate changed."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pricing.rate_sheet import RateStep, SheetRate, series
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, TokenKind
from reports import words
from reports.charts import Chart, figure_json, plain
from reports.figures import UNKNOWN, count, grouped
from reports.pages.rate_card_tables import share, shares, under, usd
from reports.rate_card_report import RateCardReport

#: Bars and lines of one kind that are drawn; the rest is in the table.
_MOST_BARS, _MOST_LINES = 24, 8
_BEFORE_AND_AFTER = timedelta(days=14)


def in_force(report: RateCardReport) -> tuple[SheetRate, ...]:
    """Return the rates of the SKUs themselves at the report's instant, in the standard tier and for small prompts."""
    return tuple(
        each
        for each in report.rates
        if each.sold in report.sold
        and each.above == 0
        and each.period.block.service_tier == STANDARD_TIER
        and each.period.holds(report.at)
    )


def share_chart(report: RateCardReport) -> Chart | None:
    """Return the chart of what each SKU asks in percent of the list price; None if nothing can be compared."""
    rates = [each for each in in_force(report) if not each.is_list or each.ratio(TokenKind.INPUT) != 1]
    points = [*_points(report, rates)]
    if not points:
        return None
    told = [(each, shown) for each in rates if (shown := share(each, TokenKind.INPUT)) is not None]
    said = "; ".join(f"{each.period.provider} {each.period.sku} {grouped(shown)} percent" for each, shown in told[:6])
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [point["bar"] for point in points],
        "x": [point["x"] for point in points],
        "customdata": [[point["text"], point["sku"], point["provider"], point["kind"]] for point in points],
        "hovertext": [point["hover"] for point in points],
        "hoverinfo": "text",
    }
    bars = list(dict.fromkeys(point["bar"] for point in points))
    layout = {
        "margin": {"l": 8, "r": 16, "t": 24, "b": 32},
        "showlegend": False,
        "meta": {"labels": {point["bar"]: point["label"] for point in points}},
        "xaxis": {"rangemode": "tozero", "fixedrange": True, "nticks": 6, "ticksuffix": " %"},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": bars, "fixedrange": True,
                  "showticklabels": False, "showgrid": False, "zeroline": False},
    }  # fmt: skip
    return Chart(
        "shares",
        "shares",
        "",
        "Beside the list price",
        "Percent of what the model's maker asks: for input, or for the kind chosen above",
        f"What each SKU asks for input in percent of the list price: {said}." if said else "Percent of the list price.",
        figure_json([trace], layout),
        shares(report, rates),
    )


def history_figure(report: RateCardReport) -> str | None:
    """Return the figure of the rates that changed, a line for each; None if none has."""
    lines = [*_lines(report)]
    if not lines:
        return None
    layout = {
        "margin": {"l": 4, "r": 16, "t": 12},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": {"type": "date", "fixedrange": True, "showgrid": False, "nticks": 7, "tickformat": "%b %-d, %Y"},
        "yaxis": {"rangemode": "tozero", "fixedrange": True, "automargin": True, "nticks": 5, "tickprefix": "$",
                  "tickformat": ",~r"},
    }  # fmt: skip
    return figure_json(lines, layout)


def history_words(report: RateCardReport) -> str:
    """Say what the figure of the changes shows."""
    first, last = report.history[-1], report.history[0]
    return (
        f"{count(len(report.history), 'change')} of a rate, in dollars per 1M tokens, from {first.at:%Y-%m-%d} to "
        f"{last.at:%Y-%m-%d}. The last is {last.provider} {last.sku}, {words.kind(last.kind)}: "
        f"{UNKNOWN if last.before is None else usd(last.before)}, then "
        f"{UNKNOWN if last.after is None else usd(last.after)}."
    )


def _points(report: RateCardReport, rates: Sequence[SheetRate]) -> Iterator[dict[str, Any]]:
    drawn = [each for each in rates if any(each.ratio(kind) is not None for kind in TOKEN_KINDS)][:_MOST_BARS]
    for kind in TOKEN_KINDS:
        for each in drawn:
            shown, marks = share(each, kind), under(report, each.sold)
            if shown is None:
                continue
            name = plain(f"{each.period.provider} · {each.period.sku}")
            (sku,), (provider,) = marks["sku"], marks["provider"]
            yield {
                "bar": f"sku {sku}", "label": name, "x": float(shown), "text": grouped(shown), "sku": sku,
                "provider": provider, "kind": kind.value,
                "hover": f"{name}, {words.kind(kind)}: {grouped(shown)} % of list",
            }  # fmt: skip


def _lines(report: RateCardReport) -> Iterator[dict[str, Any]]:
    """Yield a line for each rate that changed, those that changed last first."""
    if not report.history:
        return
    instants = [step.at for step in report.history]
    around = max((max(*instants, report.at) - min(instants)) / 8, _BEFORE_AND_AFTER)
    start, end = min(instants) - around, max(*instants, report.at) + around
    drawn: dict[TokenKind, int] = {}
    for step in _latest(report.history):
        drawn[step.kind] = drawn.get(step.kind, 0) + 1
        if drawn[step.kind] <= _MOST_LINES:
            yield _line(report, step, start, end)


def _latest(history: Sequence[RateStep]) -> Iterator[RateStep]:
    """Yield the last change of each rate."""
    seen: dict[object, RateStep] = {}
    for step in history:
        seen.setdefault(step.line, step)
    yield from seen.values()


def _line(report: RateCardReport, step: RateStep, start: datetime, end: datetime) -> dict[str, Any]:
    periods = [
        period
        for period in report.periods
        if (period.provider, period.sku, period.block.service_tier) == (step.provider, step.sku, step.service_tier)
    ]
    points: list[tuple[datetime, float | None, str | None]] = []
    for period, amount in series(periods, step.kind, step.above):
        since, until = max(period.valid_from or start, start), min(period.valid_to or end, end)
        if points and points[-1][0] < since:  # a gap: no rate is in force
            points.append((points[-1][0], None, None))
        told = (None, None) if amount is None else (float(amount), usd(amount))
        points += [(since, *told), (until, *told)]
    tier = "" if step.service_tier == STANDARD_TIER else f"{step.service_tier}, "
    prompts = f"prompts above {step.above:,}, " if step.above else ""
    sold, scope = plain(f"{step.provider} · {step.sku}"), plain(f"{tier}{prompts}{words.kind(step.kind)}".lower())
    marks = under(report, (step.provider, step.sku), step.kind)
    return {
        "type": "scatter",
        "mode": "lines",
        "line": {"shape": "hv", "width": 2},
        "name": f"{sold}<br>{scope}",
        "meta": {field: list(keys) for field, keys in marks.items()},
        "x": [f"{at:%Y-%m-%d %H:%M}" for at, _, _ in points],
        "y": [amount for _, amount, _ in points],
        "customdata": [told for _, _, told in points],
        "hovertemplate": "%{x|%b %-d, %Y}: %{customdata}<extra></extra>",
        "connectgaps": False,
    }
