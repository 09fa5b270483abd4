"""The amounts of a statement, rounded once, so that what stands beside and below each other adds up.

From usage to spend: exact + rounding = expected, and expected + variance + unpriced - refunded = spend. It holds digit
by digit for each SKU and for each account, which is a provider and the unit that it charges in; the SKUs of an account
add up to it in each of these columns, and the lines of a SKU to what is exact. The effects of a change do the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Self, TypeVar

from billing.months.changes import Effects, LineChange, added
from billing.months.statement import SkuStatement, Spend, Statement
from reports.figures import places_for, rounded

Account = tuple[str | None, str | None]
"""Provider and unit."""
SkuKey = tuple[str | None, str, str | None]
"""Provider, SKU and unit."""
KindKey = tuple[str | None, str, str | None, str]
"""The same, and the kind."""

_ZERO = Decimal(0)
_Whole = TypeVar("_Whole")
_Value = TypeVar("_Value", "Steps", Effects)


@dataclass(frozen=True, slots=True)
class Steps:
    """From usage to spend, as it is shown; what was given back is above zero."""

    exact: Decimal
    rounding: Decimal
    expected: Decimal
    variance: Decimal
    unpriced: Decimal
    refunded: Decimal
    spend: Decimal


@dataclass(frozen=True, slots=True)
class StatementFigures:
    """What is shown of each amount. Sums and differences are taken of these, never rounded a second time."""

    places: Mapping[Account, int]
    accounts: Mapping[Account, Steps]
    skus: Mapping[SkuKey, Steps]
    lines: Mapping[SkuKey, tuple[Decimal, ...]]
    changes: Mapping[KindKey, Effects]
    sku_changes: Mapping[SkuKey, Effects]
    account_changes: Mapping[Account, Effects]
    usd_places: int
    usd_accounts: Mapping[Account, Decimal | None]
    usd_skus: Mapping[SkuKey, Decimal | None]

    @classmethod
    def of(cls, found: Statement) -> Self:
        """Round every amount of a statement once."""
        places = _places(found)
        skus = {
            key: steps for account, own in _by_account(found).items() for key, steps in _steps(own, places[account])
        }
        lines = {
            sku_key(sku): near([line.amount for line in sku.lines], skus[sku_key(sku)].exact, places[account])
            for account, own in _by_account(found).items()
            for sku in own
        }
        changes = _changes(found, skus, places)
        usd_places = places_for(sku.sums.usd for sku in found.skus if sku.sums.usd is not None)
        usd_accounts, usd_skus = _dollars(found, usd_places)
        return cls(
            places, _summed([(key[0], key[2]) for key in skus], skus.values(), Steps), skus, lines, changes,
            _summed([key[:3] for key in changes], changes.values(), Effects),
            _summed([(key[0], key[2]) for key in changes], changes.values(), Effects),
            usd_places, usd_accounts, usd_skus,
        )  # fmt: skip

    def places_of(self, account: Account) -> int:
        """Return the decimal places of an account; of one with no usage, two."""
        return self.places.get(account, 2)


def sku_key(sku: SkuStatement) -> SkuKey:
    """Return what a SKU's figures are found by."""
    return sku.provider, sku.sku, sku.unit


def near(parts: Sequence[Decimal], wish: Decimal, places: int) -> tuple[Decimal, ...]:
    """Round parts so that they add up to an amount that is rounded already, though it may not be quite their sum.

    The last digits of those that rounding moved most are moved back first. A part of exactly zero stays zero; where all
    are, they miss the wish.

    >>> near([Decimal("0.004"), Decimal("0.004"), Decimal(0)], Decimal("0.02"), 2)
    (Decimal('0.01'), Decimal('0.01'), Decimal('0.00'))
    """
    step = Decimal(1).scaleb(-places)
    shown = [rounded(part, places) for part in parts]
    missing = int((wish - sum(shown)) / step)
    sign = 1 if missing > 0 else -1
    movable = sorted((i for i, part in enumerate(parts) if part), key=lambda i: sign * (shown[i] - parts[i]))
    each, rest = divmod(abs(missing), len(movable) or 1)
    for place, index in enumerate(movable):
        shown[index] += sign * step * (each + (place < rest))
    return tuple(shown)


def running(
    rows: Sequence[Sequence[Decimal]], places: int, last: Sequence[Decimal] | None = None
) -> list[tuple[Decimal, ...]]:
    """Round the running sums of rows of parts so that parts that are zero stay zero and the columns add up.

    Each column's sum is the whole's rounded sum wherever the rows allow it. `last` gives what is shown at the end of
    each row, where another table says it already.

    >>> thirds = [Decimal(1) / 3, Decimal(1) / 3]
    >>> [[str(sum_) for sum_ in row] for row in running([thirds, [Decimal(1) / 3, Decimal(0)]], 2)]
    [['0.34', '0.67'], ['0.33', '0.33']]
    """
    sums = [tuple(accumulate(row)) for row in rows]
    whole = [rounded(sum(column, _ZERO), places) for column in zip(*sums, strict=True)]
    if not whole:
        return []
    columns = [list(near([row[-1] for row in sums], whole[-1], places) if last is None else last)]
    for at in range(len(whole) - 2, -1, -1):
        column = list(columns[-1])
        free = [index for index, row in enumerate(rows) if row[at + 1]]
        fixed = sum(column) - sum(column[index] for index in free)
        for index, amount in zip(free, near([sums[i][at] for i in free], whole[at] - fixed, places), strict=True):
            column[index] = amount
        columns.append(column)
    return list(zip(*reversed(columns), strict=True))


