"""What a vendor really charges, found from the charges alone: rates, rounding, and when they changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.errors import TooFewChargesError
from billing.inferring.card_values import RateRange
from billing.inferring.evidence import SEARCHES, Evidence
from billing.inferring.region import Region
from billing.inferring.rounding_rules import MODES, Rule
from billing.inferring.segments import Stretch, contradicting, longest
from billing.inferring.sold import lay_sold, names_of, steps_of, too_few
from billing.inferring.verdicts import Found, Tested, Verdict, judge, simplest_of, tested_rule
from billing.ledger import Ledger
from billing.rating import Selection
from pricing.amounts import from_pico, per_mtok_to_pico, to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.rounding import Mode, Rounding, Scope
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, WEB_SEARCH

#: Two charges are the fewest that can contradict each other.
_FEWEST = 2
#: Of the first requests so many may be unexplained; more only if every rule leaves more.
_ASIDE_OF_HEAD = (0, 8, 64)
_SCOPES: tuple[Scope, ...] = ("request", "component")
#: The requests before a change among which the last is looked for that the new card does not explain.
_BACK = 256


@dataclass(frozen=True, slots=True)
class TestedRule:
    """What the charges say of one rounding rule; `step` is in the unit of the charges, None where nothing is rounded.

    `witness` names a few requests that no card explains together under it.
    """

    mode: Mode
    step: Decimal | None
    scope: Scope
    verdict: Verdict
    witness: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of requests that one card explains, but for those in `contradicted_by`.

    `start` is the instant of its first request, and `end` that of the first request of the next segment; None where
    the log ends or tells no time. `after` is the last request before that its card does not explain: the price changed
    after that one, and not after `first_request`. `rounding` is None where more than one rule is possible, or none is;
    `card_rounding` is then the first that is. A rate is None where it can't be told, and `reasons` says why.
    """

    start: datetime | None
    end: datetime | None
    last_at: datetime | None
    first_request: str
    last_request: str
    after: str | None
    requests: int
    rounding: Rounding | None
    card_rounding: Rounding | None
    rules: tuple[TestedRule, ...]
    rates: Mapping[str, RateRange | None]
    reasons: Mapping[str, str]
    explains: int
    contradicted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inference:
    """What the charges of one SKU say. `excluded` counts requests that tell nothing of rates, by reason."""

    provider: str
    sku: str
    service_tier: str
    unit: str
    segments: tuple[Segment, ...]
    excluded: Mapping[str, int]


def infer(
    ledger: Ledger, catalog: Catalog, selection: Selection, sku: str, service_tier: str = STANDARD_TIER
) -> Inference:
    """Infer rates and rounding of one SKU of the selected provider, under all of its names, from what was charged.

    The catalog only says which names a SKU has, and which of the values that are possible are published. Requests
    without a time make segments of their own. Raise UnknownNameError if the ledger holds no request for the SKU, and
    TooFewChargesError if fewer than two tell their charge.
    """
    provider = selection.provider or ""
    sku, names = names_of(ledger, catalog, provider, sku)
    unit, excluded = lay_sold(ledger, selection, names, service_tier)
    is_known = provider in catalog.providers and sku in catalog.skus(provider)
    periods = catalog.periods(provider, sku, service_tier) if is_known else ()
    segments: list[Segment] = []
    for untimed in (False, True):
        evidence = Evidence.laid(ledger, {"unit": unit, "untimed": untimed})
        if evidence.spread.requests >= _FEWEST:
            segments += _Search(evidence, [period for period in periods if period.unit == unit]).segments()
        elif evidence.spread.requests:
            excluded["alone"] = excluded.get("alone", 0) + evidence.spread.requests
    if not segments:
        raise TooFewChargesError(too_few(f"{provider} {sku}", excluded))
    return Inference(provider, sku, service_tier, unit, tuple(segments), excluded)


