"""The match over ledgers made at hand: whose usage a line is of, and what of all that is booked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accounting.accounts import add_by_hand
from billing.errors import RefusedInputError
from billing.invoicing.invoices import InvoiceLine
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import reconcile
from billing.ledger import Ledger
from billing.records import AccountEntry, EntryKind, Status, UsageRecord
from tests.invoice_values import (
    CATALOG,
    MIDDLE,
    NOVEMBER,
    OCTOBER,
    PICO,
    entry,
    invoice,
    match,
    parts,
    refund,
    request,
    told,
    usage,
)
from tests.ledgers import a_ledger, put


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with a_ledger() as opened:
        yield opened


def test_a_line_without_a_sku_is_all_that_no_other_line_names(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", sku="model-1"), request("c", sku="other", charged="4")])
    found = match(ledger, usage("2"), usage("4", sku=None))
    assert told(found) == [("model", 2, 2, "matched"), (None, 4, None, "unpriced")]
    assert told(match(ledger, usage("6", sku=None))) == [(None, 6, 2, "matched")]
    assert told(match(ledger, usage("2", sku="model-1"))) == [
        ("model-1", 2, 2, "matched"),
        ("other", 0, None, "unpriced"),
    ]


def test_lines_of_parts_of_the_period_leave_the_rest_uninvoiced(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", MIDDLE), request("c", NOVEMBER - timedelta(microseconds=1))])
    halves = match(ledger, usage("1", end=MIDDLE), usage("2", start=MIDDLE))
    assert told(halves) == [("model", 1, 1, "matched"), ("model", 2, 2, "matched")]
    first = reconcile(ledger, CATALOG, replace(invoice(usage("1", end=MIDDLE)), end=NOVEMBER), Tolerance())
    assert told(first) == [("model", 1, 1, "matched"), ("model", 0, 2, "not_invoiced")]
    assert first.has_variance
    assert parts(first) == {"not_invoiced": -2}


def test_failures_that_are_charged_are_invoiced_wrongly(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", status=Status.FAILED, charged="3", tokens=0)])
    found = match(ledger, usage("4"))
    assert told(found) == [("model", 4, 1, "overcharged")]
    (cause,) = parts(found)
    assert parts(found) == {cause: 3}
    assert found.total.cause == cause
    assert cause in ("charge.on_failure", "refund.missing")


def test_refunds_are_matched_by_their_line_or_netted_or_missed(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", charged="6"), refund("r", "-5")])
    by_line = match(ledger, usage("7"), entry("refund", "-5"))
    assert [line.verdict for line in by_line.lines] == ["overcharged", "matched"]
    assert (by_line.total.verdict, by_line.total.variance) == ("matched", 0)
    net = match(ledger, usage("2"))
    assert net.total.variance == 0
    assert not [line for line in net.lines if line.kind == "refund"]
    missed = match(ledger, usage("7"))
    assert [(line.kind, line.metered, line.verdict) for line in missed.lines[1:]] == [
        ("refund", -5 * PICO, "not_invoiced")
    ]
    wrong = match(ledger, usage("7"), entry("refund", "-4"))
    assert wrong.lines[1].verdict == "overcharged"
    unknown = match(ledger, usage("7"), replace(entry("refund", "-4"), sku="other"))
    assert unknown.lines[1].verdict == "not_in_log"


def test_refunds_on_several_lines_are_each_held_against_their_own(ledger: Ledger) -> None:
    of_other = replace(refund("s", "-2"), sku="other")
    put(ledger, [request("a", charged="6"), refund("r", "-5"), of_other])
    both = match(ledger, usage("6"), replace(entry("refund", "-5"), sku="model"), entry("refund", "-2"))
    assert [line.verdict for line in both.lines[1:]] == ["matched", "matched"]
    parted = match(ledger, usage("6"), *(replace(entry("refund", each), sku="model") for each in ("-3", "-2")))
    assert [line.verdict for line in parted.lines[1:3]] == ["matched", "matched"]
    twice = match(ledger, usage("6"), *(replace(entry("refund", "-5"), sku="model") for _ in range(2)))
    assert [line.verdict for line in twice.lines[1:3]] == ["matched", "not_in_log"]


def test_one_top_up_pays_for_one_line(ledger: Ledger) -> None:
    def told(*amounts: str) -> list[tuple[int | None, str]]:
        found = match(ledger, usage("0"), *(entry("top_up", amount) for amount in amounts))
        return [(line.metered and line.metered // PICO, line.verdict) for line in found.lines[1:]]

    add_by_hand(ledger, AccountEntry(1, "vendor", OCTOBER, Decimal(100), "credit"), OCTOBER)
    assert told("100", "100") == [(100, "matched"), (None, "not_in_log")]
    add_by_hand(ledger, AccountEntry(1, "vendor", OCTOBER, Decimal(50), "credit"), OCTOBER)
    assert told("40", "100") == [(50, "undercharged"), (100, "matched")]


def test_two_top_up_lines_that_match_no_entry_share_what_is_booked(ledger: Ledger) -> None:
    for amount in (100, 50):
        add_by_hand(ledger, AccountEntry(1, "vendor", OCTOBER, Decimal(amount), "credit"), OCTOBER)
    found = match(ledger, usage("0"), *(entry("top_up", amount) for amount in ("50", "60", "30")))
    assert [(line.metered and line.metered / PICO, line.verdict) for line in found.lines[1:]] == [
        (50, "matched"), (60, "matched"), (40, "undercharged"),
    ]  # fmt: skip
    early = replace(entry("top_up", "20", end=MIDDLE), sku=None)
    found = match(ledger, usage("0"), entry("top_up", "130"), early, entry("top_up", "1", start=MIDDLE))
    assert [line.metered and line.metered / PICO for line in found.lines[1:]] == [130, 20, None]


def test_refund_lines_of_overlapping_periods_share_no_money(ledger: Ledger) -> None:
    put(ledger, [request("a", charged="6"), refund("r", "-3"), refund("s", "-5", MIDDLE)])
    whole, half = entry("refund", "-5"), entry("refund", "-3", end=MIDDLE)
    for lines in ((whole, half), (half, whole)):
        found = match(ledger, usage("6"), *lines)
        assert [line.verdict for line in found.lines[1:]] == ["matched", "matched"]
    found = match(ledger, usage("6"), replace(half, sku="model"), entry("refund", "-6"))
    assert [line.metered and line.metered / PICO for line in found.lines[1:]] == [-3, -5]
    found = match(ledger, usage("6"), whole, replace(whole, end=MIDDLE), replace(half, amount=Decimal(-8)))
    assert sum(line.metered or 0 for line in found.lines[1:]) == -8 * PICO


def test_what_an_account_got_back_in_credits_is_held_against_an_invoice_in_dollars(ledger: Ledger) -> None:
    def booked(kind: EntryKind, amount: int, bonus: int = 0) -> None:
        add_by_hand(ledger, AccountEntry(
            1, "vendor", MIDDLE, Decimal(amount), "credit", kind=kind, bonus=Decimal(bonus),
            paid=Decimal("0.4") if bonus else None, currency="USD" if bonus else None,
        ), OCTOBER)  # fmt: skip

    booked(EntryKind.REFUND, 4)
    booked(EntryKind.TOP_UP, 100, 20)
    lines = entry("refund", "-0.02"), entry("top_up", "0.4"), entry("bonus", "0.1")
    found = match(ledger, usage("0"), *lines, currency="USD")
    assert [line.verdict for line in found.lines[1:]] == ["matched"] * 3
    dearer = match(ledger, usage("0"), entry("refund", "-0.04"), currency="USD", usd=PICO // 100)
    assert dearer.lines[1].verdict == "matched"


def test_a_stream_that_was_cut_explains_no_more_than_a_request_can_cost(ledger: Ledger) -> None:
    cut = request("cut", charged=None, status=Status.INCOMPLETE)
    put(ledger, [request("a"), request("b", charged="2", tokens=20_000), cut])
    small = match(ledger, usage("5.5"))
    assert parts(small) == {"unmetered": Decimal("2.5")}
    assert not small.has_variance
    large = match(ledger, usage("1000"))
    assert parts(large) == {"unmetered": 7, "unexplained": 990}  # 10,000 tokens as output, and the dearest request
    assert large.lines[0].verdict == "overcharged"


def test_nothing_bounds_what_has_no_price_at_all(ledger: Ledger) -> None:
    put(ledger, [request("a", sku="other", charged=None)])
    assert parts(match(ledger, usage("1000", sku="other"))) == {"unmetered": 1000}


def test_a_failure_that_was_charged_and_given_back_is_no_fault_of_the_invoice(ledger: Ledger) -> None:
    failed = request("b", charged="5", status=Status.FAILED, tokens=0)
    put(ledger, [request("a"), failed, refund("r", "-5", OCTOBER + timedelta(hours=1))])
    found = match(ledger, usage("6"), entry("refund", "-5"))
    assert [line.verdict for line in found.lines] == ["matched", "matched"]
    assert parts(found) == {"charge.refunded": 5, "refund": -5}
    assert not found.has_variance
    assert match(ledger, usage("6")).lines[1].verdict == "not_invoiced"


def test_charges_for_a_sku_that_nobody_knows_become_dollars_too(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", sku="other", charged="3")])
    found = match(ledger, usage("0.02", sku=None), currency="USD")
    assert found.lines[0].metered == PICO // 50
    assert parts(found) == {"unpriced": Decimal("0.015")}


def test_an_adjustment_is_shown_and_taxes_are_in_no_sum(ledger: Ledger) -> None:
    put(ledger, [request("a")])
    found = match(ledger, usage("1"), entry("adjustment", "2"), entry("tax", "3"), entry("fee", "4"))
    assert [line.verdict for line in found.lines] == ["matched", "not_in_log", "carried", "carried"]
    assert found.total.invoiced == 3 * PICO


def test_an_invoice_in_dollars_takes_the_card_s_value_of_a_credit_or_the_buyer_s(ledger: Ledger) -> None:
    put(ledger, [request("a", charged="3"), request("b")])
    found = match(ledger, usage("0.02"), currency="USD")
    (line,) = found.lines
    assert (line.metered, line.expected, line.verdict) == (PICO // 50, PICO // 100, "overcharged")
    assert sum(part.amount for part in line.parts) == line.variance == PICO // 100
    dearer = match(ledger, usage("0.04"), currency="USD", usd=PICO // 100)
    assert (dearer.lines[0].metered, dearer.lines[0].expected) == (PICO // 25, PICO // 50)


def test_amounts_that_dollars_can_not_hold_add_up_all_the_same(ledger: Ledger) -> None:
    put(
        ledger,
        [
            request("a", charged="3.33"),
            request("b", status=Status.INCOMPLETE, charged="0.01"),
            request("c", charged=None),
        ],
    )
    found = match(ledger, usage("0.02"), currency="USD", usd=333_333_333_333)
    (line,) = found.lines
    assert line.variance == sum(part.amount for part in line.parts)
    assert "rounding" in parts(found)


def test_an_invoice_of_a_vendor_that_the_ledger_does_not_know_is_not_in_the_log(ledger: Ledger) -> None:
    found = match(ledger, usage("1"), usage("0", sku=None))
    assert told(found) == [("model", 1, None, "not_in_log"), (None, 0, None, "matched")]


def test_a_credit_that_nobody_values_can_not_be_invoiced_in_dollars(ledger: Ledger) -> None:
    put(ledger, [request("a")])
    card = CATALOG.cards[0].model_copy(update={"usd_per_unit": ()})
    with pytest.raises(RefusedInputError, match="--usd-per-credit"):
        match(ledger, usage("1"), catalog=replace(CATALOG, cards=(card,)), currency="USD")


def test_charges_in_dollars_are_not_added_to_an_invoice_in_credits(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", unit="USD", charged="1000")])
    found = match(ledger, usage("1"))
    assert found.lines[0].metered == PICO
    assert found.lines[0].unpriced == 1


records = st.builds(
    request,
    name=st.uuids().map(str),
    at=st.sampled_from([OCTOBER, MIDDLE, NOVEMBER]),
    charged=st.none() | st.decimals(0, 9, places=2).map(str),
    sku=st.sampled_from(["model", "model-1", "other"]),
    tokens=st.integers(0, 50_000),
    status=st.sampled_from([Status.OK, Status.OK, Status.FAILED, Status.INCOMPLETE]),
)
sku_lines = st.tuples(
    st.decimals(0, 99, places=2).map(str), st.sampled_from(["model", "other", None]),
).map(lambda told: usage(*told))  # fmt: skip


@settings(max_examples=6)
@given(st.lists(records, max_size=8), st.lists(sku_lines, min_size=1, max_size=3, unique_by=lambda line: line.sku))
def test_nothing_is_lost_and_nothing_counted_twice(held: Sequence[UsageRecord], lines: list[InvoiceLine]) -> None:
    with a_ledger() as ledger:
        put(ledger, held)
        found = match(ledger, *lines)
        at_once = match(ledger, usage("0", sku=None))
    for line in (*found.lines, found.total):
        assert sum(part.amount for part in line.parts) == (line.invoiced or 0) - (line.expected or 0)
    assert found.total.expected == at_once.total.expected
    assert (found.total.requests or 0) <= (at_once.total.requests or 0)
    assert sum(line.unpriced for line in found.lines) <= at_once.total.unpriced
