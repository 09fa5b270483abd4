"""How fast rating is: against the engine's own sums of the same columns, and against other calculators.

Every query runs in an open ledger with a warm cache. Ratios hold from machine to machine, absolute times do not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from billing.cube import cube
from billing.ledger import open_ledger
from billing.queries import chain, statement
from billing.rating import lay_rates
from pricing.amounts import per_mtok_to_pico
from pricing.catalog import Catalog, load_catalog
from pricing.usage import TOKEN_KINDS
from tests.bench.cost import Cost, Work, apart, warm_cost
from tests.bench.tables import Bound, bounds_table, costs_table

MONTH, DAYS = datetime(2026, 10, 1, tzinfo=UTC), 31
PROVIDER = "aivideoapi"
FEW, MANY = 3, 200

#: A month of requests at the shipped prices; one in 211 fails, one in 100 is charged twice.
_REQUESTS = """
    INSERT INTO usage_records BY NAME
    WITH counted AS (
        SELECT
            n, n * 7919 % 4001 + 1 AS input, n * 104729 % 2003 + 1 AS output, s.sku, s.step,
            CASE WHEN n % 3 = 0 AND s.cache_read > 0 THEN n * 31 % 20011 ELSE 0 END AS cache_read,
            CASE WHEN n % 5 = 0 AND s.cache_read > 0 THEN n * 17 % 5003 ELSE 0 END AS cache_write_5m,
            'msg_' || lpad(CAST(n AS VARCHAR), 20, '0') AS request_id
        FROM range($requests) AS t(n)
        INNER JOIN sold AS s ON s.number = n * 2654435761 % 1000003 % $skus
    ),
    costing AS (
        SELECT
            c.*,
            c.input * s.input + c.output * s.output + c.cache_read * s.cache_read
                + c.cache_write_5m * s.cache_write_5m AS exact
        FROM counted AS c
        INNER JOIN sold AS s ON s.sku = c.sku
    )
    SELECT
        $provider AS provider, request_id, hash(request_id) AS id_hash, sku, 'standard' AS service_tier,
        $first + to_microseconds(CAST(n * ($microseconds / $requests) AS BIGINT)) AS used_at,
        input, output, cache_read, cache_write_5m, 0 AS cache_write_1h, 0 AS cache_write_unsplit, 0 AS web_searches,
        CASE WHEN n % 211 = 0 THEN 'failed' ELSE 'ok' END AS status,
        CASE WHEN n % 211 = 0 THEN 0 WHEN n % 100 = 7 THEN 2 * (exact - exact % step) ELSE exact - exact % step END
            AS charged,
        'credit' AS unit, 'project ' || CAST(n % 7 AS VARCHAR) AS project, FALSE AS is_snapshot, 1 AS file_id,
        n + 1 AS line
    FROM costing
    ORDER BY n"""

_SUMS = """COUNT(*), SUM(input), SUM(output), SUM(cache_read), SUM(cache_write_5m), SUM(cache_write_1h),
    SUM(cache_write_unsplit), SUM(web_searches), SUM(charged), MIN(used_at), MAX(used_at)"""
_KEYS = "provider, sku, service_tier, unit, status, unknown_fields"
BY_MONTH = f"SELECT {_KEYS}, date_trunc('month', used_at), {_SUMS} FROM usage_records GROUP BY ALL"  # noqa: S608 - ours
BY_DAY = f"SELECT {_KEYS}, CAST(used_at AS DATE), {_SUMS} FROM usage_records GROUP BY ALL"  # noqa: S608 - ours
#: The same with days cut out of microseconds, as our own query does it: an instant's date is dear in this engine.
BY_CUT_DAY = f"""
    SELECT {_KEYS}, epoch_us(used_at) - epoch_us(used_at) % 86400000000, {_SUMS} FROM usage_records GROUP BY ALL
"""  # noqa: S608 - ours

#: Steps that others are held against, unrated and rated.
_MONTH, _DAY = "sums by month", "sums by day"
_CUT_DAY = "sums by day cut out of microseconds"
_AUDIT = "rate and audit, {} prices per SKU"
_DOUBLES = f"the same in DOUBLE, {FEW}"
_FINDINGS = f"requests that do not match, {FEW}"

_DOUBLE = MappingProxyType(dict.fromkeys(("{tokens}", "{rate}", "{amount}", "{total}"), "DOUBLE"))


def make_ledger(path: Path, requests: int) -> None:
    """Make a ledger of that many requests, of all SKUs of the shipped card; only some of them know cached tokens."""
    sold = [
        {
            "number": number, "sku": period.sku, "step": period.block.rounding.step_pico,
            **{kind: per_mtok_to_pico(period.block.per_mtok.rate(kind) or Decimal(0)) for kind in TOKEN_KINDS[:4]},
        }
        for number, period in enumerate(load_catalog(providers=[PROVIDER]).all_periods())
    ]  # fmt: skip
    with open_ledger(path) as ledger:
        columns = ", ".join(f"{kind} BIGINT" for kind in TOKEN_KINDS[:4])
        ledger.connection.execute(f"CREATE TEMP TABLE sold (number INTEGER, sku VARCHAR, step BIGINT, {columns})")
        ledger.append("sold", sold)
        ledger.connection.execute(_REQUESTS, {
            "provider": PROVIDER, "first": MONTH, "requests": requests, "skus": len(sold),
            "microseconds": DAYS * 86_400_000_000,
        })  # fmt: skip
        ledger.connection.execute("CHECKPOINT")


def catalog_of(prices: int) -> Catalog:
    """Return the shipped card with that many dated prices of each SKU; all say the same, so that charges match."""
    catalog = load_catalog(providers=[PROVIDER])
    edges = [None, *(MONTH + timedelta(days=DAYS) * number / prices for number in range(1, prices)), None]
    (card,) = catalog.cards
    skus = tuple(
        sku.model_copy(update={"rates": tuple(
            sku.rates[-1].model_copy(update={"valid_from": start, "valid_to": end}) for start, end in pairwise(edges)
        )})
        for sku in card.skus
    )  # fmt: skip
    return replace(catalog, cards=(card.model_copy(update={"skus": skus}),))


@contextmanager
def unrated(path: Path, query: str) -> Iterator[Work]:
    """Sum the ledger's columns without rating them."""
    with open_ledger(path, read_only=True) as ledger:
        yield lambda: ledger.rows(query)


