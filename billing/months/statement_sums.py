"""From sums of the rated table to lines of a statement: what was used of each kind at each rate, and its cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

from billing.cube import order_of
from billing.months.changes import (
    ROUNDING,
    Effects,
    Key,
    MonthChange,
    ProviderChange,
    Used,
    added,
    counted_in,
    line_changes,
)
from billing.months.spending import Row, as_decimal, dollars
from billing.months.statement import (
    Caching,
    Economics,
    Line,
    ProviderStatement,
    SkuStatement,
    Spend,
    UnpricedUsage,
)
from pricing.amounts import PICO_DIGITS, from_pico, times
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH

_REQUEST = "request"
_TOKENS = (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE)
_WRITES = ("cache_write_5m", "cache_write_1h", UNSPLIT_CACHE_WRITE)
_QUANTITIES = (*_TOKENS, WEB_SEARCH)
_KINDS = (*_TOKENS, _REQUEST, WEB_SEARCH)
_MILLION = 10**6
#: Figures per 1,000 requests and per 1M tokens are rounded to so many places.
_PLACES = 6
_ENDED_BADLY = frozenset({"request_failed"})

Effective = Mapping[str, Decimal]
"""Dollars that one of a provider's units cost the user."""


def sku_statements(rows: Iterable[Row], effective: Effective) -> tuple[SkuStatement, ...]:
    """Return the SKUs of a month in the order of provider, name and unit."""
    return tuple(
        SkuStatement(provider, sku, unit, lines(group), spend(group, effective), economics(group))
        for (provider, sku, unit), group in _grouped(rows, "provider", "sku", "unit")
    )


def provider_statements(rows: Iterable[Row], effective: Effective) -> tuple[ProviderStatement, ...]:
    """Return the sums of each provider and unit."""
    return tuple(
        ProviderStatement(provider, unit, spend(group, effective), economics(group))
        for (provider, unit), group in _grouped(rows, "provider", "unit")
    )


def unpriced_usage(rows: Iterable[Row]) -> tuple[UnpricedUsage, ...]:
    """Return what has no price, by reason."""
    left = (row for row in rows if row["reason"] is not None and row["reason"] not in _ENDED_BADLY)
    return tuple(
        UnpricedUsage(
            reason, provider, sku, unit, _sum(group, "requests"),
            {kind: used for kind in _QUANTITIES if (used := _sum(group, kind))},
            from_pico(_sum(group, "charged")) if any(row["charged"] is not None for row in group) else None,
        )
        for (reason, provider, sku, unit), group in _grouped(left, "reason", "provider", "sku", "unit")
    )  # fmt: skip


def month_change(rows: Iterable[Row], before_from: date, before_to: date) -> MonthChange:
    """Return what the change since the month before is made of; the unpriced is counted and left out."""
    sides: dict[bool, list[Row]] = {True: [], False: []}
    for row in rows:
        sides[row["is_current"]].append(row)
    changed = line_changes(_used(sides[False]), _used(sides[True]))
    totals = defaultdict[tuple[str | None, str | None], list[Effects]](list)
    for line in changed:
        totals[line.provider, line.unit].append(line.effects)
    unpriced = {side: sum(each.requests for each in unpriced_usage(group)) for side, group in sides.items()}
    return MonthChange(
        before_from, before_to, tuple(ProviderChange(*key, added(parts)) for key, parts in totals.items()), changed,
        unpriced[False], unpriced[True],
    )  # fmt: skip


def lines(rows: Iterable[Row]) -> tuple[Line, ...]:
    """Return what was used of each kind at each rate, in the order of the kinds; rates of 0 are lines too."""
    found = defaultdict[tuple[int, str, int, int], int](int)
    for row in rows:
        for kind, quantity, rate in _parts(row):
            above = -1 if row["prompt_above"] is None else row["prompt_above"]
            found[_KINDS.index(kind), row["service_tier"], above, rate] += quantity
    return tuple(
        _line(_KINDS[place], quantity, rate, tier, None if above < 0 else above)
        for (place, tier, above, rate), quantity in sorted(found.items())
    )


def _line(kind: str, quantity: int, rate: int, service_tier: str, prompt_above: int | None) -> Line:
    per = from_pico(rate * _MILLION if kind in _TOKENS else rate)
    return Line(kind, quantity, counted_in(kind), per, from_pico(quantity * rate), service_tier, prompt_above)


