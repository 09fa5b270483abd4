"""The overview: what was billed and what was due, why they differ, and what the month comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import localcontext

from billing.audit import Audit
from billing.months.statement import Statement
from reports import audit_answer, words
from reports.audit_figures import AuditFigures
from reports.audit_report import AuditReport, titled
from reports.charts import Chart
from reports.figures import count, rounded, signed, unit_name
from reports.pages import (
    overview_budgets,
    overview_causes,
    overview_data,
    overview_spend,
    overview_tables,
    overview_tiles,
)
from reports.pages.frame import DayFilter, Filter, Frame, as_of_facts, render
from reports.pages.overview_causes import Part
from reports.pages.overview_sums import Sums

#: Sums of amounts up to 10^26 with 12 decimal places stay exact.
_DIGITS = 80
#: Causes that the answer names.
_MOST_CAUSES = 3


def render_overview(report: AuditReport, statement: Statement | None, pages: Sequence[str] = ()) -> str:
    """Return the HTML of the page, which stands beside `pages`. Equal values are equal bytes.

    `statement` is of the month that is audited; None where the audit is of no single month: there is then neither a
    budget nor a forecast nor a month before.
    """
    audit = report.audit
    with localcontext(prec=_DIGITS):
        figures, sums = AuditFigures.of(audit), Sums.of(audit, statement)
        parts = overview_causes.parts(audit, figures, sums.names)
        view = {
            "answers": audit_answer.answers(audit, figures),
            "more": tuple(_more(audit, figures, sums, parts, statement)),
            "groups": overview_tiles.groups(audit, figures, sums, statement),
            "charts": tuple(_charts(audit, figures, sums, parts, statement)),
            "movers": None if statement is None else overview_tables.movers(sums, statement),
            "before": None if statement is None else overview_tiles.compared_with(statement),
            "findings": overview_tables.findings(audit, figures, sums, has_page="findings" in pages),
            "found": len(audit.findings),
            "most": overview_tables.MOST_ROWS,
            "budgets": overview_budgets.budget_table(statement) if statement and statement.budgets else None,
            "credit_values": report.credit_values,
            "links": "findings" in pages,
        }
        return render(_frame(report, figures, sums, parts, pages), view)


def _charts(
    audit: Audit, figures: AuditFigures, sums: Sums, parts: Sequence[Part], statement: Statement | None
) -> Iterator[Chart]:
    """Yield the spend so far, the causes of each unit, and the days."""
    spend = [overview_spend.charts(each, sums, statement) for each in sums.currencies if sums.bins]
    yield from (so_far for so_far, _ in spend)
    checked = [each.unit for each in audit_answer.ordered(audit) if each.checked]
    for unit in [unit for unit in checked if any(part.unit == unit for part in parts)] or checked[:1]:
        yield overview_causes.cause_chart(audit, figures, parts, unit)
    yield from (days for _, days in spend)


def _more(
    audit: Audit, figures: AuditFigures, sums: Sums, parts: Sequence[Part], statement: Statement | None
) -> Iterator[str]:
    """Say why the largest variance is there, and what all of it cost against which budget."""
    units = [each.unit for each in audit_answer.ordered(audit) if each.checked and figures.totals[each.unit].variance]
    if units:
        found = overview_causes.causes(parts, units[0])
        named = [f"{_lower(words.cause(each.cause))} ({signed(each.shown)})" for each in found[:_MOST_CAUSES]]
        rest = len(found) - len(named)
        others = f", and {count(rest, 'smaller cause')}" if rest else ""
        yield f"Why, in {unit_name(units[0])}: {', '.join(named)}{others}."
    for currency in sums.currencies[:1]:
        spent = currency.money(rounded(sums.spend(currency), currency.places))
        yield f"{_period(statement)} cost {spent}{_against(statement)}."


def _period(statement: Statement | None) -> str:
    if statement is None:
        return "All of it"
    return (
        f"{statement.month:%B %Y}"
        if statement.is_complete
        else f"{statement.month:%B} until {words.minute(statement.as_of)}"
    )


def _against(statement: Statement | None) -> str:
    line = None if statement is None else overview_budgets.tightest(statement)
    if line is None:
        return ""
    share = f"{rounded(line.used_share * 100, 1):f}\N{NO-BREAK SPACE}%"
    state = {"over": ", so it is over", "forecast_over": ", and is forecast to go over it", "within": ""}[line.status]
    return f"; {share} of the budget for {overview_budgets.scope_of(line)} is used{state}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _frame(
    report: AuditReport, figures: AuditFigures, sums: Sums, parts: Sequence[Part], pages: Sequence[str]
) -> Frame:
    audit = report.audit
    return Frame(
        name="overview",
        title=titled("Overview", report.period),
        facts=as_of_facts(audit.last_at, audit.first_at, report.credit_values, report.provider),
        catalog_version=audit.catalog_version,
        catalog_digest=audit.catalog_digest,
        input_digest=audit.input_digest,
        pages=tuple(pages),
        filters=tuple(_filters(sums)),
        data=overview_data.page_data(audit, figures, sums, parts),
        left_out=tuple(_left_out(report)),
        is_partial=audit.is_partial,
        is_simulated=report.is_simulated,
    )


def _left_out(report: AuditReport) -> Iterator[audit_answer.LeftOut]:
    """Yield what is in no total; what was charged for some of it, and what is expected of some, is in one each."""
    audit = report.audit
    silent = [gap for gap in audit.gaps if gap.reason == "unreported"]
    others = tuple(gap for gap in audit.gaps if gap not in silent)
    for part in audit_answer.left_out(replace(audit, gaps=others), report.ledger_name):
        is_billed = part.text.endswith("charged for it")
        yield replace(part, text=f"{part.text}, which is in what was billed alone") if is_billed else part
    if silent:
        requests = count(sum(gap.requests for gap in silent), "request")
        yield audit_answer.LeftOut(
            f"{requests}: the log names no charge; what is expected of them is in the spend alone"
        )


def _filters(sums: Sums) -> Iterator[Filter | DayFilter]:
    yield sums.sku_filter
    if sums.has_days:
        first, last = (date.fromisoformat(at) for at in (sums.bins[0], sums.bins[-1]))
        yield DayFilter("from", "From", first, last)
        yield DayFilter("to", "To", first, last)
