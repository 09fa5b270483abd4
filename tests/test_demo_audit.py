"""The sample month through the importer and the audit: every figure is what the generator's own arithmetic says."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.audit import Audit, SkuLine, UnitTotals
from billing.auditor import audit
from billing.importing.importer import ImportResult, import_paths
from billing.ledger import Ledger, open_ledger
from billing.rating import Selection, lay_rates
from billing.records import Reading
from data.month import simulate
from data.simulate import EXPECTED, SAMPLE
from pricing.catalog import load_catalog

OCTOBER = Selection(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
LOADED_AT = datetime(2026, 11, 2, tzinfo=UTC)
SUMS = ("charged", "expected", "variance", "charged_unchecked", "expected_unreported")


@pytest.fixture(scope="module")
def expected() -> Any:  # noqa: ANN401 - JSON
    return json.loads((SAMPLE.parent / EXPECTED).read_text("utf-8"))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with open_ledger(tmp_path_factory.mktemp("demo") / "demo.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def imported(ledger: Ledger) -> ImportResult:
    return import_paths(ledger, [SAMPLE], Reading(), LOADED_AT)


@pytest.fixture(scope="module")
def audited(ledger: Ledger, imported: ImportResult) -> Audit:
    assert imported.files
    return audit(ledger, load_catalog(), OCTOBER)


def _figures(line: UnitTotals | SkuLine, *names: str) -> dict[str, object]:
    return {name: getattr(line, name) for name in (*names, "requests", "checked", *SUMS)}


def _wanted(line: dict[str, Any], *names: str) -> dict[str, object]:
    return {name: line[name] for name in (*names, "requests", "checked")} | {name: Decimal(line[name]) for name in SUMS}


def test_every_record_is_accounted_for(imported: ImportResult, expected: Any) -> None:  # noqa: ANN401 - JSON
    assert {file.path.name: asdict(file.counts) for file in imported.files} == expected["files"]
    assert asdict(imported.total) == expected["total"]
    assert not imported.is_clean


def test_the_rejects_say_where_and_why(ledger: Ledger, imported: ImportResult) -> None:
    assert imported.total.rejected == 5
    rows = ledger.rows("SELECT path, line, reason FROM rejects ORDER BY path, line")
    assert [(Path(str(path)).name.split(".")[0], line, reason) for path, line, reason in rows] == [
        ("aimlapi-2026-10", 51, "cached_exceeds_prompt"),
        ("aivideoapi-2026-10", 101, "not_json"),
        ("aivideoapi-2026-10", 701, "bad_tokens"),
        ("aivideoapi-2026-10", 1301, "bad_tokens"),
        ("aivideoapi-2026-10", 1901, "time_without_zone"),
    ]


def test_the_totals_are_the_expected_ones(audited: Audit, expected: Any) -> None:  # noqa: ANN401 - JSON
    assert [_figures(line, "unit") for line in audited.totals] == [_wanted(line, "unit") for line in expected["totals"]]
    assert audited.verdicts == expected["verdicts"]
    assert (audited.conflicts, audited.rejects, audited.untimed) == (1, 5, 0)


def test_every_sku_s_sums_are_the_expected_ones(audited: Audit, expected: Any) -> None:  # noqa: ANN401 - JSON
    key = "provider", "sku", "unit", "verdicts"
    assert [_figures(line, *key) for line in audited.skus] == [_wanted(line, *key) for line in expected["skus"]]


def test_every_single_request_is_judged_as_expected(ledger: Ledger, imported: ImportResult) -> None:
    assert imported.files
    table = lay_rates(ledger, load_catalog(), OCTOBER).query("audited", tolerance=0)
    columns = (table[name].to_pylist() for name in ("request_id", "charged", "owed", "verdict"))
    judged = list(zip(*columns, strict=True))
    truth = [(request.request_id, request.charged, request.expected, request.verdict) for request in simulate()]
    assert sorted(judged, key=repr) == sorted(truth, key=repr)


def test_the_findings_are_the_planted_faults(audited: Audit, expected: Any) -> None:  # noqa: ANN401 - JSON
    faults = expected["faults"]
    assert sum(finding.requests for finding in audited.findings) == sum(fault["requests"] for fault in faults)
    assert sum(finding.variance for finding in audited.findings) == sum(Decimal(fault["variance"]) for fault in faults)
    found: Counter[str] = Counter()
    for finding in audited.findings:
        found[finding.cause] += finding.requests
    assert found == {fault["cause"]: fault["requests"] for fault in faults}


def test_importing_again_changes_nothing(tmp_path: Path, expected: Any) -> None:  # noqa: ANN401 - JSON
    catalog = load_catalog()
    with open_ledger(tmp_path / "twice.duckdb") as ledger:
        once = import_paths(ledger, [SAMPLE], Reading(), LOADED_AT)
        before = audit(ledger, catalog, OCTOBER)
        twice = import_paths(ledger, [SAMPLE], Reading(), LOADED_AT)
        after = audit(ledger, catalog, OCTOBER)
    assert once.total.imported == expected["total"]["imported"]
    assert twice.total.imported == 0
    assert (before.totals, before.skus, before.days) == (after.totals, after.skus, after.days)
