"""The answer of a statement in plain sentences: what was spent, what is not in it, what changed, and budgets."""

from collections.abc import Iterator
from decimal import Decimal

from billing.statement import Statement
from billing.unusual_days import UnusualDay
from reports.figures import dollars, exactly, money, places_for, rounded


def answer(found: Statement) -> str:
    """Return a few sentences: the spend, its value in dollars, what is in no sum, and the state of the budgets."""
    return " ".join(_sentences(found))


def unusual_sentence(day: UnusualDay) -> str:
    """Say how unusual a day was, and which SKU and project drove it."""
    unit, more = day.unit or "", "more" if day.spend > day.usual else "less"
    where = f"{day.sku} in project {day.project}" if day.project else f"{day.sku}, in no project,"
    away = f"{_shown(abs(day.driver), unit)} {more} than usual"
    took, usual = _shown(day.spend, unit), _shown(day.usual, unit)
    return (
        f"{day.day:%A}, {day.day} took {took} at {day.provider}, where {usual} are usual; the most of it is {where} "
        f"with {away}."
    )


def _sentences(found: Statement) -> Iterator[str]:
    label = f"{found.month:%B %Y}"
    if not found.is_complete:
        label += f", until {found.as_of:%Y-%m-%d %H:%M} UTC"
    spent = [
        f"{exactly(each.sums.spend, each.unit)} at {each.provider}"
        for each in found.providers
        if each.unit is not None and each.sums.spend
    ]
    yield f"{label}: {_listed(spent) if spent else 'nothing of known cost'} was spent{_worth(found)}."
    yield from _partial(found)
    yield from (f"Budget {line.name} is {_STATUS[line.status]}." for line in found.budgets if line.status != "within")


_STATUS = {"over": "used up and over", "forecast_over": "forecast to be over at the end of the month"}


def _worth(found: Statement) -> str:
    if found.usd is None:
        return ""
    effective = found.usd_effective
    own = "" if effective is None or effective == found.usd else f", {dollars(effective)} at what your own units cost"
    return f", {dollars(found.usd)} at the rate cards' value of a unit{own}"


def _partial(found: Statement) -> Iterator[str]:
    unknown, left = sum(each.sums.unknown for each in found.providers), found.left_out
    parts = [
        (unknown, "have neither a charge nor a price"),
        (left.untimed, "tell no time"),
        (left.conflicts, "conflict with another record of the same id"),
        (left.rejects, "were rejected"),
    ]
    told = [f"{number:,} {why}" for number, why in parts if number]
    if told:
        yield f"This is partial: not in it are requests of which {', '.join(told)}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _shown(amount: Decimal, unit: str) -> str:
    return money(rounded(amount, places_for([amount])), unit)
