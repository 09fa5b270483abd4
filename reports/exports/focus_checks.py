"""Invariants of a FOCUS file, each a query in sql/ that returns what breaks it: beside the official validator.

They are asked of the file itself, as it was read back, and of control totals that the account's own balance gives.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from billing.accounting.grants import LotKind
from pricing.amounts import PICO_PER_UNIT
from reports.exports.columns import AMOUNT, INSTANT, PRODUCT
from reports.exports.files import ExportError
from reports.exports.focus import Account, decimal_of, focus_schema
from reports.exports.focus_rows import month_of

if TYPE_CHECKING:
    from datetime import datetime

_PREFIX: Final = "focus_"
_SQL_TYPES: Final[Mapping[pa.DataType, str]] = {
    AMOUNT: "DECIMAL(38,12)", PRODUCT: "DECIMAL(38,24)", INSTANT: "TIMESTAMPTZ", pa.date32(): "DATE",
    pa.int64(): "BIGINT",
}  # fmt: skip
_Types = Mapping[str, pa.DataType]
_GRANTS: Final[_Types] = {
    "account": pa.string(), "month": INSTANT, "currency": pa.string(), "cost": PRODUCT, "paid": PRODUCT,
}  # fmt: skip
_CREDITS: Final[_Types] = {"account": pa.string(), "month": INSTANT, "credits": AMOUNT, "requests": pa.int64()}


def invariants() -> Mapping[str, str]:
    """Return the queries by name, each of which returns the rows that break it."""
    folder = files("reports").joinpath("exports", "sql")
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(_PREFIX))
    return {name.removeprefix(_PREFIX).removesuffix(".sql"): folder.joinpath(name).read_text("utf-8") for name in found}


def controls(accounts: Sequence[Account]) -> tuple[pa.Table, pa.Table]:
    """Return what the accounts say of each month: what left grants and was paid for them, and what was used."""
    grants = [row for account in accounts for row in _grant_rows(account)]
    used = [row for account in accounts for row in _credit_rows(account)]
    return pa.Table.from_pylist(grants, schema=pa.schema(_GRANTS)), pa.Table.from_pylist(
        used, schema=pa.schema(_CREDITS)
    )


def broken(path: Path, totals: tuple[pa.Table, pa.Table], *, is_csv: bool, profile: str = "1.2") -> dict[str, int]:
    """Return the names of the invariants that a file breaks, each with how many rows break it."""
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register("grant_controls", totals[0])
        engine.register("credit_controls", totals[1])
        source = "read_csv($path, all_varchar = TRUE, header = TRUE, delim = ',', quote = '\"', escape = '\"')"
        # A name may hold what a glob means, and a parameter of a reader is one.
        told = {"path": re.sub(r"([*?\[])", r"[\1]", str(path))}
        query = f"SELECT {_casts(profile)} FROM {source}" if is_csv else "SELECT * FROM read_parquet($path)"  # noqa: S608 - our own columns
        engine.register("focus", engine.sql(query, params=told).to_arrow_table())
        # Their rows may hold times, which the engine gives to Arrow alone without another package.
        found = {name: engine.sql(sql).to_arrow_table().num_rows for name, sql in invariants().items()}
        return {name: count for name, count in found.items() if count}


def refuse_broken(path: Path, accounts: Sequence[Account], *, is_csv: bool, profile: str) -> None:
    """Raise ExportError if a file breaks an invariant."""
    if found := broken(path, controls(accounts), is_csv=is_csv, profile=profile):
        told = ", ".join(f"{name} ({count} rows)" for name, count in found.items())
        raise ExportError(f"the export breaks its own invariants: {told}; nothing was written: please report this")


def _casts(profile: str) -> str:
    schema = focus_schema("1.4" if profile == "1.4" else "1.2")
    return ", ".join(
        f'CAST("{each.name}" AS {_SQL_TYPES.get(each.type, "VARCHAR")}) AS "{each.name}"' for each in schema
    )


def _grant_rows(account: Account) -> Iterator[dict[str, object]]:
    paid: dict[tuple[datetime, str], int] = {}
    for posting in account.book.postings:
        lot = posting.lot
        if posting.cause == "granted" and lot and lot.currency and lot.kind is not LotKind.REFUND and posting.cost:
            key = month_of(posting.at.date()), lot.currency
            paid[key] = paid.get(key, 0) + posting.cost
    cost = {(each.month, name): amount for each in account.book.controls for name, amount in each.cost.items()}
    for month, currency in sorted(paid.keys() | cost.keys(), key=str):
        yield {
            "account": account.book.provider, "month": month, "currency": currency,
            "cost": decimal_of(cost.get((month, currency), 0) * PICO_PER_UNIT, 24),
            "paid": decimal_of(paid.get((month, currency), 0) * PICO_PER_UNIT, 24),
        }  # fmt: skip


def _credit_rows(account: Account) -> Iterator[dict[str, object]]:
    requests: dict[object, int] = {}
    for key, sums in account.charges.found.items():
        month = month_of(key.day)
        requests[month] = requests.get(month, 0) + sums.requests
    for each in account.book.controls:
        drawn = each.used - each.refunded - account.charges.left_out_credits.get(each.month, 0)
        yield {"account": account.book.provider, "month": each.month, "credits": decimal_of(drawn, 12),
               "requests": requests.get(each.month, 0)}  # fmt: skip
