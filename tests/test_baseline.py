"""The list prices: what is shipped says what genai-prices itself computes, or nothing."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import Provider

import pricing
from pricing import Usage, rate
from pricing.baseline import baseline_cards, baseline_updates
from pricing.catalog import SHIPPED, Catalog, RatePeriod, card_files, load_catalog, read_cards
from pricing.differences import diff
from pricing.errors import PricingError
from pricing.genai_data import release
from pricing.genai_names import MORE_NAMES
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, TokenKind

OBSERVED = date(2026, 11, 21)
BY_ID = {provider.id: provider for provider in providers}
SMALL = Usage(input=1_234, output=567, cache_read=890, cache_write_5m=211, cache_write_1h=43)
LARGE = Usage(input=600_001, output=70_000, cache_read=50_000, cache_write_5m=4_321, cache_write_1h=1_000)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def shipped() -> list[Path]:
    return [SHIPPED / f"{provider}.toml" for provider in BY_ID]


def same_release() -> None:
    """Skip unless the cards were made from the installed release."""
    named = shipped()[0].read_text("utf-8").splitlines()[0]
    if f"from {release()}." not in named:
        pytest.skip(f"the installed data is {release()}, the cards were made from another: {named}")


def priced_part(usage: Usage, period: RatePeriod) -> Usage:
    """Return the part of the usage that a period has prices for."""
    tiers = period.block.context_tiers
    reached = [tier.per_mtok for tier in tiers if usage.prompt_tokens > tier.above]
    per_mtok = reached[-1] if reached else period.block.per_mtok
    unpriced: dict[str, Any] = {kind.value: 0 for kind in TOKEN_KINDS if per_mtok.rate(kind) is None}
    return replace(usage, service_tier=period.block.service_tier, **unpriced)


def theirs(period: RatePeriod, usage: Usage, at: datetime) -> Decimal:
    """Return what genai-prices computes, whose input includes all that was cached."""
    model = next(model for model in BY_ID[period.provider].models if model.id == period.sku)
    tokens = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        cache_write_1h_tokens=usage.cache_write_1h,
    )
    tier = period.block.service_tier
    contexts = [None] if tier == STANDARD_TIER else [{key: tier} for key in ("processing", "service_tier", "speed")]
    variants = model.price_variants or []
    context = next(each for each in contexts if each is None or any(v.when == each for v in variants))
    provider = BY_ID[period.provider]
    return model.calc_price(tokens, provider, genai_request_timestamp=at, price_context=context).total_price


def from_their_data(catalog: Catalog) -> Iterator[RatePeriod]:
    return (period for period in catalog.all_periods(BY_ID) if period.source.document.startswith("genai-prices"))


def test_every_shipped_price_is_what_genai_prices_computes(catalog: Catalog) -> None:
    same_release()
    compared = 0
    for period in from_their_data(catalog):
        at = period.valid_from or (period.valid_to or datetime(2026, 11, 21, tzinfo=UTC)) - timedelta(seconds=1)
        for usage in (SMALL, LARGE):
            part = priced_part(usage, period)
            if part.prompt_tokens or part.output:
                charge = rate(part, period)
                assert charge.exact == theirs(period, part, at), (period.provider, period.sku, part)
                compared += bool(charge.exact)
    assert compared > 4_000


def test_what_a_card_cannot_hold_is_unpublished_and_says_why(catalog: Catalog) -> None:
    same_release()
    found = Counter(
        reason
        for period in from_their_data(catalog)
        for reason in ("finer than 6 decimal places", "time of day", "not one price but several", "highest of several")
        if reason in (period.block.note or "")
    )
    assert found == {
        "finer than 6 decimal places": 26,
        "time of day": 8,
        "not one price but several": 30,
        "highest of several": 4,
    }
    by_time_of_day = catalog.periods("deepseek", "deepseek-chat")
    assert [set(period.block.unpublished) for period in by_time_of_day] == [set(TOKEN_KINDS)]
    (dusty,) = [p for p in catalog.periods("openrouter", "google/gemini-2.5-flash") if p.valid_to is None]
    assert (dusty.block.per_mtok.input, dusty.block.per_mtok.cache_write_5m) == (Decimal("0.3"), None)


def test_no_price_is_lost_but_for_a_stated_reason() -> None:
    """Each kind that the data prices and the card does not is named in the block's note."""
    same_release()
    for provider, model, period in sold():
        note = period.block.note or ""
        for key, kind in {"input_mtok": "input", "output_mtok": "output", "cache_read_mtok": "cache_read"}.items():
            prices = model.get_prices(datetime(2026, 11, 21, tzinfo=UTC))
            if getattr(prices, key) is not None and period.block.per_mtok.rate(TokenKind(kind)) is None:
                assert kind in note or "price depends" in note or "each request" in note, (provider.id, model.id, kind)


def sold() -> Iterator[tuple[Provider, genai_prices.types.ModelInfo, RatePeriod]]:
    catalog = load_catalog()
    at = datetime(2026, 11, 21, tzinfo=UTC)
    for provider in providers:
        names = catalog.sku_names(provider.id)
        for model in provider.models:
            if model.id in names:
                found = catalog.find(provider.id, model.id, at)
                assert isinstance(found, RatePeriod), (provider.id, model.id, found)
                yield provider, model, found


def test_dated_prices_and_service_tiers_are_carried_over(catalog: Catalog) -> None:
    batch = catalog.find("anthropic", "claude-haiku-4-5", datetime(2026, 10, 14, tzinfo=UTC), "batch")
    assert isinstance(batch, RatePeriod)
    assert batch.block.per_mtok.cache_write_5m == Decimal("0.625")
    a_day_before = datetime(2026, 10, 13, tzinfo=UTC)
    assert catalog.find("anthropic", "claude-haiku-4-5", a_day_before, "batch") == "no_rate_in_force"
    old, new = catalog.periods("openai", "o3")
    assert (old.valid_to, new.valid_from) == (datetime(2025, 6, 10, tzinfo=UTC),) * 2
    assert [period.block.per_mtok.input for period in (old, new)] == [Decimal(10), Decimal(2)]


