"""`top-up` and `balance`: what went onto an account, and what became of it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from billing.accounting.accounts import add_by_hand, identified
from billing.accounting.balance_sheet import BalanceSheet, Window
from billing.accounting.balances import account_providers, balance_sheet
from billing.accounting.grants import Policy
from billing.importing.formats.accounts import TOP_UPS
from billing.importing.formats.pieces import Item
from billing.ledger import Ledger, open_ledger
from billing.rating import held_providers
from billing.records import AccountEntry, EntryKind, Reading, Reject
from pricing.errors import UnknownNameError, nearest
from reports.account_answer import account_answer
from reports.cli.options import (
    Name,
    catalog_of,
    everywhere,
    selection,
    span,
)
from reports.cli.output import Result, Table, write
from reports.figures import unit_name

#: Of more windows only those with a gap are shown to people; JSON and CSV have all.
_MOST_WINDOWS = 24
_NUMBERS = "write 11000 or 10.5, with a point before a fraction and no mark between thousands"


@click.command("top-up")
@click.option("--provider", type=Name(), required=True, help="Whose credits they are.")
@click.option("--at", required=True, help="When, such as 2026-10-01T08:30:00Z.")
@click.option("--credits", required=True, help="How many were bought, exactly.")
@click.option("--paid", help="What they cost, such as 25.00.")
@click.option("--currency", help="In which currency: USD, EUR ...")
@click.option("--bonus", help="How many the vendor gave on top.")
@click.option("--expires-at", "expires_at", help="The first instant at which they are gone.")
@click.option("--unit", help="What the account is counted in: credit (the default) or USD.")
@click.option("--id", help="The vendor's id of the payment; it tells two alike from one told twice.")
@click.option(
    "--kind", type=click.Choice(list(EntryKind)), default=EntryKind.TOP_UP, show_default=True,
    help="An adjustment may be below zero.",
)  # fmt: skip
@everywhere
def top_up(
    *, ledger: Path, rate_cards: tuple[Path, ...], output_format: str | None, quiet: bool, **told: str | None
) -> int:
    """Note what was bought of a provider's credits. To note the same again changes nothing."""
    row = Item(1, dict(told))
    (outcome,) = TOP_UPS.read(iter([row]), Reading())
    if not isinstance(outcome, AccountEntry):
        raise click.UsageError(_why_not(outcome))
    outcome = identified(outcome)
    with open_ledger(ledger) as book:
        doubt = None if quiet else _doubt(book, rate_cards, outcome.provider)
        found = add_by_hand(book, outcome, datetime.now(UTC))
    if found.rejects:
        raise click.UsageError("--id: the ledger has another entry of that id; entries are never changed")
    data = {name: value for name, value in asdict(outcome).items() if name != "line"}
    data["is_new"] = bool(found.imported)
    if doubt:
        click.echo(doubt, err=True)
    summary = "Noted." if found.imported else "The ledger has this entry already; nothing is changed."
    table = Table("Entry", tuple(told), [tuple(data.get(name, value) for name, value in told.items())])
    write(Result(data, (table,), summary), output_format)
    return 0


