"""However prices change, a request is rated by the price of its instant: SQL and calculator agree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.auditor import requests
from billing.price_calendar import stretches
from billing.rating import Selection, lay_rates
from billing.records import UsageRecord
from pricing.calculator import price
from pricing.catalog import Catalog
from pricing.periods import FIRST, LAST
from pricing.rates import ContextTier, PerMtok, RateBlock
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put

MICROSECOND = timedelta(microseconds=1)
#: Within a day, over months, and at the ends of time.
INSTANTS = st.one_of(
    st.integers(0, 86_400_000_000).map(lambda us: OCTOBER + us * MICROSECOND),
    st.datetimes(datetime(2026, 9, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone
    st.sampled_from([FIRST, LAST, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(1970, 1, 1, tzinfo=UTC)]),
)


def at_rate(rate: int, start: datetime | None, end: datetime | None) -> RateBlock:
    tier = ContextTier(above=1_000, per_mtok=PerMtok(input=Decimal(rate) * 2))
    return block(PerMtok(input=Decimal(rate)), valid_from=start, valid_to=end, context_tiers=(tier,))


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[Catalog, list[datetime]]:
    """Draw a catalog of periods that meet or leave gaps, and the instants at which they begin and end."""
    bounds = sorted(draw(st.sets(INSTANTS, min_size=1, max_size=12)))
    edges: list[datetime | None] = [*bounds]
    edges = [*([None] if draw(st.booleans()) else []), *edges, *([None] if draw(st.booleans()) else [])]
    pairs = list(enumerate(pairwise(edges), start=1))
    kept = [pair for pair in pairs if draw(st.integers(0, 4))] or pairs
    blocks = [at_rate(number, start, end) for number, (start, end) in kept]
    return a_catalog(*(blocks or [at_rate(1, None, None)])), bounds


@settings(max_examples=150)
@given(st.data(), price_lists())
def test_every_instant_has_its_own_price(data: st.DataObject, prices: tuple[Catalog, list[datetime]]) -> None:
    catalog, bounds = prices
    near = [at + step * MICROSECOND for at in bounds for step in (-1, 0, 1) if FIRST < at < LAST]
    times = data.draw(st.lists(st.none() | st.sampled_from(near or bounds) | INSTANTS, min_size=1, max_size=20))
    told = [
        UsageRecord(n, "vendor", "model", f"r{n}", at=at, usage=Usage(input=data.draw(st.sampled_from([1_000, 1_001]))))
        for n, at in enumerate(times)
    ]
    selection = data.draw(st.sampled_from([Selection(), Selection(start=OCTOBER), Selection(end=OCTOBER)]))
    with a_ledger() as ledger:
        put(ledger, told)
        rating = lay_rates(ledger, catalog, selection)
        found = {r.request_id: r for r, _ in requests(rating, most=100, with_matched=True)}
        days = set(rating.summed("audited", "audit_cube")["day"].to_pylist())
    chosen = [
        record for record in told
        if (selection.start is None or (record.at is not None and record.at >= selection.start))
        and (selection.end is None or (record.at is not None and record.at < selection.end))
    ]  # fmt: skip
    assert set(found) == {record.request_id for record in chosen}
    for record in chosen:
        assert found[record.request_id].exact == price(catalog, "vendor", "model", record.usage, record.at).exact
    assert days == {record.at.date() if record.at else None for record in chosen}


def test_a_request_meets_few_of_many_prices() -> None:
    """With 200 prices in a month a request is compared with two of them at most."""
    length = timedelta(days=30) / 200
    edges = [OCTOBER + number * length for number in range(201)]
    catalog = a_catalog(*(at_rate(number, *pair) for number, pair in enumerate(pairwise(edges), start=1)))
    told = [
        UsageRecord(number, "vendor", "model", f"r{number}", at=at, usage=Usage(input=1))
        for number, at in enumerate(edges)
    ]
    with a_ledger() as ledger:
        put(ledger, told)
        lay_rates(ledger, catalog)
        met = ledger.rows("SELECT COUNT(DISTINCT rate_id) FROM calendar GROUP BY name, stretch, prompt_above")
    assert max(count for (count,) in met) == 2


@pytest.mark.parametrize("days", [1, 30, 36_500])
def test_the_calendar_stays_small_however_many_names_and_prices_there_are(days: int) -> None:
    periods = catalog_of_many(days).periods("vendor", "model")
    cut = stretches(periods, 5_000, OCTOBER, OCTOBER + timedelta(days=days))
    assert 5_000 * len(list(cut.rows())) <= 200_000


def catalog_of_many(days: int) -> Catalog:
    edges = [OCTOBER + timedelta(days=days) * number / 300 for number in range(301)]
    return a_catalog(*(at_rate(1, *pair) for pair in pairwise(edges)))
