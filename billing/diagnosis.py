"""Diagnosis: why a charge is not what its card says.

The requests that do not match are rated once more, by hypothetical cards. What gives a charge to the last digit may be
its cause; of several causes the one that explains most requests of a SKU is taken, and the simplest of equals.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from billing.cube import order_of, whole
from billing.hypotheses import Hypothesis, hypotheses
from billing.queries import chain
from billing.rating import Rating, rate_rows
from pricing.amounts import to_pico


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why a charge differs: a rule, and what it is in words.

    The simplest hypothesis has rank 1, and so on; what is no hypothesis has 0.
    """

    rank: int
    rule: str
    words: str


UNEXPLAINED = Cause(0, "unexplained", "no known mistake gives these charges")
EXTREME = Cause(0, "charge.extreme", "it is off by ten times or more")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Requests of one SKU that are charged wrongly and that the same hypotheses explain. Sums are pico-units.

    `causes` are all that would explain them; `cause` is the one taken.
    """

    provider: str
    sku: str
    unit: str
    usd_per_unit: int | None
    verdict: str
    hypotheses: str
    is_extreme: bool
    requests: int
    charged: int
    expected: int
    variance: int
    first_at: datetime | None
    last_at: datetime | None
    causes: frozenset[Cause] = frozenset()
    cause: Cause = UNEXPLAINED


def diagnose(rating: Rating, tolerance: Decimal) -> tuple[Cluster, ...]:
    """Rate what does not match by every hypothesis, in one pass, and return it by cause."""
    rating.keep("audited", "mismatched", tolerance=to_pico(tolerance))
    cards = [card for (card,) in rating.ledger.rows("SELECT DISTINCT found_card FROM mismatched ORDER BY found_card")]
    if not cards:
        return ()
    supposed = [(card, each) for card in cards for each in hypotheses(rating.catalog, rating.periods[card])]
    rows = rate_rows((card, number, each.period) for number, (card, each) in enumerate(supposed))
    rating.ledger.keep("candidates", "SELECT * FROM rates LIMIT 0")
    rating.ledger.append("candidates", list(rows))
    instead = {"rates": "candidates", "placed": f"({chain('supposed', taking={'rates': 'candidates'})})"}
    query = chain("priced", "rated", "audited", "explained", width=rating.width, taking=instead)
    rating.ledger.keep("explained", query, {"tolerance": 0})
    found = rating.ledger.arrow(chain("diagnosed")).to_pylist()
    causes = _causes([each for _, each in supposed])
    told = [Cluster(**{name: whole(value) for name, value in row.items()}) for row in found]
    return tuple(_with_cause(replace(each, causes=_named(each.hypotheses, causes)) for each in told))


def _causes(supposed: Sequence[Hypothesis]) -> list[Cause]:
    """Return the cause that each hypothesis stands for; those of the same rule and words are one."""
    names = [(each.rule, each.detail) for each in supposed]
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(names), start=1)}
    return [Cause(ranks[name], *name) for name in names]


def _named(numbers: str, causes: Sequence[Cause]) -> frozenset[Cause]:
    return frozenset(causes[int(number)] for number in numbers.split(",") if number)


def _with_cause(clusters: Iterable[Cluster]) -> Iterable[Cluster]:
    """Give each cluster the cause that explains most requests of its SKU, until all that can be explained are."""

    def place(cluster: Cluster) -> tuple[tuple[bool, str], ...]:
        return order_of(cluster.provider, cluster.sku, cluster.unit, cluster.verdict)

    for _, group in groupby(sorted(clusters, key=lambda each: (place(each), each.hypotheses)), key=place):
        left = list(group)
        while any(cluster.causes for cluster in left):
            cause = _most_telling(left)
            yield from (replace(cluster, cause=cause) for cluster in left if cause in cluster.causes)
            left = [cluster for cluster in left if cause not in cluster.causes]
        yield from (replace(cluster, cause=EXTREME) if cluster.is_extreme else cluster for cluster in left)


def _most_telling(clusters: Iterable[Cluster]) -> Cause:
    """Return the cause that explains most requests; of equals the simplest."""
    explained = Counter[Cause]()
    for cluster in clusters:
        for cause in cluster.causes:
            explained[cause] += cluster.requests
    return min(explained, key=lambda cause: (-explained[cause], cause))
