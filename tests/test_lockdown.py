"""The engine is locked down: whatever a query says, it reads and writes nothing but its ledger."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from billing.ledger import Ledger, open_ledger
from tests.test_cli import working_folder  # noqa: F401 - a fixture

#: What an engine does that is not locked down.
HARMFUL = (
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('secret.csv')",
    "SELECT * FROM read_csv('secret.csv')",
    "SELECT * FROM 'secret.csv'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('secret.csv')",
    "COPY (SELECT 42) TO 'out.csv'",
    "COPY (SELECT 42) TO 'out.parquet' (FORMAT parquet)",
    "EXPORT DATABASE 'out'",
    "ATTACH 'other.duckdb'",
    "ATTACH 'out.duckdb' AS made",
    "SET allowed_directories = ['/']",
    "SET temp_directory = 'out'",
    "SET lock_configuration = true",
)
QUERIES = (
    *HARMFUL,
    "SELECT * FROM read_json('secret.csv')",
    "SELECT * FROM read_ndjson_objects('secret.csv')",
    "SELECT * FROM read_parquet('secret.parquet')",
    "COPY files TO 'out.csv'",
    "IMPORT DATABASE 'out'",
    "ATTACH 'https://localhost/other.duckdb'",
    "SELECT * FROM read_csv('https://localhost/x.csv')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "INSTALL httpfs",
    "INSTALL 'out.duckdb_extension'",
    "LOAD httpfs",
    "LOAD 'secret.duckdb_extension'",
    "CREATE PERSISTENT SECRET out (TYPE s3)",
    "SET enable_external_access = true",
    "SET allowed_paths = ['/etc/passwd']",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET temp_directory = '/etc'",
    "SET autoload_known_extensions = true",
    "SET python_enable_replacements = true",
    "SET log_query_path = 'out.log'",
    "SET enable_logging = true",
    "CALL enable_logging(storage = 'file', storage_config = {'path': 'out'})",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA profiling_output = 'out.json'",
    "SELECT * FROM a_variable_of_python",
)


@pytest.fixture(params=[False, True], ids=["writer", "reader"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    Path("secret.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n", "utf-8")
    duckdb.connect("other.duckdb").close()
    with open_ledger(Path("tallystick.duckdb")):
        pass
    with open_ledger(Path("tallystick.duckdb"), read_only=request.param) as book:
        yield book


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reaches_nothing_but_the_ledger(ledger: Ledger, query: str) -> None:
    a_variable_of_python = Path("secret.csv")
    before = sorted(Path().iterdir())
    with pytest.raises(duckdb.Error):
        ledger.connection.execute(query).fetchall()
    assert sorted(Path().iterdir()) == before
    assert a_variable_of_python.exists()


@pytest.mark.parametrize("query", HARMFUL)
def test_an_engine_that_is_not_locked_down_does_it(query: str) -> None:
    Path("secret.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n", "utf-8")
    duckdb.connect("other.duckdb").close()
    with duckdb.connect("open.duckdb") as connection:
        rows = connection.sql(query)
        if rows is not None:
            rows.to_arrow_table()  # times as Python's objects need a package that we do without


def test_spilled_data_is_private_and_gone_afterwards(working_folder: Path) -> None:  # noqa: F811 - the fixture
    """A writer spills beside its ledger; readers run side by side, and each has a folder of its own."""
    ledger = working_folder / "tallystick.duckdb"
    with open_ledger(ledger) as book:
        assert spill_of(book) == Path(f"{ledger}.tmp")
        path = working_folder / "made"
        path.mkdir()
        assert path.stat().st_mode & 0o777 == 0o700
    Path(f"{ledger}.tmp").mkdir()
    Path(f"{ledger}.tmp", "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"left by a killed writer")
    folders = []
    for _ in range(2):
        with open_ledger(ledger, read_only=True) as book:
            folders.append(spill_of(book))
            assert folders[-1].stat().st_mode & 0o777 == 0o700
    assert folders[0] != folders[1]
    assert not any(folder.exists() for folder in folders)
    with open_ledger(ledger):
        assert not Path(f"{ledger}.tmp").exists()


def spill_of(book: Ledger) -> Path:
    """Return the folder that an engine spills to."""
    ((folder,),) = book.rows("SELECT current_setting('temp_directory')")
    return Path(str(folder))
