"""Whether a ledger is whole: every column is read, every count held against another, all of it against the receipt."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from billing.errors import LedgerError
from billing.ledger import Ledger, open_ledger
from billing.queries import chain, statement
from billing.receipt import Receipt, columns_of, describe, read_receipt, receipt_path

_RESTORE = "put back a copy made by `tallystick backup`, or import the logs again into a new ledger"
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `message` says what was found and, if that is not well, what to do."""

    name: str
    ok: bool
    message: str


def examine(path: Path) -> tuple[Check, ...]:
    """Check the ledger at that path and what lies beside it. Nothing is changed.

    Raise LedgerError if there is no ledger.
    """
    if not path.exists():
        raise LedgerError(f"{path}: no ledger there; `tallystick import PATH` makes one")
    try:
        with open_ledger(path, read_only=True) as ledger:
            checks = [Check("open", ok=True, message="it opens, and is of this version"), *_contents(ledger)]
    except LedgerError as error:
        checks = [Check("open", ok=False, message=str(error)), *_size(path)]
    return (*checks, _mode(path), write_log_check(path))


def _contents(ledger: Ledger) -> Iterator[Check]:
    """Check what is in an open ledger, up to what can't be read."""
    try:
        yield _columns(ledger)
        yield _numbers(ledger)
        yield _counts(ledger)
        yield _requests(ledger)
        yield _ids(ledger)
        yield from _against_receipt(ledger)
    except duckdb.Error as error:
        # The text of the error may quote a row, so only its kind is told.
        yield Check("read", ok=False, message=f"part of the file is damaged ({type(error).__name__}); {_RESTORE}")
        yield from _size(ledger.path)


def _columns(ledger: Ledger) -> Check:
    """Read every value; the engine holds each block of the file against its checksum."""
    tables = columns_of(ledger)
    for table, columns in tables.items():
        for column in columns:
            try:
                ledger.rows(f"SELECT COUNT(*) FROM {table} WHERE hash({column}) = 0")  # noqa: S608 - the ledger's own names
            except duckdb.Error as error:
                kind = type(error).__name__
                return Check("columns", ok=False, message=f"{table}.{column} can't be read ({kind}); {_RESTORE}")
    number = sum(len(columns) for columns in tables.values())
    return Check("columns", ok=True, message=f"every value of {number} columns in {len(tables)} tables was read")


def _numbers(ledger: Ledger) -> Check:
    """Look every file up by its number, so that the index is read too."""
    numbers = [number for (number,) in ledger.rows("SELECT file_id FROM files ORDER BY file_id")]
    for number in numbers:
        query = "SELECT COUNT(*) FROM files WHERE file_id = $number"
        if ledger.connection.execute(query, {"number": number}).fetchall() != [(1,)]:
            return Check("index", ok=False, message=f"file {number} is not found by its number; {_RESTORE}")
    return Check("index", ok=True, message=f"each of {len(numbers):,} files is found by its number")


def _counts(ledger: Ledger) -> Check:
    paths = [path for (path,) in ledger.rows(chain("held", "miscounted"))]
    if paths:
        message = f"the counts of {len(paths):,} files do not add up (the first is {paths[0]}); {_RESTORE}"
        return Check("counts", ok=False, message=message)
    return Check("counts", ok=True, message="records = imported + duplicate + superseded + conflict + rejected")


def _requests(ledger: Ledger) -> Check:
    ((imported, held, of_no_file),) = ledger.rows(chain("held", "unaccounted"))
    if imported != held or of_no_file:
        message = f"{imported:,} records were imported, {held:,} are held, {of_no_file:,} of no file; {_RESTORE}"
        return Check("requests", ok=False, message=message)
    return Check("requests", ok=True, message=f"{held:,} records were imported and are held")


def _ids(ledger: Ledger) -> Check:
    twice = ledger.rows(statement("repeated_ids"))
    if twice:
        message = f"{len(twice):,} requests are held more than once (the first is {twice[0][1]}); {_RESTORE}"
        return Check("ids", ok=False, message=message)
    return Check("ids", ok=True, message="every request is held once")


def _against_receipt(ledger: Ledger) -> Iterator[Check]:
    try:
        receipt = read_receipt(ledger.path)
    except LedgerError as error:
        yield Check("receipt", ok=False, message=str(error))
        return
    if receipt is None:
        message = f"{receipt_path(ledger.path)} is missing, so a loss would not show; import any log to write it again"
        yield Check("receipt", ok=False, message=message)
        return
    now = describe(ledger)
    yield (loads := _loads(now, receipt))
    if loads.ok:
        yield _totals(now, receipt)
        yield _file(now, receipt)


def _loads(now: Receipt, receipt: Receipt) -> Check:
    if now.loads < receipt.loads:
        message = f"{receipt.loads - now.loads:,} of {receipt.loads:,} loads are lost; {_RESTORE}"
    elif receipt.is_importing:
        message = "an import was cut short, or is running; what it took is whole: import the same again to complete it"
    elif now.loads > receipt.loads:
        message = f"{now.loads:,} loads are held and the receipt names {receipt.loads:,}; {_RESTORE}"
    else:
        return Check("receipt", ok=True, message=f"{now.loads:,} loads, the last import ended well")
    return Check("receipt", ok=False, message=message)


def _totals(now: Receipt, receipt: Receipt) -> Check:
    for table in sorted(now.totals | receipt.totals):
        held, told = now.totals.get(table, {}), receipt.totals.get(table, {})
        for total in held | told:
            if held.get(total) != told.get(total):
                message = f"{table}: {total} is {held.get(total)} and was {told.get(total)}; {_RESTORE}"
                return Check("totals", ok=False, message=message)
    number = sum(map(len, now.totals.values()))
    return Check("totals", ok=True, message=f"{number} control totals are those of the receipt")


def _file(now: Receipt, receipt: Receipt) -> Check:
    if (now.bytes, now.fingerprint) != (receipt.bytes, receipt.fingerprint):
        message = f"the file was changed by something else than an import since its receipt was written; {_RESTORE}"
        return Check("file", ok=False, message=message)
    return Check("file", ok=True, message=f"{now.bytes:,} bytes, unchanged since the last import")


def _size(path: Path) -> Iterator[Check]:
    """Hold the size of a file that can't be read against its receipt."""
    try:
        receipt = read_receipt(path)
    except LedgerError as error:
        yield Check("receipt", ok=False, message=str(error))
        return
    size = path.stat().st_size
    if receipt and size < receipt.bytes:
        message = f"{size:,} bytes, and {receipt.bytes:,} when its receipt was written; {_RESTORE}"
        yield Check("file", ok=False, message=message)


def _mode(path: Path) -> Check:
    """Check that nobody else may read the ledger and what lies beside it."""
    beside = (path, receipt_path(path), path.with_name(f"{path.name}.wal"))
    if open_to_others := [
        str(each) for each in beside if each.exists() and stat.S_IMODE(each.stat().st_mode) & ~_PRIVATE
    ]:
        named = " ".join(open_to_others)
        return Check("mode", ok=False, message=f"others may open {named}; make it yours alone: chmod 600 {named}")
    return Check("mode", ok=True, message="nobody else may open it")


def write_log_check(path: Path) -> Check:
    """Check that nothing lies beside the ledger that is not in its file yet."""
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        message = f"{log}: left by an import that was cut short, or is running; import the same again to take it in"
        return Check("write_log", ok=False, message=message)
    return Check("write_log", ok=True, message="all is in the ledger's file")
