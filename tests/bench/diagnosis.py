"""What it costs to find causes: all requests of a ledger mismatch, and are rated by every hypothesis.

The measure is the rating of the same requests: so many times it, at most, as there are hypotheses.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

from billing.auditor import audit_rated
from billing.cube import cube
from billing.diagnosis import diagnose
from billing.ledger import open_ledger
from billing.rating import Rating, lay_rates
from pricing.amounts import per_mtok_to_pico
from pricing.catalog import RatePeriod, load_catalog
from tests.bench.cost import Work, apart, warm_cost
from tests.bench.rating import MONTH, make_ledger
from tests.bench.tables import Bound, bounds_table, costs_table

OPENROUTER = "openrouter"
MIXED_UP = 5_000
_RATE, _FIND, _AUDIT = "rate and sum them", "find their causes", "the whole audit of them"

#: Of ten requests four are charged double, three a step too much and three what no mistake gives.
_MISTAKES = """
    UPDATE usage_records SET
        status = 'ok',
        charged = CASE WHEN line % 10 < 4 THEN 2 * charged WHEN line % 10 < 7 THEN charged + 10000000000
            ELSE charged + 170000000000 END"""

#: As many requests of each SKU, charged what the next SKU costs.
_MIXED_UP = """
    INSERT INTO usage_records BY NAME
    SELECT
        $provider AS provider, 'gen-' || CAST(n AS VARCHAR) AS request_id,
        hash('gen-' || CAST(n AS VARCHAR)) AS id_hash,
        s.sku, 'standard' AS service_tier, $first + to_seconds(n) AS used_at,
        n * 7919 % 4001 + 1 AS input, n * 104729 % 2003 + 1 AS output, 0 AS cache_read, 0 AS cache_write_5m,
        0 AS cache_write_1h, 0 AS cache_write_unsplit, 0 AS web_searches, 'ok' AS status,
        (n * 7919 % 4001 + 1) * o.input + (n * 104729 % 2003 + 1) * o.output AS charged,
        'USD' AS unit, FALSE AS is_snapshot, 1 AS file_id, n + 1 AS line
    FROM range($requests) AS t(n)
    INNER JOIN sold AS s ON s.number = n % $skus
    INNER JOIN sold AS o ON o.number = (n + 1) % $skus"""


#: How many hypotheses there are, and how many ratings by them of all requests.
_TRIED = """
    SELECT COUNT(DISTINCT c.hypothesis), SUM(m.requests)
    FROM (SELECT found_card, COUNT(*) AS requests FROM mismatched GROUP BY found_card) AS m
    INNER JOIN trials AS t ON t.card_id = m.found_card
    INNER JOIN (SELECT DISTINCT card_id, hypothesis FROM candidates) AS c ON c.card_id = t.trial"""


def make_mismatches(path: Path, requests: int) -> None:
    """Make a ledger in which every request is charged wrongly, at the shipped prices of the credit vendor."""
    make_ledger(path, requests)
    with open_ledger(path) as ledger:
        ledger.change(_MISTAKES)
        ledger.connection.execute("CHECKPOINT")


def make_mixed_up(path: Path, requests: int) -> None:
    """Make a ledger of all SKUs of the provider that has most, in which each request is charged as of another one."""
    periods = [period for period in load_catalog(providers=[OPENROUTER]).all_periods() if period.valid_to is None]
    sold = [
        {"number": number, "sku": period.sku, "input": _per_token(period, "input"),
         "output": _per_token(period, "output")}
        for number, period in enumerate(periods)
    ]  # fmt: skip
    with open_ledger(path) as ledger:
        ledger.connection.execute("CREATE TEMP TABLE sold (number INTEGER, sku VARCHAR, input BIGINT, output BIGINT)")
        ledger.append("sold", sold)
        ledger.change(_MIXED_UP, {"provider": OPENROUTER, "first": MONTH, "requests": requests, "skus": len(sold)})
        ledger.connection.execute("CHECKPOINT")


def _per_token(period: RatePeriod, kind: str) -> int:
    rate: Decimal | None = getattr(period.block.per_mtok, kind)
    return per_mtok_to_pico(rate or Decimal(0))


@contextmanager
def _laid(path: Path, provider: str) -> Iterator[Rating]:
    with open_ledger(path, read_only=True) as ledger:
        yield lay_rates(ledger, load_catalog(providers=[provider]))


@contextmanager
def rated(path: Path, provider: str) -> Iterator[Work]:
    """Rate every request once and sum the audit."""
    with _laid(path, provider) as rating:
        yield lambda: cube(rating, Decimal(0))


@contextmanager
def diagnosed(path: Path, provider: str) -> Iterator[Work]:
    """Find what does not match and why: all that an audit does beyond rating, from the ledger on."""
    with _laid(path, provider) as rating:
        yield lambda: diagnose(rating, Decimal(0))


@contextmanager
def audited(path: Path, provider: str) -> Iterator[Work]:
    """Do all of it, and tell how many requests each finding's mistake spared."""
    with _laid(path, provider) as rating:
        yield lambda: audit_rated(rating)


def tried(path: Path, provider: str) -> tuple[int, int, int]:
    """Return how many requests mismatch, how many hypotheses there are, and how many ratings by them are made."""
    with _laid(path, provider) as rating:
        diagnose(rating, Decimal(0))
        ((requests,),) = rating.ledger.rows("SELECT COUNT(*) FROM mismatched")
        ((hypotheses, ratings),) = rating.ledger.rows(_TRIED)
    return int(requests), int(hypotheses), int(ratings)


def report(folder: Path, requests: int) -> Iterator[str]:
    """Yield the tables for so many mismatches of a few SKUs, and for some of very many."""
    for make, provider, count in ((make_mismatches, "aivideoapi", requests), (make_mixed_up, OPENROUTER, MIXED_UP)):
        path = folder / "diagnosis.duckdb"
        apart(make, path, count)
        with ProcessPoolExecutor(1, get_context("spawn")) as another:  # so that its memory counts for nothing measured
            mismatches, hypotheses, ratings = another.submit(tried, path, provider).result()
        each = ratings / mismatches
        yield f"### Causes of {mismatches:,} mismatches of {provider}: {hypotheses:,} hypotheses, {each:.1f} for each"
        yield ""
        costs = [
            (_RATE, warm_cost(rated, path, provider)),
            (_FIND, warm_cost(diagnosed, path, provider)),
            (_AUDIT, warm_cost(audited, path, provider)),
        ]
        path.unlink()
        yield from costs_table("step", costs, [("rating", costs[0][1])])
        found = costs[1][1].cpu / (costs[0][1].cpu * each)
        yield from bounds_table([Bound("causes, to rating as often as hypotheses are tried", found, 1.0, "x")])
