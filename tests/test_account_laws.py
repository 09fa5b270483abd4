"""Laws of what is exported of accounts: whatever happened, every credit and every cent is in it once."""

import importlib.util
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accounting.account_book import shares
from billing.accounting.grants import Policy, Step, replay
from billing.accounting.movements import Cause, movements
from billing.rating import EVERYTHING
from reports.exports.beancount import beancount_text
from reports.exports.files import write_table
from reports.exports.focus_files import write_focus
from reports.exports.journal import journal_table
from tests.account_values import Told, accounts, opened
from tests.export_values import read_csv
from tests.test_grants import histories

HAS_BEANCOUNT = importlib.util.find_spec("beancount") is not None


@settings(max_examples=40)
@given(histories(), st.permutations(["expires_at", "bonus", "at"]))
def test_movements_add_up_to_the_lots(steps: tuple[Step, ...], order: list[str]) -> None:
    policy = Policy(tuple(order))
    found, lots = movements(steps, policy)
    assert lots == replay(steps, policy).lots_at[len(steps) - 1]
    for lot in lots:
        own = [each for each in found if each.lot == lot.serial]
        gone = [each for each in own if each.cause is not Cause.GRANTED]
        assert sum(each.amount for each in gone) == lot.granted - lot.remaining
        if lot.cost is not None:
            assert sum(each.cost or 0 for each in gone) == lot.cost * (lot.granted - lot.remaining) // lot.granted
    for number, step in enumerate(steps[:-1]):
        used = sorted((each.begins, each.amount) for each in found if each.cause is Cause.USED and each.step == number)
        ends = 0
        for begins, amount in used:
            assert begins == ends
            ends += amount
        assert ends == step.used


@given(st.integers(-(10**6), 10**6), st.lists(st.integers(0, 1000), min_size=1))
def test_shares_add_up(total: int, weights: list[int]) -> None:
    assert sum(shares(total, weights)) == total


@settings(max_examples=12)
@given(accounts())
def test_every_focus_file_keeps_the_invariants_and_every_journal_balances(told: list[Told]) -> None:
    with opened(told) as (ledger, own), TemporaryDirectory() as name:
        folder = Path(name)
        for path in (folder / "focus.parquet", folder / "focus.csv"):
            # It raises if an invariant is broken.
            assert write_focus(path, ledger, own, "1.4", EVERYTHING)[path] == len(own[0].charges.found)
        table = journal_table(own)
        write_table(folder / "journal.csv", table.schema, table.to_batches())
        sums: Counter[tuple[str, str]] = Counter()
        for row in read_csv(folder / "journal.csv"):
            sums[row["entry"], row["currency"]] += Decimal(row["amount"])  # type: ignore[assignment]  # decimals
        assert not any(sums.values())


@pytest.mark.skipif(not HAS_BEANCOUNT, reason="beancount is not installed")
@settings(max_examples=4)
@given(st.lists(accounts(), min_size=3, max_size=3))
def test_beancount_takes_every_file(many: list[list[Told]]) -> None:
    for told in many:
        with opened(told) as (_, own), TemporaryDirectory() as name:
            path = Path(name) / "books.beancount"
            path.write_text(beancount_text(own), "utf-8")
            check(path)


def check(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
