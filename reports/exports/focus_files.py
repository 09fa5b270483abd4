"""The files of a FOCUS export: each is checked before it takes its place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from billing.accounting.account_book import AccountBook, account_book
from billing.accounting.balances import account_providers
from billing.accounting.grants import Policy
from billing.invoicing.closed_periods import ClosedPeriod, closed_periods
from billing.ledger import Ledger
from billing.rating import Selection, held_providers
from pricing.catalog import Catalog
from reports.exports.columns import plain_text
from reports.exports.files import whole_file, write_csv, write_parquet
from reports.exports.focus import Account, Profile, focus_table
from reports.exports.focus_checks import refuse_broken
from reports.exports.focus_invoices import billing_periods, invoice_details
from reports.exports.focus_rows import charges

PolicyOf = Callable[[str], Policy]
#: Whole in every row; written as 5.0, so that readers that guess take the column for a decimal all the same.
_WHOLE: Final = "ConsumedQuantity"


def books(ledger: Ledger, catalog: Catalog, selection: Selection, policy_of: PolicyOf) -> list[AccountBook]:
    """Return the books of the selected accounts, by provider."""
    names = sorted({*held_providers(ledger), *account_providers(ledger)})
    return [
        account_book(ledger, catalog, name, selection.start, selection.end, policy_of(name))
        for name in names if selection.provider in (None, name)
    ]  # fmt: skip


def accounts_of(ledger: Ledger, catalog: Catalog, own: Iterable[AccountBook]) -> list[Account]:
    """Return books with their charges."""
    closed: dict[str, list[ClosedPeriod]] = {}
    for each in closed_periods(ledger):
        closed.setdefault(each.provider, []).append(each)
    return [
        Account(
            book, charges(book), _name(catalog, book.provider), tuple(closed.get(book.provider, ())),
        )
        for book in own
    ]  # fmt: skip


def _name(catalog: Catalog, provider: str) -> str:
    return catalog.card(provider).name if provider in catalog.providers else provider


def write_focus(
    path: Path, ledger: Ledger, accounts: Sequence[Account], profile: Profile, selection: Selection
) -> Mapping[Path, int]:
    """Write cost and usage, and with 1.4 the invoices and billing periods beside it; return the rows of each file."""
    table = focus_table(accounts, profile)
    written = {path: _write(path, table, lambda beside: refuse_broken(
        beside, accounts, is_csv=path.suffix == ".csv", profile=profile,
    ))}  # fmt: skip
    if profile == "1.4":
        for name, more in (
            ("InvoiceDetail", invoice_details(ledger, accounts, selection)),
            ("BillingPeriod", billing_periods(ledger, accounts, table)),
        ):
            other = path.with_name(f"{path.stem}.{name}{path.suffix}")
            written[other] = _write(other, more)
    return written


def left_out(accounts: Sequence[Account]) -> list[dict[str, object]]:
    """Return what is in no charge, for nobody knows what it cost."""
    found: list[dict[str, object]] = []
    for account in accounts:
        told = dict(account.charges.left_out)
        told |= {name: count for name in ("untimed", "other_units") if (count := getattr(account.book, name))}
        found += [{"provider": account.book.provider, "reason": name, "count": told[name]} for name in sorted(told)]
    return found


def _write(path: Path, table: pa.Table, check: Callable[[Path], None] | None = None) -> int:
    with whole_file(path) as file:
        rows = _write_rows(file, table, is_csv=path.suffix == ".csv")
        file.flush()
        if check:
            check(Path(file.name))
    return rows


def _write_rows(file: BinaryIO, table: pa.Table, *, is_csv: bool) -> int:
    if is_csv:
        table = _told(table)
    batches = table.combine_chunks().to_batches()
    return write_csv(file, table.schema, batches) if is_csv else write_parquet(file, table.schema, batches)


def _told(table: pa.Table) -> pa.Table:
    """Return the same with whole quantities written as 5.0."""
    if _WHOLE not in table.column_names:
        return table
    told: list[Any] = plain_text(table.column(_WHOLE).combine_chunks()).to_pylist()
    text = pa.array([None if each is None else each if "." in each else f"{each}.0" for each in told], pa.string())
    place = table.schema.get_field_index(_WHOLE)
    return table.set_column(place, pa.field(_WHOLE, pa.string()), text)
