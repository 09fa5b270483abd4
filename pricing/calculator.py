"""Rating: usage and a rate give an exact charge. Every job of this project is this one operation with another card."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pricing.amounts import from_pico, per_mtok_to_pico, times, to_pico
from pricing.catalog import Catalog, RatePeriod, Reason
from pricing.rates import PerMtok, RateBlock
from pricing.rounding import round_to_step
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH, Usage

REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the arithmetic: `count` tokens (or calls) of `kind`, and what they cost, in the card's unit.

    `rate` is per 1M tokens, or per call for fees. It and `amount` are None where the price is unpublished.
    """

    kind: str
    count: int
    rate: Decimal | None
    amount: Decimal | None
    is_fee: bool = False


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A part of the usage that has no price, and why."""

    kind: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request costs under one card, in the card's unit.

    `exact` is the sum before rounding and `charged` what the vendor's rule makes of it; both are None if any part is
    unpriced, for an unknown is not zero. It costs at least `lower`; `upper` is None where nothing bounds it.
    `usd` is the exact amount in dollars, `usd_charged` the rounded one.
    """

    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    exact: Decimal | None
    charged: Decimal | None
    lower: Decimal
    upper: Decimal | None
    usd: Decimal | None
    usd_charged: Decimal | None
    period: RatePeriod | None

    @property
    def unit(self) -> str | None:
        """What the amounts are counted in; None where no card is known."""
        return None if self.period is None else self.period.unit


def price(catalog: Catalog, provider: str, sku: str, usage: Usage, at: datetime | None = None) -> Charge:
    """Rate one request by the card in force for that provider, SKU and instant.

    >>> from pricing.catalog import load_catalog
    >>> charge = price(load_catalog(), "aivideoapi", "claude-opus-4-6", Usage(input=20, output=661))
    >>> charge.exact, charge.charged, charge.usd
    (Decimal('1.6625'), Decimal('1.66'), Decimal('0.0083125'))
    >>> [(line.kind, line.count, line.rate, line.amount) for line in charge.lines]
    [('input', 20, Decimal('500'), Decimal('0.01')), ('output', 661, Decimal('2500'), Decimal('1.6525'))]

    A kind that has no published price leaves the charge unknown; it is never counted as zero:

    >>> charge = price(load_catalog(), "aivideoapi", "claude-sonnet-4-6", Usage(cache_read=10))
    >>> charge.exact, charge.unpriced
    (None, (Unpriced(kind='cache_read', reason='kind_unpublished'),))
    """
    found = catalog.find(provider, sku, at, usage.service_tier)
    if isinstance(found, RatePeriod):
        return rate(usage, found)
    lines = tuple(Line(kind, usage.tokens(kind), None, None) for kind in TOKEN_KINDS if usage.tokens(kind))
    unpriced = tuple(Unpriced(line.kind, found) for line in lines) or (Unpriced(REQUEST, found),)
    return Charge(lines, unpriced, None, None, Decimal(0), None, None, None, None)


def rate(usage: Usage, period: RatePeriod) -> Charge:
    """Rate one request by the rates of a period."""
    rates = tier_rates(period, usage.prompt_tokens)
    lines = tuple(_lines(usage, period, rates))
    parts = [to_pico(line.amount) for line in lines if line.amount is not None]
    if unpriced := tuple(_unpriced(usage, period, rates, lines)):
        low, high = _unsplit_bounds(usage.cache_write_unsplit, rates)
        is_bounded = high is not None and all(part.reason == "cache_ttl_unknown" for part in unpriced)
        upper = from_pico(sum(parts) + high) if is_bounded and high is not None else None
        return Charge(lines, unpriced, None, None, from_pico(sum(parts) + low), upper, None, None, period)
    exact, charged = from_pico(sum(parts)), from_pico(_charged(parts, period.block))
    return Charge(lines, (), exact, charged, exact, exact, _usd(exact, period), _usd(charged, period), period)


def tier_rates(period: RatePeriod, prompt_tokens: int) -> PerMtok:
    """Return the rates for a prompt of that size. Exactly at a tier's threshold the tier below it holds."""
    above = [tier.per_mtok for tier in period.block.context_tiers if prompt_tokens > tier.above]
    return above[-1] if above else period.block.per_mtok


def _lines(usage: Usage, period: RatePeriod, rates: PerMtok) -> Iterator[Line]:
    for kind in TOKEN_KINDS:
        if tokens := usage.tokens(kind):
            yield _token_line(kind.value, tokens, rates.rate(kind))
    if usage.cache_write_unsplit:
        known = rates.cache_write_5m if rates.cache_write_5m == rates.cache_write_1h else None
        yield _token_line(UNSPLIT_CACHE_WRITE, usage.cache_write_unsplit, known)
    if period.block.per_request is not None:
        yield Line(REQUEST, 1, period.block.per_request, period.block.per_request, is_fee=True)
    if calls := usage.web_searches:
        fee = period.block.per_tool_call.get(WEB_SEARCH)
        yield Line(WEB_SEARCH, calls, fee, None if fee is None else times(fee, Decimal(calls)), is_fee=True)


def _token_line(kind: str, tokens: int, per_mtok: Decimal | None) -> Line:
    amount = None if per_mtok is None else from_pico(tokens * per_mtok_to_pico(per_mtok))
    return Line(kind, tokens, per_mtok, amount)


def _unpriced(usage: Usage, period: RatePeriod, rates: PerMtok, lines: tuple[Line, ...]) -> Iterator[Unpriced]:
    nothing_published = all(period.block.per_mtok.rate(kind) is None for kind in TOKEN_KINDS)
    for line in lines:
        if line.rate is not None:
            continue
        if nothing_published and not line.is_fee:
            yield Unpriced(line.kind, "price_unpublished")
        elif line.kind == UNSPLIT_CACHE_WRITE and None not in (rates.cache_write_5m, rates.cache_write_1h):
            yield Unpriced(line.kind, "cache_ttl_unknown")
        else:
            yield Unpriced(line.kind, "kind_unpublished")
    for field in usage.unknown_fields:
        yield Unpriced(field, "unknown_usage_field")


def _unsplit_bounds(tokens: int, rates: PerMtok) -> tuple[int, int | None]:
    """Return the least and most that cache writes of unknown lifetime cost, beyond what a line already holds."""
    if rates.cache_write_5m is None or rates.cache_write_1h is None:
        return 0, None
    if rates.cache_write_5m == rates.cache_write_1h:
        return 0, 0
    low, high = sorted(tokens * per_mtok_to_pico(rate) for rate in (rates.cache_write_5m, rates.cache_write_1h))
    return low, high


def _charged(parts: list[int], block: RateBlock) -> int:
    """Return what the vendor's rule makes of the parts of a charge, in pico-units."""
    step, mode = block.rounding.step_pico, block.rounding.mode
    amounts = parts if block.rounding.scope == "component" else [sum(parts)]
    rounded = sum(round_to_step(amount, step, mode) for amount in amounts)
    return max(rounded, to_pico(block.minimum_charge or Decimal(0)))


def _usd(amount: Decimal, period: RatePeriod) -> Decimal | None:
    return None if period.usd_per_unit is None else times(amount, period.usd_per_unit)
