"""Coding sessions, many files at a time: one statement reads them, and what one file tells of a request is one row.

A statement that reads has a price of its own, whatever it reads: 20 ms to plan it, as much again for all that follows.
A client writes an answer two or three times while it streams. So files are read together, and the tellings of a request
that differ in their output alone are folded while they are read; only where its id is told elsewhere as well do they
wait to be judged one by one. Whatever is not simple about a file is not done here.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from billing.importing.fast_lane import CODE, TEXTS, NotPlainError, is_plain
from billing.importing.formats import Log, open_sessions
from billing.importing.formats.pieces import texts
from billing.importing.identity import settle, settle_alone
from billing.importing.known_files import are_known, check_no_ledger
from billing.importing.loads import (
    Counts,
    FileResult,
    Options,
    Source,
    Staged,
    finish,
    next_file_id,
    note_files,
    open_stage,
    stage,
)
from billing.importing.log_files import open_log_file
from billing.importing.plain_text import PlainText, survey
from billing.importing.unpacking import Packing
from billing.ledger import Ledger
from billing.queries import chain, statement

#: How much is read together at most: what is folded is kept until all of it is read, some 100 MB.
MOST_BYTES: Final = 2**29

_HEAD_BYTES = 2**20
#: How many files are read at a time; beyond that, memory is what they would wait for.
CORES: Final = min(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class _Session:
    """One of the files that are read together."""

    text: PlainText
    log: Log
    source: Source


def import_sessions(ledger: Ledger, paths: Sequence[Path], options: Options) -> list[FileResult]:
    """Import files of sessions that were never imported. To be called inside a transaction.

    Raise NotPlainError or RefusedInputError if one of the files at least is no simple case: then nothing of this is to
    be kept.
    """
    if options.reading.by_content or options.reading.mapping:
        raise NotPlainError
    open_stage(ledger)
    with ExitStack() as files:
        sessions = _open(ledger, paths, options, files)
        note_files(ledger, [each.source for each in sessions], options)
        _take(ledger, sessions, options)
        _leave_doubtful(ledger)
        staged = _read_left(ledger, sessions, options)
    settled = settle_alone(ledger)
    for file_id, more in settle(ledger).items():
        settled[file_id] += more
    return finish(ledger, staged, settled)


def _open(ledger: Ledger, paths: Sequence[Path], options: Options, files: ExitStack) -> list[_Session]:
    """Open the files and number their loads; raise NotPlainError unless they are sessions, all of them new."""
    opened, logs, found = [], [], []
    for path in paths:
        check_no_ledger(ledger, path)
        opened.append(files.enter_context(open_log_file(path)))
        log = open_sessions(os.pread(opened[-1].descriptor, _HEAD_BYTES, 0), options.reading)
        if log is None or opened[-1].packing is not Packing.PLAIN:
            raise NotPlainError
        logs.append(log)
    with _threads() as threads:
        for number, (log, text) in enumerate(zip(logs, threads.map(survey, opened), strict=True), next_file_id(ledger)):
            if text.blank or text.deep:
                raise NotPlainError
            file = text.log_file
            found.append(_Session(text, log, Source(file.path, file.digest, file.bytes, number)))
            if options.on_progress:
                options.on_progress(file.path, file.bytes)
    digests = [each.source.digest for each in found]
    if len(set(digests)) < len(digests) or are_known(ledger, paths, digests):
        raise NotPlainError
    return found


def _take(ledger: Ledger, sessions: Sequence[_Session], options: Options) -> None:
    """Read the plain lines of all files, each request of a file once with all its tellings."""
    try:
        with _threads() as threads:
            parts = threads.map(partial(_read, ledger, options), _shares(sessions, CORES))
            ledger.keep_arrow("requests", pa.concat_tables(parts))
    except duckdb.Error:
        raise NotPlainError from None
    if not all(each.text.opened.is_at_rest() for each in sessions):
        raise NotPlainError


def _shares(sessions: Sequence[_Session], most: int) -> Iterator[list[_Session]]:
    """Yield the files in shares of about as many bytes."""
    size = sum(each.text.size for each in sessions)
    ends = accumulate(each.text.size for each in sessions)
    shares = groupby(zip(ends, sessions, strict=True), lambda told: most * (told[0] - 1) // size)
    return ([session for _, session in share] for _, share in shares)


def _read(ledger: Ledger, options: Options, sessions: Sequence[_Session]) -> pa.Table:
    """Read the plain lines of these files by a connection of its own: the engine numbers lines on one thread."""
    lines = [each.text.lines for each in sessions]
    relations = {"lines": f"({statement('lines_claude_code')})", "told": f"({statement('told_claude_code')})"}
    with closing(ledger.connection.cursor()) as connection:
        return replace(ledger, connection=connection).arrow(chain("counted", "plain", "requests", taking=relations), {
            "paths": [each.text.engine_path for each in sessions], "starts": list(accumulate(lines, initial=0))[:-1],
            "file_ids": [each.source.file_id for each in sessions], "is_damaged": False,
            "provider": options.reading.provider, "code": CODE,
        })  # fmt: skip


def _threads() -> ThreadPoolExecutor:
    """Return as many threads as there are cores: what reads and digests lets others run meanwhile."""
    return ThreadPoolExecutor(CORES)


def _leave_doubtful(ledger: Ledger) -> None:
    """Take back the requests with a text that the strict readers would not store as it is."""
    for column, check in TEXTS.items():
        found = ledger.rows(f"SELECT DISTINCT {column} FROM requests WHERE {column} IS NOT NULL")  # noqa: S608 - ours
        values = [value for (value,) in found if not is_plain(value, column, check)]
        if values:
            ledger.change(f"DELETE FROM requests WHERE {column} IN (SELECT UNNEST($values))", {"values": values})  # noqa: S608 - ours


def _read_left(ledger: Ledger, sessions: Sequence[_Session], options: Options) -> list[Staged]:
    """Have the strict readers read the lines that the engine left; return what is known of all files."""
    taken = {file_id: told for file_id, *told in ledger.rows(statement("taken"))}
    staged = []
    for each in sessions:
        source, text = each.source, each.text
        lines, ignored, last = taken.get(source.file_id, (0, 0, 0))
        # Lines are numbered on from file to file: were any told twice or passed over, the last would have another.
        if last != text.lines:
            raise NotPlainError
        counts = Counts(records=lines - ignored, ignored=ignored)
        if lines < text.lines and each.log.read_lines:
            left = {n for (n,) in ledger.rows(statement("left"), {"file_id": source.file_id, "lines": text.lines})}
            outcomes = each.log.read_lines(texts(text.some_lines(left)))
            counts += stage(ledger, outcomes, source, text, options)
        staged.append(Staged(source, each.log.shape, counts, None, None, None, (text.whole_bytes, text.whole_lines)))
    return staged
