"""The answer of a statement in plain sentences: what was spent, what is not in it, what changed, and budgets."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from billing.months.statement import Statement
from billing.months.unusual_days import UnusualDay
from pricing.amounts import plain
from reports import words
from reports.figures import adding_up, exactly, money, places_for, rounded, signed


def answer(found: Statement) -> str:
    """Return a few sentences: the spend, its value in dollars, what is in no sum, and the state of the budgets."""
    return " ".join(_sentences(found))


def unusual_sentence(day: UnusualDay) -> str:
    """Say how unusual a day was, and which SKU and project drove it."""
    unit, more = day.unit or "", "more" if day.spend > day.usual else "less"
    sku = _name(day.sku)
    where = f"{sku} in project {_name(day.project)}" if day.project else f"{sku}, in no project,"
    away = f"{_shown(abs(day.driver), unit)} {more} than usual"
    took, usual = _shown(day.spend, unit), _shown(day.usual, unit)
    return (
        f"{day.day:%A}, {day.day} took {took} at {_name(day.provider)}, where {usual} are usual; most of it is {where} "
        f"with {away}."
    )


def _sentences(found: Statement) -> Iterator[str]:
    label = f"{found.month:%B %Y}"
    if not found.is_complete and not found.is_empty:
        label += f", until {found.as_of:%Y-%m-%d %H:%M} UTC"
    spent = [
        f"{exactly(each.sums.spend, each.unit)} at {_name(each.provider)}"
        for each in found.providers
        if each.unit is not None and each.sums.spend
    ]
    nothing = f"there is no request. {words.held(found.held)}" if found.is_empty else "nothing of known cost was spent."
    yield f"{label}: you spent {words.listed(spent, len(spent))}{_worth(found)}." if spent else f"{label}: {nothing}"
    if found.last_at is not None and not found.is_empty:
        yield f"The logs end before the month does, at {words.minute(found.last_at)}."
    yield from _partial(found)
    yield from _changes(found)
    yield from (
        f"Budget {_name(line.name)} is {_STATUS[line.status]}." for line in found.budgets if line.status != "within"
    )


_EFFECTS = ("price", "volume", "mix", "new", "gone", "rounding")
_PLACES = 4
_STATUS = {"over": "used up and over", "forecast_over": "forecast to be over at the end of the month"}


def _worth(found: Statement) -> str:
    if found.usd is None:
        return ""
    effective = found.usd_effective
    own = "" if effective is None or effective == found.usd else f", {_dollars(effective)} at what your own units cost"
    return f", {_dollars(found.usd)} at the rate cards' value of a unit{own}"


def _dollars(amount: Decimal) -> str:
    return money(plain(rounded(amount, _PLACES)), "USD")


def _changes(found: Statement) -> Iterator[str]:
    """Say what the change of each provider's expected amount is made of, where there was usage before."""
    against = f"{found.change.before_from} to {found.change.before_to - timedelta(days=1)}"
    for each in found.change.totals:
        unit, effects = each.unit or "", each.effects
        if not effects.before or not effects.change:
            continue
        change = rounded(effects.change, _PLACES)
        parts = [getattr(effects, name) for name in _EFFECTS]
        shown = zip(_EFFECTS, adding_up(parts, change, _PLACES), strict=True)
        told = ", ".join(f"{name} {signed(plain(part))}" for name, part in shown if part)
        moved = money(plain(change), unit, with_sign=True)
        yield f"At {_name(each.provider)} what is expected changed by {moved} against {against}: {told}."


def _partial(found: Statement) -> Iterator[str]:
    unknown, left = sum(each.sums.unknown for each in found.providers), found.left_out
    parts = [
        (unknown, "has neither a charge nor a price", "have neither a charge nor a price"),
        (left.untimed, "tells no time", "tell no time"),
        (left.conflicts, *["conflict with another record of the same id"] * 2),
        (left.rejects, "was rejected", "were rejected"),
    ]
    told = [f"{number:,} {one if number == 1 else many}" for number, one, many in parts if number]
    if told:
        yield f"This is partial: not in it are requests of which {', '.join(told)}."


def _name(name: str | None) -> str:
    """Return a name as prose can hold it: logs may tell any, and a sentence is escaped by nobody."""
    if name is None:
        return "an unknown provider"
    return "".join(each if each.isalnum() or each in "._:/@- " else "\N{REPLACEMENT CHARACTER}" for each in name)


def _shown(amount: Decimal, unit: str) -> str:
    return money(rounded(amount, places_for([amount])), unit)
