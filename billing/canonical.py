"""Canonical Parquet: the ledger's usage for any engine to read, exactly typed and the same bytes each time.

Each relation is a folder. `usage_records` is cut into buckets by a digest of provider and id, so that whatever tells of
one request lies in one bucket, and each bucket can be judged by itself. Amounts are whole pico-units, BIGINT or
DECIMAL(38,0); instants are microseconds in UTC.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from billing.errors import BillingError
from billing.ledger import Ledger
from billing.queries import chain

#: Its type stubs know no run ends.
pc: Any = pyarrow.compute

INSTANT = pa.timestamp("us", "UTC")
_AMOUNT = pa.decimal128(38, 0)
_TOKENS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit", "web_searches")
_COUNTS = ("records", "imported", "duplicate", "superseded", "conflict", "rejected", "ignored")


def _texts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.string())


#: One row per request, and of each sum or refund that a vendor tells. sql/schema.sql says what each column means;
#: `of_request` is the request that a refund or a failed try belongs to.
USAGE = pa.schema({
    **_texts("provider", "request_id", "client_request_id", "sku"), "used_at": INSTANT, **_texts("service_tier"),
    **dict.fromkeys(_TOKENS, pa.int64()), **_texts("unknown_fields", "status"), "error_status": pa.int32(),
    **_texts("error_code", "error_type"), "charged": pa.int64(),
    **_texts("unit", "project", "api_key_id", "tags", "of_request"), "is_snapshot": pa.bool_(),
    "file_id": pa.int64(), "line": pa.int64(),
})  # fmt: skip
CONFLICTS = USAGE.append(pa.field("reason", pa.string()))
REJECTS = pa.schema({**_texts("file_digest", "path"), "line": pa.int64(), **_texts("reason", "field")})
FILES = pa.schema({
    "file_id": pa.int64(), "loaded_at": INSTANT, **_texts("path", "digest"), "bytes": pa.int64(), **_texts("shape"),
    **dict.fromkeys(_COUNTS, pa.int64()), **_texts("reading"), "whole_bytes": pa.int64(), "whole_lines": pa.int64(),
    "continues": pa.int64(),
})  # fmt: skip
ENTRIES = pa.schema({
    **_texts("provider", "entry_id", "kind"), "booked_at": INSTANT, **_texts("unit"), "credits": _AMOUNT,
    "bonus": _AMOUNT, "paid": _AMOUNT, **_texts("currency"), "expires_at": INSTANT,
    "file_id": pa.int64(), "line": pa.int64(),
})  # fmt: skip
BALANCES = pa.schema({
    **_texts("provider"), "read_at": INSTANT, **_texts("unit"), "balance": _AMOUNT,
    "file_id": pa.int64(), "line": pa.int64(),
})  # fmt: skip
#: The relations of a folder, each a folder of its own.
RELATIONS = {
    "usage_records": USAGE, "conflicts": CONFLICTS, "rejects": REJECTS, "files": FILES, "account_entries": ENTRIES,
    "balance_snapshots": BALANCES,
}  # fmt: skip

#: A bucket is judged by itself, in the memory of one task: at most so many rows in each, as far as digits go.
_MOST_ROWS, _MOST_DIGITS = 4_000_000, 4
#: Rows of a group in a file: engines read and skip groups.
_GROUP_ROWS = 131_072


class CanonicalError(BillingError):
    """The folder can't be written."""


def write_canonical(ledger: Ledger, folder: Path, digits: int | None = None) -> int:
    """Write what the ledger holds of requests and accounts into a folder, whole or not at all; return its usage rows.

    There are 16**`digits` buckets; without, as many as keep each small enough to be judged in memory. Raise
    CanonicalError if the folder is there and holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CanonicalError(f"{folder}: is there already and holds something; name another folder with --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        rows = _write_all(ledger, beside, digits)
        beside.replace(folder)  # an empty folder that is there makes room
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return rows


def digits_for(rows: int) -> int:
    """Return how many digits name the buckets of so many rows.

    >>> digits_for(100_000), digits_for(100_000_000), digits_for(10_000_000_000)
    (1, 2, 3)
    """
    return next((n for n in range(1, _MOST_DIGITS) if rows <= 16**n * _MOST_ROWS), _MOST_DIGITS)


def _write_all(ledger: Ledger, folder: Path, digits: int | None) -> int:
    ((held,),) = ledger.rows("SELECT COUNT(*) FROM usage_records")
    told = {"digits": digits or digits_for(held)}
    usage = folder / "usage_records"
    buckets = groupby(runs_by_bucket(ledger.batches(chain("canonical"), told)), key=lambda run: run[0])
    rows = sum(_write(usage / f"bucket={name}", USAGE, (batch for _, batch in runs)) for name, runs in buckets)
    if rows != held:
        raise AssertionError(f"{held} usage records are in the ledger and {rows} were written")
    if not rows:  # a relation without a file has no columns
        _write(usage / f"bucket=x{'0' * told['digits']}", USAGE, ())
    conflicts = chain("canonical", taking={"usage_records": "conflicts"})
    _write(folder / "conflicts", CONFLICTS, ledger.batches(conflicts, told))
    for table in ("rejects", "files", "account_entries", "balance_snapshots"):
        rows_in_order = ledger.batches(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608 - our own tables
        _write(folder / table, RELATIONS[table], rows_in_order)
    return rows


def runs_by_bucket(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of each bucket, which stand together; a bucket may come in several pieces."""
    for batch in batches:
        runs, start = pc.run_end_encode(batch.column("bucket")), 0
        for name, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield name, batch.slice(start, end - start)
            start = end


def _write(folder: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the columns of the schema as the one file of a folder, and return how many rows there are."""
    folder.mkdir(parents=True)
    rows = 0
    with pq.ParquetWriter(folder / "part-0.parquet", schema, compression="zstd") as writer:
        for group in _groups(batches, schema):
            writer.write_table(group, row_group_size=_GROUP_ROWS)
            rows += group.num_rows
    return rows


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows in groups of one size, whatever pieces they come in: a file's bytes depend on its rows alone."""
    waiting = schema.empty_table()
    for batch in batches:
        piece = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
        waiting = pa.concat_tables([waiting, piece])
        while waiting.num_rows >= _GROUP_ROWS:
            yield waiting.slice(0, _GROUP_ROWS).combine_chunks()
            waiting = waiting.slice(_GROUP_ROWS)
    if waiting.num_rows:
        yield waiting.combine_chunks()
