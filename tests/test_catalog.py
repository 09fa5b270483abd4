"""The catalog: layers, exact names, what was known when, and errors that say where they are."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pricing import Catalog, RatePeriod, Usage, load_catalog, price
from pricing.catalog import SHIPPED, card_files, read_card
from pricing.differences import Change, diff, rates_in_force
from pricing.errors import BadRateCardError, CardProblem, UnknownNameError

NOW = datetime(2026, 11, 21, tzinfo=UTC)

CARD = """
provider = "acme"
name = "Acme"
unit = "credit"

[sources.page]
document = "page.txt"
title = "Prices"

[[usd_per_unit]]
usd = 0.01
observed_on = 2026-01-01
source = "page"
field = "1 credit"

[[skus]]
id = "model-1"
model = "model-1"
aliases = ["model-one"]

[[skus.rates]]
observed_on = 2026-01-01
source = "page"
field = "Prices"
per_mtok = { input = 300, output = 1500.5 }
unpublished = ["cache_read", "cache_write_5m", "cache_write_1h"]
"""

CONTRACT = """
provider = "aivideoapi"
name = "Our contract"
unit = "credit"

[sources.contract]
document = "contract.pdf"
title = "Contract"

[[skus]]
id = "claude-sonnet-4-6"
model = "claude-sonnet-4-6"

[[skus.rates]]
observed_on = 2026-10-01
source = "contract"
field = "Annex 1"
valid_from = 2026-10-01T00:00:00Z
valid_to = 2027-01-01T00:00:00Z
per_mtok = { input = 200, output = 1000, cache_read = 20 }
unpublished = ["cache_write_5m", "cache_write_1h"]
rounding = { mode = "half_up", step = 0.001, basis = "contracted" }
"""


def block(observed_on: str, rest: str, input_rate: int = 400) -> str:
    return f"""
