"""Rates side by side: what SKUs ask, period by period, beside what the makers of their models ask."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise, zip_longest
from operator import itemgetter

from pricing.amounts import times
from pricing.calculator import tier_rates
from pricing.catalog import Catalog, RatePeriod
from pricing.models import Seller, makers
from pricing.rates import PerMtok
from pricing.usage import TOKEN_KINDS, TokenKind

SkuName = tuple[str, str]
"""Provider and SKU."""

_NO_RATES = PerMtok()
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SheetRate:
    """The rates of one SKU in one period, for prompts of more than `above` tokens and of at most `up_to`.

    One price for all prompts stands here once for each price that the maker asks for them.
    `list_period` is what the model's maker asks in the same service tier, at `list_at`; None if no card tells.
    """

    period: RatePeriod
    above: int
    up_to: int | None
    per_mtok: PerMtok
    is_list: bool
    """Whether this is the maker's own card."""
    list_at: datetime
    list_period: RatePeriod | None
    list_per_mtok: PerMtok

    @property
    def sold(self) -> SkuName:
        """Provider and SKU."""
        return self.period.provider, self.period.sku

    def usd(self, kind: TokenKind) -> Decimal | None:
        """Return dollars per 1M tokens; None if there is no price, or no known value of its unit."""
        return _dollars(self.per_mtok, self.period, kind)

    def list_usd(self, kind: TokenKind) -> Decimal | None:
        """Return what the maker asks, in dollars per 1M tokens; None if that is unknown."""
        return None if self.list_period is None else _dollars(self.list_per_mtok, self.list_period, kind)

    def ratio(self, kind: TokenKind) -> Fraction | None:
        """Return what is asked over what the maker asks; None if either is unknown, or the maker asks nothing."""
        own, listed = self.usd(kind), self.list_usd(kind)
        return None if own is None or not listed else Fraction(own) / Fraction(listed)


@dataclass(frozen=True, slots=True)
class RateStep:
    """A rate that changed at an instant: dollars per 1M tokens, for prompts of more than `above` and at most `up_to`.

    None where there was or is no price, or no rate in force.
    """

    at: datetime
    provider: str
    sku: str
    service_tier: str
    kind: TokenKind
    above: int
    up_to: int | None
    before: Decimal | None
    after: Decimal | None
    period: RatePeriod
    """The one that begins at that instant, or ends if none begins."""

    @property
    def line(self) -> tuple[str, str, str, TokenKind, int]:
        """What is the same in all steps of one rate."""
        return self.provider, self.sku, self.service_tier, self.kind, self.above


def list_sellers(catalog: Catalog, sold: Iterable[SkuName]) -> Mapping[SkuName, Seller]:
    """Return who asks the list price of the model behind each SKU; a SKU whose model has none is left out."""
    listed = makers(catalog)
    models = {name: catalog.sku(*name).model for name in sold}
    return {name: listed[model] for name, model in models.items() if model in listed}


def rate_sheet(catalog: Catalog, sold: Sequence[SkuName], at: datetime) -> tuple[SheetRate, ...]:
    """Return every rate of these SKUs: oldest first of each, and small prompts before large ones.

    A rate in force at `at` is held against the list price of that instant, an earlier one against that of its last
    instant, a later one against that of its first. Raise UnknownNameError for a SKU that no card names.
    """
    listed = list_sellers(catalog, sold)
    return tuple(
        each
        for provider, sku in sold
        for tier in catalog.service_tiers(provider, sku)
        for period in catalog.periods(provider, sku, tier)
        for each in _of_period(period, listed.get((provider, sku)), at)
    )


def rate_history(periods: Iterable[RatePeriod]) -> tuple[RateStep, ...]:
    """Return every change of a rate between the periods of each SKU and service tier, the latest first."""
    by_offer: dict[tuple[str, str, str], list[RatePeriod]] = {}
    for period in periods:
        by_offer.setdefault((period.provider, period.sku, period.block.service_tier), []).append(period)
    steps = [step for of in by_offer.values() for step in _steps(of)]
    steps.sort(key=lambda step: (*step.line[:3], TOKEN_KINDS.index(step.kind), step.above))
    return tuple(sorted(steps, key=lambda step: step.at, reverse=True))


def series(periods: Sequence[RatePeriod], kind: TokenKind, above: int) -> tuple[tuple[RatePeriod, Decimal | None], ...]:
    """Return the periods of one SKU with what each asks for a kind above so many prompt tokens, in dollars."""
    return tuple((period, _dollars(tier_rates(period, above + 1), period, kind)) for period in periods)


def _dollars(per_mtok: PerMtok, period: RatePeriod, kind: TokenKind) -> Decimal | None:
    rate = per_mtok.rate(kind)
    return None if rate is None or period.usd_per_unit is None else times(rate, period.usd_per_unit)


def _of_period(period: RatePeriod, maker: Seller | None, at: datetime) -> Iterator[SheetRate]:
    list_at = _within(period, at)
    found = maker and maker.catalog.find(maker.provider, maker.sku, list_at, period.block.service_tier)
    list_period = found if isinstance(found, RatePeriod) else None
    is_list = maker is not None and (maker.provider, maker.sku) == (period.provider, period.sku)
    told = [period] if list_period is None or period.block.per_mtok == _NO_RATES else [period, list_period]
    limits = sorted({0, *(tier.above for each in told for tier in each.block.context_tiers)})
    for above, up_to in zip_longest(limits, limits[1:]):
        own = tier_rates(period, above + 1)
        listed = _NO_RATES if list_period is None else tier_rates(list_period, above + 1)
        yield SheetRate(period, above, up_to, own, is_list, list_at, list_period, listed)


def _within(period: RatePeriod, at: datetime) -> datetime:
    """Return the instant of the period that is nearest to `at`."""
    if period.valid_from is not None and at < period.valid_from:
        return period.valid_from
    if period.valid_to is not None and at >= period.valid_to:
        return period.valid_to - _MOMENT
    return at.astimezone(UTC)


def _steps(periods: Sequence[RatePeriod]) -> Iterator[RateStep]:
    """Yield the changes at each instant at which a period of one SKU begins or ends."""
    limits = sorted({0, *(tier.above for period in periods for tier in period.block.context_tiers)})
    for earlier, later in pairwise(periods):
        at = later.valid_from
        if at is None or earlier.valid_to is None:
            continue
        is_gap = earlier.valid_to < at
        if is_gap:
            yield from _changes(earlier.valid_to, earlier, None, limits)
        yield from _changes(at, None if is_gap else earlier, later, limits)


def _changes(
    at: datetime, earlier: RatePeriod | None, later: RatePeriod | None, limits: Sequence[int]
) -> Iterator[RateStep]:
    """Yield what is not the same before and after, of each kind by sizes of prompts that it is the same for."""
    period = later or earlier
    if period is None:
        return
    sold = period.provider, period.sku, period.block.service_tier
    for kind in TOKEN_KINDS:
        told = [(above, _at(earlier, kind, above), _at(later, kind, above)) for above in limits]
        ranges = [next(same) for _, same in groupby(told, key=itemgetter(1, 2))]
        ends = [*(above for above, _, _ in ranges[1:]), None]
        for (above, before, after), up_to in zip(ranges, ends, strict=True):
            if before != after:
                yield RateStep(at, *sold, kind, above, up_to, before, after, period)


def _at(period: RatePeriod | None, kind: TokenKind, above: int) -> Decimal | None:
    return None if period is None else _dollars(tier_rates(period, above + 1), period, kind)
