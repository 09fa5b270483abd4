"""The month that pages are of, where what is asked for is one month."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.audit import Audit
from billing.ledger import Ledger
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.rating import Selection
from pricing.catalog import Catalog


def statement_of(ledger: Ledger, catalog: Catalog, chosen: Selection, audit: Audit, asked: Asked) -> Statement | None:
    """Return the statement of the month that was audited, as asked for; None if that is no month, or more than one."""
    month = month_of(chosen, audit)
    return None if month is None else monthly_statement(ledger, catalog, replace(asked, month=month.date()))


def month_of(chosen: Selection, audit: Audit) -> datetime | None:
    """Return the first instant of the month that was chosen, or that all requests are of."""
    if chosen.start is None and chosen.end is None:
        first, last = audit.first_at, audit.last_at
        is_one = first is not None and last is not None and _first(first) == _first(last)
        return _first(first) if first is not None and is_one and not audit.untimed else None
    if chosen.start is None or chosen.end is None:
        return None
    start = chosen.start.astimezone(UTC)
    return start if start == _first(start) and chosen.end == _first(start + timedelta(days=31)) else None


def _first(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
