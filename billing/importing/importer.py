"""From log files to the ledger: each file wholly or not at all, and of a file that was read before only what is new."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from billing.errors import RefusedInputError
from billing.importing.fast_lane import WORTHWHILE_BYTES, Lane, NotPlainError
from billing.importing.identity import settle
from billing.importing.known_files import Load, are_known, check_no_ledger, last_load, read_before
from billing.importing.loads import Counts, FileResult, Options, Progress, Staged, finish, load, open_stage, stage_file
from billing.importing.log_files import log_files, open_log_file, shown
from billing.importing.plain_text import PlainText, surveyed
from billing.importing.sessions import MOST_BYTES, import_sessions
from billing.ledger import Ledger
from billing.receipt import receipted
from billing.records import Reading

#: How many small files share a transaction: as many as need little memory, and are soon read again if one is bad.
_MOST_TOGETHER = 100


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
    options = Options(reading, loaded_at, lanes, on_progress)
    with receipted(ledger):
        results = [result for batch in _batches(log_files(paths)) for result in _import_batch(ledger, batch, options)]
    return ImportResult(tuple(results))


def _batches(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Yield files that may be imported together, for a transaction costs as much as many lines: small, or large."""
    for _, group in groupby(paths, lambda path: _size(path) < WORTHWHILE_BYTES):
        together: list[Path] = []
        size = 0
        for path in group:
            size += _size(path)
            if together and (size > MOST_BYTES or len(together) == _MOST_TOGETHER):
                yield together
                together, size = [], _size(path)
            together.append(path)
        yield together


def _size(path: Path) -> int:
    """Return a file's bytes on disk; of what can't be read, more than are ever imported together."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # ValueError for a path that no system takes
        return MOST_BYTES + 1


def _import_batch(ledger: Ledger, paths: list[Path], options: Options) -> list[FileResult]:
    """Import files together if all of them are simple cases; if not, those of each half."""
    are_large = _size(paths[0]) >= WORTHWHILE_BYTES
    together = import_sessions if are_large else _import_together
    if options.lanes is None and (are_large or len(paths) > 1) and not are_known(ledger, paths):
        try:
            with ledger.transaction():
                return together(ledger, paths, options)
        except (NotPlainError, RefusedInputError, duckdb.Error, OSError):
            pass  # by itself each file is taken, or told what is wrong with it
    if len(paths) == 1:
        return [_import_file(ledger, paths[0], options)]
    half = len(paths) // 2
    return [file for part in (paths[:half], paths[half:]) for file in _import_batch(ledger, part, options)]


def _import_together(ledger: Ledger, paths: list[Path], options: Options) -> list[FileResult]:
    """Import files in one transaction. Raise NotPlainError if one of them is no simple case."""
    open_stage(ledger)
    files: list[FileResult | Staged] = []
    digests: set[str] = set()
    for path in paths:
        check_no_ledger(ledger, path)
        with open_log_file(path) as file, surveyed(file, ledger.path.parent) as text:
            digest = text.log_file.digest
            if last_load(ledger, path, options.reading) or text.size >= WORTHWHILE_BYTES or digest in digests:
                raise NotPlainError
            digests.add(digest)
            files.append(_told_again(ledger, text, options) or stage_file(ledger, text, options, Lane.STRICT, None))
    finished = iter(finish(ledger, [file for file in files if isinstance(file, Staged)], settle(ledger)))
    return [file if isinstance(file, FileResult) else next(finished) for file in files]


def _told_again(ledger: Ledger, text: PlainText, options: Options) -> FileResult | None:
    """Return what becomes of a file whose bytes were read before, with the same options; None if they were not."""
    known = read_before(ledger, text.log_file.digest, options.reading)
    return known and FileResult(text.log_file.path, known[0], Counts(**known[1]).told_again(), "imported")


def _import_file(ledger: Ledger, path: Path, options: Options) -> FileResult:
    try:
        check_no_ledger(ledger, path)
        before = last_load(ledger, path, options.reading)
        return _import_rest(ledger, path, options, before) or _import_whole(ledger, path, options, before)
    except (RefusedInputError, duckdb.Error, OSError) as error:
        return refusal(path, error)


def refusal(path: Path, error: RefusedInputError | duckdb.Error | OSError) -> FileResult:
    """Return what becomes of a file that can't be taken: nothing of it is kept, and the message says why."""
    if isinstance(error, RefusedInputError):
        message = str(error)
    elif isinstance(error, OSError):
        message = f"{shown(path)}: can't be read: {error.strerror or error}"
    else:  # its text may quote a row, so only its kind is told
        message = f"{shown(path)}: the ledger could not take it ({type(error).__name__}); nothing is kept"
    return FileResult(path, None, Counts(), "refused", message)


def _import_rest(ledger: Ledger, path: Path, options: Options, before: Load | None) -> FileResult | None:
    """Import what was put behind the lines of a file since it was read; None if it is not such a file."""
    if before is None:
        return None
    with open_log_file(path) as file:
        begun = before.rest_of(file)
        if begun is None:
            return None
        with surveyed(file, ledger.path.parent, begun) as text:
            return _in_first_lane(ledger, text, options, before)


def _import_whole(ledger: Ledger, path: Path, options: Options, before: Load | None) -> FileResult:
    with open_log_file(path) as file, surveyed(file, ledger.path.parent) as text:
        again = _told_again(ledger, text, options)
        if again:
            return again
        result = _in_first_lane(ledger, text, options)
    if before is None:
        return result
    changed = f"{shown(path)}: is not the file imported from there before, nor that file grown; it is read anew"
    return replace(result, message="\n".join(filter(None, [changed, result.message])))


def _in_first_lane(ledger: Ledger, text: PlainText, options: Options, before: Load | None = None) -> FileResult:
    """Read the file in the first lane that can."""
    for lane in lanes_of(text, options):
        try:
            with ledger.transaction():
                return load(ledger, text, options, lane, before)
        except NotPlainError:
            continue
    raise AssertionError("no lane was left to read the file in")


def lanes_of(text: PlainText, options: Options) -> tuple[Lane, ...]:
    """Return the lanes to try one after the other: those that are asked for, or by the size of the text."""
    return options.lanes or (tuple(Lane) if text.size >= WORTHWHILE_BYTES else (Lane.STRICT,))
