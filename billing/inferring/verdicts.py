"""What the charges of one stretch say: of each rounding rule whether a card gives them all, and of each rate its range.

Nothing is believed that is not proved. Where the total is rounded, the region of possible rates is exact. Where each
component is, it is only bounded: then a card is shown that gives every charge, or a request that no card in the bounds
gives, and if neither is found the rule is undecided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from billing.inferring.card_values import RateRange, range_of, simple_vectors
from billing.inferring.evidence import KINDS, Evidence, set_aside
from billing.inferring.region import Conflict, Region
from billing.inferring.rounding_rules import FINEST, MODES, Rule, rules
from billing.inferring.segments import Stretch, enclose

Verdict = Literal["explains", "refuted", "undecided"]

#: That amounts are not rounded at all is believed once so many requests more agree than there are rates.
_REDUNDANT = 10
#: Lengths of a stretch that bound the rates well enough to refute most rules that round each component.
_PREFIXES = (512, 4096)
#: So many simple cards are tried under such a rule.
_TRIED = 6


@dataclass(frozen=True, slots=True)
class Tested:
    """A rule, whether some card explains the stretch under it, and if so the region of all that do.

    `chosen` is a simple card that gives every charge, in pico-units per token. `witness` are the numbers of a few
    requests that no card explains together.
    """

    rule: Rule
    verdict: Verdict
    region: Region | None = None
    chosen: tuple[int, ...] | None = None
    witness: tuple[int, ...] = ()
    is_far: bool = True
    """Whether no rates come near to all charges, not only none that give each exactly."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that a stretch says; `rule` is the one rule that is possible, None if several are or none is."""

    rule: Tested | None
    tested: tuple[Tested, ...]
    rates: Mapping[str, RateRange | None]
    reasons: Mapping[str, str]


def judge(evidence: Evidence, stretch: Stretch, step: int, published: Mapping[str, int]) -> Found:
    """Test every rule with charges that are multiples of a step, and say what the rates may be.

    `evidence` is asked for all kinds or, where one kind stands for another, for fewer. `published` are rates in
    pico-units that are taken where they are possible.
    """
    spread = evidence.spread_of(stretch.first, stretch.last)
    set_aside(evidence.ledger, stretch.aside)
    blind = evidence.of(spread.used).blind(stretch.first, stretch.last)
    places = {nth: published[kind] for nth, kind in enumerate(evidence.kinds) if kind in published}
    redundant = spread.requests - len(stretch.aside) - len(spread.used) >= _REDUNDANT
    tested = tuple(_tested(evidence, stretch, step, places, spread.kinds_most > 1, redundant))
    possible = [each for each in tested if each.verdict == "explains"]
    held = [each for each in tested if each.verdict != "refuted"]
    chosen = _chosen(possible, held, redundant=redundant)
    reasons = {kind: "collinear" for nth, kind in enumerate(spread.used) if any(vector[nth] for vector in blind)}
    reasons |= {kind: "never_varies" for kind in spread.used if spread.least[kind] == spread.most[kind]}
    shown = chosen or next(iter(possible), None)
    return Found(chosen, tested, _ranges(evidence, spread.used, reasons, held, shown), reasons)


def simplest_of(found: Found) -> Tested | None:
    """Return the rule to put on a card: the one that is possible, else the first of those that are."""
    return found.rule or next((each for each in found.tested if each.verdict == "explains"), None)


def _tested(  # noqa: PLR0913, PLR0917 - all that a stretch is
    evidence: Evidence, stretch: Stretch, step: int, published: Mapping[int, int], several: bool, redundant: bool
) -> Iterator[Tested]:
    """Yield every rule with its verdict.

    Amounts that need no rounding are given by every rule as well: what they leave of the rates is then looked for among
    the first requests only, which bounds them in any case, and that each component is rounded is not looked at.
    """
    exact = tested_rule(evidence, stretch, Rule(), published)
    yield exact
    is_exact = redundant and exact.verdict == "explains"
    for rule in rules(step):
        if is_exact:
            last = min(stretch.last, stretch.first + _PREFIXES[0] - 1)
            region = enclose(evidence, rule, stretch.first, last, stretch.aside)
            assert isinstance(region, Region)  # noqa: S101 - the exact card is in it
            yield Tested(rule, "explains", region, exact.chosen)
        else:
            yield tested_rule(evidence, stretch, rule, published)
    if several and not is_exact:
        for mode in MODES[1:]:
            yield from _components(evidence, stretch, Rule(mode, step, "component"), published)


