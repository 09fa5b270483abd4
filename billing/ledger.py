"""The ledger: one DuckDB file that holds every usage record, what was refused, and where each stands."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

import duckdb
import pyarrow as pa

from billing.engine import RELATIONS, bind_relation
from billing.errors import LedgerError
from billing.queries import NARROW, statement

SCHEMA_VERSION = 3

_OPTIONS: Mapping[str, str] = {
    # A ledger and the logs we hand over are all that this engine ever touches.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}

#: Functions that the portable subset of SQL names and each engine writes in its own way.
_FUNCTIONS = ("id_hash(id) AS hash(id)", "in_order(items) AS array_to_string(list_sort(items), ',')")

#: What the engine says, and what that means here; the first that fits is told.
_REMEDIES: Mapping[str, str] = {
    "WAL": "its write log (.wal) is damaged; nothing that an import told as done is in it: delete it and import again",
    "not a valid DuckDB database": (
        "not a ledger; name another file with --ledger, or put back a copy made by `tallystick backup`"
    ),
    "Corrupt|enough bytes": (
        "damaged; put back a copy made by `tallystick backup`, or import the logs into a new ledger"
    ),
    "does not exist|No such file": "its folder does not exist; make it first",
    "Could not write|No space": "can't be written; make room on its disk, then import again",
}

#: What the engine raises where the pages of a Parquet file make no sense.
_OF_DAMAGE = frozenset({duckdb.Error, duckdb.IOException, duckdb.InvalidInputException})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Rows of a piece of a result that is not held whole.
_ROWS_PER_BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger. `connection` speaks UTC, and the file's tables are those of sql/schema.sql."""

    path: Path
    connection: duckdb.DuckDBPyConnection
    laid: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """Whose the tables of this session are."""

    @property
    def narrow(self) -> Mapping[str, str]:
        """The types that amounts of ordinary size are computed in."""
        return NARROW

    def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run a query whose result is small and return its rows; times are aware and in UTC."""
        table = self.arrow(query, parameters)
        return list(zip(*columns(table), strict=True))

    def arrow(self, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a query and return its result as an Arrow table, decimals and times intact."""
        return cast("pa.Table", self.connection.sql(query, params=_used(query, parameters)).to_arrow_table())

    def batches(self, query: str, parameters: Mapping[str, object] | None = None) -> Iterator[pa.RecordBatch]:
        """Run a query and yield its result piece by piece, so that it need not fit into memory.

        Nothing else may be asked of the ledger until the last piece is out.
        """
        yield from self.connection.sql(query, params=_used(query, parameters)).to_arrow_reader(_ROWS_PER_BATCH)

    def bind(self, view: str, folder: Path | str) -> None:
        """Let a view read all Parquet files of a folder; the names of folders inside it are no columns."""
        files = _as_pattern(folder).replace("'", "''") + "/**/*.parquet"
        self.define(view, f"SELECT * FROM read_parquet('{files}', hive_partitioning := FALSE)")  # noqa: S608 - quoted

    def define(self, view: str, query: str) -> None:
        """Define a view of this session."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {query}")

    def write(self, query: str, folder: Path | str, parameters: Mapping[str, object] | None = None) -> None:
        """Write a result as one Parquet file into a folder that is not there yet."""
        from pyarrow import parquet  # noqa: PLC0415 - heavy, and few ask for it

        relation = self.connection.sql(query, params=_used(query, parameters))
        Path(folder).mkdir(parents=True)
        rows = relation.to_arrow_reader(_ROWS_PER_BATCH)
        with parquet.ParquetWriter(Path(folder, "part.parquet"), rows.schema) as file:
            for batch in rows:
                file.write_batch(batch)

    def lay(self, table: str, rows: Sequence[Mapping[str, object]], like: str | None = None) -> None:
        """Make a table of this session with the columns of sql/<table>.sql or sql/<like>.sql, and put rows into it."""
        command = statement(like or table)
        self.connection.execute(command.replace(f"TABLE {like} (", f"TABLE {table} (", 1))
        self.append(table, rows)

    def append(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows, each with a value for every column, to one of our own tables.

        An Arrow table of Python's values is no quicker, and to make one would load pandas, which takes longer than most
        imports.
        """
        if rows:
            values = ", ".join(f"UNNEST(${name}) AS {name}" for name in rows[0])
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            self.connection.execute(f"INSERT INTO {table} BY NAME SELECT {values}", columns)

    def change(self, command: str, parameters: Mapping[str, object] | None = None) -> int:
        """Run a command that inserts, updates or deletes, and return how many rows it changed."""
        ((rows,),) = self.connection.execute(command, _used(command, parameters)).fetchall()
        return int(rows)

    def keep(
        self, table: str, query: str, parameters: Mapping[str, object] | None = None, number: str | None = None
    ) -> None:
        """Keep the rows of a query in a table of this session; `number` names a column that numbers them."""
        kept = table if number is None else f"{table}_kept"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {kept} AS {query}", _used(query, parameters))
        if number is not None:
            self.define(table, f"SELECT rowid AS {number}, * FROM {kept}")  # noqa: S608 - our own names

    def keep_arrow(self, table: str, rows: pa.Table) -> None:
        """Keep the rows of an Arrow table in a table of this session."""
        self.connection.register("given", rows)
        self.keep(table, "FROM given")
        self.connection.unregister("given")

    def keep_few(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query in a table of this session, be they few or many."""
        self.keep(table, query, parameters)

    def here(self, *_tables: str) -> Self:
        """Return what holds these tables."""
        return self

    def add(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Put the rows of a query into a table of this session."""
        self.change(f"INSERT INTO {table} {query}", parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that is inside, or nothing of it."""
        self.connection.begin()
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()


@contextmanager
def open_ledger(
    path: Path, *, read_only: bool = False, logs: Iterable[Path] = (), memory_limit: str | None = None
) -> Iterator[Ledger]:
    """Open the ledger at that path; make it if it is not there and may be written.

    `logs` are the files that the engine itself may read; others can be imported all the same, but only in the strict
    lane. `memory_limit`, such as "1GB", is what the engine may hold; what is more it writes to disk.

    Raise LedgerError if it is missing (read only), held by another process, of another version or no ledger at all.
    """
    if read_only and not path.exists():
        raise LedgerError(f"{path}: no ledger there; `tallystick import PATH` makes one")
    with TemporaryDirectory() if read_only else _private_files() as spill:
        if not path.exists():
            _make(path)
        connection = _connect(path, read_only=read_only)
        try:
            settings: dict[str, object] = {"memory_limit": memory_limit} if memory_limit else {}
            if spill:  # a folder that is closed to others, for a page that is written meanwhile need not be
                settings["temp_directory"] = spill
            else:
                _clear_away(path)
                settings |= _settings_of_writers(logs)
            _lock_down(connection, settings)
            _check_version(path, connection)
            if not read_only:
                _check_hashes(connection)
            with _stops():
                yield Ledger(path, connection)
        finally:
            connection.close()


def ledger_of(path: Path | str, tables: Mapping[str, pa.Table]) -> Ledger:
    """Return these tables as what is asked like a ledger, in memory; `path` is where they come from."""
    connection = duckdb.connect(config=dict(_OPTIONS))
    for name, rows in tables.items():
        connection.register("given", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM given")
        connection.unregister("given")
    _lock_down(connection, {})
    return Ledger(Path(path), connection)


@contextmanager
def open_usage(folder: Path) -> Iterator[Ledger]:
    """Read a folder of canonical Parquet as if it were a ledger.

    Raise LedgerError if it is none, or as soon as it turns out to be damaged.
    """
    for relation in RELATIONS:
        if not folder.joinpath(relation).is_dir():
            raise LedgerError(f"{folder}: no folder {relation} in it; `tallystick export canonical` makes one")
    with TemporaryDirectory() as spill, closing(duckdb.connect(config=dict(_OPTIONS))) as connection:
        whole = folder.resolve()
        allowed = [f"{whole}/", f"{_as_pattern(whole)}/"]  # what is allowed is told by how the name begins
        _lock_down(connection, {"temp_directory": spill, "allowed_directories": allowed})
        ledger = Ledger(folder, connection)
        for relation in RELATIONS:
            try:
                bind_relation(ledger, relation, whole)
                ledger.rows(f"SELECT COUNT(*) FROM {relation}")  # noqa: S608 - our own names; it reads how each file ends
            except duckdb.Error:
                raise LedgerError(_not_usage(folder, f"in {relation}")) from None
        try:
            with _stops():
                yield ledger
        except duckdb.Error as error:
            if type(error) not in _OF_DAMAGE:
                raise
            raise LedgerError(_not_usage(folder, "somewhere")) from None


def _not_usage(folder: Path, where: str) -> str:
    return (
        f"{folder}: {where} there is no Parquet of ours, or it is damaged; make the folder anew with "
        "`tallystick export canonical`"
    )


@contextmanager
def _stops() -> Iterator[None]:
    """Raise what Python raises where a query is interrupted, or takes more memory than there is."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what the engine makes of Ctrl-C while it computes
            raise KeyboardInterrupt from None
        raise
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error


def _settings_of_writers(logs: Iterable[Path]) -> dict[str, object]:
    """Return how a writer runs, and what it may read: these logs, and what we hold open without a name.

    One thread writes rows in the order of lines, and full groups of them, which CHECKPOINT need not write again: that
    takes a third less CPU.
    """
    named = [name for name in map(os.path.realpath, logs) if _is_utf8(name)]
    return {"threads": 1, "allowed_directories": ["/dev/fd/"], "allowed_paths": named}


def _lock_down(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, object]) -> None:
    """Set these, and see that nothing else is ever read, written or set by way of this connection."""
    for function in _FUNCTIONS:
        connection.execute(f"CREATE TEMP MACRO {function}")
    # In a notebook that could not draw it, it is off, and the engine does not even let it be turned off.
    has_bar = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]
    last = {
        "TimeZone": "UTC",
        **({"enable_progress_bar": False} if has_bar else {}),
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in (*settings.items(), *last.items()):
        connection.execute(f"SET {name} = $value", {"value": value})


def _as_pattern(path: Path | str) -> str:
    """Return the pattern that this path alone fits."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


@contextmanager
def _private_files() -> Iterator[None]:
    """Give ledger, write log and spilled data to nobody else: charges and project names are none of their business."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)


def _clear_away(path: Path) -> None:
    """Delete what a writer that was killed left beside the ledger: where it spilled, and a ledger half made."""
    shutil.rmtree(f"{path}.tmp", ignore_errors=True)
    for beside in path.parent.iterdir():
        if re.fullmatch(rf"{re.escape(path.name)}\.\d+\.new(\.wal)?", beside.name):
            beside.unlink(missing_ok=True)


def _connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only, config=dict(_OPTIONS))
    except duckdb.Error as error:
        raise LedgerError(_why_not(path, str(error))) from None


