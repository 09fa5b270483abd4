"""An audit of many SKUs, cut to what a page can carry: the SKUs that matter most, and all others summed up as one.

It is done to the audit itself, so that every table, chart and filter of the page still adds up to its totals.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

from billing.audit import Audit, AuditedRequest, DayLine, Finding, Gap, SkuLine, Sums
from reports import words
from reports.audit_report import AuditReport
from reports.figures import count

#: SKUs that are shown each by itself.
MOST_SKUS = 16

Name = tuple[str | None, str]
Row = TypeVar("Row")


def condensed(report: AuditReport, most: int = MOST_SKUS) -> AuditReport:
    """Return the report with at most so many SKUs and one more; the report itself if it has no more than those."""
    audit = report.audit
    found = _by_weight(audit)
    if len(found) <= most + 1:
        return report
    kept, other = set(found[:most]), (None, f"{len(found) - most} other SKUs")
    findings = _findings(audit.findings, kept, other)
    samples = tuple((_sample(request, kept, other, findings), charge) for request, charge in report.samples)
    shorter = replace(
        audit,
        skus=_merged(_renamed(audit.skus, kept, other), ("provider", "sku", "unit"), _sku_line),
        days=_merged(_renamed(audit.days, kept, ("", other[1])), ("day", "unit", "provider", "sku"), _day_line),
        gaps=_merged(_renamed(audit.gaps, kept, other), ("reason", "provider", "sku", "unit"), _gap),
        findings=tuple({each.id: each for each in findings.values()}.values()),
    )
    return replace(report, audit=shorter, samples=samples)


def _by_weight(audit: Audit) -> list[Name]:
    """Return the SKUs, first those with the largest findings, then those with the most requests."""
    largest: dict[Name, Decimal] = {}
    for each in audit.findings:
        name = each.provider, each.sku
        largest[name] = max(largest.get(name, Decimal(0)), abs(each.variance))
    requests = Counter[Name]()
    for line in audit.skus:
        requests[line.provider, line.sku] += line.requests
    requests.update({(gap.provider, gap.sku): 0 for gap in audit.gaps})
    requests.update({(each.provider, each.sku): 0 for each in audit.findings})
    return sorted(requests, key=lambda name: (-largest.get(name, Decimal(0)), -requests[name], name[0] or "", name[1]))


def _sample(request: AuditedRequest, kept: set[Name], other: Name, findings: Mapping[str, Finding]) -> AuditedRequest:
    provider, sku = (request.provider, request.sku) if (request.provider, request.sku) in kept else other
    finding = None if request.finding is None else findings[request.finding].id
    return replace(request, provider=provider, sku=sku, finding=finding)


def _renamed(rows: Iterable[Row], kept: set[Name], other: Name) -> list[Row]:
    """Give rows of what is not kept the name of all others, and put them last."""
    own, others = [], []
    for row in rows:
        name = row.provider or None, row.sku  # type: ignore[attr-defined]  # every row of an audit has them
        if name in kept:
            own.append(row)
        else:
            others.append(replace(row, provider=other[0], sku=other[1]))  # type: ignore[type-var]  # they are dataclasses
    return [*own, *others]


def _merged(rows: Sequence[Row], key: tuple[str, ...], merge: Callable[[Sequence[Row]], Row]) -> tuple[Row, ...]:
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(attrgetter(*key)(row), []).append(row)
    return tuple(merge(group) if len(group) > 1 else group[0] for group in groups.values())


def _sku_line(rows: Sequence[SkuLine]) -> SkuLine:
    verdicts = Counter[str]()
    for row in rows:
        verdicts.update(row.verdicts)
    sums = {each.name: _sum(rows, each.name) for each in fields(Sums)}
    return replace(rows[0], verdicts=dict(verdicts), **sums)


def _day_line(rows: Sequence[DayLine]) -> DayLine:
    return replace(rows[0], **{name: _sum(rows, name) for name in ("requests", "charged", "expected", "variance")})


def _gap(rows: Sequence[Gap]) -> Gap:
    known = [row for row in rows if row.charged is not None]
    charged = _sum(known, "charged") if known else None
    return replace(rows[0], requests=_sum(rows, "requests"), tokens=_sum(rows, "tokens"), charged=charged)


def _findings(findings: Sequence[Finding], kept: set[Name], other: Name) -> dict[str, Finding]:
    """Return for each finding's id what stands for it: itself, or one of all others of its rule and direction."""
    groups: dict[object, list[Finding]] = {}
    for each in findings:
        alone = (each.provider, each.sku) in kept
        key = each.id if alone else (each.rule, each.verdict, each.unit, each.evidence, each.variance > 0)
        groups.setdefault(key, []).append(each)
    return {
        each.id: group[0] if (group[0].provider, group[0].sku) in kept else _finding(group, other)
        for group in groups.values()
        for each in group
    }


def _finding(group: Sequence[Finding], other: Name) -> Finding:
    first = group[0]
    told = f"{count(len(group), 'finding')} of other SKUs: {words.cause(first.cause)}."
    sums = {name: _sum(group, name) for name in ("requests", "charged", "refunded", "expected", "variance", "ties")}
    return replace(
        first, provider=other[0], sku=other[1], sentence=told, **sums,
        usd=None if any(each.usd is None for each in group) else _sum(group, "usd"),
        first_at=min((each.first_at for each in group if each.first_at), default=None),
        last_at=max((each.last_at for each in group if each.last_at), default=None),
    )  # fmt: skip


def _sum(rows: Sequence[object], name: str) -> Any:  # noqa: ANN401 - a whole number or an amount, as the field is
    return sum(getattr(row, name) for row in rows)
