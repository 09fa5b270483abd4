"""A run-rate forecast of daily amounts with a band that is measured on their own history.

The run rate: each weekday has a factor, its mean in the history over the mean of all days; the level is what the last
21 days took, over the sum of their factors; what is to come is the level times the factors of the days to come. That
is exact arithmetic of whole numbers.

The band is an estimate, in binary floats. Its unit is what h days to come would vary by if days were independent:
s = sigma * sqrt(h + h * h / 21), sigma being what is left of the history after its weekdays. How many s it is wide is
found by making the same forecast at every third day of the history and holding it against what came: of these errors
and five that a normal law gives (which alone decide where there is little history) the one is taken that four in five
are below. There is no chance in it: the same history gives the same band. tests/test_forecast.py measures how often it
holds.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, sqrt
from typing import TypeVar

#: The days that the level is taken from, and those of the history that are looked at.
_LEVEL_DAYS, HISTORY_DAYS = 21, 92
#: Fewer days than these have no run rate, or no band.
_FEWEST, _FEWEST_FOR_BAND = 7, 28
_TEST_EVERY = 3
#: The absolute errors that a normal law gives, one for each fifth of them.
_NORMAL_ERRORS = (0.25, 0.52, 0.84, 1.28, 1.64)
_INSIDE = 0.8
#: Less than this part of the level is no variation, but what floats leave of none.
_NO_VARIATION = 1e-9

Number = TypeVar("Number", Fraction, float)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What days to come will take, in the unit of the history: most likely `point`, in four of five cases in the band.

    `low` and `high` are None where the history is too short to tell. `tests` forecasts of the past made the band, and
    `held` of them were inside it.
    """

    point: Fraction
    low: int | None = None
    high: int | None = None
    tests: int = 0
    held: int = 0


def forecast(history: Sequence[int], first: date, days: int) -> Forecast | None:
    """Forecast the sum of that many days from `first` on; `history` holds the days before it, the last one last.

    Return None if the history has fewer than 7 days. Amounts of a history are at least 0 but for days of refunds.
    """
    seen = history[-HISTORY_DAYS:]
    if len(seen) < _FEWEST:
        return None
    weekdays = [(first + timedelta(offset)).weekday() for offset in range(-len(seen), days)]
    point = _run_rate([Fraction(amount) for amount in seen], weekdays)
    if len(seen) < _FEWEST_FOR_BAND or not days:
        return Forecast(point)
    floats = [float(amount) for amount in seen]
    errors = _past_errors(floats, weekdays, days)
    ranked = sorted((*errors, *_NORMAL_ERRORS))
    width = ranked[min(len(ranked), ceil(_INSIDE * (len(ranked) + 1))) - 1]
    half = width * _unit(floats, weekdays[: len(floats)], days)
    held = sum(error <= width for error in errors)
    return Forecast(point, max(round(float(point) - half), 0), max(round(float(point) + half), 0), len(errors), held)


def _run_rate(history: Sequence[Number], weekdays: Sequence[int]) -> Number:
    """Return what the days after the history take; there are as many as there are more weekdays than amounts."""
    factors = _factors(history, weekdays)
    last = len(history)
    known = [factors[weekday] for weekday in weekdays[max(0, last - _LEVEL_DAYS) : last]]
    to_come = [factors[weekday] for weekday in weekdays[last:]]
    zero = history[0] - history[0]
    base = sum(known, zero)
    return sum(history[-_LEVEL_DAYS:], zero) * sum(to_come, zero) / base if base else zero


def _factors(history: Sequence[Number], weekdays: Sequence[int]) -> dict[int, Number]:
    """Return the mean of each weekday, which is its factor times the mean of all; unseen ones have the mean of all."""
    by_weekday: dict[int, list[Number]] = defaultdict(list)
    for amount, weekday in zip(history, weekdays, strict=False):
        by_weekday[weekday].append(amount)
    mean = sum(history, history[0] - history[0]) / len(history)
    factors = dict.fromkeys(range(7), mean)
    return factors | {weekday: sum(seen[1:], seen[0]) / len(seen) for weekday, seen in by_weekday.items()}


def _unit(history: Sequence[float], weekdays: Sequence[int], days: int) -> float:
    """Return what the sum of so many days to come would vary by, if days were independent but for their weekday."""
    means = _factors(history, weekdays)
    squares = sum((amount - means[weekday]) ** 2 for amount, weekday in zip(history, weekdays, strict=True))
    sigma = sqrt(squares / max(1, len(history) - 7))
    return sigma * sqrt(days + days * days / min(_LEVEL_DAYS, len(history)))


def _past_errors(history: Sequence[float], weekdays: Sequence[int], days: int) -> list[float]:
    """Return how wrong the same forecast would have been in the past, each in its own unit.

    Where the history ends before as many days as asked for, those that there are; but at least a week, or half of them.
    """
    found = []
    for cut in range(len(history) - 1, _LEVEL_DAYS - 1, -_TEST_EVERY):
        ahead = min(days, len(history) - cut)
        if ahead < min(days, max(7, days / 2)):
            continue
        seen, actual = history[:cut], sum(history[cut : cut + ahead])
        unit = _unit(seen, weekdays[:cut], ahead)
        if unit > _NO_VARIATION * sum(map(abs, seen)):
            found.append(abs(actual - _run_rate(seen, weekdays[: cut + ahead])) / unit)
    return found
