"""From log files to the ledger: each file wholly or not at all, every record accounted for."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

import duckdb

from billing.errors import RefusedInputError
from billing.fast_lane import WORTHWHILE_BYTES, FastLane, Lane, NotPlainError, Scan
from billing.formats import open_log
from billing.identity import settle, unsettle
from billing.ledger import Ledger
from billing.log_files import log_files, open_log_file, shown
from billing.plain_text import PlainText, surveyed
from billing.queries import statement
from billing.receipt import receipted
from billing.records import Outcome, Reading, Reject, UsageRecord, tags_text
from pricing.amounts import to_pico
from pricing.usage import TOKEN_KINDS

_BATCH = 50_000

#: Told after each file, or part of one: the path and how many of its bytes are read.
Progress = Callable[[Path, int], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records; `ignored` lines are no records."""

    records: int = 0
    imported: int = 0
    duplicate: int = 0
    superseded: int = 0
    conflict: int = 0
    rejected: int = 0
    ignored: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Counts)))

    def check(self) -> None:
        """Raise AssertionError if a record is lost or counted twice."""
        told = self.imported + self.duplicate + self.superseded + self.conflict + self.rejected
        if self.records != told:
            raise AssertionError(f"{self.records} records were read and {told} are accounted for")


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file. `status` is imported, or refused with the reason in `message`."""

    path: Path
    shape: str | None
    counts: Counts
    status: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, the SHA-256 of its bytes and the number of this load of it: where records stand."""

    path: Path
    digest: str
    bytes: int
    file_id: int

    @property
    def name(self) -> str:
        """The path as the ledger holds it; a byte that is no UTF-8 is written as an escape."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of all files, in the order they were read."""

    files: tuple[FileResult, ...]

    @property
    def total(self) -> Counts:
        """The sum over all files."""
        return sum((file.counts for file in self.files), Counts())

    @property
    def is_clean(self) -> bool:
        """Whether every file was taken and no record rejected."""
        return not self.total.rejected and all(file.status != "refused" for file in self.files)


@dataclass(frozen=True, slots=True)
class _Options:
    """How to import, the same for all files of a load."""

    reading: Reading
    loaded_at: datetime
    lanes: tuple[Lane, ...] | None
    on_progress: Progress | None


def import_paths(  # noqa: PLR0913 - two of them are for those who watch and those who compare
    ledger: Ledger,
    paths: Iterable[Path],
    reading: Reading,
    loaded_at: datetime,
    *,
    on_progress: Progress | None = None,
    lanes: tuple[Lane, ...] | None = None,
) -> ImportResult:
    """Import log files, and the logs in folders, into the ledger.

    `loaded_at` is noted beside each file. Nothing raises for a bad file; its result says why it was refused. `lanes`
    are tried one after the other, the last being the strict one; without, they are chosen by the size of the file.
    """
    options = _Options(reading, loaded_at, lanes, on_progress)
    with receipted(ledger):
        results = tuple(_import_file(ledger, path, options) for path in log_files(paths))
    return ImportResult(results)


def _import_file(ledger: Ledger, path: Path, options: _Options) -> FileResult:
    try:
        with open_log_file(path) as file, surveyed(file, ledger.path.parent) as text:
            return _in_first_lane(ledger, text, options)
    except RefusedInputError as error:
        return FileResult(path, None, Counts(), "refused", str(error))
    except duckdb.Error as error:
        # Its text may quote a row, so only its kind is told.
        kind = type(error).__name__
        return FileResult(
            path, None, Counts(), "refused", f"{shown(path)}: the ledger could not take it ({kind}); nothing is kept"
        )
    except OSError as error:
        return FileResult(path, None, Counts(), "refused", f"{shown(path)}: can't be read: {error.strerror or error}")


def _in_first_lane(ledger: Ledger, text: PlainText, options: _Options) -> FileResult:
    """Read the file in the first lane that can."""
    by_size = tuple(Lane) if text.size >= WORTHWHILE_BYTES else (Lane.STRICT,)
    for lane in options.lanes or by_size:
        try:
            with ledger.transaction():
                return _load(ledger, text, options, lane)
        except NotPlainError:
            continue
    raise AssertionError("no lane was left to read the file in")


def _load(ledger: Ledger, text: PlainText, options: _Options, lane: Lane) -> FileResult:
    path, reading = text.log_file.path, options.reading
    source = Source(path, text.log_file.digest, text.log_file.bytes, _next_file_id(ledger))
    rejected_before = _rejected_before(ledger, source)
    ledger.connection.execute(statement("stage"))
    # Beside the stage, for a file of rejects alone must not fill the memory.
    ledger.keep("rejected", "SELECT * FROM rejects LIMIT 0")
    note_file(ledger, source, options.loaded_at)
    log = open_log(text.read(), shown(path), reading)
    scanned = Scan(0, 0, 0, log.outcomes)
    if lane is not Lane.STRICT:
        scanned = FastLane(ledger, log, text, reading, source.file_id).scan(lane)
    staged = _stage(ledger, scanned.outcomes, source, text, options)
    if lane is Lane.STRICT and not text.is_unchanged():
        raise RefusedInputError(f"{shown(path)}: was changed while it was read; import it again when it is at rest")
    disputed = unsettle(ledger, source.file_id) if lane is not Lane.STRICT else 0
    settled = settle(ledger)
    undisputed = scanned.records - scanned.staged - disputed
    if rejected_before is not None and undisputed + settled.imported > max(0, rejected_before - staged.rejected):
        raise RefusedInputError(_read_otherwise(path))
    counts = Counts(
        records=scanned.records + staged.records + staged.rejected, imported=undisputed + settled.imported,
        duplicate=settled.duplicate, superseded=settled.superseded, conflict=settled.conflict,
        rejected=staged.rejected, ignored=scanned.ignored + staged.ignored,
    )  # fmt: skip
    counts.check()
    if rejected_before is None or staged.rejected < rejected_before:
        _note_rejects(ledger, source)
    _note_counts(ledger, source, log.shape, counts)
    return FileResult(path, log.shape, counts, "imported", _message(settled.reused_ids))


