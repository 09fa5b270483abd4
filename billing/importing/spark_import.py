"""An import of raw logs by Spark: each task reads some files with the importer itself, and then judges some buckets.

The logs lie where driver and workers all find them under the same path, and the workers have this package. The result
is a folder of canonical Parquet, with the rows that an import on one machine would export.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.storagelevel import StorageLevel

from billing.canonical import BALANCES, CONFLICTS, ENTRIES, FILES, REJECTS, USAGE, CanonicalError, digits_for
from billing.errors import EngineError
from billing.importing.importer import ImportResult
from billing.importing.known_files import stored_name
from billing.importing.loads import Options
from billing.importing.log_files import log_files
from billing.importing.parted_import import JUDGED, TELLINGS, TOLD, Parting, Read, judged, told

#: Which loads count: the place of a file among all, the number of its load, the digest of its bytes.
_PLACE: Final = pa.field("place", pa.int64())
_LOADS: Final = (
    pa.schema([_PLACE, pa.field("load", pa.int64())]).append(REJECTS.field("file_digest")).append(REJECTS.field("path"))
)
#: Instants as integers that every engine reads, and the packing that our own files have.
_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({
    "spark.sql.session.timeZone": "UTC", "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
})  # fmt: skip
#: A task is to last longer than it takes to start: so much of packed logs, and so many records, for each.
_BYTES_PER_TASK, _RECORDS_PER_TASK = 2**20, 50_000

Task = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def import_on_spark(
    session: SparkSession, paths: Iterable[Path], options: Options, folder: str, digits: int | None = None
) -> ImportResult:
    """Import log files, and the logs in folders, into a folder of canonical Parquet that is not there yet.

    Usage is cut into 16**`digits` buckets; without, into as many as keep each small. Nothing raises for a bad file; its
    result says why it was refused. `files` is written last: a folder without it is of an import that did not end. Raise
    CanonicalError if the folder is there, EngineError if Spark gives up.
    """
    try:
        _refuse_to_replace(session, folder)
        return _import(session, list(log_files(paths)), options, folder, digits)
    except PySparkException as error:  # its own text may quote a row
        why = error.getCondition() or type(error).__name__
        raise EngineError(f"{folder}: Spark gave up the import ({why}); delete the folder and import again") from None


def _import(session: SparkSession, logs: list[Path], options: Options, folder: str, digits: int | None) -> ImportResult:
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    with _kept(_all_told(session, logs, options)) as all_told:
        read = Read(logs, {row["file_id"]: row for row in _rows(all_told.where("kind = 'file'"))})
        found = all_told.join(sql.broadcast(_loads(session, read)), sql.expr("file_id = place"))
        records = sum(row["records"] or 0 for row in read.rows.values())
        with _kept(_all_judged(found, records, digits or digits_for(records))) as all_judged:
            result = read.result(_settled(all_judged), _reused(all_judged))
            usage = all_judged.where("kind = 'request'").select("bucket", *USAGE.names)
            usage.write.partitionBy("bucket").parquet(f"{folder}/usage_records")
            if not result.total.imported:  # a relation without a file has no columns
                _write(_frame(session, USAGE, []), f"{folder}/usage_records", "bucket=x", USAGE)
            _write(all_judged.where("kind = 'conflict'"), folder, "conflicts", CONFLICTS)
        _write(found.where("kind = 'reject'"), folder, "rejects", REJECTS)
    for name, schema in (("account_entries", ENTRIES), ("balance_snapshots", BALANCES)):
        _write(_frame(session, schema, []), folder, name, schema)
    _write(session.createDataFrame(read.files(result, options)), folder, "files", FILES)
    return result


def _all_told(session: SparkSession, logs: Sequence[Path], options: Options) -> DataFrame:
    """Have each file read by one task."""

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        places = [int(str(place)) for batch in batches for place in batch.column("place").to_pylist()]
        return told([(place, logs[place]) for place in places], options, Parting())

    places = _frame(session, pa.schema([_PLACE]), [{"place": place} for place in range(len(logs))])
    tasks = min(1 + sum(map(_size, logs)) // _BYTES_PER_TASK, max(1, len(logs)))
    return _mapped(places.repartition(tasks), read, TOLD)


def _all_judged(found: DataFrame, records: int, digits: int) -> DataFrame:
    """Have each bucket judged by one task."""

    def judge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return judged((batch.cast(TELLINGS) for batch in batches), Parting())

    columns = {"bucket": f"substr(bucket, 1, {1 + digits}) AS bucket", "file_id": "load AS file_id"}
    tellings = found.where("kind = 'record'").selectExpr(*(columns.get(name, name) for name in TELLINGS.names))
    tasks = min(1 + records // _RECORDS_PER_TASK, 16**digits)
    return _mapped(tellings.repartition(tasks, "bucket").sortWithinPartitions("bucket"), judge, JUDGED)


def _loads(session: SparkSession, read: Read) -> DataFrame:
    paths = {place: stored_name(read.paths[place]) for place in read.loads()}
    return _frame(session, _LOADS, [
        {"place": place, "load": load, "file_digest": read.rows[place]["digest"], "path": paths[place]}
        for place, load in read.loads().items()
    ])  # fmt: skip


def _settled(all_judged: DataFrame) -> dict[int, dict[str, int]]:
    """Return of each load how many of its records are what."""
    names = ("imported", "duplicate", "superseded", "conflict")
    sums = all_judged.where("kind = 'counts'").groupBy("file_id").agg(*(sql.sum(name).alias(name) for name in names))
    return {row.pop("file_id"): row for row in _rows(sums)}


def _reused(all_judged: DataFrame) -> dict[int, list[str]]:
    """Return of each load the ids that seem to stand for several requests."""
    found: dict[int, list[str]] = {}
    for row in _rows(all_judged.where("kind = 'reused'").select("file_id", "request_id")):
        found.setdefault(row["file_id"], []).append(row["request_id"])
    return {load: sorted(ids) for load, ids in found.items()}


@contextmanager
def _kept(frame: DataFrame) -> Iterator[DataFrame]:
    """Keep a frame on the workers' disks, for it is read more than once."""
    frame.persist(StorageLevel.DISK_ONLY)
    try:
        yield frame
    finally:
        frame.unpersist()


def _rows(frame: DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return rows


def _frame(session: SparkSession, schema: pa.Schema, rows: Sequence[Mapping[str, object]]) -> DataFrame:
    """Return rows of ours as a frame."""
    return session.createDataFrame(pa.Table.from_pylist(list(rows), schema))


def _size(path: Path) -> int:
    """Return a file's bytes on disk, as far as they can be told."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # ValueError for a path that no system takes
        return 0


def _write(frame: DataFrame, folder: str, name: str, schema: pa.Schema) -> None:
    """Write a small relation as one file, also where it has no rows."""
    frame.select(*schema.names).coalesce(1).write.parquet(f"{folder}/{name}")


def _mapped(frame: DataFrame, function: Task, schema: pa.Schema) -> DataFrame:
    """Have each part of a frame run through a function by a worker."""
    with warnings.catch_warnings():
        # No table of pandas is ever made here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        return frame.mapInArrow(function, from_arrow_schema(schema, prefer_timestamp_ntz=False))


def _refuse_to_replace(session: SparkSession, folder: str) -> None:
    try:
        session.read.option("recursiveFileLookup", "true").format("binaryFile").load(folder)
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
    else:
        raise CanonicalError(f"{folder}: is there already; name another folder with --usage")
