"""Spark on two worker processes gives the answers that DuckDB gives, which are those of an oracle in whole numbers."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from subprocess import run as run_process
from typing import TYPE_CHECKING

import duckdb
import pytest

from billing import queries
from billing.audit import Audit
from billing.auditor import audit_rated, write_requests
from billing.canonical import write_canonical
from billing.engine import Engine
from billing.importing.importer import import_paths
from billing.ledger import open_ledger, open_usage
from billing.queries import WIDE
from billing.rating import lay_rates
from pricing.catalog import Catalog, load_catalog
from reports.cli import run
from tests.conftest import ROOT
from tests.odd_ledgers import put_odd_requests
from tests.portable_sql import SHARED, TABLES
from tests.spark_logs import options, write_card, write_logs
from tests.spark_month import Month
from tests.spark_values import CARD, PERIODS, PROVIDER, Request, Sums, requests, totals, truth

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pyspark.sql import SparkSession

    from billing.spark import SparkEngine

pytestmark = pytest.mark.spark
#: What a statement is told from once it is summed: by the DuckDB of this process, whatever summed it.
SUMMED = {"statement_lines", "spending_days", "spending_drivers", "spending_shares", "spending_unattributed"}


@dataclass(frozen=True, slots=True)
class Usage:
    """Canonical Parquet, and the card that prices it."""

    folder: Path
    card: Path

    @property
    def catalog(self) -> Catalog:
        """Return the card as a catalog."""
        return load_catalog([self.card], providers=[PROVIDER])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Usage:
    """Return some of the month, and what is seldom seen, without amounts beyond 64 bits: it is computed in 64 bits."""
    folder = tmp_path_factory.mktemp("small")
    write_logs(folder / "logs", [each for each in requests(3_000) if each.sku != "omega"])
    with open_ledger(folder / "month.duckdb") as ledger:
        chosen = options(folder)
        import_paths(ledger, [folder / "logs"], chosen.reading, chosen.loaded_at)
        put_odd_requests(ledger)
        write_canonical(ledger, folder / "usage")
    return Usage(folder / "usage", write_card(folder / "card", [each for each in CARD if each.sku != "omega"]))


def on_spark(spark: "SparkSession", usage: Usage) -> "SparkEngine":
    from billing.spark import engine_of  # noqa: PLC0415 - an extra

    return engine_of(spark, str(usage.folder))


def audited(engine: Engine, usage: Usage, rows: Path | None = None) -> Audit:
    """Audit everything, and write each request where a folder is given."""
    rating = lay_rates(engine, usage.catalog)
    found = audit_rated(rating)
    if rows is not None:
        write_requests(rating, str(rows))
    return found


def assert_same_rows(one: Path, other: Path) -> None:
    """Hold two folders of Parquet against each other, columns and rows, however often a row is there."""
    with duckdb.connect() as both:
        for name, rows in (("one", one), ("other", other)):
            both.read_parquet(f"{rows}/*.parquet").create_view(name)
        assert both.sql("DESCRIBE one").fetchall() == both.sql("DESCRIBE other").fetchall()
        assert both.sql("SELECT * FROM one EXCEPT ALL SELECT * FROM other").fetchall() == []
        assert both.sql("SELECT * FROM other EXCEPT ALL SELECT * FROM one").fetchall() == []


def test_there_are_two_worker_processes(spark: "SparkSession") -> None:
    workers = spark.sparkContext.parallelize(range(64), 8).map(lambda _: os.getppid()).distinct().collect()
    assert len(workers) == 2
    assert os.getpid() not in workers


def test_a_month_is_audited_as_duckdb_does_and_as_is_right(spark: "SparkSession", month: Month, tmp_path: Path) -> None:
    usage = Usage(month.usage, month.card)
    assert len(month.requests) == 100_000
    assert len(list(usage.catalog.all_periods([PROVIDER]))) >= PERIODS == 200
    with open_usage(usage.folder) as book:
        assert lay_rates(book, usage.catalog).width is WIDE
        right = audited(book, usage, tmp_path / "duckdb")
    assert audited(on_spark(spark, usage), usage, tmp_path / "spark") == right
    assert_same_rows(tmp_path / "spark", tmp_path / "duckdb")
    assert_true(tmp_path / "spark", month.requests)


def assert_true(rows: Path, found: Iterable[Request]) -> None:
    """Hold every written request, and the sums of them, against the oracle."""
    known = {each.request_id: each for each in found}
    columns = "request_id, exact, expected, variance, verdict, reason, charged, refunded, logged_sku"
    written = duckdb.read_parquet(f"{rows}/*.parquet").project(columns).fetchall()
    assert len(written) == len(known)
    sums: dict[tuple[str, str], Sums] = {}
    for request_id, exact, expected, variance, verdict, reason, charged, refunded, sku in written:
        request = known[request_id]
        assert (exact, expected, variance, verdict, reason) == truth(request)
        assert (charged, refunded) == (request.charged, request.refunded)
        more = Sums(1, *(int(each or 0) for each in (charged, refunded, expected, variance)))
        before = sums.get((sku, verdict), Sums())
        sums[sku, verdict] = Sums(*(a + b for a, b in zip(before, more, strict=True)))
    assert sums == totals(known.values())
    assert max(each.expected for each in sums.values()) > 2**64


def test_the_answer_is_the_same_when_an_executor_is_killed(
    spark: "SparkSession", month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage(month.usage, month.card)
    with open_usage(usage.folder) as book:
        right = audited(book, usage)
    lend(spark, monkeypatch)
    fresh = spark.newSession()
    engine, before = on_spark(fresh, usage), executors()
    assert len(before) == 2
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(audited, engine, usage)
        # By then requests are kept: half of them are lost, and so is what is being computed.
        wait_until(lambda: fresh.catalog.tableExists("mismatched") and is_busy(spark))
        os.kill(min(before), signal.SIGKILL)
        assert not answer.done()
        assert answer.result(timeout=200) == right
    wait_until(lambda: len(executors() - before) == 1)


def executors() -> set[int]:
    """Return the executors that descend from this process, by their number."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = status.with_name("cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        found[int(status.parent.name)] = int(fields[1]), b"CoarseGrainedExecutorBackend" in command
    return {pid for pid, (_, is_executor) in found.items() if is_executor and os.getpid() in lineage(pid, found)}


