"""What the parts of a difference are: they add up to the last digit, whatever is invoiced and whatever is held."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoicing.invoice_rounding import DEFAULT, Rule, find_rule
from billing.invoicing.invoices import Invoice, InvoiceLine, Kind, Quantity
from billing.invoicing.matching import Tolerance, Yardstick, carried, match_entry, match_usage, not_invoiced, total_of
from billing.invoicing.metering import Held, Part
from pricing.amounts import PICO_PER_UNIT, from_pico

CENT = 10**10
OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
EXACTLY = Tolerance()

amounts = st.integers(-(10**18), 10**18)
counts = st.integers(0, 10**6)


def a_line(
    amount: int, quantity: int | None = None, unit: Quantity | None = None, *, kind: Kind = "usage"
) -> InvoiceLine:
    told = None if quantity is None else Decimal(quantity)
    return InvoiceLine(1, 2, OCTOBER, NOVEMBER, "model", kind, told, unit, from_pico(amount))


@st.composite
def helds(draw: st.DrawFn) -> Held:
    """Draw what a ledger may hold: the variance is the sum of its causes, and of checked charges less the expected."""
    unpriced, unknown = draw(counts), draw(amounts)
    if draw(st.booleans()):  # nothing of it has a price
        return Held(
            requests=unpriced, reported=unpriced, unpriced=unpriced, unmetered=draw(st.integers(0, unpriced)),
            charged=unknown, unknown_charged=unknown,
        )  # fmt: skip
    causes = tuple(
        Part(name, draw(amounts), draw(counts), (f"F-{number}",))
        for number, name in enumerate(
            draw(st.lists(st.sampled_from(["rate.markup", "unexplained", "rounding"]), unique=True))
        )
    )
    variance = sum(part.amount for part in causes)
    expected, unreported = draw(amounts), draw(amounts)
    return Held(
        requests=draw(counts), failed=draw(counts), tokens=draw(counts), reported=draw(counts), priced=draw(counts) + 1,
        unpriced=unpriced, unmetered=draw(st.integers(0, unpriced)), charged=expected - unreported + variance + unknown,
        unreported=unreported, expected=expected, variance=variance, cut=draw(amounts), unknown_charged=unknown,
        refunds=draw(counts), refunded=-abs(draw(amounts)), causes=causes,
    )  # fmt: skip


rules = st.builds(Rule, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["none", "half_up", "down", "up"]))
yardsticks = st.builds(
    Yardstick, rules, st.sampled_from([1, CENT, PICO_PER_UNIT]), st.just(EXACTLY), st.none() | st.integers(0, 10**12)
)
units = st.tuples(counts, st.sampled_from(["tokens", "Mtok", "requests", "credits"])) | st.just((None, None))


@given(helds(), amounts, units, yardsticks)
def test_the_parts_of_a_line_add_up_whatever_is_invoiced(
    held: Held, invoiced: int, told: tuple[int | None, Quantity | None], yardstick: Yardstick
) -> None:
    line = match_usage(a_line(invoiced, *told), held, yardstick)
    assert sum(part.amount for part in line.parts) == invoiced - held.expected
    assert all(part.amount for part in line.parts)
    assert (line.verdict in ("matched", "unpriced")) == (line.beyond == 0)


@given(st.lists(st.tuples(helds(), amounts), max_size=4), st.lists(amounts, max_size=3), amounts, yardsticks)
def test_the_parts_of_the_total_are_those_of_its_lines(
    used: list[tuple[Held, int]], given_back: list[int], booked: int, yardstick: Yardstick
) -> None:
    invoice = an_invoice()
    lines = [
        *(match_usage(a_line(invoiced), held, yardstick) for held, invoiced in used),
        *(match_entry(a_line(amount, kind="refund"), booked, "refund", EXACTLY) for amount in given_back),
        *(not_invoiced("other", held, invoice, EXACTLY) for held, _ in used if held.priced),
        carried(a_line(12345, kind="tax")),
        match_entry(a_line(booked, kind="top_up"), booked, "top_up", EXACTLY),
    ]
    total = total_of(lines, invoice, EXACTLY)
    assert total.invoiced == sum(invoiced for _, invoiced in used) + sum(given_back)
    assert total.variance == sum(part.amount for part in total.parts)
    assert total.expected == 2 * sum(held.expected for held, _ in used)


def an_invoice() -> Invoice:
    return Invoice("INV-1", "vendor", "credit", OCTOBER, NOVEMBER, (), Path("invoice.csv"), "0" * 64, 2)


CUT = Held(
    requests=1000, reported=1000, priced=1000, charged=500 * CENT, expected=500 * CENT, cut=499 * CENT + CENT // 4
)


@pytest.mark.parametrize(
    ("invoiced", "rule"),
    [
        (500 * CENT, Rule(mode="none")),  # the charges, each cut already
        (999 * CENT, Rule(is_exact=True, mode="half_up")),  # the exact total, rounded on the invoice
        (1000 * CENT, Rule(is_exact=True, mode="up")),
        (501 * CENT, DEFAULT),  # nothing gives that
    ],
)
def test_the_rounding_is_told_from_a_line_that_comes_out_exactly(invoiced: int, rule: Rule) -> None:
    assert find_rule([(invoiced, CUT)], CENT, may_be_net=True) == rule


def test_a_thousand_charges_cut_to_a_cent_are_no_fault_of_five_credits() -> None:
    rule = find_rule([(999 * CENT, CUT)], CENT, may_be_net=True)
    line = match_usage(a_line(999 * CENT), CUT, Yardstick(rule, CENT, EXACTLY))
    assert (line.verdict, line.variance, line.cause) == ("matched", 499 * CENT, None)
    assert line.parts == (Part("rounding", 499 * CENT),)


def test_the_rule_is_the_one_of_most_lines_so_that_a_fault_does_not_hide_in_it() -> None:
    lines = [(500 * CENT, CUT), (500 * CENT, CUT), (999 * CENT, CUT)]
    rule = find_rule(lines, CENT, may_be_net=True)
    assert not rule.is_exact
    line = match_usage(a_line(999 * CENT), CUT, Yardstick(rule, CENT, EXACTLY))
    assert (line.verdict, line.cause, line.beyond) == ("overcharged", "unexplained", 499 * CENT)


FAULTY = Held(
    requests=10, failed=2, tokens=10_000, reported=10, priced=10, charged=110 * CENT, expected=100 * CENT,
    variance=10 * CENT, causes=(Part("rate.markup", 10 * CENT, 4, ("F-001",)),),
)  # fmt: skip


def match(
    amount: int, quantity: int | None = None, unit: Quantity | None = None, held: Held = FAULTY
) -> dict[str, int]:
    line = match_usage(
        a_line(amount, quantity, unit), held, Yardstick(DEFAULT, CENT, EXACTLY, dearest_token=CENT // 100)
    )
    return {part.cause: part.amount // CENT for part in line.parts} | {line.verdict: line.beyond // CENT}


def test_a_fault_that_is_reported_and_not_invoiced_is_none_of_the_invoice() -> None:
    assert match(100 * CENT) == {"matched": 0}
    assert match(110 * CENT) == {"rate.markup": 10, "overcharged": 10}


@pytest.mark.parametrize(
    ("amount", "quantity", "unit", "parts"),
    [
        (150, 13, "requests", {"not_in_log": 40}),
        (150, 12, "requests", {"unexplained": 40}),  # failed requests are counted by some
        (150, 10_500, "tokens", {"not_in_log": 5, "unexplained": 35}),  # so few tokens cost no more than that
        (150, 10_000, "tokens", {"unexplained": 40}),
        (105, 9, "requests", {"not_invoiced": -5}),
        (150, 9, "requests", {"unexplained": 40}),  # fewer requests, and more money
        (150, None, None, {"unexplained": 40}),
    ],
)
def test_a_quantity_tells_what_only_one_side_counts(
    amount: int, quantity: int | None, unit: Quantity | None, parts: dict[str, int]
) -> None:
    found = match(amount * CENT, quantity, unit)
    assert found | parts == found
    assert found["rate.markup"] == 10


def test_millions_of_tokens_are_compared_as_far_as_they_are_told() -> None:
    line = InvoiceLine(1, 2, OCTOBER, NOVEMBER, "model", "usage", Decimal("0.01"), "Mtok", Decimal("1.50"))
    found = match_usage(line, FAULTY, Yardstick(DEFAULT, CENT, EXACTLY))
    assert (found.quantity, found.held_quantity) == (10**10, 10**10)
    assert "not_in_log" not in {part.cause for part in found.parts}


def test_what_nobody_can_price_costs_at_most_what_bounds_it_and_never_less_than_nothing() -> None:
    held = Held(requests=3, reported=2, priced=1, unpriced=2, unmetered=1, charged=7 * CENT, expected=5 * CENT,
                unknown_charged=2 * CENT, unbounded=1)  # fmt: skip
    bounded = replace(held, unbounded=0, unmetered_most=CENT)
    assert match(9 * CENT, held=held) == {"unpriced": 2, "unmetered": 2, "matched": 0}
    assert match(9 * CENT, held=bounded) == {"unpriced": 2, "unmetered": 1, "unexplained": 1, "overcharged": 1}
    assert match(6 * CENT, held=held) == {"unpriced": 2, "unexplained": -1, "undercharged": -1}


def test_nothing_held_is_not_in_the_log_and_nothing_priced_is_no_match() -> None:
    line = match_usage(a_line(5 * CENT), Held(), Yardstick(DEFAULT, CENT, EXACTLY))
    assert (line.verdict, line.metered, line.expected, line.variance) == ("not_in_log", None, None, None)
    unpriced = Held(requests=1, reported=1, unpriced=1, charged=5 * CENT, unknown_charged=5 * CENT)
    line = match_usage(a_line(5 * CENT), unpriced, Yardstick(DEFAULT, CENT, EXACTLY))
    assert (line.verdict, line.expected, line.cause) == ("unpriced", None, None)


def test_of_two_tolerances_the_stricter_holds() -> None:
    both = Tolerance(Decimal("0.05"), Decimal(1))
    assert both.lets_pass(5 * CENT, 600 * CENT)
    assert not both.lets_pass(5 * CENT, 400 * CENT)
    assert not both.lets_pass(6 * CENT, 10_000 * CENT)
    assert Tolerance(percent=Decimal("0.5")).lets_pass(-5 * CENT, -1000 * CENT)
    assert not EXACTLY.lets_pass(1, 10**30)


@given(helds(), st.integers(0, 10**15))
def test_invoicing_by_any_rule_that_is_found_leaves_nothing_to_explain(held: Held, seed: int) -> None:
    rule = Rule(bool(seed & 1), bool(seed & 2), bool(seed & 4), ("none", "half_up", "down", "up")[seed >> 3 & 3])
    invoiced = rule.value(held, CENT)
    if held.is_empty:
        return
    found = find_rule([(invoiced, held)], CENT, may_be_net=True)
    assert found.value(held, CENT) == invoiced
    line = match_usage(a_line(invoiced), held, Yardstick(found, CENT, EXACTLY))
    assert "unexplained" not in {part.cause for part in line.parts} - {part.cause for part in held.causes}
