"""FOCUS: what the sample month says, what the official validator says of it, and what it lets pass."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from billing.accounting.grants import Policy
from billing.importing.importer import import_paths
from billing.ledger import open_ledger
from billing.rating import Selection
from billing.records import AccountEntry, Reading, Status, UsageRecord
from pricing.catalog import load_catalog
from pricing.usage import Usage
from reports.cli import run
from reports.exports.files import ExportError
from reports.exports.focus_checks import broken, controls, invariants
from reports.exports.focus_files import accounts_of, books, write_focus
from tests.account_values import HOSTILE_NAMES, Told, fill, of
from tests.conftest import ROOT
from tests.export_values import as_told, read_csv
from tests.focus_validator import environment, failing_rules
from tests.ledgers import a_ledger
from tests.test_account_laws import HAS_BEANCOUNT, check

Totals = tuple[pa.Table, pa.Table]
MONTH = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
KNOWN: Mapping[str, str] = {
    "InvoiceId-C-005-C": "asks that InvoiceId is never null, and InvoiceId-C-004 that it always is",
    "InvoiceId-C-004-C": "asks that InvoiceId is always null, and InvoiceId-C-005 that it never is",
    "PricingCurrency-C-003-M": "knows national currencies only, and CurrencyFormat-A-002 allows virtual ones",
    "PricingCurrency-C-000-C": "is the sum of the rules for PricingCurrency",
}
_CHEAPER = (
    "UPDATE t SET BilledCost = 50, ListCost = 50, ContractedCost = 50, ListUnitPrice = 50, ContractedUnitPrice = 50 "
    "WHERE ChargeCategory = 'Purchase'"
)
#: What is done to an export that the validator lets pass, and the invariant that finds it. {grant} is a row that a
#: grant paid for, {card} one that none covers.
MUTATIONS: Mapping[str, tuple[str, str]] = {
    "billed twice": ("UPDATE t SET BilledCost = EffectiveCost WHERE {grant}", "use_of_grants_is_not_billed"),
    "cost lost": ("UPDATE t SET EffectiveCost = 0 WHERE {grant}", "grants_are_conserved"),
    "row lost": ("DELETE FROM t WHERE {grant}", "credits_are_conserved"),
    "row doubled": ("INSERT INTO t SELECT * FROM t WHERE {grant}", "rows_are_unique"),
    "list cost off by 10^-12": ("UPDATE t SET ListCost = ListCost + 0.000000000001 WHERE {grant}",
                                "list_cost_is_exact"),
    "period too long": ("UPDATE t SET BillingPeriodEnd = BillingPeriodEnd + INTERVAL 1 MONTH WHERE {grant}",
                        "periods_are_months"),
    "charged in another month": ("UPDATE t SET ChargePeriodStart = ChargePeriodStart - INTERVAL 60 DAY WHERE {grant}",
                                 "periods_are_months"),
    "use told as correction": ("UPDATE t SET ChargeClass = 'Correction' WHERE {grant}",
                               "corrections_are_of_earlier_months"),
    "a token more": ("UPDATE t SET ConsumedQuantity = ConsumedQuantity + 1 WHERE {grant}", "quantities_agree"),
    "cheaper top-up": (_CHEAPER, "purchases_are_complete"),
    "uncovered use for nothing": ("UPDATE t SET BilledCost = 0 WHERE {card}", "uncovered_use_is_billed"),
    "credits off": ("UPDATE t SET PricingCurrencyListUnitPrice = PricingCurrencyListUnitPrice + 1 WHERE {grant}",
                    "prices_agree"),
    "a binary fraction": ("ALTER TABLE t ALTER EffectiveCost TYPE DOUBLE", "amounts_are_decimals"),
}  # fmt: skip
_ROW = (
    "SkuPriceId = (SELECT MIN(SkuPriceId) FROM t WHERE x_CostBasis = '{0}' AND x_Kind = 'usage' AND EffectiveCost > 0)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the sample month, with what was bought in it."""
    folder = tmp_path_factory.mktemp("focus")
    with open_ledger(folder / "sample.duckdb") as book:
        paths = [ROOT / "data" / "sample", ROOT / "data" / "invoices" / "top_ups.csv"]
        import_paths(book, paths, Reading(), datetime(2026, 11, 2, tzinfo=UTC))
    for name in ("focus.parquet", "focus.csv"):
        assert export(folder, "focus", name) == 0
    return folder


