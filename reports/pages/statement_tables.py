"""The tables of a statement: from usage to spend, what changed, unit costs, budgets, unpriced usage and invoices."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from billing.invoicing.matching import Line
from billing.invoicing.reconciliation import Reconciliation
from billing.months.budget_lines import BudgetLine
from billing.months.changes import Effects, added, counted_in
from billing.months.statement import Economics, ProviderStatement, SkuStatement, Spend, UnpricedUsage
from billing.months.unusual_days import UnusualDay
from pricing.amounts import from_pico
from reports import invoice_words, words
from reports.figures import UNKNOWN, dollars, exact, money, places_for, rounded, running, signed
from reports.pages.statement_figures import Account, Steps, sku_key
from reports.pages.statement_marks import Marks, Stated, accounts, in_unit, provider_name
from reports.statement_answer import unusual_sentence
from reports.tables import Cell, Column, Row, Table, amount, day, number, text

#: What each step from usage to spend is called, in order.
STEPS: Mapping[str, str] = {
    "exact": "Usage at the rate card",
    "rounding": "Rounding",
    "expected": "Expected",
    "variance": "Variance",
    "unpriced": "Charged without a price",
    "refunded": "Given back",
    "spend": "Spend",
}
#: What a change is made of, in order; the first and the last are what was and what is expected.
EFFECTS: Mapping[str, str] = {
    "before": "Before", "price": "Price", "volume": "Volume", "mix": "Mix", "new": "New", "gone": "Gone",
    "rounding": "Rounding", "after": "Now",
}  # fmt: skip
STATUS: Mapping[str, tuple[str, str, str]] = {
    "over": ("\N{BLACK UP-POINTING TRIANGLE} Over", "severity high", "3"),
    "forecast_over": ("\N{BLACK DIAMOND} Forecast to be over", "severity medium", "2"),
    "within": ("\N{BLACK CIRCLE} Within", "severity low", "1"),
}
_WHOLE = "All SKUs"
_MOST_PLACES = 6
#: Lines whose change is told kind by kind; of more it is told by SKU.
_MOST_KINDS = 60


def steps(stated: Stated, own: ProviderStatement, place: int) -> Table:
    """Return what leads from usage to spend, by SKU, and last for all of them."""
    account, unit, figures, marks = (own.provider, own.unit), in_unit(own.unit), stated.figures, stated.marks
    columns = (
        Column("SKU", style="name"), Column("Requests", is_number=True),
        *(Column(f"{name}, {unit}", is_number=True) for name in STEPS.values()),
    )  # fmt: skip
    rows = [
        Row(_step_cells(each.sku, each.sums, figures.skus[sku_key(each)]), marks.sku(each.provider, each.sku))
        for each in stated.skus(account)
    ]
    name, *cells = _step_cells(_WHOLE, own.sums, figures.accounts[account])
    rows.append(Row((replace(name, style="whole"), *cells), marks.whole(own.provider)))
    caption = f"From usage to spend by SKU, {provider_name(own.provider)}, {unit}"
    return Table(f"steps-table-{place}", caption, columns, tuple(rows))


def _step_cells(name: str, sums: Spend, shown: Steps) -> tuple[Cell, ...]:
    exacts = (
        sums.exact, sums.rounding, sums.expected, sums.variance, sums.charged_unpriced, -sums.refunded, sums.spend,
    )  # fmt: skip
    parts = (
        shown.exact, shown.rounding, shown.expected, shown.variance, shown.unpriced, -shown.refunded, shown.spend,
    )  # fmt: skip
    known = not sums.is_unknown
    cells = (amount(part if known else None, whole) for part, whole in zip(parts, exacts, strict=True))
    return text(name), number(sums.requests), *cells


def changes(stated: Stated, account: Account, place: int) -> Table:
    """Return what the change of an account is made of: by SKU and kind, by SKU, and last in all."""
    unit, figures, marks = in_unit(account[1]), stated.figures, stated.marks
    columns = (
        Column("SKU", style="name"), Column("Kind"),
        *(Column(f"{each}, {unit}", is_number=True) for each in EFFECTS.values()),
    )  # fmt: skip
    rows: list[Row] = []
    own = [line for line in stated.found.change.lines if (line.provider, line.unit) == account]
    for sku in dict.fromkeys(line.sku for line in own):
        under = marks.sku(account[0], sku)
        parts = [line for line in own if line.sku == sku]
        rows += [] if len(stated.found.change.lines) > _MOST_KINDS else [
            Row(_effect_cells(sku, _kind(line.kind), line.effects,
                              figures.changes[line.provider, sku, line.unit, line.kind]), under)
            for line in parts
        ]  # fmt: skip
        sums = added(line.effects for line in parts)
        rows.append(Row(_effect_cells(sku, "All kinds", sums, figures.sku_changes[account[0], sku, account[1]]), under))
    if own:
        whole = added(line.effects for line in own)
        cells = _effect_cells(_WHOLE, "All kinds", whole, figures.account_changes[account])
        rows.append(Row(cells, marks.whole(account[0])))
    caption = f"What changed by SKU and kind, {provider_name(account[0])}, {unit}"
    return Table(f"change-table-{place}", caption, columns, tuple(rows))


def _kind(code: str) -> str:
    return "Rounding" if code == "rounding" else words.kind(code)


def _effect_cells(sku: str, kind: str, whole: Effects, shown: Effects) -> tuple[Cell, ...]:
    cells = (
        amount(getattr(shown, name), getattr(whole, name), with_sign=name not in {"before", "after"})
        for name in EFFECTS
    )
    return text(sku), text(kind, "whole" if kind == "All kinds" else ""), *cells


def unusual(stated: Stated) -> Table:
    """Return the unusual days, each with what drove it."""
    columns = (
        Column("Day, UTC", style="day"), Column("Provider"), Column("Spend, in unit", is_number=True),
        Column("Usual, in unit", is_number=True), Column("Unit"), Column("Score", is_number=True),
        Column("What drove it", style="sentence"),
    )  # fmt: skip
    rows = tuple(Row(_unusual_cells(each), stated.marks.provider(each.provider)) for each in stated.found.unusual)
    empty = "No day of this month was unusual, as far as the history tells."
    return Table("unusual", "Unusual days and what drove them", columns, rows, empty)


def _unusual_cells(each: UnusualDay) -> tuple[Cell, ...]:
    places = places_for([each.spend, each.usual])
    return (
        day(each.day), text(provider_name(each.provider)), amount(rounded(each.spend, places), each.spend),
        amount(rounded(each.usual, places), each.usual), text(in_unit(each.unit)),
        Cell(f"{unusual_sign(each)} {signed(each.score)}", exact(each.score)), text(unusual_sentence(each)),
    )  # fmt: skip


def unusual_sign(each: UnusualDay) -> str:
    """Return a sign for a day that took unusually much or little."""
    return "\N{BLACK UP-POINTING TRIANGLE}" if each.score > 0 else "\N{BLACK DOWN-POINTING TRIANGLE}"


def economics(stated: Stated) -> Table:
    """Return what a unit of work costs, by SKU, and for each account."""
    columns = (
        Column("Provider"), Column("SKU", style="name"), Column("Unit"), Column("Requests", is_number=True),
        Column("Tokens", is_number=True), Column("Per 1,000 requests, in unit", is_number=True),
        Column("Per 1M tokens, in unit", is_number=True), Column("Per 1M tokens, USD", is_number=True),
        Column("At list price, USD", is_number=True), Column("Saved by cache reads, in unit", is_number=True),
        Column("Cost of cache writes, in unit", is_number=True), Column("Saved by caching, in unit", is_number=True),
    )  # fmt: skip
    listed = {(each.provider, each.sku): each.usd for each in stated.found.list_prices}
    rows: list[Row] = []
    for own in accounts(stated.found):
        account = (own.provider, own.unit)
        skus = stated.skus(account)
        cached = _caching([each.economics for each in skus], stated.figures.places_of(account))
        for each, saved in zip(skus, cached, strict=True):
            usd = listed.get((each.provider or "", each.sku))
            cells = (text(provider_name(each.provider)), text(each.sku), *_economics_cells(each, saved, usd))
            rows.append(Row(cells, stated.marks.sku(each.provider, each.sku)))
        if len(skus) > 1:
            whole = _economics_cells(own, _caching_sum(cached), None)
            name = text(provider_name(own.provider))
            rows.append(Row((name, text(_WHOLE, "whole"), *whole), stated.marks.whole(own.provider)))
    empty = "Nothing was used."
    return Table("economics", "What a unit of work costs, by SKU", columns, tuple(rows), empty)


_Cached = tuple[Decimal | None, Decimal | None, Decimal | None]


def _caching(all_: list[Economics], places: int) -> list[_Cached]:
    """Round what caching saved, what writes cost and what is left, so that they add up both ways."""
    known = [(each.caching.saved, each.caching.write_cost) for each in all_]
    rows = iter(running([(s, -c) for s, c in known if s is not None and c is not None], places))
    found: list[_Cached] = []
    for saved, cost in known:
        shown = None if saved is None or cost is None else next(rows)
        found.append((None, None, None) if shown is None else (shown[0], shown[0] - shown[1], shown[1]))
    return found


def _caching_sum(rows: list[_Cached]) -> _Cached:
    saved, cost, net = zip(*rows, strict=True)
    return _sum(saved), _sum(cost), _sum(net)


def _sum(parts: tuple[Decimal | None, ...]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def _economics_cells(
    each: SkuStatement | ProviderStatement, cached: _Cached, listed: Decimal | None
) -> tuple[Cell, ...]:
    costs, caching = each.economics, each.economics.caching
    exacts = (caching.saved, caching.write_cost, caching.net)
    saved = [amount(part if costs.requests else None, whole) for part, whole in zip(cached, exacts, strict=True)]
    return (
        text(in_unit(each.unit)), number(costs.requests), number(costs.tokens), _ratio(costs.per_1000_requests),
        _ratio(costs.per_mtok), _ratio(costs.usd_per_mtok), _dollars(listed),
        *saved,
    )  # fmt: skip


def _ratio(value: Decimal | None) -> Cell:
    """Return a cell with a cost per unit of work, to four significant places at least; it adds up with nothing."""
    if value is None:
        return amount(None)
    places = 2 if abs(value) >= 1 else 4 if abs(value) >= Decimal("0.01") else _MOST_PLACES
    return amount(rounded(value, places), value)


def _dollars(value: Decimal | None) -> Cell:
    return Cell(UNKNOWN, "") if value is None else Cell(dollars(value), exact(value))


def unpriced(stated: Stated) -> Table:
    """Return the usage that has no price, and why."""
    columns = (
        Column("Why it has no price", style="sentence"), Column("Reason", style="code"), Column("Provider"),
        Column("SKU", style="name"), Column("Requests", is_number=True), Column("Tokens", is_number=True),
        Column("Charged for it, in unit", is_number=True), Column("Unit"),
    )  # fmt: skip
    rows = tuple(
        Row(_unpriced_cells(stated, each), stated.marks.sku(each.provider, each.sku)) for each in stated.found.unpriced
    )
    return Table("unpriced", "Usage without a price, by reason", columns, rows, "Everything that was used has a price.")


def _unpriced_cells(stated: Stated, each: UnpricedUsage) -> tuple[Cell, ...]:
    places = stated.figures.places_of((each.provider, each.unit))
    tokens = sum(used for kind, used in each.quantities.items() if counted_in(kind) == "token")
    return (
        text(words.reason(each.reason)), text(each.reason), text(provider_name(each.provider)), text(each.sku),
        number(each.requests), number(tokens), _rounded(each.charged, places), text(in_unit(each.unit)),
    )  # fmt: skip


def _rounded(value: Decimal | None, places: int) -> Cell:
    return amount(None if value is None else rounded(value, places), value)


def budgets(stated: Stated) -> Table:
    """Return the budgets: used share, forecast with its band, and status in text and sign."""
    columns = (
        Column("Budget", style="name"), Column("For", style="note"), Column("Status"), Column("Amount", is_number=True),
        Column("Used", is_number=True), Column("Used, %", is_number=True), Column("Forecast", is_number=True),
        *(Column(f"{name}, 80\N{NO-BREAK SPACE}%", is_number=True) for name in ("At least", "At most")),
        Column("Not in it, requests", is_number=True),
    )  # fmt: skip
    providers = [name for name in stated.marks.providers if name is not None]
    rows = tuple(
        Row(_budget_cells(each), {} if each.provider not in providers else stated.marks.provider(each.provider))
        for each in stated.found.budgets
    )
    empty = "No budget is set. A [[budgets]] table in tallystick.toml sets one."
    return Table("budgets", "Budgets and what is used of them", columns, rows, empty)


def _budget_cells(each: BudgetLine) -> tuple[Cell, ...]:
    status, style, order = STATUS[each.status]
    share = each.used_share * 100
    return (
        text(each.name), text(budget_scope(each)), Cell(status, each.status, style, sort=order),
        _money(each.amount, each.unit), _money(each.used, each.unit), amount(rounded(share, 2), share),
        *(_money(value, each.unit) for value in (each.forecast, each.forecast_low, each.forecast_high)),
        number(each.unknown + each.not_attributed),
    )  # fmt: skip


def budget_scope(each: BudgetLine) -> str:
    """Say what a budget is for."""
    parts = (("project", each.project), ("key", each.api_key_id), ("provider", each.provider))
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None) or "everything"


def _money(value: Decimal | None, unit: str) -> Cell:
    if value is None:
        return Cell(UNKNOWN, "")
    return Cell(money(rounded(value, 2 if abs(value) >= 1 or not value else places_for([value])), unit), exact(value))


def invoice(found: Reconciliation, place: int, marks: Marks) -> Table:
    """Return the lines of an invoice beside what was metered and what is expected, and last all of them."""
    unit = in_unit(found.invoice.currency)
    columns = (
        Column("Line"), Column("Kind"), Column("SKU", style="name"),
        *(Column(f"{name}, {unit}", is_number=True) for name in ("Invoiced", "Metered", "Expected", "Variance")),
        Column("Verdict"), Column("Mostly because"),
    )  # fmt: skip
    shown = _invoice_amounts(found)
    rows = tuple(
        Row(_invoice_cells(line, each), _invoice_marks(found, line, marks))
        for line, each in zip((*found.lines, found.total), shown, strict=True)
    )
    caption = f"Invoice {found.invoice.id} of {found.invoice.provider} line by line, {unit}"
    return Table(f"invoice-{place}", caption, columns, rows)


_InvoiceAmounts = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]
"""Invoiced, metered, expected and variance."""


def _invoice_amounts(found: Reconciliation) -> list[_InvoiceAmounts]:
    """Round the amounts of each line so that invoiced less expected is the variance; the total is the sum of lines."""
    places = max(found.invoice.places, 2)
    both = [line for line in found.lines if line.expected is not None and line.invoiced is not None]
    pairs = running([(from_pico(line.expected or 0), from_pico(line.variance or 0)) for line in both], places)
    shown = {id(line): pair for line, pair in zip(both, pairs, strict=True)}
    amounts: list[_InvoiceAmounts] = []
    for line in found.lines:
        metered, pair = _pico(line.metered, places), shown.get(id(line))
        if pair is None:
            amounts.append((_pico(line.invoiced, places), metered, _pico(line.expected, places), None))
        else:
            amounts.append((pair[1], metered, pair[0], pair[1] - pair[0]))
    counted = [
        each for line, each in zip(found.lines, amounts, strict=True)
        if line.kind in {"usage", "refund", "adjustment"} and line.invoiced is not None
    ]  # fmt: skip
    zero = Decimal(0)
    invoiced, metered, expected = (sum((each[nth] or zero for each in counted), zero) for nth in range(3))
    return [*amounts, (invoiced, None if found.total.metered is None else metered, expected, invoiced - expected)]


def _pico(value: int | None, places: int) -> Decimal | None:
    return None if value is None else rounded(from_pico(value), places)


def _invoice_cells(line: Line, shown: _InvoiceAmounts) -> tuple[Cell, ...]:
    exacts = (line.invoiced, line.metered, line.expected, line.variance)
    cells = [
        amount(part, None if whole is None else from_pico(whole)) for part, whole in zip(shown, exacts, strict=True)
    ]
    variance = line.variance or 0
    style = "" if line.verdict in {"matched", "carried"} else "over" if variance > 0 else "under"
    cells[-1] = Cell(cells[-1].text if not variance or shown[-1] is None else signed(shown[-1]), cells[-1].exact, style)
    others = "all others" if line.kind == "usage" else ""
    because = invoice_words.cause(line.cause) if line.cause else ""
    kind = line.kind.replace("_", "-")
    return (
        Cell(invoice_words.named(line) or "not on it", invoice_words.named(line)), Cell(kind, kind),
        Cell(line.sku or others, line.sku or ""), *cells, text(invoice_words.VERDICTS[line.verdict]),
        Cell(because, because),
    )  # fmt: skip


def _invoice_marks(found: Reconciliation, line: Line, marks: Marks) -> Mapping[str, tuple[str, ...]]:
    provider = found.invoice.provider
    known = {"provider": (str(marks.providers[provider]),)} if provider in marks.providers else {}
    return known | {"sku": (str(marks.skus[provider, line.sku]),) if line.sku is not None else ()}
