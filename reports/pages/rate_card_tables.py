"""The tables of the rate card: dollars beside the list price, what vendors publish, where it stands, what changed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from pricing.amounts import plain
from pricing.catalog import RatePeriod
from pricing.rate_sheet import RateStep, SheetRate, SkuName
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, TokenKind
from reports import words
from reports.figures import UNKNOWN, at_least, decimal, exact, grouped, money, signed, unit_name
from reports.rate_card_report import RateCardReport
from reports.tables import Cell, Column, Row, Table, instant, text

Names = Mapping[tuple[str | None, str], int]
"""The number of each provider and SKU, which the filter bar knows it by."""
Under = Mapping[str, Sequence[str]]

_PLACES = 1


def names(report: RateCardReport) -> Names:
    """Give every provider and SKU of the page a number, in a fixed order."""
    found = {each.sold for each in report.rates} | {*report.unknown}
    found |= {(each.provider, each.sku) for each in report.periods}  # of which none need be in force
    return {name: number for number, name in enumerate(sorted(found, key=lambda name: (name[0] or "", name[1])))}


def providers(report: RateCardReport) -> Mapping[str, int]:
    """Give every provider of the page a number, in alphabetical order."""
    return {name: number for number, name in enumerate(sorted({provider for provider, _ in names(report) if provider}))}


def under(report: RateCardReport, sold: SkuName, kind: str = "") -> Under:
    """Return the filters that a row is shown under: a list price stays beside the SKUs that are held against it."""
    numbers, of_provider = names(report), providers(report)
    together = (sold, *report.compared.get(sold, ()))
    marks: dict[str, Sequence[str]] = {
        "sku": [str(numbers[name]) for name in together],
        "provider": [str(number) for number in sorted({of_provider[provider] for provider, _ in together})],
    }
    return marks | ({"kind": (kind,)} if kind else {})


def share(each: SheetRate, kind: TokenKind) -> Decimal | None:
    """Return what is asked in percent of the list price, as shown; None if either is unknown."""
    ratio = each.ratio(kind)
    return None if ratio is None else decimal(ratio * 100, _PLACES)


def dollars(report: RateCardReport) -> Table:
    """Return every rate in dollars, and below it in percent of the list price."""
    has_scope = any(_holds_for(each) for each in report.rates)
    columns = (
        Column("Provider"), Column("SKU", style="name"),
        *(Column(f"{words.kind(kind)}, USD", is_number=True, style=f"rate kind-{kind}") for kind in TOKEN_KINDS),
        *([Column("Holds for", style="note")] if has_scope else []), Column("From, UTC", style="day"),
        Column("To, UTC", style="day"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                text(each.period.provider), text(each.period.sku),
                *(_dollar_cell(each, kind) for kind in TOKEN_KINDS),
                *([text(_holds_for(each))] if has_scope else []),
                instant(each.period.valid_from), instant(each.period.valid_to),
            ),
            under(report, each.sold),
        )
        for each in report.rates
    )  # fmt: skip
    return Table("rates", "Dollars per 1M tokens", columns, rows, "No rate card names a SKU that was used.")


def published(report: RateCardReport) -> Table:
    """Return every rate in the vendor's own unit, with its fees and how it rounds."""
    has_fees = any(_fees(each.period) for each in report.rates)
    has_scope = any(_holds_for(each) for each in report.rates)
    has_evidence = any(each.period.block.rounding.evidence for each in report.rates)
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit"),
        *(Column(words.kind(kind), is_number=True, style=f"kind-{kind}") for kind in TOKEN_KINDS),
        *([Column("Fees", style="note")] if has_fees else []), Column("Rounding of a charge", style="sentence"),
        *([Column("Known by", style="sentence")] if has_evidence else []),
        *([Column("Holds for", style="note")] if has_scope else []), Column("From, UTC", style="day"),
    )  # fmt: skip
    rows = []
    for each in report.rates:
        rounding = each.period.block.rounding
        cells = (
            text(each.period.provider), text(each.period.sku), text(unit_name(each.period.unit)),
            *(_unit_cell(each, kind) for kind in TOKEN_KINDS),
            *([text(_fees(each.period))] if has_fees else []), text(words.rounding(rounding, each.period.unit)),
            *([text(rounding.evidence)] if has_evidence else []),
            *([text(_holds_for(each))] if has_scope else []), instant(each.period.valid_from),
        )  # fmt: skip
        rows.append(Row(cells, under(report, each.sold)))
    return Table("published", "Units per 1M tokens, as published", columns, tuple(rows), "No rate is known.")


def sources(report: RateCardReport) -> Table:
    """Return where each rate stands and on which day it was read there."""
    periods = [each.period for each in report.rates if not each.above]
    has_tiers = any(period.block.service_tier != STANDARD_TIER for period in periods)
    has_notes = any(period.block.corrects or period.block.note for period in periods)
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("From, UTC", style="day"),
        *([Column("Service tier")] if has_tiers else []), Column("Document", style="code"),
        Column("Title", style="note"), Column("Where in it", style="sentence"), Column("Checked on", style="day"),
        Column("Basis"), *([Column("Note", style="note")] if has_notes else []),
    )  # fmt: skip
    rows = []
    for period in periods:
        block, source = period.block, period.source
        cells = (
            text(period.provider), text(period.sku), instant(period.valid_from),
            *([text(block.service_tier)] if has_tiers else []), text(source.document), text(source.title),
            text(block.field), text(block.observed_on.isoformat()), text(block.basis),
            *([text(block.corrects or block.note)] if has_notes else []),
        )  # fmt: skip
        rows.append(Row(cells, under(report, (period.provider, period.sku))))
    return Table("sources", "Document, place and day of rates", columns, tuple(rows), "No rate is known.")