def _components(evidence: Evidence, stretch: Stretch, rule: Rule, published: Mapping[int, int]) -> Iterator[Tested]:
    """Yield a rule that rounds each component and the same with finer steps, until no finer one can be possible.

    A finer step gives what a coarser one does not, unless no rates come near to the charges.
    """
    found = tested_rule(evidence, stretch, rule, published)
    yield found
    if found.verdict == "refuted" and not found.is_far and rule.step >= FINEST:
        yield from _components(evidence, stretch, replace(rule, step=rule.step // 10), published)


def _chosen(possible: Sequence[Tested], held: Sequence[Tested], *, redundant: bool) -> Tested | None:
    """Return the rule that the charges leave. What is not rounded, every rule gives; so it takes more to believe it."""
    exact = next((each for each in possible if each.rule.mode == "none"), None)
    if exact is not None:
        return exact if redundant else None
    coarse = max((each.rule.step for each in held), default=0)
    held = [each for each in held if each.rule.step == coarse]
    return held[0] if len(held) == 1 and held[0] in possible else None


def _ranges(
    evidence: Evidence, used: Sequence[str], reasons: Mapping[str, str], held: Sequence[Tested], shown: Tested | None
) -> Mapping[str, RateRange | None]:
    """Return the range of each kind that is used, over all rules that are not refuted."""
    regions = [each.region.intervals() for each in held if each.region is not None]
    found: dict[str, RateRange | None] = {kind: None for kind in KINDS if kind in used}
    for nth, kind in enumerate(evidence.kinds):
        if kind in found and kind not in reasons and regions:
            chosen = shown.chosen[nth] if shown is not None and shown.chosen is not None else None
            found[kind] = range_of(kind, [intervals[nth] for intervals in regions], chosen)
    return found


def tested_rule(evidence: Evidence, stretch: Stretch, rule: Rule, published: Mapping[int, int]) -> Tested:
    """Return what can be proved of a rule."""
    if rule.by_component:
        return _by_component(evidence, stretch, rule, published)
    span = stretch.first, stretch.last
    region = stretch.region if rule == stretch.rule else enclose(evidence, rule, *span, stretch.aside)
    if isinstance(region, Conflict):
        return Tested(rule, "refuted", witness=region.rows)
    set_aside(evidence.ledger, stretch.aside)
    chosen = next(simple_vectors(region, published), None)
    if chosen is not None and evidence.unexplained(rule, chosen, chosen, span, 1):
        return Tested(rule, "undecided", region)
    return Tested(rule, "explains", region, chosen)


def _by_component(evidence: Evidence, stretch: Stretch, rule: Rule, published: Mapping[int, int]) -> Tested:
    """Refute a rule that rounds each component by a request that no card within the bounds gives, or show a card.

    The bounds are looked for among the first requests first, for few are mostly enough.
    """
    span, region = (stretch.first, stretch.last), Region.of(len(evidence.kinds))
    for last in sorted({min(stretch.last, stretch.first + few - 1) for few in _PREFIXES} | {stretch.last}):
        met = enclose(evidence, rule, stretch.first, last, stretch.aside)
        if isinstance(met, Conflict):
            return Tested(rule, "refuted", witness=met.rows)
        region = met
        set_aside(evidence.ledger, stretch.aside)
        low, high = region.box(1)
        # Where one kind stands for another, parts are not those that were charged.
        broken = set(evidence.kinds) == set(evidence.spread.used) and evidence.unexplained(rule, low, high, span, 1)
        if broken:
            witness = tuple(sorted({*broken, *region.tight_rows()}))
            return Tested(rule, "refuted", witness=witness, is_far=False)
    for vector in islice(simple_vectors(region, published), _TRIED):
        if not evidence.unexplained(rule, vector, vector, span, 1):
            return Tested(rule, "explains", region, vector)
    return Tested(rule, "undecided", region)
