"""Findings: classes of variance, each with its rows, cause, amount and one plain sentence."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from billing.audit import Finding
from billing.cube import Cell, amount, order_of, variance_in_dollars
from billing.diagnosis import EXTREME, UNEXPLAINED, Cluster
from billing.queries import chain
from billing.rating import Rating
from pricing.amounts import digits

#: From this share on, and from so many requests, a fault is systematic: whatever can show it does.
_SYSTEMATIC, _FEW = Decimal("0.95"), 10
_FAILURES = frozenset({"failed", "charged_failure"})


def find(rating: Rating, cells: Sequence[Cell], clusters: Iterable[Cluster]) -> tuple[Finding, ...]:
    """Group the variance beyond tolerance by cause, verdict, provider, SKU and unit; the largest in dollars is first.

    Which request belongs to which finding is noted beside the ledger, for sql/attributed.sql.
    """
    found = [list(group) for _, group in groupby(sorted(clusters, key=_place), key=_place)]
    numbered = {f"F-{number:03}": group for number, group in enumerate(sorted(found, key=_weight), start=1)}
    rating.ledger.append("causes", [
        {"provider": part.provider, "sku": part.sku, "unit": part.unit, "verdict": part.verdict,
         "hypotheses": part.hypotheses, "is_extreme": part.is_extreme, "finding": number, "cause": part.cause.rule}
        for number, group in numbered.items()
        for part in {(each.hypotheses, each.is_extreme): each for each in group}.values()
    ])  # fmt: skip
    spared = _spared(rating, numbered)
    return tuple(
        _finding(number, group, spared[number] if _is_rated(group) else _others(group, cells))
        for number, group in numbered.items()
    )


def _place(cluster: Cluster) -> tuple[tuple[bool, str], ...]:
    cause = cluster.cause
    return order_of(cluster.provider, cluster.sku, cluster.unit, cluster.verdict, cause.rule, cause.words)


def _weight(clusters: Sequence[Cluster]) -> tuple[bool, object, object]:
    dollars = variance_in_dollars(clusters)
    size = dollars if dollars is not None else amount(cluster.variance for cluster in clusters)
    return dollars is None, -abs(size), _place(clusters[0])


def _is_rated(clusters: Sequence[Cluster]) -> bool:
    """Tell whether the cause is a hypothesis, so that what it would charge others can be rated."""
    return bool(clusters[0].cause.rank)


def _spared(rating: Rating, findings: Mapping[str, Sequence[Cluster]]) -> Counter[str]:
    """Count the requests of each finding's cards and time that its mistake would show in and does not."""
    ledger, count = rating.ledger, Counter[str]()
    exposing = list(_exposing(findings))
    ledger.lay("exposing", exposing)
    if exposing:
        # In this order: what is exposed is found by the rates in force, and only then rated by the others.
        instead = {"placed": f"({chain('selected', 'placed', 'exposed')})", "rates": "candidates"}
        table = rating.query("spared", taking=instead)
        count.update({row["finding"]: row["requests"] for row in table.to_pylist()})
    return count


def _exposing(findings: Mapping[str, Sequence[Cluster]]) -> Iterator[dict[str, object]]:
    """Yield the rows of sql/exposing.sql."""
    for number, clusters in findings.items():
        if _is_rated(clusters):
            first_at, last_at = _span(clusters)
            for card, hypothesis in {(each.card, each.causes[each.cause]): None for each in clusters}:
                yield {
                    "finding": number, "card_id": card, "hypothesis": hypothesis, "first_at": first_at,
                    "last_at": last_at,
                }  # fmt: skip


def _others(clusters: Sequence[Cluster], cells: Iterable[Cell]) -> int:
    """Count the other requests of the SKU in the days of a finding: those that failed, or those that were checked."""
    first, (first_at, last_at) = clusters[0], _span(clusters)
    is_failure = first.verdict == "charged_failure"
    of_sku = (
        cell.requests
        for cell in cells
        if (cell.provider or "", cell.sku) == (first.provider, first.sku)
        and (cell.verdict in _FAILURES if is_failure else cell.variance is not None and cell.verdict not in _FAILURES)
        and (first_at is None or last_at is None or (cell.day and first_at.date() <= cell.day <= last_at.date()))
    )
    return sum(of_sku) - sum(cluster.requests for cluster in clusters)


