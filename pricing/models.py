"""Who sells a model: the SKUs of every provider that stand for it, by exact name or by the user's own word."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType

from pricing.catalog import Catalog
from pricing.errors import PricingError, UnknownNameError

NOTHING_MAPPED: Mapping[str, str] = MappingProxyType({})
_MOST_NAMES = 5


class BadModelMapError(PricingError):
    """Models can't be mapped to one another in this way."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A SKU of a provider. `is_list` marks the price that the model's own maker publishes: others are held against it.

    `catalog` is what it is priced by: for a list price that is the maker's own card, whatever a user lays over it.
    """

    provider: str
    sku: str
    model: str
    is_list: bool
    catalog: Catalog = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Provider and SKU in one."""
        return f"{self.provider} {self.sku}"


def sellers(catalog: Catalog, model: str, mapped: Mapping[str, str] = NOTHING_MAPPED) -> tuple[Seller, ...]:
    """Return every SKU that sells the model or one that the user maps to it, in order of provider and SKU.

    `mapped` says of models that they are to be taken for others. Nothing is matched by likeness.
    Raise UnknownNameError, with the nearest names, if nobody sells it, BadModelMapError for a map of maps.

    >>> from pricing.catalog import load_catalog
    >>> catalog = load_catalog(providers=["anthropic", "aivideoapi"])
    >>> [(seller.name, seller.is_list) for seller in sellers(catalog, "claude-haiku-4-5")]
    [('aivideoapi claude-haiku-4-5/anthropic', False), ('anthropic claude-haiku-4-5', True)]
    """
    (found,) = sellers_of_each(catalog, [model], mapped).values()
    return found


def sellers_of_each(
    catalog: Catalog, models: Iterable[str], mapped: Mapping[str, str] = NOTHING_MAPPED
) -> Mapping[str, tuple[Seller, ...]]:
    """Return the sellers of these models, by what each is to be taken for. Raise as `sellers` does."""
    everyone = [*_everyone(catalog)]
    known = {seller.model for seller in everyone}
    found: dict[str, list[Seller]] = {target(model, mapped): [] for model in models}
    for name in (*found, *mapped.values()):
        if name not in known:
            raise UnknownNameError(_remedy(name, known))
    for each in everyone:
        if (wanted := target(each.model, mapped)) in found:
            found[wanted].append(replace(each, is_list=each.is_list and each.model == wanted))
    return {model: tuple(of) for model, of in found.items()}


def provider_counts(catalog: Catalog, mapped: Mapping[str, str] = NOTHING_MAPPED) -> Mapping[str, int]:
    """Return how many providers sell each model, under any SKU.

    >>> from pricing.catalog import load_catalog
    >>> provider_counts(load_catalog(providers=["anthropic", "aivideoapi"]))["claude-haiku-4-5"]
    2
    """
    found: dict[str, set[str]] = defaultdict(set)
    for seller in _everyone(catalog):
        found[target(seller.model, mapped)].add(seller.provider)
    return {model: len(providers) for model, providers in found.items()}


def makers(catalog: Catalog) -> Mapping[str, Seller]:
    """Return who asks the list price of each model that has one: the first in order of provider and SKU."""
    found: dict[str, Seller] = {}
    for seller in _everyone(catalog):
        if seller.is_list:
            found.setdefault(seller.model, seller)
    return MappingProxyType(found)


def target(model: str, mapped: Mapping[str, str]) -> str:
    """Return the model that this one is to be taken for. Raise BadModelMapError if that one is mapped in turn."""
    found = mapped.get(model, model)
    if found != model and found in mapped:
        raise BadModelMapError(f"{model} is mapped to {found}, which is mapped too; map both to {mapped[found]}")
    return found


def _everyone(catalog: Catalog) -> Iterator[Seller]:
    """Yield all sellers. A list price over which a user lays a contracted one is sold in both ways."""
    lists = replace(catalog, cards=tuple(card for card in catalog.cards if card.is_list_price))
    own = {card.provider for card in catalog.cards if not card.is_list_price}
    for provider in catalog.providers:
        if provider in own:
            yield from _of(catalog, provider, is_list=False)
        if provider in lists.providers:
            yield from _of(lists, provider, is_list=True)


def _of(catalog: Catalog, provider: str, *, is_list: bool) -> Iterator[Seller]:
    for sku_id in catalog.skus(provider):
        sku = catalog.sku(provider, sku_id)
        yield Seller(provider, sku_id, sku.model, is_list and not sku.is_resold, catalog)


def _remedy(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), _MOST_NAMES)
    return (
        f"no rate card names a model {name!r}; the nearest are: {', '.join(near)}"
        if near
        else f"no rate card names a model {name!r}; `tallystick catalog list --format json` tells the model of each SKU"
    )
