"""From the data of genai-prices to rate cards in TOML. What a card can't hold exactly is unpublished, with a note.

Names are matched exactly here, so of the data's matching rules only those that name a model in full become aliases.
The data counts cached tokens as input too; its prices are those of disjoint kinds all the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)  # fmt: skip

from pricing.amounts import per_mtok_to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.genai_names import MAKERS, MORE_NAMES, PROVIDER_NOTES, RESOLD
from pricing.rates import RateBlock
from pricing.toml_text import toml
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, WEB_SEARCH, TokenKind

PACKAGE = "genai-prices"
SOURCE = "genai-prices"

#: The data's price keys of our token kinds; they are per 1M tokens.
KEYS = {
    "input_mtok": TokenKind.INPUT,
    "output_mtok": TokenKind.OUTPUT,
    "cache_read_mtok": TokenKind.CACHE_READ,
    "cache_write_mtok": TokenKind.CACHE_WRITE_5M,
    "cache_write_1h_mtok": TokenKind.CACHE_WRITE_1H,
}
#: The data's price keys of fees; they are per 1,000 calls.
FEES = {"web_searches_kcount": WEB_SEARCH, "storage_searches_kcount": "storage_search"}
#: The conditions of the data that are a service tier here; others, such as a route, a card can't hold.
TIER_CONDITIONS = ("processing", "service_tier", "speed")

Prices = Mapping[str, Decimal | TieredPrices]
Table = dict[str, Any]
"""A block as it will stand in the file; what is None is left out."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one stretch of time, per context threshold (0 is the base) and kind, and why others are missing."""

    by_threshold: Mapping[int, Mapping[TokenKind, Decimal]]
    notes: tuple[str, ...]


def cards(observed_on: date) -> dict[str, str]:
    """Return file name -> TOML text for every provider that prices tokens."""
    models = _names_of_makers()
    return {
        f"{provider.id}.toml": _card(
            provider, models, [(model, _tables(provider, model, observed_on)) for model in _sold(provider)]
        )
        for provider in providers
    }


def updates(observed_on: date, known: Catalog) -> dict[str, str]:
    """Return file name -> TOML text for every provider of which the data tells more than the catalog."""
    models = _names_of_makers()
    return {
        f"{provider.id}.{observed_on}.toml": _card(provider, models, fresh)
        for provider in providers
        if (fresh := list(_fresh(provider, observed_on, known)))
    }


def release() -> str:
    """Return the package and its release, the way cards name it."""
    return f"{PACKAGE} {version(PACKAGE)}"


def names(provider: Provider, model: ModelInfo) -> tuple[str, ...]:
    """Return the aliases of a model: the names that it is matched by in full, and those written down by hand."""
    written = [name for name, model_id in MORE_NAMES.get(provider.id, {}).items() if model_id == model.id]
    return tuple(dict.fromkeys(name for name in (*_in_full(model.match), *written) if name != model.id))


def held(prices: Prices) -> Rates:
    """Return what a card can hold of those prices."""
    apart = sorted(set(prices) - set(KEYS) - set(FEES))
    dropped = {kind: reason for key, kind in KEYS.items() if (reason := _why_not(key, prices, apart))}
    thresholds = {tier.start for key in KEYS for tier in _tiers(prices.get(key))}
    rates = {
        start: {kind: _at(prices[key], start) for key, kind in KEYS.items() if key in prices and kind not in dropped}
        for start in sorted({0} | thresholds)
    }
    notes = [f"{kind}: {reason}" for kind, reason in dropped.items()]
    notes += [f"priced apart and not held here: {', '.join(apart)}"] if apart else []
    return Rates(rates, tuple(notes))


def blocks(model: ModelInfo) -> Iterator[tuple[str, date | None, Prices]]:
    """Yield service tier, first day and prices of every price of a model, as the data itself resolves them."""
    conditions = [None, *dict.fromkeys(tuple(v.when.items()) for v in _tier_variants(model))]
    for condition in conditions:
        before: Prices | None = None
        for start in _starts(model, condition):
            at = datetime.combine(start or date(1970, 1, 1), time(), UTC)
            prices = _plain(model.get_prices(at, dict(condition) if condition else None))
            if prices != before:
                yield condition[0][1] if condition else STANDARD_TIER, start, prices
            before = prices


def _sold(provider: Provider) -> list[ModelInfo]:
    """Return the models of a provider that have a price per token."""
    return [model for model in provider.models if any(set(prices) & set(KEYS) for _, _, prices in blocks(model))]


