"""The vendors: what the same basket costs at each of them, why, and what their claims are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

from reports import words
from reports.audit_report import titled
from reports.charts import Chart
from reports.comparison_answer import basket_words
from reports.pages import vendors_answer, vendors_claims, vendors_tables
from reports.pages.frame import Frame, as_of_facts, render
from reports.pages.vendors_figures import Keys, places_of
from reports.pages.vendors_shares import shares
from reports.pages.vendors_totals import totals
from reports.tables import Table
from reports.vendors_report import Compared, VendorsReport

#: Sums of amounts up to 10^26 with 12 decimal places stay exact.
_DIGITS = 80


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of one model."""

    id: str
    model: str
    basket: str
    charts: tuple[Chart, ...]
    offers: Table
    under: Mapping[str, Sequence[str]]


def render_vendors(report: VendorsReport, pages: Sequence[str] = ()) -> str:
    """Return the HTML of the page, which stands beside `pages`. Equal reports are equal bytes."""
    with localcontext(prec=_DIGITS):
        found = tuple(each.comparison for each in report.models)
        keys = Keys.of(found)
        view = {
            "answers": vendors_answer.answers(report),
            "details": vendors_answer.details(report.models[0]) if len(report.models) == 1 else "",
            "summary": vendors_tables.summary(report.models, keys),
            "sections": tuple(_section(each, keys) for each in report.models),
            "rates": vendors_tables.rates(report.models, keys),
            "has_changed": vendors_tables.has_changed(report.models),
            "ratios": vendors_tables.ratios(found, keys),
            "parts": vendors_tables.parts(found, keys),
            "caching": vendors_tables.caching(found, keys),
            "own_prices": vendors_tables.own_prices(found, keys),
            "flips": vendors_tables.flips(found, keys),
            "drivers": vendors_tables.drivers(found, keys),
            "claims": vendors_claims.claims(found, keys),
            "claims_sentence": vendors_claims.sentence(found),
            "is_of_ledger": bool(report.ledger_name),
            "places": {each.model: places_of(each) for each in found},
        }
        return render(_frame(report, keys, pages), view)


def _section(each: Compared, keys: Keys) -> Section:
    found = each.comparison
    return Section(
        id=f"model-{keys.models[found.model]}",
        model=found.model,
        basket=basket_words(found),
        charts=(totals(found, keys), shares(found, keys)),
        offers=vendors_tables.offers(found, keys),
        under=keys.under(found.model, *(offer.seller for offer in found.offers)),
    )


def _frame(report: VendorsReport, keys: Keys, pages: Sequence[str]) -> Frame:
    return Frame(
        name="vendors",
        title=titled("Vendors", report.period),
        facts=_facts(report),
        catalog_version=report.catalog_version,
        catalog_digest=report.catalog_digest,
        input_digest=report.input_digest,
        pages=tuple(pages),
        filters=keys.filters() if report.models else (),
        data=_data(report, keys),
        left_out=vendors_answer.left_out(report),
        is_partial=any("incomplete" in each.left_out for each in report.models) or bool(report.others),
        is_simulated=report.is_simulated,
    )


def _facts(report: VendorsReport) -> tuple[str, ...]:
    prices = (
        "Each request at the prices of its own time" if report.at is None else f"Prices of {words.minute(report.at)}"
    )
    if report.ledger_name:
        facts = as_of_facts(report.last_at, report.first_at, report.credit_values, report.provider)
        return (*facts, "Amounts in USD", prices)
    return (prices, "Amounts in USD", *report.credit_values)


def _data(report: VendorsReport, keys: Keys) -> dict[str, Any]:
    """Return what the line below the filter counts: which filters each offer is shown under."""
    return {
        "offers": [
            dict(keys.under(each.comparison.model, offer.seller))
            for each in report.models
            for offer in each.comparison.offers
        ]
    }
