"""Raw logs imported by Spark, on two worker processes: every row is that of an import on one machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from billing.canonical import RELATIONS, CanonicalError
from billing.importing.importer import ImportResult
from billing.ledger import open_ledger, open_usage
from billing.rating import lay_rates
from pricing.catalog import load_catalog
from tests.spark_logs import options
from tests.spark_month import Month
from tests.spark_values import PERIODS, PROVIDER, totals, truth

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
#: The counts of a load that may stand with another load of the same import: a later telling that says more takes the
#: place of an earlier one, and one machine that reads files one by one has counted that by then.
_SPLIT = ("imported", "duplicate", "superseded", "conflict")

Imported = tuple[ImportResult, Path]


@pytest.fixture(scope="module")
def imported(spark: "SparkSession", month: Month, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Import the month's logs by Spark, and return what it says and where the Parquet lies."""
    from billing.importing.spark_import import import_on_spark  # noqa: PLC0415 - after the skips of `spark`

    folder = tmp_path_factory.mktemp("spark") / "usage"
    how = options(month.card.parent)
    return import_on_spark(spark, [month.logs], how, str(folder), digits=1), folder


def test_one_machine_agrees_with_the_oracle_about_every_request(month: Month) -> None:
    assert PERIODS == 200
    columns = ("request_id", "exact", "owed", "variance", "refunded", "verdict", "reason", "charged")
    with open_ledger(month.ledger, read_only=True) as ledger:
        rating = lay_rates(ledger, load_catalog([month.card], providers=[PROVIDER]))
        rows = rating.query("audited").select(columns).to_pylist()
    found = {row.pop("request_id"): tuple(row.values()) for row in rows}
    assert len(rows) == len(found) == len(month.requests)
    for request in month.requests:
        exact, owed, variance, verdict, reason = truth(request)
        expected = (exact, owed, variance, request.refunded, verdict, reason, request.charged)
        assert found[request.request_id] == expected, request


def test_the_month_holds_what_it_is_for(month: Month) -> None:
    sums = totals(month.requests)
    assert {verdict for _, verdict in sums} == {
        "matched", "overcharged", "undercharged", "unpriced", "unreported", "charged_failure", "failed",
    }  # fmt: skip
    assert sum(one.requests for one in sums.values()) == 100_000
    assert max(truth(request).owed or 0 for request in month.requests) > 2**63
    assert any(request.refunded for request in month.requests)
    assert any(request.is_repeat for request in month.requests)
    assert min(month.counts.duplicate, month.counts.conflict, month.counts.superseded) > 500


def test_all_is_accounted_for_as_the_generator_says(imported: Imported, month: Month) -> None:
    result, _ = imported
    assert result.total == month.counts
    assert result.is_clean is False
    assert {file.status for file in result.files} == {"imported"}


def test_every_row_is_that_of_one_machine(imported: Imported, month: Month) -> None:
    _, folder = imported
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for name, schema in RELATIONS.items():
            columns = ", ".join(column for column in schema.names if name != "files" or column not in _SPLIT)
            ours, theirs = (
                f"(SELECT {columns} FROM read_parquet('{place}/{name}/**/*.parquet'))"  # noqa: S608 - our own folders
                for place in (folder, month.usage)
            )
            for left, right in ((ours, theirs), (theirs, ours)):
                assert engine.sql(f"{left} EXCEPT ALL {right} LIMIT 3").fetchall() == [], name
            assert engine.sql(ours).types == engine.sql(theirs).types


def test_buckets_are_those_of_one_machine_and_nothing_is_a_double(imported: Imported, month: Month) -> None:
    _, folder = imported
    counts, types = [], set()
    with duckdb.connect() as engine:
        for place in (folder, month.usage):
            engine.execute(f"CREATE OR REPLACE VIEW usage AS FROM read_parquet('{place}/usage_records/**/*.parquet')")
            counts.append(engine.sql("SELECT bucket, COUNT(*) FROM usage GROUP BY bucket ORDER BY bucket").fetchall())
            types |= set(engine.sql(f"SELECT type FROM parquet_schema('{place}/**/*.parquet')").fetchall())  # noqa: S608 - ours
    assert counts[0] == counts[1]
    assert len(counts[0]) == 16
    assert not {kind for (kind,) in types} & {"DOUBLE", "FLOAT", "INT96"}


def test_a_folder_that_is_there_is_never_written_to(imported: Imported, spark: "SparkSession", month: Month) -> None:
    from billing.importing.spark_import import import_on_spark  # noqa: PLC0415 - after the skips of `spark`

    _, folder = imported
    before = sorted(folder.rglob("*"))
    with pytest.raises(CanonicalError, match="is there already; name another folder"):
        import_on_spark(spark, [month.logs], options(month.card.parent), str(folder))
    assert sorted(folder.rglob("*")) == before


def test_an_import_of_nothing_is_a_folder_that_can_be_read(spark: "SparkSession", tmp_path: Path) -> None:
    from billing.importing.spark_import import import_on_spark  # noqa: PLC0415 - after the skips of `spark`

    (logs := tmp_path / "logs").mkdir()
    line = '{"timestamp":"2026-10-01T00:00:00Z","response":{"type":"message","id":"m","model":"x"}}'
    (logs / "damaged.ndjson").write_text(line + "\n")
    found = import_on_spark(spark, [logs], options(tmp_path), str(tmp_path / "usage"))
    assert (found.total.imported, found.total.rejected) == (0, 1)
    with open_usage(tmp_path / "usage") as book:
        assert book.rows("SELECT COUNT(*) FROM usage_records") == [(0,)]
        assert book.rows("SELECT COUNT(*) FROM rejects") == [(1,)]
