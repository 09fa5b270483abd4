"""Closing a reconciled period, and restating it: the answer as it was given then beside what is known now.

A closed period is never changed. What comes in later for it, usage or refunds, is a correction in the next open period.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta

from billing.cube import order_of, whole
from billing.errors import RefusedInputError
from billing.importing.log_files import shown
from billing.invoicing.closed_periods import ClosedPeriod, closed_by
from billing.invoicing.closed_sums import MEASURES, Key, Sums, as_known_then, kept_sums, sums_of
from billing.invoicing.invoice_rounding import DEFAULT
from billing.invoicing.invoices import Invoice
from billing.invoicing.matching import NO_FAULT, Line, Tolerance
from billing.invoicing.metering import Part
from billing.invoicing.reconciliation import Reconciliation
from billing.ledger import Ledger
from billing.receipt import last_load, receipted
from pricing.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure as it was when the period was closed, as it is known now, and why it moved.

    `closed + replaced + price_knowledge + late_usage + refunds = now`, to the last digit.
    """

    closed: int
    replaced: int
    """Records known then that a later load replaced (the last word of a stream), or own cards edited without a day."""
    price_knowledge: int
    """Rates that were learned since: what was known then, rated as known now."""
    late_usage: int
    """Requests of that time that came with a later load."""
    refunds: int
    """Refunds of that time that came with a later load."""
    now: int


@dataclass(frozen=True, slots=True)
class Restated:
    """A closed period restated. `measures` are by SKU and unit; those of money are pico-units."""

    closed: ClosedPeriod
    catalog_version: str
    catalog_digest: str
    known_at: date | None
    measures: Mapping[Key, Mapping[str, Measure]]

    def total(self, unit: str | None) -> Mapping[str, Measure]:
        """Return the sums over all SKUs in that unit."""
        own = [measures for (_, each), measures in self.measures.items() if each == unit]
        return {name: _added([measures[name] for measures in own]) for name in MEASURES}

    @property
    def units(self) -> tuple[str | None, ...]:
        """The units that occur."""
        return tuple(dict.fromkeys(unit for _, unit in self.measures))


def close(ledger: Ledger, catalog: Catalog, found: Reconciliation, closed_at: datetime) -> ClosedPeriod:
    """Close the period of a reconciled invoice and keep the answer. Raise RefusedInputError if it is closed already."""
    invoice = found.invoice
    if (before := closed_by(ledger, invoice)) is not None:
        raise RefusedInputError(
            f"{shown(invoice.path)}: {before.name} of {before.provider} was closed with this invoice on "
            f"{before.closed_at:%Y-%m-%d}; what came in since is shown by `tallystick restate --provider "
            f"{before.provider}`, and by the match of the next invoice"
        )
    with receipted(ledger), ledger.transaction():
        ((number,),) = ledger.rows("SELECT COALESCE(MAX(closing_id), 0) + 1 FROM closed_periods")
        closed = ClosedPeriod(
            int(number), closed_at, invoice.provider, invoice.start, invoice.end, invoice.id, invoice.currency,
            shown(invoice.path), invoice.digest, last_load(ledger), found.known_at, found.catalog_version,
            found.catalog_digest,
        )  # fmt: skip
        ledger.append("closed_periods", [asdict(closed)])
        told = (found.total, *found.lines)
        ledger.append("closed_lines", [_line_row(closed, *each) for each in enumerate(told)])
        ledger.append("closed_causes", [
            {"closing_id": closed.closing_id, "position": position, "cause": part.cause, "requests": part.requests,
             "amount": part.amount, "findings": ",".join(part.findings)}
            for position, line in enumerate(told) for part in line.parts
        ])  # fmt: skip
        sums = sums_of(ledger, catalog, closed, closed.last_load)
        ledger.append("closed_totals", [
            {"closing_id": closed.closing_id, "sku": sku, "unit": unit, **each} for (sku, unit), each in sums.items()
        ])  # fmt: skip
    return closed


