"""The mistakes that a vendor may have made with one card, each as another card.

Every billing mistake that is linear in tokens is another rate vector, and every other rounding is another rule. So a
hypothesis is a block of rates like any other, and what it would charge is found by the same rating.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Any

from billing.markups import own_percents
from pricing.amounts import EXACT, digits, per_mtok_to_pico, times, to_pico
from pricing.calculator import rate
from pricing.catalog import Catalog, RatePeriod
from pricing.rates import PerMtok, RateBlock
from pricing.rounding import Rounding
from pricing.usage import TokenKind, Usage

Rates = dict[TokenKind, Decimal | None]
_INPUT, _OUTPUT = TokenKind.INPUT, TokenKind.OUTPUT
_READ, _WRITE_5M, _WRITE_1H = TokenKind.CACHE_READ, TokenKind.CACHE_WRITE_5M, TokenKind.CACHE_WRITE_1H
_CACHE = (_READ, _WRITE_5M, _WRITE_1H)

MARKUP = "rate.markup"


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

#: The rules that a hypothesis can have, the simplest first: of causes that explain as much, the first is taken.
RULES: tuple[str, ...] = (
    *(rule for rule, _, _ in _ROUNDINGS), "tier.wrong", *(rule for rule, _, _ in _MISCOUNTS),
    "rate.stale", "rate.early", "rate.other_route", "rate.other_model", MARKUP,
)  # fmt: skip

#: Mark-ups that one request alone is tried by, in percent over (or, negative, under) the card. Those of many requests
#: are found in their charges: billing/markups.py.
_MARKUPS = (*range(1, 21), 25, 30, 40, 50, 75, 100, *range(-1, -21, -1), -25, -30, -40, -50)


def hypotheses(catalog: Catalog, period: RatePeriod) -> Iterator[Hypothesis]:
    """Yield the mistakes that could be made where that period's card is in force, the simplest first."""
    yield from own_mistakes(catalog, period)
    seen = {vector(period.block)}
    for group in shared_vectors(catalog, period):
        if vector(group[0].block) not in seen:
            rule, words = nearest(period, group)
            yield Hypothesis(rule, words, taken_for(period, group[0]))
    for percent in _MARKUPS:
        if found := markup(period, Decimal(percent)):
            yield found


def explanations(catalog: Catalog, charged: Decimal | None, usage: Usage, period: RatePeriod) -> tuple[Hypothesis, ...]:
    """Return every mistake that gives the charge to the last digit; none if it is what the period's own card says."""
    own = rate(usage, period)
    if charged is None or own.exact is None or own.charged == charged:
        return ()
    found = tuple(each for each in hypotheses(catalog, period) if rate(usage, each.period).charged == charged)
    if found:
        return found
    shares = own_percents(to_pico(own.exact), to_pico(charged), period.block.rounding)
    return tuple(each for each in (markup(period, share) for share in shares) if each)


def own_mistakes(catalog: Catalog, period: RatePeriod) -> Iterator[Hypothesis]:
    """Yield what can be done wrong with the card itself: rounding, context tiers, counting, rates put right since."""
    rounding, block = period.block.rounding, period.block
    if rounding.step is not None:
        for rule, words, change in _ROUNDINGS:
            other = Rounding.model_validate(rounding.model_dump() | change)
            if other != rounding:
                yield _hypothesis(rule, words, period, rounding=other)
    for words, rates in _tiers(block):
        yield _hypothesis("tier.wrong", words, period, per_mtok=rates, context_tiers=())
    for rule, words, miscount in _MISCOUNTS:
        changed = _with_rates(block, miscount)
        if vector(changed) != vector(block):
            yield Hypothesis(rule, words, replace(period, block=changed))
    seen = {vector(each.block) for each in catalog.periods(period.provider, period.sku, block.service_tier)}
    for replaced in _replaced(catalog, period):
        if vector(replaced) not in seen:
            seen.add(vector(replaced))
            words = "the rates that these take the place of"
            yield _hypothesis("rate.stale", words, period, **_vector_fields(replaced))


def shared_vectors(catalog: Catalog, period: RatePeriod) -> tuple[tuple[RatePeriod, ...], ...]:
    """Return the rate vectors of the period's provider, each with the periods that have it: they could be mistaken."""
    groups: dict[tuple[object, ...], list[RatePeriod]] = {}
    for other in catalog.all_periods([period.provider]):
        if (other.block.service_tier, other.unit) == (period.block.service_tier, period.unit):
            groups.setdefault(vector(other.block), []).append(other)
    return tuple(map(tuple, groups.values()))


def taken_for(period: RatePeriod, other: RatePeriod) -> RatePeriod:
    """Return the period with the rates of the other one, and its own rounding."""
    return replace(period, block=period.block.model_copy(update=_vector_fields(other.block)))