def lineage(pid: int, processes: dict[int, tuple[int, bool]]) -> Iterator[int]:
    """Yield a process and those that it descends from."""
    while pid in processes:
        yield pid
        pid = processes[pid][0]


def is_busy(spark: "SparkSession") -> bool:
    """Tell whether a stage runs that reads usage."""
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return any(stage is not None and stage.numActiveTasks > 0 for stage in stages)


def wait_until(is_so: Callable[[], bool], seconds: int = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_command_answers_the_same_from_portable_sql_alone(
    spark: "SparkSession",
    small: Usage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_usage(small.folder) as book:
        assert lay_rates(book, small.catalog).width is book.narrow
        audit = audited(book, small)
    assert {line.provider for line in audit.skus} == {PROVIDER, "apimodels", "VENDOR", None}
    assert audit.untimed == 3
    assert audit.conflicts > 2
    read = noted_files(monkeypatch)
    lend(spark, monkeypatch)
    here = ["--usage", str(small.folder), "--rate-cards", str(small.card), "--format", "json"]
    spark_too = ["--engine", "spark", "--master", "lent"]
    for command in (
        ["audit", "--rows"],
        ["compare", "--model", "alpha", "--from-ledger"],
        ["statement", "--month", "2026-10"],
    ):
        answers = []
        for name, engine in (("duckdb", []), ("spark", spark_too)):
            rows = [str(tmp_path / name)] if command[-1] == "--rows" else []
            read.clear()
            code = run([*command, *rows, *here, *engine])
            answers.append((code, capsys.readouterr().out))
        assert answers[0] == answers[1], command
        assert len(answers[0][1]) > 1_000
        assert command[0] == "audit" or re.search(r'"usd_(per_unit_)?effective": "\d', answers[0][1])
        assert read <= {*SHARED, *TABLES, *SUMMED, "probes"}
    assert_same_rows(tmp_path / "spark", tmp_path / "duckdb")


@pytest.mark.parametrize("name", ["a[b]", "a*", "a?", "{ab,c}", "a\\b"])
def test_a_folder_is_read_whose_name_would_be_a_pattern_of_others(
    spark: "SparkSession", small: Usage, tmp_path: Path, name: str
) -> None:
    from billing.spark import SparkEngine  # noqa: PLC0415 - an extra

    copytree(small.folder / "files", tmp_path / name)
    tmp_path.joinpath("ab").mkdir()
    tmp_path.joinpath("ab", "part.parquet").write_text("none")
    engine = SparkEngine(spark, tmp_path)
    engine.bind("bound", tmp_path / name)
    with open_usage(small.folder) as book:
        assert engine.rows("SELECT COUNT(*) FROM bound") == book.rows("SELECT COUNT(*) FROM files")


def noted_files(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Note which files of the `sql` folder are read from now on."""
    read: set[str] = set()

    class Folder:
        def joinpath(self, folder: str, name: str) -> "Traversable":
            read.add(name.removesuffix(".sql"))
            return files("billing").joinpath(folder, name)

    monkeypatch.setattr("billing.queries.files", lambda _: Folder())
    kept = queries.statement
    for module in [*sys.modules.values()]:
        if getattr(module, "statement", None) is kept:
            monkeypatch.setattr(module, "statement", kept.__wrapped__)
    return read


def lend(spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the commands the Spark of these tests, which goes on when they end."""
    from billing import spark as module  # noqa: PLC0415 - an extra

    @contextmanager
    def lent(_master: str) -> "Iterator[SparkSession]":
        yield spark

    monkeypatch.setattr(module, "spark_session", lent)
    monkeypatch.setattr(module, "probe", lambda *_: None)  # it is the Spark of other tests, which probe it


def test_a_folder_that_is_none_is_told_without_a_row_of_it(
    spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lend(spark, monkeypatch)
    code = run(["audit", "--engine", "spark", "--master", "lent", "--usage", str(tmp_path)])
    assert code == 3
    error = capsys.readouterr().err
    assert re.search(r"Spark did not answer \(PATH_NOT_FOUND\)", error)
    assert len(error.splitlines()) == 1


def test_nothing_of_spark_is_loaded_where_none_is_asked_for(small: Usage) -> None:
    script = (
        "import sys; from reports.cli import run; "
        f"code = run(['audit', '--usage', {str(small.folder)!r}, '--rate-cards', {str(small.card)!r}]); "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "sys.exit(code not in {0, 1} or bool(loaded & {'pyspark', 'py4j', 'grpc'}))"
    )
    done = run_process([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
