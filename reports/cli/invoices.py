"""`reconcile` and `restate`: the invoice beside the ledger and the rate card, and closed periods as known since."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from billing.accounting.balance_sheet import BalanceSheet
from billing.accounting.balances import account_providers, balance_sheet
from billing.accounting.own_prices import own_price
from billing.errors import LedgerError
from billing.invoicing.closed_periods import ClosedPeriod, closed_periods
from billing.invoicing.closed_sums import MEASURES
from billing.invoicing.closing import Measure, Restated, close, kept_answer
from billing.invoicing.closing import restate as restated
from billing.invoicing.invoices import Invoice, read_invoice
from billing.invoicing.matching import Line, Tolerance
from billing.invoicing.reconciliation import Reconciliation
from billing.invoicing.reconciliation import reconcile as match
from billing.ledger import Ledger, open_ledger
from billing.rating import held_providers
from pricing.amounts import from_pico, to_pico
from pricing.catalog import Catalog
from reports import invoice_words as words
from reports.cli.accounts import policy_of
from reports.cli.options import (
    Amount,
    Day,
    Instant,
    Month,
    Name,
    catalog_of,
    everywhere,
    known_option,
    selection,
)
from reports.cli.output import Result, Table, write
from reports.figures import exactly

VARIANCE = 1
_PAID = "paid"
_FLAT = (
    "line", "kind", "sku", "invoiced", "metered", "expected", "variance", "verdict", "cause", "quantity",
    "held_quantity", "unit", "requests", "unpriced", "period_start", "period_end", "file_line",
)  # fmt: skip
_MONEY = ("charged", "expected", "variance", "refunded")


class PaidOrAmount(Amount):
    """An amount, or the word `paid`."""

    name = "amount or paid"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the exact decimal, or the word."""
        return value if value == _PAID else super().convert(value, param, ctx)


