"""A statement as data for programs and as tables for people."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.months.changes import Effects, MonthChange
from billing.months.statement import Breakdown, Day, Economics, Share, SkuShare, SkuStatement, Spend, Statement
from reports.cli.output import Result, Table
from reports.statement_answer import answer, unusual_sentence

_LINE = ("provider", "sku", "kind", "quantity", "of", "rate", "per", "amount", "unit")
_FLAT = (
    "provider", "sku", "unit", "kind", "service_tier", "prompt_above", "quantity", "quantity_unit", "rate", "amount",
)  # fmt: skip


def statement_result(found: Statement) -> Result:
    """Return a statement as data and tables; CSV is made of its lines, each SKU's rounding among them."""
    flat = Table("Lines", _FLAT, [row for sku in found.skus for row in _flat_rows(sku)])
    tables = [table for table in _tables(found) if table.rows]
    details = [table for table in _details(found) if table.rows]
    return Result(statement_data(found), tables, answer(found), flat, details)


def statement_data(found: Statement) -> dict[str, Any]:
    """Return a statement as JSON holds it: amounts in the unit of their row, `usd` in dollars."""
    data = asdict(found)
    return data | {
        "month": f"{found.month:%Y-%m}",
        "catalog": {"version": data.pop("catalog_version"), "digest": data.pop("catalog_digest")},
        "partial": found.is_partial,
        "usd": found.usd,
        "usd_effective": found.usd_effective,
        "providers": [asdict(each) | _sums(each.sums, each.economics) for each in found.providers],
        "before": [asdict(each) | _sums(each.sums, each.economics) for each in found.before],
        "breakdowns": [
            asdict(each) | {"rows": [_known(row) for row in each.rows], "skus": [_known(row) for row in each.skus]}
            for each in found.breakdowns
        ],
        "days": [_known(each) for each in found.days],
        "sku_days": [_known(each) for each in found.sku_days],
        "skus": [asdict(each) | _sums(each.sums, each.economics) for each in found.skus],
        "change": _change(found.change),
        "unusual": [asdict(each) | {"sentence": unusual_sentence(each)} for each in found.unusual],
    }


def _sums(sums: Spend, economics: Economics) -> dict[str, Any]:
    caching = asdict(economics.caching) | {"net": economics.caching.net}
    return {
        "sums": asdict(sums) | _unknown(sums) | {"partial": sums.is_partial},
        "economics": asdict(economics) | {"caching": caching},
    }


def _unknown(sums: Spend) -> dict[str, None]:
    """Return the amounts that are sums over nothing known: unknown is not zero."""
    names = [] if sums.priced or sums.expected else ["exact", "rounding", "expected", "expected_unreported"]
    names += [] if sums.reported else ["charged", "variance", "charged_unpriced"]
    return dict.fromkeys([*names, *(("spend", "usd", "usd_effective") if sums.is_unknown else ())])


def _known(row: Share | SkuShare | Day) -> dict[str, Any]:
    """Return a row as data; where nothing is known of its cost, that is null."""
    data = asdict(row)
    return data | dict.fromkeys(data.keys() & {"spend", "total", "usd"}) if row.is_unknown else data


def _change(change: MonthChange) -> dict[str, Any]:
    return asdict(change) | {
        "totals": [asdict(each) | {"effects": _effects(each.effects)} for each in change.totals],
        "lines": [asdict(each) | {"effects": _effects(each.effects)} for each in change.lines],
    }


def _effects(effects: Effects) -> dict[str, Any]:
    return asdict(effects) | {"change": effects.change}


def _flat_rows(sku: SkuStatement) -> Iterator[tuple[object, ...]]:
    for line in sku.lines:
        yield (
            sku.provider, sku.sku, sku.unit, line.kind, line.service_tier, line.prompt_above, line.quantity,
            line.quantity_unit, line.rate, line.amount,
        )  # fmt: skip
    if sku.sums.rounding:
        yield sku.provider, sku.sku, sku.unit, "rounding", None, None, None, None, None, sku.sums.rounding