class _Search:
    """The segments of the evidence, one after the other."""

    def __init__(self, evidence: Evidence, periods: Sequence[RatePeriod]) -> None:
        self.evidence = evidence.of(_apart(evidence))
        self.periods = periods
        self.steps = steps_of(evidence)

    def segments(self) -> list[Segment]:
        """Return them in the order of time."""
        first, last = 1, self.evidence.spread.requests
        stretches: list[Stretch] = []
        while first <= last:
            stretches.append(self._next(first, last))
            first = stretches[-1].last + 1
        before: list[Stretch | None] = [None, *stretches]
        after = [*stretches[1:], None]
        return [self._segment(*each) for each in zip(before, stretches, after, strict=False)]

    def _next(self, first: int, last: int) -> Stretch:
        """Return the next stretch, under the strictest rules that allow one: without exceptions, of the total."""
        for most in _ASIDE_OF_HEAD:
            for step in self.steps:
                for scope in _SCOPES:
                    stretch = longest(self.evidence, _rules(step, scope), first, last, most)
                    if stretch is not None and self._is_shown(stretch):
                        return stretch
        return Stretch(first, last, None, Region.of(len(self.evidence.kinds)), ())

    def _is_shown(self, stretch: Stretch) -> bool:
        """Tell whether a card is known that gives the charges: where components are rounded, bounds alone are none."""
        rule = stretch.rule
        if rule is None or not rule.by_component:
            return True
        return tested_rule(self.evidence, stretch, rule, {}).verdict == "explains"

    def _segment(self, before: Stretch | None, stretch: Stretch, after: Stretch | None) -> Segment:
        numbers = sorted({stretch.first, stretch.last, *([after.first] if after else [])})
        edges = dict(zip(numbers, self.evidence.named(numbers), strict=True))
        (first_request, start), (last_request, last_at) = edges[stretch.first], edges[stretch.last]
        step = self.steps[0] if stretch.rule is None or stretch.rule.mode == "none" else stretch.rule.step
        found = judge(self.evidence, stretch, step, self._published(start))
        shown = simplest_of(found)
        requests = stretch.last - stretch.first + 1
        return Segment(
            start=start,
            end=edges[after.first][1] if after else None,
            last_at=last_at,
            first_request=first_request,
            last_request=last_request,
            after=self._last_unexplained(before, stretch) if before else None,
            requests=requests,
            rounding=found.rule.rule.rounding() if found.rule else None,
            card_rounding=shown.rule.rounding() if shown else None,
            rules=self._tested(found),
            rates=found.rates,
            reasons=found.reasons,
            explains=requests - len(stretch.aside) if shown else 0,
            contradicted_by=tuple(name for name, _ in self.evidence.named(stretch.aside)),
        )

    def _tested(self, found: Found) -> tuple[TestedRule, ...]:
        def told(each: Tested) -> TestedRule:
            names = tuple(name for name, _ in self.evidence.named(each.witness))
            rule = each.rule
            step = None if rule.mode == "none" else from_pico(rule.step)
            return TestedRule(rule.mode, step, rule.scope, each.verdict, names)

        return tuple(map(told, found.tested))

    def _last_unexplained(self, before: Stretch, stretch: Stretch) -> str | None:
        """Return the last request of a stretch that the next one's cards do not explain, near its end."""
        rows = self.evidence.rows(max(before.first, before.last - _BACK + 1), before.last)
        clean = (row for row in rows if row.number not in set(before.aside))
        if stretch.rule is None:
            return None
        wrong = contradicting(stretch.region, stretch.rule, clean)
        return self.evidence.named([max(wrong)])[0][0] if wrong else None

    def _published(self, at: datetime | None) -> dict[str, int]:
        """Return the rates that are published for an instant, in pico-units."""
        block = next((period.block for period in self.periods if period.holds(at)), None)
        if block is None:
            return {}
        rates = {kind.value: block.per_mtok.rate(kind) for kind in TOKEN_KINDS}
        found = {kind: per_mtok_to_pico(rate) for kind, rate in rates.items() if rate is not None}
        fee = block.per_tool_call.get(WEB_SEARCH)
        return found if fee is None else found | {SEARCHES: to_pico(fee)}


def _rules(step: int, scope: Scope) -> list[Rule]:
    """Return the rules that are tried first: with one step, none finer."""
    modes = MODES if scope == "request" else MODES[1:]
    return [Rule(mode, 1 if mode == "none" else step, scope) for mode in modes]


def _apart(evidence: Evidence) -> list[str]:
    """Return the kinds to solve for: one that is always some sum of others needs no rate of its own to explain all."""
    folded = set()
    for vector in evidence.blind(1, evidence.spread.requests):
        places = [nth for nth, cell in enumerate(vector) if cell > 0]
        if len(places) == 1:
            folded.add(evidence.kinds[places[0]])
    return [kind for kind in evidence.kinds if kind not in folded]