@click.command()
@click.argument("invoice", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--tolerance", "let_pass", type=Amount(), help="Difference of a line that is let pass, in its currency.")
@click.option("--tolerance-percent", type=Amount(), help="The same in percent of what is expected; the stricter holds.")
@click.option(
    "--usd-per-credit",
    type=PaidOrAmount(),
    help="What a credit cost you, or 'paid': by your top-ups. Default: the card's.",
)
@click.option("--close", "closes", is_flag=True, help="Close the invoice's period and keep the answer.")
@known_option
@everywhere
def reconcile(
    *,
    invoice: Path,
    let_pass: Decimal | None,
    tolerance_percent: Decimal | None,
    usd_per_credit: Decimal | str | None,
    closes: bool,
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Match an invoice (CSV or JSON lines) with the ledger and the rate card, line by line.

    Exit with 1 if a line is beyond tolerance.
    """
    asked = read_invoice(invoice)
    tolerance = Tolerance(let_pass, tolerance_percent)
    if closes and not ledger.exists():
        raise LedgerError(f"{ledger}: no ledger there; `tallystick import PATH` makes one")
    with open_ledger(ledger, read_only=not closes) as book:
        catalog = catalog_of(rate_cards, known_at, {asked.provider, *held_providers(book)})
        found = None if closes else kept_answer(book, asked)
        if found is None:
            sheet = _sheet(book, catalog, asked)
            found = match(book, catalog, asked, tolerance, _price(usd_per_credit, sheet))
            found = replace(found, balance=sheet)
        closed = close(book, catalog, found, datetime.now(UTC)) if closes else None
    write(reconciliation_result(found, closed), output_format)
    return VARIANCE if found.has_variance else 0


@click.command()
@click.option("--provider", type=Name(), help="Whose period.")
@click.option("--month", type=Month(), help="The closed month.")
@click.option("--from", "from_at", type=Instant(), help="Where the closed period begins, if it is no month.")
@click.option("--to", "to_at", type=Instant(), help="Where it ends, exclusive.")
@click.option("--known-at", type=Day(), help="As known at the end of that day: prices and usage. Default: now.")
@everywhere
def restate(
    *,
    provider: str | None,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Show a closed period as it was closed and as it is known now, and why they differ."""
    wanted = selection(month, from_at, to_at, provider)
    with open_ledger(ledger, read_only=True) as book:
        all_closed = closed_periods(book)
        closed = [
            each for each in all_closed
            if wanted.provider in (None, each.provider)
            and (wanted.start in (None, each.period_start) and wanted.end in (None, each.period_end))
        ]  # fmt: skip
        if len(closed) != 1:
            raise click.UsageError(_which(closed or all_closed, is_none=not closed))
        catalog = catalog_of(rate_cards, None, {closed[0].provider, *held_providers(book)})
        found = restated(book, catalog, closed[0], known_at)
    write(restatement_result(found), output_format)
    return 0


def reconciliation_result(found: Reconciliation, closed: ClosedPeriod | None = None) -> Result:
    """Return a match as data and tables."""
    invoice = found.invoice
    data = {
        "invoice": {
            "id": invoice.id, "provider": invoice.provider, "currency": invoice.currency,
            "period_start": invoice.start, "period_end": invoice.end, "path": invoice.path, "digest": invoice.digest,
        },
        "lines": [_line_data(line) for line in found.lines],
        "total": _line_data(found.total),
        "rounding": None if found.closed else words.rule(found.rule),
        "findings": [{"id": name, "sentence": sentence} for name, sentence in found.findings.items()],
        "closed": _closed_data(closed or found.closed),
        "balance": _balance_data(found.balance),
        "untimed": found.untimed,
        "conflicts": found.conflicts,
        "catalog": {"version": found.catalog_version, "digest": found.catalog_digest, "known_at": found.known_at},
    }  # fmt: skip
    summary = words.sentence(found)
    if closed is not None:
        summary += f" {words.period(invoice.start, invoice.end)} of {invoice.provider} is closed now."
    rows = [_line_data(line) for line in (*found.lines, found.total)]
    flat = Table("Lines", _FLAT, [[row[name] for name in _FLAT] for row in rows])
    return Result(data, [*_tables(found)], summary, flat)


def restatement_result(found: Restated) -> Result:
    """Return a restatement as data and a table per unit."""
    units = {unit or "none": found.total(unit) for unit in found.units}
    data = {
        "closed": _closed_data(found.closed),
        "known_at": found.known_at,
        "catalog": {"version": found.catalog_version, "digest": found.catalog_digest},
        "totals": {
            unit: {name: _measure_data(name, each) for name, each in total.items()} for unit, total in units.items()
        },
        "skus": [
            {"sku": sku, "unit": unit} | {name: _measure_data(name, each) for name, each in measures.items()}
            for (sku, unit), measures in found.measures.items()
        ],
    }  # fmt: skip
    columns = ("what", "as closed", "replaced", "price knowledge", "late usage", "refunds", "as known now")
    tables = [
        Table(
            f"In {unit}" if unit != "none" else "Without a unit", columns,
            [(name, *_measure_data(name, total[name]).values()) for name in MEASURES if any(_cells(total[name]))],
        )
        for unit, total in units.items()
    ]  # fmt: skip
    return Result(data, [table for table in tables if table.rows], _restated_sentence(found))


def _tables(found: Reconciliation) -> list[Table]:
    rows = [
        (
            words.named(line), line.kind, line.sku or ("all others" if line.kind == "usage" else ""),
            *(words.decimal(each) for each in (line.invoiced, line.metered, line.expected, line.variance)),
            words.VERDICTS[line.verdict], words.cause(line.cause) if line.cause else "",
        )
        for line in (*found.lines, found.total)
    ]  # fmt: skip
    parts = [
        (
            words.named(line), line.sku or "", words.cause(part.cause), part.requests, words.decimal(part.amount),
            ", ".join(part.findings),
        )
        for line in (*found.lines, found.total) for part in line.parts
    ]  # fmt: skip
    columns = ("line", "kind", "sku", "invoiced", "metered", "expected", "variance", "verdict", "cause")
    tables = [Table(f"Invoice {found.invoice.id}, in {found.invoice.currency}", columns, rows)]
    if parts:
        tables.append(
            Table("What the differences are made of", ("line", "sku", "cause", "requests", "amount", "findings"), parts)
        )
    if (balance := _balance_data(found.balance)) is not None:
        tables.append(Table("Balance of the account", tuple(balance), [tuple(balance.values())]))
    return tables


def _sheet(book: Ledger, catalog: Catalog, asked: Invoice) -> BalanceSheet | None:
    """Return what became of the provider's account in the invoice's period; None if the ledger knows of no account."""
    if asked.provider not in account_providers(book):
        return None
    return balance_sheet(book, catalog, asked.provider, asked.start, asked.end, policy_of(asked.provider))


def _price(told: Decimal | str | None, sheet: BalanceSheet | None) -> int | None:
    """Return pico-dollars per credit; None leaves it to the rate card."""
    if not isinstance(told, str):
        return None if told is None else to_pico(told)
    paid = None if sheet is None else own_price(sheet)
    if paid is None:
        raise click.UsageError(
            "--usd-per-credit paid: only where all credits used in this period were bought in USD; give the price"
        )
    return to_pico(paid)


def _balance_data(sheet: BalanceSheet | None) -> dict[str, object] | None:
    if sheet is None:
        return None
    total = sheet.total
    names = "opening", "topped_up", "bonus", "adjusted", "consumed", "refunded", "expired"
    return {
        "unit": sheet.unit, **{name: getattr(total, name) for name in names}, "metered": total.metered.amount,
        "closing_expected": total.closing_expected, "closing_reported": total.closing_reported, "gap": total.gap,
    }  # fmt: skip


def _line_data(line: Line) -> dict[str, Any]:
    amounts = {
        name: words.decimal(getattr(line, name))
        for name in ("invoiced", "metered", "expected", "variance", "beyond", "quantity", "held_quantity")
    }
    return {
        "line": line.line, "kind": line.kind, "sku": line.sku, **amounts, "verdict": line.verdict, "cause": line.cause,
        "unit": line.unit, "requests": line.requests, "unpriced": line.unpriced, "period_start": line.start,
        "period_end": line.end, "file_line": line.file_line,
        "decomposition": [
            {"cause": part.cause, "words": words.cause(part.cause), "amount": words.decimal(part.amount),
             "requests": part.requests, "findings": list(part.findings)}
            for part in line.parts
        ],
    }  # fmt: skip


def _closed_data(closed: ClosedPeriod | None) -> dict[str, object] | None:
    if closed is None:
        return None
    return {
        "closed_at": closed.closed_at, "provider": closed.provider, "period_start": closed.period_start,
        "period_end": closed.period_end, "invoice_id": closed.invoice_id, "digest": closed.digest,
        "last_load": closed.last_load, "known_at": closed.known_at,
        "catalog": {"version": closed.catalog_version, "digest": closed.catalog_digest},
    }  # fmt: skip


def _cells(measure: Measure) -> tuple[int, ...]:
    return (
        measure.closed, measure.replaced, measure.price_knowledge, measure.late_usage, measure.refunds, measure.now
    )  # fmt: skip


def _measure_data(name: str, measure: Measure) -> dict[str, object]:
    names = ("closed", "replaced", "price_knowledge", "late_usage", "refunds", "now")
    cells: list[object] = list(_cells(measure))
    if name in _MONEY:
        cells = [words.decimal(cell) for cell in _cells(measure)]
    return dict(zip(names, cells, strict=True))


def _restated_sentence(found: Restated) -> str:
    closed = found.closed
    when = "now" if found.known_at is None else f"at the end of {found.known_at}"
    told = [
        f"{name} was {exactly(from_pico(each.closed), unit)} and is {exactly(from_pico(each.now), unit)}"
        for unit in found.units if unit for name in _MONEY
        for each in [found.total(unit)[name]] if each.closed != each.now
    ]  # fmt: skip
    period = words.period(closed.period_start, closed.period_end)
    what = f"{period} of {closed.provider}, closed on {closed.closed_at:%Y-%m-%d} with invoice {closed.invoice_id}"
    return f"{what}: as known {when}, {'; '.join(told) or 'nothing else'}."


def _which(closed: "list[ClosedPeriod] | tuple[ClosedPeriod, ...]", *, is_none: bool) -> str:
    """Say which closed periods there are."""
    if not closed:
        return "no period is closed in this ledger; `tallystick reconcile INVOICE --close` closes one"
    names = ", ".join(f"{each.provider} {each.name}" for each in closed)
    return f"{'no such closed period' if is_none else 'more than one closed period'}; there are: {names}"
