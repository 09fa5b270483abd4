"""A run-rate forecast of daily amounts with a band that is measured on their own history.

The run rate: a day takes what its weekday took in the history on average, times the level, which is what the last 21
days took over what their weekdays take on average.

The band's unit is what h days to come would vary by if days were independent: s = sigma * sqrt(h + h * h / 21), sigma
being the standard deviation of the history from its weekdays' means. How many s wide it is, is found by making the same
forecast at every third day of the history and holding it against what came: of these errors and five that a normal law
gives (which alone decide where there is little history) the one is taken that four in five are below.

There is neither chance nor a float in it: errors are compared by their squares, and the root is one of whole numbers.
tests/test_forecast.py measures how often the band holds.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import isqrt

#: The days that the level is taken from, and those of the history that are looked at.
_LEVEL_DAYS, HISTORY_DAYS = 21, 92
#: Fewer days than these have no run rate, or no band.
_FEWEST, _FEWEST_FOR_BAND = 7, 28
_TEST_EVERY = 3
_WEEK = 7
#: The absolute errors that a normal law gives, one in the middle of each fifth of them, in hundredths.
_NORMAL_ERRORS = (13, 39, 67, 104, 164)
#: Four in five.
_INSIDE = Fraction(4, 5)


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

    Return None if the history has fewer than 7 days.
    """
    seen = history[-HISTORY_DAYS:]
    if len(seen) < _FEWEST:
        return None
    weekdays = [(first + timedelta(offset)).weekday() for offset in range(-len(seen), days)]
    past = _Past.of(seen, weekdays)
    point = past.run_rate(weekdays[len(seen) :])
    if len(seen) < _FEWEST_FOR_BAND or not days:
        return Forecast(point)
    errors = _past_errors(seen, weekdays, days)
    ranked = sorted((*errors, *(Fraction(error, 100) ** 2 for error in _NORMAL_ERRORS)))
    width = ranked[min(len(ranked), -(-_INSIDE * (len(ranked) + 1) // 1)) - 1]
    half = isqrt(round(width * past.square(days)))
    held = sum(error <= width for error in errors)
    return Forecast(point, max(round(point) - half, 0), max(round(point) + half, 0), len(errors), held)


@dataclass(frozen=True, slots=True)
class _Past:
    """A history: what each weekday takes on average, the level of the last days, and how far days are from it."""

    means: dict[int, Fraction]
    level: Fraction
    """1 if the last days took what their weekdays take on average."""
    variance: Fraction
    days: int

    @classmethod
    def of(cls, history: Sequence[int], weekdays: Sequence[int]) -> "_Past":
        """Take in a history and the weekday of each of its days, and maybe of some that follow."""
        by_weekday: dict[int, list[int]] = defaultdict(list)
        for amount, weekday in zip(history, weekdays, strict=False):
            by_weekday[weekday].append(amount)
        everywhere = Fraction(sum(history), len(history))
        means = dict.fromkeys(range(_WEEK), everywhere)
        means |= {weekday: Fraction(sum(seen), len(seen)) for weekday, seen in by_weekday.items()}
        squares = sum(
            sum(amount * amount for amount in seen) - means[day] * sum(seen) for day, seen in by_weekday.items()
        )
        expected = _sum_of(means, weekdays[max(0, len(history) - _LEVEL_DAYS) : len(history)])
        level = sum(history[-_LEVEL_DAYS:]) / expected if expected else Fraction(0)
        return cls(means, level, Fraction(squares) / max(1, len(history) - _WEEK), len(history))

    def run_rate(self, weekdays: Sequence[int]) -> Fraction:
        """Return what days of those weekdays take."""
        return self.level * _sum_of(self.means, weekdays)

    def square(self, days: int) -> Fraction:
        """Return the square of what the sum of so many days to come would vary by, were they independent."""
        return self.variance * (days + Fraction(days * days, min(_LEVEL_DAYS, self.days)))


def _sum_of(means: dict[int, Fraction], weekdays: Sequence[int]) -> Fraction:
    return sum((means[weekday] * count for weekday, count in Counter(weekdays).items()), Fraction(0))


def _past_errors(history: Sequence[int], weekdays: Sequence[int], days: int) -> list[Fraction]:
    """Return the squares of how wrong the same forecast would have been in the past, each in its own unit.

    Where the history ends before as many days as asked for, those that there are; but at least a week, or half of them.
    """
    found = []
    for cut in range(len(history) - 1, _LEVEL_DAYS - 1, -_TEST_EVERY):
        ahead = min(days, len(history) - cut)
        if ahead < min(days, max(_WEEK, -(-days // 2))):
            continue
        past = _Past.of(history[:cut], weekdays)
        if square := past.square(ahead):
            error = sum(history[cut : cut + ahead]) - past.run_rate(weekdays[cut : cut + ahead])
            found.append(error * error / square)
    return found
