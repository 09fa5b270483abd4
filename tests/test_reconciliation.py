"""The match over ledgers made at hand: whose usage a line is of, closed periods, and what is known of them later."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.accounts import add_by_hand
from billing.closed_periods import closed_periods
from billing.closing import close, kept_answer, restate
from billing.errors import RefusedInputError
from billing.invoices import Invoice, InvoiceLine, Kind
from billing.ledger import Ledger
from billing.matching import Tolerance
from billing.receipt import receipted
from billing.reconciliation import Reconciliation, reconcile
from billing.records import AccountEntry, EntryKind, Status, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.usage import Usage
from tests.ledgers import LEARNED, a_catalog, a_ledger, block, put

PICO = 10**12
OCTOBER, MIDDLE, NOVEMBER, DECEMBER = (
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((10, 1), (10, 16), (11, 1), (12, 1))
)
CLOSED_AT = datetime(2026, 11, 3, tzinfo=UTC)
PRICES = block(PerMtok(input=Decimal(100), output=Decimal(500)))
CATALOG = a_catalog(PRICES)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with a_ledger() as opened:
        yield opened


def request(  # noqa: PLR0913 - a record has that many sides
    name: str,
    at: datetime = OCTOBER,
    charged: str | None = "1",
    *,
    sku: str = "model",
    tokens: int = 10_000,
    status: Status = Status.OK,
    unit: str = "credit",
    is_snapshot: bool = False,
) -> UsageRecord:
    amount = None if charged is None else Decimal(charged)
    return UsageRecord(
        line=1, provider="vendor", sku=sku, request_id=name, at=at, usage=Usage(input=tokens), status=status,
        charged=amount, unit=None if amount is None else unit, is_snapshot=is_snapshot,
    )  # fmt: skip


def usage(amount: str, sku: str | None = "model", start: datetime = OCTOBER, end: datetime = NOVEMBER) -> InvoiceLine:
    return InvoiceLine(0, 0, start, end, sku, "usage", None, None, Decimal(amount))


def entry(kind: Kind, amount: str, start: datetime = OCTOBER, end: datetime = NOVEMBER) -> InvoiceLine:
    return InvoiceLine(0, 0, start, end, None, kind, None, None, Decimal(amount))


def invoice(*lines: InvoiceLine, currency: str = "credit", name: str = "INV-1") -> Invoice:
    numbered = tuple(replace(line, line=number, file_line=number + 1) for number, line in enumerate(lines, start=1))
    start, end = max((line.start, line.end) for line in lines if line.kind == "usage")
    start = min(line.start for line in lines if line.kind == "usage" and line.end <= end)
    return Invoice(name, "vendor", currency, start, end, numbered, Path(f"{name}.csv"), name, 2)


def match(
    ledger: Ledger, *lines: InvoiceLine, catalog: Catalog = CATALOG, currency: str = "credit", usd: int | None = None
) -> Reconciliation:
    return reconcile(ledger, catalog, invoice(*lines, currency=currency), Tolerance(), usd)


def told(found: Reconciliation) -> list[tuple[str | None, int | None, int | None, str]]:
    """Return of each line its SKU, what is invoiced and expected in units, and the verdict."""

    def units(amount: int | None) -> int | None:
        return None if amount is None else amount // PICO

    return [(line.sku, units(line.invoiced), units(line.expected), line.verdict) for line in found.lines]


def parts(found: Reconciliation) -> dict[str, Decimal]:
    return {part.cause: Decimal(part.amount) / PICO for part in found.total.parts}


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


def refund(name: str, amount: str, at: datetime = OCTOBER) -> UsageRecord:
    return request(name, at, amount, status=Status.REFUND, tokens=0)


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


def close_october(ledger: Ledger, amount: str, catalog: Catalog = CATALOG) -> Invoice:
    asked = invoice(usage(amount))
    close(ledger, catalog, reconcile(ledger, catalog, asked, Tolerance()), CLOSED_AT)
    return asked


def test_what_came_late_is_a_correction_of_the_next_period_once(ledger: Ledger) -> None:
    put(ledger, [request("a")])
    close_october(ledger, "1")
    with receipted(ledger):
        put(ledger, [request("late"), refund("r", "-1"), request("b", NOVEMBER)], "late")
    asked = invoice(usage("1", start=NOVEMBER, end=DECEMBER), name="INV-2")
    found = reconcile(ledger, CATALOG, asked, Tolerance())
    assert [(line.metered, line.expected, line.verdict) for line in found.corrections()] == [
        (PICO, PICO, "correction"), (-PICO, None, "correction"),
    ]  # fmt: skip
    assert not found.has_variance
    assert found.total.invoiced == found.total.expected == PICO
    close(ledger, CATALOG, found, CLOSED_AT)
    after = invoice(usage("0", start=DECEMBER, end=DECEMBER + timedelta(days=31)), name="INV-3")
    assert not reconcile(ledger, CATALOG, after, Tolerance()).corrections()


def test_corrections_are_told_once_in_whatever_order_periods_are_closed(ledger: Ledger) -> None:
    january, february = DECEMBER + timedelta(days=31), DECEMBER + timedelta(days=62)

    def seen(start: datetime, end: datetime, *, closes: bool = False) -> list[str]:
        asked = invoice(usage("0", start=start, end=end), name=f"INV-{start:%m}")
        found = reconcile(ledger, CATALOG, asked, Tolerance())
        if closes:
            close(ledger, CATALOG, found, CLOSED_AT)
        return [f"{line.start:%B}" for line in found.corrections()]

    put(ledger, [request("a", NOVEMBER)])
    seen(NOVEMBER, DECEMBER, closes=True)
    with receipted(ledger):
        put(ledger, [request("late", NOVEMBER)], "late")
    assert seen(OCTOBER, NOVEMBER, closes=True) == []  # it comes before November and can't correct it
    assert seen(DECEMBER, january) == ["November"]
    assert seen(january, february, closes=True) == ["November"]
    assert seen(DECEMBER, january) == []


def later(ledger: Ledger, records: Sequence[UsageRecord], name: str) -> None:
    with receipted(ledger):
        put(ledger, records, name)


def corrected(ledger: Ledger, start: datetime, *lines: InvoiceLine, closes: bool = False) -> list[tuple[object, ...]]:
    """Return what corrects closed periods in the invoice of the month from there: requests, metered and expected."""
    end = (start + timedelta(days=31)).replace(day=1)
    asked = invoice(usage("0", start=start, end=end), *lines, name=f"INV-{start:%m}")
    found = reconcile(ledger, CATALOG, asked, Tolerance())
    if closes:
        close(ledger, CATALOG, found, CLOSED_AT)
    told = (line for line in found.lines if line.kind in ("correction", "adjustment"))
    return [(each.requests, *(None if n is None else n / PICO for n in (each.metered, each.expected))) for each in told]


def test_a_stream_that_grew_after_its_period_was_closed_corrects_it_by_its_growth(ledger: Ledger) -> None:
    def grown(name: str, tokens: int) -> UsageRecord:
        return request(name, charged="1", tokens=tokens, is_snapshot=True)

    january = DECEMBER + timedelta(days=31)
    put(ledger, [grown("a", 10_000), grown("b", 10_000), request("cut", charged=None, status=Status.INCOMPLETE)])
    close_october(ledger, "2")
    later(ledger, [grown("a", 30_000)], "grown")
    assert corrected(ledger, NOVEMBER) == [(0, 0, 2)]
    later(ledger, [request("cut", charged="4", tokens=20_000), request("late", charged="5")], "late")
    assert corrected(ledger, NOVEMBER, closes=True) == [(1, 9, 5)]
    assert corrected(ledger, DECEMBER) == []
    later(ledger, [grown("a", 50_000), grown("b", 20_000)], "grown again")
    assert corrected(ledger, DECEMBER) == [(0, 0, 3)]
    whole = replace(entry("adjustment", "3"), sku="model")
    assert corrected(ledger, DECEMBER, whole, closes=True) == [(0, 0, 3)]
    later(ledger, [grown("b", 30_000)], "and again")
    assert corrected(ledger, january) == [(0, 0, 1)]
    measures = restate(ledger, CATALOG, closed_periods(ledger)[0]).total("credit")
    due = measures["expected"]
    assert due.replaced + due.late_usage == 9 * PICO


def test_what_grew_again_after_a_line_of_all_skus_told_it_is_corrected_by_its_growth(ledger: Ledger) -> None:
    put(ledger, [request("a", is_snapshot=True)])
    close_october(ledger, "1")
    later(ledger, [request("a", is_snapshot=True, tokens=30_000), request("b", sku="other", charged="7")], "grown")
    found = corrected(ledger, NOVEMBER, entry("adjustment", "9"), closes=True)
    assert found == [(1, 7, 2)]
    later(ledger, [request("c", charged="2")], "late")
    assert corrected(ledger, DECEMBER) == [(1, 2, 1)]
    later(ledger, [request("a", is_snapshot=True, tokens=60_000)], "grown again")
    assert corrected(ledger, DECEMBER) == [(1, 2, 4)]


def test_a_closed_period_is_kept_and_is_not_closed_again(ledger: Ledger) -> None:
    put(ledger, [request("a", charged="3")])
    asked = close_october(ledger, "3")
    before = kept_answer(ledger, asked)
    put(ledger, [request("late")], "late")
    after = kept_answer(ledger, asked)
    assert before is not None
    assert after is not None
    assert (after.lines, after.total) == (before.lines, before.total)
    assert after.total.variance == 2 * PICO
    assert after.lines[0].parts == before.lines[0].parts != ()
    with pytest.raises(RefusedInputError, match=r"was closed with this invoice on 2026-11-03.*restate"):
        close_october(ledger, "3")
    other = invoice(usage("3", start=MIDDLE), name="INV-9")
    with pytest.raises(RefusedInputError, match="another file, invoice INV-1"):
        close(ledger, CATALOG, reconcile(ledger, CATALOG, other, Tolerance()), CLOSED_AT)
    assert len(closed_periods(ledger, "vendor")) == 1


def test_prices_learned_later_are_told_from_late_usage_and_refunds(ledger: Ledger) -> None:
    put(ledger, [request("a"), request("b", charged="2")])
    close_october(ledger, "3")
    put(ledger, [request("late", charged="5"), refund("r", "-1")], "late")
    learned = block(PerMtok(input=Decimal(150)), observed_on=date(2026, 11, 5), corrects="it was dearer all along")
    found = restate(ledger, a_catalog(PRICES, learned), closed_periods(ledger)[0])
    measures = found.total("credit")
    due, charged, refunded = (measures[name] for name in ("expected", "charged", "refunded"))
    assert (due.closed, due.replaced, due.price_knowledge, due.late_usage, due.refunds, due.now) == tuple(
        PICO * each // 2 for each in (4, 0, 2, 3, 0, 9)
    )
    assert (charged.closed, charged.price_knowledge, charged.late_usage, charged.now) == (
        3 * PICO,
        0,
        5 * PICO,
        8 * PICO,
    )
    assert (refunded.refunds, refunded.now) == (-PICO, -PICO)
    as_it_was = restate(ledger, a_catalog(PRICES, learned), closed_periods(ledger)[0], LEARNED)
    assert as_it_was.total("credit")["expected"].price_knowledge == 0


def test_a_record_that_was_replaced_since_is_shown_as_such(ledger: Ledger) -> None:
    put(ledger, [request("a", is_snapshot=True, tokens=10_000), request("b")])
    close_october(ledger, "2")
    put(ledger, [request("a", is_snapshot=True, tokens=30_000)], "grown")
    measures = restate(ledger, CATALOG, closed_periods(ledger)[0]).total("credit")
    due = measures["expected"]
    assert (due.closed, due.replaced, due.late_usage, due.now) == (2 * PICO, -PICO, 3 * PICO, 4 * PICO)


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


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
