"""One basket at every vendor: hand arithmetic, bounds instead of silent zeros, and laws that hold of all cards."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.baskets import alike, spread
from pricing.caching import break_evens
from pricing.catalog import Catalog, load_catalog
from pricing.comparison import BadOwnPriceError, Comparison, Terms, compare
from pricing.errors import UnknownNameError
from pricing.models import BadModelMapError, sellers
from pricing.offers import Bounds, Offer
from pricing.rates import Claim, ContextTier, PerMtok, RateBlock
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS, TokenKind, Usage
from tests.ledgers import LEARNED, block
from tests.rate_strategies import blocks
from tests.vendors import LIST_PRICE, MODEL, NOW, a_card, of, per_mtok

AT = datetime(2026, 11, 21, tzinfo=UTC)
SONNET = "claude-sonnet-4-6"
MILLION = 1_000_000


@cache
def shipped() -> Catalog:
    return load_catalog(providers=["aivideoapi", "apimodels", "aimlapi", "anthropic"])


def by_name(found: Comparison) -> dict[str, Offer]:
    return {offer.seller.name: offer for offer in found.offers}


def only(found: Comparison, provider: str) -> Offer:
    return next(offer for offer in found.offers if offer.seller.provider == provider)


def test_the_vendors_agree_with_arithmetic_by_hand() -> None:
    """1M in and 200k out over many requests below any context tier, exact and before rounding."""
    found = compare(shipped(), SONNET, [spread(Usage(input=MILLION, output=200_000))], AT)
    # plain: 300 + 0.2 x 1500 = 600 credits, at $0.005 = $3.00
    # /anthropic: 883 + 0.2 x 4412 = 883 + 882.4 = 1765.4 credits = $8.827
    # API Models: 1.059 + 0.2 x 5.295 = 1.059 + 1.059 = $2.118
    # list: 3 + 0.2 x 15 = $6
    expected = [
        ("apimodels claude-sonnet-4-6", "2.118", "2.118", "USD", Fraction(353, 1000)),
        ("aivideoapi claude-sonnet-4-6", "600", "3", "credit", Fraction(1, 2)),
        ("anthropic claude-sonnet-4-6", "6", "6", "USD", Fraction(1)),
        ("aivideoapi claude-sonnet-4-6/anthropic", "1765.4", "8.827", "credit", Fraction(8827, 6000)),
        ("aimlapi anthropic/claude-sonnet-4.6", None, None, "USD", None),
    ]
    assert [
        (offer.seller.name, offer.unit_amount and str(offer.unit_amount), offer.usd and str(offer.usd), offer.unit,
         offer.ratio_to_list)
        for offer in found.offers
    ] == expected  # fmt: skip
    unpriced = found.offers[-1]
    assert {(part.kind, part.reason) for part in unpriced.unpriced} == {
        ("input", "price_unpublished"),
        ("output", "price_unpublished"),
    }
    assert (unpriced.low, unpriced.high, unpriced.priced_share) == (Decimal(0), Decimal(6), Decimal(0))


def test_the_vendors_own_claims_are_computed() -> None:
    found = compare(shipped(), SONNET, [spread(Usage(input=MILLION, output=200_000))], AT)
    claims = {each.claim.text: each for each in found.claims}
    assert {each.seller.provider for each in found.claims} == {"apimodels"}
    ranged, up_to = claims["60-95% cheaper than official pricing"], claims["up to 95% cheaper than official pricing"]
    assert (ranged.verdict, ranged.saving) == ("true", Fraction(647, 1000))  # 1 - 1.059 / 3 = 1 - 5.295 / 15
    assert ranged.savings == {"input": Fraction(647, 1000), "output": Fraction(647, 1000)}
    assert up_to.verdict == "partly"


def test_a_claim_is_no_more_than_partly_true_of_what_has_no_price() -> None:
    found = compare(shipped(), SONNET, [spread(Usage(input=MILLION, cache_read=MILLION))], AT)
    assert {each.verdict for each in found.claims} == {"partly"}
    assert found.claims[0].savings["cache_read"] is None


@pytest.mark.parametrize(
    ("low", "high", "rates", "verdict"),
    [
        (60, 95, per_mtok(input="1.2", output="6"), "true"),
        (60, 95, per_mtok(input="1.2", output="6.000001"), "partly"),
        (60, 95, per_mtok(input="3", output="15"), "false"),
        (None, 95, per_mtok(input="0.15", output="15"), "true"),
        (None, 95, per_mtok(input="3", output="14"), "partly"),
        (None, 95, per_mtok(input="3", output="16"), "false"),
        (60, 95, PerMtok(), "unknown"),
    ],
)
def test_claims(low: int | None, high: int, rates: PerMtok, verdict: str) -> None:
    claim = Claim(
        text="cheaper", low_percent=None if low is None else Decimal(low), high_percent=Decimal(high),
        observed_on=LEARNED, source="page", field="claim",
    )  # fmt: skip
    card = a_card("vendor", block(rates)).model_copy(update={"claims": (claim,)})
    catalog = of(card, a_card("maker", block(LIST_PRICE), is_list=True))
    (checked,) = compare(catalog, MODEL, [spread(Usage(input=1000, output=200))], NOW).claims
    assert checked.verdict == verdict
    assert not compare(catalog.as_known_at(date(2025, 1, 1)), MODEL, [spread(Usage(input=1))], NOW).claims


def test_the_ratio_of_each_kind_is_that_of_the_cards() -> None:
    found = by_name(compare(shipped(), SONNET, [spread(Usage(input=1))], AT))
    ratios = found["aivideoapi claude-sonnet-4-6/anthropic"].ratios
    assert ratios == {  # 883 credits at $0.005 are $4.415, against $3; and so on
        "input": Fraction("4.415") / 3,
        "output": Fraction("22.06") / 15,
        "cache_read": Fraction("0.445") / Fraction("0.3"),
        "cache_write_5m": Fraction("5.515") / Fraction("3.75"),
        "cache_write_1h": Fraction("8.825") / 6,
    }
    assert {found["aivideoapi claude-sonnet-4-6"].ratios[kind] for kind in ("input", "output")} == {Fraction(1, 2)}  # type: ignore[index]  # there is a list price


def test_unpublished_kinds_have_bounds_that_say_what_they_rest_on() -> None:
    """Plain sonnet: input is $1.50 and list asks $0.30 for a cache read and $6 for an hour's write."""
    usage = Usage(input=MILLION, output=0, cache_read=MILLION, cache_write_1h=MILLION)
    plain = by_name(compare(shipped(), SONNET, [spread(usage)], AT))["aivideoapi claude-sonnet-4-6"]
    assert plain.usd is None
    assert [(part.kind, part.reason, part.low, part.high, part.assumed) for part in plain.unpriced] == [
        ("cache_read", "kind_unpublished", Decimal(0), Decimal("1.5"), "input rate"),
        ("cache_write_1h", "kind_unpublished", Decimal(0), Decimal(6), "list price"),
    ]
    assert (plain.low, plain.high) == (Decimal("1.5"), Decimal(9))
    assert plain.priced_share == Decimal("0.3333")
    assert plain.usd_uncached == Decimal("4.5")


