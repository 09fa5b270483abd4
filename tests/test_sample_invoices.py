"""The sample invoices: what `reconcile` and `restate` find of them is what the generator's own arithmetic says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.auditor import audit
from billing.importing.importer import import_paths
from billing.importing.mapping import load_mapping
from billing.ledger import open_ledger
from billing.rating import Selection
from billing.records import Reading
from data.bills import OUT, write_all
from data.simulate import SAMPLE
from pricing.catalog import load_catalog
from reports.cli import run

LOADED_AT = datetime(2026, 11, 2, tzinfo=UTC)
Found = dict[str, Any]
Run = Callable[..., tuple[int, Found]]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("invoices") / "test.duckdb"
    with open_ledger(path) as opened:
        import_paths(opened, [SAMPLE, OUT / "top_ups.csv"], Reading(), LOADED_AT)
    return path


@pytest.fixture
def tallystick(ledger: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*arguments: str) -> tuple[int, Found]:
        code = run([*arguments, "--ledger", str(ledger), "--format", "json"])
        return code, json.loads(capsys.readouterr().out or "{}")

    return run_it


@pytest.fixture(scope="module")
def closed_october(ledger: Path) -> Path:
    """Close October with the faulty invoice, then bring in what came late."""
    assert run(["reconcile", str(OUT / "faulty.csv"), "--close", "--ledger", str(ledger), "--format", "csv"]) == 1
    with open_ledger(ledger) as opened:
        import_paths(opened, [OUT / "november.jsonl", OUT / "late.jsonl"], Reading(), LOADED_AT)
        mapping = load_mapping(OUT / "refunds.toml")
        result = import_paths(opened, [OUT / "refunds.csv"], Reading(mapping=mapping), LOADED_AT)
    assert result.total.imported == 8
    return ledger


def expected(name: str) -> Found:
    found: Found = json.loads((OUT / f"{name}.json").read_text("utf-8"))
    return found


def told(line: Found) -> Found:
    """Return of a line what the expected file tells."""
    names = "line", "kind", "sku", "invoiced", "metered", "expected", "variance", "verdict"
    parts = {part["cause"]: part["amount"] for part in line["decomposition"]}
    return {name: line[name] for name in names} | {"decomposition": dict(sorted(parts.items()))}


def check(found: Found, name: str) -> None:
    wanted = expected(name)
    assert [told(line) for line in found["lines"]] == wanted["lines"]
    total = told(found["total"])
    assert {key: total[key] for key in wanted["total"]} == wanted["total"]
    for line in (*found["lines"], found["total"]):
        due = Decimal(line["expected"] or 0)
        if line["kind"] not in ("tax", "fee", "correction"):
            assert sum(Decimal(part["amount"]) for part in line["decomposition"]) == Decimal(line["invoiced"]) - due


def test_the_samples_are_what_the_generator_writes(tmp_path: Path) -> None:
    write_all(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (OUT / path.name).read_bytes(), path.name


def test_a_clean_invoice_matches(tallystick: Run) -> None:
    code, found = tallystick("reconcile", str(OUT / "clean.csv"))
    check(found, "clean")
    assert code == 0


def test_faults_of_charges_and_of_the_invoice_are_told_apart(tallystick: Run) -> None:
    code, found = tallystick("reconcile", str(OUT / "faulty.csv"))
    check(found, "faulty")
    assert code == 1
    assert found["closed"] is None


def test_late_usage_and_refunds_of_a_closed_month_are_corrections_of_the_next(
    tallystick: Run, closed_october: Path
) -> None:
    assert closed_october
    code, found = tallystick("reconcile", str(OUT / "late.csv"))
    check(found, "late")
    assert code == 0


def test_a_closed_month_keeps_its_answer_whatever_comes_in_later(tallystick: Run, closed_october: Path) -> None:
    assert closed_october
    code, found = tallystick("reconcile", str(OUT / "faulty.csv"))
    check(found, "faulty")
    assert code == 1
    assert found["closed"]["invoice_id"] == "INV-2026-10"


def test_a_closed_month_is_restated_beside_what_was_closed(tallystick: Run, closed_october: Path) -> None:
    assert closed_october
    code, found = tallystick("restate", "--provider", "aivideoapi", "--month", "2026-10")
    assert code == 0
    for name, wanted in expected("restated").items():
        measure = found["totals"]["credit"][name]
        assert {key: measure[key] for key in wanted} == wanted
        moved = (measure[key] for key in ("closed", "replaced", "price_knowledge", "late_usage", "refunds"))
        assert sum(map(Decimal, moved)) == Decimal(measure["now"])
        assert (measure["replaced"], measure["price_knowledge"]) == ("0", "0")
    assert tallystick("doctor")[0] == 0


@pytest.mark.parametrize("invoice", ["faulty.csv", "clean.csv"])
def test_a_month_is_not_closed_twice(
    invoice: str, ledger: Path, closed_october: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert closed_october
    assert run(["reconcile", str(OUT / invoice), "--close", "--ledger", str(ledger)]) == 3
    assert "was closed" in (told := capsys.readouterr().err)
    assert "restate" in told


def test_refunds_take_the_failures_that_they_name_out_of_the_findings(closed_october: Path) -> None:
    with open_ledger(closed_october, read_only=True) as opened:
        found = audit(
            opened, load_catalog(), Selection(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
        )
    assert not [each for each in found.findings if each.cause == "refund.missing"]


LOG = (
    '{"timestamp":"2026-10-02T09:00:00Z","provider":"aivideoapi","request":{"model":"claude-opus-4-6"},"response":'
    '{"id":"msg_1","type":"message","model":"claude-opus-4-6","usage":{"input_tokens":20,"output_tokens":661},'
    '"credits_consumed":1.66}}\n'
)


@pytest.mark.parametrize(("second", "code"), [(("--paid", "5", "--currency", "USD"), 0), ((), 2)])
def test_credits_of_unknown_cost_have_no_paid_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], second: tuple[str, ...], code: int
) -> None:
    book = ("--ledger", str(tmp_path / "test.duckdb"), "--format", "json")
    log, invoice = tmp_path / "log.jsonl", tmp_path / "invoice.csv"
    log.write_text(LOG, "utf-8")
    invoice.write_text(
        "invoice_id,line,period_start,period_end,provider,sku,kind,quantity,unit,amount,currency\n"
        "INV-1,1,2026-10-01,2026-11-01,aivideoapi,,usage,,,8.30,USD\n", "utf-8",
    )  # fmt: skip
    bought = ("top-up", "--provider", "aivideoapi", "--credits", "1", *book, "--at")
    assert run([*bought, "2026-10-01T00:00:00Z", "--paid", "5", "--currency", "USD"]) == 0
    assert run([*bought, "2026-10-01T01:00:00Z", *second]) == 0
    assert run(["import", str(log), *book]) == 0
    assert run(["reconcile", str(invoice), "--usd-per-credit", "paid", *book]) == code
    assert ("all credits" in capsys.readouterr().err) == bool(code)
