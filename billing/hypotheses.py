"""Which other card, or which other way of counting, reproduces a charge exactly: why one request differs.

Every billing mistake that is linear in tokens is another rate vector, so each hypothesis is the same rating with
another card or with the tokens in other kinds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.audit import AuditedRequest
from pricing.calculator import rate
from pricing.catalog import Catalog, RatePeriod
from pricing.rounding import Rounding
from pricing.usage import Usage


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A rule, what it says in words, and what it would charge, in the unit of the card."""

    rule: str
    detail: str
    charged: Decimal


#: Ways of counting tokens wrongly: the rule, what it is called, and the tokens as they would have been counted.
_MISCOUNTS: tuple[tuple[str, str, Callable[[Usage], Usage]], ...] = (
    (
        "cache.read_as_input", "cache reads at the input rate",
        lambda u: replace(u, input=u.input + u.cache_read, cache_read=0),
    ),
    (
        "cache.write_as_input", "cache writes at the input rate",
        lambda u: replace(u, input=u.input + u.cache_write_5m + u.cache_write_1h, cache_write_5m=0, cache_write_1h=0),
    ),
    (
        "cache.write_1h_as_5m", "1h cache writes at the 5m rate",
        lambda u: replace(u, cache_write_5m=u.cache_write_5m + u.cache_write_1h, cache_write_1h=0),
    ),
    (
        "cache.write_5m_as_1h", "5m cache writes at the 1h rate",
        lambda u: replace(u, cache_write_1h=u.cache_write_1h + u.cache_write_5m, cache_write_5m=0),
    ),
    (
        "cache.double_counted", "cached tokens counted as input once more",
        lambda u: replace(u, input=u.prompt_tokens),
    ),
    (
        "cache.not_charged", "cached tokens not charged",
        lambda u: replace(u, cache_read=0, cache_write_5m=0, cache_write_1h=0),
    ),
    ("output.double", "output tokens counted twice", lambda u: replace(u, output=2 * u.output)),
    ("input.not_charged", "input tokens not charged", lambda u: replace(u, input=0)),
    ("output.not_charged", "output tokens not charged", lambda u: replace(u, output=0)),
)  # fmt: skip

_ROUNDINGS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("rounding.half_up", "rounded half up", {"mode": "half_up", "scope": "request"}),
    ("rounding.up", "rounded up", {"mode": "up", "scope": "request"}),
    ("rounding.per_component", "each component rounded", {"scope": "component"}),
)


def explanations(catalog: Catalog, request: AuditedRequest, usage: Usage, period: RatePeriod) -> tuple[Hypothesis, ...]:
    """Return every hypothesis that gives the request's charge to the last digit; none if it matches its own card."""
    if request.charged is None or not request.variance or request.status == "failed":
        return ()
    return tuple(each for each in _hypotheses(catalog, usage, period) if each.charged == request.charged)


def _hypotheses(catalog: Catalog, usage: Usage, period: RatePeriod) -> Iterator[Hypothesis]:
    candidates = [
        *(
            (rule, words, usage, _with_rounding(period, change))
            for rule, words, change in _ROUNDINGS
            if period.block.rounding.step
        ),
        *((rule, words, miscount(usage), period) for rule, words, miscount in _MISCOUNTS if miscount(usage) != usage),
        *((rule, words, usage, other) for rule, words, other in _other_cards(catalog, period)),
    ]
    for rule, words, counted, card in candidates:
        charge = rate(counted, card)
        if charge.charged is not None:
            yield Hypothesis(rule, words, charge.charged)


def _other_cards(catalog: Catalog, period: RatePeriod) -> Iterator[tuple[str, str, RatePeriod]]:
    """Yield the cards that a vendor may have taken by mistake, each with the rounding of the card in force."""
    for other in catalog.all_periods([period.provider]):
        if other == period or other.block.service_tier != period.block.service_tier:
            continue
        taken = replace(other, block=other.block.model_copy(update={"rounding": period.block.rounding}))
        if other.sku == period.sku:
            is_older = period.valid_from is not None and (
                other.valid_from is None or other.valid_from < period.valid_from
            )
            yield ("rate.stale", "the rates before", taken) if is_older else ("rate.early", "the rates after", taken)
        elif other.model == period.model:
            yield "rate.other_route", f"the rates of {other.sku}", taken
        else:
            yield "rate.other_model", f"the rates of {other.sku}", taken


def _with_rounding(period: RatePeriod, change: dict[str, str]) -> RatePeriod:
    rounding = Rounding.model_validate(period.block.rounding.model_dump() | change)
    return replace(period, block=period.block.model_copy(update={"rounding": rounding}))
