"""An import in parts: files are read one by one, and what they tell is judged bucket by bucket.

`told` reads files with the importer's own readers, lanes and rejects and yields all that each tells. `judged` takes
what all files told of the ids of a bucket and settles it as every import does. Who runs the parts, and where, is no
matter: the outcome is that of one import which judges all files together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from billing.canonical import CONFLICTS, FILES, REJECTS, USAGE, runs_by_bucket
from billing.errors import RefusedInputError
from billing.importing.fast_lane import NotPlainError
from billing.importing.identity import settle
from billing.importing.importer import ImportResult, lanes_of, refusal
from billing.importing.known_files import stored_name
from billing.importing.loads import (
    Counts,
    FileResult,
    Options,
    Staged,
    open_stage,
    reused_message,
    stage_file,
)
from billing.importing.log_files import open_log_file, shown
from billing.importing.plain_text import surveyed
from billing.ledger import Ledger, open_ledger
from billing.queries import chain, statement

#: What became of a file when it was read; `message` says why it was refused.
_READ = pa.schema([
    *(FILES.field(name) for name in (
        "digest", "bytes", "shape", "records", "rejected", "ignored", "whole_bytes", "whole_lines",
    )),
    pa.field("message", pa.string()),
])  # fmt: skip
#: How many of a file's records of a bucket are what.
_SETTLED = pa.schema([FILES.field(name) for name in ("imported", "duplicate", "superseded", "conflict")])
_KIND, _BUCKET = pa.field("kind", pa.string()), pa.field("bucket", pa.string())

#: What reading yields: rows of one `kind` fill the columns that are theirs. A `record` has those of a usage record, a
#: `reject` line, reason and field, a `file` those of its reading. `file_id` is the file's place among all, from 0.
TOLD = pa.schema([_KIND, _BUCKET, *CONFLICTS, REJECTS.field("field"), *_READ])
#: What is judged: records, each with the number of its load.
TELLINGS = pa.schema([_BUCKET, *USAGE])
#: What judging yields: a `request` stays, a `conflict` has a reason, `counts` are of a load, and a `reused` id seems to
#: stand for several requests of a load. `file_id` is the number of the load.
JUDGED = pa.schema([_KIND, _BUCKET, *CONFLICTS, *_SETTLED])


@dataclass(frozen=True, slots=True)
class Parting:
    """How an import is parted: there are at most 16**`digits` buckets, and a task's engine may hold so much."""

    digits: int = 4
    memory_limit: str = "1GB"


def told(files: Sequence[tuple[int, Path]], options: Options, parting: Parting) -> Iterator[pa.RecordBatch]:
    """Yield batches of TOLD: all that these files tell, each of them whole or not at all."""
    if not files:
        return
    with _task_ledger(parting, [path for _, path in files]) as ledger:
        for place, path in files:
            ledger.connection.begin()
            try:
                yield from _told_by(ledger, place, path, options, parting)
            finally:
                ledger.connection.rollback()


def judged(tellings: Iterable[pa.RecordBatch], parting: Parting) -> Iterator[pa.RecordBatch]:
    """Yield batches of JUDGED from those of TELLINGS, in which the rows of a bucket stand together."""
    buckets = groupby(runs_by_bucket(tellings), key=lambda run: run[0])
    with _task_ledger(parting) as ledger:
        for bucket, pieces in buckets:
            ledger.connection.begin()
            try:
                yield from _judged_of(ledger, bucket, (piece for _, piece in pieces))
            finally:
                ledger.connection.rollback()


@dataclass(frozen=True, slots=True)
class Read:
    """Which files of an import count: `paths` are all of them, and `rows` what `told` says of each, both by place."""

    paths: Sequence[Path]
    rows: Mapping[int, Mapping[str, Any]]

    def loads(self) -> dict[int, int]:
        """Return the place of each file that was taken, with the number of its load: the same bytes are taken once."""
        taken: dict[str, int] = {}
        for place, row in sorted(self.rows.items()):
            if row["message"] is None:
                taken.setdefault(row["digest"], place)
        return {place: load for load, place in enumerate(taken.values(), start=1)}

    def result(self, settled: Mapping[int, Mapping[str, int]], reused: Mapping[int, Sequence[str]]) -> ImportResult:
        """Return what became of all files, in the order of their places.

        `settled` and `reused` are what `judged` says of each load. Raise AssertionError if a record is lost.
        """
        loads, counts, results = self.loads(), dict[str, Counts](), list[FileResult]()
        for place, path in enumerate(self.paths):
            row, load = self.rows[place], loads.get(place)
            if row["message"] is not None:
                results.append(FileResult(path, None, Counts(), "refused", row["message"]))
            elif load is None:
                again = counts[row["digest"]].told_again()
                results.append(FileResult(path, row["shape"], again, "imported"))
            else:
                read = {each: row[each] for each in ("records", "rejected", "ignored")}
                counts[row["digest"]] = now = Counts(**read, **settled.get(load, {}))
                now.check()
                message = reused_message(reused.get(load, ()))
                results.append(FileResult(path, row["shape"], now, "imported", message))
        return ImportResult(tuple(results))

    def files(self, result: ImportResult, options: Options) -> pa.Table:
        """Return the loads as rows of `files`."""
        reading = options.reading.described()
        same = {"loaded_at": options.loaded_at, "reading": reading, "continues": None}
        rows = [
            {**self.rows[place], **asdict(result.files[place].counts), **same, "file_id": load,
             "path": stored_name(self.paths[place])}
            for place, load in self.loads().items()
        ]  # fmt: skip
        return pa.Table.from_pylist([{name: row[name] for name in FILES.names} for row in rows], FILES)


