"""Billing periods that were closed: what was answered then is kept, and is never changed."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING

from billing.errors import RefusedInputError
from billing.ledger import Ledger

if TYPE_CHECKING:
    from billing.invoicing.invoices import Invoice


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """One row of closed_periods in sql/schema.sql."""

    closing_id: int
    closed_at: datetime
    provider: str
    period_start: datetime
    period_end: datetime
    invoice_id: str
    currency: str
    path: str
    digest: str
    last_load: int
    known_at: date | None
    catalog_version: str
    catalog_digest: str

    @property
    def name(self) -> str:
        """The period in words."""
        return f"{self.period_start:%Y-%m-%d} to before {self.period_end:%Y-%m-%d}"


_COLUMNS = ", ".join(field.name for field in fields(ClosedPeriod))


def closed_periods(ledger: Ledger, provider: str | None = None) -> tuple[ClosedPeriod, ...]:
    """Return the closed periods of a provider, or of all, in the order in which they were closed."""
    query = f"SELECT {_COLUMNS} FROM closed_periods WHERE $provider IS NULL OR provider = $provider ORDER BY closing_id"  # noqa: S608 - our own names
    return tuple(ClosedPeriod(*row) for row in ledger.rows(query, {"provider": provider}))


def closed_by(ledger: Ledger, invoice: "Invoice") -> ClosedPeriod | None:
    """Return the closing of that very invoice; None if its period is open.

    Raise RefusedInputError if the period, or a part of it, was closed with another invoice.
    """
    for closed in closed_periods(ledger, invoice.provider):
        if closed.digest == invoice.digest:
            return closed
        if closed.period_start < invoice.end and invoice.start < closed.period_end:
            raise RefusedInputError(
                f"{invoice.path}: {closed.name} of {closed.provider} was closed on {closed.closed_at:%Y-%m-%d} with "
                f"another file, invoice {closed.invoice_id}; what differs belongs into the next invoice as a refund or "
                "an adjustment, and `tallystick restate` shows what is known now"
            )
    return None
