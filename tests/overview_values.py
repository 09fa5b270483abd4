"""Overviews to write pages of: a month that is not over, with one before it, wrong charges, budgets and two units."""

from dataclasses import replace
from datetime import date

from billing.months.budgets import read_budgets
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.rating import Selection
from reports.audit_report import AuditReport, audit_report
from tests.audit_values import HOSTILE
from tests.ledgers import OCTOBER
from tests.statement_values import AS_OF, a_month


def an_overview(*, hostile: bool = False) -> tuple[AuditReport, Statement]:
    """Return the audit and the statement of an October until its 24th day."""
    told = [
        {"name": HOSTILE[1] if hostile else "October", "amount": 12},
        {"name": "credits", "provider": "vendor", "unit": "credit", "amount": 9_000},
    ]
    asked = Asked(month=date(2026, 10, 1), as_of=AS_OF, budgets=read_budgets(told, "tallystick.toml"))
    with a_month(hostile=hostile) as (ledger, catalog):
        report = audit_report(ledger, catalog, Selection(OCTOBER, AS_OF), is_simulated=True)
        statement = monthly_statement(ledger, catalog, asked)
    return (replace(report, period=HOSTILE[0], ledger_name="my ledger's.duckdb") if hostile else report), statement
