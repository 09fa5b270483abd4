"""What one SKU asks for a basket: the parts that it is made of, their sum, and bounds where a price is unpublished."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pricing.amounts import EXACT, from_pico, plain, times, to_pico
from pricing.baskets import COUNTED, Portion, counts_of, uncached
from pricing.calculator import REQUEST, rate
from pricing.catalog import RatePeriod, Reason
from pricing.models import Seller
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH, TokenKind, Usage

Unknown = Reason | Literal["requests_unknown", "unit_value_unknown"]
"""Why something has no price: also a fee per request of nobody knows how many, or a unit of unknown value."""
Assumed = Literal["list price", "input rate", "5m and 1h rates"]
"""What bounds a price that is not published: the maker's list price, or what the SKU itself asks for input."""
Ceilings = Mapping[str, Decimal]
"""The most that the model's maker asks, in dollars per 1M tokens of a kind, or per call."""

_NO_ROUNDING, _NO_RATES = Rounding(), PerMtok()
_ORDER = (*COUNTED, REQUEST)


@dataclass(frozen=True, slots=True)
class Bounds:
    """At least and at most so much; the same twice where it is known."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Rated:
    """Usage for which one vector of rates holds, or the reason why none does.

    `charged` is what the vendor's rounding makes of it, in the card's unit; None where nobody can tell.
    """

    usage: Usage
    requests: int | None
    period: RatePeriod | Reason
    rates: PerMtok = _NO_RATES
    charged: Bounds | None = None

    @property
    def usd_per_unit(self) -> Decimal | None:
        """Dollars per unit of the amounts; None if unknown."""
        return self.period.usd_per_unit if isinstance(self.period, RatePeriod) else None


@dataclass(frozen=True, slots=True)
class Part:
    """So many tokens of a kind (or calls), and what they cost.

    `amount` is in the card's unit, exact and before rounding; None where there is no price, and `reason` says why. Then
    they cost at least `low` and at most `high` dollars, the latter if what is `assumed` holds; None is no bound.
    """

    kind: str
    count: int
    amount: Decimal | None
    low: Decimal | None
    high: Decimal | None
    reason: Unknown | None = None
    assumed: Assumed | None = None
    is_fee: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What a basket costs from one seller.

    `unit_amount` is the exact sum in the card's `unit` and `usd` the same in dollars at the published price of a unit,
    `usd_effective` at what the user's own units cost. All are None if any part has no price; then the whole costs at
    least `low` and at most `high` dollars. `charged` is the sum in units after the vendor's rounding. `usd_uncached` is
    the same basket with all of each prompt sent as plain input.
    """

    seller: Seller
    period: RatePeriod | Reason
    unit: str | None
    parts: tuple[Part, ...]
    unit_amount: Decimal | None
    usd: Decimal | None
    usd_effective: Decimal | None
    usd_per_unit_effective: Decimal | None
    usd_uncached: Decimal | None
    charged: Bounds | None
    low: Decimal | None
    high: Decimal | None
    ratio_to_list: Fraction | None = None
    ratios: Mapping[str, Fraction | None] | None = None

    @property
    def unpriced(self) -> tuple[Part, ...]:
        """The parts without a price, or without one in dollars."""
        return tuple(part for part in self.parts if part.reason is not None)

    @property
    def priced_share(self) -> Decimal:
        """The share of the tokens that have a price, cut to 4 decimal places."""
        tokens = [part for part in self.parts if not part.is_fee]
        total = sum(part.count for part in tokens)
        priced = sum(part.count for part in tokens if part.reason is None)
        return Decimal(priced * 10_000 // total).scaleb(-4) if total else Decimal(not self.unpriced)

    @property
    def cost(self) -> Decimal | None:
        """What offers are ranked by: dollars at what the user's own units cost, else at the published price."""
        return self.usd if self.usd_effective is None else self.usd_effective


def rated_portion(portion: Portion, period: RatePeriod | Reason) -> Rated:
    """Lay the rates of a period beside a portion of the basket."""
    if not isinstance(period, RatePeriod):
        return Rated(portion.usage, portion.requests, period)
    rates = portion.rates(period)
    laid = Rated(portion.usage, portion.requests, period, rates)
    return replace(laid, charged=_charged(portion, laid, period))


def offer(
    seller: Seller,
    rated: Sequence[Rated],
    period: RatePeriod | Reason,
    ceilings: Ceilings,
    own: Decimal | None = None,
) -> Offer:
    """Sum what a seller asks. `period` is what stands for its rates, `ceilings` what bounds prices nobody published.

    `own` is what a unit cost the user, in dollars.
    """
    parts = _merged(part for each in rated for part in _parts(each, ceilings))
    without_cache = [part for each in rated for part in _parts(replace(each, usage=uncached(each.usage)), {})]
    units = {each.period.unit for each in rated if isinstance(each.period, RatePeriod)}
    amount = _sum(part.amount for part in parts) if len(units) == 1 else None
    return Offer(
        seller=seller,
        period=period,
        unit=next(iter(units)) if len(units) == 1 else None,
        parts=parts,
        unit_amount=amount,
        usd=_known_dollars(parts),
        usd_effective=None if amount is None or own is None else times(amount, own),
        usd_per_unit_effective=own,
        usd_uncached=_known_dollars(without_cache),
        charged=_all_charged(rated),
        low=_sum(part.low for part in parts),
        high=_sum(part.high for part in parts),
    )


def ceilings_of(rated: Iterable[Rated]) -> Ceilings:
    """Return the most that a list price asks for each kind, in dollars."""
    found: dict[str, Decimal] = {}
    for each in rated:
        if each.usd_per_unit is None or not isinstance(each.period, RatePeriod):
            continue
        for kind, per_unit in _rate_of_each(each, each.period).items():
            if per_unit is not None:
                found[kind] = max(found.get(kind, Decimal(0)), times(per_unit, each.usd_per_unit))
    return found


def usd_per_mtok(period: RatePeriod | Reason, kind: TokenKind) -> Decimal | None:
    """Return the base rate of a kind in dollars per 1M tokens; None where it is unknown."""
    if not isinstance(period, RatePeriod) or period.usd_per_unit is None:
        return None
    per_mtok = period.block.per_mtok.rate(kind)
    return None if per_mtok is None else times(per_mtok, period.usd_per_unit)


def _rate_of_each(rated: Rated, period: RatePeriod) -> dict[str, Decimal | None]:
    writes = filter(None, (rated.rates.cache_write_5m, rated.rates.cache_write_1h))
    return {
        **{kind.value: rated.rates.rate(kind) for kind in TOKEN_KINDS},
        UNSPLIT_CACHE_WRITE: max(writes, default=None),
        WEB_SEARCH: period.block.per_tool_call.get(WEB_SEARCH),
    }


def _parts(rated: Rated, ceilings: Ceilings) -> Iterator[Part]:
    """Yield what each kind costs: the calculator's lines for the sum, by the rates of its tier and without rounding."""
    if not isinstance(rated.period, RatePeriod):
        for kind, count in counts_of(rated.usage).items():
            yield _unpriced(kind, count, rated, ceilings, rated.period)
        return
    changes = {"per_mtok": rated.rates, "context_tiers": (), "per_request": None, "rounding": _NO_ROUNDING}
    block = rated.period.block.model_copy(update=changes)
    charge = rate(rated.usage, replace(rated.period, block=block))
    reasons = {each.kind: each.reason for each in charge.unpriced}
    for line in charge.lines:
        if line.amount is None:
            yield _unpriced(line.kind, line.count, rated, ceilings, reasons.pop(line.kind))
        else:
            yield _priced(line.kind, line.count, line.amount, rated, is_fee=line.is_fee)
    for field, reason in reasons.items():
        yield Part(field, 1, None, Decimal(0), None, reason, is_fee=True)
    if (fee := rated.period.block.per_request) is not None:
        yield _request_fees(fee, rated)


def _priced(kind: str, count: int, amount: Decimal, rated: Rated, *, is_fee: bool) -> Part:
    if rated.usd_per_unit is None:
        return Part(kind, count, amount, None, None, "unit_value_unknown", is_fee=is_fee)
    usd = times(amount, rated.usd_per_unit)
    return Part(kind, count, amount, usd, usd, is_fee=is_fee)


def _request_fees(fee: Decimal, rated: Rated) -> Part:
    if rated.requests is not None:
        return _priced(REQUEST, rated.requests, times(fee, Decimal(rated.requests)), rated, is_fee=True)
    low = None if rated.usd_per_unit is None else times(fee, rated.usd_per_unit)
    return Part(REQUEST, 1, None, low, None, "requests_unknown", is_fee=True)


def _unpriced(kind: str, count: int, rated: Rated, ceilings: Ceilings, reason: Reason) -> Part:
    """Bound what has no price: it costs nothing at the least, and at most what its list price or plain input costs."""
    is_fee, value = kind == WEB_SEARCH, rated.usd_per_unit
    if reason == "cache_ttl_unknown" and value is not None:
        rates = (rated.rates.cache_write_5m, rated.rates.cache_write_1h)
        low, high = sorted(_cost(count, times(per_mtok, value)) for per_mtok in rates if per_mtok is not None)
        return Part(kind, count, None, low, high, reason, "5m and 1h rates")
    own = None if is_fee or value is None or rated.rates.input is None else times(rated.rates.input, value)
    known: dict[Assumed, Decimal | None] = {"list price": ceilings.get(kind), "input rate": own}
    dearest = max(((per, name) for name, per in known.items() if per is not None), default=None)
    if dearest is None:
        return Part(kind, count, None, Decimal(0), None, reason, is_fee=is_fee)
    high = times(dearest[0], Decimal(count)) if is_fee else _cost(count, dearest[0])
    return Part(kind, count, None, Decimal(0), high, reason, dearest[1], is_fee)


def _cost(count: int, per_mtok: Decimal) -> Decimal:
    return plain(times(per_mtok, Decimal(count)).scaleb(-6, EXACT))


def _merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Add up what is of one kind and priced, or not, for one reason; in the order in which kinds are named."""
    found: dict[tuple[object, ...], list[Part]] = {}
    for part in parts:
        found.setdefault((part.kind, part.reason, part.assumed), []).append(part)
    return tuple(
        replace(
            same[0],
            count=sum(part.count for part in same),
            amount=_sum(part.amount for part in same),
            low=_sum(part.low for part in same),
            high=_sum(part.high for part in same),
        )
        for same in sorted(found.values(), key=lambda same: _place(same[0].kind))
    )


def _place(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the exact sum; unknown if any of it is."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total = EXACT.add(total, amount)
    return plain(total)


def _known_dollars(parts: Iterable[Part]) -> Decimal | None:
    return _sum(None if part.reason else part.low for part in parts)


def _all_charged(rated: Sequence[Rated]) -> Bounds | None:
    low = _sum(None if each.charged is None else each.charged.low for each in rated)
    high = _sum(None if each.charged is None else each.charged.high for each in rated)
    return None if low is None or high is None else Bounds(low, high)


def _charged(portion: Portion, rated: Rated, period: RatePeriod) -> Bounds | None:
    """Return what the vendor's rounding makes of a portion: exact for requests alike, else a step for each of them."""
    if portion.requests is None:
        return None
    if portion.each is not None:
        one = rate(portion.each, period).charged
        return None if one is None else Bounds(*[times(one, Decimal(portion.requests))] * 2)
    parts = tuple(_parts(rated, {}))
    exact = _sum(part.amount for part in parts)
    if exact is None or any(part.reason not in {None, "unit_value_unknown"} for part in parts):
        return None
    rule, least = period.block.rounding, to_pico(period.block.minimum_charge or Decimal(0)) * portion.requests
    roundings = portion.requests * (len(parts) if rule.scope == "component" else 1)
    most = from_pico(roundings * rule.step_pico) if rule.mode != "none" else Decimal(0)
    low = exact if rule.mode == "up" else max(Decimal(0), EXACT.subtract(exact, most))
    high = exact if rule.mode == "down" else EXACT.add(exact, most)
    floor = from_pico(least)
    return Bounds(plain(max(low, floor)), plain(EXACT.add(high, floor)))
