"""An excerpt of the catalog is a card like any other, and rates what it holds as the catalog does."""

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pricing.catalog import Catalog, RatePeriod, load_catalog, read_cards
from pricing.excerpts import card_toml, error_words, excerpt
from pricing.rates import PerMtok, RateBlock, RateCard, Sku, Source, UnitValue
from tests.ledgers import LEARNED, a_catalog, block

_RATES = PerMtok(input=Decimal(3), output=Decimal(15))


def read_again(card: RateCard, folder: Path) -> Catalog:
    path = folder / "card.toml"
    path.write_bytes(card_toml(card, ["An excerpt."]).encode())
    return Catalog("again", "0" * 64, read_cards([path]))


def told(periods: tuple[RatePeriod, ...]) -> list[object]:
    """Return what a period says, but for the name of its source and its own bounds, which the period has."""
    bare = {"source": "", "valid_from": None, "valid_to": None}
    return [replace(each, block=each.block.model_copy(update=bare)) for each in periods]


@pytest.mark.parametrize("provider", ["aivideoapi", "anthropic", "openrouter", "google", "cursor"])
def test_every_rate_is_told_again(provider: str, tmp_path: Path) -> None:
    catalog = load_catalog()
    periods = tuple(catalog.all_periods([provider]))
    again = read_again(excerpt(catalog, provider, periods), tmp_path)
    assert told(tuple(again.all_periods([provider]))) == told(periods)
    assert again.sku_names(provider) == catalog.sku_names(provider)


def test_only_what_is_asked_for_is_in_it() -> None:
    catalog = load_catalog()
    (period,) = catalog.periods("aivideoapi", "claude-opus-4-6")
    card = excerpt(catalog, "aivideoapi", [period], [503])
    assert [sku.id for sku in card.skus] == ["claude-opus-4-6"]
    assert {error.http_status for error in card.errors} == {503}
    ((error, source),) = error_words(card, 503)
    assert (error.charged, source.title) == ("refunded", "Claude / Anthropic")
    assert error_words(card, 429) == ()
    assert card.claims == ()


def test_layers_and_changes_of_price_and_unit_are_told_as_they_were_in_force(tmp_path: Path) -> None:
    bottom = a_catalog(block(_RATES, note='says "so" \\ and\nso'))
    begin, middle = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    own: RateBlock = block(_RATES, valid_from=begin, source="page", per_tool_call={"web.search": Decimal("0.01")})
    value = UnitValue(
        usd=Decimal("0.004"), valid_from=middle, observed_on=date(2026, 4, 2), source="page", field="mail"
    )
    top = bottom.cards[0].model_copy(
        update={
            "sources": {"page": Source(document="contract.pdf", title="Our contract")},
            "usd_per_unit": (value,),
            "skus": (Sku(id="model", model="model", aliases=("model-2",), rates=(own,)),),
        }
    )
    catalog = Catalog("test", "0" * 64, (*bottom.cards, top))
    periods = tuple(catalog.all_periods(["vendor"]))
    assert len(periods) == 3
    again = read_again(excerpt(catalog, "vendor", periods), tmp_path)
    assert told(tuple(again.all_periods(["vendor"]))) == told(periods)
    assert set(again.sku_names("vendor")) == {"model", "model-1", "model-2"}
    raw = tomllib.loads((tmp_path / "card.toml").read_text("utf-8"))
    assert {source["document"] for source in raw["sources"].values()} == {"page.txt", "contract.pdf"}
    assert LEARNED in {each["observed_on"] for each in raw["skus"][0]["rates"]}
