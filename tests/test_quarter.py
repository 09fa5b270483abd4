"""A simulated quarter of an account reconciles to the last digit, and each fault of the vendor's ledger shows."""

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.accounting.balance_sheet import BalanceSheet, Window
from billing.accounting.balances import balance_sheet
from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.records import Reading
from data.quarter import FAULTS, OPENING, START, WEEK, Quarter, Week, quarter, readings, weeks
from pricing.catalog import load_catalog

AT = datetime(2026, 11, 1, tzinfo=UTC)
MADE = quarter()


def in_credits(pico: int) -> Decimal:
    return Decimal(pico) / 10**12


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with the requests and entries of the quarter, and no reading."""
    folder = tmp_path_factory.mktemp("quarter")
    (folder / "log.jsonl").write_text("\n".join(MADE.log()), "utf-8")
    (folder / "entries.csv").write_text(MADE.list_of_entries(), "utf-8")
    with open_ledger(folder / "quarter.duckdb") as book:
        result = import_paths(book, [folder / "log.jsonl", folder / "entries.csv"], Reading(), AT)
    assert result.is_clean
    assert result.total.imported == len(MADE.requests) + len(MADE.entries)
    return folder / "quarter.duckdb"


def sheet_of(ledger: Path, told: list[Week], folder: Path) -> BalanceSheet:
    copy = folder / "copy.duckdb"
    shutil.copy(ledger, copy)
    shutil.copy(f"{ledger}.receipt", f"{copy}.receipt")
    (folder / "balances.csv").write_text(readings(told), "utf-8")
    with open_ledger(copy) as book:
        assert import_paths(book, [folder / "balances.csv"], Reading(), AT).is_clean
        return balance_sheet(book, load_catalog(providers=["aivideoapi"]), "aivideoapi", START, START + 13 * WEEK)


def windows_of(sheet: BalanceSheet) -> tuple[Window, ...]:
    assert [window.end for window in sheet.windows] == [START + number * WEEK for number in range(1, 14)]
    return sheet.windows


def test_the_quarter_reconciles_to_a_gap_of_exactly_nothing(ledger: Path, tmp_path: Path) -> None:
    told = weeks(MADE)
    sheet = sheet_of(ledger, told, tmp_path)
    for window, week in zip(windows_of(sheet), told, strict=True):
        assert window.gap == Decimal(0)
        found = (window.topped_up, window.bonus, window.refunded, window.metered.amount, window.expired)
        parts = (week.topped_up, week.bonus, week.refunded, week.drawn, week.expired)
        assert found == tuple(map(in_credits, parts))
        assert window.closing_expected == window.closing_reported == in_credits(week.reading)
        assert window.consumed == window.metered.amount
    total = sheet.total
    assert (total.opening, total.gap) == (in_credits(OPENING), Decimal(0))
    assert total.closing_expected == total.closing_reported == in_credits(told[-1].reading)
    assert total.metered.unreported > 500
    assert total.expired > 0
    assert sum(lot.remaining for lot in sheet.lots) - sheet.overdraft == total.closing_reported
    assert {lot.kind for lot in sheet.lots} == {"opening", "paid", "bonus"}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_shows_as_a_gap_of_its_size_in_its_window(ledger: Path, tmp_path: Path, fault: str) -> None:
    told = weeks(MADE, fault)
    assert sum(1 for week in told if week.missing) == 1
    sheet = sheet_of(ledger, told, tmp_path)
    assert [window.gap for window in windows_of(sheet)] == [in_credits(week.missing) for week in told]
    assert [window.has_gap for window in sheet.windows] == [week.missing > 0 for week in told]
    assert sheet.total.gap == in_credits(sum(week.missing for week in told))


def test_a_reading_that_is_misread_shows_where_it_is_and_is_made_good_in_the_next(ledger: Path, tmp_path: Path) -> None:
    told = weeks(MADE)
    told[4].reading -= 90 * 10**12
    gaps = [window.gap for window in windows_of(sheet_of(ledger, told, tmp_path))]
    assert gaps == [0, 0, 0, 0, 90, -90, 0, 0, 0, 0, 0, 0, 0]


def test_the_same_arguments_give_the_same_quarter() -> None:
    assert quarter() == MADE
    assert quarter(seed=7) != MADE
    assert isinstance(MADE, Quarter)