def spend(rows: Sequence[Row], effective: Effective) -> Spend:
    """Return the sums of rows of one provider and unit."""
    priced = [row for row in rows if row["is_priced"]]
    others = [row for row in rows if row["expected"] is None]
    exact, expected, spent = _sum(priced, "exact"), _sum(rows, "expected"), _sum(rows, "spend")
    unpriced = sum(each.requests for each in unpriced_usage(rows))
    price = effective.get(rows[0]["provider"] or "") if rows[0]["unit"] != "USD" else Decimal(1)
    return Spend(
        requests=_sum(rows, "requests"), used=_sum(rows, "used"), reported=_sum(rows, "reported"),
        priced=_sum(priced, "requests"), unpriced=unpriced,
        exact=from_pico(exact), rounding=from_pico(expected - exact), expected=from_pico(expected),
        charged=from_pico(_sum(rows, "charged")), variance=from_pico(_sum(rows, "variance")),
        charged_unpriced=from_pico(_sum(others, "charged")),
        expected_unreported=from_pico(_sum(rows, "expected_unreported")), refunded=from_pico(_sum(rows, "refunded")),
        spend=from_pico(spent), unknown=_sum(rows, "unknown"), usd=as_decimal(dollars(rows)),
        usd_effective=None if price is None else times(from_pico(spent), price),
    )  # fmt: skip


def economics(rows: Sequence[Row]) -> Economics:
    """Return what a unit of work costs, over the requests that did not fail and whose spend is known."""
    known = [row for row in rows if not row["is_unknown"] and row["used"]]
    requests, tokens = _sum(known, "used"), sum(_sum(known, kind) for kind in _TOKENS)
    spent, usd = _sum(known, "spend"), dollars(known)
    return Economics(
        requests=requests, tokens=tokens, spend=from_pico(spent), usd=as_decimal(usd),
        per_1000_requests=_per(spent, 1000, requests), per_mtok=_per(spent, 10**6, tokens),
        usd_per_1000_requests=_per(usd, 1000, requests, 2 * PICO_DIGITS),
        usd_per_mtok=_per(usd, 10**6, tokens, 2 * PICO_DIGITS),
        caching=_caching([row for row in rows if row["is_priced"]]),
    )  # fmt: skip


def _per(amount: int | None, scale: int, count: int, places: int = PICO_DIGITS) -> Decimal | None:
    if amount is None or not count:
        return None
    return as_decimal(round(Fraction(amount * scale, count * 10 ** (places - _PLACES))), _PLACES)


def _caching(rows: Sequence[Row]) -> Caching:
    """Hold what was read from and written to a cache against the rate of plain input."""
    read = _sum(rows, "cache_read")
    written = sum(_sum(rows, kind) for kind in _WRITES)
    cached = [row for row in rows if row["cache_read"] or any(row[kind] for kind in _WRITES)]
    if any(row["input_rate"] is None for row in cached):
        return Caching(read, written, None, None, None)
    saved, cost = sum(map(_saved, cached)), sum(map(_write_cost, cached))
    net = dollars({**row, "spend": _saved(row) - _write_cost(row)} for row in cached)
    return Caching(read, written, from_pico(saved), from_pico(cost), as_decimal(net))


def _saved(row: Row) -> int:
    """Return what the tokens read from a cache would have cost more as plain input, in pico-units."""
    return row["cache_read"] * (row["input_rate"] - row["cache_read_rate"]) if row["cache_read"] else 0


def _write_cost(row: Row) -> int:
    return sum(row[kind] * (row[f"{kind}_rate"] - row["input_rate"]) for kind in _WRITES if row[kind])


def _parts(row: Row) -> Iterator[tuple[str, int, int]]:
    """Yield each kind that a priced row used, how much of it, and its rate in pico-units."""
    if not row["is_priced"]:
        return
    for kind in (*_TOKENS, WEB_SEARCH):
        if row[kind]:
            yield kind, row[kind], row[f"{kind}_rate"]
    if row["request_rate"]:
        yield _REQUEST, row["requests"], row["request_rate"]


def _used(rows: Sequence[Row]) -> dict[Key, Used]:
    """Return quantity and amount of each kind of each SKU, and the rounding of each SKU."""
    found: dict[Key, Used] = {}
    for (provider, sku, unit), group in _grouped(rows, "provider", "sku", "unit"):
        sums = dict.fromkeys(_KINDS, (0, 0))
        for kind, quantity, rate in chain.from_iterable(map(_parts, group)):
            sums[kind] = sums[kind][0] + quantity, sums[kind][1] + quantity * rate
        rounding = _sum(group, "expected") - _sum(group, "exact")
        found |= {(provider, sku, unit, kind): used for kind, used in sums.items() if used[0]}
        if rounding:
            found[provider, sku, unit, ROUNDING] = 0, rounding
    return found


def _grouped(rows: Iterable[Row], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Row]]]:
    """Yield the values of those columns and the rows that have them, in their order, unknown last."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    yield from sorted(groups.items(), key=lambda group: order_of(*group[0]))


def _sum(rows: Iterable[Row], name: str) -> int:
    return sum(row[name] or 0 for row in rows)
