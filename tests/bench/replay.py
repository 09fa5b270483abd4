"""How fast a replay is: a ledger's requests under every seller of a model, against the audit of the same requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.ledger import open_ledger
from billing.replay import replay
from pricing.catalog import load_catalog
from pricing.comparison import Terms
from pricing.models import sellers
from tests.bench.cost import Work, apart, warm_cost
from tests.bench.rating import FEW, PROVIDER, audited, make_ledger
from tests.bench.tables import Bound, bounds_table, costs_table

_MODEL = "claude-sonnet-4-6"


def _terms() -> Terms:
    """Take every model of the ledger for one, so that all requests are replayed under all that sell any of them."""
    catalog = load_catalog(providers=[PROVIDER])
    models = {catalog.sku(PROVIDER, sku).model for sku in catalog.skus(PROVIDER)}
    return Terms(dict.fromkeys(models - {_MODEL}, _MODEL))


@contextmanager
def replayed(path: Path) -> Iterator[Work]:
    """Lay everybody's rates, rate every request by each of them, and rank the offers."""
    catalog, terms = load_catalog(), _terms()
    with open_ledger(path, read_only=True) as ledger:
        yield lambda: replay(ledger, catalog, _MODEL, terms=terms)


def report(folder: Path, requests: int) -> Iterator[str]:
    """Yield the tables for a ledger of so many requests."""
    path = folder / "replay.duckdb"
    apart(make_ledger, path, requests)
    many = len(sellers(load_catalog(), _MODEL, _terms().models))
    audit, all_sellers = warm_cost(audited, path, FEW), warm_cost(replayed, path)
    path.unlink()
    yield f"### Replay of {requests:,} requests under {many} sellers"
    yield ""
    steps = [("rate and audit, once", audit), (f"replay under {many} sellers", all_sellers)]
    yield from costs_table("step", steps, [("audit", audit)])
    found = all_sellers.cpu / many / audit.cpu
    yield from bounds_table([Bound("replay per seller, to the audit of the same requests", found, 1.5, "x")])
