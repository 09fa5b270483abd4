"""A copy of a ledger that is checked like a ledger before it gets its name."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from billing.doctor import examine, write_log_check
from billing.errors import LedgerError
from billing.ledger import Ledger, open_ledger
from billing.receipt import held_open, read_receipt, receipt_path, save_receipt, sync_folder

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Copy:
    """A verified copy of a ledger; `sha256` is of its bytes."""

    path: Path
    bytes: int
    sha256: str


def back_up(path: Path, target: Path) -> Copy:
    """Copy a ledger and its receipt, and return what was written; whatever goes wrong leaves no copy.

    Raise LedgerError if the target exists, or the ledger or its copy fails a check.
    """
    if target.exists():
        raise LedgerError(f"{target}: exists already; name a new file")
    with open_ledger(path, read_only=True) as ledger, _fresh(target) as fresh:
        digest = _copy(ledger, fresh)
        for check in (write_log_check(path), *examine(fresh)):
            if not check.ok:
                raise LedgerError(f"{path}: no sound copy can be made ({check.name}); see `tallystick doctor`")
        size = fresh.stat().st_size
        receipt_path(fresh).replace(receipt_path(target))
        _name(fresh, target)
    return Copy(target, size, digest)


def _copy(ledger: Ledger, fresh: Path) -> str:
    """Copy the file of a ledger that this process holds, and its receipt; return the SHA-256 of the file."""
    descriptor, digest, start = held_open(ledger), hashlib.sha256(), 0
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - of a descriptor
        while chunk := os.pread(descriptor, _CHUNK_BYTES, start):
            file.write(chunk)
            digest.update(chunk)
            start += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if receipt := read_receipt(ledger.path):
        save_receipt(fresh, receipt)
    return digest.hexdigest()


def _name(fresh: Path, target: Path) -> None:
    """Give the copy its name, unless another file has it by now."""
    try:
        os.link(fresh, target)
    except FileExistsError:
        raise LedgerError(f"{target}: exists already; name a new file") from None
    except OSError:  # a file system without links
        fresh.rename(target)
    sync_folder(target.parent)


@contextmanager
def _fresh(target: Path) -> Iterator[Path]:
    """Yield a name beside the target that is free, and clear away what is left of it."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        yield fresh
    except OSError as error:
        raise LedgerError(f"{target}: can't be written: {error.strerror}") from None
    finally:
        for left in (fresh, receipt_path(fresh)):
            left.unlink(missing_ok=True)
