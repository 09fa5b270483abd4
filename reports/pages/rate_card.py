"""The rate card: what a token costs at each SKU, beside the maker's price, by which source, and since when."""

import shlex
from collections.abc import Sequence
from decimal import localcontext

from pricing.amounts import plain
from pricing.rate_sheet import SheetRate
from pricing.usage import TOKEN_KINDS, TokenKind
from reports import words
from reports.audit_answer import LeftOut
from reports.audit_report import titled
from reports.figures import count, exactly, grouped, money
from reports.pages import rate_card_charts as charts
from reports.pages import rate_card_tables as tables
from reports.pages.frame import Choice, Filter, Frame, only_facts, render, sku_filter
from reports.rate_card_report import RateCardReport

#: Rates in units of up to 10^9 per 1M tokens, times 12 decimal places of a unit's value, stay exact.
_DIGITS = 80
#: How SKUs stand to the list price, in the order in which that is told: of one SKU, and of several.
_SIDES = {
    "less": (
        "costs less than the list price of the model's maker",
        "cost less than the list price of the model's maker",
    ),
    "more": ("costs more than the list price", "cost more than the list price"),
    "same": ("costs what the maker asks", "cost what the maker asks"),
    "both": (
        "costs less for some kinds of token and more for others",
        "cost less for some kinds of token, more for others",
    ),
    "none": ("has no list price to compare with", "have no list price to compare with"),
    "unpublished": ("publishes no price", "publish no price"),
}


def render_rate_card(report: RateCardReport, pages: Sequence[str] = ()) -> str:
    """Return the HTML of the page, which stands beside `pages`. Equal reports are equal bytes."""
    with localcontext(prec=_DIGITS):
        view = {
            "answer": answer(report),
            "example": example(report),
            "shares": charts.share_chart(report),
            "history": charts.history_figure(report),
            "history_words": charts.history_words(report) if report.history else "",
            "dollars": tables.dollars(report),
            "published": tables.published(report),
            "sources": tables.sources(report),
            "changes": tables.changes(report),
            "at": words.minute(report.at),
        }
        return render(_frame(report, pages), view)


def answer(report: RateCardReport) -> str:
    """Say how many SKUs ask more or less than the maker of their model, and how many publish no price."""
    rates = charts.in_force(report)
    if not rates:
        return "No rate of these SKUs is known."
    sides = [_side(each) for each in rates]
    told = [
        f"{sides.count(side):,} {one if sides.count(side) == 1 else many}"
        for side, (one, many) in _SIDES.items()
        if side in sides
    ]
    which = "you used" if report.is_of_usage else f"of {report.title}"
    small = (
        "" if all(each.up_to is None for each in rates) else " Where the size of a prompt matters, small ones count."
    )
    return f"Of the {count(len(rates), 'SKU')} {which}, {words.listed(told, len(_SIDES))}.{small}"


def example(report: RateCardReport) -> str:
    """Show with one rate how units become dollars and a share of the list price; empty if there is none to show."""
    rates = [each for each in charts.in_force(report) if each.period.unit != "USD"]
    return next((told for each in rates for kind in TOKEN_KINDS if (told := _worked_out(each, kind))), "")


def _worked_out(each: SheetRate, kind: TokenKind) -> str:
    rate, value, listed, share = each.per_mtok.rate(kind), each.usd(kind), each.list_usd(kind), tables.share(each, kind)
    if rate is None or value is None or listed is None or share is None or each.period.usd_per_unit is None:
        return ""
    unit = each.period.unit
    return (
        f"For example, {each.period.provider} asks {money(plain(rate), unit)} per 1M tokens of "
        f"{words.kind(kind).lower()} for {each.period.sku}. 1 {unit} = {exactly(each.period.usd_per_unit, 'USD')}, "
        f"so that is {tables.usd(value)}. The maker of the model asks {tables.usd(listed)}: it is "
        f"{grouped(share)}\N{NO-BREAK SPACE}% of the list price."
    )


def _side(each: SheetRate) -> str:
    """Return a key of `_SIDES`: whether a SKU asks less or more than the maker, or why that can't be told."""
    if not any(each.per_mtok.rate(kind) is not None for kind in TOKEN_KINDS):
        return "unpublished"
    ratios = [ratio for kind in TOKEN_KINDS if (ratio := each.ratio(kind)) is not None]
    if not ratios:
        return "none"
    if all(ratio == 1 for ratio in ratios):
        return "same"
    if all(ratio <= 1 for ratio in ratios):
        return "less"
    return "more" if all(ratio >= 1 for ratio in ratios) else "both"


def _frame(report: RateCardReport, pages: Sequence[str]) -> Frame:
    providers = tuple(Choice(name, name, str(number)) for name, number in tables.providers(report).items())
    kinds = tuple(Choice(kind.value, words.kind(kind), kind.value) for kind in TOKEN_KINDS)
    return Frame(
        name="rate-card",
        title=titled("Rate card", report.title),
        facts=(
            f"Rates as of {words.minute(report.at)}",
            *only_facts(report.provider),
            "All times and days are UTC",
            *report.unit_values,
        ),
        catalog_version=report.catalog_version,
        catalog_digest=report.catalog_digest,
        input_digest=report.input_digest,
        pages=tuple(pages),
        filters=(
            sku_filter(tables.names(report)),
            Filter("provider", "Provider", "All providers", providers),
            Filter("kind", "Kind of token", "All kinds", kinds),
        ),
        data={"kinds": [kind.value for kind in TOKEN_KINDS]},
        left_out=tuple(_left_out(report)),
        is_simulated=report.is_simulated,
    )


def _left_out(report: RateCardReport) -> list[LeftOut]:
    parts = [
        LeftOut(f"{sku} of {provider or 'an unknown provider'} was used, and no rate card names it")
        for provider, sku in report.unknown[:12]
    ]
    if more := len(report.unknown) - len(parts):
        parts.append(LeftOut(f"{count(more, 'more SKU')} that no rate card names"))
    for provider, number in report.beyond.items():
        parts.append(
            LeftOut(
                f"{count(number, 'more SKU')} of {provider}, not on this page",
                f"tallystick catalog list --provider {shlex.quote(provider)}",
            )
        )
    return parts
