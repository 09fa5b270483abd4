"""What was spent, by day, rate, project, key and tags: one rated table that all of a statement are sums over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.cube import whole
from billing.ledger import Ledger
from billing.queries import chain, statement
from billing.rating import Rating
from pricing.amounts import EXACT, PICO_DIGITS, plain

Row = Mapping[str, Any]
"""Sums are whole numbers, amounts of them pico-units; None is a sum over nothing known."""

_SPENDING = "spending"


@dataclass(frozen=True, slots=True)
class Spending:
    """The rated table of a stretch of time that began with the history before a month; see sql/spending.sql."""

    ledger: Ledger
    only_provider: str | None

    def lines(self, month: date, end: date, before: tuple[date, date]) -> list[Row]:
        """Return what each rate was used for, in the month and before; see sql/statement_lines.sql."""
        return self._rows(
            "statement_lines", this_month=month, month_end=end, before_from=before[0], before_to=before[1]
        )

    def days(self, provider: str | None = None, project: str | None = None, api_key_id: str | None = None) -> list[Row]:
        """Return what was spent each day on each SKU, oldest first, history and all; None leaves a dimension open."""
        found = self._rows("spending_days", provider=provider, project=project, api_key_id=api_key_id)
        return sorted(found, key=lambda row: row["day"])

    def shares(self, month: date, end: date, most: int, most_tags: int) -> list[Row]:
        """Return what each project, key and tag spent in a month; see sql/spending_shares.sql."""
        return self._rows("spending_shares", this_month=month, month_end=end, most=most, most_tags=most_tags)

    def drivers(self, provider: str | None, unit: str | None, days: Iterable[date]) -> list[Row]:
        """Return what each SKU and project spent on single days."""
        return self._rows("spending_drivers", provider=provider, unit=unit, days=sorted(days))

    def not_attributed(self, month: date, provider: str | None, dimensions: Sequence[str]) -> int:
        """Count the requests of the month and of what follows that name nothing in one of these dimensions."""
        if not dimensions:
            return 0
        named = {"no_project": "project" in dimensions, "no_key": "api_key_id" in dimensions}
        ((count,),) = self.ledger.rows(
            statement("spending_unattributed"), {"this_month": month, "provider": provider, **named}
        )
        return int(count or 0)

    def _rows(self, relation: str, **parameters: object) -> list[Row]:
        table = self.ledger.arrow(statement(relation), parameters)
        return [{name: whole(value) for name, value in row.items()} for row in table.to_pylist()]


def lay_spending(rating: Rating) -> Spending:
    """Sum what was spent into a table of days, rates and names. The rates have to stay laid while it is asked."""
    rating.keep("spent")
    query = chain("audited", _SPENDING, width=rating.width, taking={"rated": "spent"})
    rating.ledger.keep(_SPENDING, query)
    return Spending(rating.ledger.here(_SPENDING, "rates"), rating.selection.provider)


def dollars(rows: Iterable[Row]) -> int | None:
    """Return the spend of rows in 10^-24 dollars, at the value of each row's unit; None where one is unknown.

    Nothing is worth nothing, whatever a unit is worth.
    """
    values = [dollar_value(row["spend"], row["usd_per_unit"]) for row in rows]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def sums(rows: Sequence[Row]) -> tuple[int, int, int, int | None]:
    """Return requests, those of unknown spend, the spend, and the spend in 10^-24 dollars."""
    requests, unknown, spent = (sum(row[name] or 0 for row in rows) for name in ("requests", "unknown", "spend"))
    return requests, unknown, spent, dollars(rows)


def dollar_value(pico: int, usd_per_unit: int | None) -> int | None:
    """Return pico-units at pico-dollars a unit in 10^-24 dollars, exactly."""
    if not pico:
        return 0
    return None if usd_per_unit is None else pico * usd_per_unit


def as_decimal(value: int | None, places: int = 2 * PICO_DIGITS) -> Decimal | None:
    """Return a whole number of 10^-places as a decimal, exactly; None stays None."""
    return None if value is None else plain(Decimal(value).scaleb(-places, EXACT))
