"""The shipped rate cards: every figure of the vendors' pages, each with its source, and none that can be edited."""

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from pricing.amounts import times
from pricing.catalog import SHIPPED, Catalog, card_files, load_catalog, read_card, read_cards
from pricing.errors import BadRateCardError
from pricing.published import GONE, NEW, PUBLISHED_FILE, publish, unpublished_changes
from pricing.rates import RateCard, Sku
from pricing.usage import TOKEN_KINDS

OBSERVED = "2026-11-21"
ANTHROPIC_ROUTE = {
    # SKU: input, cache read, cache write 5m, cache write 1h, output; in the order of the page
    "claude-haiku-4-5/anthropic": (295, 30, 368, 589, 1471),
    "claude-opus-4-5/anthropic": (1471, 148, 1839, 2942, 7353),
    "claude-sonnet-4-5/anthropic": (883, 89, 1103, 1765, 4412),
    "claude-opus-4-6/anthropic": (1471, 148, 1839, 2942, 7353),
    "claude-sonnet-4-6/anthropic": (883, 89, 1103, 1765, 4412),
    "claude-opus-4-7/anthropic": (1471, 148, 1839, 2942, 7353),
}
PAGE_OF = {
    "claude-sonnet-4-6": "000_c11dcc0fea84dd98.txt",
    "claude-opus-4-6": "001_4255003813c725e7.txt",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one published card."""
    shutil.copy(SHIPPED / "aivideoapi.toml", tmp_path)
    publish(tmp_path)
    return tmp_path


def only(catalog: Catalog, provider: str, sku: str) -> dict[str, Decimal | None]:
    (period,) = catalog.periods(provider, sku)
    return {kind.value: period.block.per_mtok.rate(kind) for kind in TOKEN_KINDS}


@pytest.mark.parametrize(("sku", "figures"), ANTHROPIC_ROUTE.items())
def test_the_anthropic_route_has_five_prices_of_its_own_and_no_rounding_rule(
    catalog: Catalog, sku: str, figures: tuple[int, ...]
) -> None:
    kinds = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    assert only(catalog, "aivideoapi", sku) == dict(zip(kinds, map(Decimal, figures), strict=True))
    (period,) = catalog.periods("aivideoapi", sku)
    assert (period.block.rounding.mode, period.block.rounding.basis) == ("none", "unstated")
    assert catalog.sku("aivideoapi", sku).stream_default is None


@pytest.mark.parametrize(
    ("sku", "in_credits", "in_dollars"),
    [
        ("claude-sonnet-4-6", ("300", "1500"), ("1.50", "7.50")),
        ("claude-opus-4-6", ("500", "2500"), ("2.50", "12.50")),
    ],
)
def test_the_plain_skus_have_two_prices_that_agree_with_the_dollars_beside_them(
    catalog: Catalog, sku: str, in_credits: tuple[str, str], in_dollars: tuple[str, str]
) -> None:
    amounts = [Decimal(amount) for amount in in_credits]
    rates = only(catalog, "aivideoapi", sku)
    assert rates == dict.fromkeys(TOKEN_KINDS) | {"input": amounts[0], "output": amounts[1]}
    (period,) = catalog.periods("aivideoapi", sku)
    assert period.usd_per_unit is not None
    assert [times(amount, period.usd_per_unit) for amount in amounts] == [Decimal(amount) for amount in in_dollars]
    rule = period.block.rounding
    assert (rule.mode, rule.step, rule.scope, rule.basis) == ("down", Decimal("0.01"), "request", "inferred")
    assert "0.0684" in rule.evidence
    described = catalog.sku("aivideoapi", sku)
    assert (described.context_window, described.stream_default) == (200_000, True)
    assert described.reasoning == "Yes (optional thinkingFlag)"
    assert period.source.document == PAGE_OF[sku]


def test_a_credit_is_worth_half_a_cent_as_a_dated_fact_of_its_own(catalog: Catalog) -> None:
    (fact,) = catalog.card("aivideoapi").usd_per_unit
    assert (fact.usd, str(fact.observed_on)) == (Decimal("0.005"), OBSERVED)
    assert fact.field == "Platform conversion: 1 credit = $0.005"


def test_only_upstream_errors_are_said_to_be_refunded(catalog: Catalog) -> None:
    errors = catalog.card("aivideoapi").errors
    assert [error.http_status for error in errors] == [400, 401, 402, 403, 404, 404, 429, 429, 500, 503]
    assert {error.code: error.charged for error in errors if error.charged != "unstated"} == {
        "upstream_error": "refunded"
    }


def test_api_models_is_priced_in_dollars_and_keeps_its_claims(catalog: Catalog) -> None:
    rates = only(catalog, "apimodels", "claude-sonnet-4-6")
    assert rates == dict.fromkeys(TOKEN_KINDS) | {"input": Decimal("1.059"), "output": Decimal("5.295")}
    claims = catalog.card("apimodels").claims
    assert [claim.low_percent for claim in claims] == [Decimal(60), None, Decimal(60)]
    assert [claim.high_percent for claim in claims] == [Decimal(95)] * 3
    assert catalog.sku("apimodels", "claude-sonnet-4-6").max_output_tokens == 128_000


def test_aiml_api_publishes_no_price_and_has_two_names_for_one_thing(catalog: Catalog) -> None:
    assert only(catalog, "aimlapi", "anthropic/claude-sonnet-4.6") == dict.fromkeys(TOKEN_KINDS)
    described = catalog.sku("aimlapi", "anthropic/claude-sonnet-4-6-20260218")
    assert described.id == "anthropic/claude-sonnet-4.6"
    assert (described.stream_default, described.default_max_tokens) == (False, 32_000)


def test_the_same_model_has_the_same_name_at_every_vendor(catalog: Catalog) -> None:
    offers = [
        ("aivideoapi", "claude-sonnet-4-6"),
        ("aivideoapi", "claude-sonnet-4-6/anthropic"),
        ("apimodels", "claude-sonnet-4-6"),
        ("aimlapi", "anthropic/claude-sonnet-4.6"),
        ("anthropic", "claude-sonnet-4-6"),
        ("openrouter", "anthropic/claude-sonnet-4.6"),
    ]
    assert {catalog.sku(*offer).model for offer in offers} == {"claude-sonnet-4-6"}


def test_every_fact_of_the_pages_names_the_page_the_place_and_the_day(catalog: Catalog) -> None:
    for provider in ("aivideoapi", "apimodels", "aimlapi"):
        card = catalog.card(provider)
        for fact in card.facts():
            assert fact.field
            assert str(fact.observed_on) == OBSERVED
            assert re.fullmatch(r"00\d_[0-9a-f]{16}\.txt", card.sources[fact.source].document)


def figures_on_card(card: RateCard) -> set[Decimal]:
    """Return every number of a card, and its prices in dollars too."""
    usd = [fact.usd for fact in card.usd_per_unit]
    rates = [rate for sku in card.skus for block in sku.rates for rate in block.per_mtok.model_dump().values() if rate]
    limits = [value for sku in card.skus for value in (sku.context_window, sku.max_output_tokens) if value]
    percents = [percent for claim in card.claims for percent in (claim.low_percent, claim.high_percent) if percent]
    return {*usd, *rates, *(times(rate, value) for rate in rates for value in usd), *map(Decimal, limits), *percents}


@pytest.mark.parametrize(
    ("document", "provider"),
    [
        ("000_c11dcc0fea84dd98.txt", "aivideoapi"),
        ("001_4255003813c725e7.txt", "aivideoapi"),
        ("002_e049bb19ebf1a97d.txt", "aivideoapi"),
        ("003_db1f18683c7e16c8.txt", "apimodels"),
        ("004_52a8057fbf11fabe.txt", "aimlapi"),
    ],
)
def test_every_price_that_a_page_shows_is_on_the_card(
    catalog: Catalog, shared: Path, document: str, provider: str
) -> None:
    text = (shared / "sources" / document).read_text("utf-8")
    card = catalog.card(provider)
    price, percent, limit = r"\$(\d+(?:\.\d+)?)|\b(\d+) credits", r"\b([\d-]+)% (?:cheaper|lower)", r"\b(\d+K) tokens"
    shown = re.findall(rf"{price}|{percent}|{limit}|\(1 - (\d+)\)", text)
    numbers = [number for match in shown for part in match if part for number in part.replace("K", "000").split("-")]
    assert {Decimal(number) for number in numbers} <= figures_on_card(card)
    assert len(numbers) == {"000": 6, "001": 5, "002": 31, "003": 14, "004": 0}[document[:3]]
    for status, code, kind, description in re.findall(r"^\| (\d{3}) \| (\w+) \| (\w+) \| (.+) \|$", text, re.MULTILINE):
        (error,) = [error for error in card.errors if error.code == code]
        assert (str(error.http_status), error.type, error.description) == (status, kind, description)


def test_each_shipped_file_is_named_after_its_provider() -> None:
    for path in card_files(SHIPPED):
        card = read_card(path)
        assert isinstance(card, RateCard), card
        assert path.stem.partition(".")[0] == card.provider


def test_every_shipped_fact_is_published_and_unchanged() -> None:
    assert (SHIPPED / PUBLISHED_FILE).is_file()
    assert unpublished_changes() == ()


@pytest.mark.parametrize(
    ("published", "edited"),
    [
        ("output = 4412", "output = 4413"),
        ("usd = 0.005", "usd = 0.006"),
        ('charged = "refunded"', 'charged = "not_charged"'),
        ('field = "Platform conversion: 1 credit = $0.005"', 'field = "somewhere"'),
        ('document = "002_e049bb19ebf1a97d.txt"', 'document = "another.txt"'),
        ('mode = "down"', 'mode = "up"'),
    ],
)
def test_a_published_fact_cannot_be_edited(folder: Path, published: str, edited: str) -> None:
    path = folder / "aivideoapi.toml"
    text = path.read_text("utf-8")
    assert published in text
    path.write_text(text.replace(published, edited), "utf-8")
    assert GONE in {problem.message for problem in unpublished_changes(folder)}
    before = (folder / PUBLISHED_FILE).read_bytes()
    with pytest.raises(BadRateCardError, match="put it back"):
        publish(folder)
    assert (folder / PUBLISHED_FILE).read_bytes() == before


def test_a_published_block_cannot_be_removed(folder: Path) -> None:
    path = folder / "aivideoapi.toml"
    text = path.read_text("utf-8")
    path.write_text(text[: text.rindex("[[skus]]")], "utf-8")
    assert [problem.message for problem in unpublished_changes(folder)] == [GONE]


def test_the_same_facts_in_other_words_are_no_edit(folder: Path) -> None:
    path = folder / "aivideoapi.toml"
    text = path.read_text("utf-8").replace("input = 300,", "input = 300.00,")
    path.write_text("# a comment\n" + text, "utf-8")
    assert unpublished_changes(folder) == ()


def test_a_new_block_is_published_once(folder: Path) -> None:
    path = folder / "aivideoapi.toml"
    path.write_text(path.read_text("utf-8") + NEW_BLOCK, "utf-8")
    assert [problem.message for problem in unpublished_changes(folder)] == [NEW]
    assert publish(folder) == 1
    assert publish(folder) == 0
    assert unpublished_changes(folder) == ()
    (card,) = read_cards(card_files(folder))
    assert isinstance(card.skus[-1], Sku)


NEW_BLOCK = """
[[skus.rates]]
observed_on = 2026-12-24
source = "anthropic"
field = "Pricing, Per-token billing"
valid_from = 2026-12-24T00:00:00Z
per_mtok = { input = 1400, output = 7000, cache_read = 140, cache_write_5m = 1750, cache_write_1h = 2800 }
"""
