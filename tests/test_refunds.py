"""Failures that were charged, refunds beside their charges, and calls that were charged twice."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.audit import Audit
from billing.auditor import audit
from billing.ledger import open_ledger
from billing.rating import Selection
from billing.records import Status, UsageRecord, as_refund
from pricing.catalog import Catalog
from pricing.rates import ErrorCode, PerMtok
from pricing.usage import Usage
from reports.cli import run
from tests.ledgers import LEARNED, OCTOBER, a_catalog, a_ledger, block, put


def _error(status: int, code: str, charged: str) -> ErrorCode:
    return ErrorCode.model_validate({
        "http_status": status, "code": code, "type": f"{code}_error", "description": code, "charged": charged,
        "observed_on": LEARNED, "source": "page", "field": "errors",
    })  # fmt: skip


def _with_errors(catalog: Catalog, *errors: ErrorCode) -> Catalog:
    (card,) = catalog.cards
    return replace(catalog, cards=(card.model_copy(update={"errors": errors}),))


#: 1 credit per 1M input tokens times 100: 10,000 tokens are 1 credit.
CATALOG = _with_errors(
    a_catalog(block(PerMtok(input=Decimal(100)))),
    _error(503, "upstream", "refunded"), _error(400, "bad", "not_charged"), _error(429, "limit", "unstated"),
    _error(500, "internal", "unstated"), _error(500, "upstream_timeout", "refunded"),
)  # fmt: skip


def _request(number: int, amount: str = "1", **fields: object) -> UsageRecord:
    record = UsageRecord(
        number, "vendor", "model", f"r{number}", at=OCTOBER + timedelta(minutes=number), usage=Usage(input=10_000),
        charged=Decimal(amount), unit="credit",
    )  # fmt: skip
    return replace(record, **fields)  # type: ignore[arg-type]  # fields by name


def _failed(number: int, status: int | None = 503, code: str | None = "upstream", **fields: object) -> UsageRecord:
    failed = replace(
        _request(number), usage=Usage(), status=Status.FAILED, error_status=status, error_code=code
    )  # fmt: skip
    return replace(failed, **fields)  # type: ignore[arg-type]  # the same


def _refund(number: int, amount: str, of: str = "", **fields: object) -> UsageRecord:
    return as_refund(_request(number, f"-{amount}", usage=Usage(), request_id=of, **fields))


def _audited(records: Sequence[UsageRecord], tolerance: str = "0", selection: Selection | None = None) -> Audit:
    with a_ledger() as ledger:
        put(ledger, records)
        return audit(ledger, CATALOG, selection or Selection(), Decimal(tolerance))


def _told(found: Audit) -> dict[str, tuple[int, Decimal, Decimal]]:
    return {each.rule: (each.requests, each.variance, each.refunded) for each in found.findings}


@pytest.mark.parametrize(
    ("status", "code", "rule"),
    [
        (503, "upstream", "refund.missing"),
        (503, None, "refund.missing"),
        (None, "upstream", "refund.missing"),
        (400, "bad", "refund.missing"),
        (429, "limit", "charge.on_failure"),
        (500, None, "charge.on_failure"),  # one of its rows promises a refund and one does not
        (500, "upstream_timeout", "refund.missing"),
        (503, "another", "charge.on_failure"),
        (None, None, "charge.on_failure"),
    ],
)
def test_the_vendor_s_own_word_decides_what_a_kept_charge_is(status: int | None, code: str | None, rule: str) -> None:
    found = _audited([_failed(1, status, code), _request(2)])
    assert _told(found) == {rule: (1, Decimal(1), Decimal(0))}
    assert found.findings[0].sentence.endswith("1 credit to get back.")


def test_a_failure_that_was_given_back_is_no_finding_but_is_shown() -> None:
    found = _audited([_failed(1), _request(2), _refund(3, "1", "r1")])
    assert found.findings == ()
    assert not found.has_variance
    (totals,) = found.totals
    assert [totals.charged, totals.expected, totals.variance, totals.refunded] == [2, 1, 1, 1]
    assert totals.refunds_unclaimed == 0
    assert found.verdicts["failed"] == 1


def test_of_a_part_refund_the_rest_is_to_get_back() -> None:
    found = _audited([_failed(1, charged=Decimal(3)), _refund(2, "1.25", "r1"), _refund(3, "0.5", "r1")])
    assert _told(found) == {"refund.missing": (1, Decimal(3), Decimal("1.75"))}
    assert "1.25 credits to get back" in found.findings[0].sentence


def test_what_is_refunded_twice_gives_back_no_more_than_the_charge() -> None:
    found = _audited([_failed(1), _refund(2, "1", "r1"), _refund(3, "1", "r1"), _request(4)])
    assert found.findings == ()
    assert [found.totals[0].refunded, found.totals[0].refunds_unclaimed] == [1, 1]


def test_a_refund_that_names_no_request_is_used_once_and_for_failures_first() -> None:
    found = _audited([_request(1), _failed(2), _failed(3), _refund(4, "1")])
    assert _told(found) == {"refund.missing": (1, Decimal(1), Decimal(0))}
    assert found.findings[0].first_at == OCTOBER + timedelta(minutes=2)


@pytest.mark.parametrize(
    "refund",
    [
        _refund(5, "1", "elsewhere"),
        _refund(5, "1", sku="other"),
        _refund(5, "0.9"),
        _refund(5, "1", at=OCTOBER),
        _refund(5, "1", at=OCTOBER + timedelta(days=8)),
        _refund(5, "1", provider="another"),
        _refund(5, "1", at=None),
    ],
    ids=["of another", "other SKU", "other amount", "before", "too late", "other provider", "no time"],
)
def test_a_refund_of_something_else_gives_nothing_back(refund: UsageRecord) -> None:
    found = _audited([_failed(1), refund])
    assert _told(found) == {"refund.missing": (1, Decimal(1), Decimal(0))}
    assert found.totals[0].refunds_unclaimed == -(refund.charged or 0)


def test_a_refund_takes_an_overcharge_out_of_the_findings_and_makes_no_undercharge() -> None:
    over = _request(1, "1.5")
    assert _audited([over, _refund(2, "0.5", "r1")]).findings == ()
    right = _audited([_request(1), _refund(2, "1", "r1")])
    assert [right.findings, right.verdicts["matched"], right.totals[0].refunded] == [(), 1, 1]


def test_equal_refunds_of_two_requests_at_one_instant_are_two() -> None:
    at = OCTOBER + timedelta(hours=1)
    found = _audited([_failed(1), _failed(2), _refund(3, "1", "r1", at=at), _refund(4, "1", "r2", at=at)])
    assert [found.findings, found.totals[0].refunded] == [(), 2]


def test_unclaimed_refunds_are_those_of_the_selected_time() -> None:
    selection = Selection(OCTOBER, OCTOBER + timedelta(days=1))
    late = _refund(2, "1", "gone", at=OCTOBER + timedelta(days=2))
    assert _audited([_request(1), late], selection=selection).totals[0].refunds_unclaimed == 0
    back = _audited([_failed(1), _refund(2, "1", "r1", at=OCTOBER + timedelta(days=2))], selection=selection)
    assert back.findings == ()


def test_tolerance_holds_for_failures_too() -> None:
    failed = _failed(1, charged=Decimal("0.01"))
    found = _audited([failed], tolerance="0.01")
    assert (found.findings, found.verdicts["failed"], found.totals[0].variance) == ((), 1, Decimal("0.01"))
    assert len(_audited([failed], tolerance="0.009").findings) == 1


def test_a_call_that_was_charged_twice_is_found_and_the_first_charge_is_right() -> None:
    first = _request(1, client_request_id="c1")
    found = _audited([first, _request(2, client_request_id="c1"), _request(3, client_request_id="c2")])
    assert _told(found) == {"charge.duplicate": (1, Decimal(1), Decimal(0))}
    assert found.findings[0].first_at == OCTOBER + timedelta(minutes=2)
    assert found.verdicts == found.verdicts | {"matched": 2, "overcharged": 1}


@pytest.mark.parametrize(
    "others",
    [
        [_request(2)],
        [_request(2, client_request_id="c2")],
        [_request(2, at=OCTOBER + timedelta(minutes=1))],
        [_request(2, client_request_id="c1", charged=Decimal(2), usage=Usage(input=20_000))],
        [_request(2, client_request_id="c1", at=OCTOBER + timedelta(hours=2))],
        [_request(2, client_request_id="c1", provider="another")],
        [_request(2, client_request_id="c1", charged=Decimal(0), usage=Usage())],
        [_request(n, client_request_id="c1") for n in (2, 3, 4)],
        [_failed(2, 429, "limit", client_request_id="c1", charged=None, unit=None)],
    ],
    ids=[
        "alike",
        "other call",
        "same instant",
        "other usage",
        "hours later",
        "other vendor",
        "free",
        "a job",
        "a retry",
    ],
)
def test_requests_that_only_happen_to_be_alike_are_not_accused(others: list[UsageRecord]) -> None:
    found = _audited([_request(1, client_request_id="c1"), *others])
    assert found.findings == ()


def test_explain_and_audit_tell_what_was_given_back_and_that_nothing_is_owed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _request(1, provider="aivideoapi", sku="claude-opus-4-6", charged=Decimal(5), client_request_id="c")
    failed = replace(_failed(3, 503, "upstream_error"), provider="aivideoapi", sku="claude-opus-4-6")
    back = replace(_refund(4, "0.25", "r3"), provider="aivideoapi", sku="claude-opus-4-6")
    unread = replace(first, request_id="r5", provider="apimodels", sku="claude-sonnet-4-6", charged=None, unit=None)
    path = tmp_path / "l.duckdb"
    with open_ledger(path) as ledger:
        put(ledger, [first, replace(first, request_id="r2"), failed, back, unread])

    def told(*command: str) -> dict[str, Any]:
        run([*command, "--ledger", str(path), "--format", "json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    repeated, kept = told("explain", "r2"), told("explain", "r3")
    assert [each["rule"] for each in repeated["hypotheses"]] == ["charge.duplicate"]
    assert (repeated["charged"], repeated["expected"], repeated["variance"]) == ("5", "0", "5")
    assert [each["rule"] for each in kept["hypotheses"]] == ["refund.missing"]
    assert (kept["charged"], kept["refunded"]) == ("1", "0.25")
    totals = told("audit")["totals"]
    assert totals["credit"]["refunded"] == "0.25"
    assert {name: totals["USD"][name] for name in ("charged", "expected", "variance", "refunded")} == dict.fromkeys(
        ("charged", "expected", "variance", "refunded")
    )


@settings(max_examples=8)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans()), max_size=8))
def test_what_is_given_back_is_never_more_than_was_charged(refunds: list[tuple[int, int, bool]]) -> None:
    charges = [_failed(n, charged=Decimal(n + 1)) for n in range(3)]
    back = [_refund(10 + n, str(amount), f"r{of}" if named else "") for n, (of, amount, named) in enumerate(refunds)]
    found = _audited([*charges, *back])
    (totals,) = found.totals
    assert totals.refunded <= totals.charged == 6
    assert totals.refunded + totals.refunds_unclaimed == sum(amount for _, amount, _ in refunds)
    assert sum(each.variance - each.refunded for each in found.findings) == totals.variance - totals.refunded
