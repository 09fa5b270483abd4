"""Findings: classes of variance, each with its rows, cause, amount and one plain sentence."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from billing.audit import Finding
from billing.cube import Cell, amount, order_of, variance_in_dollars
from billing.diagnosis import Cause, Cluster
from billing.rating import Rating
from pricing.amounts import digits

ON_FAILURE = Cause(0, "charge.on_failure", "failed requests that were charged all the same")


def find(rating: Rating, cells: Sequence[Cell], clusters: Sequence[Cluster]) -> tuple[Finding, ...]:
    """Group the variance beyond tolerance by cause, verdict, provider, SKU and unit; the largest in dollars is first.

    Which request belongs to which finding is noted beside the ledger, for sql/attributed.sql.
    """
    failed = [_failed(cell) for cell in cells if cell.verdict == "charged_failure"]
    found = [list(group) for _, group in groupby(sorted([*clusters, *failed], key=_place), key=_place)]
    numbered = [(f"F-{number:03}", group) for number, group in enumerate(sorted(found, key=_weight), start=1)]
    rating.ledger.append("causes", [
        {"provider": part.provider, "sku": part.sku, "unit": part.unit, "verdict": part.verdict,
         "hypotheses": part.hypotheses, "is_extreme": part.is_extreme, "finding": number, "cause": part.cause.rule}
        for number, group in numbered
        for part in {(each.hypotheses, each.is_extreme): each for each in group}.values()
    ])  # fmt: skip
    return tuple(_finding(number, group) for number, group in numbered)


def _failed(cell: Cell) -> Cluster:
    return Cluster(
        provider=cell.provider or "", sku=cell.sku, unit=str(cell.unit), usd_per_unit=cell.usd_per_unit,
        verdict=cell.verdict, hypotheses="", is_extreme=False, requests=cell.requests, charged=cell.charged or 0,
        expected=cell.expected or 0, variance=cell.variance or 0, first_at=cell.first_at, last_at=cell.last_at,
        cause=ON_FAILURE,
    )  # fmt: skip


def _place(cluster: Cluster) -> tuple[tuple[bool, str], ...]:
    cause = cluster.cause
    return order_of(cluster.provider, cluster.sku, cluster.unit, cluster.verdict, cause.rule, cause.words)


def _weight(clusters: Sequence[Cluster]) -> tuple[bool, object, object]:
    dollars = variance_in_dollars(clusters)
    size = dollars if dollars is not None else amount(cluster.variance for cluster in clusters)
    return dollars is None, -abs(size), _place(clusters[0])


def _finding(number: str, clusters: Sequence[Cluster]) -> Finding:
    first, requests = clusters[0], sum(cluster.requests for cluster in clusters)
    variance = amount(cluster.variance for cluster in clusters)
    # A cause is certain where some of its requests have no other.
    is_certain = first.cause is ON_FAILURE or any(cluster.causes == {first.cause} for cluster in clusters)
    return Finding(
        id=number,
        rule=first.cause.rule,
        verdict=first.verdict,
        provider=first.provider or None,
        sku=first.sku,
        requests=requests,
        charged=amount(cluster.charged for cluster in clusters),
        expected=amount(cluster.expected for cluster in clusters),
        variance=variance,
        unit=first.unit,
        usd=variance_in_dollars(clusters),
        cause=first.cause.rule,
        evidence="exact" if is_certain else "inferred",
        first_at=_edge(min, [cluster.first_at for cluster in clusters]),
        last_at=_edge(max, [cluster.last_at for cluster in clusters]),
        sentence=_sentence(first, requests, abs(variance)),
    )


def _sentence(first: Cluster, requests: int, size: Decimal) -> str:
    count, were = ("1 request", "was") if requests == 1 else (f"{requests:,} requests", "were")
    money = f"{digits(size)} {first.unit}" + ("" if first.unit == "USD" else "s")
    if first.verdict == "charged_failure":
        return f"{count} failed and {were} charged all the same: {money} to get back."
    told = (
        f"{count} {were} charged {money} {'more' if first.verdict == 'overcharged' else 'less'} than the rate card says"
    )
    return f"{told}; {first.cause.words}." if not first.cause.rank else f"{told}, as {first.cause.words} would give."


def _edge(choose: Callable[[list[datetime]], datetime], times: Sequence[datetime | None]) -> datetime | None:
    known = [at for at in times if at is not None]
    return choose(known) if known else None
