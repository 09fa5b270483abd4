"""What the overview adds up: spend by day and SKU, in the currencies that it is told in, and how fine it is told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.audit import Audit, SkuDay
from billing.months.statement import Statement
from pricing.amounts import times, total
from reports.audit_tables import Names
from reports.figures import money, places_for, unit_name
from reports.pages.frame import Choice, Filter, sku_filter

#: A longer time is told by month.
_MOST_DAYS = 93
#: Rows of day and SKU, and of day and finding, that a page carries; a tenth of a MB each at most.
_MOST_ROWS = 2_500


@dataclass(frozen=True, slots=True)
class Currency:
    """What spend is told in: dollars for all of it, or the unit of one provider."""

    id: str
    """One word that the page's elements are known by."""
    unit: str
    provider: str | None
    """None is all of them."""
    places: int

    @property
    def name(self) -> str:
        """Return what headings call it."""
        where = "" if self.provider is None else f" of {self.provider or 'an unknown provider'}"
        return unit_name(self.unit) + where

    def of(self, row: SkuDay, amount: Decimal) -> Decimal:
        """Return an amount of that row in this currency; of a row that is not told in it, nothing."""
        if self.provider is None:
            return times(amount, row.usd_per_unit) if amount and row.usd_per_unit is not None else Decimal(0)
        return amount if self.holds(row) else Decimal(0)

    def holds(self, row: SkuDay) -> bool:
        """Whether a row is told in this currency: in dollars, every row."""
        return self.provider is None or (row.provider or "", row.unit) == (self.provider, self.unit)

    def money(self, amount: Decimal, *, with_sign: bool = False) -> str:
        """Return an amount, rounded already, with its unit."""
        return money(amount, self.unit, with_sign=with_sign)


@dataclass(frozen=True, slots=True)
class Sums:
    """The rows of a page and what is told of them."""

    rows: tuple[SkuDay, ...]
    bins: tuple[str, ...]
    """The days, or the months, from the first to the last, without a gap."""
    is_daily: bool
    has_days: bool
    """Whether the page can be filtered by day."""
    names: Names
    """Small SKUs beyond what a page can carry have one number together."""
    sku_filter: Filter
    currencies: tuple[Currency, ...]
    """Empty if nothing was spent."""

    @classmethod
    def of(cls, audit: Audit, statement: Statement | None) -> "Sums":
        """Take in the days of an audit. Of the month of a statement, every day that has begun is told."""
        days = [row.day for row in audit.sku_days if row.day is not None]
        edges = [statement.month, (statement.as_of - timedelta(microseconds=1)).date()] if statement else []
        first, last = min([*days, *edges], default=None), max([*days, *edges], default=None)
        is_daily = first is None or last is None or (last - first).days < _MOST_DAYS
        bins = _bins(first, last, is_daily=is_daily)
        names, chosen = _names(audit, statement, _MOST_ROWS // max(len(bins), 1))
        is_fine = is_daily and len(bins) > 1 and len(audit.finding_days) <= _MOST_ROWS
        return cls(audit.sku_days, bins, is_daily, is_fine, names, chosen, _currencies(audit.sku_days))

    def bin(self, row_day: date | None) -> str | None:
        """Return the day or month that a day is told in."""
        return None if row_day is None else row_day.isoformat() if self.is_daily else f"{row_day:%Y-%m}"

    def spend(self, currency: Currency) -> Decimal:
        """Return what was spent, exactly."""
        return total(currency.of(row, row.spend) for row in self.rows)

    def by_name(self, currency: Currency) -> dict[int, Decimal]:
        """Return what was spent by the number of the SKU."""
        parts: dict[int, list[Decimal]] = defaultdict(list)
        for row in self.rows:
            parts[self.name(row)].append(currency.of(row, row.spend))
        return {number: total(amounts) for number, amounts in parts.items()}

    def name(self, row: SkuDay) -> int:
        """Return the number that the filter bar knows the row's SKU by."""
        return self.names[row.provider, row.sku]


def _currencies(rows: Sequence[SkuDay]) -> tuple[Currency, ...]:
    spent = [row for row in rows if row.spend]
    if spent and all(row.usd_per_unit is not None for row in spent):
        return (_currency(0, (None, "USD"), spent),)
    accounts = sorted({(row.provider or "", row.unit or "") for row in spent})
    return tuple(_currency(number, account, spent) for number, account in enumerate(accounts))


def _currency(number: int, account: tuple[str | None, str], rows: Sequence[SkuDay]) -> Currency:
    """Return the currency, shown to as many places as the spend of every SKU needs."""
    provider, unit = account
    found = Currency(f"spend-{number}", unit or "", provider, 0)
    by_sku: dict[object, list[Decimal]] = defaultdict(list)
    for row in rows:
        by_sku[row.provider, row.sku].append(found.of(row, row.spend))
    return Currency(found.id, found.unit, provider, places_for(total(each) for each in by_sku.values()))


def _bins(first: date | None, last: date | None, *, is_daily: bool) -> tuple[str, ...]:
    if first is None or last is None:
        return ()
    if is_daily:
        return tuple(date.fromordinal(day).isoformat() for day in range(first.toordinal(), last.toordinal() + 1))
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return tuple(f"{month // 12:04}-{month % 12 + 1:02}" for month in months)


def _names(audit: Audit, statement: Statement | None, most: int) -> tuple[Names, Filter]:
    """Give every SKU of the page a number; beyond `most`, those of the fewest requests are one choice of the filter."""
    requests: dict[tuple[str | None, str], int] = defaultdict(int)
    for line in audit.skus:
        requests[line.provider, line.sku] += line.requests
    for change in statement.change.lines if statement else ():
        requests[change.provider, change.sku] += 0
    ranked = sorted(requests, key=lambda key: (-requests[key], key[0] or "", key[1]))
    kept, small = sorted(ranked[:most], key=lambda key: (key[0] or "", key[1])), ranked[most:]
    names = {key: number for number, key in enumerate(kept)}
    chosen = sku_filter(names)
    if small:
        other = Choice("other", f"{len(small):,} SKUs of fewer requests", str(len(kept)))
        chosen = Filter(chosen.field, chosen.label, chosen.all_text, (*chosen.choices, other))
    return names | dict.fromkeys(small, len(kept)), chosen