def changes(report: RateCardReport) -> Table:
    """Return what changed, the latest first."""
    columns = (
        Column("On, UTC", style="day"), Column("Provider"), Column("SKU", style="name"), Column("Kind"),
        Column("Holds for", style="note"), Column("Before, USD per 1M", is_number=True),
        Column("After, USD per 1M", is_number=True), Column("Change, %", is_number=True),
        Column("Checked on", style="day"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                instant(step.at), text(step.provider), text(step.sku), text(words.kind(step.kind)),
                text(_scope(step.service_tier, step.above, step.up_to)), _dollar_text(step.before),
                _dollar_text(step.after), _change(step), text(step.period.block.observed_on.isoformat()),
            ),
            under(report, (step.provider, step.sku), step.kind),
        )
        for step in report.history
    )  # fmt: skip
    return Table("changes", "What changed, the latest first", columns, rows, "No rate of these SKUs has changed.")


def shares(report: RateCardReport, rates: Sequence[SheetRate]) -> Table:
    """Return what SKUs ask in percent of the list price: the figures of the chart."""
    columns = (
        Column("Provider"), Column("SKU", style="name"),
        *(Column(f"{words.kind(kind)}, %", is_number=True, style=f"kind-{kind}") for kind in TOKEN_KINDS),
        Column("List price of"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                text(each.period.provider), text(each.period.sku),
                *(_share_cell(each, kind) for kind in TOKEN_KINDS),
                text(None if each.list_period is None else f"{each.list_period.provider} {each.list_period.sku}"),
            ),
            under(report, each.sold),
        )
        for each in rates
    )  # fmt: skip
    return Table("shares-table", "Percent of the list price", columns, rows)


def usd(amount: Decimal) -> str:
    """Return a rate with all its digits, such as `$4.415` or `$3.00`."""
    return money(at_least(plain(amount), 2), "USD")


def _dollar_cell(each: SheetRate, kind: TokenKind) -> Cell:
    style, found = f"rate kind-{kind}", each.usd(kind)
    if found is None:
        is_published = each.per_mtok.rate(kind) is not None
        why = f"value of a {each.period.unit} unknown" if is_published else "not published"
        return Cell(f"{UNKNOWN}\n{why}", "", f"{style} none")
    percent = share(each, kind)
    beside = "no list price" if percent is None else f"{grouped(percent)}\N{NO-BREAK SPACE}% of list"
    if each.is_list and each.ratio(kind) == 1:
        beside = "list price"
    return Cell(f"{usd(found)}\n{beside}", exact(found), style)


def _unit_cell(each: SheetRate, kind: TokenKind) -> Cell:
    rate = each.per_mtok.rate(kind)
    return Cell(UNKNOWN, "", f"kind-{kind}") if rate is None else Cell(f"{plain(rate):,}", exact(rate), f"kind-{kind}")


def _share_cell(each: SheetRate, kind: TokenKind) -> Cell:
    ratio = each.ratio(kind)
    if ratio is None:
        return Cell(UNKNOWN, "", f"kind-{kind}")
    return Cell(grouped(decimal(ratio * 100, _PLACES)), exact(decimal(ratio * 100, 6)), f"kind-{kind}")


def _dollar_text(found: Decimal | None) -> Cell:
    return Cell(UNKNOWN, "") if found is None else Cell(usd(found), exact(found))


def _change(step: RateStep) -> Cell:
    if step.before is None or step.after is None or not step.before:
        return Cell(UNKNOWN, "")
    shown = decimal((Fraction(step.after) / Fraction(step.before) - 1) * 100, _PLACES)
    return Cell(signed(shown), exact(shown), "over" if shown > 0 else "under")


def _holds_for(each: SheetRate) -> str:
    return _scope(each.period.block.service_tier, each.above, each.up_to)


def _scope(service_tier: str, above: int, up_to: int | None) -> str:
    """Return which requests a rate holds for; nothing where it holds for all."""
    tier = "" if service_tier == STANDARD_TIER else f"service tier {service_tier}"
    prompts = f"prompts above {above:,} tokens" if above else ""
    most = f"prompts of up to {up_to:,} tokens" if up_to and not above else f"up to {up_to:,}" if up_to else ""
    return "; ".join(filter(None, (tier, prompts, most)))


def _fees(period: RatePeriod) -> str:
    """Return what is charged beside tokens, in the vendor's unit."""
    block = period.block
    fees = [("per request", block.per_request), ("at the least", block.minimum_charge)]
    fees += [(f"per {words.kind(name).lower()}", fee) for name, fee in block.per_tool_call.items()]
    return "; ".join(f"{money(plain(fee), period.unit)} {name}" for name, fee in fees if fee is not None)
