"""What docs/scale.md counts with: bytes of a request in canonical Parquet, and what it takes to judge a bucket.

Run by hand: `python -m tests.bench.scale [ROWS ...]`, the rows of the buckets to judge.
"""

import resource
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from billing.canonical import USAGE, write_canonical
from billing.importing.importer import import_paths
from billing.importing.parted_import import TELLINGS, Parting, judged
from billing.ledger import open_ledger
from tests.spark_logs import options, write_logs
from tests.spark_values import requests

#: Tellings of a bucket: each id once but one in twenty, which is told twice; as random as ids of vendors are.
_TELLINGS = """
    SELECT
        'x0' AS bucket, 'vendor' AS provider, 'msg_' || md5(CAST(n * 20 // 21 AS VARCHAR))[1:24] AS request_id,
        'call_' || md5('c' || n * 20 // 21)[1:24] AS client_request_id, 'alpha' AS sku,
        make_timestamptz(1790812800000000 + n * 20 // 21 * 1000) AS used_at, 'standard' AS service_tier,
        n * 20 // 21 % 9973 AS input, n * 20 // 21 % 997 AS output, 0 AS cache_read, 0 AS cache_write_5m,
        0 AS cache_write_1h, 0 AS cache_write_unsplit, 0 AS web_searches, 'ok' AS status, 10000000000 AS charged,
        'credit' AS unit, FALSE AS is_snapshot, 1 + n % 2 AS file_id, n AS line
    FROM range($rows) AS r(n)
"""


def main(rows: list[int]) -> None:
    """Print both measurements."""
    with TemporaryDirectory() as folder:
        _bytes_per_request(Path(folder))
    for each in rows:
        with get_context("spawn").Pool(1) as pool:  # a process of its own, whose memory is nothing else's
            seconds, peak = pool.apply(_judge, (each,))
        print(f"a bucket of {each:,} tellings: {seconds / each * 1e6:.1f} us of CPU each, at most {peak >> 20:,} MB")


def _bytes_per_request(folder: Path) -> None:
    write_logs(folder / "logs", requests())
    logs, how = sorted((folder / "logs").iterdir()), options(folder)
    with open_ledger(folder / "ledger.duckdb", logs=logs) as ledger:
        import_paths(ledger, logs, how.reading, how.loaded_at)
        for digits in (1, 2):
            rows = write_canonical(ledger, folder / f"usage-{digits}", digits)
            files = list((folder / f"usage-{digits}" / "usage_records").rglob("*.parquet"))
            size = sum(file.stat().st_size for file in files)
            print(f"{rows:,} requests in {len(files)} buckets: {size / rows:.1f} bytes each")
    packed = sum(file.stat().st_size for file in logs)
    print(f"their packed logs: {packed / rows:.1f} bytes each")
    for name, share in _columns(folder / "usage-1"):
        print(f"    {name}: {share / rows:.1f}")


def _columns(usage: Path) -> Iterator[tuple[str, int]]:
    """Yield the columns that take most, with their packed bytes."""
    sizes = dict.fromkeys(USAGE.names, 0)
    for file in usage.joinpath("usage_records").rglob("*.parquet"):
        told = pq.ParquetFile(file).metadata
        for group in range(told.num_row_groups):
            for column in range(told.num_columns):
                chunk = told.row_group(group).column(column)
                sizes[chunk.path_in_schema] += chunk.total_compressed_size
    yield from sorted(sizes.items(), key=lambda each: -each[1])[:8]


def _judge(rows: int) -> tuple[float, int]:
    """Judge a bucket of so many tellings; return the seconds of CPU that it took and the peak of memory in bytes."""
    with duckdb.connect() as engine:
        engine.execute(
            "SET TimeZone = 'UTC'; SET memory_limit = '200MB'; SET threads = 1; SET enable_progress_bar = FALSE"
        )
        reader = engine.sql(_TELLINGS, params={"rows": rows}).to_arrow_reader(10_000)
        start = time.process_time()
        kept = sum(batch.num_rows for batch in judged(map(_told, reader), Parting()))
    assert kept > rows * 9 // 10
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _told(batch: pa.RecordBatch) -> pa.RecordBatch:
    missing = pa.nulls(batch.num_rows)
    names = batch.schema.names
    columns = [(batch.column(each.name) if each.name in names else missing).cast(each.type) for each in TELLINGS]
    return pa.record_batch(columns, schema=TELLINGS)


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [100_000, 1_000_000])