def nearest(period: RatePeriod, others: Iterable[RatePeriod]) -> tuple[str, str]:
    """Return the rule and the words for taking rates that all those periods have instead of that period's.

    One vector is one hypothesis: that of the SKU itself at another time if it had them, else that of another route to
    the model, else that of another model.
    """
    _, rule, words = min(_named(period, other) for other in others)
    return rule, words


def _named(period: RatePeriod, other: RatePeriod) -> tuple[int, str, str]:
    if other.sku != period.sku:
        rule = "rate.other_route" if other.model == period.model else "rate.other_model"
        return RULES.index(rule), rule, f"the rates of {other.sku}"
    is_older = other.valid_to is not None and period.valid_from is not None and other.valid_to <= period.valid_from
    if is_older and other.valid_to == period.valid_from:
        return 0, "rate.stale", "the rates before these"
    if is_older:
        return RULES.index("rate.stale"), "rate.stale", f"the rates until {other.valid_to:%Y-%m-%d}"
    return RULES.index("rate.early"), "rate.early", f"the rates from {other.valid_from:%Y-%m-%d} on"


def markup(period: RatePeriod, percent: Decimal) -> Hypothesis | None:
    """Return the card with all rates that many percent higher; None if one would get too fine to hold, or negative."""
    factor = EXACT.divide(EXACT.add(percent, Decimal(100)), Decimal(100))
    if factor < 0:
        return None
    block = period.block
    scaled = _with_rates(block, lambda rates: {
        kind: None if rate is None else times(rate, factor) for kind, rate in rates.items()
    }).model_copy(update={
        "per_request": None if block.per_request is None else times(block.per_request, factor),
        "per_tool_call": {name: times(fee, factor) for name, fee in block.per_tool_call.items()},
    })  # fmt: skip
    vectors = [scaled.per_mtok, *(tier.per_mtok for tier in scaled.context_tiers)]
    try:
        for rate_ in (rate_ for each in vectors for rate_ in _rates(each).values() if rate_ is not None):
            per_mtok_to_pico(rate_)
        for fee in (scaled.per_request or Decimal(0), *scaled.per_tool_call.values()):
            to_pico(fee)
    except ValueError:
        return None
    words = f"{digits(abs(percent))} % {'over' if percent > 0 else 'under'} the card"
    return Hypothesis(MARKUP, words, replace(period, block=scaled))


def vector(block: RateBlock) -> tuple[object, ...]:
    """Return what one vector of rates is told from another by: the rates of each context tier and the fee."""
    return block.per_mtok, block.context_tiers, block.per_request


def _vector_fields(block: RateBlock) -> dict[str, object]:
    return {
        "per_mtok": block.per_mtok, "unpublished": block.unpublished, "context_tiers": block.context_tiers,
        "per_request": block.per_request,
    }  # fmt: skip


def _tiers(block: RateBlock) -> Iterator[tuple[str, PerMtok]]:
    """Yield the rates of each context tier, as if every prompt were in it."""
    if block.context_tiers:
        yield f"the rates for prompts of up to {block.context_tiers[0].above:,} tokens", block.per_mtok
    for tier in block.context_tiers:
        yield f"the rates for prompts above {tier.above:,} tokens", tier.per_mtok


def _replaced(catalog: Catalog, period: RatePeriod) -> Iterator[RateBlock]:
    """Yield the blocks of the SKU that were learned no later than the one in force, such as one that it corrects."""
    layers = (card for card in catalog.cards if (card.provider, card.unit) == (period.provider, period.unit))
    for block in chain.from_iterable(sku.rates for card in layers for sku in card.skus if sku.id == period.sku):
        if block.service_tier == period.block.service_tier and block.observed_on <= period.block.observed_on:
            yield block


def _hypothesis(rule: str, words: str, period: RatePeriod, **changes: Any) -> Hypothesis:  # noqa: ANN401 - block fields
    return Hypothesis(rule, words, replace(period, block=period.block.model_copy(update=changes)))


def _with_rates(block: RateBlock, change: Callable[[Rates], Rates]) -> RateBlock:
    """Return the block with the rates of every context tier changed."""
    tiers = tuple(tier.model_copy(update={"per_mtok": _changed(tier.per_mtok, change)}) for tier in block.context_tiers)
    return block.model_copy(update={"per_mtok": _changed(block.per_mtok, change), "context_tiers": tiers})


def _changed(per_mtok: PerMtok, change: Callable[[Rates], Rates]) -> PerMtok:
    return per_mtok.model_copy(update={kind.value: rate_ for kind, rate_ in change(_rates(per_mtok)).items()})


def _rates(per_mtok: PerMtok) -> Rates:
    return {kind: per_mtok.rate(kind) for kind in TokenKind}


def _sum(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else EXACT.add(left, right)
