"""An excerpt of the catalog: a rate card of its own that holds certain rates, with their sources, and nothing else.

Read as a card, it rates as the catalog does where those rates are in force. So whoever gets it can check a sum.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pydantic import BaseModel

from pricing.catalog import Catalog, RatePeriod
from pricing.periods import in_force
from pricing.rates import ErrorCode, RateBlock, RateCard, Sku, Source, UnitValue
from pricing.toml_text import toml

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def excerpt(catalog: Catalog, provider: str, periods: Iterable[RatePeriod], statuses: Iterable[int] = ()) -> RateCard:
    """Return the card of that provider with these rates, and what its error table says of those HTTP statuses.

    Raise UnknownNameError if the provider has no card.
    """
    top, sources, wanted = catalog.card(provider), _Sources(), set(statuses)
    skus = tuple(
        _sku(catalog, list(of_sku), sources)
        for _, of_sku in groupby(sorted(periods, key=lambda each: each.sku), key=lambda each: each.sku)
    )
    errors = tuple(
        error.model_copy(update={"source": sources.key(error.source, top.sources[error.source])})
        for error in top.errors
        if error.http_status in wanted
    )
    values = tuple(_unit_values(catalog, provider, sources))
    return RateCard(
        provider=provider, name=top.name, unit=top.unit, endpoint=top.endpoint, is_list_price=top.is_list_price,
        sources=sources.known, usd_per_unit=values, errors=errors, skus=skus,
    )  # fmt: skip


def error_words(card: RateCard, status: int) -> tuple[tuple[ErrorCode, Source], ...]:
    """Return what the card's error table says of an HTTP status, and where."""
    return tuple((error, card.sources[error.source]) for error in card.errors if error.http_status == status)


def card_toml(card: RateCard, heading: Sequence[str] = ()) -> str:
    """Return the text of a rate card's file, with comment lines above it."""
    parts = ["".join(f"# {line}\n" for line in heading)] if heading else []
    parts.append(toml(_told(card, "sources", "usd_per_unit", "errors", "claims", "skus")))
    parts += [f"[sources.{key}]\n{toml(_told(source))}" for key, source in card.sources.items()]
    for name, facts in (("usd_per_unit", card.usd_per_unit), ("errors", card.errors), ("claims", card.claims)):
        parts += [f"[[{name}]]\n{toml(_told(fact))}" for fact in facts]
    for sku in card.skus:
        parts.append(f"[[skus]]\n{toml(_told(sku, 'rates'))}")
        parts += [f"[[skus.rates]]\n{toml(_told(block))}" for block in sku.rates]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of an excerpt; two layers may call different pages by one name."""

    known: dict[str, Source] = field(default_factory=dict)

    def key(self, wanted: str, source: Source) -> str:
        base = wanted if _BARE_KEY.fullmatch(wanted) else "source"
        names = (base, *(f"{base}-{number}" for number in range(2, len(self.known) + 3)))
        key = next(name for name in names if self.known.get(name, source) == source)
        self.known[key] = source
        return key


def _sku(catalog: Catalog, periods: Sequence[RatePeriod], sources: _Sources) -> Sku:
    provider, sku_id = periods[0].provider, periods[0].sku
    described = catalog.sku(provider, sku_id)
    aliases = sorted(name for name, sku in catalog.sku_names(provider).items() if sku == sku_id and name != sku_id)
    blocks = tuple(_block(period, sources) for period in sorted(periods, key=_order))
    return described.model_copy(update={"aliases": tuple(aliases), "rates": blocks})


def _order(period: RatePeriod) -> tuple[str, bool, object]:
    return period.block.service_tier, period.valid_from is not None, period.valid_from


def _block(period: RatePeriod, sources: _Sources) -> RateBlock:
    """Return the block of a period with the time in which it is the one that holds."""
    key = sources.key(period.block.source, period.source)
    return period.block.model_copy(update={"valid_from": period.valid_from, "valid_to": period.valid_to, "source": key})


def _unit_values(catalog: Catalog, provider: str, sources: _Sources) -> Iterable[UnitValue]:
    unit = catalog.card(provider).unit
    layers = [card for card in catalog.cards if card.provider == provider and card.unit == unit]
    origin = {id(value): card for card in layers for value in card.usd_per_unit}
    for span in in_force([card.usd_per_unit for card in layers], catalog.known_at):
        value = span.fact
        key = sources.key(value.source, origin[id(value)].sources[value.source])
        yield value.model_copy(update={"valid_from": span.valid_from, "valid_to": span.valid_to, "source": key})


def _told(model: BaseModel, *but: str) -> Mapping[str, object]:
    """Return what a model says beyond its defaults, as TOML can hold it."""
    return _plain(model.model_dump(exclude=set(but), exclude_defaults=True))


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    return {key: _plain_value(each) for key, each in value.items() if each is not None}


def _plain_value(value: object) -> object:
    match value:
        case dict():
            return _plain(value)
        case list() | tuple():
            return [_plain_value(each) for each in value]
        case str():
            return str(value)
        case _:
            return value
