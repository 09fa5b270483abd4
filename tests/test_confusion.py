"""Every billing mistake, planted into a month: what is charged wrongly is found and its cause told, and no other."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from billing.auditor import audit
from billing.ledger import Ledger
from data.faults import RULES, SKUS, THRESHOLD, TOGETHER, Row, Tiers, month, plant, tier
from pricing.calculator import price
from pricing.usage import Usage
from tests.confusion import PER_MILLE, Confusion, a_catalog, a_month, confusion
from tests.ledgers import OCTOBER

REQUESTS = 4_000


@pytest.fixture(scope="module")
def small() -> Iterator[tuple[Ledger, list[Row]]]:
    with a_month(REQUESTS) as made:
        yield made


def test_the_oracle_knows_the_rates_of_the_cards() -> None:
    catalog = a_catalog()
    for sold, (start, tiers), size in product(SKUS, _prices(), (1, THRESHOLD - 3, THRESHOLD - 2, 10**6)):
        if (start, tiers) not in sold.prices:
            continue
        tokens = (size, 1, 1, 1, 1)
        usage = Usage(*tokens)
        found = price(catalog, sold.provider, sold.sku, usage, OCTOBER + timedelta(seconds=start))
        told = [None if line.rate is None else int(line.rate * 10**6) for line in found.lines]
        assert told == list(tier(tiers, tokens)), sold.sku


def _prices() -> list[tuple[int, Tiers]]:
    return list({each: None for sold in SKUS for each in sold.prices})


def test_a_clean_month_accuses_nobody(small: tuple[Ledger, list[Row]]) -> None:
    found = audit(small[0], a_catalog())
    assert (found.findings, found.has_variance) == ((), False)
    credits_ = next(line for line in found.totals if line.unit == "credit")
    assert credits_.refunded == credits_.variance > 0


@pytest.mark.parametrize("rule", RULES)
def test_a_mistake_alone(small: tuple[Ledger, list[Row]], rule: str) -> None:
    found = confusion(*small, [rule], PER_MILLE[1])
    assert found.is_right
    assert found.told.total() + found.tied.total() > 0


@pytest.mark.parametrize("rules", TOGETHER, ids=" ".join)
def test_five_mistakes_together(small: tuple[Ledger, list[Row]], rules: tuple[str, ...]) -> None:
    assert confusion(*small, rules, PER_MILLE[2]).is_right


def test_ties_are_told(small: tuple[Ledger, list[Row]]) -> None:
    ledger, rows = small
    rules = ["rounding.half_up", "output.not_charged"]
    tied = sum(bool(each.ties) for each in plant(rows, rules, 50))
    found = confusion(ledger, rows, rules, 50)
    assert found.tied.total() == found.ties_told == tied > 0


def test_the_table_tells_right_from_wrong() -> None:
    rows = list(month(500))
    planted = [each for each in plant(rows, ["output.double"], 600) if not each.ties]
    told = {each.row.id: "output.double" for each in planted}
    for change, what in (
        ({planted[0].row.id: "rate.stale"}, "wrong"), ({"req_of_nobody": "rate.stale"}, "accused")
    ):  # fmt: skip
        result = Confusion()
        result.add(planted, told | change)
        assert not result.is_right, what
    missing = Confusion()
    missing.add(planted, dict(list(told.items())[1:]))
    assert (missing.missed, missing.is_right) == (1, False)


@pytest.mark.slow
def test_a_full_month_of_which_most_is_wrong() -> None:
    with a_month(200_000) as (ledger, rows):
        assert confusion(ledger, rows, TOGETHER[0], PER_MILLE[2]).is_right