def _fresh(provider: Provider, observed_on: date, known: Catalog) -> Iterator[tuple[ModelInfo, list[Table]]]:
    """Yield the models of which the catalog does not know the blocks, and those blocks."""
    has = known.skus(provider.id) if provider.id in known.providers else ()
    for model in _sold(provider):
        tables = _tables(provider, model, observed_on)
        if model.id in has:
            tiers = dict.fromkeys(table.get("service_tier") for table in tables)
            of_tier = ([table for table in tables if table.get("service_tier") == tier] for tier in tiers)
            tables = [new for each in of_tier for new in _unknown(provider, model, each, known)]
        if tables:
            yield model, tables


def _unknown(provider: Provider, model: ModelInfo, tables: list[Table], known: Catalog) -> Iterator[Table]:
    """Yield the blocks of one service tier from the first on that differs from what the catalog has in force."""
    differs = False
    for table in tables:
        today = datetime.combine(table["observed_on"], time(), UTC)
        has_begun_since = any(other["valid_from"] and other["valid_from"] <= today for other in tables)
        if table["valid_from"] is None and has_begun_since:
            continue
        at = table["valid_from"] or today
        block = RateBlock.model_validate({key: value for key, value in table.items() if value is not None})
        found = known.find(provider.id, model.id, at, block.service_tier)
        differs = differs or not isinstance(found, RatePeriod) or _rates(found.block) != _rates(block)
        if differs:
            yield table | {"valid_from": at}


def _rates(block: RateBlock) -> tuple[object, ...]:
    return block.per_mtok, block.context_tiers, block.per_tool_call


def _card(provider: Provider, models: Mapping[str, str], sold: list[tuple[ModelInfo, list[Table]]]) -> str:
    taken = Counter(name for model in provider.models for name in {model.id, *names(provider, model)})
    head = {
        "provider": provider.id,
        "name": provider.name,
        "unit": "USD",
        "is_list_price": provider.id in MAKERS,
        "notes": list(_notes(provider)) or None,
    }
    title = f"Offline data of the package {PACKAGE}, release {version(PACKAGE)}"
    source = {"document": release(), "title": title}
    parts = [
        f"# Written by `tallystick catalog baseline` from {release()}. A published block is never edited.\n",
        toml(head),
        f"[sources.{SOURCE}]\n" + toml(source),
    ]
    for model, tables in sold:
        parts += _sku(provider, model, models, [name for name in names(provider, model) if taken[name] == 1])
        parts += ["[[skus.rates]]\n" + toml(table) for table in tables]
    return "\n".join(parts)


def _sku(provider: Provider, model: ModelInfo, models: Mapping[str, str], aliases: list[str]) -> Iterator[str]:
    is_own = provider.id in MAKERS and not _is_resold(provider, model)
    yield "[[skus]]\n" + toml(
        {
            "id": model.id,
            "model": model.id if is_own else _model_behind(model.id, models),
            "name": model.name,
            "context_window": model.context_window,
            "is_resold": True if _is_resold(provider, model) else None,
            "aliases": aliases or None,
        }
    )


def _tables(provider: Provider, model: ModelInfo, observed_on: date) -> list[Table]:
    return [_table(provider, model, block, observed_on) for block in blocks(model)]


def _table(provider: Provider, model: ModelInfo, block: tuple[str, date | None, Prices], observed_on: date) -> Table:
    tier, start, prices = block
    rates = Rates({0: {}}, (why,)) if (why := _why_nothing(model, prices)) else held(prices)
    base, *rest = rates.by_threshold.items()
    return {
        "observed_on": observed_on,
        "source": SOURCE,
        "field": f"{provider.id}, {model.id}",
        "valid_from": datetime.combine(start, time(), UTC) if start else None,
        "service_tier": tier if tier != STANDARD_TIER else None,
        "per_mtok": dict(base[1]) or None,
        "unpublished": [kind for kind in TOKEN_KINDS if kind not in base[1]] or None,
        "context_tiers": [{"above": above, "per_mtok": dict(per_mtok)} for above, per_mtok in rest] or None,
        "per_tool_call": {FEES[key]: _at(prices[key], 0) / 1000 for key in FEES if key in prices} or None,
        "note": "; ".join(rates.notes) or None,
    }


