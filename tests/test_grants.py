"""Lots of credits: their sum is the balance at every instant, whatever happens, and the policy says which is burnt."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accounting.grants import (
    BadPolicyError,
    Charge,
    GivenBack,
    Grant,
    Lot,
    LotKind,
    Policy,
    Replay,
    Step,
    replay,
)

START = datetime(2026, 10, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def paid(amount: int, expires: int | None = None, cost: int | None = None) -> Grant:
    return Grant(LotKind.PAID, amount, cost, "USD", None if expires is None else day(expires))


def bonus(amount: int, expires: int | None = None) -> Grant:
    return Grant(LotKind.BONUS, amount, 0, "USD", None if expires is None else day(expires))


def left(steps: Sequence[Step], policy: Policy | None = None) -> list[int]:
    return [lot.remaining for lot in lots(replay(steps, policy or Policy()))]


def lots(found: Replay) -> tuple[Lot, ...]:
    return found.lots_at[max(found.lots_at)]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Step, ...]:
    """Draw any sequence of bookings, and a last step that nothing follows."""
    amounts = st.integers(1, 400)
    grants = st.builds(
        Grant, st.sampled_from([LotKind.PAID, LotKind.BONUS, LotKind.ADJUSTMENT]), amounts, st.integers(0, 99),
        st.just("USD"), st.none() | st.integers(1, 14).map(day),
    )  # fmt: skip
    steps = []
    for number in range(draw(st.integers(1, 12))):
        charges = st.builds(Charge, st.integers(0, 11), st.integers(0, 200), amounts)
        steps.append(Step(
            day(number),
            tuple(draw(st.lists(st.integers(-300, 900), max_size=2))) if draw(st.booleans()) else (),
            tuple(
                grant for grant in draw(st.lists(grants, max_size=2))
                if grant.expires_at is None or grant.expires_at > day(number)
            ),
            -draw(st.integers(0, 200)),
            tuple(draw(st.lists(st.builds(GivenBack, amounts, st.none() | charges), max_size=2))),
            draw(st.booleans()),
            draw(st.integers(0, 500)),
        ))  # fmt: skip
    return (*steps, Step(day(len(steps) + 3), is_mark=True))


def check(found: Replay, closing: int) -> None:
    for lot in lots(found):
        assert min(lot.consumed, lot.taken, lot.expired, lot.remaining) >= 0
        assert lot.granted == lot.consumed + lot.taken + lot.expired + lot.remaining
    assert sum(lot.remaining for lot in lots(found)) - found.overdraft == closing
    assert found.overdraft >= 0
    assert not found.overdraft or not any(lot.remaining for lot in lots(found))


@settings(max_examples=80)
@given(histories(), st.permutations(["expires_at", "bonus", "at"]))
def test_the_sum_of_lots_is_the_balance_at_every_instant(steps: tuple[Step, ...], order: list[str]) -> None:
    for upto in range(1, len(steps) + 1):
        found = replay(steps[:upto], Policy(tuple(order)))
        last = found.segments[-1] if found.segments else None
        if steps[upto - 1].is_mark and last:
            check(found, last.closing)
    found = replay(steps, Policy(tuple(order)))
    check(found, found.segments[-1].closing)
    for before, after in zip(found.segments, found.segments[1:], strict=False):
        assert after.opening == (before.closing if before.reported is None else before.reported)


@settings(max_examples=60)
@given(histories())
def test_whatever_is_booked_is_counted_once(steps: tuple[Step, ...]) -> None:
    found = replay(steps, Policy())
    booked = steps[:-1]
    for name, kind in (("topped_up", LotKind.PAID), ("bonus", LotKind.BONUS)):
        told = sum(grant.amount for step in booked for grant in step.grants if grant.kind is kind)
        assert sum(getattr(segment, name) for segment in found.segments) == told
    assert sum(segment.used for segment in found.segments) == sum(step.used for step in booked)
    given_back = sum(back.amount for step in booked for back in step.given_back)
    assert sum(segment.refunded for segment in found.segments) == given_back
    assert sum(segment.expired for segment in found.segments) == sum(lot.expired for lot in lots(found))


@settings(max_examples=60)
@given(histories(), st.integers(0, 60))
def test_the_same_figures_leave_the_same(steps: tuple[Step, ...], more: int) -> None:
    drawn = [step.used for step in steps]
    found = replay(steps, Policy(), drawn, [amount + more for amount in drawn])
    assert [segment.closing for segment in found.segments] == [same for same, _ in found.other_closings]
    assert all(least <= same for same, least in found.other_closings)


def test_what_expires_first_goes_first_then_bonus_then_the_oldest() -> None:
    grants = (paid(10, cost=5), bonus(10), paid(10, 9), bonus(10, 9))
    for used, expected in ((5, [10, 10, 10, 5]), (15, [10, 10, 5, 0]), (25, [10, 5, 0, 0]), (35, [5, 0, 0, 0])):
        assert left([Step(START, grants=grants, used=used), Step(day(1))]) == expected


def test_another_order_can_be_stated() -> None:
    steps = [Step(START, grants=(paid(10), bonus(10, 9)), used=5), Step(day(1))]
    assert left(steps, Policy(("paid", "at"))) == [5, 10]
    assert left(steps, Policy(("at",))) == [5, 10]
    for wrong in ((), ("price",), ("at", "at")):
        with pytest.raises(BadPolicyError, match="made of at, bonus, expires_at, paid"):
            Policy(wrong)


def test_what_is_left_at_its_end_expires_at_that_instant_and_not_before() -> None:
    steps = [Step(START, grants=(paid(10, 2, cost=10),), used=4), Step(day(1)), Step(day(2))]
    assert left(steps[:2]) == [6]
    (lot,) = lots(replay(steps, Policy()))
    assert (lot.expired, lot.cost_consumed, lot.cost_expired) == (6, 4, 6)


def test_cost_is_used_up_to_the_last_pico_unit() -> None:
    (third, whole) = (
        lots(replay([Step(START, grants=(paid(3, cost=100),), used=used), Step(day(1))], Policy())) for used in (1, 3)
    )
    assert (third[0].cost_consumed, whole[0].cost_consumed) == (33, 100)


def test_a_refund_goes_back_to_the_lot_that_its_charge_was_burnt_from() -> None:
    grants = (bonus(10), paid(10))
    of_first = GivenBack(4, Charge(0, 2, 4))
    across = GivenBack(6, Charge(0, 8, 6))
    for back, expected in ((of_first, [4, 5]), (across, [2, 9]), (GivenBack(4), [0, 9])):
        assert left([Step(START, grants=grants, used=15), Step(day(1), given_back=(back,)), Step(day(2))]) == expected


def test_a_refund_of_a_lot_that_has_expired_is_a_lot_of_its_own() -> None:
    steps = [Step(START, grants=(paid(10, 1),), used=4), Step(day(2), given_back=(GivenBack(3),)), Step(day(3))]
    assert [(lot.kind, lot.remaining) for lot in lots(replay(steps, Policy()))] == [
        (LotKind.PAID, 0), (LotKind.REFUND, 3)
    ]  # fmt: skip


def test_what_is_charged_beyond_all_lots_is_an_overdraft_that_the_next_credits_pay_off() -> None:
    steps = [Step(START, grants=(paid(10),), used=25), Step(day(1)), Step(day(2), grants=(paid(20),)), Step(day(3))]
    assert replay(steps[:2], Policy()).overdraft == 15
    assert left(steps) == [0, 5]


def test_what_a_reading_shows_to_be_too_much_makes_good_what_was_missing_before() -> None:
    steps = [
        Step(START, (100,)), Step(day(1), (70,), used=10), Step(day(2), (90,), grants=(paid(10),)),
        Step(day(3), (200,)), Step(day(4)),
    ]  # fmt: skip
    opening, bought, found = lots(replay(steps, Policy()))
    assert (opening.kind, opening.granted, opening.taken, opening.consumed) == (LotKind.OPENING, 100, 0, 10)
    assert (bought.remaining, found.kind, found.remaining) == (10, LotKind.FOUND, 100)
