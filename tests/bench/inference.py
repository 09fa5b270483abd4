"""How fast rates are inferred: from a million charges of one SKU, with no card, in a process of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from billing.inferring.inference import infer
from billing.ledger import open_ledger
from billing.rating import Selection
from pricing.catalog import Catalog
from tests.bench.cost import Cost, apart, cold_cost
from tests.bench.tables import Bound, bounds_table, costs_table

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
_PLAIN = (300_000_000, 1_500_000_000, 0, 0, 0)
_FULL = (883_000_000, 4_412_000_000, 89_000_000, 1_103_000_000, 1_765_000_000)
_RISEN = (309_000_000, *_PLAIN[1:])
_CENT = 10**10
_MOST_SECONDS, _MOST_MB = 30.0, 1073.7

#: Requests of many sizes, charges cut to a cent; from $change on at other rates, and one in $fault charged a cent more.
_CHARGES = """
    INSERT INTO usage_records BY NAME
    WITH counted AS (
        SELECT
            n, n * 7919 % 60013 + 1 AS input, n * 104729 % 8009 + 1 AS output,
            CASE WHEN $kinds > 2 AND n % 3 = 0 THEN n * 31 % 120011 ELSE 0 END AS cache_read,
            CASE WHEN $kinds > 2 AND n % 5 = 0 THEN n * 17 % 20011 ELSE 0 END AS cache_write_5m,
            CASE WHEN $kinds > 2 AND n % 7 = 0 THEN n * 13 % 10007 ELSE 0 END AS cache_write_1h,
            CASE WHEN n < $change THEN $before ELSE $after END AS rates
        FROM range($requests) AS t(n)
    ),
    costing AS (
        SELECT
            *,
            input * rates[1] + output * rates[2] + cache_read * rates[3] + cache_write_5m * rates[4]
                + cache_write_1h * rates[5] AS exact
        FROM counted
    )
    SELECT
        'vendor' AS provider, 'msg_' || lpad(CAST(n AS VARCHAR), 20, '0') AS request_id, 0 AS id_hash, 'model' AS sku,
        'standard' AS service_tier, $first + to_seconds(2 * n) AS used_at, input, output, cache_read, cache_write_5m,
        cache_write_1h, 0 AS cache_write_unsplit, 0 AS web_searches, 'ok' AS status,
        exact - exact % $cent + CASE WHEN n % $fault = $fault - 1 THEN $cent ELSE 0 END AS charged, 'credit' AS unit,
        FALSE AS is_snapshot, 1 AS file_id, n + 1 AS line
    FROM costing
    ORDER BY n"""


def make_ledger(path: Path, requests: int, kinds: int, change: int, fault: int) -> None:
    """Make a ledger of that many requests for one SKU."""
    before, after = (_PLAIN, _RISEN) if kinds == len(_PLAIN[:2]) else (_FULL, _FULL)
    with open_ledger(path) as ledger:
        ledger.connection.execute(_CHARGES, {
            "requests": requests, "kinds": kinds, "change": change, "fault": fault, "before": list(before),
            "after": list(after), "cent": _CENT, "first": FIRST,
        })  # fmt: skip
        ledger.connection.execute("CHECKPOINT")


def inferred(path: Path, segments: int) -> None:
    """Infer all that the charges say, and see that it is as many segments as there are prices."""
    with open_ledger(path, read_only=True) as ledger:
        found = infer(ledger, Catalog("none", "0" * 64, ()), Selection(provider="vendor"), "model")
    if len(found.segments) != segments or any(segment.rounding is None for segment in found.segments):
        raise RuntimeError("not what was charged")


def report(folder: Path, requests: int) -> Iterator[str]:
    """Yield the tables for ledgers of so many requests."""
    yield f"### Inference from {requests:,} charges of one SKU"
    yield ""
    never = 10**9
    cases = (
        ("clean, input and output", 2, never, never, 1),
        ("clean, five kinds", 5, never, never, 1),
        ("input 3 % dearer in the middle", 2, requests // 2, never, 2),
        ("one in 100 charged a cent more", 2, never, 100, 1),
    )
    costs: list[tuple[str, Cost]] = []
    for name, kinds, change, fault, segments in cases:
        path = folder / "inference.duckdb"
        apart(make_ledger, path, requests, kinds, change, fault)
        costs.append((name, cold_cost(inferred, path, segments)))
        path.unlink()
    yield from costs_table("step", costs, [])
    clean = [cost for name, cost in costs if name.startswith("clean")]
    yield from bounds_table([
        Bound(f"inference from {requests:,} clean charges", max(each.wall for each in clean), _MOST_SECONDS, "s"),
        Bound("its peak of memory", max(each.peak for each in clean), _MOST_MB, "MB"),
    ])  # fmt: skip
