"""One file into the ledger: staged, judged and noted inside one transaction, every record accounted for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from billing.accounting.accounts import take
from billing.errors import RefusedInputError
from billing.importing.fast_lane import FastLane, Lane, Scan
from billing.importing.formats import open_log, open_rest
from billing.importing.identity import Settled, settle, unsettle
from billing.importing.known_files import Load, begun_otherwise, stored_name
from billing.importing.log_files import shown
from billing.importing.plain_text import PlainText
from billing.ledger import Ledger
from billing.queries import statement
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

    def told_again(self) -> "Counts":
        """Return what becomes of the same records when they are read once more: none of them is new."""
        return replace(self, imported=0, duplicate=self.imported + self.duplicate)

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
class Options:
    """How files are imported, the same for all of an import."""

    reading: Reading
    loaded_at: datetime
    lanes: tuple[Lane, ...] | None = None
    on_progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file, the SHA-256 of its bytes and the number of this load of it: where records stand."""

    path: Path
    digest: str
    bytes: int
    file_id: int
    continues: int | None = None
    """The load that read the beginning of the file, where this one reads what was put behind it."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A file whose records wait to be judged, with what is known of them so far."""

    source: Source
    shape: str
    counts: Counts
    """Of `imported` those that wait for nothing; the others are yet to be judged."""
    rejected_before: int | None
    begun: tuple[int, int] | None
    """How many records the file told, and how many of them were rejected, when it was shorter and read otherwise."""
    before: Load | None
    whole: tuple[int, int]
    """The bytes and the lines up to the end of the last whole line, if the file can be read on from there."""


def open_stage(ledger: Ledger) -> None:
    """Make room for the records and rejects of the files of one transaction."""
    ledger.connection.execute(statement("stage"))
    # Beside the stage, for a file of rejects alone must not fill the memory.
    ledger.keep("rejected", "SELECT * FROM rejects LIMIT 0")


def load(ledger: Ledger, text: PlainText, options: Options, lane: Lane, before: Load | None) -> FileResult:
    """Load a file in that lane, or what was put behind its lines since that load. To be called inside a transaction.

    Raise RefusedInputError, naming the file, if it can't be taken; NotPlainError if another lane has to be tried.
    """
    open_stage(ledger)
    staged = stage_file(ledger, text, options, lane, before)
    return finish(ledger, [staged], settle(ledger))[0]


def stage_file(ledger: Ledger, text: PlainText, options: Options, lane: Lane, before: Load | None) -> Staged:
    """Read a file in that lane, and let its records wait to be judged; what nobody disputes may go into the ledger."""
    path, reading, file_id = text.log_file.path, options.reading, next_file_id(ledger)
    source = Source(path, text.log_file.digest, text.log_file.bytes, file_id, before.file_id if before else None)
    rejected_before = _rejected_before(ledger, source)
    note_files(ledger, [source], options)
    if before and before.shape:
        log = open_rest(text.read(), before.shape, reading)
    else:
        log = open_log(text.read(), shown(path), reading)
    scanned = Scan(0, 0, 0, log.outcomes)
    if lane is not Lane.STRICT:
        scanned = FastLane(ledger, log, text, reading, file_id, lane).scan()
    read = stage(ledger, scanned.outcomes, source, text, options)
    if lane is Lane.STRICT and not text.is_unchanged():
        raise RefusedInputError(f"{shown(path)}: was changed while it was read; import it again when it is at rest")
    if before:
        _count_on(ledger, source, before)
    disputed = unsettle(ledger, file_id, scanned.records) if scanned.records > scanned.staged else 0
    counts = Counts(
        records=scanned.records + read.records, imported=scanned.records - scanned.staged - disputed + read.imported,
        duplicate=read.duplicate, rejected=read.rejected, ignored=scanned.ignored + read.ignored,
    )  # fmt: skip
    whole = (text.whole_bytes, text.whole_lines) if log.read_lines else (0, 0)
    begun = None if before else begun_otherwise(ledger, text.opened, reading)
    return Staged(source, log.shape, counts, rejected_before, begun, before, whole)


def finish(ledger: Ledger, staged: Sequence[Staged], settled: Mapping[int, Settled]) -> list[FileResult]:
    """Note what became of the files' records, now that they are judged.

    Raise RefusedInputError if records of one of them would count twice.
    """
    found = [(each, _counts(each, settled[each.source.file_id])) for each in staged]
    for each, counts in found:
        before = each.rejected_before
        if counts.imported > _most_new(each, counts):
            raise RefusedInputError(_read_otherwise(each.source.path))
        if counts.rejected if before is None else counts.rejected < before:
            _note_rejects(ledger, each.source)
    if found:
        _note_counts(ledger, found)
    return [
        FileResult(
            each.source.path, each.shape, counts, "imported", reused_message(settled[each.source.file_id].reused_ids)
        )
        for each, counts in found
    ]


def _most_new(staged: Staged, counts: Counts) -> int:
    """Return how many records of a file can be new: of what was read before, those that were rejected alone."""
    if staged.rejected_before is not None:
        return max(0, staged.rejected_before - counts.rejected)
    if staged.begun is not None:
        records, rejected = staged.begun
        return counts.records - records + max(0, rejected - counts.rejected)
    return counts.records


def _counts(staged: Staged, settled: Settled) -> Counts:
    """Return what became of all records of a file; raise AssertionError if one of them is lost or counted twice."""
    judged = Counts(
        imported=settled.imported, duplicate=settled.duplicate, superseded=settled.superseded, conflict=settled.conflict
    )
    counts = staged.counts + judged
    counts.check()
    return counts


