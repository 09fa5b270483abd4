"""The tables of the vendors' page: what each asks, what it is made of, and what decides between them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from pricing.amounts import digits, plain, total
from pricing.caching import BreakEven, break_evens
from pricing.catalog import RatePeriod
from pricing.comparison import Comparison
from pricing.models import Seller
from pricing.offers import Offer, Part, usd_per_mtok
from pricing.rates import PerMtok
from pricing.sensitivity import Flip, next_best
from pricing.usage import TOKEN_KINDS
from reports import words
from reports.figures import UNKNOWN, adding_up, at_least, beside, decimal, exact, grouped, rounded, unit_name
from reports.pages.vendors_answer import cheapest_names, perhaps_cheaper, surely_cheaper
from reports.pages.vendors_figures import Keys, bounds_words, cheapest_to_list, percent, places_of, seller_words, usd
from reports.tables import Cell, Column, Row, Table, amount, instant, number, text
from reports.vendors_report import Compared

Comparisons = Sequence[Comparison]
OfferCells = Callable[[Comparison, Offer], Iterable[Cell]]
"""What makes the cells of an offer that follow its name."""

_NO_PRICE = {
    "price_unpublished": "No published price",
    "kind_unpublished": "No published price",
    "no_rate_in_force": "No rate in force",
    "unknown_usage_field": "Usage that nobody knows how to price",
    "cache_ttl_unknown": "Lifetime not told",
    "requests_unknown": "Number of requests not told",
    "unit_value_unknown": "Value of the unit not published",
}
#: Differences are fractions where the user's own price is no whole share of the published one; cut to 12 places.
_ROUNDED_AWAY = Decimal("1e-9")
_OF_TRAFFIC = ("Requests", "Spent as it was, USD", "Not in it, requests")
_SOLD = (Column("Provider"), Column("SKU", style="name"))


def summary(models: Sequence[Compared], keys: Keys) -> Table:
    """Return a row for each model: what it cost, its list price, and who is cheapest."""
    is_traffic = any(each.traffic for each in models)
    columns = (
        Column("Model", style="name"),
        *(Column(name, is_number=True) for name in (_OF_TRAFFIC if is_traffic else ())),
        Column("List price, USD", is_number=True), Column("Cheapest, priced in full", style="name"),
        Column("Its total, USD", is_number=True), Column("% of list", is_number=True),
        Column("Not priced in full: cheaper even at the most", style="note"), Column("May be cheaper", style="note"),
    )  # fmt: skip
    rows = tuple(_summary_row(each, keys, is_traffic=is_traffic) for each in models)
    return Table("models", "Models, the most spent first" if is_traffic else "Models", columns, rows)


def _summary_row(compared: Compared, keys: Keys, *, is_traffic: bool) -> Row:
    found = compared.comparison
    best, listed, places = found.cheapest, found.list_offer, places_of(found)
    spent: tuple[Cell, ...] = ()
    if is_traffic:
        known = compared.traffic
        cost = None if known is None or known.unknown == known.requests else known.spent
        unknown = Cell(UNKNOWN, "") if known is None else number(known.unknown)
        spent = (number(found.requests or 0), usd(cost, places), unknown)
    less = (f"{seller_words(found, each.seller)}: {bounds_words(each, places)}" for each in surely_cheaper(found))
    perhaps = (seller_words(found, each.seller) for each in perhaps_cheaper(found))
    cells = (
        text(found.model), *spent, usd(None if listed is None else listed.usd, places),
        text(", ".join(cheapest_names(found))),
        usd(None if best is None else best.cost, places), percent(cheapest_to_list(found)),
        text("; ".join(less)), text(", ".join(perhaps)),
    )  # fmt: skip
    return Row(cells, {"model": (str(keys.models[found.model]),)})


def offers(found: Comparison, keys: Keys) -> Table:
    """Return what each SKU of a model asks: those priced in full first, the cheapest first."""
    places = places_of(found)
    has_own = any(each.usd_effective is not None for each in found.offers)
    has_bounds = any(each.unpriced for each in found.offers)
    columns = [
        *_SOLD, *([Column("At your own price, USD", is_number=True)] if has_own else []),
        Column("Total, USD", is_number=True), Column("% of list", is_number=True),
        Column("Total, in unit", is_number=True), Column("Unit"), Column("Priced, % of tokens", is_number=True),
    ]  # fmt: skip
    if has_bounds:
        columns += [
            Column("At least, USD", is_number=True), Column("At most, USD", is_number=True),
            Column("What has no price, and why", style="sentence"),
        ]  # fmt: skip
    rows = tuple(
        Row(
            tuple(_offer_cells(each, places, has_own=has_own, has_bounds=has_bounds)),
            keys.under(found.model, each.seller),
        )
        for each in found.offers
    )
    number_of_model = keys.models[found.model]
    return Table(f"offers-{number_of_model}", f"What {found.model} costs at each vendor", tuple(columns), rows)


def _offer_cells(each: Offer, places: int, *, has_own: bool, has_bounds: bool) -> Iterator[Cell]:
    yield text(each.seller.provider)
    yield Cell(f"{each.seller.sku} (list price)" if each.seller.is_list else each.seller.sku, each.seller.sku)
    if has_own:
        yield usd(each.usd_effective, places)
    yield usd(each.usd, places)
    yield percent(each.ratio_to_list)
    yield usd(each.unit_amount, places) if each.unit == "USD" else _in_unit(each.unit_amount)
    yield text(each.unit and unit_name(each.unit))
    yield amount(rounded(each.priced_share * 100, 2))
    if has_bounds:
        yield usd(each.low if each.unpriced else None, places)
        yield usd(each.high if each.unpriced else None, places)
        yield text(_why(each))


def _in_unit(value: Decimal | None) -> Cell:
    """Return an amount with at least two places, and more where it is less than one unit."""
    if value is None:
        return amount(None)
    return amount(at_least(plain(rounded(value, 2 if value >= 1 else 6)), 2), value)


def _why(each: Offer) -> str:
    """Return what has no price, by reason, with what bounds it."""
    parts = sorted(each.unpriced, key=lambda part: _NO_PRICE.get(part.reason or "", ""))
    reasons = groupby(parts, key=lambda part: _NO_PRICE.get(part.reason or "", words.reason(part.reason or "")))
    return "; ".join(f"{reason}: {_bounded(list(same))}" for reason, same in reasons)


def _bounded(parts: Sequence[Part]) -> str:
    """Return the names of kinds, those together that one assumption bounds."""
    by_bound: dict[str, dict[str, None]] = {}
    for part in parts:
        bound = "" if part.assumed is None else f" (at most the {part.assumed})"
        by_bound.setdefault(bound, {})[_lower_case(part.kind)] = None
    return ", ".join(f"{', '.join(kinds)}{bound}" for bound, kinds in by_bound.items())


def _lower_case(kind: str) -> str:
    name = words.kind(kind)
    return name[:1].lower() + name[1:]


def _model_column(comparisons: Comparisons) -> tuple[Column, ...]:
    """Return a column for the model, where there is more than one."""
    return (Column("Model", style="name"),) if len(comparisons) > 1 else ()


def _sold(comparisons: Comparisons, found: Comparison, seller: Seller) -> tuple[Cell, ...]:
    return (*_model(comparisons, found), text(seller.provider), text(seller.sku))


def _model(comparisons: Comparisons, found: Comparison) -> tuple[Cell, ...]:
    return (text(found.model),) if len(comparisons) > 1 else ()


def _rows(
    comparisons: Comparisons, keys: Keys, cells: Callable[[Comparison, Offer], Iterable[Cell]]
) -> tuple[Row, ...]:
    return tuple(
        Row((*_sold(comparisons, found, each.seller), *cells(found, each)), keys.under(found.model, each.seller))
        for found in comparisons
        for each in found.offers
    )


def rates(models: Sequence[Compared], keys: Keys) -> Table:
    """Return each vendor's rates in dollars, as its card has them below any context tier, and where they come from.

    Of a price that changed between the requests it is the last, with the time from which it holds.
    """
    comparisons = [each.comparison for each in models]
    since, is_dated = {each.comparison.model: each.first_at for each in models}, has_changed(models)
    columns = (
        *_model_column(comparisons), *_SOLD, *(Column(words.kind(kind), is_number=True) for kind in TOKEN_KINDS),
        *([Column("Only since, UTC", style="day")] if is_dated else []),
        Column("Source", style="note"), Column("Observed", style="day"),
    )  # fmt: skip

    def cells(found: Comparison, each: Offer) -> Iterator[Cell]:
        for kind in TOKEN_KINDS:
            value = usd_per_mtok(each.period, kind)
            yield amount(None) if value is None else Cell(grouped(Decimal(exact(value))), exact(value))
        if is_dated:
            yield instant(_changed(each, since[found.model]))
        if isinstance(each.period, RatePeriod):
            yield text(f"{each.period.source.title} ({each.period.source.document})")
            yield text(each.period.block.observed_on.isoformat())
        else:
            yield text(words.reason(each.period))
            yield text(None)

    return Table("rates", "Rates, USD per 1M tokens", columns, _rows(comparisons, keys, cells))


def has_changed(models: Sequence[Compared]) -> bool:
    """Tell whether a price changed between the requests."""
    return any(_changed(offer, each.first_at) for each in models for offer in each.comparison.offers)


def _changed(each: Offer, first_at: datetime | None) -> datetime | None:
    """Return since when these rates hold, if that is after the first request."""
    since = each.period.valid_from if isinstance(each.period, RatePeriod) else None
    return since if since is not None and first_at is not None and first_at < since else None


def ratios(comparisons: Comparisons, keys: Keys) -> Table:
    """Return the same rates as shares of the list price."""
    kinds = [*(Column(words.kind(kind), is_number=True) for kind in TOKEN_KINDS)]
    columns = (*_model_column(comparisons), *_SOLD, *kinds, Column("This basket", is_number=True))

    def cells(_found: Comparison, each: Offer) -> Iterator[Cell]:
        for kind in TOKEN_KINDS:
            yield percent((each.ratios or {}).get(kind.value))
        yield percent(each.ratio_to_list)

    return Table("ratios", "Rates, % of the list price", columns, _rows(comparisons, keys, cells))


def parts(comparisons: Comparisons, keys: Keys) -> Table:
    """Return what each total is made of, by token kind; the kinds of a row add up to its total."""
    used = {part.kind: None for found in comparisons for each in found.offers for part in each.parts}
    columns = (
        *_model_column(comparisons), *_SOLD, *(Column(words.kind(kind), is_number=True) for kind in used),
        Column("Total", is_number=True),
    )  # fmt: skip

    def cells(found: Comparison, each: Offer) -> Iterator[Cell]:
        places = places_of(found)
        shown = shown_parts(each, places)
        for kind in used:
            mine = [part for part in each.parts if part.kind == kind]
            if not mine:
                yield Cell("0", "0", "zero")
            elif any(part.reason for part in mine):
                yield Cell(_at_most(mine, places), "")
            else:
                yield amount(shown[kind], total(part.low or Decimal(0) for part in mine))
        yield usd(each.usd, places)

    return Table("parts", "What each total is made of, USD", columns, _rows(comparisons, keys, cells))


def shown_parts(offer: Offer, places: int) -> dict[str, Decimal]:
    """Return the known part of each kind, rounded; those of an offer that is priced in full add up to its total."""
    sums: dict[str, Decimal] = {}
    for part in offer.parts:
        sums[part.kind] = sums.get(part.kind, Decimal(0)) + (part.low or Decimal(0))
    if offer.usd is None:
        return {kind: rounded(value, places) for kind, value in sums.items()}
    return dict(zip(sums, adding_up(list(sums.values()), rounded(offer.usd, places), places), strict=True))


def _at_most(same: Sequence[Part], places: int) -> str:
    highs = [part.high for part in same]
    if any(high is None for high in highs):
        return UNKNOWN
    return (
        f"\N{LESS-THAN OR EQUAL TO} {grouped(rounded(sum((high or Decimal(0) for high in highs), Decimal(0)), places))}"
    )


def caching(comparisons: Comparisons, keys: Keys) -> Table:
    """Return after how many reads a write pays, and what the cache is worth in this basket."""
    columns = (
        *_model_column(comparisons), *_SOLD, Column("A 5 min write pays after"), Column("A 1 h write pays after"),
        Column("As it is, USD", is_number=True), Column("Without a cache, USD", is_number=True),
        Column("The cache saves, USD", is_number=True),
    )  # fmt: skip

    def cells(found: Comparison, each: Offer) -> Iterator[Cell]:
        per_mtok = each.period.block.per_mtok if isinstance(each.period, RatePeriod) else PerMtok()
        yield from (_reads(even) for even in break_evens(per_mtok))
        places = places_of(found)
        if each.usd is None or each.usd_uncached is None:
            yield from (usd(each.usd, places), usd(each.usd_uncached, places), amount(None))
            return
        shown = beside(each.usd_uncached, each.usd, places)
        yield amount(shown.expected, each.usd)
        yield amount(shown.charged, each.usd_uncached)
        yield amount(shown.variance, each.usd_uncached - each.usd)

    return Table("caching", "Reads after which a cache write pays", columns, _rows(comparisons, keys, cells))


def _reads(each: BreakEven) -> Cell:
    if each.reads is None:
        told = {"never": "never: reads cost no less", "unknown": "no published price"}[each.verdict]
        return Cell(told if each.verdict == "never" else UNKNOWN, "never" if each.verdict == "never" else "")
    name = "no read: a write costs less than input" if not each.reads else f"{each.reads} read{'s' * (each.reads > 1)}"
    return Cell(name, str(each.reads))


def own_prices(comparisons: Comparisons, keys: Keys) -> Table:
    """Return what the user's own units cost beside their published price."""
    columns = (
        Column("Provider"), Column("Unit"), Column("Published price, USD", is_number=True),
        Column("Your price, USD", is_number=True), Column("% of published", is_number=True),
    )  # fmt: skip
    rows = {}
    for found in comparisons:
        for each in found.offers:
            own, period = each.usd_per_unit_effective, each.period
            if own is None or not isinstance(period, RatePeriod):
                continue
            published = period.usd_per_unit
            share = Fraction(own) / Fraction(published) if published else None
            cells = (
                text(each.seller.provider), text(period.unit),
                amount(published), amount(Decimal(exact(own))), percent(share),
            )  # fmt: skip
            rows[each.seller.provider] = Row(cells, {"provider": (str(keys.providers[each.seller.provider]),)})
    return Table(
        "own-prices", "Price of a unit, published and yours", columns, tuple(rows[name] for name in sorted(rows))
    )


