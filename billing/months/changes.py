"""Month over month: how much of a change comes from prices, from volume and from the mix.

Of a line (SKU and kind) that is in both months, with quantity q0, q1 and mean rate p0, p1, and with Q0, Q1 the
quantities of all such lines of the same provider and unit that are counted in the same thing (tokens, calls, requests):

    volume = p0 * q0 * (Q1 / Q0 - 1)        more or less of everything, in the old mix
    mix    = p0 * (q1 - q0 * Q1 / Q0)       a larger or smaller part of the whole
    price  = (p1 - p0) * q1                 another rate for what is used now

Their sum is p1 * q1 - p0 * q0. A line of one of the months only is an effect of its own, `new` or `gone`, and so is the
change of the vendor's rounding. Price and volume are rounded half-even to whole pico-units and mix is what is left, so
that whole numbers add up exactly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pricing.amounts import from_pico, total

ROUNDING = "rounding"

Key = tuple[str | None, str, str | None, str]
"""Provider, SKU, unit, kind."""
Used = tuple[int, int]
"""Quantity and amount in pico-units."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What the change of an amount is made of: `after - before` is the sum of the six effects, to the last digit."""

    before: Decimal
    after: Decimal
    price: Decimal
    volume: Decimal
    mix: Decimal
    new: Decimal
    gone: Decimal
    rounding: Decimal

    @property
    def change(self) -> Decimal:
        """How much more it is."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class LineChange:
    """The change of one kind of one SKU; of the vendor's rounding the kind is `rounding`, and no quantity is told."""

    provider: str | None
    sku: str
    unit: str | None
    kind: str
    quantity_before: int
    quantity_after: int
    effects: Effects


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """The change of what a provider's priced usage is expected to cost."""

    provider: str | None
    unit: str | None
    effects: Effects


@dataclass(frozen=True, slots=True)
class MonthChange:
    """This month beside the one before, priced usage only: the lines of a provider add up to its total.

    Of a month that is not over, as many of the first days of the month before are taken. `unpriced_before` and
    `unpriced_after` count the requests that are in neither amount.
    """

    before_from: date
    before_to: date
    totals: tuple[ProviderChange, ...]
    lines: tuple[LineChange, ...]
    unpriced_before: int
    unpriced_after: int


def line_changes(before: Mapping[Key, Used], after: Mapping[Key, Used]) -> tuple[LineChange, ...]:
    """Return the change of each line, in the order of provider, SKU and unit, and then as the lines came."""
    keys = sorted({**before, **after}, key=lambda key: tuple((part is None, part or "") for part in key[:3]))
    growth = _growth(before, after)
    return tuple(
        LineChange(
            *key, before.get(key, (0, 0))[0], after.get(key, (0, 0))[0],
            _effects(key, before.get(key), after.get(key), growth.get(_group(key), Fraction(1))),
        )
        for key in keys
    )  # fmt: skip


def added(effects: Iterable[Effects]) -> Effects:
    """Return the sum of effects."""
    rows = list(effects)
    return Effects(*(total(getattr(row, field.name) for row in rows) for field in fields(Effects)))


def counted_in(kind: str) -> str:
    """Return what the quantity of a kind is counted in."""
    return {"web_search": "call", "request": "request"}.get(kind, "token")


def _group(key: Key) -> tuple[str | None, str | None, str]:
    provider, _, unit, kind = key
    return provider, unit, counted_in(kind)


def _growth(
    before: Mapping[Key, Used], after: Mapping[Key, Used]
) -> dict[tuple[str | None, str | None, str], Fraction]:
    """Return Q1 / Q0 of each group of lines that are in both months."""
    sums: dict[tuple[str | None, str | None, str], list[int]] = defaultdict(lambda: [0, 0])
    for key in before.keys() & after.keys():
        if key[3] != ROUNDING and before[key][0] and after[key][0]:
            sums[_group(key)][0] += before[key][0]
            sums[_group(key)][1] += after[key][0]
    return {group: Fraction(now, then) for group, (then, now) in sums.items()}


def _effects(key: Key, before: Used | None, after: Used | None, growth: Fraction) -> Effects:
    (q0, a0), (q1, a1) = before or (0, 0), after or (0, 0)
    parts = dict.fromkeys(("price", "volume", "mix", "new", "gone", "rounding"), 0)
    if key[3] == ROUNDING:
        parts["rounding"] = a1 - a0
    elif not q0:
        parts["new"] = a1
    elif not q1:
        parts["gone"] = -a0
    else:
        parts["price"] = a1 - round(Fraction(a0 * q1, q0))
        parts["volume"] = round(a0 * (growth - 1))
        parts["mix"] = a1 - a0 - parts["price"] - parts["volume"]
    return Effects(from_pico(a0), from_pico(a1), **{name: from_pico(part) for name, part in parts.items()})
