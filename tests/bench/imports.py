"""What a whole import costs, against the engine's bare scan of the same columns of the same log.

The import is all that `tallystick import` does: open the ledger, check every value strictly, know each request by its
id, note file and line, keep what is refused, COMMIT, CHECKPOINT, write the receipt and close.
"""

import gzip
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import IO, Any

import duckdb

from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.records import Reading
from tests.bench.cost import FAILED, Cost, cold_cost, least
from tests.bench.daily import NOW
from tests.bench.logs import Told, write_clean, write_damaged, write_years
from tests.bench.tables import Bound, bounds_table, costs_table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: The columns that the import reads, each of its type, all of them used: the engine skips what nobody asks for.
SCAN = """
    SELECT
        count(*), max(timestamp), max(request_id), sum(status), max(provider), max(api_key_id), max(project),
        max(tags.team), max(request.model), max(response.id), max(response.type), max(response.model),
        max(response.error.code), max(response.error.type), sum(response.credits_consumed), sum(u.input_tokens),
        sum(u.output_tokens), sum(u.cache_read_input_tokens), sum(u.cache_creation_input_tokens),
        sum(u.cache_creation.ephemeral_5m_input_tokens), sum(u.cache_creation.ephemeral_1h_input_tokens),
        max(u.service_tier)
    FROM (
        SELECT *, response.usage AS u
        FROM read_ndjson($path, columns = {
            timestamp: 'TIMESTAMP', request_id: 'VARCHAR', status: 'INTEGER', provider: 'VARCHAR',
            api_key_id: 'VARCHAR', project: 'VARCHAR', tags: 'STRUCT(team VARCHAR)', request: 'STRUCT(model VARCHAR)',
            response: 'STRUCT(id VARCHAR, "type" VARCHAR, model VARCHAR, error STRUCT(code VARCHAR, "type" VARCHAR),
                credits_consumed DOUBLE, usage STRUCT(
                    input_tokens BIGINT, output_tokens BIGINT, cache_read_input_tokens BIGINT,
                    cache_creation_input_tokens BIGINT, service_tier VARCHAR, cache_creation STRUCT(
                        ephemeral_5m_input_tokens BIGINT, ephemeral_1h_input_tokens BIGINT)))'
        })
    )"""
#: A handful of them, times left as text: less than any import can read.
SCAN_FEW = """
    SELECT
        count(*), max(timestamp), max(request.model), max(response.id), sum(response.credits_consumed),
        sum(response.usage.input_tokens), sum(response.usage.output_tokens)
    FROM read_ndjson($path, columns = {
        timestamp: 'VARCHAR', request: 'STRUCT(model VARCHAR)',
        response: 'STRUCT(id VARCHAR, credits_consumed DOUBLE, usage STRUCT(input_tokens BIGINT, output_tokens BIGINT))'
    })"""

Say = Callable[[str], None]


def scan(query: str, path: str) -> list[tuple[Any, ...]]:
    """Read a log's columns with nothing checked and nothing kept."""
    duckdb.execute("SET enable_progress_bar = false")
    return duckdb.execute(query, {"path": path}).fetchall()


def load(logs: Sequence[Path], ledger: Path, told: Told, memory_limit: str | None = None) -> None:
    """Import logs; raise AssertionError unless just what they tell came in."""
    with open_ledger(ledger, logs=logs, memory_limit=memory_limit) as book:
        total = import_paths(book, logs, Reading(), NOW).total
    assert (total.imported, total.duplicate, total.rejected) == (told.imported, told.duplicate, told.rejected)