[[skus.rates]]
observed_on = {observed_on}
source = "page"
field = "Prices"
per_mtok = {{ input = {input_rate}, output = 2000 }}
unpublished = ["cache_read", "cache_write_5m", "cache_write_1h"]
{rest}
"""


def load(tmp_path: Path, text: str, name: str = "acme.toml") -> Catalog:
    (tmp_path / name).write_text(text, "utf-8")
    return load_catalog([tmp_path], providers=["aivideoapi"])


def problems(tmp_path: Path, text: str) -> tuple[CardProblem, ...]:
    path = tmp_path / "acme.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadRateCardError) as raised:
        load_catalog([path], providers=[])
    assert {problem.path for problem in raised.value.problems} == {str(path)}
    return raised.value.problems


def input_rate(catalog: Catalog, at: datetime, provider: str = "acme", sku: str = "model-1") -> Decimal | str | None:
    found = catalog.find(provider, sku, at)
    return found.block.per_mtok.input if isinstance(found, RatePeriod) else found


def test_a_users_card_adds_a_provider(tmp_path: Path) -> None:
    charge = price(load(tmp_path, CARD), "acme", "model-one", Usage(input=10, output=2), NOW)
    assert (charge.exact, charge.usd) == (Decimal("0.006001"), Decimal("0.00006001"))


def test_contracted_prices_lie_over_the_shipped_ones_while_they_hold(tmp_path: Path) -> None:
    catalog = load(tmp_path, CONTRACT)
    rates = [input_rate(catalog, at, "aivideoapi", "claude-sonnet-4-6") for at in (
        datetime(2026, 9, 30, 23, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
    )]  # fmt: skip
    assert rates == [Decimal(300), Decimal(200), Decimal(300)]
    charge = price(catalog, "aivideoapi", "claude-sonnet-4-6", Usage(input=18, output=42, cache_read=10), NOW)
    assert (charge.exact, charge.charged) == (Decimal("0.0458"), Decimal("0.046"))
    # The worth of a credit is still told by the card below; the other SKUs are untouched.
    assert charge.usd == Decimal("0.000229")
    assert input_rate(catalog, NOW, "aivideoapi", "claude-opus-4-6") == Decimal(500)


def test_the_digest_tells_catalogs_apart_and_the_version_says_that_it_is_ones_own(tmp_path: Path) -> None:
    shipped, part = load_catalog(), load_catalog(providers=["apimodels"])
    assert (shipped.digest, shipped.version) == (part.digest, part.version)
    assert part.providers == ("apimodels",)
    own = load(tmp_path, CONTRACT)
    assert (own.version, own.digest != shipped.digest) == (shipped.version + "+own", True)
    assert load(tmp_path, CONTRACT + "# more\n").digest != own.digest
    assert load(tmp_path, CONTRACT.replace("\n", "\r\n")).digest == own.digest
    assert re.fullmatch(r"\d{4}\.\d{2}\.\d{2}", shipped.version)


@pytest.mark.parametrize(
    ("good", "bad", "where", "message"),
    [
        ("unpublished =", "unpublishd =", "sku model-1.rates.0.unpublishd", "Extra inputs"),
        ("aliases", "alias", "sku model-1.alias", "Extra inputs"),
        ("output = 1500.5", "outputs = 1500.5", "sku model-1.rates.0.per_mtok.outputs", "Extra inputs"),
        (', "cache_write_1h"', "", "sku model-1.rates.0", "neither priced nor unpublished: cache_write_1h"),
        ('["cache_read"', '["input", "cache_read"', "sku model-1.rates.0", "both priced and unpublished: input"),
        ("input = 300", "input = -1", "sku model-1.rates.0.per_mtok.input", "greater than or equal to 0"),
        ("input = 300", "input = nan", "sku model-1.rates.0.per_mtok.input", "finite"),
        ("input = 300", "input = inf", "sku model-1.rates.0.per_mtok.input", "finite"),
        ("input = 300", "input = 1e999999", "sku model-1.rates.0.per_mtok.input", "less than or equal"),
        ("input = 300", "input = true", "sku model-1.rates.0.per_mtok.input", "Decimal"),
        ("input = 300", 'input = "300"', "sku model-1.rates.0.per_mtok.input", "Decimal"),
        ("input = 300", "input = 0.0000001", "sku model-1.rates.0.per_mtok.input", "more than 6 decimal places"),
        ("input = 300", f"input = 0.{'3' * 90}", "sku model-1.rates.0.per_mtok.input", "more than 6 decimal places"),
        ("usd = 0.01", "usd = 0", "usd_per_unit.0.usd", "greater than 0"),
        ("observed_on = 2026-01-01", 'observed_on = "2026-01-01"', "sku model-1.rates.0.observed_on", "valid date"),
        ('source = "page"', 'source = "pages"', "file", "no such source: pages"),
        ('aliases = ["model-one"]', 'aliases = ["model-1"]', "file", "given to two SKUs: model-1"),
        ('unit = "credit"', 'unit = "USD"', "file", "a card in USD has no usd_per_unit"),
        ('id = "model-1"', 'id = "model 1"', "sku model 1.id", "pattern"),
        ('id = "model-1"', "", "sku 0.id", "Field required"),
        ("[sources.page]", "[sources.page", "file", "not readable as TOML"),
        ("input = 300", "input = 1e99999999999999999999", "file", "not readable as TOML"),
    ],
)
def test_a_misspelt_or_wrong_field_is_an_error_that_names_the_file_and_the_sku(
    tmp_path: Path, good: str, bad: str, where: str, message: str
) -> None:
    assert good in CARD
    found = problems(tmp_path, CARD.replace(good, bad))
    assert any(problem.where == where and message in problem.message for problem in found), found


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(CARD.replace("aliases", "alias"), "utf-8")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadRateCardError) as raised:
        load_catalog([tmp_path], providers=[])
    assert [Path(problem.path).name for problem in raised.value.problems] == ["a.toml", "b.toml"]
    assert str(raised.value).count("\n") == 1


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_where_there_is_no_card_the_error_says_what_to_give(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRateCardError, match="give a TOML file or a folder of them"):
        load_catalog([tmp_path / name])


@pytest.mark.parametrize(
    "rest",
    ["", "valid_to = 2026-03-01T00:00:00Z", 'valid_from = 2026-03-01T00:00:00Z\nservice_tier = "standard"'],
)
def test_overlapping_periods_are_refused(tmp_path: Path, rest: str) -> None:
    dated = CARD.replace("per_mtok = { input = 300", "valid_to = 2026-06-01T00:00:00Z\nper_mtok = { input = 300")
    (problem,) = problems(tmp_path, dated + block("2026-02-01", rest))
    assert problem.where == "sku model-1, service tier standard"
    assert "2026-01-01 and 2026-02-01 overlap: end one before the other begins, or say in 'corrects'" in problem.message


def test_overlapping_values_of_the_unit_are_refused(tmp_path: Path) -> None:
    value = CARD[CARD.index("[[usd_per_unit]]") : CARD.index("[[skus]]")]
    (problem,) = problems(tmp_path, CARD.replace(value, value * 2))
    assert problem.where == "usd_per_unit"


def test_an_instant_without_a_zone_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, CARD + block("2026-02-01", "valid_from = 2026-03-13T00:00:00"))
    assert "an instant needs a zone" in problem.message


def test_a_gap_is_unpriced_and_neither_an_error_nor_zero(tmp_path: Path) -> None:
    ended = CARD.replace("per_mtok = { input = 300", "valid_to = 2026-02-01T00:00:00Z\nper_mtok = { input = 300")
    catalog = load(tmp_path, ended + block("2026-01-01", "valid_from = 2026-03-01T00:00:00Z"))
    assert input_rate(catalog, datetime(2026, 2, 1, tzinfo=UTC)) == "no_rate_in_force"
    charge = price(catalog, "acme", "model-1", Usage(input=5), datetime(2026, 2, 28, tzinfo=UTC))
    assert (charge.exact, [part.reason for part in charge.unpriced]) == (None, ["no_rate_in_force"])
    # Without an instant nobody can tell which of the two it was.
    assert catalog.find("acme", "model-1", None) == "no_rate_in_force"


def test_last_months_report_stays_as_it_was_after_a_price_refresh(tmp_path: Path) -> None:
    before = load(tmp_path, CARD)
    after = load(tmp_path, CARD + block("2026-04-01", "valid_from = 2026-04-01T00:00:00Z"))
    corrected = load(tmp_path, CARD + block("2026-04-01", 'corrects = "a misprint"', 350))
    march = datetime(2026, 3, 15, tzinfo=UTC)
    assert [input_rate(each, march) for each in (before, after)] == [Decimal(300)] * 2
    assert input_rate(after, datetime(2026, 4, 1, tzinfo=UTC)) == Decimal(400)
    assert input_rate(corrected, march) == Decimal(350)
    assert input_rate(corrected.as_known_at(date(2026, 3, 31)), march) == Decimal(300)
    assert input_rate(corrected.as_known_at(date(2025, 12, 31)), march) == "no_rate_in_force"


def test_a_period_is_cut_where_the_value_of_its_unit_changes(tmp_path: Path) -> None:
    value = CARD[CARD.index("[[usd_per_unit]]") : CARD.index("[[skus]]")]
    dearer = value.replace("usd = 0.01", "usd = 0.02\nvalid_from = 2026-06-01T00:00:00Z")
    first, second = load(tmp_path, CARD.replace(value, value + dearer)).periods("acme", "model-1")
    assert (first.usd_per_unit, second.usd_per_unit) == (Decimal("0.01"), Decimal("0.02"))
    assert first.valid_to == second.valid_from == datetime(2026, 6, 1, tzinfo=UTC)
    (unknown,) = load(tmp_path, CARD.replace(value, "")).periods("acme", "model-1")
    assert unknown.usd_per_unit is None


@pytest.mark.parametrize("name", ["model", "model-1/anthropic", "MODEL-1", "model-1 ", "model-on", "model-one-2"])
def test_a_name_is_matched_in_full_or_not_at_all(tmp_path: Path, name: str) -> None:
    catalog = load(tmp_path, CARD)
    assert catalog.find("acme", name, NOW) == "unknown_sku"
    with pytest.raises(UnknownNameError, match="catalog list --provider acme"):
        catalog.sku("acme", name)
    assert catalog.sku("acme", "model-one").id == "model-1"


def test_an_unknown_provider_is_an_error_that_lists_the_known_ones() -> None:
    catalog = load_catalog(providers=["apimodels"])
    assert catalog.find("nobody", "x", NOW) == "unknown_provider"
    for ask in (catalog.card, catalog.skus, catalog.sku_names):
        with pytest.raises(UnknownNameError, match="there are: apimodels"):
            ask("nobody")


def test_what_lies_over_a_generated_card_is_read_with_it() -> None:
    catalog = load_catalog(providers=["openrouter"])
    assert [path.name for path in card_files(SHIPPED) if path.stem.startswith("openrouter")] == [
        "openrouter.toml", "openrouter.delisted.toml",
    ]  # fmt: skip
    assert input_rate(catalog, NOW, "openrouter", "google/gemini-3-pro-preview") == Decimal(2)


def test_differences_say_what_when_and_from_what_to_what(tmp_path: Path) -> None:
    text = (
        CARD
        + block("2026-04-01", "valid_from = 2026-04-01T00:00:00Z")
        + block("2026-05-01", "valid_from = 2026-06-01T00:00:00Z")
    )
    catalog = load(tmp_path, text)
    april, june = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 6))
    known = catalog.as_known_at(date(2026, 3, 1))
    assert [change for change in diff(known, catalog) if change.provider == "acme"] == [
        Change("acme", "model-1", "standard", "input", "changed", Decimal(300), Decimal(400), april, None),
        Change("acme", "model-1", "standard", "output", "changed", Decimal("1500.5"), Decimal(2000), april, None),
    ]
    assert diff(catalog, catalog) == ()
    back = diff(catalog, known)[0]
    assert (back.what, back.before, back.after) == ("changed", Decimal(400), Decimal(300))
    assert rates_in_force(catalog, "acme", april - timedelta(microseconds=1))[0].block.per_mtok.input == Decimal(300)
    assert [len(rates_in_force(catalog, "acme", at)) for at in (april, june, None)] == [1, 1, 3]
    with pytest.raises(UnknownNameError):
        rates_in_force(catalog, "nobody")


def test_differences_tell_of_a_sku_that_came_or_went_and_of_its_rounding() -> None:
    catalog = load_catalog(providers=["aivideoapi"])
    empty = catalog.as_known_at(date(2026, 1, 1))
    added = {(change.kind, change.after) for change in diff(empty, catalog) if change.sku == "claude-sonnet-4-6"}
    assert added == {
        ("input", Decimal(300)), ("output", Decimal(1500)), ("rounding", "down to 0.01 per request"),
        ("unit", "credit"), ("usd_per_unit", Decimal("0.005")),
    }  # fmt: skip
    assert {change.what for change in diff(catalog, empty)} == {"removed"}


def test_one_vendor_loads_at_once_and_all_periods_are_drawn_fast() -> None:
    """The limits are some ten times what a slow machine needs: they catch a quadratic look-up, not a busy day."""
    start = time.perf_counter()
    load_catalog(providers=["aivideoapi"])
    loaded = time.perf_counter()
    catalog = load_catalog(providers=["openrouter"])
    drawn = time.perf_counter()
    assert len(list(catalog.all_periods())) > 900
    assert loaded - start < 0.5
    assert time.perf_counter() - drawn < 1.5


@pytest.mark.parametrize("path", card_files(SHIPPED), ids=lambda path: path.stem)
def test_every_shipped_card_is_good(path: Path) -> None:
    assert not isinstance(read_card(path), tuple)
