"""Unusual days: a robust score that one wild day does not move, and who drove it."""

from datetime import date, timedelta
from decimal import Decimal

from billing.months.unusual_days import driver, odd_days

MONDAY = date(2026, 9, 7)
#: What a weekday takes, Monday first, and what each week adds to it.
WEEK, WEEKS = (100, 110, 105, 100, 90, 20, 10), (0, 4, -3, 2, -5, 1)


def six_weeks() -> dict[date, int]:
    days = ((week, day) for week in range(len(WEEKS)) for day in range(7))
    return {MONDAY + timedelta(7 * week + day): WEEK[day] + WEEKS[week] for week, day in days}


def test_quiet_weekends_are_not_unusual() -> None:
    assert odd_days(six_weeks()) == ()


def test_a_dear_and_a_cheap_day_are_scored_by_hand() -> None:
    """Of 42 distances from the median of the weekday 14 are 0.5, 7 are 1.5 and the next is 2.5, so their median is 2.

    The scale is 1.4826 * 2; the dear Tuesday is 288.5 above its usual, the cheap Thursday 80.5 below.
    """
    amounts = six_weeks()
    dear, cheap = MONDAY + timedelta(15), MONDAY + timedelta(17)
    amounts |= {dear: 400, cheap: 20}
    found = odd_days(amounts)
    assert [(each.day, each.amount) for each in found] == [(dear, 400), (cheap, 20)]
    assert (found[0].usual, found[1].usual) == (112, 100)
    assert (found[0].score, found[1].score) == (Decimal("97.3"), Decimal("-27.1"))
    assert len(found[0].peers) == 6


def test_days_that_are_all_alike_but_one() -> None:
    amounts = {MONDAY + timedelta(day): 10 for day in range(30)}
    assert odd_days(amounts) == ()
    odd = MONDAY + timedelta(20)
    (found,) = odd_days(amounts | {odd: 40})
    # All but one are at distance 0: the mean distance of 30 / 30 days takes the place of the median.
    assert (found.day, found.usual, found.score) == (odd, 10, Decimal("23.9"))


def test_a_short_history_tells_nothing() -> None:
    assert odd_days({MONDAY + timedelta(day): 10 + 1000 * (day == 5) for day in range(13)}) == ()


def test_where_most_days_take_nothing_nothing_is_unusual() -> None:
    assert odd_days({MONDAY + timedelta(day): 1000 * (day == 20) for day in range(30)}) == ()


def test_the_driver_is_what_is_furthest_from_its_own_usual() -> None:
    amounts = six_weeks()
    odd_day = MONDAY + timedelta(14)
    (odd,) = odd_days(amounts | {odd_day: 900})
    steady = dict.fromkeys(odd.peers, 60)
    surging = dict.fromkeys(odd.peers, 40) | {odd_day: 840}
    assert driver(odd, {("large", "red"): steady, ("small", None): surging}) == (("small", None), 800)
