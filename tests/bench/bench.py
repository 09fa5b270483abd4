"""How fast it is: CPU time of each step as a ratio to the engine's bare scan of the same log, in the same run.

Each step runs in a process of its own, so that its peak memory is its own. Ratios hold from machine to machine,
absolute times do not.
"""

import argparse
import gzip
import multiprocessing
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb

from billing.cube import cube
from billing.importer import import_paths
from billing.ledger import open_ledger
from billing.rating import EVERYTHING, held_providers, lay_rates
from billing.records import Reading
from pricing.catalog import load_catalog

ROOT = Path(__file__).parents[2]
_SCAN = """
    SELECT count(*), sum(response.usage.input_tokens), sum(response.usage.output_tokens)
    FROM read_ndjson($path, columns = {
        timestamp: 'VARCHAR', request: 'STRUCT(model VARCHAR)',
        response: 'STRUCT(id VARCHAR, model VARCHAR, credits_consumed DOUBLE,
            usage STRUCT(input_tokens BIGINT, output_tokens BIGINT))'
    }, ignore_errors = true)"""
_GROUP = """
    SELECT provider, sku, date_trunc('month', used_at), count(*), sum(input), sum(output), sum(charged)
    FROM usage_records GROUP BY ALL"""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall seconds, and the peak of resident memory in MB."""

    cpu: float
    wall: float
    peak: int


def measure(step: Callable[..., None], *arguments: object) -> Cost:
    """Run a step in a new process and return what it cost, without the start of the process."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_measured, args=(send, step, arguments))
    process.start()
    cost: Cost = receive.recv()
    process.join()
    return cost


def _measured(send: Connection, step: Callable[..., None], arguments: tuple[object]) -> None:
    before, start = resource.getrusage(resource.RUSAGE_SELF), perf_counter()
    step(*arguments)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    send.send(Cost(cpu, perf_counter() - start, after.ru_maxrss >> 10))


def scan(log: Path) -> None:
    """Read the log's columns with nothing checked and nothing kept."""
    duckdb.execute(_SCAN, {"path": str(log)}).fetchall()


def load(log: Path, ledger: Path) -> None:
    """Import the log: strict, each id once, with provenance, rejects, commit and checkpoint."""
    with open_ledger(ledger) as book:
        import_paths(book, [log], Reading(), datetime(2026, 11, 1, tzinfo=UTC))


def group(ledger: Path) -> None:
    """Sum the ledger without rating it."""
    with open_ledger(ledger, read_only=True) as book:
        book.rows(_GROUP)


def rate(ledger: Path) -> None:
    """Rate every request of the ledger and audit it."""
    with open_ledger(ledger, read_only=True) as book:
        cube(lay_rates(book, load_catalog(providers=held_providers(book)), EVERYTHING), Decimal(0))


def main() -> None:
    """Print what each step costs for the number of requests asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    requests = parser.parse_args().requests
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = [sys.executable, "-m", "data.simulate", "--requests", str(requests), "--out", str(folder / "logs")]
        subprocess.run(made, cwd=ROOT, check=True)
        log, ledger = folder / "log.jsonl", folder / "bench.duckdb"
        with gzip.open(folder / "logs" / "aivideoapi-2026-10.jsonl.gz") as zipped, log.open("wb") as plain:
            shutil.copyfileobj(zipped, plain)
        steps: list[tuple[str, Cost]] = [
            ("bare scan of the log", measure(scan, log)),
            ("import, strict", measure(load, log, ledger)),
            ("import again, all duplicates", measure(load, log, ledger)),
            ("sum the ledger, unrated", measure(group, ledger)),
            ("rate and audit", measure(rate, ledger)),
        ]
        with log.open("rb") as lines:
            print(f"{sum(1 for _ in lines):,} lines, {log.stat().st_size / 1e6:,.0f} MB")
    print(f"{'step':32}{'CPU s':>9}{'x scan':>9}{'wall s':>9}{'peak MB':>9}")
    for name, cost in steps:
        print(f"{name:32}{cost.cpu:9.2f}{cost.cpu / steps[0][1].cpu:9.1f}{cost.wall:9.2f}{cost.peak:9,}")


if __name__ == "__main__":
    main()
