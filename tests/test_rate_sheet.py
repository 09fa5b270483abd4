"""Rates beside the list price, and their changes: what is held against what, and when."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings

from pricing.calculator import tier_rates
from pricing.catalog import load_catalog
from pricing.models import makers
from pricing.rate_sheet import RateStep, rate_history, rate_sheet, series
from pricing.rates import RateBlock
from pricing.usage import TOKEN_KINDS, TokenKind
from tests.ledgers import a_catalog
from tests.rate_card_values import JULY, JUNE, MARCH, NOW, a_market
from tests.rate_strategies import blocks

INPUT = TokenKind.INPUT


def test_rates_stand_beside_the_makers_price_for_the_same_prompts_and_time() -> None:
    vendor = {
        each.sold[1]: each for each in rate_sheet(a_market(), [("vendor", "model-a"), ("vendor", "model-a/route")], NOW)
    }
    assert vendor["model-a"].ratio(INPUT) == Fraction(1, 2)
    assert vendor["model-a"].usd(INPUT) == Decimal("1.5")
    assert vendor["model-a"].ratio(TokenKind.CACHE_READ) is None
    assert vendor["model-a/route"].ratio(INPUT) == Fraction(883, 600)
    assert vendor["model-a/route"].list_usd(TokenKind.CACHE_WRITE_1H) == 6
    maker = [
        each
        for each in rate_sheet(a_market(), [("maker", "model-a")], NOW)
        if each.period.block.service_tier == "standard"
    ]
    assert [(each.above, each.up_to) for each in maker] == [(0, 200_000), (200_000, None), (0, None)]
    assert {each.ratio(kind) for each in maker for kind in TOKEN_KINDS} == {1}
    assert all(each.is_list for each in maker)


def test_one_price_for_all_prompts_is_held_against_each_price_of_the_maker() -> None:
    small, long = rate_sheet(a_market(), [("vendor", "model-a")], MARCH - timedelta(days=1))
    assert [(each.above, each.up_to) for each in (small, long)] == [(0, 200_000), (200_000, None)]
    assert [each.usd(INPUT) for each in (small, long)] == [Decimal("1.5")] * 2
    assert [each.ratio(INPUT) for each in (small, long)] == [Fraction(1, 2), Fraction(1, 4)]
    (unpriced,) = rate_sheet(a_market(), [("vendor", "model-c")], MARCH - timedelta(days=1))
    assert (unpriced.above, unpriced.up_to) == (0, None)


def test_an_earlier_rate_is_held_against_the_list_price_of_its_last_instant() -> None:
    past, now = rate_sheet(a_market(), [("vendor", "model-b")], NOW)
    assert past.list_at == JUNE - timedelta(microseconds=1)
    assert now.list_at == NOW
    assert past.ratio(INPUT) is now.ratio(INPUT) is None  # nobody asks a list price for model-b
    (later,) = [each for each in rate_sheet(a_market(), [("vendor", "model-b")], MARCH) if each.period.valid_from]
    assert later.list_at == JULY


def test_changes_tell_gaps_and_what_long_prompts_cost() -> None:
    catalog = a_market()
    steps = rate_history([*catalog.periods("vendor", "model-b"), *catalog.periods("maker", "model-a")])
    told = [(step.at, step.kind, step.above, step.before, step.after) for step in steps]
    assert told[:4] == [
        (JULY, INPUT, 0, None, Decimal("0.6")), (JULY, TokenKind.OUTPUT, 0, None, Decimal(2)),
        (JUNE, INPUT, 0, Decimal("0.5"), None), (JUNE, TokenKind.OUTPUT, 0, Decimal(2), None),
    ]  # fmt: skip
    assert told[4] == (MARCH, INPUT, 200_000, Decimal(6), Decimal(3))
    assert {step.above for step in steps if step.provider == "maker"} == {200_000}
    assert rate_history(catalog.periods("vendor", "model-a")) == ()


@settings(max_examples=40)
@given(blocks(valid_to=MARCH), blocks(valid_from=MARCH))
def test_changes_are_what_turns_one_period_into_the_next(before: RateBlock, after: RateBlock) -> None:
    """For every kind and every size of prompt, the rate after is the one before with the changes made."""
    earlier, later = a_catalog(before, after, unit="USD").periods("vendor", "model")
    steps = rate_history([earlier, later])
    for prompt in (1, 1_000, 1_001, 200_000, 200_001):
        for kind in TOKEN_KINDS:
            was, now = tier_rates(earlier, prompt).rate(kind), tier_rates(later, prompt).rate(kind)
            told = [
                (step.before, step.after)
                for step in steps
                if step.kind == kind and step.above < prompt and (step.up_to is None or prompt <= step.up_to)
            ]
            assert told == ([] if was == now else [(was, now)])


def _key(step: RateStep) -> tuple[str, str, str]:
    return step.provider, step.sku, step.service_tier


def test_shipped_cards_have_makers_and_every_change_is_between_two_periods() -> None:
    catalog = load_catalog(providers=["anthropic", "google", "mistral", "aivideoapi"])
    listed = makers(catalog)
    assert (listed["claude-sonnet-4-6"].provider, listed["claude-sonnet-4-6"].is_list) == ("anthropic", True)
    periods = [*catalog.all_periods()]
    steps = rate_history(periods)
    starts = {(each.provider, each.sku, each.block.service_tier, each.valid_from) for each in periods}
    assert steps
    assert all((*_key(step), step.at) in starts or step.after is None for step in steps)
    assert [step.at for step in steps] == sorted((step.at for step in steps), reverse=True)
    sonnet = "anthropic", "claude-sonnet-4-6"
    (above,) = {step.above for step in steps if (step.provider, step.sku) == sonnet and step.kind == INPUT}
    assert [amount for _, amount in series(catalog.periods(*sonnet), INPUT, above)] == [6, 3]
