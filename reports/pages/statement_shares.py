"""Spend by project, key and tag: tables that add up to the whole, and to each SKU's spend where one is chosen."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from billing.months.statement import Breakdown, Day, Share, SkuShare, Statement
from billing.months.unusual_days import UnusualDay
from pricing.amounts import total
from reports.figures import adding_up, count, exact, rounded, running, signed
from reports.pages.statement_figures import Account, StatementFigures, sku_key
from reports.pages.statement_marks import Stated, accounts, in_unit, provider_name
from reports.tables import Cell, Column, Row, Table, amount, day, number, text

#: Names that a table tells one by one, of all accounts; the fewest of each; and dimensions that have a table.
_MOST_NAMES, _FEWEST_NAMES, _MOST_DIMENSIONS = 24, 2, 5

Scoped = dict[str, dict[int, list[Any]]]
"""Per number of a SKU and per row, what the row shows where that SKU is chosen: a count, or an amount that is shown
and its exact value; None is unknown. A row that is not named is hidden."""


@dataclass(frozen=True, slots=True)
class ScopedTable:
    """A table of sums over SKUs, and what its cells show where one SKU is chosen."""

    table: Table
    cells: tuple[int, ...]
    """The columns that change."""
    skus: Scoped


@dataclass(frozen=True, slots=True)
class Shares:
    """One dimension: its title, what its sums leave open, and its rows."""

    title: str
    subtitle: str
    has_names: bool
    """Whether any request names something."""
    scoped: ScopedTable


def daily(stated: Stated, account: Account, place: int) -> ScopedTable:
    """Return the spend of an account on each day, and of each of its SKUs."""
    found, figures, marks = stated.found, stated.figures, stated.marks
    unit, places = in_unit(account[1]), figures.places_of(account)
    days = [each for each in found.days if (each.provider, each.unit) == account]
    odd = {each.day: each for each in found.unusual if (each.provider, each.unit) == account}
    columns = (
        Column("Day, UTC", style="day"), Column("Requests", is_number=True), Column(f"Spend, {unit}", is_number=True),
        Column("Unusual"),
    )  # fmt: skip
    shown = adding_up([each.spend for each in days], figures.accounts[account].spend, places)
    rows = tuple(
        Row((day(each.day), number(each.requests), _spend(each, part), _odd(odd.get(each.day))),
            marks.provider(account[0]))
        for each, part in zip(days, shown, strict=True)
    )  # fmt: skip
    table = Table(f"days-table-{place}", f"Spend by day, {provider_name(account[0])}, {unit}", columns, rows)
    at = {each.day: nth for nth, each in enumerate(days)}
    scoped: Scoped = {}
    for sku in stated.skus(account):
        own = [each for each in found.sku_days if (each.provider, each.sku, each.unit) == sku_key(sku)]
        parts = adding_up([each.spend for each in own], figures.skus[sku_key(sku)].spend, places)
        scoped[str(marks.skus[sku.provider, sku.sku])] = {
            at[each.day]: [each.requests, _told(each, part, each.spend), ""]
            for each, part in zip(own, parts, strict=True)
        }
    return ScopedTable(table, (1, 2, 3), scoped)


def _odd(each: UnusualDay | None) -> Cell:
    if each is None:
        return Cell("", "")
    sign = "\N{BLACK UP-POINTING TRIANGLE} more" if each.score > 0 else "\N{BLACK DOWN-POINTING TRIANGLE} less"
    return Cell(f"{sign} than usual, score {signed(each.score)}", exact(each.score))


def shares(stated: Stated) -> tuple[Shares, ...]:
    """Return the spend by project, by key and by those tags that most requests have."""
    order = {"project": 0, "api_key_id": 1}
    chosen = sorted(
        stated.found.breakdowns, key=lambda each: (order.get(each.dimension, 2), -_tagged(each), each.dimension)
    )
    return tuple(
        Shares(_title(each.dimension), _subtitle(each), _tagged(each) > 0, _scoped(stated, each, nth))
        for nth, each in enumerate(chosen[:_MOST_DIMENSIONS])
    )


def more_dimensions(found: Statement) -> int:
    """Return how many tags the page has no table of."""
    return max(0, len(found.breakdowns) - _MOST_DIMENSIONS)


def _tagged(breakdown: Breakdown) -> int:
    return sum(row.requests for row in breakdown.rows if row.names)


def _title(dimension: str) -> str:
    names = {"project": "Spend by project", "api_key_id": "Spend by key"}
    return names.get(dimension, f"Spend by tag {dimension.removeprefix('tag:')}")


def _subtitle(breakdown: Breakdown) -> str:
    rest = {"project": "project", "api_key_id": "key"}.get(breakdown.dimension, "such tag")
    if not _tagged(breakdown):
        return f"No request names a {rest}."
    if all(row.names for row in breakdown.rows):
        return f"Every request names its {rest.removeprefix('such ')}."
    if breakdown.allocation == "proportional":
        return f"What names no {rest} is allocated to the others in proportion to what each spent."
    return f"What names no {rest} is a row of its own, allocated to nobody."


@dataclass(frozen=True, slots=True)
class _Named:
    """A row of the page: one name, what names none, or small ones together; sums are exact."""

    name: str | None
    names: int
    rows: tuple[Share, ...]

    @property
    def requests(self) -> int:
        return sum(row.requests for row in self.rows)

    @property
    def is_unknown(self) -> bool:
        return all(row.is_unknown for row in self.rows)


def _scoped(stated: Stated, breakdown: Breakdown, place: int) -> ScopedTable:
    is_spread = breakdown.allocation == "proportional"
    columns = (
        Column("Name", style="name"), Column("Provider"), Column("Requests", is_number=True),
        Column("Spend, in unit", is_number=True),
        *(Column(f"{name}, in unit", is_number=True) for name in ("Allocated", "With it") if is_spread),
        Column("Unit"), Column("With it, USD" if is_spread else "Spend, USD", is_number=True),
    )  # fmt: skip
    rows: list[Row] = []
    scoped: Scoped = defaultdict(dict)
    for own in accounts(stated.found):
        account = (own.provider, own.unit)
        named = _named(breakdown, account, max(_FEWEST_NAMES, _MOST_NAMES // len(stated.found.providers)))
        rest = f"No {_noun(breakdown.dimension)}"
        own_cells = _cells(named, account, stated.figures)
        for number_of_sku, told in _by_sku(stated, breakdown, named, account):
            scoped[number_of_sku] |= {len(rows) + nth: cells for nth, cells in told.items()}
        for each, (spend, allocated, with_it, usd) in zip(named, own_cells, strict=True):
            moved = (allocated, with_it) if is_spread else ()
            cells = (_label(each, rest), text(provider_name(own.provider)), number(each.requests),
                     spend, *moved, text(in_unit(own.unit)), usd)  # fmt: skip
            rows.append(Row(cells, stated.marks.provider(own.provider)))
    table = Table(f"by-{place}", _title(breakdown.dimension), columns, tuple(rows), "Nothing was used.")
    changing = (2, 3, 4, 5, 7) if is_spread else (2, 3, 5)
    return ScopedTable(table, changing, dict(scoped))


def _noun(dimension: str) -> str:
    return {"project": "project", "api_key_id": "key"}.get(dimension, "such tag")


def _label(each: _Named, rest: str) -> Cell:
    if each.name is not None:
        return text(each.name)
    label = rest if not each.names else count(each.names, "smaller name")
    return Cell(label, label, "rest")


def _named(breakdown: Breakdown, account: Account, most: int) -> list[_Named]:
    """Return the largest names one by one, then the others in one row, then what names none."""
    own = [row for row in breakdown.rows if (row.provider, row.unit) == account]
    told, rest = [row for row in own if row.name is not None], [row for row in own if not row.names]
    small = [*told[most:], *(row for row in own if row.name is None and row.names)]
    named = [_Named(row.name, 1, (row,)) for row in told[:most]]
    if small:
        named.append(_Named(None, sum(row.names for row in small), tuple(small)))
    return named + [_Named(None, 0, (row,)) for row in rest]


def _cells(named: Sequence[_Named], account: Account, figures: StatementFigures) -> list[tuple[Cell, Cell, Cell, Cell]]:
    """Return spend, allocated, both and dollars of each row, rounded so that they add up to the account's."""
    places, usd_places = figures.places_of(account), figures.usd_places
    sums = [(total(row.spend for row in each.rows), total(row.allocated for row in each.rows)) for each in named]
    last = adding_up([total(pair) for pair in sums], figures.accounts[account].spend, places)
    shown = running(sums, places, last)
    usd = [_total([row.usd for row in each.rows]) for each in named]
    dollars = _near_dollars(usd, figures.usd_accounts[account], usd_places)
    return [
        (
            _known(each, spend, spent), amount(with_it - spend, allocated, with_sign=True),
            _known(each, with_it, total([spent, allocated])),
            amount(None if each.is_unknown else dollar, value),
        )
        for each, (spend, with_it), (spent, allocated), dollar, value
        in zip(named, shown, sums, dollars, usd, strict=True)
    ]  # fmt: skip