def flips(comparisons: Comparisons, keys: Keys) -> Table:
    """Return at which share of cache reads another offer becomes the cheapest; offers of one price are one row."""
    columns = (
        *_model_column(comparisons), Column("Cache reads, % of the prompt", is_number=True),
        Column("Cheapest below", style="sentence"), Column("Cheapest above", style="sentence"),
        Column("Taken at the most that bounds it", style="note"),
    )  # fmt: skip
    rows = []
    for found in comparisons:
        shown = sorted((each for each in found.flips if each.is_of_cheapest), key=lambda each: each.share)
        for share, same in groupby(shown, key=lambda each: each.share):
            rows.append(_flip_row(comparisons, found, share, list(same), keys))
    empty = "One offer is the cheapest at any share of cache reads, or none can be compared."
    return Table("flips", "Where the cheapest changes", columns, tuple(rows), empty)


def _flip_row(comparisons: Comparisons, found: Comparison, share: Fraction, same: Sequence[Flip], keys: Keys) -> Row:
    below, above = ({flip.below: None for flip in same}, {flip.above: None for flip in same})
    assumed = {seller: None for flip in same for seller in flip.assumed}
    cells = (
        *_model(comparisons, found), percent(share), _names(found, below), _names(found, above), _names(found, assumed),
    )  # fmt: skip
    return Row(cells, keys.under(found.model, *below, *above))


