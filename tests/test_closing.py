"""Closed periods: what is kept of them, what corrects them later, and what is known of them since."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.errors import RefusedInputError
from billing.invoicing.closed_periods import closed_periods
from billing.invoicing.closing import close, kept_answer, restate
from billing.invoicing.invoices import Invoice, InvoiceLine
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import reconcile
from billing.ledger import Ledger
from billing.receipt import receipted
from billing.records import Status, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from tests.invoice_values import (
    CATALOG,
    CLOSED_AT,
    DECEMBER,
    MIDDLE,
    NOVEMBER,
    OCTOBER,
    PICO,
    PRICES,
    entry,
    invoice,
    refund,
    request,
    usage,
)
from tests.ledgers import LEARNED, a_catalog, a_ledger, block, put


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with a_ledger() as opened:
        yield opened


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


def test_a_line_of_a_part_of_a_closed_period_is_of_the_growth_where_all_that_grew_is_in_it(ledger: Ledger) -> None:
    put(ledger, [request("a", is_snapshot=True), request("b", NOVEMBER - timedelta(days=1), is_snapshot=True)])
    close_october(ledger, "2")
    later(ledger, [request("a", is_snapshot=True, tokens=30_000)], "grown")
    spans = (OCTOBER, MIDDLE), (MIDDLE, NOVEMBER)
    parts = [replace(entry("adjustment", "2", *span), sku="model") for span in spans]
    assert corrected(ledger, NOVEMBER, *parts)[0] == (0, 0, 2)
    later(ledger, [request("b", NOVEMBER - timedelta(days=1), is_snapshot=True, tokens=20_000)], "grown, too")
    assert corrected(ledger, NOVEMBER, *parts) == [(1, 1, 3), (1, 1, 2)]  # which part was told of what is not known


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


def test_what_was_told_in_another_currency_is_never_nothing(ledger: Ledger) -> None:
    put(ledger, [request("a")])
    close_october(ledger, "1")
    later(ledger, [request("b", charged="8", tokens=80_000, is_snapshot=True)], "late")
    in_dollars = invoice(usage("0", start=NOVEMBER, end=DECEMBER), currency="USD", name="INV-11")
    close(ledger, CATALOG, reconcile(ledger, CATALOG, in_dollars, Tolerance()), CLOSED_AT + timedelta(days=31))
    later(ledger, [request("b", charged="8", tokens=100_000, is_snapshot=True)], "grown")
    with pytest.raises(RefusedInputError, match="in USD before, and this is in credit; match an invoice in USD"):
        corrected(ledger, DECEMBER)