def test_fees_are_per_call_and_not_per_thousand(catalog: Catalog) -> None:
    *_, period = catalog.periods("anthropic", "claude-sonnet-4-6")
    assert period.block.per_tool_call["web_search"] == Decimal("0.01")
    assert rate(Usage(web_searches=3), period).exact == Decimal("0.03")


@pytest.mark.parametrize("provider", BY_ID)
def test_each_alias_is_a_name_that_genai_prices_matches_to_the_same_model(catalog: Catalog, provider: str) -> None:
    same_release()
    for sku_id in catalog.skus(provider):
        for alias in catalog.sku(provider, sku_id).aliases:
            found = BY_ID[provider].find_model(alias)
            assert found is not None, (alias, sku_id)
            assert found.id == sku_id


def test_the_names_written_by_hand_are_all_needed(catalog: Catalog) -> None:
    for provider, more in MORE_NAMES.items():
        assert more.items() <= catalog.sku_names(provider).items()


@pytest.mark.parametrize(
    ("name", "sku"),
    [
        ("claude-3-haiku-20240307", "claude-3-haiku"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("claude-opus-4-20250514", "claude-opus-4-0"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-8", "claude-opus-4-8"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-3-opus-20240229", "claude-3-opus-latest"),
        ("claude-fable-5", "claude-fable-5"),
    ],
)
def test_the_dated_names_of_real_sessions_are_known(catalog: Catalog, name: str, sku: str) -> None:
    assert catalog.sku_names("anthropic")[name] == sku


@pytest.mark.parametrize("name", ["haiku", "claude-sonnet-4-6-20990101", "Claude-Sonnet-4-6", "claude-sonnet"])
def test_a_name_that_only_looks_alike_is_unknown(catalog: Catalog, name: str) -> None:
    assert catalog.find("anthropic", name, datetime(2026, 11, 21, tzinfo=UTC)) == "unknown_sku"


def test_makers_sell_at_list_price_and_resellers_do_not(catalog: Catalog) -> None:
    lists = {provider for provider in catalog.providers if catalog.card(provider).is_list_price}
    assert {"anthropic", "openai", "google", "mistral", "x-ai", "deepseek", "cohere"} <= lists
    assert not lists & {"openrouter", "together", "azure", "aws", "aivideoapi", "apimodels", "zhipuai"}
    assert catalog.sku("google", "claude-sonnet-4-6").is_resold
    assert not catalog.sku("google", "gemini-2.5-pro").is_resold


def test_every_card_names_the_package_and_its_release(catalog: Catalog) -> None:
    for period in from_their_data(catalog):
        assert period.source.document.startswith("genai-prices ")
        assert period.block.field == f"{period.provider}, {period.sku}"


def test_the_same_release_and_day_give_the_shipped_text() -> None:
    same_release()
    texts = baseline_cards(OBSERVED)
    assert len(texts) == len(BY_ID)
    assert texts == baseline_cards(OBSERVED)
    for path in shipped():
        assert path.read_text("utf-8") == texts[path.name], path.name


def test_a_release_that_tells_nothing_new_gives_no_update(catalog: Catalog) -> None:
    same_release()
    assert baseline_updates(date(2026, 12, 1), catalog) == {}


def test_an_update_adds_what_differs_and_leaves_the_past_alone(tmp_path: Path) -> None:
    """The catalog of last year, with two prices that were others then and one model that was not there."""
    same_release()
    text = (SHIPPED / "anthropic.toml").read_text("utf-8")
    opus, sonnet = text.index('id = "claude-opus-4-1"'), text.index('id = "claude-sonnet-4-0"')
    text = text[:opus] + text[opus:].replace("input = 15,", "input = 16,", 1)
    text = text[:sonnet] + text[sonnet:].replace('id = "claude-sonnet-4-0"', 'id = "claude-sonnet-4-x"', 1)
    (tmp_path / "anthropic.toml").write_text(text, "utf-8")
    before = catalog_of(tmp_path)
    day = datetime(2026, 12, 1, tzinfo=UTC)

    update = baseline_updates(day.date(), before)["anthropic.2026-12-01.toml"]
    assert re.findall(r'^id = "(.*)"$', update, re.MULTILINE) == ["claude-opus-4-1", "claude-sonnet-4-0"]
    (tmp_path / "anthropic.2026-12-01.toml").write_text(update, "utf-8")
    after = catalog_of(tmp_path)

    old, new = after.periods("anthropic", "claude-opus-4-1")
    assert (old.valid_to, new.valid_from) == (day, day)
    assert [period.block.per_mtok.input for period in (old, new)] == [Decimal(16), Decimal(15)]
    changed = {(change.sku, change.kind, change.valid_from) for change in diff(before, after)}
    assert ("claude-opus-4-1", "input", day) in changed
    assert {sku for sku, _, _ in changed} == {"claude-opus-4-1", "claude-sonnet-4-0"}
    assert "anthropic.2026-12-02.toml" not in baseline_updates(date(2026, 12, 2), after)


def catalog_of(folder: Path) -> Catalog:
    return Catalog("test", "", read_cards(card_files(folder)))


def test_without_the_package_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pricing, "genai_data", raising=False)
    monkeypatch.delitem(sys.modules, "pricing.genai_data", raising=False)
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)
    with pytest.raises(PricingError, match=r"pip install genai-prices"):
        baseline_cards(OBSERVED)
