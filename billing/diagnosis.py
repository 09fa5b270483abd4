"""Diagnosis: why a charge is not what is owed.

The requests that do not match are rated once more, by hypothetical cards: by the mistakes that can be made with their
own card, and by the rates that the provider has for anything else, which all its cards share. What gives a charge to
the last digit may be its cause. Mark-ups are then looked for in what is left, and their ratios are tried like any card.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from billing.cube import order_of, whole
from billing.failures import failure
from billing.hypotheses import (
    RULES,
    Hypothesis,
    markup,
    nearest,
    own_mistakes,
    shared_vectors,
    taken_for,
)
from billing.ledger import dicts
from billing.markups import Unreproduced, percents
from billing.queries import chain, statement
from billing.rating import Rating, rate_rows
from pricing.amounts import to_pico
from pricing.catalog import RatePeriod

Key = TypeVar("Key", int, str)

#: Of each card so many charges are looked at for a mark-up.
_MOST_CHARGES = 200


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why a charge differs: a rule, and what it is in words.

    The simplest hypothesis has rank 1, and so on; what is no hypothesis has 0.
    """

    rank: int
    rule: str
    words: str


#: A mistake with a card, or the periods of one rate vector, which is a mistake of another name for each card.
_Mistake = Hypothesis | tuple[RatePeriod, ...]
_Sets = Mapping[int, Sequence[tuple[RatePeriod, _Mistake]]]

