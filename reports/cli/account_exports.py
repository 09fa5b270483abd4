"""`export focus`, `export journal`, `export beancount`: what was bought and burnt down, for other books."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from billing.accounting.account_book import AccountBook
from billing.accounting.balances import account_providers
from billing.ledger import Ledger, open_ledger
from billing.rating import Selection, held_providers
from pricing.catalog import Catalog
from reports.cli.accounts import policy_of
from reports.cli.options import (
    catalog_of,
    check_provider,
    everywhere,
    known_option,
    month_option,
    options,
    provider_option,
)
from reports.cli.output import Result, Table, write
from reports.exports.beancount import beancount_text
from reports.exports.files import SUFFIXES, refuse_to_destroy, whole_file, write_table
from reports.exports.focus import Account, Profile
from reports.exports.focus_files import accounts_of, books, left_out, write_focus
from reports.exports.journal import journal_table

_MEMORY = "1GB"
Month = tuple[datetime, datetime] | None

account_options = options(month_option, provider_option, known_option)


@dataclass(frozen=True, slots=True)
class Opened:
    """A ledger with the books of the accounts that were asked for."""

    ledger: Ledger
    catalog: Catalog
    selection: Selection
    books: list[AccountBook]


@click.command("focus")
@click.option(
    "--profile", type=click.Choice(["1.2", "1.4"]), default="1.2", show_default=True, help="Version of FOCUS."
)
@account_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file: CSV or Parquet.")
@everywhere
def focus(*, profile: Profile, out: Path, **asked: Any) -> int:
    """Write cost and usage in the open format FOCUS: top-ups as purchases, burnt credits as usage at what they cost.

    With --profile 1.4 the lines of closed invoices and the billing periods are written beside it.
    """

    def write_it(found: Opened, accounts: list[Account]) -> Mapping[Path, int]:
        return write_focus(out, found.ledger, accounts, profile, found.selection)

    return _export(out, SUFFIXES, write_it, **asked)


@click.command("journal")
@account_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV file to write.")
@everywhere
def journal(*, out: Path, **asked: Any) -> int:
    """Write a journal in double entry: prepaid credits, expenses by SKU and project, rounding, refunds, breakage."""

    def write_it(_: Opened, accounts: list[Account]) -> Mapping[Path, int]:
        table = journal_table(accounts)
        return {out: write_table(out, table.schema, table.to_batches())}

    return _export(out, (".csv",), write_it, **asked)


@click.command("beancount")
@options(provider_option, known_option)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@everywhere
def beancount(*, out: Path, **asked: Any) -> int:
    """Write all accounts for Beancount: each grant a lot at its cost, each use taken from the lot that paid for it."""

    def write_it(_: Opened, accounts: list[Account]) -> Mapping[Path, int]:
        with whole_file(out) as file:
            file.write(beancount_text(accounts).encode())
        return {out: 0}

    return _export(out, (".beancount",), write_it, **asked)


def _export(
    out: Path,
    suffixes: Collection[str],
    write_it: Callable[[Opened, list[Account]], Mapping[Path, int]],
    *,
    output_format: str | None,
    quiet: bool,
    **asked: Any,
) -> int:
    """Write the accounts that were asked for, and say which files that made and what is in none of them."""
    if out.suffix not in suffixes:
        raise click.UsageError(f"--out: {str(out)!r} must end in {' or '.join(suffixes)}")
    with opened(**asked) as found:
        refuse_to_destroy(out, found.ledger)
        accounts = accounts_of(found.ledger, found.catalog, found.books)
        written = write_it(found, accounts)
    missing = left_out(accounts)
    tell(written, output_format, _summary(accounts, missing), left_out=missing)
    return 0


@contextmanager
def opened(
    ledger: Path, rate_cards: tuple[Path, ...], provider: str | None, known_at: date | None, month: Month = None
) -> Iterator[Opened]:
    """Open the ledger and follow the accounts that were asked for."""
    start, end = month or (None, None)
    selection = Selection(start, end, provider)
    with open_ledger(ledger, read_only=True, memory_limit=_MEMORY) as book:
        accounts = account_providers(book)
        check_provider(book, provider, accounts)
        names = sorted({*held_providers(book), *accounts})
        catalog = catalog_of(rate_cards, known_at, names)
        yield Opened(book, catalog, selection, books(book, catalog, selection, policy_of))


def _summary(accounts: list[Account], missing: list[dict[str, object]]) -> str:
    """Say what the figures are made of where that is not what grants cost."""
    bare = [each.book.provider for each in accounts if each.charges.found and not each.book.lots]
    told = []
    if bare:
        what = ", ".join(bare)
        told.append(f"No top-up of {what} is known: its use is valued by the rate card, and no purchase is there.")
    if missing:
        parts = ", ".join(f"{each['count']} of {each['provider']} ({each['reason']})" for each in missing)
        told.append(f"Of unknown cost, and in no sum beyond the least that they took: {parts}.")
    return " ".join(told)


def tell(written: Mapping[Path, int], output_format: str | None, summary: str, **more: object) -> None:
    """Say which files were written."""
    data = {"files": list(written), "rows": sum(written.values())} | more
    write(Result(data, (Table("Files", ("path",), [(str(path),) for path in written]),), summary), output_format)