@contextmanager
def laid(path: Path, prices: int) -> Iterator[Work]:
    """Lay the rates and their calendar beside the usage: once, whatever is asked of them then."""
    catalog = catalog_of(prices)
    with open_ledger(path, read_only=True) as ledger:
        yield lambda: lay_rates(ledger, catalog)


@contextmanager
def audited(path: Path, prices: int) -> Iterator[Work]:
    """Rate every request and sum the audit."""
    with open_ledger(path, read_only=True) as ledger:
        rating = lay_rates(ledger, catalog_of(prices))
        yield lambda: cube(rating, Decimal(0))


@contextmanager
def audited_in_double(path: Path, prices: int) -> Iterator[Work]:
    """Do the same in floating point, which gets some amounts wrong."""
    with open_ledger(path, read_only=True) as ledger:
        rating = replace(lay_rates(ledger, catalog_of(prices)), width=_DOUBLE)
        yield lambda: cube(rating, Decimal(0))


@contextmanager
def audited_without_calendar(path: Path, prices: int) -> Iterator[Work]:
    """Do the same with all time in one stretch: each request is compared with every price of its SKU."""
    with open_ledger(path, read_only=True) as ledger:
        rating = lay_rates(ledger, catalog_of(prices))
        cut = rating.stretches
        whole = replace(cut, length_us=cut.last_us - cut.first_us + 1)
        ledger.connection.execute(statement("stretches"))
        ledger.append("stretches", list(whole.rows()))
        ledger.keep("calendar", chain("calendar"))
        yield lambda: cube(replace(rating, stretches=whole), Decimal(0))


@contextmanager
def found(path: Path, prices: int) -> Iterator[Work]:
    """Find the requests that do not match, as the diagnosis does."""
    with open_ledger(path, read_only=True) as ledger:
        rating = lay_rates(ledger, catalog_of(prices))
        yield lambda: rating.keep("audited", "mismatched")


def rows(path: Path) -> list[tuple[str, Cost]]:
    """Return what each step costs on the ledger at that path; ratios are to be taken to the first three."""
    return [
        (_MONTH, warm_cost(unrated, path, BY_MONTH)),
        (_DAY, warm_cost(unrated, path, BY_DAY)),
        (_CUT_DAY, warm_cost(unrated, path, BY_CUT_DAY)),
        (f"lay {FEW} prices per SKU", warm_cost(laid, path, FEW)),
        (f"lay {MANY} prices per SKU", warm_cost(laid, path, MANY)),
        (_AUDIT.format(FEW), warm_cost(audited, path, FEW)),
        (_AUDIT.format(MANY), warm_cost(audited, path, MANY)),
        (f"the same without price calendar, {FEW}", warm_cost(audited_without_calendar, path, FEW)),
        (f"the same without price calendar, {MANY}", warm_cost(audited_without_calendar, path, MANY)),
        (_DOUBLES, warm_cost(audited_in_double, path, FEW)),
        (_FINDINGS, warm_cost(found, path, FEW)),
    ]


def report(folder: Path, requests: int) -> Iterator[str]:
    """Yield the tables for a ledger of so many requests."""
    path = folder / "rating.duckdb"
    apart(make_ledger, path, requests)
    yield f"### Rating of {requests:,} requests, {path.stat().st_size / 1e6:,.0f} MB"
    yield ""
    costs = rows(path)
    path.unlink()
    month, day, cut_day = costs[:3]
    yield from costs_table("step", costs, [("month", month[1]), ("day", day[1]), ("cut day", cut_day[1])])
    yield from bounds_table(list(_bounds(dict(costs), requests)))


def _bounds(costs: dict[str, Cost], requests: int) -> Iterator[Bound]:
    few, many = costs[_AUDIT.format(FEW)].cpu, costs[_AUDIT.format(MANY)].cpu
    for what, cpu, most in (
        (f"rating and audit of {requests:,} requests, {FEW} prices", few, 2.0),
        ("requests that do not match, alone", costs[_FINDINGS].cpu, 1.25),
    ):
        for unit in (_MONTH, _DAY, _CUT_DAY):
            yield Bound(f"{what}, to {unit}", cpu / costs[unit].cpu, most, "x")
    yield Bound(f"rating and audit, {MANY} prices, to {FEW}", many / few, 1.15, "x")
    yield Bound("rating and audit, to the same in DOUBLE", few / costs[_DOUBLES].cpu, 1.1, "x")