def _notes(provider: Provider) -> Iterator[str]:
    sold = _sold(provider)
    yield from PROVIDER_NOTES.get(provider.id, ())
    if left_out := len(provider.models) - len(sold):
        yield f"Left out for lack of a price per token: {left_out} of {len(provider.models)} models of the data."
    unheld = Counter(
        "+".join(f"{key}={value}" for key, value in variant.when.items())
        for model in sold
        for variant in model.price_variants or ()
        if variant not in _tier_variants(model) and _plain(variant.prices)
    )
    for condition, count in sorted(unheld.items()):
        yield f"Left out, for a card can't hold them: {count} prices under the condition {condition}."


def _why_nothing(model: ModelInfo, prices: Prices) -> str | None:
    """Say why none of these prices may stand on a card, or None."""
    constraints = [price.constraint for price in _dated(model)]
    if any(isinstance(constraint, TimeOfDateConstraint) for constraint in constraints):
        return "the price depends on the time of day, which a card can't hold"
    if "requests_kcount" in prices:
        return "each request costs a fee besides, of which the data has only the highest of several"
    return None


def _why_not(key: str, prices: Prices, apart: Iterable[str]) -> str | None:
    """Say why the price of that key may not stand on a card, or None."""
    if key not in prices:
        return None
    for amount in _amounts(prices[key]):
        try:
            per_mtok_to_pico(amount)
        except ValueError:
            return f"the data says {amount}, finer than 6 decimal places"
    if key == "output_mtok" and any(other.startswith("output_") for other in apart):
        return "not one price but several"
    return None


def _starts(model: ModelInfo, condition: tuple[tuple[str, str], ...] | None) -> list[date | None]:
    """Return the days on which a price under that condition may change, None first if it holds from ever before."""
    base = [price.constraint for price in _dated(model)]
    variants = [v.constraint for v in _tier_variants(model) if tuple(v.when.items()) == condition]
    days = {c.start_date for c in (*base, *variants) if isinstance(c, StartDateConstraint)}
    own = base[:1] if condition is None else variants
    first = None if None in own or not own else min(c.start_date for c in own if isinstance(c, StartDateConstraint))
    return [first, *sorted(day for day in days if first is None or day > first)]


def _tier_variants(model: ModelInfo) -> list[PriceVariant]:
    return [
        variant
        for variant in model.price_variants or ()
        if len(variant.when) == 1 and set(variant.when) <= set(TIER_CONDITIONS) and _plain(variant.prices)
    ]


def _in_full(clause: MatchLogic) -> Iterator[str]:
    match clause:
        case ClauseEquals():
            yield clause.equals
        case ClauseOr():
            for part in clause.or_:
                yield from _in_full(part)
        case _:
            return


def _names_of_makers() -> dict[str, str]:
    """Return each name that one maker alone gives a model of its own, in small letters, and the model."""
    found: dict[str, set[str]] = {}
    for provider in providers:
        for model in provider.models if provider.id in MAKERS else ():
            for name in () if _is_resold(provider, model) else (model.id, *names(provider, model)):
                found.setdefault(name.lower(), set()).add(model.id)
    return {name: ids.pop() for name, ids in found.items() if len(ids) == 1}


def _model_behind(sku_id: str, models: Mapping[str, str]) -> str:
    """Return the maker's name for what a reseller sells: its own name for it, less a leading `maker/`, in full."""
    bare = sku_id.partition("/")[2] or sku_id
    candidates = (sku_id, bare, bare.replace(".", "-"))
    return next((models[name.lower()] for name in candidates if name.lower() in models), sku_id)


def _is_resold(provider: Provider, model: ModelInfo) -> bool:
    return model.id.startswith(RESOLD.get(provider.id, ()))


def _dated(model: ModelInfo) -> list[ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else []


def _plain(prices: ModelPrice) -> Prices:
    return {key: price for key, price in vars(prices).items() if not key.startswith("_") and price is not None}


def _tiers(price: Decimal | TieredPrices | None) -> list[Tier]:
    return price.tiers if isinstance(price, TieredPrices) else []


def _amounts(price: Decimal | TieredPrices) -> list[Decimal]:
    return [price.base, *(tier.price for tier in price.tiers)] if isinstance(price, TieredPrices) else [price]


def _at(price: Decimal | TieredPrices, prompt_above: int) -> Decimal:
    """Return the price for prompts just above that many tokens; 0 means the base."""
    if isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if 0 < tier.start <= prompt_above]
    return reached[-1] if reached else price.base