@click.command()
@span
@everywhere
def balance(
    *,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    provider: str | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Show each account: its lots of credits, what went on and off, and what is missing between two readings."""
    chosen = selection(month, from_at, to_at, provider)
    with open_ledger(ledger, read_only=True) as book:
        names = (_known(book, chosen.provider),) if chosen.provider else account_providers(book)
        catalog = catalog_of(rate_cards, None, names)
        sheets = [
            balance_sheet(book, catalog, name, chosen.start, chosen.end, policy=policy_of(name)) for name in names
        ]
    write(balance_result(sheets), output_format)
    return 0


def balance_result(sheets: list[BalanceSheet]) -> Result:
    """Return accounts as data and tables."""
    data = {"accounts": [_sheet_data(sheet) for sheet in sheets]}
    flat_columns = ("provider", "unit", *_flat(sheets[0].total)) if sheets else ("provider", "unit")
    rows = [(sheet.provider, sheet.unit, *_flat(window).values()) for sheet in sheets for window in sheet.windows]
    tables = [table for sheet in sheets for table in _tables(sheet) if table.rows]
    return Result(data, tables, account_answer(sheets), Table("Windows", flat_columns, rows))


def _doubt(book: Ledger, rate_cards: tuple[Path, ...], provider: str) -> str | None:
    """Return what to say of a provider that is in neither the ledger nor a rate card, before it is in the ledger."""
    if provider in {*account_providers(book), *held_providers(book)}:
        return None
    known = catalog_of(rate_cards).providers
    if provider in known:
        return None
    return (
        f"{provider!r} is no provider of the ledger or of a rate card; the nearest are: {nearest(provider, known)}. If "
        "it is misspelt, note it again with --kind adjustment and minus the credits, and then by its right name"
    )


def _known(book: Ledger, provider: str) -> str:
    """Return a provider. Raise UnknownNameError if the ledger holds neither entry nor request of it."""
    known = {*account_providers(book), *held_providers(book)}
    if provider not in known:
        near = f"it holds: {nearest(provider, known)}" if known else "it is empty"
        raise UnknownNameError(
            f"the ledger holds nothing of provider {provider!r}; {near}. `tallystick top-up` notes what you bought"
        )
    return provider


def _why_not(outcome: object) -> str:
    if not isinstance(outcome, Reject):
        raise TypeError(outcome)
    name = (outcome.field or "").replace("_", "-")
    is_number = outcome.reason in {"ambiguous_number", "bad_amount"}
    remedy = _NUMBERS if is_number else "see `tallystick top-up --help`"
    return f"--{name}: {outcome.reason.replace('_', ' ')}; {remedy}"


def policy_of(provider: str) -> Policy:
    """Return the order of burning down that tallystick.toml sets for a provider, else the usual one."""
    settings = click.get_current_context().default_map or {}
    own = settings.get("grants", {}).get(provider)
    if own is None:
        return Policy()
    order = own.get("order") if isinstance(own, Mapping) and own.keys() == {"order"} else None
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        raise click.UsageError(
            f'tallystick.toml: [grants.{provider}] must say order = ["expires_at", "bonus", "at"] or another order'
        )
    return Policy(tuple(order))


def _sheet_data(sheet: BalanceSheet) -> dict[str, object]:
    return asdict(sheet) | {
        "total": _window_data(sheet.total), "windows": [_window_data(window) for window in sheet.windows]
    }  # fmt: skip


def _window_data(window: Window) -> dict[str, object]:
    metered = asdict(window.metered) | {"amount": window.metered.amount}
    return asdict(window) | {"metered": metered, "consumed": window.consumed, "has_gap": window.has_gap}


def _flat(window: Window) -> dict[str, object]:
    """Return a window as one row."""
    row = _window_data(window)
    for name in ("metered", "gap_between"):
        inner = row.pop(name)
        if isinstance(inner, Mapping):
            row |= {f"{name}_{key}": value for key, value in inner.items()}
    return row


def _tables(sheet: BalanceSheet) -> list[Table]:
    shown = sheet.windows
    if len(shown) > _MOST_WINDOWS:
        shown = tuple(window for window in shown if window.has_gap)
    title = f"{sheet.provider}: windows, in {unit_name(sheet.unit)}, times in UTC"
    if len(shown) < len(sheet.windows):
        title += f" ({len(shown):,} of {len(sheet.windows):,}: those with a gap)"
    columns = ("from", "to", "opening", "came in", "metered", "expired", "expected", "reported", "gap")
    lots = Table(
        f"{sheet.provider}: lots",
        ("kind", "at", "expires", "granted", "consumed", "taken", "expired", "remaining", "cost", "currency"),
        [
            (lot.kind, _minute(lot.at), _minute(lot.expires_at), lot.granted, lot.consumed, lot.taken, lot.expired,
             lot.remaining, lot.cost, lot.currency)
            for lot in sheet.lots
        ],
    )  # fmt: skip
    burned = Table(
        f"{sheet.provider}: burnt down",
        ("currency", "consumed", "cost", "effective price", "expired", "breakage"),
        [
            (each.currency, each.consumed, each.cost, each.effective_price, each.expired, each.breakage)
            for each in sheet.burned
        ],
    )
    return [Table(title, columns, [_row(window) for window in shown]), lots, burned]


def _row(window: Window) -> tuple[object, ...]:
    came_in = window.topped_up + window.bonus + window.adjusted + window.refunded
    return (
        _minute(window.start), _minute(window.end), window.opening, came_in, window.metered.amount, window.expired,
        window.closing_expected, window.closing_reported, window.gap,
    )  # fmt: skip


def _minute(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M}"