def kept_answer(ledger: Ledger, invoice: Invoice) -> Reconciliation | None:
    """Return what was answered when that invoice was closed; None if its period is open.

    Raise RefusedInputError if the period was closed with another invoice.
    """
    closed = closed_by(ledger, invoice)
    if closed is None:
        return None
    number = {"number": closed.closing_id}
    parts: dict[int, list[Part]] = {}
    causes = ledger.rows(
        "SELECT position, cause, CAST(amount AS VARCHAR), requests, findings FROM closed_causes "
        "WHERE closing_id = $number ORDER BY rowid", number,
    )  # fmt: skip
    for position, cause, amount, requests, findings in causes:
        told = Part(cause, int(amount), requests, tuple(findings.split(",")) if findings else ())
        parts.setdefault(position, []).append(told)
    rows = ledger.arrow("SELECT * FROM closed_lines WHERE closing_id = $number ORDER BY position", number).to_pylist()
    total, *lines = (_line(row, tuple(parts.get(row["position"], ()))) for row in rows)
    return Reconciliation(
        invoice, tuple(lines), total, DEFAULT, Tolerance(), closed.catalog_version, closed.catalog_digest,
        closed.known_at, closed=closed,
    )  # fmt: skip


def restate(ledger: Ledger, catalog: Catalog, closed: ClosedPeriod, known_at: date | None = None) -> Restated:
    """Hold a closed period against what is known now, or was known at the end of a day: of prices and of usage."""
    now = catalog if known_at is None else catalog.as_known_at(known_at)
    load = last_load(ledger) if known_at is None else _last_load_by(ledger, known_at)
    stored = kept_sums(ledger, closed)
    by_old_prices = sums_of(ledger, as_known_then(catalog, closed), closed, closed.last_load)
    by_new_prices = sums_of(ledger, now, closed, closed.last_load)
    latest = sums_of(ledger, now, closed, load)
    keys = sorted({*stored, *by_old_prices, *by_new_prices, *latest}, key=lambda key: order_of(*key))
    return Restated(closed, now.version, now.digest, known_at, {
        key: _measures(*(sums.get(key, {}) for sums in (stored, by_old_prices, by_new_prices, latest))) for key in keys
    })  # fmt: skip


def _measures(stored: Sums, by_old_prices: Sums, by_new_prices: Sums, latest: Sums) -> dict[str, Measure]:
    found = {}
    for name in MEASURES:
        was, old, new, now = (sums.get(name, 0) for sums in (stored, by_old_prices, by_new_prices, latest))
        late, refunds = (0, now - new) if name == "refunded" else (now - new, 0)
        found[name] = Measure(was, old - was, new - old, late, refunds, now)
    return found


def _added(measures: list[Measure]) -> Measure:
    columns = zip(
        *((m.closed, m.replaced, m.price_knowledge, m.late_usage, m.refunds, m.now) for m in measures), strict=True
    )
    return Measure(*(sum(column) for column in columns)) if measures else Measure(0, 0, 0, 0, 0, 0)


def _last_load_by(ledger: Ledger, day: date) -> int:
    """Return the last load that was known at the end of a day."""
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    ((number,),) = ledger.rows("SELECT COALESCE(MAX(file_id), 0) FROM files WHERE loaded_at < $end", {"end": end})
    return int(number)


def _line_row(closed: ClosedPeriod, position: int, line: Line) -> dict[str, object]:
    same = ("line", "file_line", "kind", "sku", "quantity", "held_quantity", "unit", "requests", "unpriced", "invoiced",
            "metered", "expected", "verdict")  # fmt: skip
    return {
        "closing_id": closed.closing_id, "position": position, "period_start": line.start, "period_end": line.end,
        **{name: getattr(line, name) for name in same},
    }  # fmt: skip


def _line(row: Mapping[str, object], parts: tuple[Part, ...]) -> Line:
    told = {name: whole(value) for name, value in row.items() if name not in ("closing_id", "position")}
    return Line(
        start=told.pop("period_start"), end=told.pop("period_end"), parts=parts,
        beyond=sum(part.amount for part in parts if part.cause not in NO_FAULT), **told,
    )  # fmt: skip