@dataclass(frozen=True, slots=True)
class Bench:
    """Measures imports of logs of so many lines, and of many times as many, in a folder for logs and ledgers."""

    folder: Path
    lines: int
    times: int
    runs: int
    say: Say

    @property
    def _month(self) -> Path:
        return self.folder / "month.jsonl"

    def report(self) -> Iterator[str]:
        """Yield the tables."""
        self.say(f"writing a log of {self.lines:,} lines")
        write_clean(self._month, self.lines)
        one = dict(self._one())
        yield f"### Import of {self.lines:,} lines, {self._month.stat().st_size / 1e6:,.0f} MB"
        yield ""
        yield from costs_table("step", list(one.items()), [("scan", one["bare scan"])])
        bounds = [
            Bound(f"import of {self.lines:,}", _ratio(one, "clean lines", "bare scan"), 4.0, "x scan"),
            Bound("1 % bad lines, 5 % told twice", _ratio(one, "1 % bad, 5 % told twice", "bare scan"), 5.0, "x scan"),
        ]
        if self.times:
            self.say(f"writing a log of {self.lines * self.times:,} lines")
            years = self.folder / "years.jsonl"
            write_years(years, self._month, self.times)
            many = dict(self._many(years))
            yield f"### Import of {self.lines * self.times:,} lines, {years.stat().st_size / 1e6:,.0f} MB"
            yield ""
            yield from costs_table("step", list(many.items()), [("scan", many["bare scan"])])
            bounds += self._bounds(one["clean lines"], many)
        yield from bounds_table(bounds)

    def _bounds(self, one: Cost, many: dict[str, Cost]) -> list[Bound]:
        whole, tight = many["clean lines"], many["clean lines, memory_limit 1GB"]
        return [
            Bound(f"import of {self.lines * self.times:,}", _ratio(many, "clean lines", "bare scan"), 4.0, "x scan"),
            Bound(f"growth with {self.times} times the lines", whole.cpu / one.cpu, 1.1 * self.times, "x"),
            Bound("one more into that ledger, to an empty one", many[self._more].cpu / one.cpu, 1.3, "x"),
            Bound("under memory_limit 1GB, to no limit", tight.cpu / whole.cpu, 1.4, "x"),
            Bound("peak under memory_limit 1GB", tight.peak, 1_250, "MB"),
            Bound("completes under memory_limit 512MB", many["clean lines, memory_limit 512MB"].wall, inf, "s"),
        ]  # fmt: skip

    @property
    def _more(self) -> str:
        return f"{self.lines:,} lines into that ledger"

    def _one(self) -> Iterator[tuple[str, Cost]]:
        month, clean = self._month, Told(self.lines, self.lines, 0, 0, 0)
        yield "bare scan", self._scan(SCAN, month)
        yield "bare scan of seven columns", self._scan(SCAN_FEW, month)
        yield "clean lines", self._load("clean", month, clean)
        damaged = self.folder / "damaged.jsonl"
        yield "1 % bad, 5 % told twice", self._load("damaged", damaged, write_damaged(damaged, month))
        damaged.unlink()
        again = self.folder / "again.jsonl"
        with month.open("rb") as lines, again.open("wb") as rest:
            lines.readline()
            shutil.copyfileobj(lines, rest)
        known = Told(self.lines - 1, 0, self.lines - 1, 0, 0)
        yield "the same but one again, all duplicates", self._load("again", again, known, onto="clean")
        again.unlink()
        for name, pack in (("gz", gzip.open), ("zst", zstd.open)):
            packed = self.folder / f"month.jsonl.{name}"
            _pack(month, packed, pack)
            yield f"clean lines, {name}", self._load(name, packed, clean)
            packed.unlink()

    def _many(self, years: Path) -> Iterator[tuple[str, Cost]]:
        lines = self.lines * self.times
        clean = Told(lines, lines, 0, 0, 0)
        yield "bare scan", self._scan(SCAN, years)
        yield "clean lines", self._load("many", years, clean, runs=1)
        yield self._more, self._load("more", self._month, Told(self.lines, self.lines, 0, 0, 0), onto="many")
        for limit in ("1GB", "512MB"):
            yield f"clean lines, memory_limit {limit}", self._load(limit, years, clean, limit=limit, runs=1)
            shutil.rmtree(self.folder / limit)

    def _scan(self, query: str, log: Path) -> Cost:
        self.say(f"scanning {log.name}")
        return least([cold_cost(scan, query, str(log)) for _ in range(self.runs)])

    def _load(  # noqa: PLR0913 - what there is to choose
        self,
        name: str,
        log: Path,
        told: Told,
        *,
        onto: str | None = None,
        limit: str | None = None,
        runs: int | None = None,
    ) -> Cost:
        """Return the cost of an import into a ledger of that name, new or begun as a copy of another."""
        costs = []
        for number in range(runs or self.runs):
            self.say(f"importing {log.name} as {name}, run {number + 1}")
            place = self.folder / name
            shutil.rmtree(place, ignore_errors=True)
            if onto:
                shutil.copytree(self.folder / onto, place)
            else:
                place.mkdir()
            try:
                costs.append(cold_cost(load, [log], place / "bench.duckdb", told, limit))
            except RuntimeError:  # its own process has said why
                return FAILED
        return least(costs)


def _ratio(costs: dict[str, Cost], name: str, unit: str) -> float:
    return costs[name].cpu / costs[unit].cpu


def _pack(plain: Path, packed: Path, opened: Callable[..., IO[Any]]) -> None:
    with plain.open("rb") as source, opened(packed, "wb") as target:
        shutil.copyfileobj(source, target, 2**20)