@pytest.fixture(scope="module")
def totals(folder: Path) -> Totals:
    """Return the control totals of the sample month."""
    with open_ledger(folder / "sample.duckdb", read_only=True) as book:
        catalog = load_catalog()
        return controls(accounts_of(book, catalog, books(book, catalog, Selection(*MONTH), lambda _: Policy())))


def export(folder: Path, what: str, name: str, *more: str) -> int:
    month = [] if what == "beancount" else ["--month", "2026-10"]
    return run(["export", what, "--ledger", str(folder / "sample.duckdb"), "--out", str(folder / name), *month, *more])


def sums(path: Path, where: str) -> list[Decimal]:
    query = f"SELECT SUM(BilledCost), SUM(EffectiveCost), SUM(PricingCurrencyEffectiveCost) FROM '{path}' WHERE {where}"  # noqa: S608 - our own
    with duckdb.connect() as engine:
        (found,) = engine.execute(query).fetchall()
    return [Decimal(each) for each in found]


def test_the_sample_month_in_figures(folder: Path) -> None:
    path = folder / "focus.parquet"
    assert sums(path, "ChargeCategory = 'Purchase'") == [100, 0, 0]
    # 15,957.428217 credits were drawn of 21,000 for $100, the bonus of 1,000 among them; each lot is cut to 10^-12.
    billed, cost, credits_ = sums(path, "x_CostBasis = 'grant' AND ChargeCategory <> 'Purchase'")
    assert (billed, credits_) == (Decimal(0), Decimal("15957.428217"))
    assert 0 <= credits_ * 100 / 21000 - cost < Decimal("0.000000000002")
    assert sums(path, "BillingAccountId = 'apimodels'") == [Decimal("0.874179084")] * 3
    assert not any(pa.types.is_floating(each.type) for each in pq.read_schema(path))
    assert pq.read_schema(path).metadata[b"FocusVersion"] == b"1.2"


def test_csv_and_parquet_have_the_same_rows_and_bytes_come_again(folder: Path) -> None:
    rows = read_csv(folder / "focus.csv")
    assert len(rows) == pq.read_metadata(folder / "focus.parquet").num_rows
    assert sum(Decimal(row["EffectiveCost"]) for row in rows) == sums(folder / "focus.parquet", "TRUE")[1]
    for name in ("focus.parquet", "focus.csv"):
        assert export(folder, "focus", f"again-{name}") == 0
        assert (folder / name).read_bytes() == (folder / f"again-{name}").read_bytes()