def test_nothing_bounds_what_neither_list_nor_input_has_a_price_for() -> None:
    catalog = of(a_card("vendor", block(per_mtok(output="1"))))
    (offer,) = compare(catalog, MODEL, [spread(Usage(input=10, output=10))], NOW).offers
    assert (offer.low, offer.high, offer.ratio_to_list) == (Decimal("0.00001"), None, None)


def test_one_request_is_rounded_and_many_are_bounded() -> None:
    usage = Usage(input=18, output=42)  # 0.0684 credits
    plain = "aivideoapi claude-sonnet-4-6"
    one, many, unknown = (
        by_name(compare(shipped(), SONNET, [spread(usage, n)], AT))[plain].charged for n in (1, 3, None)
    )
    assert one == Bounds(Decimal("0.06"), Decimal("0.06"))
    assert many == Bounds(Decimal("0.0384"), Decimal("0.0684"))  # three cuts of less than 0.01 each
    assert unknown is None
    hundred = by_name(compare(shipped(), SONNET, [alike(usage, 100)], AT))[plain]
    assert (hundred.unit_amount, hundred.charged) == (Decimal("6.84"), Bounds(Decimal(6), Decimal(6)))


def test_the_context_tier_is_that_of_the_average_request_and_the_base_where_nobody_says() -> None:
    tier = ContextTier(above=200_000, per_mtok=per_mtok(input="6", output="22.5"))
    catalog = of(a_card("vendor", block(per_mtok(input="3", output="15"), context_tiers=(tier,))))
    usage = Usage(input=MILLION)
    costs = [compare(catalog, MODEL, [spread(usage, n)], NOW).offers[0].usd for n in (None, 5, 4, 1)]
    assert costs == [3, 3, 6, 6]  # exactly at the threshold, 200,000 each, is the base tier


