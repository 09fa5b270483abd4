"""The findings: what differs, in which requests, and the arithmetic of each."""

from collections.abc import Sequence
from decimal import localcontext

from reports import audit_answer, audit_tables
from reports.audit_figures import AuditFigures
from reports.audit_report import AuditReport, titled
from reports.pages import findings_charts, findings_requests, findings_tables
from reports.pages.findings_condensed import condensed
from reports.pages.frame import Choice, Filter, Frame, as_of_facts, render, sku_filter

#: Sums of amounts up to 10^26 with 12 decimal places stay exact.
_DIGITS = 80


def render_findings(report: AuditReport, pages: Sequence[str] = ()) -> str:
    """Return the HTML of the page, which stands beside `pages`. Equal reports are equal bytes."""
    with localcontext(prec=_DIGITS):
        skus = len({(line.provider, line.sku) for line in report.audit.skus})
        report = condensed(report)
        audit = report.audit
        figures = AuditFigures.of(audit)
        names = audit_tables.names(audit, report.samples)
        groups = findings_requests.groups(audit, report.samples, figures, names)
        view = {
            "audit": audit,
            "answers": audit_answer.answers(audit, figures),
            "verdicts": audit_answer.verdict_shares(audit),
            "charts": findings_charts.charts(audit, figures, names),
            "findings": findings_tables.findings(audit, figures, names),
            "gaps": findings_tables.gaps(audit, figures, names),
            "is_condensed": skus > len({(line.provider, line.sku) for line in audit.skus}),
            "skus": findings_tables.skus(audit, figures, names),
            "sku_verdicts": findings_tables.sku_verdicts(audit, names),
            "groups": groups,
            "requests": findings_requests.request_data(groups),
            "explain": findings_requests.explain_command(report.ledger_name),
            "rest": findings_requests.rest_command(report.ledger_name, report.options),
            "places": figures.places,
        }
        return render(_frame(report, figures, names, pages), view)


def _frame(report: AuditReport, figures: AuditFigures, names: audit_tables.Names, pages: Sequence[str]) -> Frame:
    audit = report.audit
    verdicts = tuple(
        Choice(each.code, f"{each.name} ({each.requests:,})", each.code) for each in audit_answer.verdict_shares(audit)
    )
    findings = tuple(Choice(each.id, f"{each.id} · {each.sku}", each.id) for each in audit.findings)
    return Frame(
        name="findings",
        title=titled("Findings", report.period),
        facts=as_of_facts(audit.last_at, audit.first_at, report.credit_values, report.provider),
        catalog_version=audit.catalog_version,
        catalog_digest=audit.catalog_digest,
        input_digest=audit.input_digest,
        pages=tuple(pages),
        filters=(
            sku_filter(names),
            Filter("verdict", "Verdict", "All verdicts", verdicts),
            Filter("finding", "Finding", "All findings", findings),
        ),
        data=findings_charts.page_data(audit, figures, names),
        left_out=audit_answer.left_out(audit, report.ledger_name),
        is_partial=audit.is_partial,
        is_simulated=report.is_simulated,
    )
