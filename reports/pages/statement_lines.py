"""The statement proper: each SKU's lines of quantity, rate and amount, and what leads from them to its spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from billing.months.statement import Line, ProviderStatement, SkuStatement, Spend
from reports.figures import count, exact
from reports.pages.statement_figures import Steps, sku_key
from reports.pages.statement_marks import Stated, account_name, in_unit, kind
from reports.tables import Cell, Column, Row, amount, number, text

#: Sums keep their order, whatever a table is sorted by.
_IN_PLACE = "sum"


@dataclass(frozen=True, slots=True)
class Group:
    """One SKU, or the whole account: its lines, and below them the sums, the last of which is the spend."""

    name: str
    note: str
    lines: tuple[Row, ...]
    sums: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The statement of one account, as one table."""

    id: str
    title: str
    subtitle: str
    caption: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]


def sheet(stated: Stated, own: ProviderStatement, place: int) -> Sheet:
    """Return the statement of an account, the largest SKU first."""
    account, unit = (own.provider, own.unit), in_unit(own.unit)
    skus = sorted(stated.skus(account), key=lambda each: -each.sums.spend)
    columns = (
        Column("SKU", style="csv-only"), Column("Kind"), Column("Quantity", is_number=True),
        Column("Counted in", style="wide"), Column(f"Rate, {unit}", is_number=True), Column("Per"),
        Column(f"Amount, {unit}", is_number=True),
    )  # fmt: skip
    groups = tuple(_group(each, stated) for each in skus)
    if len(skus) > 1:
        groups += (_whole(own, stated),)
    title = account_name(account)
    return Sheet(f"statement-{place}", title, _subtitle(own.sums), f"Statement of {title}", columns, groups)


def _subtitle(sums: Spend) -> str:
    unknown = f", of which {sums.unknown:,} have neither a charge nor a price" if sums.unknown else ""
    return f"{count(sums.requests, 'request')}{unknown}."


def _group(sku: SkuStatement, stated: Stated) -> Group:
    figures, under = stated.figures, stated.marks.sku(sku.provider, sku.sku)
    lines = tuple(
        Row(_line_cells(sku.sku, line, shown), under)
        for line, shown in zip(sku.lines, figures.lines[sku_key(sku)], strict=True)
    )
    sums = tuple(
        Row(cells, under) for cells in _sum_cells(sku.sku, sku.sums, figures.skus[sku_key(sku)], has_lines=bool(lines))
    )
    return Group(sku.sku, count(sku.sums.requests, "request"), lines, sums)


def _whole(own: ProviderStatement, stated: Stated) -> Group:
    account = (own.provider, own.unit)
    cells = _sum_cells("", own.sums, stated.figures.accounts[account], has_lines=False)
    name = f"All of {account_name(account)}"
    rows = tuple(Row(each, stated.marks.whole(own.provider)) for each in cells)
    return Group(name, count(own.sums.requests, "request"), (), rows)


def _line_cells(sku: str, line: Line, shown: Decimal) -> tuple[Cell, ...]:
    per = "1M" if line.quantity_unit == "token" else line.quantity_unit
    rate = Cell(f"{Decimal(exact(line.rate)):,}", exact(line.rate))
    return (
        text(sku, "csv-only"), text(kind(line)), number(line.quantity), text(f"{line.quantity_unit}s", "wide"), rate,
        text(per), amount(shown, line.amount),
    )  # fmt: skip


def _sum_cells(sku: str, sums: Spend, shown: Steps, *, has_lines: bool) -> Iterator[tuple[Cell, ...]]:
    """Yield what leads from the lines to the spend; steps of nothing are left out."""
    for name, part, whole in steps(sums, shown, has_lines=has_lines):
        is_known = not sums.is_unknown
        cell = amount(part if is_known else None, whole)
        last = Cell(cell.text, cell.exact, "total" if name == "Spend" else cell.style, sort=_IN_PLACE)
        label = name if is_known else f"{name}, unknown"
        blank, wide = Cell("", "", sort=_IN_PLACE), Cell("", "", "wide", sort=_IN_PLACE)
        yield text(sku, "csv-only"), Cell(label, label, sort=_IN_PLACE), blank, wide, blank, blank, last


def steps(sums: Spend, shown: Steps, *, has_lines: bool) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Yield name, shown and exact amount of each step from usage to spend that is not nothing, the spend last.

    What lines above add up to is told only if another step follows.
    """
    moves = [
        ("Variance", shown.variance, sums.variance),
        ("Charged without a price", shown.unpriced, sums.charged_unpriced),
        ("Given back", -shown.refunded, -sums.refunded),
    ]
    moves = [move for move in moves if move[2]]
    if sums.exact and (moves or sums.rounding or not has_lines):
        yield "At the rate card", shown.exact, sums.exact
    if sums.rounding:
        yield "Rounding", shown.rounding, sums.rounding
        if moves:
            yield "Expected", shown.expected, sums.expected
    yield from moves
    yield "Spend", shown.spend, sums.spend
