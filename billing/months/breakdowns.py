"""A month's spend by project, key and tag, and what names none: left as it is, or spread and said so."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from billing.cube import order_of
from billing.months.allocation import spread
from billing.months.spending import Row, as_decimal, sums
from billing.months.statement import Breakdown, Share, SkuShare
from pricing.amounts import PICO_DIGITS, from_pico

Allocation = Literal["none", "proportional"]

#: What is spread is spread in steps of so many decimal places.
_PLACES = 6


def breakdowns(shares: Sequence[Row], whole_month: Sequence[Row], allocation: Allocation) -> tuple[Breakdown, ...]:
    """Return the spend by project, key and each tag; every one of them adds up to the whole month."""
    found: dict[str, list[Row]] = {"project": [], "api_key_id": []}
    for row in shares:
        found.setdefault(row["dimension"], []).append(row)
    return tuple(
        Breakdown(
            dimension, allocation, tuple(_shares(rows, whole_month, allocation)), tuple(_by_sku(rows, whole_month))
        )
        for dimension, rows in sorted(found.items(), key=lambda each: (each[0].startswith("tag:"), each[0]))
    )


def _shares(rows: Sequence[Row], whole_month: Sequence[Row], allocation: Allocation) -> Iterator[Share]:
    accounts = {(row["provider"], row["unit"]) for row in whole_month}
    for account in sorted(accounts, key=lambda each: order_of(*each)):
        own = [row for row in rows if (row["provider"], row["unit"]) == account]
        everything = [row for row in whole_month if (row["provider"], row["unit"]) == account]
        named = _named(own)
        rest = _rest(everything, [row for row in own if row["name"] is not None or row["is_rest"]])
        yield from _allocated(account, named, rest, allocation)


def _by_sku(rows: Sequence[Row], whole_month: Sequence[Row]) -> Iterator[SkuShare]:
    """Yield the same by SKU, before any allocation."""
    own, everything = (_sold(each) for each in (rows, whole_month))
    for provider, sku, unit in sorted(everything, key=lambda key: order_of(*key)):
        used, told = everything[provider, sku, unit], own.get((provider, sku, unit), [])
        rest = _rest(used, [row for row in told if row["name"] is not None or row["is_rest"]])
        for part in (*_named(told), *([rest] if rest else [])):
            yield SkuShare(
                part.name, part.names, provider, sku, unit, part.requests, part.unknown, from_pico(part.spend),
                as_decimal(part.usd),
            )  # fmt: skip


def _sold(rows: Sequence[Row]) -> dict[tuple[str | None, str, str | None], list[Row]]:
    groups: dict[tuple[str | None, str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["provider"], row["sku"], row["unit"]].append(row)
    return groups


@dataclass(frozen=True, slots=True)
class _Part:
    """What one name spent, in pico-units, and in 10^-24 dollars."""

    name: str | None
    names: int
    requests: int
    unknown: int
    spend: int
    usd: int | None


def _named(rows: Sequence[Row]) -> list[_Part]:
    """Return a part for each name, the largest first, and last what the small ones are together."""
    groups: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["is_rest"] or row["name"] is not None:
            groups[row["is_rest"], row["name"] or ""].append(row)
    parts = [
        _Part(None if is_rest else name, max(row["names"] for row in group) if is_rest else 1, *sums(group))
        for (is_rest, name), group in groups.items()
    ]
    return sorted(parts, key=lambda part: (part.name is None, -part.spend, part.name or ""))


def _rest(everything: Sequence[Row], named: Sequence[Row]) -> _Part | None:
    """Return what names nothing: everything less what names something; None if there is nothing left."""
    all_requests, all_unknown, all_spent, all_usd = sums(everything)
    requests, unknown, spent, usd = sums(named)
    left = None if all_usd is None or usd is None else all_usd - usd
    if all_requests == requests:
        return None
    return _Part(None, 0, all_requests - requests, all_unknown - unknown, all_spent - spent, left)


def _allocated(
    account: tuple[str | None, str | None], named: Sequence[_Part], rest: _Part | None, allocation: Allocation
) -> Iterator[Share]:
    """Yield the rows of one account. What names nothing is spread over the others, if it is to be and they spent."""
    weights = [max(part.spend, 0) for part in named]
    is_spread = allocation == "proportional" and rest is not None and any(weights)
    spent, usd = (rest.spend, rest.usd) if is_spread and rest else (0, 0)
    amounts = spread(spent, weights, 10 ** (PICO_DIGITS - _PLACES)) if is_spread else (0,) * len(named)
    values = (
        spread(usd, weights, 10 ** (2 * PICO_DIGITS - _PLACES))
        if is_spread and usd is not None
        else (0 if usd is not None else None,) * len(named)
    )
    for part, amount, value in zip(named, amounts, values, strict=True):
        yield _share(account, part, amount, value)
    if rest is not None:
        yield _share(account, rest, -spent, None if usd is None else -usd)


def _share(account: tuple[str | None, str | None], part: _Part, allocated: int, usd_allocated: int | None) -> Share:
    usd = None if part.usd is None or usd_allocated is None else part.usd + usd_allocated
    return Share(
        part.name, part.names, *account, part.requests, part.unknown, from_pico(part.spend), from_pico(allocated),
        from_pico(part.spend + allocated), as_decimal(usd),
    )  # fmt: skip
