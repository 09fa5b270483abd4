"""The sums that every table of an audit is made of: one row per provider, SKU, unit, day, verdict and reason."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Protocol, TypeVar

from billing.ledger import dicts
from billing.rating import Rating
from pricing.amounts import from_pico, times, to_pico


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of sql/audit_cube.sql. Sums are whole pico-units; None is a sum over nothing known.

    A cell is checked if its variance is known: then both the charge and the expected charge are.
    """

    provider: str | None
    sku: str
    unit: str | None
    usd_per_unit: int | None
    day: date | None
    verdict: str
    reason: str | None
    requests: int
    used: int
    """Requests that did not fail."""
    unknown: int
    """Of these, those that have neither a charge nor a price."""
    tokens: int
    charged: int | None
    refunded: int
    expected: int | None
    variance: int | None
    spend: int
    """What was charged and not given back; where no charge is said, what is expected."""
    cost: int
    """The part of the spend that is of requests that did not fail."""
    first_at: datetime | None
    last_at: datetime | None


def cube(rating: Rating, tolerance: Decimal) -> tuple[Cell, ...]:
    """Return the sums of all selected requests, in a fixed order."""
    table = rating.summed("audited", "audit_cube", tolerance=to_pico(tolerance))
    cells = [Cell(**{name: whole(value) for name, value in row.items()}) for row in dicts(table)]
    return tuple(sorted(cells, key=lambda cell: order_of(
        cell.provider, cell.sku, cell.unit, cell.usd_per_unit, cell.day, cell.verdict, cell.reason,
    )))  # fmt: skip


class Summed(Protocol):
    """Requests with one value of their unit: what a variance can be turned into dollars of."""

    @property
    def usd_per_unit(self) -> int | None:
        """Pico-dollars per unit, None if unknown."""

    @property
    def variance(self) -> int | None:
        """Pico-units, None if unknown."""


Row = TypeVar("Row")


def rows_by(
    cells: Iterable[Cell], key: Callable[[Cell], tuple[object, ...]], make: Callable[[Sequence[Cell]], Row]
) -> tuple[Row, ...]:
    """Make one row of the cells of each key; rows come in the order of the keys, unknown last."""

    def order(cell: Cell) -> tuple[tuple[bool, str], ...]:
        return order_of(*key(cell))

    return tuple(make(list(group)) for _, group in groupby(sorted(cells, key=order), key=order))


def order_of(*parts: object) -> tuple[tuple[bool, str], ...]:
    """Return what puts keys of any kind in a fixed order, None last."""
    return tuple((part is None, str(part)) for part in parts)


def amount(parts: Iterable[int | None]) -> Decimal:
    """Return the sum of what is known, in units."""
    return from_pico(sum(part for part in parts if part is not None))


def variance_in_dollars(cells: Iterable[Summed]) -> Decimal | None:
    """Return the variance at the value that the unit had on each day; None where that is unknown for any of it."""
    dollars = Decimal(0)
    for cell in cells:
        if cell.variance is None or cell.variance == 0:
            continue
        if cell.usd_per_unit is None:
            return None
        dollars += times(from_pico(cell.variance), from_pico(cell.usd_per_unit))
    return dollars


def whole(value: Any) -> Any:  # noqa: ANN401 - a column of any type
    """Return a DECIMAL(38,0), which comes as a Decimal without a fraction, as the whole number that it is."""
    return int(value) if isinstance(value, Decimal) else value
