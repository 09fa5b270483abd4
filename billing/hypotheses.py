"""The mistakes that a vendor may have made with one card, each as another card.

Every billing mistake that is linear in tokens is another rate vector, and every other rounding is another rule. So a
hypothesis is a block of rates like any other, and what it would charge is found by the same rating.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing.audit import AuditedRequest
from pricing.amounts import EXACT, per_mtok_to_pico
from pricing.calculator import rate
from pricing.catalog import Catalog, RatePeriod
from pricing.rates import PerMtok, RateBlock
from pricing.rounding import Rounding
from pricing.usage import TokenKind, Usage

Rates = dict[TokenKind, Decimal | None]
_INPUT, _OUTPUT = TokenKind.INPUT, TokenKind.OUTPUT
_READ, _WRITE_5M, _WRITE_1H = TokenKind.CACHE_READ, TokenKind.CACHE_WRITE_5M, TokenKind.CACHE_WRITE_1H
_CACHE = (_READ, _WRITE_5M, _WRITE_1H)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A mistake: its rule, what it is in words, and the period with the rates as they would have been taken."""

    rule: str
    detail: str
    period: RatePeriod


#: Ways of counting tokens: the rule, the words, and the rates that come to the same.
_MISCOUNTS: tuple[tuple[str, str, Callable[[Rates], Rates]], ...] = (
    ("cache.read_as_input", "cache reads at the input rate", lambda r: r | {_READ: r[_INPUT]}),
    (
        "cache.write_as_input", "cache writes at the input rate",
        lambda r: r | {_WRITE_5M: r[_INPUT], _WRITE_1H: r[_INPUT]},
    ),
    ("cache.write_1h_as_5m", "1h cache writes at the 5m rate", lambda r: r | {_WRITE_1H: r[_WRITE_5M]}),
    ("cache.write_5m_as_1h", "5m cache writes at the 1h rate", lambda r: r | {_WRITE_5M: r[_WRITE_1H]}),
    (
        "cache.double_counted", "counting cached tokens as input once more",
        lambda r: r | {kind: _sum(r[kind], r[_INPUT]) for kind in _CACHE},
    ),
    ("cache.not_charged", "no charge for cached tokens", lambda r: r | dict.fromkeys(_CACHE, Decimal(0))),
    ("output.double", "counting output tokens twice", lambda r: r | {_OUTPUT: _sum(r[_OUTPUT], r[_OUTPUT])}),
    ("input.not_charged", "no charge for input tokens", lambda r: r | {_INPUT: Decimal(0)}),
    ("output.not_charged", "no charge for output tokens", lambda r: r | {_OUTPUT: Decimal(0)}),
)  # fmt: skip

_ROUNDINGS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("rounding.half_up", "rounding half up", {"mode": "half_up", "scope": "request"}),
    ("rounding.up", "rounding up", {"mode": "up", "scope": "request"}),
    ("rounding.per_component", "rounding each component by itself", {"scope": "component"}),
)

#: Mark-ups that are looked for, in percent over (or, negative, under) the card.
_MARKUPS = (*range(1, 21), 25, 30, 40, 50, 75, 100, *range(-1, -21, -1), -25, -30, -40, -50)


def hypotheses(catalog: Catalog, period: RatePeriod) -> Iterator[Hypothesis]:
    """Yield the mistakes that could be made where that period's card is in force, the simplest first."""
    rounding, rates = period.block.rounding, _rates(period.block.per_mtok)
    if rounding.step is not None:
        for rule, words, change in _ROUNDINGS:
            other = Rounding.model_validate(rounding.model_dump() | change)
            if other != rounding:
                yield _hypothesis(rule, words, period, rounding=other)
    for rule, words, miscount in _MISCOUNTS:
        if miscount(rates) != rates:
            yield Hypothesis(rule, words, replace(period, block=_with_rates(period.block, miscount)))
    yield from _other_cards(catalog, period)
    for percent in _MARKUPS:
        scaled = _scaled(period.block, percent)
        if scaled is not None:
            more = "over" if percent > 0 else "under"
            yield Hypothesis("rate.markup", f"{abs(percent)} % {more} the card", replace(period, block=scaled))


def explanations(catalog: Catalog, request: AuditedRequest, usage: Usage, period: RatePeriod) -> tuple[Hypothesis, ...]:
    """Return every mistake that gives the request's charge to the last digit; none if it matches its own card."""
    if request.charged is None or not request.variance or request.status == "failed":
        return ()
    return tuple(each for each in hypotheses(catalog, period) if rate(usage, each.period).charged == request.charged)


def _other_cards(catalog: Catalog, period: RatePeriod) -> Iterator[Hypothesis]:
    """Yield the cards that a vendor may have taken instead, each once, with the rounding of the card in force."""
    seen = {_vector(period.block)}
    for other in sorted(catalog.all_periods([period.provider]), key=lambda each: each.model != period.model):
        if other.block.service_tier != period.block.service_tier or _vector(other.block) in seen:
            continue
        seen.add(_vector(other.block))
        rule, words = _name(period, other)
        yield _hypothesis(
            rule, words, period, per_mtok=other.block.per_mtok, unpublished=other.block.unpublished,
            context_tiers=other.block.context_tiers, per_request=other.block.per_request,
        )  # fmt: skip


def _name(period: RatePeriod, other: RatePeriod) -> tuple[str, str]:
    if other.sku == period.sku:
        is_older = other.valid_to is not None and other.valid_to == period.valid_from
        return ("rate.stale", "the rates before these") if is_older else ("rate.early", "rates of another time")
    rule = "rate.other_route" if other.model == period.model else "rate.other_model"
    return rule, f"the rates of {other.sku}"


def _hypothesis(rule: str, words: str, period: RatePeriod, **changes: Any) -> Hypothesis:  # noqa: ANN401 - block fields
    return Hypothesis(rule, words, replace(period, block=period.block.model_copy(update=changes)))


def _scaled(block: RateBlock, percent: int) -> RateBlock | None:
    """Return the block with all rates changed by that many percent; None if a rate would get too fine to hold."""
    factor = EXACT.divide(Decimal(100 + percent), Decimal(100))
    scaled = _with_rates(block, lambda rates: {
        kind: None if rate is None else EXACT.multiply(rate, factor) for kind, rate in rates.items()
    })  # fmt: skip
    vectors = [scaled.per_mtok, *(tier.per_mtok for tier in scaled.context_tiers)]
    try:
        for rate_ in (rate_ for vector in vectors for rate_ in _rates(vector).values() if rate_ is not None):
            per_mtok_to_pico(rate_)
    except ValueError:
        return None
    return scaled


def _with_rates(block: RateBlock, change: Callable[[Rates], Rates]) -> RateBlock:
    """Return the block with the rates of every context tier changed."""
    tiers = tuple(tier.model_copy(update={"per_mtok": _changed(tier.per_mtok, change)}) for tier in block.context_tiers)
    return block.model_copy(update={"per_mtok": _changed(block.per_mtok, change), "context_tiers": tiers})


def _changed(vector: PerMtok, change: Callable[[Rates], Rates]) -> PerMtok:
    return vector.model_copy(update={kind.value: rate_ for kind, rate_ in change(_rates(vector)).items()})


def _rates(vector: PerMtok) -> Rates:
    return {kind: vector.rate(kind) for kind in TokenKind}


def _vector(block: RateBlock) -> tuple[object, ...]:
    return block.per_mtok, block.context_tiers, block.per_request


def _sum(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else EXACT.add(left, right)
