"""Spark as an engine: the same SQL over canonical Parquet, in a session of its own or through Spark Connect.

Nothing of this is imported by the default path. PySpark is the extra `spark`.
"""

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.storagelevel import StorageLevel

from billing.engine import bind_usage
from billing.engine_probes import ARITHMETIC, FUNCTIONS, probe
from billing.errors import EngineError
from billing.ledger import Ledger, columns, ledger_of
from billing.queries import NARROW, statement

#: Whatever a cluster is set to, our session answers exactly and in UTC, and its logs, which may quote rows, are off.
_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Instants in Parquet are instants, not text of a zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # A calendar of prices goes to every executor whole: usage is not sent about to meet it.
    "spark.sql.autoBroadcastJoinThreshold": "64MB",
    # What it infers of a verdict, spelled out by the amounts that it rests on, takes more than all memory.
    "spark.sql.constraintPropagation.enabled": "false",
})  # fmt: skip
_SETTINGS_OF_OUR_OWN: Final[Mapping[str, str]] = MappingProxyType(
    {"spark.log.level": "OFF", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
)

#: What is kept lies with two executors, so that it outlives one; the plan that led to it is forgotten.
_TWICE: Final = StorageLevel.MEMORY_AND_DISK_2

#: Functions that the portable subset names and Spark calls otherwise.
_FUNCTIONS: Final = (
    "epoch_us(at TIMESTAMP) RETURNS BIGINT RETURN unix_micros(at)",
    "json_extract_string(text STRING, path STRING) RETURNS STRING RETURN get_json_object(text, path)",
    "id_hash(id STRING) RETURNS BIGINT RETURN xxhash64(id)",
    "in_order(items ARRAY<INT>) RETURNS STRING RETURN array_join(CAST(sort_array(items) AS ARRAY<STRING>), ',')",
)
_TYPES: Final[Mapping[str, pa.DataType]] = MappingProxyType({
    "VARCHAR": pa.string(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "UBIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
})  # fmt: skip
_COLUMN = re.compile(rf"^    (\w+) ({'|'.join(_TYPES)})\b", re.MULTILINE)
#: What Spark would take as a pattern of names.
_GLOB = re.compile(r"[\\*?\[\]{}]")
_MARK = re.compile(r"\$([a-z_]\w*)")


class SparkEngine:
    """A Spark session that has proved to compute exactly. `path` is where its usage lies."""

    def __init__(self, session: SparkSession, path: Path | str) -> None:
        self.session = session
        self.path = path
        self.laid: dict[str, object] = {}
        # Its SUM of BIGINT is no wider than BIGINT.
        self.narrow: Mapping[str, str] = {**NARROW, "{total}": "DECIMAL(38,0)"}

    def bind(self, view: str, folder: Path | str) -> None:
        """Let a view read all Parquet files of a folder."""
        with _told(self.path):
            files = self.session.read.option("recursiveFileLookup", "true")  # so that folders' names are no columns
            files.parquet(_GLOB.sub(r"\\\g<0>", str(folder))).createOrReplaceTempView(view)

    def define(self, view: str, query: str) -> None:
        """Define a view of this session."""
        with _told(self.path):
            self._frame(query).createOrReplaceTempView(view)

    def arrow(self, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return a small result, decimals and times intact."""
        with _told(self.path):
            return self._frame(query, parameters).toArrow()

    def write(self, query: str, folder: Path | str, parameters: Mapping[str, object] | None = None) -> None:
        """Write a big result as Parquet files into a folder that is not there yet."""
        with _told(self.path):
            self._frame(query, parameters).write.mode("error").parquet(str(folder))

    def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a small result; times are aware and in UTC."""
        return list(zip(*columns(self.arrow(query, parameters)), strict=True))

    def lay(self, table: str, rows: Sequence[Mapping[str, object]], like: str | None = None) -> None:
        """Put rows of ours into a table of this session, with the columns of sql/<table>.sql or sql/<like>.sql."""
        shape = pa.schema([(name, _TYPES[kind]) for name, kind in _COLUMN.findall(statement(like or table))])
        self._laid(shape, rows).createOrReplaceTempView(table)

    def append(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Put more rows into such a table."""
        before = self.session.table(table)
        shape = before.limit(0).toArrow().schema
        before.unionAll(self._laid(shape, rows)).createOrReplaceTempView(table)

    def keep(
        self, table: str, query: str, parameters: Mapping[str, object] | None = None, number: str | None = None
    ) -> None:
        """Keep the rows of a query for this session.

        What tells a row from the others is what it says, and no number: a task that is run once more would number its
        rows otherwise.
        """
        with _told(self.path):
            frame = self._frame(query, parameters)
            if number is not None:
                frame = frame.selectExpr(f"struct(COALESCE(provider, '') AS provider, request_id) AS {number}", "*")
            frame.localCheckpoint(storageLevel=_TWICE).createOrReplaceTempView(table)

    def keep_few(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Keep few rows of a query for this session: every executor is given all of them."""
        rows = self.arrow(query, parameters)
        self.session.createDataFrame(rows).createOrReplaceTempView(table)

    def here(self, *tables: str) -> Ledger:
        """Return a DuckDB of this process with the rows of these tables, which are sums and few."""
        return ledger_of(self.path, {table: self.arrow(f"SELECT * FROM {table}") for table in tables})  # noqa: S608 - ours

    def add(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Put the rows of a query beside those of a table that is kept."""
        with _told(self.path):
            added = self._frame(query, parameters).localCheckpoint(storageLevel=_TWICE)
            self.session.table(table).unionAll(added).createOrReplaceTempView(table)

    def _frame(self, query: str, parameters: Mapping[str, object] | None = None) -> DataFrame:
        """Return a query with its values bound; Spark marks them by a colon."""
        used = {name: value for name, value in (parameters or {}).items() if re.search(rf"\${name}\b", query)}
        return self.session.sql(_MARK.sub(r":\1", query), args=used)

    def _laid(self, shape: pa.Schema, rows: Sequence[Mapping[str, object]]) -> DataFrame:
        return self.session.createDataFrame(pa.Table.from_pylist(list(rows), shape))


@contextmanager
def open_spark(master: str, usage: str) -> Iterator[SparkEngine]:
    """Start or reach Spark, see that it computes exactly, and bind a folder of canonical Parquet; stop it at the end.

    `master` is what Spark takes as one: `local[4]`, `spark://host:7077`, or `sc://host:15002` of Spark Connect.
    Raise RefusedEngineError if it wraps or rounds, EngineError if it can't be had or does not find the folder.
    """
    with spark_session(master) as session:
        yield engine_of(session, usage)


def engine_of(session: SparkSession, usage: str) -> SparkEngine:
    """Return a session as an engine over a folder of canonical Parquet. Raise as `open_spark` does."""
    engine = SparkEngine(session, usage)
    with _told(usage):
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
    probe(engine, ARITHMETIC)
    with _told(usage):
        for function in _FUNCTIONS:
            session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {function}").collect()
    probe(engine, FUNCTIONS)
    bind_usage(engine, usage.rstrip("/"))
    return engine


@contextmanager
def spark_session(master: str, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[SparkSession]:
    """Start a Spark session of our own, or reach one through Spark Connect, and stop it whatever happens."""
    # What PySpark logs of a query that fails may quote rows.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    builder = cast("Any", SparkSession.builder).appName("tallystick")
    if master.startswith("sc://"):
        builder = builder.remote(master)
    else:
        for name, value in {**_SETTINGS_OF_OUR_OWN, **_SETTINGS, **settings}.items():
            builder = builder.config(name, value)
        builder = builder.master(master)
    if master.startswith("local"):
        # Its workers are on this machine: they are to have the packages that we have.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _told(master), warnings.catch_warnings():
        # We take Arrow from it, and no pandas.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        session: SparkSession = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def _told(where: Path | str) -> Iterator[None]:
    """Turn what Spark says into one line of ours: its own texts may quote rows."""
    try:
        yield
    except PySparkException as error:
        raise EngineError(f"{where}: Spark did not answer ({error.getCondition() or type(error).__name__})") from None