def _names(found: Comparison, sellers: Iterable[Seller]) -> Cell:
    return text(", ".join(seller_words(found, each) for each in sellers))


def drivers(comparisons: Comparisons, keys: Keys) -> Table:
    """Return by how much each kind makes the next offer dearer than the cheapest; they add up to the difference."""
    columns = (
        *_model_column(comparisons), Column("Cheapest", style="name"), Column("Next", style="name"), Column("Kind"),
        Column("The next costs more by, USD", is_number=True), Column("Both cost the same at", style="note"),
    )  # fmt: skip
    rows = [row for found in comparisons for row in _driver_rows(comparisons, found, keys)]
    return Table(
        "drivers", "What makes the next offer dearer", columns, tuple(rows), "No two offers have a full price."
    )


def _driver_rows(comparisons: Comparisons, found: Comparison, keys: Keys) -> Iterator[Row]:
    pair, places = next_best(found.offers), places_of(found)
    if pair is None:
        return
    names = [text(seller_words(found, each.seller)) for each in pair]
    cheap, dear = pair
    zero = Decimal(0)
    difference = rounded(dear.cost or zero, places) - rounded(cheap.cost or zero, places)
    exact_parts = [decimal(each.difference, 12) for each in found.drivers]
    if abs((dear.cost or zero) - (cheap.cost or zero) - total(exact_parts)) > _ROUNDED_AWAY:
        return  # a unit that only the user's own price is known of: no kind has its share
    shown = adding_up(exact_parts, difference, places)
    for each, figure, value in zip(found.drivers, shown, exact_parts, strict=True):
        flip = None if each.flips_at is None else f"{digits(decimal(each.flips_at, 3))} times as many of them"
        cells = (
            *_model(comparisons, found), *names, text(words.kind(each.kind)),
            amount(figure, value, with_sign=True), text(flip),
        )  # fmt: skip
        yield Row(cells, keys.under(found.model, cheap.seller, dear.seller))
