"""What the pages of an audit say, computed from the ledger: the audit, requests to look at, and their arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from billing.audit import Audit, AuditedRequest
from billing.auditor import audit_cells, requests, usage_of
from billing.cube import Cell, cube
from billing.ledger import Ledger
from billing.rating import Selection, lay_rates
from pricing.calculator import Charge, rate
from pricing.catalog import Catalog
from reports import words
from reports.pages.frame import unit_values

#: Requests of each SKU and verdict that the page carries; the rest is a command away.
_MOST_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class AuditReport:
    """An audit with all that its pages show beside it, computed apart from writing them."""

    audit: Audit
    period: str
    """The months that it is of, such as `October 2026`; empty where no request tells its time."""
    samples: tuple[tuple[AuditedRequest, Charge | None], ...]
    """Requests to drill down to, with the arithmetic of each; None where no rate is known."""
    ledger_name: str
    """Shown in the commands that list the rest."""
    is_simulated: bool = False
    """Whether a banner says that this is simulated sample data."""
    credit_values: tuple[str, ...] = ()
    """What a vendor's unit is worth, such as `aivideoapi: 1 credit = $0.005`."""
    options: tuple[str, ...] = ()
    """The options of a command that audits the same requests in the same way."""
    cells: tuple[Cell, ...] = ()
    """The sums that the audit is made of."""
    provider: str | None = None
    """The only provider whose requests these are; None if all were asked for."""


def audit_report(
    ledger: Ledger,
    catalog: Catalog,
    selection: Selection,
    tolerance: Decimal = Decimal(0),
    *,
    is_simulated: bool = False,
) -> AuditReport:
    """Compute the report of the selected requests."""
    rating = lay_rates(ledger, catalog, selection)
    cells = cube(rating, tolerance)
    found = audit_cells(rating, cells, tolerance)
    sampled = requests(rating, tolerance, most=_MOST_SAMPLES)
    return AuditReport(
        audit=found,
        period=period_of(found, selection),
        samples=tuple(
            (request, None if period is None else rate(usage_of(request), period)) for request, period in sampled
        ),
        ledger_name=ledger.path.name,
        is_simulated=is_simulated,
        credit_values=unit_values(catalog, [line.provider for line in found.skus]),
        options=selection_options(selection, tolerance),
        cells=cells,
        provider=selection.provider,
    )


def selection_options(selection: Selection, tolerance: Decimal = Decimal(0)) -> tuple[str, ...]:
    """Return the options of a command that selects the same requests, and lets the same variance pass."""
    return tuple(_options(selection, tolerance))


def _options(selection: Selection, tolerance: Decimal) -> Iterator[str]:
    for name, at in (("--from", selection.start), ("--to", selection.end)):
        if at is not None:
            yield from (name, at.date().isoformat() if at.time() == time() else at.isoformat())
    if selection.provider is not None:
        yield from ("--provider", selection.provider)
    if tolerance:
        yield from ("--tolerance", f"{tolerance:f}")


def titled(name: str, period: str) -> str:
    """Return a title with the months that it is of, such as `Audit, October 2026`."""
    return f"{name}, {period}" if period else name


def period_of(found: Audit, selection: Selection) -> str:
    """Return the months that the audit is of, such as `October 2026`; empty where no request tells its time."""
    return words.months(selection.start or found.first_at, found.last_at)
