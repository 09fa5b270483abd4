"""The amounts of a statement, rounded once, so that what stands beside and below each other adds up.

From usage to spend: exact + rounding = expected, and expected + variance + unpriced - refunded = spend; variance and
what is unpriced are shown as an audit shows them. It holds digit by digit for each SKU and for each account, which is a
provider and the unit that it charges in; the SKUs of an account add up to it in each of these columns, and the lines of
a SKU to what is exact. The effects of a change do the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import pairwise
from typing import Self, TypeVar

from billing.months.changes import Effects, LineChange, added
from billing.months.statement import SkuStatement, Spend, Statement
from reports.figures import adding_up, in_steps, places_for, rounded, running

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
            sku_key(sku): adding_up([line.amount for line in sku.lines], skus[sku_key(sku)].exact, places[account])
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


def _by_account(found: Statement) -> dict[Account, list[SkuStatement]]:
    accounts: dict[Account, list[SkuStatement]] = {(each.provider, each.unit): [] for each in found.providers}
    for sku in found.skus:
        accounts[sku.provider, sku.unit].append(sku)
    return accounts


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
    """Round the steps to the spend, which begin as those of an audit; then what is expected before rounding."""
    shown = in_steps([_parts(sku.sums) for sku in skus], places)
    expected = [checked + due - billed for checked, _, billed, due, _ in shown]
    exact = running([(sku.sums.exact, sku.sums.rounding) for sku in skus], places, expected)
    for sku, (checked, charged, billed, due, spend), owed, (unrounded, _) in zip(
        skus, shown, expected, exact, strict=True
    ):
        yield sku_key(sku), Steps(
            unrounded, owed - unrounded, owed, charged - checked, billed - charged, due - spend, spend
        )  # fmt: skip


def _parts(sums: Spend) -> tuple[Decimal, ...]:
    checked = sums.expected - sums.expected_unreported
    return checked, sums.variance, sums.charged_unpriced, sums.expected_unreported, -sums.refunded


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
            last += adding_up(after, _ZERO if steps is None else steps.expected, digits)
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
    shown = adding_up(amounts, rounded(sum(amounts, _ZERO), places), places)
    accounts: dict[Account, Decimal | None] = {(each.provider, each.unit): None for each in found.providers}
    accounts |= {(each.provider, each.unit): usd for each, usd in zip(known, shown, strict=True)}
    skus: dict[SkuKey, Decimal | None] = {}
    for account, own in _by_account(found).items():
        whole = accounts[account]
        if whole is None:
            skus |= {sku_key(sku): None if sku.sums.usd is None else rounded(sku.sums.usd, places) for sku in own}
        else:
            parts = adding_up([sku.sums.usd or _ZERO for sku in own], whole, places)
            skus |= {sku_key(sku): usd for sku, usd in zip(own, parts, strict=True)}
    return accounts, skus
