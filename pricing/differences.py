"""What changed between two catalogs, or between two days of knowledge of one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from pricing.catalog import Catalog, RatePeriod
from pricing.usage import TOKEN_KINDS

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One amount that is not the same before and after, from one instant to another (half-open, None is open).

    `kind` is a token kind (units per 1M tokens, with ` above N` in a context tier), `usd_per_unit` (dollars per unit),
    `per_request`, `minimum_charge` or a tool (units each), `unit`, or `rounding` (the rule in words). `before` and
    `after` are None where there is none.
    """

    provider: str
    sku: str
    service_tier: str
    kind: str
    what: What
    before: Decimal | str | None
    after: Decimal | str | None
    valid_from: datetime | None
    valid_to: datetime | None


Value = Decimal | str | None
_Key = tuple[str, str, str]


def diff(before: Catalog, after: Catalog) -> tuple[Change, ...]:
    """Return every change from one catalog to the other, in order of provider, SKU, service tier and time."""
    old, new = _by_offer(before), _by_offer(after)
    return tuple(change for key in sorted(old | new) for change in _changes(key, old.get(key, []), new.get(key, [])))


def rates_in_force(catalog: Catalog, provider: str | None = None, at: datetime | None = None) -> tuple[RatePeriod, ...]:
    """Return the rates in force at an instant, of one provider or of all; without an instant, all periods.

    Raise UnknownNameError if there is no such provider.
    """
    if provider is not None:
        catalog.card(provider)
    periods = catalog.all_periods(None if provider is None else [provider])
    return tuple(period for period in periods if at is None or period.holds(at))


def _by_offer(catalog: Catalog) -> dict[_Key, list[RatePeriod]]:
    found: dict[_Key, list[RatePeriod]] = {}
    for period in catalog.all_periods():
        found.setdefault((period.provider, period.sku, period.block.service_tier), []).append(period)
    return found


def _changes(key: _Key, old: list[RatePeriod], new: list[RatePeriod]) -> Iterator[Change]:
    found: dict[str, list[Change]] = {}
    for start, end in _stretches([*old, *new]):
        before, after = _values_at(old, start, end), _values_at(new, start, end)
        for kind in before.keys() | after.keys():
            was, now = before.get(kind), after.get(kind)
            if was != now:
                what: What = "added" if was is None else "removed" if now is None else "changed"
                _append(found.setdefault(kind, []), Change(*key, kind, what, was, now, start, end))
    for kind in sorted(found, key=_order):
        yield from found[kind]


def _append(changes: list[Change], change: Change) -> None:
    """Append a change, or lengthen the last one if it is the same and ends where this one begins."""
    last = changes[-1] if changes else None
    if last and last.valid_to == change.valid_from and (last.before, last.after) == (change.before, change.after):
        changes[-1] = replace(last, valid_to=change.valid_to)
    else:
        changes.append(change)


def _stretches(periods: list[RatePeriod]) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yield the stretches between all instants at which any period begins or ends."""
    instants = {instant for period in periods for instant in (period.valid_from, period.valid_to) if instant}
    cuts = [None, *sorted(instants), None]
    yield from pairwise(cuts)


def _values_at(periods: list[RatePeriod], start: datetime | None, end: datetime | None) -> dict[str, Value]:
    """Return what holds in a stretch that no period begins or ends in."""
    for period in periods:
        begins = period.valid_from is None or (start is not None and period.valid_from <= start)
        lasts = period.valid_to is None or (end is not None and end <= period.valid_to)
        if begins and lasts:
            return {kind: value for kind, value in _values(period) if value is not None}
    return {}


def _values(period: RatePeriod) -> Iterator[tuple[str, Value]]:
    block = period.block
    for kind in TOKEN_KINDS:
        yield kind.value, block.per_mtok.rate(kind)
        for tier in block.context_tiers:
            yield f"{kind.value} above {tier.above}", tier.per_mtok.rate(kind)
    yield "per_request", block.per_request
    yield "minimum_charge", block.minimum_charge
    yield from block.per_tool_call.items()
    rule = block.rounding
    yield "rounding", None if rule.step is None else f"{rule.mode} to {rule.step:f} per {rule.scope}"
    yield "unit", period.unit
    yield "usd_per_unit", None if period.unit == "USD" else period.usd_per_unit


def _order(kind: str) -> tuple[int, str]:
    base = kind.partition(" ")[0]
    return (TOKEN_KINDS.index(base) if base in TOKEN_KINDS else len(TOKEN_KINDS)), kind
