"""The page of an audit: one self-contained HTML file, the same bytes for the same audit."""

from dataclasses import dataclass
from decimal import localcontext

from billing.audit import Audit, AuditedRequest
from pricing.calculator import Charge
from pricing.catalog import RatePeriod
from reports import audit_answer, audit_charts, audit_requests, audit_tables, html, words
from reports.audit_figures import AuditFigures

#: Sums of amounts up to 10^26 with 12 decimal places stay exact.
_DIGITS = 80


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Everything that the page says, computed apart from writing it."""

    audit: Audit
    title: str
    """Such as `Audit, October 2026`."""
    samples: tuple[tuple[AuditedRequest, Charge | None], ...]
    """Requests to drill down to, with the arithmetic of each; None where no rate is known."""
    rates: tuple[RatePeriod, ...]
    """The rates that the requests were rated by."""
    ledger_name: str
    """Shown in the commands that list the rest."""
    is_simulated: bool = False
    """Whether a banner says that this is simulated sample data."""
    credit_values: tuple[str, ...] = ()
    """What a vendor's unit is worth, such as `aivideoapi: 1 credit = $0.005`."""


def render_audit_page(page: AuditPage) -> str:
    """Return the HTML of the page. It reads no clock and draws no chance, so equal pages are equal bytes."""
    audit = page.audit
    with localcontext(prec=_DIGITS):
        figures = AuditFigures.of(audit)
        names = audit_tables.names(audit, page.samples)
        answers = audit_answer.answers(audit, figures)
        view = {
            "page": page,
            "audit": audit,
            "as_of": words.minute(audit.last_at),
            "since": words.minute(audit.first_at),
            "answers": answers,
            "units": audit_answer.units(audit, figures),
            "verdicts": audit_answer.verdict_shares(audit),
            "left_out": audit_answer.left_out(audit, page.ledger_name),
            "names": names,
            "charts": audit_charts.charts(audit, figures, names),
            "findings": audit_tables.findings(audit, figures, names),
            "gaps": audit_tables.gaps(audit, figures, names),
            "skus": audit_tables.skus(audit, figures, names),
            "sku_verdicts": audit_tables.sku_verdicts(audit, names),
            "rates": audit_tables.rates(page.rates, names),
            "groups": audit_requests.groups(audit, page.samples, figures, names),
            "explain": audit_requests.explain_command(page.ledger_name),
            "rest": audit_requests.rest_command(page.ledger_name),
            "data": audit_charts.page_data(audit, figures, names),
            "places": figures.places,
        }
        return html.render("audit.html.j2", view)
