"""Rating one request: exact, by the name in full, and never zero where nothing is known."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import Catalog, Charge, RatePeriod, Usage, load_catalog, price, rate
from pricing.rates import ContextTier, PerMtok, RateBlock, Source
from pricing.rounding import Mode, Rounding, Scope
from pricing.usage import TOKEN_KINDS


@cache
def shipped() -> Catalog:
    return load_catalog(providers=["aivideoapi", "apimodels", "aimlapi", "anthropic", "openrouter"])


def charge(provider: str, sku: str, **tokens: int) -> Charge:
    return price(shipped(), provider, sku, Usage(**tokens), datetime(2026, 11, 21, tzinfo=UTC))  # type: ignore[arg-type]  # every field given here is a count


def period(per_mtok: PerMtok, **more: Any) -> RatePeriod:  # noqa: ANN401 - any fields of a block
    block = RateBlock(
        observed_on=date(2026, 1, 1),
        source="s",
        field="f",
        per_mtok=per_mtok,
        unpublished=tuple(kind for kind in TOKEN_KINDS if per_mtok.rate(kind) is None),
        **more,
    )
    return RatePeriod("p", "s", "m", "credit", Decimal("0.005"), None, None, block, Source(document="d", title="t"))


def per_mtok(text: str) -> PerMtok:
    return PerMtok(**dict(zip(TOKEN_KINDS, map(Decimal, text.split()), strict=False)))


@pytest.mark.parametrize(
    ("provider", "sku", "tokens", "exact", "charged", "usd"),
    [
        ("aivideoapi", "claude-opus-4-6", {"input": 20, "output": 661}, "1.6625", "1.66", "0.0083125"),
        ("aivideoapi", "claude-sonnet-4-6", {"input": 18, "output": 42}, "0.0684", "0.06", "0.000342"),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", {"cache_write_1h": 1000}, "1.765", "1.765", "0.008825"),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", {"cache_write_5m": 1000}, "1.103", "1.103", "0.005515"),
        ("apimodels", "claude-sonnet-4-6", {"input": 10**6, "output": 10**6}, "6.354", "6.354", "6.354"),
        # Floats cut this one to 0.32.
        ("aivideoapi", "claude-sonnet-4-6", {"input": 395, "output": 141}, "0.33", "0.33", "0.00165"),
        # The two routes of one model: no prefix may confuse them.
        ("aivideoapi", "claude-sonnet-4-6", {"input": 10**6, "output": 10**6}, "1800", "1800", "9"),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", {"input": 10**6, "output": 10**6}, "5295", "5295", "26.475"),
        # None of these is a multiple of the input price: 2 x 295, 295 / 10, 5 x 883.
        ("aivideoapi", "claude-haiku-4-5/anthropic", {"cache_write_1h": 10**6}, "589", "589", "2.945"),
        ("aivideoapi", "claude-haiku-4-5/anthropic", {"cache_read": 10**6}, "30", "30", "0.15"),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", {"output": 10**6}, "4412", "4412", "22.06"),
        ("aivideoapi", "claude-opus-4-6", {}, "0", "0", "0"),
    ],
)
def test_the_charge_is_exact_to_the_last_digit(  # noqa: PLR0913, PLR0917 - a row of the table each
    provider: str, sku: str, tokens: dict[str, int], exact: str, charged: str, usd: str
) -> None:
    found = charge(provider, sku, **tokens)
    assert (found.exact, found.charged, found.usd) == (Decimal(exact), Decimal(charged), Decimal(usd))
    assert found.unpriced == ()
    assert sum(line.amount for line in found.lines if line.amount is not None) == found.exact


@pytest.mark.parametrize(
    ("provider", "sku", "tokens", "unpriced"),
    [
        ("aimlapi", "anthropic/claude-sonnet-4.6", {"input": 10}, [("input", "price_unpublished")]),
        ("aimlapi", "anthropic/claude-sonnet-4-6-20260218", {"output": 1}, [("output", "price_unpublished")]),
        ("aivideoapi", "claude-sonnet-4-6", {"input": 1, "cache_read": 10}, [("cache_read", "kind_unpublished")]),
        ("apimodels", "claude-sonnet-4-6", {"cache_write_1h": 1}, [("cache_write_1h", "kind_unpublished")]),
        ("aivideoapi", "claude-sonnet-4-6", {"cache_write_unsplit": 1}, [("cache_write_unsplit", "kind_unpublished")]),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", {"web_searches": 1}, [("web_search", "kind_unpublished")]),
        ("nobody", "claude-sonnet-4-6", {"output": 2}, [("output", "unknown_provider")]),
        ("aivideoapi", "claude-sonnet", {"input": 1}, [("input", "unknown_sku")]),
        ("aivideoapi", "claude-sonnet-4-6-20260218", {"input": 1}, [("input", "unknown_sku")]),
        ("aivideoapi", "Claude-Sonnet-4-6", {"input": 1}, [("input", "unknown_sku")]),
        ("aivideoapi", "claude-opus-4-7", {}, [("request", "unknown_sku")]),
    ],
)
def test_what_has_no_price_is_unknown_and_never_zero(
    provider: str, sku: str, tokens: dict[str, int], unpriced: list[tuple[str, str]]
) -> None:
    found = charge(provider, sku, **tokens)
    assert [(part.kind, part.reason) for part in found.unpriced] == unpriced
    assert (found.exact, found.charged, found.usd, found.usd_charged, found.upper) == (None,) * 5


def test_what_is_priced_bounds_an_unpriced_charge_from_below() -> None:
    found = charge("aivideoapi", "claude-sonnet-4-6", input=1000, cache_read=10)
    assert (found.lower, found.exact) == (Decimal("0.3"), None)


def test_a_usage_field_that_nobody_can_price_leaves_the_charge_unknown() -> None:
    usage = Usage(input=1000, unknown_fields=("compaction",))
    found = price(shipped(), "aivideoapi", "claude-sonnet-4-6", usage)
    assert [(part.kind, part.reason) for part in found.unpriced] == [("compaction", "unknown_usage_field")]
    assert (found.lower, found.charged, found.upper) == (Decimal("0.3"), None, None)


def test_a_service_tier_without_a_price_is_not_the_standard_one() -> None:
    found = price(shipped(), "aivideoapi", "claude-sonnet-4-6", Usage(input=1, service_tier="batch"))
    assert [part.reason for part in found.unpriced] == ["no_rate_in_force"]


def test_cache_writes_of_unknown_lifetime_lie_between_the_two_rates() -> None:
    found = charge("aivideoapi", "claude-sonnet-4-6/anthropic", input=1000, cache_write_unsplit=1000)
    assert [(part.kind, part.reason) for part in found.unpriced] == [("cache_write_unsplit", "cache_ttl_unknown")]
    assert (found.lower, found.exact, found.upper) == (Decimal("1.986"), None, Decimal("2.648"))


def test_cache_writes_of_unknown_lifetime_are_priced_where_both_rates_are_one() -> None:
    found = rate(Usage(cache_write_unsplit=1000), period(per_mtok("1 1 1 7 7")))
    assert (found.exact, found.lower, found.upper) == (Decimal("0.007"),) * 3


def test_nothing_bounds_them_from_above_where_a_rate_is_missing_or_more_is_unknown() -> None:
    assert rate(Usage(cache_write_unsplit=1000), period(per_mtok("1 1 1 7"))).upper is None
    found = rate(Usage(cache_write_unsplit=1000, unknown_fields=("x",)), period(per_mtok("1 1 1 7 9")))
    assert (found.lower, found.upper) == (Decimal("0.007"), None)


@pytest.mark.parametrize(
    ("prompt", "exact"), [(200_000, "0.4"), (200_001, "0.800004"), (500_000, "2"), (500_001, "4.000008")]
)
def test_a_context_tier_is_chosen_by_the_whole_prompt_of_one_request(prompt: int, exact: str) -> None:
    higher = ContextTier(above=200_000, per_mtok=per_mtok("4 4 4"))
    highest = ContextTier(above=500_000, per_mtok=per_mtok("8 8 8"))
    tiered = period(per_mtok("2 2 2"), context_tiers=(higher, highest))
    assert rate(Usage(input=prompt - 50_000, cache_read=50_000), tiered).exact == Decimal(exact)
    # The output counts for nothing here, and two requests are not one.
    assert rate(Usage(output=prompt), tiered).exact == prompt * Decimal("0.000002")


def test_a_tier_that_publishes_nothing_is_unpriced() -> None:
    found = charge("openrouter", "google/gemini-3-pro-preview", input=200_001)
    assert [(part.kind, part.reason) for part in found.unpriced] == [("input", "kind_unpublished")]
    assert charge("openrouter", "google/gemini-3-pro-preview", input=200_000).exact == Decimal("0.4")


@pytest.mark.parametrize(
    ("mode", "scope", "charged"),
    [
        ("none", "request", "0.0684"),
        ("down", "request", "0.06"),
        ("up", "request", "0.07"),
        ("half_up", "request", "0.07"),
        # 0.0054 and 0.063
        ("none", "component", "0.0684"),
        ("down", "component", "0.06"),
        ("up", "component", "0.08"),
        ("half_up", "component", "0.07"),
    ],
)
def test_cutting_each_component_or_only_the_total_differ(mode: Mode, scope: Scope, charged: str) -> None:
    rule = Rounding(mode=mode, step=None if mode == "none" else Decimal("0.01"), scope=scope)
    found = rate(Usage(input=18, output=42), period(per_mtok("300 1500"), rounding=rule))
    assert (found.exact, found.charged) == (Decimal("0.0684"), Decimal(charged))


def test_of_the_rules_only_cutting_gives_both_documented_charges_which_do_not_tell_what_is_cut() -> None:
    def gives_both(mode: Mode, scope: Scope) -> bool:
        rule = Rounding(mode=mode, step=Decimal("0.01"), scope=scope)
        sonnet = rate(Usage(input=18, output=42), period(per_mtok("300 1500"), rounding=rule))
        opus = rate(Usage(input=20, output=661), period(per_mtok("500 2500"), rounding=rule))
        return (sonnet.charged, opus.charged) == (Decimal("0.06"), Decimal("1.66"))

    modes: tuple[Mode, ...] = ("down", "up", "half_up")
    scopes: tuple[Scope, ...] = ("request", "component")
    assert [(mode, scope) for mode in modes for scope in scopes if gives_both(mode, scope)] == [
        ("down", "request"), ("down", "component"),
    ]  # fmt: skip


def test_fees_and_the_least_charge_are_the_cards() -> None:
    fees = period(
        per_mtok("1 1"), per_request=Decimal("0.02"), per_tool_call={"web_search": Decimal("0.01")},
        minimum_charge=Decimal("0.05"),
    )  # fmt: skip
    cheap, dear = rate(Usage(input=1), fees), rate(Usage(web_searches=4), fees)
    assert (cheap.exact, cheap.charged) == (Decimal("0.020001"), Decimal("0.05"))
    assert (dear.exact, dear.charged) == (Decimal("0.06"), Decimal("0.06"))
    assert [(line.kind, line.count) for line in dear.lines if line.is_fee] == [("request", 1), ("web_search", 4)]


def test_a_credit_of_unknown_worth_has_no_dollars() -> None:
    found = rate(Usage(input=10), replace(period(per_mtok("1 1")), usd_per_unit=None))
    assert (found.exact, found.usd, found.usd_charged) == (Decimal("0.00001"), None, None)


TOKENS = st.integers(0, 10**9)
USAGES = st.builds(Usage, *[TOKENS] * 5)
RATES = st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False)
CARDS = st.builds(PerMtok, input=RATES, output=RATES, cache_read=RATES, cache_write_5m=RATES, cache_write_1h=RATES)
RULES = st.builds(
    Rounding,
    mode=st.sampled_from(["down", "up", "half_up"]),
    step=st.sampled_from([Decimal("0.01"), Decimal("0.000001"), Decimal(3)]),
    scope=st.sampled_from(["request", "component"]),
)


@given(USAGES, CARDS, RULES, st.sampled_from(TOKEN_KINDS), st.integers(1, 10**6))
def test_more_tokens_never_cost_less(usage: Usage, card: PerMtok, rule: Rounding, kind: str, more: int) -> None:
    rated = period(card, rounding=rule)
    counts: dict[str, Any] = {kind: getattr(usage, kind) + more}
    less, larger = rate(usage, rated), rate(replace(usage, **counts), rated)
    assert less.exact is not None
    assert less.charged is not None
    assert larger.exact is not None
    assert larger.charged is not None
    assert less.exact <= larger.exact
    assert less.charged <= larger.charged


@given(USAGES, CARDS)
def test_the_charge_is_the_sum_of_tokens_times_rates(usage: Usage, card: PerMtok) -> None:
    found = rate(usage, period(card))
    expected = sum(usage.tokens(kind) * int((card.rate(kind) or 0) * 10**6) for kind in TOKEN_KINDS)
    assert found.exact is not None
    assert found.exact * 10**12 == expected
    assert found.charged == found.exact


@given(USAGES, CARDS, RULES)
def test_rounding_moves_a_charge_by_less_than_a_step_for_each_part(usage: Usage, card: PerMtok, rule: Rounding) -> None:
    found = rate(usage, period(card, rounding=rule))
    parts = 1 if rule.scope == "request" else len(found.lines)
    assert found.exact is not None
    assert found.charged is not None
    assert rule.step is not None
    assert abs(found.charged - found.exact) < rule.step * max(parts, 1)
    assert found.charged % rule.step == 0
    if rule.mode == "down" and rule.scope == "request" and rule.step < 1:
        assert found.charged == found.exact.quantize(rule.step, ROUND_DOWN)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_bounds_of_an_unsplit_cache_write_are_those_of_either_split(tokens: int, short: int, output: int) -> None:
    provider, sku = "aivideoapi", "claude-haiku-4-5/anthropic"
    unsplit = charge(provider, sku, output=output, cache_write_unsplit=tokens)
    short = min(short, tokens)
    split = charge(provider, sku, output=output, cache_write_5m=short, cache_write_1h=tokens - short)
    assert split.exact is not None
    assert unsplit.upper is not None
    assert unsplit.lower <= split.exact <= unsplit.upper
    assert charge(provider, sku, output=output, cache_write_5m=tokens).exact == unsplit.lower
    assert charge(provider, sku, output=output, cache_write_1h=tokens).exact == unsplit.upper


@pytest.mark.parametrize("count", [-1, 1.0, True, "1", None])
def test_a_count_is_a_whole_number_of_at_least_zero(count: Any) -> None:  # noqa: ANN401 - wrong on purpose
    with pytest.raises(ValueError, match="input must be a whole number"):
        Usage(input=count)
