"""Files that are there as a whole or not at all: each is written beside its place and then put there."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from billing.errors import BillingError
from billing.ledger import Ledger
from reports.exports.columns import csv_lines, header_line

#: The files that a table can be written to.
SUFFIXES = (".csv", ".parquet")


class ExportError(BillingError):
    """An export that would destroy something, or that does not add up."""


def write_table(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the rows to a file, CSV or Parquet by its name, and return how many there are."""
    with whole_file(path) as file:
        return (write_parquet if path.suffix == ".parquet" else write_csv)(file, schema, batches)


def write_csv(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write a header and the rows as CSV in UTF-8, and return how many rows there are."""
    rows = 0
    file.write(header_line(schema))
    for batch in batches:
        file.write(csv_lines(batch))
        rows += batch.num_rows
    return rows


def write_parquet(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the rows as Parquet, and return how many rows there are."""
    rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write; it takes its place once all is written, over one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        beside.unlink(missing_ok=True)


def refuse_to_destroy(path: Path, ledger: Ledger) -> None:
    """Raise ExportError if that file is the ledger, or a log that the ledger was filled from."""
    if not path.exists():
        return
    logs = (Path(str(log)) for (log,) in ledger.rows("SELECT DISTINCT path FROM files"))
    for held in (ledger.path, *logs):
        if held.exists() and held.samefile(path):
            raise ExportError(f"{path}: the ledger was filled from this file; name another with --out")


def sha256(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