def _make(path: Path) -> None:
    """Make an empty ledger: whoever is killed meanwhile leaves none, instead of one without tables."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with closing(duckdb.connect(str(fresh), config=dict(_OPTIONS))) as connection:
            connection.execute(f"BEGIN; {statement('schema')}; COMMIT; CHECKPOINT")
        try:
            os.link(fresh, path)
        except OSError:  # made by another process meanwhile, or a file system without links
            if not path.exists():
                fresh.rename(path)
    except duckdb.Error as error:
        raise LedgerError(_why_not(path, str(error))) from None
    finally:
        for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):
            left.unlink(missing_ok=True)


def _check_hashes(connection: duckdb.DuckDBPyConnection) -> None:
    """Hash all ids anew if this engine hashes otherwise than the one that filled the ledger: no id would be found."""
    if connection.execute("SELECT hash <> hash('tallystick') FROM hash_probe").fetchall() == [(True,)]:
        connection.execute(statement("hash_anew"))


def dicts(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a result by the names of its columns; times are aware and in UTC."""
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns(table), strict=True)]


def columns(table: pa.Table) -> Iterator[list[Any]]:
    """Yield the values of each column of a result. To have Arrow make Python's times would load pandas."""
    for column in table.columns:
        if column.type == pa.timestamp("us", "UTC"):
            ticks = (us for chunk in column.chunks for us in chunk.view(pa.int64()).to_pylist())
            yield [None if us is None else _EPOCH + timedelta(microseconds=us) for us in ticks]
        else:
            yield column.to_pylist()


def _used(query: str, parameters: Mapping[str, object] | None) -> dict[str, object]:
    """Return the parameters that the query names; the engine takes no others."""
    return {name: value for name, value in (parameters or {}).items() if re.search(rf"\${name}\b", query)}


def _check_version(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    try:
        found = connection.execute("SELECT version FROM schema_version").fetchall()
    except duckdb.CatalogException:
        raise LedgerError(f"{path}: a DuckDB file, but no ledger; name another file with --ledger") from None
    if found != [(SCHEMA_VERSION,)]:
        raise LedgerError(
            f"{path}: a ledger of schema version {found[0][0] if found else 'unknown'}, and this program knows "
            f"{SCHEMA_VERSION}; import the logs again into a new ledger"
        )


def _why_not(path: Path, message: str) -> str:
    """Turn the engine's message into ours, which says what to do."""
    if holder := re.search(r"PID (\d+)", message):
        return f"{path}: process {holder.group(1)} holds this ledger; wait until it ends, or stop it"
    known = (ours for words, ours in _REMEDIES.items() if re.search(words, message))
    told = next(known, None) or f"can't be opened as a ledger: {message.splitlines()[0]}"
    return f"{path}: {told}"