@contextmanager
def _task_ledger(parting: Parting, logs: Sequence[Path] = ()) -> Iterator[Ledger]:
    """Open a ledger that lasts as long as the task; what is brought into it is taken back file by file."""
    with (
        TemporaryDirectory() as folder,
        open_ledger(Path(folder) / "task.duckdb", logs=logs, memory_limit=parting.memory_limit) as ledger,
    ):
        yield ledger


def _told_by(ledger: Ledger, place: int, path: Path, options: Options, parting: Parting) -> Iterator[pa.RecordBatch]:
    try:
        staged = _staged(ledger, path, options)
    except (RefusedInputError, duckdb.Error, OSError) as error:
        yield _row("file", TOLD, file_id=place, message=refusal(path, error).message)
        return
    ledger.change(statement("name_staged"))
    ledger.keep("tellings", statement("tellings"))
    records = chain("canonical", taking={"usage_records": "tellings"})
    for batch in ledger.batches(records, {"digits": parting.digits}):
        yield _filled("record", TOLD, batch, file_id=place)
    for batch in ledger.batches("SELECT line, reason, field FROM rejected"):
        yield _filled("reject", TOLD, batch, file_id=place)
    yield _row(
        "file", TOLD, file_id=place, digest=staged.source.digest, bytes=staged.source.bytes, shape=staged.shape,
        records=staged.counts.records, rejected=staged.counts.rejected, ignored=staged.counts.ignored,
        whole_bytes=staged.whole[0], whole_lines=staged.whole[1],
    )  # fmt: skip


def _staged(ledger: Ledger, path: Path, options: Options) -> Staged:
    """Bring a file's records into the stage, or into the ledger, of the transaction that is open."""
    with open_log_file(path) as file, surveyed(file, ledger.path.parent) as text:
        for lane in lanes_of(text, options):
            try:
                open_stage(ledger)
                staged = stage_file(ledger, text, options, lane, None)
            except NotPlainError:
                ledger.connection.rollback()
                ledger.connection.begin()
                continue
            if ledger.rows("SELECT 1 FROM account_entries UNION ALL SELECT 1 FROM balance_snapshots LIMIT 1"):
                raise RefusedInputError(
                    f"{shown(path)}: tells of an account, not of requests; `tallystick import` takes it into a ledger"
                )
            return staged
    raise AssertionError("no lane was left to read the file in")


def _judged_of(ledger: Ledger, bucket: str, pieces: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    ledger.connection.execute(statement("stage"))
    for piece in pieces:
        ledger.connection.register("incoming", piece.select(USAGE.names))
        ledger.change(statement("stage_tellings"))
        ledger.connection.unregister("incoming")
    settled = settle(ledger)
    for kind, table in (("request", "usage_records"), ("conflict", "conflicts")):
        query = chain("canonical", taking={"usage_records": f"main.{table}"})
        for batch in ledger.batches(query, {"digits": len(bucket) - 1}):
            yield _filled(kind, JUDGED, batch)
    for file_id, each in sorted(settled.items()):
        counts = {name: getattr(each, name) for name in _SETTLED.names}
        yield _row("counts", JUDGED, file_id=file_id, **counts)
        for request_id in each.reused_ids:
            yield _row("reused", JUDGED, file_id=file_id, request_id=request_id)


def _row(kind: str, schema: pa.Schema, **values: object) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"kind": kind, **values}], schema)


def _filled(kind: str, schema: pa.Schema, batch: pa.RecordBatch, **same: object) -> pa.RecordBatch:
    """Return the rows with all columns of the schema: `same` in each row, and NULL where they say nothing."""
    said: dict[str, object] = {"kind": kind, **same}
    columns = [
        batch.column(each.name).cast(each.type)
        if each.name in batch.schema.names and each.name not in said
        else pa.repeat(pa.scalar(said.get(each.name), each.type), batch.num_rows)
        for each in schema
    ]
    return pa.record_batch(columns, schema=schema)