UNEXPLAINED = Cause(0, "unexplained", "no known mistake gives these charges")
EXTREME = Cause(0, "charge.extreme", "it is off by ten times or more")
REPEATED = Cause(0, "charge.duplicate", "the same call was charged before")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Requests of one card that are charged wrongly and that the same hypotheses explain. Sums are pico-units.

    `causes` are all that would explain them, each with the number of its hypothesis; `cause` is the one taken.
    """

    provider: str
    sku: str
    unit: str
    usd_per_unit: int | None
    verdict: str
    card: int | None
    state: int
    error: str | None
    hypotheses: str
    is_extreme: bool
    requests: int
    charged: int
    refunded: int
    expected: int
    variance: int
    first_at: datetime | None
    last_at: datetime | None
    causes: Mapping[Cause, int] = field(default_factory=dict)
    cause: Cause = UNEXPLAINED

    @property
    def rivals(self) -> frozenset[str]:
        """The other rules that give the same charges: with any of them the charges leave the cause open."""
        return frozenset(cause.rule for cause in self.causes) - {self.cause.rule}


def diagnose(rating: Rating, tolerance: Decimal) -> tuple[Cluster, ...]:
    """Rate what does not match by every hypothesis, and return it by cause."""
    rating.keep("audited", "mismatched", tolerance=to_pico(tolerance), number="mismatch")
    ledger = rating.ledger
    cards = ledger.rows("SELECT DISTINCT found_card FROM mismatched WHERE state < 4 ORDER BY found_card NULLS LAST")
    tried = _Tried(rating, [card for (card,) in cards])
    tried.mistakes()
    tried.markups()
    ledger.keep("explained", statement("explained"))
    found = dicts(ledger.arrow(chain("diagnosed")))
    told = [Cluster(**{name: whole(value) for name, value in row.items()}) for row in found]
    return tuple(_with_cause(_explained(rating, each, tried) for each in told))


class _Tried:
    """The hypotheses that mismatched requests have been rated by, by their number."""

    def __init__(self, rating: Rating, cards: Sequence[int]) -> None:
        self._rating = rating
        self._cards = cards
        self._hypotheses: list[_Mistake] = []
        self._rates = 0
        rating.ledger.lay("candidates", [], like="rates")
        rating.ledger.lay("trials", [])
        rating.ledger.keep("reproduced", "SELECT mismatch, found_card AS hypothesis FROM mismatched WHERE FALSE")

    def causes(self, card: int, numbers: str) -> dict[Cause, int]:
        """Return the causes that these hypotheses are for a card."""
        found: dict[Cause, int] = {}
        for number in map(int, numbers.split(",") if numbers else ()):
            each = self._hypotheses[number]
            rule, words = (
                (each.rule, each.detail) if isinstance(each, Hypothesis) else nearest(self._rating.periods[card], each)
            )
            found.setdefault(Cause(RULES.index(rule) + 1, rule, words), number)
        return found

    def mistakes(self) -> None:
        """Try what can be done wrong with each card, and the rates that the provider has for anything else."""
        periods = self._rating.periods
        sets: dict[int, list[tuple[RatePeriod, _Mistake]]] = {}
        trials: list[tuple[int, int]] = []
        shared: dict[object, int] = {}
        for card in self._cards:
            period = periods[card]
            number = shared.setdefault(_kind(period), len(periods) + len(shared))
            if number not in sets:
                groups = shared_vectors(self._rating.catalog, period)
                sets[number] = [(taken_for(period, group[0]), group) for group in groups]
            sets[card] = [(each.period, each) for each in own_mistakes(self._rating.catalog, period)]
            trials += [(card, card), (card, number)]
        self._try(sets, trials)

    def markups(self) -> None:
        """Try the ratios that charges share which nothing gives yet: those of a card, or of all cards of a provider."""
        rows = self._rating.ledger.arrow(statement("unreproduced"), {"most": _MOST_CHARGES}).to_pylist()
        charges = [Unreproduced(**{name: whole(value) for name, value in row.items()}) for row in rows]
        periods = self._rating.periods
        of_provider = {
            provider: percents(group) for provider, group in _grouped(charges, lambda each: periods[each.card].provider)
        }
        sets: dict[int, list[tuple[RatePeriod, _Mistake]]] = {}
        for card, of_card in _grouped(charges, lambda each: each.card):
            shares = dict.fromkeys((*percents(of_card), *of_provider[periods[card].provider]))
            found = [each for each in (markup(periods[card], share) for share in shares) if each]
            if found:
                sets[-1 - card] = [(each.period, each) for each in found]
        self._try(sets, [(-1 - number, number) for number in sets])

    def _try(self, sets: _Sets, trials: Sequence[tuple[int, int]]) -> None:
        """Rate the requests of each card by the sets that it is tried by, and keep what gives their charges."""
        if not trials:
            return
        ledger = self._rating.ledger
        numbered = [(set_id, period, each) for set_id, of_set in sets.items() for period, each in of_set]
        first = len(self._hypotheses)
        self._hypotheses += [each for _, _, each in numbered]
        cards = ((set_id, number, period) for number, (set_id, period, _) in enumerate(numbered, start=first))
        rows = [row | {"rate_id": self._rates + number} for number, row in enumerate(rate_rows(cards), start=1)]
        self._rates += len(rows)
        ledger.append("candidates", rows)
        ledger.append("trials", [{"card_id": card, "trial": trial} for card, trial in trials])
        rates = f"(SELECT * FROM candidates WHERE hypothesis >= {first})"  # noqa: S608 - a number of ours
        instead = {"rates": rates, "placed": f"({chain('supposed', taking={'rates': rates})})"}
        query = chain("priced", "rated", "reproduced", width=self._rating.width, taking=instead)
        ledger.add("reproduced", query, {"tolerance": 0})


def _grouped(
    charges: Sequence[Unreproduced], key: Callable[[Unreproduced], Key]
) -> Iterator[tuple[Key, list[Unreproduced]]]:
    for value, group in groupby(sorted(charges, key=key), key=key):
        yield value, list(group)


def _kind(period: RatePeriod) -> tuple[object, ...]:
    """Return what the rates of another card are taken with: cards that have it in common share their hypotheses."""
    block = period.block
    fees = tuple(sorted(block.per_tool_call.items()))
    return period.provider, block.service_tier, period.unit, block.rounding, block.minimum_charge, fees


def _explained(rating: Rating, cluster: Cluster, tried: _Tried) -> Cluster:
    """Return the cluster with its causes, or with the one that no rating need tell."""
    if cluster.error is not None:
        return replace(cluster, cause=Cause(0, *failure(rating.catalog, cluster.provider, cluster.error)))
    if cluster.card is None or cluster.hypotheses == "repeat":
        return replace(cluster, cause=REPEATED)
    causes = tried.causes(cluster.card, cluster.hypotheses.partition(":")[2])
    return replace(cluster, causes=causes, cause=EXTREME if cluster.is_extreme else UNEXPLAINED)


def _with_cause(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Give each cluster the cause that tells most about its SKU, until all that can be explained are."""

    def place(cluster: Cluster) -> tuple[tuple[bool, str], ...]:
        return order_of(cluster.provider, cluster.sku, cluster.unit, cluster.verdict)

    for _, group in groupby(sorted(clusters, key=lambda each: (place(each), each.hypotheses)), key=place):
        left = list(group)
        while any(cluster.causes for cluster in left):
            cause = _most_telling(left)
            yield from (replace(cluster, cause=cause) for cluster in left if cause in cluster.causes)
            left = [cluster for cluster in left if cause not in cluster.causes]
        yield from left


def _most_telling(clusters: Iterable[Cluster]) -> Cause:
    """Return the cause of most requests that have no other, then of most requests at all, then the simplest.

    So what only happens to give the charges of several mistakes takes none of theirs.
    """
    alone, explained = Counter[Cause](), Counter[Cause]()
    for cluster in clusters:
        for cause in cluster.causes:
            explained[cause] += cluster.requests
            alone[cause] += cluster.requests * (len(cluster.causes) == 1)
    return min(explained, key=lambda cause: (-alone[cause], -explained[cause], cause))