def test_fees_are_counted_per_request_or_unknown() -> None:
    catalog = of(a_card("vendor", block(per_mtok(input="1", output="1"), per_request=Decimal("0.01"))))
    known = compare(catalog, MODEL, [spread(Usage(input=MILLION), 7)], NOW).offers[0]
    assert known.usd == Decimal("1.07")
    (unknown,) = compare(catalog, MODEL, [spread(Usage(input=MILLION))], NOW).offers
    assert (unknown.usd, unknown.low, unknown.high) == (None, Decimal("1.01"), None)
    assert [part.reason for part in unknown.unpriced] == ["requests_unknown"]


def test_a_unit_of_unknown_value_is_told_in_units_and_not_in_dollars() -> None:
    catalog = of(a_card("vendor", block(per_mtok(input="300", output="1")), unit="credit", usd=None))
    (offer,) = compare(catalog, MODEL, [spread(Usage(input=MILLION))], NOW).offers
    assert (offer.unit_amount, offer.usd, offer.low) == (Decimal(300), None, None)
    assert [part.reason for part in offer.unpriced] == ["unit_value_unknown"]
    own = Terms(usd_per_unit={"vendor": Decimal("0.004")})
    assert compare(catalog, MODEL, [spread(Usage(input=MILLION))], NOW, own).offers[0].cost == Decimal("1.2")


def test_offers_are_ranked_by_what_the_users_own_units_cost() -> None:
    basket = [spread(Usage(input=MILLION, output=200_000))]
    found = compare(shipped(), SONNET, basket, AT, Terms(usd_per_unit={"aivideoapi": Decimal("0.0025")}))
    first = found.offers[0]
    assert (first.seller.name, first.usd, first.usd_effective) == (
        "aivideoapi claude-sonnet-4-6", Decimal(3), Decimal("1.5"),
    )  # fmt: skip
    with pytest.raises(BadOwnPriceError, match="apimodels charges in USD"):
        compare(shipped(), SONNET, basket, AT, Terms(usd_per_unit={"apimodels": Decimal(1)}))


def test_models_are_found_by_exact_name_or_by_the_users_map() -> None:
    with pytest.raises(UnknownNameError, match="the nearest are: claude-sonnet-4-6"):
        sellers(shipped(), "claude-sonnet-4.6")
    with pytest.raises(UnknownNameError, match="catalog list"):
        sellers(shipped(), "zzz")
    mapped = sellers(shipped(), "claude-sonnet-4-5", {"claude-sonnet-4-5": SONNET})
    assert {seller.model for seller in mapped} == {SONNET, "claude-sonnet-4-5"}
    assert [seller.name for seller in mapped if seller.is_list] == ["anthropic claude-sonnet-4-6"]
    with pytest.raises(BadModelMapError, match="map both to c"):
        sellers(shipped(), "a", {"a": "b", "b": "c"})


def test_a_contract_over_a_list_price_leaves_the_list_price() -> None:
    listed = a_card("maker", block(LIST_PRICE), is_list=True)
    contract = a_card("maker", block(per_mtok(input="2", output="10")))
    found = compare(of(listed, contract), MODEL, [spread(Usage(input=MILLION))], NOW)
    assert [(offer.usd, offer.seller.is_list, offer.ratio_to_list) for offer in found.offers] == [
        (Decimal(2), False, Fraction(2, 3)),
        (Decimal(3), True, Fraction(1)),
    ]


def test_a_write_pays_after_so_many_reads() -> None:
    def reads(rates: PerMtok) -> list[object]:
        return [each.reads if each.reads is not None else each.verdict for each in break_evens(rates)]

    # list: (3.75 - 3) / (3 - 0.3) = 0.28 and (6 - 3) / 2.7 = 1.11
    assert reads(LIST_PRICE) == [1, 2]
    assert reads(per_mtok(input="3", cache_read="3", cache_write_5m="3", cache_write_1h="2")) == ["never", 0]
    assert reads(per_mtok(input="3", cache_read="1", cache_write_5m="5")) == [2, "unknown"]  # even at 1 read: not less


