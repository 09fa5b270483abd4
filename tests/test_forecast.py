"""The forecast: exact where it can be told by hand, and its band held against simulated months whose end is known."""

import math
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.months.forecast import Forecast, forecast

MONDAY = date(2026, 10, 5)
#: What a weekday takes of a usual day, Monday first.
WEEKDAYS = (1.2, 1.3, 1.25, 1.2, 1.1, 0.4, 0.35)
UNIT = 10**12


def _noise(kind: str, rng: Random) -> float:
    match kind:
        case "heavy tails":
            return math.exp(rng.gauss(0, 0.9) - 0.405)
        case "one day in twenty far more":
            return math.exp(rng.gauss(0, 0.1)) + (8 * rng.random() if rng.random() < 0.05 else 0)
        case _:
            return math.exp(rng.gauss(0, 0.3) - 0.045)


def simulated(kind: str, days: int, seed: str) -> list[int]:
    """Return a simulated spend of each day: weekdays, noise, and a level that stays, wanders or grows."""
    rng = Random(seed)  # noqa: S311 - it has to be repeatable, and guards nothing
    level, memory, found = 100.0, 0.0, []
    for offset in range(days):
        weekday = WEEKDAYS[(MONDAY + timedelta(offset)).weekday()]
        if kind == "level wanders":
            level *= math.exp(rng.gauss(0, 0.03))
        elif kind == "level grows by 0.6 % a day":
            level *= 1.006
        noise = _noise(kind, rng)
        if kind == "days depend on the one before":
            memory = 0.6 * memory + rng.gauss(0, 0.24)
            noise = math.exp(memory - 0.045)
        found.append(round(level * weekday * noise * UNIT))
    return found


def test_steady_weekdays_are_forecast_exactly() -> None:
    week = [10, 20, 30, 40, 50, 0, 0]
    found = forecast(week * 6, MONDAY, 9)
    assert found == Forecast(Fraction(150 + 30), 180, 180, 0, 0)


def test_the_level_is_that_of_the_last_three_weeks() -> None:
    found = forecast([100] * 21 + [300] * 21, MONDAY, 4)
    assert found is not None
    assert found.point == 4 * 300


def test_a_short_history_says_so() -> None:
    assert forecast([1] * 6, MONDAY, 3) is None
    assert forecast([7] * 27, MONDAY, 3) == Forecast(Fraction(21))
    assert forecast([7] * 28, MONDAY, 3) == Forecast(Fraction(21), 21, 21)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**16), min_size=28, max_size=120), st.integers(1, 30), st.integers(2, 1000))
def test_the_band_holds_the_point_and_scales_with_the_unit(history: list[int], days: int, scale: int) -> None:
    found = forecast(history, MONDAY, days)
    scaled = forecast([amount * scale for amount in history], MONDAY, days)
    assert found is not None and scaled is not None  # noqa: PT018 - both are given
    assert found.low is not None and found.high is not None  # noqa: PT018 - a band has both ends
    assert found.low <= round(found.point) <= found.high
    assert scaled.point == found.point * scale
    assert (scaled.tests, scaled.held) == (found.tests, found.held)


#: What the band is held against: the law it is made for, and what breaks its assumptions.
CASES = (
    "independent days", "heavy tails", "one day in twenty far more", "days depend on the one before", "level wanders",
    "level grows by 0.6 % a day",
)  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_the_band_holds_as_often_as_it_says(kind: str) -> None:
    """Print how often the 80 % band held the end of a simulated month after three months of history, by day."""
    held: dict[int, int] = {}
    months = 60
    for today in (5, 15, 25):
        for number in range(months):
            spend = simulated(kind, 92 + 30, f"{kind} {today} {number}")
            found = forecast(spend[: 92 + today], MONDAY + timedelta(92 + today), 30 - today)
            assert found is not None and found.low is not None and found.high is not None  # noqa: PT018 - long enough
            held[today] = held.get(today, 0) + (found.low <= sum(spend[92 + today :]) <= found.high)
    shares = {f"day {today}": f"{count / months:.2f}" for today, count in held.items()}
    coverage = sum(held.values()) / (months * len(held))
    print(f"80 % band, {kind}: held {coverage:.3f} of {months * len(held)} months; {shares}")  # noqa: T201 - measured
    assert 0.7 <= coverage <= 0.9
