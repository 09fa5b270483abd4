"""What the benchmark measures is a right audit, however many prices there are."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from billing.cube import Cell, cube
from billing.ledger import open_ledger
from billing.rating import lay_rates
from tests.bench.rating import FEW, MANY, catalog_of, make_ledger

REQUESTS = 21_100


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = tmp_path_factory.mktemp("bench") / "bench.duckdb"
    make_ledger(ledger, REQUESTS)
    return ledger


def cells(path: Path, prices: int) -> tuple[Cell, ...]:
    with open_ledger(path, read_only=True) as ledger:
        return cube(lay_rates(ledger, catalog_of(prices)), Decimal(0))


def test_all_charges_match_but_those_made_wrong(path: Path) -> None:
    verdicts = Counter[str]()
    for cell in cells(path, FEW):
        verdicts[cell.verdict] += cell.requests
    failed, twice = REQUESTS // 211, REQUESTS // 100
    assert verdicts["failed"] == failed
    assert verdicts["overcharged"] == twice - 1  # one of them failed
    assert verdicts["matched"] == REQUESTS - failed - twice + 1


@pytest.mark.parametrize("prices", [1, MANY])
def test_the_number_of_prices_changes_nothing(path: Path, prices: int) -> None:
    assert cells(path, prices) == cells(path, FEW)
