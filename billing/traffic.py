"""Which models the ledger's traffic is of: who sells each, and what it cost, the dearest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.cube import Cell
from billing.ledger import Ledger
from billing.replay import model_of
from pricing.amounts import from_pico, times, total
from pricing.catalog import Catalog
from pricing.models import NOTHING_MAPPED, provider_counts, target


@dataclass(frozen=True, slots=True)
class ModelTraffic:
    """The requests of one model, under whichever names.

    `spent` is what was charged in dollars, less what was given back, at the published value of a unit, and by the rate
    card where no charge is told; it leaves out what neither tells, which `unknown` counts the requests of. Failed
    requests are in it too.
    """

    model: str
    is_known: bool
    """Whether any rate card names it; otherwise `model` is the name that the ledger holds."""
    providers: int
    """How many sell it."""
    requests: int
    whole: int
    """Requests that neither failed nor were cut: what can be held against another vendor."""
    spent: Decimal
    unknown: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def is_comparable(self) -> bool:
        """Whether more than one vendor sells it, and there is usage to compare."""
        return self.providers > 1 and self.whole > 0


def traffic(
    cells: Iterable[Cell], catalog: Catalog, mapped: Mapping[str, str] = NOTHING_MAPPED
) -> tuple[ModelTraffic, ...]:
    """Return the models of summed requests, the most spent first. `mapped` takes models for one another."""
    by_model: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_model[target(model_of(catalog, cell.provider, cell.sku), mapped)].append(cell)
    sold_by = provider_counts(catalog, mapped)
    found = [_traffic(model, sold_by.get(model, 0), cells) for model, cells in by_model.items()]
    return tuple(sorted(found, key=lambda each: (-each.spent, -each.requests, each.model)))


def not_taken(ledger: Ledger) -> tuple[int, int]:
    """Count the records of the whole ledger that were rejected, and those in conflict with another of the same id."""
    ((rejects, conflicts),) = ledger.rows(
        "SELECT (SELECT COUNT(*) FROM rejects) AS rejects, (SELECT COUNT(*) FROM conflicts) AS conflicts"
    )
    return rejects, conflicts


def _traffic(model: str, providers: int, cells: Sequence[Cell]) -> ModelTraffic:
    known = [(cell, cost) for cell in cells if (cost := _dollars(cell)) is not None]
    times_told = [at for cell in cells for at in (cell.first_at, cell.last_at) if at is not None]
    return ModelTraffic(
        model=model,
        is_known=providers > 0,
        providers=providers,
        requests=sum(cell.requests for cell in cells),
        whole=sum(cell.used for cell in cells if cell.verdict != "incomplete"),
        spent=total(cost for _, cost in known),
        unknown=sum(cell.requests if _dollars(cell) is None else cell.unknown for cell in cells),
        first_at=min(times_told, default=None),
        last_at=max(times_told, default=None),
    )


def _dollars(cell: Cell) -> Decimal | None:
    """Return what a cell is known to have cost; None where the value of its unit is not known."""
    if not cell.spend:
        return Decimal(0)
    return None if cell.usd_per_unit is None else times(from_pico(cell.spend), from_pico(cell.usd_per_unit))