def _known(each: _Named, shown: Decimal, whole: Decimal) -> Cell:
    return amount(None if each.is_unknown else shown, whole)


def _by_sku(
    stated: Stated, breakdown: Breakdown, named: Sequence[_Named], account: Account
) -> Iterator[tuple[str, dict[int, list[Any]]]]:
    """Yield what each row spent on each SKU: rounded so that the rows of a SKU add up to its spend."""
    figures, is_spread = stated.figures, breakdown.allocation == "proportional"
    at = {(row.name, row.names): nth for nth, each in enumerate(named) for row in each.rows}
    for sku in stated.skus(account):
        key = sku_key(sku)
        own = [each for each in breakdown.skus if (each.provider, each.sku, each.unit) == key]
        rows = _grouped(own, lambda each: at.get((each.name, each.names)))
        parts = adding_up([_spent(each) for each in rows.values()], figures.skus[key].spend, figures.places_of(account))
        usd = [_total([each.usd for each in group]) for group in rows.values()]
        dollars = _near_dollars(usd, figures.usd_skus[key], figures.usd_places)
        yield (
            str(stated.marks.skus[sku.provider, sku.sku]),
            {
                nth: _scoped_cells(group, part, None if is_spread else dollar, is_spread=is_spread)
                for (nth, group), part, dollar in zip(rows.items(), parts, dollars, strict=True)
            },
        )


