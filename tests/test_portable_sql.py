"""The SQL that runs on every engine keeps to what all of them take for the same."""

import re

import pytest

from billing.queries import statement
from tests.portable_sql import SHARED, TABLES, faults


@pytest.mark.parametrize("relation", SHARED)
def test_shared_files_are_portable(relation: str) -> None:
    assert faults(statement(relation)) == set()


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_a_session_are_of_types_that_every_engine_has(table: str) -> None:
    columns = re.findall(r"^    (\w+) (\w+(?:\(\d+,\d+\))?)", statement(table), re.MULTILINE)
    assert len(columns) == statement(table).partition("(\n")[2].count("\n")
    assert {kind for _, kind in columns} <= {
        "VARCHAR",
        "INTEGER",
        "BIGINT",
        "UBIGINT",
        "BOOLEAN",
        "DATE",
        "TIMESTAMPTZ",
    }


#: What is refused, and what is said of it. Each breaks one rule.
PLANTED = {
    "SELECT SUM(charged) AS charged FROM rated": "a SUM that is not of",
    "SELECT SUM(CAST(charged AS BIGINT)) AS charged FROM rated": "a SUM that is not of",
    "SELECT charged / 2 AS half FROM rated": "Div",
    "SELECT charged // 2 AS half FROM rated": "does not parse",
    "SELECT charged DIV 2 AS half FROM rated": "IntDiv",
    "SELECT ROUND(charged) AS charged FROM rated": "Round",
    "SELECT AVG(charged) AS charged FROM rated": "Avg",
    "SELECT MEDIAN(charged) AS charged FROM rated": "Median",
    "SELECT QUANTILE_CONT(charged, 1) AS charged FROM rated": "PercentileCont",
    "SELECT hash(request_id) AS h FROM rated": "function hash",
    "SELECT epoch_ms(used_at) AS at FROM rated": "UnixToTime",
    "SELECT CAST(charged AS DOUBLE) AS charged FROM rated": "type DOUBLE",
    "SELECT CAST(charged AS FLOAT) AS charged FROM rated": "type FLOAT",
    "SELECT CAST(charged AS HUGEINT) AS charged FROM rated": "type INT128",
    "SELECT CAST(charged AS DECIMAL(38,2)) AS charged FROM rated": "type DECIMAL",
    "SELECT CAST(used_at AS TIMESTAMPTZ) AS at FROM rated": "type TIMESTAMPTZ",
    "SELECT CAST(CAST(charged AS DECIMAL(38,0)) AS BIGINT) AS charged FROM rated": "a fraction may become",
    "SELECT charged * 1.06 AS charged FROM rated": "a fraction",
    "SELECT charged::BIGINT AS charged FROM rated": "`::`",
    "SELECT CAST(a AS DECIMAL(18,0)) * CAST(b AS DECIMAL(18,0)) AS c FROM rated": "without room",
    "SELECT CAST(a AS DECIMAL(19,0)) * CAST(b AS DECIMAL(19,0)) AS c FROM rated": "without room",
    "SELECT a * CAST(b AS DECIMAL(38,0)) AS c FROM rated": "a decimal and something else",
    "SELECT a.x FROM a ASOF JOIN b ON a.at >= b.at": "ASOF JOIN",
    "SELECT DISTINCT ON (sku) sku, at FROM rated": "Distinct",
    "SELECT sku, COUNT(*) AS n FROM rated GROUP BY ALL": "GROUP BY ALL",
    "SELECT * EXCLUDE (sku) FROM rated": "a star",
    "SELECT rowid AS number FROM rated": "rowid",
    "SELECT UNNEST(tags) AS tag FROM rated": "Explode",
    "SELECT LIST(sku) AS skus FROM rated": "means one thing",
    "SELECT list_filter(skus, x -> x = 1) AS skus FROM rated": "ArrayFilter",
    "SELECT {'a': sku} AS s FROM rated": "does not parse",
    "SELECT sku FROM rated QUALIFY ROW_NUMBER() OVER (ORDER BY request_id NULLS LAST) = 1": "Qualify",
    "SELECT sku FROM a UNION ALL BY NAME SELECT sku FROM b": "UNION BY NAME",
    "SELECT ROW_NUMBER() OVER (ORDER BY used_at NULLS LAST) AS nth FROM rated": "without a last word",
    "SELECT ROW_NUMBER() OVER (ORDER BY used_at, request_id) AS nth FROM rated": "means one thing",
    "SELECT sku FROM rated ORDER BY sku": "means one thing",
    "SELECT sku FROM rated TABLESAMPLE 10 PERCENT": "TableSample",
    "SELECT sku FROM rated LIMIT 5": "Limit",
}  # fmt: skip


@pytest.mark.parametrize("text", PLANTED)
def test_what_is_not_portable_is_refused(text: str) -> None:
    found = faults(text)
    assert any(PLANTED[text] in fault for fault in found), found


def test_what_is_portable_is_not_refused() -> None:
    assert not faults("SELECT sku, SUM(CAST(charged AS {total})) AS charged FROM rated GROUP BY sku")
    assert not faults("SELECT CAST(a AS {tokens}) * CAST(b AS {rate}) AS c FROM rated WHERE $sku IS NULL OR sku = $sku")