def stage(ledger: Ledger, outcomes: Iterator[Outcome], source: Source, text: PlainText, options: Options) -> Counts:
    """Let the outcomes wait in the ledger's stage; count the records, the rejects and what is neither."""
    records = rejected = ignored = imported = duplicate = 0
    for batch in _batches(outcomes):
        of_account = take(ledger, batch, source.file_id)
        told = [each for each in batch if isinstance(each, UsageRecord)]
        if options.reading.by_content and any(each.is_snapshot for each in told):
            raise RefusedInputError(_told_while_it_grows(source.path))
        taken = [row_of(each, source.file_id, options.reading) for each in told]
        refused = [each for each in (*batch, *of_account.rejects) if isinstance(each, Reject)]
        rejects = [_row_of_reject(each, source) for each in refused]
        ledger.append("stage", taken)
        ledger.append("rejected", rejects)
        records += len(taken)
        rejected += len(rejects)
        imported += of_account.imported
        duplicate += of_account.duplicate
        ignored += len(batch) - len(taken) - len(rejects) - of_account.imported - of_account.duplicate
        if options.on_progress:
            options.on_progress(source.path, text.bytes_read)
    read = records + imported + duplicate + rejected
    return Counts(records=read, imported=imported, duplicate=duplicate, rejected=rejected, ignored=ignored)


def _read_otherwise(path: Path) -> str:
    return (
        f"{shown(path)}: its requests are in the ledger already, and read with these options (--provider, --zone, "
        "--by-content) they would count a second time; import them into a new ledger"
    )


def _told_while_it_grows(path: Path) -> str:
    return (
        f"{shown(path)}: tells an answer again and again while it grows, and --by-content would count each time; "
        "import it without --by-content"
    )


def reused_message(reused_ids: Sequence[str]) -> str:
    """Say of a file that ids in it seem to stand for several requests each; nothing if there are none."""
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


def _count_on(ledger: Ledger, source: Source, before: Load) -> None:
    """Count the lines of the rest of a file on from its beginning, whose last line may have been cut."""
    moved = {"file_id": source.file_id, "digest": source.digest, "lines": before.whole_lines}
    for table, where in (
        ("stage", "file_id = $file_id"), ("usage_records", "file_id = $file_id"),
        ("balance_snapshots", "file_id = $file_id"), ("rejected", "file_digest = $digest"),
    ):  # fmt: skip
        ledger.change(f"UPDATE {table} SET line = line + $lines WHERE {where}", moved)  # noqa: S608 - our own tables
    at = {"file_id": before.file_id, "whole_lines": before.whole_lines}
    cut = ledger.change(statement("delete_cut_rejects"), at)
    ledger.change(statement("update_cut_counts"), {"file_id": before.file_id, "cut": cut})


def _rejected_before(ledger: Ledger, source: Source) -> int | None:
    """Return how many records of these very bytes were rejected at last; None if they were never imported."""
    return min(
        (rejected for rejected, _ in ledger.rows(statement("all_loads"), {"digest": source.digest})), default=None
    )


def _note_rejects(ledger: Ledger, source: Source) -> None:
    """Note what was rejected, in the place of what was rejected of the same bytes when they were read otherwise."""
    told = {"digest": source.digest}
    loads = ledger.rows(statement("all_loads"), told)
    before = [digest for _, digests in loads for digest in digests]
    ledger.change(
        "DELETE FROM rejects WHERE file_digest IN (SELECT UNNEST($before))", {"before": [source.digest, *before]}
    )
    ledger.change("INSERT INTO rejects SELECT * FROM rejected WHERE file_digest = $digest", told)


def _row_of_reject(reject: Reject, source: Source) -> dict[str, object]:
    """Return a reject as a row of its table."""
    place: dict[str, object] = {"file_digest": source.digest, "path": stored_name(source.path)}
    return place | {"line": reject.line, "reason": reject.reason, "field": reject.field}


def next_file_id(ledger: Ledger) -> int:
    """Return the number of the next load."""
    ((number,),) = ledger.rows("SELECT COALESCE(MAX(file_id), 0) + 1 FROM files")
    return int(number)


def note_files(ledger: Ledger, sources: Sequence[Source], options: Options) -> None:
    """Note files before their records, which refer to them."""
    told = {
        "file_id": [each.file_id for each in sources], "path": [stored_name(each.path) for each in sources],
        "digest": [each.digest for each in sources], "bytes": [each.bytes for each in sources],
        "continues": [each.continues for each in sources],
        "loaded_at": options.loaded_at, "reading": options.reading.described(),
    }  # fmt: skip
    ledger.change(statement("insert_files"), told)


def _note_counts(ledger: Ledger, found: Sequence[tuple[Staged, Counts]]) -> None:
    """Note what became of the files' records, and where the last whole line of each ends."""
    rows = [
        {
            "file_id": staged.source.file_id, "shape": staged.shape, **asdict(counts),
            "whole_bytes": staged.whole[0] + (staged.before.whole_bytes if staged.before else 0),
            "whole_lines": staged.whole[1] + (staged.before.whole_lines if staged.before else 0),
        }
        for staged, counts in found
    ]  # fmt: skip
    ledger.change(statement("update_files"), {name: [row[name] for row in rows] for name in rows[0]})