def test_the_order_flips_at_an_exact_share_of_cache_reads() -> None:
    """1.5 x prompt without a price for reads (at most its input rate) against 3 - 2.7 s: even at s = 5/9."""
    cheap = a_card("cheap", block(per_mtok(input="1.5", output="7.5")))
    catalog = of(cheap, a_card("maker", block(LIST_PRICE), is_list=True))
    (flip,) = compare(catalog, MODEL, [spread(Usage(input=MILLION))], NOW).flips
    assert (flip.share, flip.below.provider, flip.above.provider) == (Fraction(5, 9), "cheap", "maker")
    assert [seller.provider for seller in flip.assumed] == ["cheap"]
    assert flip.is_of_cheapest


def test_the_kind_that_decides_is_told_with_what_would_flip_the_order() -> None:
    """Input: 1 less for the one; output: 0.4 more. At 2.5 times the output both cost the same."""
    one = a_card("one", block(per_mtok(input="1", output="6")))
    other = a_card("other", block(per_mtok(input="2", output="4")))
    found = compare(of(one, other), MODEL, [spread(Usage(input=MILLION, output=200_000))], NOW)
    assert [(each.kind, each.difference, each.flips_at) for each in found.drivers] == [
        ("input", Fraction(1), Fraction(2, 5)),
        ("output", Fraction(-2, 5), Fraction(5, 2)),
    ]


counts = st.integers(0, 10**9)
usages = st.builds(Usage, input=counts, output=counts, cache_read=counts, cache_write_5m=counts, cache_write_1h=counts)


def offers_of(vendor: RateBlock, maker: RateBlock, usage: Usage) -> Comparison:
    catalog = of(a_card("vendor", vendor, unit="credit"), a_card("maker", maker, is_list=True))
    return compare(catalog, MODEL, [spread(usage)], NOW)


@given(blocks(), blocks(), usages, usages)
def test_more_tokens_never_cost_less(vendor: RateBlock, maker: RateBlock, usage: Usage, more: Usage) -> None:
    larger = replace(usage, **{kind.value: usage.tokens(kind) + more.tokens(kind) for kind in TOKEN_KINDS})  # type: ignore[arg-type]  # counts
    before, after = (only(offers_of(vendor, maker, each), "vendor") for each in (usage, larger))
    assert before.low is not None and after.low is not None  # noqa: PT018 - both bounds are there
    assert before.low <= after.low
    assert after.high is None or (before.high is not None and before.high <= after.high)
    assert before.usd is None or after.usd is None or before.usd <= after.usd


@given(blocks(), usages)
def test_a_card_beside_itself_has_ratio_one(same: RateBlock, usage: Usage) -> None:
    catalog = of(a_card("vendor", same), a_card("maker", same, is_list=True))
    for offer in compare(catalog, MODEL, [spread(usage, 3)], NOW).offers:
        assert (offer.ratio_to_list == 1) if offer.usd else offer.ratio_to_list is None
        assert set((offer.ratios or {}).values()) <= {None, Fraction(1)}


@given(blocks(), blocks(), usages, st.data())
def test_bounds_hold_the_amount_whatever_the_missing_rate_is(
    vendor: RateBlock, maker: RateBlock, usage: Usage, data: st.DataObject
) -> None:
    """Each missing rate is set to something from nothing to what bounds it; then the offer has a price within them."""
    vendor, maker = vendor.model_copy(update={"per_request": None}), maker.model_copy(update={"per_request": None})
    offer = only(offers_of(vendor, maker, usage), "vendor")
    if offer.high is None:
        return
    filled: dict[str, Decimal | None] = dict(vendor.per_mtok)
    for part in offer.unpriced:
        listed, own = maker.per_mtok.rate(TokenKind(part.kind)), vendor.per_mtok.input
        most = max(listed / Decimal("0.005") if listed is not None else Decimal(0), own or Decimal(0))
        filled[part.kind] = data.draw(st.decimals(0, most, places=6))
    whole = only(offers_of(block(PerMtok(**filled)), maker, usage), "vendor")
    assert whole.usd is not None and offer.low is not None  # noqa: PT018 - all kinds have a price now
    assert offer.low <= whole.usd <= offer.high


def test_rounding_up_and_by_component_is_bounded_by_a_step_for_each() -> None:
    rule = Rounding(mode="up", step=Decimal("0.01"), scope="component")
    catalog = of(a_card("vendor", block(per_mtok(input="1", output="1"), rounding=rule, minimum_charge=Decimal("0.5"))))
    (offer,) = compare(catalog, MODEL, [spread(Usage(input=1, output=1), 10)], NOW).offers
    assert offer.charged == Bounds(Decimal(5), Decimal("5.200002"))  # ten charges of at least 0.5, and 20 steps
