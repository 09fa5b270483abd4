"""Log files on disk: which there are, and the plain bytes of one."""

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from billing.errors import RefusedInputError
from billing.formats import SUFFIXES, is_log_name

_GZIP_MAGIC = b"\x1f\x8b"


def log_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, and of each folder the logs anywhere inside it, in a fixed order.

    A folder that can't be read, or holds no log, stands for itself, so that it is refused and not passed over.
    """
    for path in paths:
        yield from sorted(_logs_in(path)) or [path]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as they lie on disk."""
    digest = hashlib.sha256()
    with open_raw(path) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def open_raw(path: Path) -> BinaryIO:
    """Open a regular file; raise RefusedInputError for a folder or anything else."""
    if path.is_dir():
        raise RefusedInputError(
            f"{path}: no log in this folder, or it can't be read; a log's name ends in {', '.join(SUFFIXES)}"
        )
    if path.exists() and not path.is_file():
        raise RefusedInputError(f"{path}: not a regular file; give a log file or a folder of logs")
    return path.open("rb")


def unzipped(raw: BinaryIO) -> BinaryIO:
    """Return the plain bytes of a file that may be gzipped, told by its first bytes; the CRC is checked at the end."""
    magic = raw.read(2)
    raw.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if magic == _GZIP_MAGIC else raw


def _logs_in(path: Path) -> list[Path]:
    """Return the logs anywhere in a folder, and the folders that can't be read; of what is no folder, itself."""
    found: list[Path] = []
    for folder, _, names in os.walk(path, onerror=lambda error: found.append(Path(error.filename))):
        found.extend(Path(folder, name) for name in names if is_log_name(Path(name)))
    return found