def _finding(number: str, clusters: Sequence[Cluster], others: int) -> Finding:
    first, requests = clusters[0], sum(cluster.requests for cluster in clusters)
    ties = [cluster for cluster in clusters if cluster.rivals]
    tied = sum(cluster.requests for cluster in ties)
    first_at, last_at = _span(clusters)
    share = Decimal(requests * 10_000 // (requests + max(others, 0))).scaleb(-4)
    told = "inferred" if first.cause in (EXTREME, UNEXPLAINED) else "tie" if tied == requests else "exact"
    finding = Finding(
        id=number,
        rule=first.cause.rule,
        verdict=first.verdict,
        provider=first.provider or None,
        sku=first.sku,
        requests=requests,
        charged=amount(cluster.charged for cluster in clusters),
        refunded=amount(cluster.refunded for cluster in clusters),
        expected=amount(cluster.expected for cluster in clusters),
        variance=amount(cluster.variance for cluster in clusters),
        unit=first.unit,
        usd=variance_in_dollars(clusters),
        cause=first.cause.rule,
        evidence=told,
        ties=tied,
        tied_with=tuple(sorted({rule for cluster in ties for rule in cluster.rivals})),
        pattern="systematic" if share >= _SYSTEMATIC and requests >= _FEW else "sporadic",
        share=share,
        first_at=first_at,
        last_at=last_at,
        sentence="",
    )
    return replace(finding, sentence=_sentence(finding, first, requests + max(others, 0)))


def _sentence(finding: Finding, first: Cluster, touched: int) -> str:
    """Say in one sentence how many requests were charged how much more or less, and why."""
    one = finding.requests == 1
    who = f"{_when(finding)}{_count(finding.requests, touched)}"
    were, open_amount = "was" if one else "were", _money(abs(finding.variance) - finding.refunded, finding.unit)
    if first.verdict == "charged_failure":
        why = "" if finding.rule == "charge.on_failure" else f", and {first.cause.words}"
        told = f"{who} failed and {were} charged all the same{why}: {open_amount} to get back"
    else:
        size, more = _money(abs(finding.variance), finding.unit), "more" if finding.variance > 0 else "less"
        why = f", as {first.cause.words} would give" if first.cause.rank else f"; {first.cause.words}"
        told = f"{who} {were} charged {size} {more} than the rate card says{why}"
        if finding.refunded:
            told += f"; {open_amount} of it still to get back"
    others = f" (so would {' or '.join(finding.tied_with)})" if finding.evidence == "tie" else ""
    return f"{told}{others}."


def _count(requests: int, touched: int) -> str:
    of = "" if requests in (1, touched) else f" of {touched:,}"
    return f"{requests:,}{of} request" + ("" if requests == 1 else "s")


def _when(finding: Finding) -> str:
    """Say from when to when, of what is in nearly all requests of that time."""
    if finding.pattern != "systematic" or finding.first_at is None or finding.last_at is None:
        return ""
    first, last = finding.first_at.date(), finding.last_at.date()
    return f"On {first}, " if first == last else f"From {first} to {last}, "


def _money(size: Decimal, unit: str) -> str:
    return f"{digits(size)} {unit}" + ("" if unit == "USD" or size == 1 else "s")


def _span(clusters: Sequence[Cluster]) -> tuple[datetime | None, datetime | None]:
    """Return the first instant and the last, None where no request has a time."""
    return (
        _edge(min, [cluster.first_at for cluster in clusters]),
        _edge(max, [cluster.last_at for cluster in clusters]),
    )


def _edge(choose: Callable[[list[datetime]], datetime], times: Sequence[datetime | None]) -> datetime | None:
    known = [at for at in times if at is not None]
    return choose(known) if known else None
