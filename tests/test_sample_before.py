"""The sample months side by side: September is right, and what changed is what the generator's arithmetic says."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.auditor import audit
from billing.importing.importer import ImportResult, import_paths
from billing.ledger import Ledger, open_ledger
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import ProviderStatement, Statement
from billing.rating import Selection
from billing.records import Reading
from data.month import REQUESTS_BEFORE, month_before
from data.simulate import EXPECTED, SAMPLE, Tally
from pricing.catalog import load_catalog
from reports.cli.demos import sample_logs
from reports.pages.overview_sums import Sums
from reports.pages.overview_tables import movers
from tests.statement_adding import check_pages_agree

SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11))
EFFECTS = ("price", "volume", "mix", "new", "gone", "rounding")


@pytest.fixture(scope="module")
def before() -> Any:  # noqa: ANN401 - JSON
    tally = Tally()
    for request in month_before():
        tally.add(request)
    return tally.result()


@pytest.fixture(scope="module")
def now() -> Any:  # noqa: ANN401 - JSON
    return json.loads((SAMPLE.parent / EXPECTED).read_text("utf-8"))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with open_ledger(tmp_path_factory.mktemp("months") / "demo.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def imported(ledger: Ledger) -> ImportResult:
    return import_paths(ledger, sample_logs(), Reading(), NOVEMBER)


@pytest.fixture(scope="module")
def october(ledger: Ledger, imported: ImportResult) -> Statement:
    assert imported.files
    return monthly_statement(ledger, load_catalog(), Asked(month=date(2026, 10, 1), now=NOVEMBER))


def _sums(month: Any, *figures: str) -> dict[tuple[str, str], Decimal]:  # noqa: ANN401 - JSON
    """Return these figures of a month, added up by provider and unit."""
    found: dict[tuple[str, str], Decimal] = {}
    for sku in month["skus"]:
        account = sku["provider"], sku["unit"]
        found[account] = sum((Decimal(sku[figure]) for figure in figures), found.get(account, Decimal(0)))
    return found


def _spend(statements: tuple[ProviderStatement, ...]) -> dict[tuple[str | None, str | None], Decimal]:
    return {(each.provider, each.unit): each.sums.spend for each in statements}


def test_september_is_read_whole(imported: ImportResult, now: Any) -> None:  # noqa: ANN401 - JSON
    assert imported.total.imported == REQUESTS_BEFORE + now["total"]["imported"]
    for outcome in ("duplicate", "conflict", "rejected"):
        assert getattr(imported.total, outcome) == now["total"][outcome]


def test_september_is_charged_right(ledger: Ledger, imported: ImportResult, before: Any) -> None:  # noqa: ANN401 - JSON
    assert imported.files
    audited = audit(ledger, load_catalog(), Selection(SEPTEMBER, OCTOBER))
    assert audited.verdicts == before["verdicts"]
    assert {verdict for verdict, requests in before["verdicts"].items() if requests} == {
        "matched",
        "unreported",
        "failed",
    }
    assert not audited.findings
    for found, wanted in zip(audited.totals, before["totals"], strict=True):
        assert found.charged == found.expected == Decimal(wanted["charged"])
        assert found.expected_unreported == Decimal(wanted["expected_unreported"])


def test_both_months_cost_what_the_generator_says(october: Statement, before: Any, now: Any) -> None:  # noqa: ANN401 - JSON
    spent = "charged", "charged_unchecked", "expected_unreported"
    assert _spend(october.before) == _sums(before, *spent)
    assert _spend(october.providers) == _sums(now, *spent)


def test_the_effects_are_the_change_of_what_is_expected(october: Statement, before: Any, now: Any) -> None:  # noqa: ANN401 - JSON
    was, is_now = (_sums(month, "expected", "expected_unreported") for month in (before, now))
    assert {(each.provider, each.unit) for each in october.change.totals} == set(was)
    for each in october.change.totals:
        assert each.provider is not None
        assert each.unit is not None
        account = each.provider, each.unit
        assert (each.effects.before, each.effects.after) == (was[account], is_now[account])
        assert sum(getattr(each.effects, name) for name in EFFECTS) == is_now[account] - was[account]
    (credit,) = (each.effects for each in october.change.totals if each.unit == "credit")
    assert credit.volume
    assert credit.mix
    assert credit.new


def test_the_overview_tells_what_moved_as_the_statement_does(ledger: Ledger, october: Statement, now: Any) -> None:  # noqa: ANN401 - JSON
    found = audit(ledger, load_catalog(), Selection(OCTOBER, NOVEMBER))
    told = movers(Sums.of(found, october), october)
    priced = {
        (sku["provider"], sku["sku"]) for sku in now["skus"] if Decimal(sku["expected_unreported"]) or sku["checked"]
    }
    assert {(row.cells[0].text, row.cells[1].text) for row in told.rows} == priced
    check_pages_agree(found, october)
