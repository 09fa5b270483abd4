"""The ledger's own requests under every seller: each as the calculator would rate it, and none lost."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accounting.accounts import add_by_hand
from billing.accounting.own_prices import own_prices
from billing.pieces import replay_together
from billing.rating import Selection
from billing.records import AccountEntry, Status, UsageRecord
from billing.replay import NothingToReplayError, Replay, replay
from pricing.calculator import price
from pricing.comparison import Comparison, Terms
from pricing.offers import Bounds, Offer
from pricing.rates import ContextTier, PerMtok, RateBlock
from pricing.rounding import Rounding
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_ledger, block, put
from tests.rate_strategies import blocks
from tests.vendors import LIST_PRICE, MODEL, NOW, a_card, of, per_mtok

CHANGE = datetime(2026, 10, 10, tzinfo=UTC)
counts = st.integers(0, 300_000)
usages = st.builds(
    Usage, input=counts, output=counts, cache_read=counts, cache_write_5m=counts, cache_write_1h=counts,
    web_searches=st.integers(0, 3), service_tier=st.sampled_from(["standard", "batch"]),
)  # fmt: skip
odd_usages = st.builds(
    Usage, input=counts, cache_write_unsplit=counts, unknown_fields=st.sampled_from([(), ("odd",)])
)  # fmt: skip


def whole(some: RateBlock) -> RateBlock:
    """Return the block with a price for all that has none, so that every request is priced."""

    def filled(rates: PerMtok) -> PerMtok:
        known = {kind: rate for kind, rate in rates if rate is not None}
        return LIST_PRICE.model_copy(update=known)

    tiers = tuple(tier.model_copy(update={"per_mtok": filled(tier.per_mtok)}) for tier in some.context_tiers)
    fees = {"web_search": Decimal("0.01")}
    changes = {"per_mtok": filled(some.per_mtok), "unpublished": (), "context_tiers": tiers, "per_tool_call": fees}
    return some.model_copy(update=changes)


def record(number: int, usage: Usage, **changes: object) -> UsageRecord:
    at = OCTOBER + timedelta(hours=17 * number)
    made = UsageRecord(number, "vendor", "alias", f"request-{number}", at=at, usage=usage)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of a record


def only(found: Replay, provider: str) -> Offer:
    return next(offer for offer in found.comparison.offers if offer.seller.provider == provider)


@settings(max_examples=15)
@given(
    blocks(), blocks(valid_from=CHANGE), blocks(service_tier="batch"), st.lists(usages, min_size=1, max_size=25),
    st.lists(odd_usages, max_size=1),
)  # fmt: skip
def test_a_replay_is_the_sum_of_what_the_calculator_says_of_each_request(
    early: RateBlock, later: RateBlock, batch: RateBlock, used: Sequence[Usage], odd: Sequence[Usage]
) -> None:
    """Over a change of price, context tiers, service tiers, fees, each vendor's rounding, and what nobody prices."""
    dated = (early.model_copy(update={"valid_to": CHANGE}), later, batch)
    catalog = of(
        a_card("vendor", *dated, unit="credit"),
        a_card("other", later),
        a_card("maker", *map(whole, dated), is_list=True),
    )
    records = [record(number, usage) for number, usage in enumerate([*used, *odd], start=1)]
    with a_ledger() as ledger:
        put(ledger, records)
        found = replay(ledger, catalog, MODEL)
    assert found.comparison.requests == len(records)
    for provider, value in (("vendor", Decimal("0.005")), ("other", Decimal(1)), ("maker", Decimal(1))):
        offer = only(found, provider)
        charges = [price(catalog, provider, f"{provider}-sku", each.usage, each.at) for each in records]
        assert offer.unit_amount == total(charge.exact for charge in charges)
        charged = total(charge.charged for charge in charges)
        assert offer.charged == (None if charged is None else Bounds(charged, charged))
        assert offer.low == value * sum(charge.lower for charge in charges)
        assert provider != "maker" or odd or offer.unit_amount is not None


@settings(max_examples=15)
@given(
    blocks(), blocks(valid_from=CHANGE), blocks(service_tier="batch"), st.lists(usages, min_size=1, max_size=25),
    st.lists(odd_usages, max_size=1), st.sampled_from([None, NOW]),
)  # fmt: skip
def test_models_replayed_together_cost_what_each_costs_alone(  # noqa: PLR0913, PLR0917 - what Hypothesis varies
    early: RateBlock,
    later: RateBlock,
    batch: RateBlock,
    used: Sequence[Usage],
    odd: Sequence[Usage],
    at: datetime | None,
) -> None:
    """But for each vendor's rounding: over the same changes, and for requests whose time is not told."""
    dated = (early.model_copy(update={"valid_to": CHANGE}), later, batch)
    catalog = of(a_card("vendor", *dated, unit="credit"), a_card("other", later), a_card("maker", early, is_list=True))
    records = [record(number, usage) for number, usage in enumerate([*used, *odd], start=1)]
    records += [record(100, used[0], at=None), record(101, used[0], status=Status.FAILED)]
    with a_ledger() as ledger:
        put(ledger, records)
        alone = replay(ledger, catalog, MODEL, at=at)
        (together,) = replay_together(ledger, catalog, [MODEL], at=at).values()
    assert replace(alone, comparison=not_rounded(alone.comparison)) == replace(
        together, comparison=not_rounded(together.comparison)
    )
    assert {each.charged for each in together.comparison.offers} == {None}