def test_what_nobody_can_price_is_counted_and_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert export(folder, "focus", "told.csv", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == [
        {"provider": "aimlapi", "reason": "price_unpublished", "count": 232},
        {"provider": "aivideoapi", "reason": "stream_incomplete", "count": 4},
    ]
    assert not [row for row in read_csv(folder / "told.csv") if row["BillingAccountId"] == "aimlapi"]


def mutated(path: Path, out: Path, statements: list[str]) -> Path:
    grant, card = _ROW.format("grant"), _ROW.format("card")
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t AS SELECT * FROM '{path}'")  # noqa: S608 - our own file
        for each in statements:
            engine.execute(each.format(grant=grant, card=card))
        engine.execute(f"COPY t TO '{out}' (FORMAT parquet)")
    return out


@pytest.mark.parametrize("name", MUTATIONS)
def test_our_invariants_find_each_mutation(folder: Path, totals: Totals, tmp_path: Path, name: str) -> None:
    statement, invariant = MUTATIONS[name]
    assert broken(folder / "focus.parquet", totals, is_csv=False) == {}
    path = mutated(folder / "focus.parquet", tmp_path / "mutated.parquet", [statement])
    assert invariant in broken(path, totals, is_csv=False)
    assert invariant in invariants()


@pytest.mark.slow
def test_the_official_validator_fails_nothing_but_what_contradicts_itself(
    folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    env = environment(request.config.cache.mkdir("focus-validator"))
    for name in ("focus.parquet", "focus.csv"):
        assert failing_rules(env, folder / name) <= KNOWN.keys()
    # It lets every mutation pass: all of them at once, and so each.
    every = mutated(folder / "focus.parquet", tmp_path / "every.parquet", [each for each, _ in MUTATIONS.values()])
    assert failing_rules(env, every) <= KNOWN.keys()


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def use(line: int, when: datetime, charged: str, project: str | None = None) -> UsageRecord:
    return UsageRecord(
        line, "vendor", "model", f"r{line}", at=when, usage=Usage(input=10_000), charged=Decimal(charged),
        unit="credit", project=project,
    )  # fmt: skip


def back(line: int, when: datetime, amount: str) -> UsageRecord:
    return UsageRecord(
        line, "vendor", "model", f"back{line}", at=when, status=Status.REFUND, charged=Decimal(amount), unit="credit",
        tags=(("of_request", f"r{line}"),),
    )  # fmt: skip


def top_up(when: datetime, amount: str, paid: str | None = "10") -> AccountEntry:
    return AccountEntry(
        90, "vendor", when, Decimal(amount), "credit", paid=None if paid is None else Decimal(paid),
        currency=paid and "USD",
    )  # fmt: skip


def rows_of(tmp_path: Path, told: list[Told], month: int | None = None) -> list[dict[str, str]]:
    with a_ledger() as ledger:
        fill(ledger, told)
        own = of(ledger, *(() if month is None else (at(month, 1).replace(hour=0), at(month + 1, 1).replace(hour=0))))
        write_focus(tmp_path / "focus.csv", ledger, own, "1.2", Selection())
    return read_csv(tmp_path / "focus.csv")


def test_a_refund_of_an_earlier_month_is_a_correction_and_one_of_the_same_month_is_not(tmp_path: Path) -> None:
    told: list[Told] = [
        top_up(at(9, 1), "1000"), use(1, at(9, 5), "3"), use(2, at(10, 5), "3"),
        back(1, at(10, 8), "-3"), back(2, at(10, 9), "-1"),
    ]  # fmt: skip
    rows = [row for row in rows_of(tmp_path, told, month=10) if row["x_Kind"] == "refund"]
    names = ("ChargeClass", "EffectiveCost", "PricingQuantity", "x_CorrectedDay")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("Correction", "-0.03", "-3", "2026-09-05"), ("", "-0.01", "-1", "2026-10-05"),
    ]  # fmt: skip
    assert {row["ChargeCategory"] for row in rows} == {"Usage"}


def test_rounding_and_variance_are_adjustments_beside_the_metered_use(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [top_up(at(9, 1), "1000"), use(1, at(9, 5), "3.5")])
    told = {row["x_Kind"]: (row["ChargeCategory"], row["EffectiveCost"], row["ListCost"]) for row in rows}
    assert told == {
        "top_up": ("Purchase", "0", "10"), "usage": ("Usage", "0.03", "0.015"),
        "variance": ("Adjustment", "0.005", "0.0025"),
    }  # fmt: skip


def test_without_a_top_up_use_is_billed_at_the_card_and_nothing_is_bought(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [use(1, at(9, 5), "3")])
    assert [(row["ChargeCategory"], row["x_CostBasis"], row["BilledCost"], row["EffectiveCost"]) for row in rows] == [
        ("Usage", "card", "0.015", "0.015"),
    ]  # fmt: skip


def test_what_was_overdrawn_is_paid_by_the_next_grant(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [use(1, at(9, 5), "3"), top_up(at(9, 7), "1000")])
    assert [(row["x_Kind"], row["x_CostBasis"], row["EffectiveCost"]) for row in rows] == [
        ("usage", "grant", "0.03"), ("top_up", "grant", "0"),
    ]  # fmt: skip


def test_what_was_overdrawn_in_one_month_and_paid_in_the_next_belongs_to_the_first(tmp_path: Path) -> None:
    told: list[Told] = [use(1, at(9, 5), "3"), top_up(at(10, 7), "1000"), use(2, at(10, 8), "3")]
    rows = [row for row in rows_of(tmp_path, told) if row["x_Kind"] == "usage"]
    assert [(row["ChargePeriodStart"][:10], row["x_CostBasis"], row["EffectiveCost"]) for row in rows] == [
        ("2026-09-05", "grant", "0.03"), ("2026-10-08", "grant", "0.03"),
    ]  # fmt: skip
    assert [row["x_CostBasis"] for row in rows_of(tmp_path, told, month=9)] == ["card"]
    assert [row["x_Kind"] for row in rows_of(tmp_path, told, month=10)] == ["top_up", "usage"]


def test_a_top_up_of_unknown_price_is_left_out_and_its_use_valued_by_the_card() -> None:
    with a_ledger() as ledger:
        fill(ledger, [top_up(at(9, 1), "1000", None), use(1, at(9, 5), "3")])
        (account,) = of(ledger)
    assert account.charges.left_out == {"price_of_grant_unknown": 1}
    assert [(key.basis, sums.billed) for key, sums in account.charges.found.items()] == [("card", 15 * 10**21)]


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    names = [name for name in HOSTILE_NAMES if name]
    told: list[Told] = [top_up(at(9, 1), "1000"), *(use(n, at(9, 5), "3", name) for n, name in enumerate(names))]
    rows = rows_of(tmp_path, told)
    assert {as_told(row["x_Project"]) for row in rows if row["x_Kind"] == "usage"} == set(names)
    assert not [row for row in rows if row["x_Project"].startswith(("=", "@", "+"))]


def test_profile_1_4_has_invoices_and_billing_periods(folder: Path, tmp_path: Path) -> None:
    ledger = str(folder / "sample.duckdb")
    invoice = ROOT / "data" / "invoices" / "faulty.csv"
    copy = tmp_path / "copy.duckdb"
    assert run(["backup", str(copy), "--ledger", ledger]) == 0
    assert run(["reconcile", str(invoice), "--close", "--ledger", str(copy), "--format", "csv"]) == 1
    assert run(["export", "focus", "--ledger", str(copy), "--out", str(tmp_path / "f.csv"), "--profile", "1.4"]) == 0
    periods = {row["InvoiceIssuerName"]: row for row in read_csv(tmp_path / "f.BillingPeriod.csv")}
    assert {name: row["BillingPeriodStatus"] for name, row in periods.items()} == {
        "AI Video API": "Closed",
        "API Models": "Open",
    }
    lines = read_csv(tmp_path / "f.InvoiceDetail.csv")
    asked = [Decimal(row["amount"]) for row in read_csv(invoice)]
    assert [Decimal(row["x_Credits"]) for row in lines] == asked
    assert {row["BilledCost"] for row in lines} == {"0"}
    rows = read_csv(tmp_path / "f.csv")
    assert "ProviderName" not in rows[0]
    assert {row["InvoiceId"] for row in rows if row["ServiceProviderName"] == "AI Video API"} == {lines[0]["InvoiceId"]}


def test_journal_and_beancount_of_the_sample_month(folder: Path) -> None:
    assert export(folder, "journal", "journal.csv") == 0
    rows = read_csv(folder / "journal.csv")
    left = [Decimal(row["amount"]) for row in rows if row["account"] == "assets:prepaid:aivideoapi"]
    assert sum(left) == 100 - sums(folder / "focus.parquet", "x_CostBasis = 'grant'")[1]
    expenses = sum(Decimal(row["amount"]) for row in rows if row["account"].startswith("expenses:"))
    assert expenses == sums(folder / "focus.parquet", "TRUE")[1]
    for name in ("books.beancount", "again.beancount"):
        assert export(folder, "beancount", name) == 0
    assert (folder / "books.beancount").read_bytes() == (folder / "again.beancount").read_bytes()
    if HAS_BEANCOUNT:
        check(folder / "books.beancount")


def test_a_file_that_breaks_an_invariant_is_never_there(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        fill(ledger, [top_up(at(9, 1), "1000"), use(1, at(9, 5), "3")])
        own = of(ledger)
        key = next(key for key in own[0].charges.found if key.kind == "usage")
        own[0].charges.found[key].effective += 1
        with pytest.raises(ExportError, match=r"grants_are_conserved \(1 rows\).*nothing was written"):
            write_focus(tmp_path / "focus.csv", ledger, own, "1.2", Selection())
    assert list(tmp_path.iterdir()) == []
