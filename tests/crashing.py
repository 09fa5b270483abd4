"""Imports in processes that come to grief, and what their ledgers must be like afterwards."""

import json
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from billing.importing import importer
from billing.ledger import open_ledger
from billing.receipt import totals_of
from reports.cli import run
from tests.test_cli import log_line

NAME = "tallystick.duckdb"
FILES, LINES = 6, 150
LONGEST_S = 120

#: The columns that tell which load brought a row, which differs after importing again.
_OF_LOADS = ("file_id", "loaded_at")
State = dict[str, dict[str, str | None]]

# A server that has imported all, so that a process is there in milliseconds.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["billing.importing.importer", "reports.cli.imports", "tests.crashing"])


def write_logs(folder: Path) -> list[Path]:
    """Write logs of which each repeats some requests of the one before, one with another charge, and rejects a line."""
    folder.mkdir()
    for number in range(FILES):
        first = number * LINES
        ids = range(first - (20 if number else 0), first + LINES)
        lines = [log_line(f"msg_{each}", each / 100) for each in ids]
        lines += [log_line(f"msg_{first}", 9), log_line(f"bad_{number}", timestamp="2026-10-03T09:00:00")]
        Path(folder, f"{number}.jsonl").write_text("\n".join(lines), "utf-8")
    return sorted(folder.iterdir())


def write_sessions(folder: Path) -> list[Path]:
    """Write sessions of which each tells the end of the one before again, grows its answers and rejects a line."""
    folder.mkdir()
    for number in range(FILES):
        first = number * LINES
        ids = range(first - (20 if number else 0), first + LINES)
        lines = [_turn(each, output) for each in ids for output in (1, each + 2)]
        Path(folder, f"{number}.jsonl").write_text("\n".join([_turn(first, -1), *lines]) + "\n", "utf-8")
    return sorted(folder.iterdir())


def _turn(number: int, output: int) -> str:
    usage = {"input_tokens": number, "output_tokens": output}
    return json.dumps({
        "type": "assistant", "timestamp": f"2026-10-03T09:00:{number % 60:02}.000Z", "sessionId": "s",
        "requestId": f"req_{number}",
        "message": {"id": f"msg_{number}", "type": "message", "model": "claude-opus-4-6", "usage": usage},
    }, separators=(",", ":"))  # fmt: skip


def read_in_pairs() -> None:
    """Have this process read two files at a time in one statement, as it reads large sessions."""
    vars(importer).update(WORTHWHILE_BYTES=1, _MOST_TOGETHER=2)  # so that the files can be small


def state_of(ledger: Path) -> State:
    """Return how many rows each table of a ledger holds, and their sums, whatever load brought them."""
    with open_ledger(ledger, read_only=True) as book:
        totals = totals_of(book)
    held = {table: totals[table] for table in ("usage_records", "conflicts", "rejects")}
    return {
        table: {name: value for name, value in sums.items() if not any(of in name for of in _OF_LOADS)}
        for table, sums in held.items()
    }


def files_in(ledger: Path) -> int:
    """Return how many loads a ledger holds."""
    with open_ledger(ledger, read_only=True) as book:
        ((number,),) = book.rows("SELECT COUNT(*) FROM files")
    return int(number)


@dataclass(frozen=True, slots=True)
class Importing:
    """A process that imports the logs of a folder, and what it tells on stdout and stderr."""

    process: ForkServerProcess
    output: Connection

    def told(self) -> str:
        """Wait until it ends and return what it told."""
        self.process.join(LONGEST_S)
        return os.read(self.output.fileno(), 2**16).decode()


def start(folder: Path, prepare: Callable[[], object] = int) -> Importing:
    """Begin to import the logs of `folder`/logs in a process of its own, after `prepare` was called there.

    Return when it is about to begin.
    """
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_import, args=(folder, theirs, prepare))
    process.start()
    theirs.close()
    assert os.read(ours.fileno(), 1) == b"!"
    return Importing(process, ours)


def _import(folder: Path, output: Connection, prepare: Callable[[], object]) -> None:
    os.chdir(folder)
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    os.write(1, b"!")
    prepare()
    sys.exit(run(["import", "logs", "--quiet", "--format", "csv"]))


def limit_files(most: int) -> None:
    """Let this process write no file beyond that many bytes: what it meets on a full disk, but for the name."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def limit_memory(more: int) -> None:
    """Let this process map only so many bytes more than it has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