def not_rounded(found: Comparison) -> Comparison:
    """Return a comparison without rounding; of one kind it does not matter which reason is told first."""

    def plain(each: Offer) -> Offer:
        return replace(each, charged=None, parts=tuple(sorted(each.parts, key=repr)))

    offers = tuple(map(plain, found.offers))
    return replace(found, offers=offers, list_offer=found.list_offer and plain(found.list_offer))


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = list(amounts)
    return None if None in known else sum(filter(None, known), Decimal(0))


def test_each_vendors_own_rounding_and_context_tier_is_applied_request_by_request() -> None:
    """Three requests of 0.0684 credits: 3 x 0.06 cut, 3 x 0.07 up; only the second prompt is over the tier."""
    rates, tier = (
        per_mtok(input="300", output="1500"),
        ContextTier(above=17, per_mtok=per_mtok(input="600", output="3000")),
    )
    cut, up = (Rounding(mode=mode, step=Decimal("0.01")) for mode in ("down", "up"))
    catalog = of(
        a_card("vendor", block(rates, rounding=cut), unit="credit"),
        a_card("other", block(rates, rounding=up), unit="credit"),
        a_card("tiered", block(rates, context_tiers=(tier,)), unit="credit"),
    )
    with a_ledger() as ledger:
        usages = (Usage(input=18, output=42), Usage(input=17, output=42), Usage(input=17, output=42))
        put(ledger, [record(number, usage) for number, usage in enumerate(usages)])
        found = replay(ledger, catalog, MODEL)
    charged = {each.seller.provider: each.charged and each.charged.low for each in found.comparison.offers}
    # 18 x 0.0003 + 42 x 0.0015 = 0.0684 and 17 x 0.0003 + 0.063 = 0.0681; the tier doubles the first
    assert charged == {"vendor": Decimal("0.18"), "other": Decimal("0.21"), "tiered": Decimal("0.273")}


def test_what_failed_was_cut_or_charged_again_is_counted_apart_and_other_models_are_not_there() -> None:
    catalog = of(a_card("vendor", block(LIST_PRICE), is_list=True))
    with a_ledger() as ledger:
        put(ledger, [
            record(1, Usage(input=1_000_000)),
            record(2, Usage(), status=Status.FAILED),
            record(3, Usage(input=5), status=Status.INCOMPLETE),
            record(4, Usage(input=7), sku="another"),
            record(5, Usage(input=7), provider=None),
            *(record(n, Usage(input=9), client_request_id="call", charged=Decimal(1), at=OCTOBER) for n in (6, 7)),
        ])  # fmt: skip
        found = replay(ledger, catalog, MODEL)
        mapped = replay(ledger, catalog, MODEL, terms=Terms({"another": MODEL}))
        with pytest.raises(NothingToReplayError, match="no request of model"):
            replay(ledger, catalog, MODEL, Selection(end=OCTOBER))
    assert (found.comparison.requests, only(found, "vendor").usd) == (2, Decimal("3.000027"))
    assert found.left_out == {"charged_again": 1, "failed": 1, "incomplete": 1}
    assert mapped.comparison.requests == 3


def test_an_instant_rates_all_requests_by_its_prices() -> None:
    old = block(per_mtok(input="1", output="1"), valid_to=CHANGE)
    new = block(per_mtok(input="2", output="1"), valid_from=CHANGE)
    catalog = of(a_card("vendor", old, new))
    records = [record(number, Usage(input=1_000_000)) for number in (1, 20)]  # one before the change and one after
    with a_ledger() as ledger:
        put(ledger, [*records, record(21, Usage(input=1_000_000), at=None)])
        at = {at: replay(ledger, catalog, MODEL, at=at) for at in (None, OCTOBER, CHANGE)}
    assert [only(each, "vendor").usd for each in at.values()] == [None, Decimal(3), Decimal(6)]
    (untimed,) = only(at[None], "vendor").unpriced
    assert (untimed.reason, untimed.count, untimed.high) == ("no_rate_in_force", 1_000_000, None)


@pytest.mark.parametrize(("currency", "prices"), [("USD", {"vendor": Decimal("0.0042")}), ("EUR", {}), (None, {})])
def test_own_units_cost_what_the_ledgers_grants_did(currency: str | None, prices: dict[str, Decimal]) -> None:
    catalog = of(a_card("vendor", block(per_mtok(input="300", output="1500")), unit="credit"))
    paid = None if currency is None else Decimal("4.2")
    grant = AccountEntry(1, "vendor", OCTOBER, Decimal(1000), "credit", paid=paid, currency=currency)
    with a_ledger() as ledger:
        add_by_hand(ledger, grant, OCTOBER)
        assert own_prices(ledger, catalog) == {}  # nothing is burnt down yet
        put(ledger, [record(1, Usage(input=1_000_000), charged=Decimal(300), unit="credit")])
        assert own_prices(ledger, catalog) == prices