def _stage(ledger: Ledger, outcomes: Iterator[Outcome], source: Source, text: PlainText, options: _Options) -> Counts:
    """Let the outcomes wait in the ledger's stage; count the records, the rejects and what is neither."""
    records = rejected = ignored = 0
    for batch in _batches(outcomes):
        taken = [row_of(each, source.file_id, options.reading) for each in batch if isinstance(each, UsageRecord)]
        rejects = [_row_of_reject(each, source) for each in batch if isinstance(each, Reject)]
        ledger.append("stage", taken)
        ledger.append("rejected", rejects)
        records += len(taken)
        rejected += len(rejects)
        ignored += len(batch) - len(taken) - len(rejects)
        if options.on_progress:
            options.on_progress(source.path, text.bytes_read)
    return Counts(records=records, rejected=rejected, ignored=ignored)


def _read_otherwise(path: Path) -> str:
    return (
        f"{shown(path)}: its requests are in the ledger already, and read with these options (--provider, --zone, "
        "--by-content) they would count a second time; import them into a new ledger"
    )


def _message(reused_ids: tuple[str, ...]) -> str:
    if not reused_ids:
        return ""
    return (
        f"{len(reused_ids)} ids stand for several requests each (the first is {reused_ids[0]}); what is not in the "
        "totals is listed by `tallystick conflicts`. If your gateway reuses ids, import into a new ledger with "
        "--by-content"
    )


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    batch: list[Outcome] = []
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def row_of(record: UsageRecord, file_id: int, reading: Reading) -> dict[str, object]:
    """Return a record as a row of the stage. Without an id, or where ids are not believed, it is named later."""
    usage = record.usage
    given = "" if reading.by_content else record.request_id or record.client_request_id
    return {
        "provider": record.provider,
        "request_id": given or None,
        "client_request_id": record.client_request_id,
        "sku": record.sku,
        "used_at": record.at,
        "service_tier": usage.service_tier,
        **{kind.value: usage.tokens(kind) for kind in TOKEN_KINDS},
        "cache_write_unsplit": usage.cache_write_unsplit,
        "web_searches": usage.web_searches,
        "unknown_fields": ",".join(usage.unknown_fields) or None,
        "status": record.status.value,
        "error_status": record.error_status,
        "error_code": record.error_code,
        "error_type": record.error_type,
        "charged": None if record.charged is None else to_pico(record.charged),
        "unit": record.unit,
        "project": record.project,
        "api_key_id": record.api_key_id,
        "tags": tags_text(dict(record.tags)),
        "is_snapshot": record.is_snapshot,
        "file_id": file_id,
        "line": record.line,
    }


def _rejected_before(ledger: Ledger, source: Source) -> int | None:
    """Return how many records of these very bytes were rejected at last; None if they were never imported."""
    query = "SELECT MIN(rejected) FROM files WHERE digest = $digest"
    ((least,),) = ledger.rows(query, {"digest": source.digest})
    return None if least is None else int(least)


def _note_rejects(ledger: Ledger, source: Source) -> None:
    """Note what was rejected, in the place of what was rejected of the same bytes when they were read otherwise."""
    ledger.connection.execute("DELETE FROM rejects WHERE file_digest = ?", [source.digest])
    ledger.connection.execute("INSERT INTO rejects SELECT * FROM rejected")


def _row_of_reject(reject: Reject, source: Source) -> dict[str, object]:
    """Return a reject as a row of its table."""
    place: dict[str, object] = {"file_digest": source.digest, "path": source.name}
    return place | {"line": reject.line, "reason": reject.reason, "field": reject.field}


def _next_file_id(ledger: Ledger) -> int:
    ((number,),) = ledger.rows("SELECT COALESCE(MAX(file_id), 0) + 1 FROM files")
    return int(number)


def note_file(ledger: Ledger, source: Source, loaded_at: datetime) -> None:
    """Note the file before its records, which refer to it."""
    nothing = asdict(Counts())
    row = {
        "file_id": source.file_id, "loaded_at": loaded_at, "path": source.name, "digest": source.digest,
        "bytes": source.bytes, "shape": None, "reading": "", "whole_bytes": 0, "whole_lines": 0, **nothing,
    }  # fmt: skip
    ledger.append("files", [row])


def _note_counts(ledger: Ledger, source: Source, shape: str, counts: Counts) -> None:
    """Note what became of the file's records."""
    ledger.connection.execute(statement("update_file"), {"file_id": source.file_id, "shape": shape, **asdict(counts)})
