"""Days that cost unusually much or little, by a robust score, and what drove them.

What is usual for a day is the median of its weekday in the history (of all days, where there are fewer than four of
that weekday). The score is its distance from that in robust standard deviations: 1.4826 times the median absolute
distance of all days. Where more than half of the days are all alike, the mean absolute distance takes its place, times
1.2533. Where most days take nothing, nothing is usual, and so nothing unusual. All of it is exact arithmetic; the score
is rounded to one decimal place. A day is unusual from 3.5 on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import median

_UNUSUAL = Fraction(35, 10)
_MEDIAN_SCALE, _MEAN_SCALE = Fraction(14826, 10_000), Fraction(12533, 10_000)
#: Fewer of a weekday have no median of their own, and fewer days tell nothing of what is usual.
_FEWEST_OF_WEEKDAY, _FEWEST = 4, 14


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day whose spend is far from what is usual; amounts are in the unit."""

    day: date
    provider: str | None
    unit: str | None
    spend: Decimal
    usual: Decimal
    """The median that it is held against."""
    score: Decimal
    """Robust standard deviations from the usual, below zero for less; one decimal place."""
    sku: str | None
    """The SKU and project that were furthest from their own usual in the same direction."""
    project: str | None
    driver: Decimal
    """How far they were."""


@dataclass(frozen=True, slots=True)
class Odd:
    """An unusual day in whole numbers."""

    day: date
    amount: int
    usual: int
    score: Decimal
    peers: tuple[date, ...]
    """The days that it is held against, itself among them."""


def odd_days(amounts: Mapping[date, int]) -> tuple[Odd, ...]:
    """Return the days whose amount is unusual among these, which are to be without a gap."""
    if len(amounts) < _FEWEST or not _middle(list(amounts.values())):
        return ()
    peers = _peers(sorted(amounts))
    usual = {day: _middle([amounts[peer] for peer in peers[day]]) for day in amounts}
    distances = [abs(amounts[day] - usual[day]) for day in amounts]
    scale = _MEDIAN_SCALE * _middle(distances) or _MEAN_SCALE * Fraction(sum(distances), len(distances))
    if not scale:
        return ()
    scores = {day: (amounts[day] - usual[day]) / scale for day in sorted(amounts)}
    return tuple(
        Odd(day, amounts[day], round(usual[day]), Decimal(round(score * 10)).scaleb(-1), peers[day])
        for day, score in scores.items()
        if abs(score) >= _UNUSUAL
    )


def driver(
    odd: Odd, parts: Mapping[tuple[str | None, str | None], Mapping[date, int]]
) -> tuple[tuple[str | None, str | None], int]:
    """Return the SKU and project that are furthest from their own usual on that day, in its direction, and how far."""
    sign = 1 if odd.amount >= odd.usual else -1
    away = {
        name: by_day.get(odd.day, 0) - round(_middle([by_day.get(peer, 0) for peer in odd.peers]))
        for name, by_day in parts.items()
    }
    name = max(sorted(away, key=str), key=lambda each: sign * away[each])
    return name, away[name]


def _peers(days: Sequence[date]) -> dict[date, tuple[date, ...]]:
    by_weekday: dict[int, list[date]] = defaultdict(list)
    for day in days:
        by_weekday[day.weekday()].append(day)
    everyone = tuple(days)
    return {
        day: tuple(same) if len(same := by_weekday[day.weekday()]) >= _FEWEST_OF_WEEKDAY else everyone for day in days
    }


def _middle(amounts: Sequence[int | Fraction]) -> Fraction:
    return Fraction(median(map(Fraction, amounts)))
