"""The answer of an audit at a glance says of which requests a difference is."""

from decimal import Decimal

import pytest

from billing.auditor import audit
from billing.records import UsageRecord
from pricing.rates import PerMtok
from pricing.usage import Usage
from reports.audit_answer import answers
from reports.audit_figures import AuditFigures
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put

#: A credit for each token.
CATALOG = a_catalog(block(PerMtok(input=Decimal(10**6))))


@pytest.mark.parametrize(
    ("tolerance", "where"),
    [
        (0, "in 2 of 3 checked requests."),
        (2, "in all; beyond the tolerance are 1 of 3 checked requests."),
        (20, "Each of 3 checked requests is within tolerance."),
    ],
)
def test_what_is_within_the_tolerance_is_not_laid_to_the_requests_beyond_it(tolerance: int, where: str) -> None:
    told = [
        UsageRecord(
            number, "vendor", "model", f"r{number}", at=OCTOBER, usage=Usage(input=10), charged=Decimal(charged),
            unit="credit",
        )
        for number, charged in enumerate([10, 11, 25])
    ]  # fmt: skip
    with a_ledger() as ledger:
        put(ledger, told)
        found = audit(ledger, CATALOG, tolerance=Decimal(tolerance))
    (answer,) = answers(found, AuditFigures.of(found))
    assert answer.difference.startswith("16.00 credits")
    assert answer.where == where