def _tables(found: Statement) -> Iterator[Table]:
    yield Table(
        "Budgets",
        ("budget", "amount", "used", "share", "forecast", "80 % low", "80 % high", "unit", "status"),
        [
            (each.name, each.amount, each.used, _percent(each.used_share), each.forecast, each.forecast_low,
             each.forecast_high, each.unit, each.status)
            for each in found.budgets
        ],
    )  # fmt: skip
    yield Table("Lines", _LINE, [row for sku in found.skus for row in _line_rows(sku)])
    yield Table(
        "Spend",
        (
            "provider",
            "sku",
            "requests",
            "expected",
            "charged",
            "variance",
            "spend",
            "unit",
            "usd",
            "usd effective",
            "usd at list",
        ),
        [_spend_row(found, each) for each in found.skus],
    )
    for each in found.breakdowns:
        yield _breakdown(each)
    yield Table(
        "Unpriced",
        ("reason", "provider", "sku", "requests", "tokens", "charged", "unit"),
        [
            (
                each.reason,
                each.provider,
                each.sku,
                each.requests,
                sum(each.quantities.values()),
                each.charged,
                each.unit,
            )
            for each in found.unpriced
        ],
    )


def _details(found: Statement) -> Iterator[Table]:
    last_day = found.change.before_to - timedelta(days=1)
    yield Table(
        f"Change since {found.change.before_from} to {last_day}",
        ("provider", "sku", "kind", *(field.name for field in fields(Effects)), "unit"),
        list(_change_rows(found.change)),
    )
    yield Table("Unusual days", ("score", "what"), [(each.score, unusual_sentence(each)) for each in found.unusual])
    yield Table(
        "Unit economics",
        ("provider", "sku", "per 1,000 requests", "per 1M tokens", "cache saved", "cache writes cost", "net", "unit"),
        [
            *(_economics_row(each.provider, each.sku, each.unit, each.economics) for each in found.skus),
            *(_economics_row(each.provider, "all", each.unit, each.economics) for each in found.providers),
        ],
    )
    yield Table(
        "Days",
        ("day", "provider", "requests", "spend", "unit", "usd"),
        [
            (
                str(each["day"]),
                each["provider"],
                each["requests"],
                each["spend"],
                each["unit"],
                each["usd"],
            )
            for each in map(_known, found.days)
        ],
    )


def _economics_row(provider: str | None, sku: str, unit: str | None, each: Economics) -> tuple[object, ...]:
    caching = each.caching
    return provider, sku, each.per_1000_requests, each.per_mtok, caching.saved, caching.write_cost, caching.net, unit


def _change_rows(change: MonthChange) -> Iterator[tuple[object, ...]]:
    """Yield what changed, and what that adds up to; nothing where there was no usage before."""
    if not any(each.effects.before for each in change.totals):
        return
    for line in change.lines:
        yield line.provider, line.sku, line.kind, *asdict(line.effects).values(), line.unit
    for total in change.totals:
        yield total.provider, "all", "total", *asdict(total.effects).values(), total.unit


def _line_rows(sku: SkuStatement) -> Iterator[tuple[object, ...]]:
    for line in sku.lines:
        per = "1M tokens" if line.quantity_unit == "token" else line.quantity_unit
        yield sku.provider, sku.sku, line.kind, line.quantity, line.quantity_unit, line.rate, per, line.amount, sku.unit
    if sku.sums.rounding:
        yield sku.provider, sku.sku, "rounding", None, "", None, "", sku.sums.rounding, sku.unit
    if sku.lines:
        yield sku.provider, sku.sku, "expected", None, "", None, "", sku.sums.expected, sku.unit


def _spend_row(found: Statement, sku: SkuStatement) -> tuple[object, ...]:
    listed = [each.usd for each in found.list_prices if (each.provider, each.sku) == (sku.provider, sku.sku)]
    sums = asdict(sku.sums) | _unknown(sku.sums)
    return (
        sku.provider, sku.sku, sums["requests"], sums["expected"], sums["charged"], sums["variance"], sums["spend"],
        sku.unit, sums["usd"], sums["usd_effective"], listed[0] if listed else None,
    )  # fmt: skip


def _breakdown(breakdown: Breakdown) -> Table:
    rest = {"project": "no project", "api_key_id": "no key"}.get(breakdown.dimension, "not tagged")
    return Table(
        f"By {breakdown.dimension.replace('_', ' ')} (allocation: {breakdown.allocation})",
        ("name", "provider", "requests", "spend", "allocated", "total", "unit", "usd"),
        [
            (_name(each["name"], each["names"], rest), each["provider"], each["requests"], each["spend"],
             each["allocated"], each["total"], each["unit"], each["usd"])
            for each in map(_known, breakdown.rows)
        ],
    )  # fmt: skip


def _name(name: str | None, names: int, rest: str) -> str:
    return name if name is not None else rest if not names else f"{names:,} other names"


def _percent(share: Decimal) -> str:
    return f"{share * 100:.2f} %"
