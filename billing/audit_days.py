"""The days of an audit: of each SKU, and of each finding."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal

from billing.audit import FindingDay, SkuDay, Sums
from billing.cube import Cell, amount, order_of, rows_by, whole
from billing.ledger import dicts
from billing.queries import chain
from billing.rating import Rating
from pricing.amounts import from_pico

_WRONG = frozenset({"overcharged", "undercharged", "charged_failure"})


def sums(cells: Sequence[Cell]) -> Sums:
    """Return the sums of cells of one unit."""
    checked = [cell for cell in cells if cell.variance is not None]
    others = [cell for cell in cells if cell.variance is None]
    return Sums(
        requests=sum(cell.requests for cell in cells),
        checked=sum(cell.requests for cell in checked),
        charged=amount(cell.charged for cell in checked),
        refunded=amount(cell.refunded for cell in checked),
        expected=amount(cell.expected for cell in checked),
        variance=amount(cell.variance for cell in checked),
        charged_unchecked=amount(cell.charged for cell in others),
        expected_unreported=amount(cell.expected for cell in others if cell.verdict == "unreported"),
    )


def sku_days(cells: Iterable[Cell]) -> tuple[SkuDay, ...]:
    """Return the days of each SKU, oldest first; what tells no time is last."""
    return rows_by(cells, lambda cell: (cell.day, cell.provider, cell.sku, cell.unit, cell.usd_per_unit), _sku_day)


def finding_days(rating: Rating) -> tuple[FindingDay, ...]:
    """Return the days of each finding, in their order. The findings are noted in this session already."""
    found = dicts(rating.ledger.arrow(chain("finding_days")))
    rows = [{name: whole(value) for name, value in row.items()} for row in found]
    return tuple(
        FindingDay(row["finding"], row["day"], _value(row["usd_per_unit"]), row["requests"], from_pico(row["variance"]))
        for row in sorted(rows, key=lambda row: order_of(row["finding"], row["day"], row["usd_per_unit"]))
    )


def _sku_day(cells: Sequence[Cell]) -> SkuDay:
    first = cells[0]
    return SkuDay(
        **asdict(sums(cells)),
        day=first.day,
        provider=first.provider,
        sku=first.sku,
        unit=first.unit,
        usd_per_unit=_value(first.usd_per_unit),
        wrong=sum(cell.requests for cell in cells if cell.verdict in _WRONG),
        used=sum(cell.used for cell in cells),
        unknown=sum(cell.unknown for cell in cells),
        spend=amount(cell.spend for cell in cells),
        cost=amount(cell.cost for cell in cells),
    )


def _value(usd_per_unit: int | None) -> Decimal | None:
    return None if usd_per_unit is None else from_pico(usd_per_unit)