def _by_account(found: Statement) -> dict[Account, list[SkuStatement]]:
    accounts: dict[Account, list[SkuStatement]] = {(each.provider, each.unit): [] for each in found.providers}
    for sku in found.skus:
        accounts[sku.provider, sku.unit].append(sku)
    return accounts


def _parts(sums: Spend) -> tuple[Decimal, ...]:
    return sums.exact, sums.rounding, sums.variance, sums.charged_unpriced, -sums.refunded


def _places(found: Statement) -> dict[Account, int]:
    """Return as many decimal places for each account as show no amount of a SKU as zero, of this month or before."""
    amounts: dict[Account, list[Decimal]] = {account: [] for account in _by_account(found)}
    for sku in found.skus:
        sums = sku.sums
        amounts[sku.provider, sku.unit] += sums.spend, sums.expected, sums.variance, sums.charged_unpriced
    for (provider, _, unit), effects in sku_effects(found).items():
        amounts.setdefault((provider, unit), []).append(effects.before)
    return {account: places_for(own) for account, own in amounts.items()}


def sku_effects(found: Statement) -> dict[SkuKey, Effects]:
    """Return what changed of each SKU, exactly."""
    parts: dict[SkuKey, list[Effects]] = {}
    for line in found.change.lines:
        parts.setdefault((line.provider, line.sku, line.unit), []).append(line.effects)
    return {key: added(effects) for key, effects in parts.items()}


def _steps(skus: Sequence[SkuStatement], places: int) -> Iterable[tuple[SkuKey, Steps]]:
    shown = running([_parts(sku.sums) for sku in skus], places)
    for sku, (exact, expected, charged, before_refunds, spend) in zip(skus, shown, strict=True):
        yield sku_key(sku), Steps(
            exact, expected - exact, expected, charged - expected, before_refunds - charged, before_refunds - spend,
            spend,
        )  # fmt: skip


def _changes(found: Statement, skus: Mapping[SkuKey, Steps], places: Mapping[Account, int]) -> dict[KindKey, Effects]:
    """Round the effects of each line so that a SKU's lines end with what is expected of it."""
    changes: dict[KindKey, Effects] = {}
    for account in dict.fromkeys((line.provider, line.unit) for line in found.change.lines):
        own = [line for line in found.change.lines if (line.provider, line.unit) == account]
        last: list[Decimal] = []
        digits = places[account]
        for name in dict.fromkeys(line.sku for line in own):
            steps = skus.get((account[0], name, account[1]))
            after = [line.effects.after for line in own if line.sku == name]
            last += near(after, _ZERO if steps is None else steps.expected, digits)
        shown = running([_effect_parts(line) for line in own], digits, last)
        changes |= {_kind_key(line): _effects(row) for line, row in zip(own, shown, strict=True)}
    return changes


def _kind_key(line: LineChange) -> KindKey:
    return line.provider, line.sku, line.unit, line.kind


def _effect_parts(line: LineChange) -> tuple[Decimal, ...]:
    each = line.effects
    return each.before, each.price, each.volume, each.mix, each.new, each.gone, each.rounding


def _effects(sums: Sequence[Decimal]) -> Effects:
    price, volume, mix, new, gone, rounding = (right - left for left, right in pairwise(sums))
    return Effects(sums[0], sums[-1], price, volume, mix, new, gone, rounding)


def _summed(wholes: Iterable[_Whole], values: Iterable[_Value], make: type[_Value]) -> dict[_Whole, _Value]:
    """Add up what is shown of each whole, given the whole of each value."""
    groups: dict[_Whole, list[_Value]] = {}
    for whole, value in zip(wholes, values, strict=True):
        groups.setdefault(whole, []).append(value)
    return {
        whole: make(*(sum((getattr(each, field.name) for each in group), _ZERO) for field in fields(make)))
        for whole, group in groups.items()
    }


def _dollars(found: Statement, places: int) -> tuple[dict[Account, Decimal | None], dict[SkuKey, Decimal | None]]:
    """Round dollars so that SKUs add up to their account, and accounts to the whole."""
    known = [each for each in found.providers if each.sums.usd is not None]
    amounts = [each.sums.usd or _ZERO for each in known]
    shown = near(amounts, rounded(sum(amounts, _ZERO), places), places)
    accounts: dict[Account, Decimal | None] = {(each.provider, each.unit): None for each in found.providers}
    accounts |= {(each.provider, each.unit): usd for each, usd in zip(known, shown, strict=True)}
    skus: dict[SkuKey, Decimal | None] = {}
    for account, own in _by_account(found).items():
        whole = accounts[account]
        if whole is None:
            skus |= {sku_key(sku): None if sku.sums.usd is None else rounded(sku.sums.usd, places) for sku in own}
        else:
            parts = near([sku.sums.usd or _ZERO for sku in own], whole, places)
            skus |= {sku_key(sku): usd for sku, usd in zip(own, parts, strict=True)}
    return accounts, skus
