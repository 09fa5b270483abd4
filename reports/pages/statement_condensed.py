"""A statement of many SKUs, cut to what a page can carry: the largest, and of each account all others as one.

It is done to the statement itself, so that every table, chart and filter of the page still adds up to its totals.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from billing.months.changes import LineChange, added
from billing.months.statement import (
    Caching,
    Day,
    Economics,
    ListPrice,
    SkuShare,
    SkuStatement,
    Spend,
    Statement,
    UnpricedUsage,
)
from pricing.amounts import plain, total
from reports.figures import count, decimal

#: SKUs that are shown each by itself.
MOST_SKUS = 12
_PLACES = 6

Name = tuple[str | None, str]
Row = TypeVar("Row")


def condensed(found: Statement, most: int = MOST_SKUS) -> Statement:
    """Return the statement with at most so many SKUs, and one more of each account; itself if it has no more."""
    weights: dict[Name, Decimal] = {}
    for sku in found.skus:
        weight = sku.sums.usd if sku.sums.usd is not None else sku.sums.spend
        weights[sku.provider, sku.sku] = weights.get((sku.provider, sku.sku), Decimal(0)) + abs(weight)
    for line in found.change.lines:
        weights.setdefault((line.provider, line.sku), Decimal(0))
    if len(weights) <= most + 1:
        return found
    ranked = sorted(weights, key=lambda name: (-weights[name], name[0] or "", name[1]))
    small = {name: sum(each[0] == name[0] for each in ranked[most:]) for name in ranked[most:]}
    others = {name: count(number, "smaller SKU") for name, number in small.items() if number > 1}
    return _renamed(found, others)


def _renamed(found: Statement, others: dict[Name, str]) -> Statement:
    def merged(
        rows: Iterable[Row], key: Callable[[Any], Hashable], merge: Callable[[Sequence[Any]], Row]
    ) -> tuple[Row, ...]:
        groups: dict[Hashable, list[Any]] = {}
        for row in rows:
            named: Any = row
            name = (named.provider, named.sku)
            own = replace(named, sku=others[name]) if name in others else named
            groups.setdefault(key(own), []).append(own)
        return tuple(group[0] if len(group) == 1 else merge(group) for group in groups.values())

    breakdowns = tuple(
        replace(
            each, skus=merged(each.skus, lambda row: (row.name, row.names, row.provider, row.sku, row.unit), _share)
        )
        for each in found.breakdowns
    )
    changed = merged(found.change.lines, lambda row: (row.provider, row.sku, row.unit, row.kind), _change)
    return replace(
        found,
        skus=merged(found.skus, lambda row: (row.provider, row.sku, row.unit), _sku),
        list_prices=merged(found.list_prices, lambda row: (row.provider, row.sku), _list_price),
        unpriced=merged(found.unpriced, lambda row: (row.reason, row.provider, row.sku, row.unit), _unpriced),
        sku_days=merged(found.sku_days, lambda row: (row.day, row.provider, row.sku, row.unit), _day),
        change=replace(found.change, lines=tuple(sorted(changed, key=lambda row: (row.provider or "", row.sku)))),
        breakdowns=breakdowns,
    )


def _sku(group: Sequence[SkuStatement]) -> SkuStatement:
    """Return SKUs as one. Their lines are of many rates, so that none is told; their sums are."""
    return replace(
        group[0], lines=(), sums=_summed([each.sums for each in group]),
        economics=_economics([each.economics for each in group]),
    )  # fmt: skip


def _economics(group: Sequence[Economics]) -> Economics:
    caching = _summed([each.caching for each in group])
    whole = replace(_summed(group, "caching"), caching=caching)
    return replace(
        whole,
        per_1000_requests=_per(whole.spend, 1000, whole.requests), per_mtok=_per(whole.spend, 10**6, whole.tokens),
        usd_per_1000_requests=_per(whole.usd, 1000, whole.requests), usd_per_mtok=_per(whole.usd, 10**6, whole.tokens),
    )  # fmt: skip


def _per(amount: Decimal | None, scale: int, divisor: int) -> Decimal | None:
    return None if amount is None or not divisor else plain(decimal(Fraction(amount) * scale / divisor, _PLACES))


def _share(group: Sequence[SkuShare]) -> SkuShare:
    return _summed(group, "name", "names", "provider", "sku", "unit")


def _day(group: Sequence[Day]) -> Day:
    return _summed(group, "day", "provider", "sku", "unit")


def _list_price(group: Sequence[ListPrice]) -> ListPrice:
    whole = _summed(group, "provider", "sku")
    known = [each.usd for each in group if each.usd is not None]
    without = sum(each.requests if each.usd is None else each.without for each in group)
    return replace(whole, usd=total(known) if known else None, without=without)


def _unpriced(group: Sequence[UnpricedUsage]) -> UnpricedUsage:
    kinds = dict.fromkeys(kind for each in group for kind in each.quantities)
    charged = [each.charged for each in group if each.charged is not None]
    return replace(
        group[0], requests=sum(each.requests for each in group), charged=total(charged) if charged else None,
        quantities={kind: sum(each.quantities.get(kind, 0) for each in group) for kind in kinds},
    )  # fmt: skip


def _change(group: Sequence[LineChange]) -> LineChange:
    return replace(
        group[0], quantity_before=sum(each.quantity_before for each in group),
        quantity_after=sum(each.quantity_after for each in group), effects=added(each.effects for each in group),
    )  # fmt: skip


_Value = TypeVar("_Value", Spend, Economics, Caching, SkuShare, Day, ListPrice)


def _summed(group: Sequence[_Value], *names: str) -> _Value:
    """Add up every field but these; a sum in which one is unknown is unknown."""
    first: Any = group[0]
    sums: dict[str, Any] = {}
    for each in fields(first):
        if each.name not in names:
            values = [getattr(row, each.name) for row in group]
            is_amount = any(isinstance(value, Decimal) for value in values)
            sums[each.name] = None if None in values else total(values) if is_amount else sum(values)
    whole: _Value = replace(first, **sums)
    return whole
