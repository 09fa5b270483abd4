"""What the ledger knows of a file before it is read: nothing, all of it, or how it began."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from billing.errors import RefusedInputError
from billing.importing.log_files import OpenLogFile, shown
from billing.importing.unpacking import Packing
from billing.ledger import Ledger
from billing.queries import statement
from billing.records import Reading


@dataclass(frozen=True, slots=True)
class Load:
    """An earlier load of a path: the file's digest and size, and where its last whole line ended.

    Where that is 0, lines do not stand for themselves, and the rest of the file can't be read without its beginning.
    """

    file_id: int
    digest: str
    size: int
    shape: str | None
    whole_bytes: int
    whole_lines: int

    def rest_of(self, file: OpenLogFile) -> bytes | None:
        """Return what stood behind the last whole line, with the file put behind it; None unless the file has grown.

        None leaves the file somewhere in the middle.
        """
        if not self.whole_bytes or file.packing is not Packing.PLAIN or file.bytes <= self.size:
            return None
        file.pass_over(self.whole_bytes)
        begun = file.read_on(self.size - self.whole_bytes)
        return begun if file.digest == self.digest else None


def last_load(ledger: Ledger, path: Path, reading: Reading) -> Load | None:
    """Return the last load of that path with these options."""
    rows = ledger.rows(statement("last_load"), {"path": stored_name(path), "reading": reading.described()})
    return Load(*rows[0]) if rows else None


def read_before(ledger: Ledger, digest: str, reading: Reading) -> tuple[str, dict[str, int]] | None:
    """Return the shape of these bytes, and what became of their records when they were read with these options."""
    rows = ledger.arrow(statement("same_bytes"), {"digest": digest, "reading": reading.described()}).to_pylist()
    return (rows[0].pop("shape"), rows[0]) if rows else None


def begun_otherwise(ledger: Ledger, file: OpenLogFile, reading: Reading) -> tuple[int, int] | None:
    """Return how many records a file told, when it was shorter and read with other options, and how many rejected."""
    told = {"path": stored_name(file.path), "reading": reading.described(), "bytes": file.bytes}
    for digest, size, records, rejected in ledger.rows(statement("begun"), told):
        if file.digest_of(size) == digest:
            return records, rejected
    return None


def are_known(ledger: Ledger, paths: Iterable[Path], digests: Iterable[str] = ()) -> bool:
    """Tell whether the ledger knows any of these paths or digests."""
    told = {"paths": [stored_name(path) for path in paths], "digests": list(digests)}
    return bool(ledger.rows(statement("known"), told))


def check_no_ledger(ledger: Ledger, path: Path) -> None:
    """Refuse to open the ledger a second time: to close it again would give up the lock on it."""
    if os.path.realpath(path) == os.path.realpath(ledger.path):
        raise RefusedInputError(f"{shown(path)}: the ledger itself; name a log, or another ledger with --ledger")


def stored_name(path: Path) -> str:
    """Return the path as the ledger holds it; a byte that is no UTF-8 is written as an escape."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