def _scoped_cells(group: Sequence[SkuShare], part: Decimal, dollar: Decimal | None, *, is_spread: bool) -> list[Any]:
    """Return what a row shows where a SKU is chosen. What names nothing is allocated over all SKUs, not over one."""
    is_unknown = all(each.is_unknown for each in group)
    usd = _total([each.usd for each in group])
    return [
        sum(each.requests for each in group), None if is_unknown else _pair(part, _spent(group)),
        *((None, None) if is_spread else ()),
        None if is_unknown or dollar is None or usd is None else _pair(dollar, usd),
    ]  # fmt: skip


_Each = TypeVar("_Each")


def _grouped(rows: Sequence[_Each], key: Callable[[_Each], int | None]) -> Mapping[int, list[_Each]]:
    groups: dict[int, list[_Each]] = defaultdict(list)
    for row in rows:
        if (nth := key(row)) is not None:
            groups[nth].append(row)
    return groups


def _spent(group: Sequence[SkuShare]) -> Decimal:
    return total(each.spend for each in group)


def _total(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return total(known) if len(known) == len(values) else None


def _near_dollars(values: Sequence[Decimal | None], whole: Decimal | None, places: int) -> Sequence[Decimal | None]:
    """Round dollars so that they add up to a whole that is rounded already; each by itself where one is unknown."""
    if whole is None or None in values:
        return [None if value is None else rounded(value, places) for value in values]
    return adding_up([value or Decimal(0) for value in values], whole, places)


def _spend(each: Day, shown: Decimal) -> Cell:
    return amount(None if each.is_unknown else shown, each.spend)


def _told(each: Day, shown: Decimal, whole: Decimal) -> list[str] | None:
    return None if each.is_unknown else _pair(shown, whole)


def _pair(shown: Decimal, whole: Decimal) -> list[str]:
    return [f"{shown:f}", exact(whole)]
