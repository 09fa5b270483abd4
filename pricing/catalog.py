"""The catalog: every provider's rate card, in layers, asked for what was in force and what was known.

It reads files of its own package, or those that a user lays over them, and nothing else.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pricing.errors import BadRateCardError, CardProblem, UnknownNameError
from pricing.periods import Span, in_force, overlaps
from pricing.rates import RateBlock, RateCard, Sku, Source, UnitValue
from pricing.usage import STANDARD_TIER

SHIPPED = Path(__file__).parent / "rate_cards"
VERSION_FILE = "VERSION"

Reason = Literal[
    "unknown_provider",
    "unknown_sku",
    "no_rate_in_force",
    "price_unpublished",
    "kind_unpublished",
    "unknown_usage_field",
    "cache_ttl_unknown",
]


_UnitValue = tuple[datetime | None, datetime | None, Decimal | None]
"""From, to, dollars per unit; None is an open end, or no value known."""


@dataclass(frozen=True, slots=True)
class RatePeriod:
    """The rates of one SKU and service tier that are in force from one instant to another (half-open, None is open)."""

    provider: str
    sku: str
    model: str
    unit: str
    usd_per_unit: Decimal | None
    """Dollars per unit in this period, None where no value of the unit is in force."""
    valid_from: datetime | None
    valid_to: datetime | None
    block: RateBlock
    source: Source

    def holds(self, at: datetime | None) -> bool:
        """Tell whether it is in force at that instant. An unknown one is held only by a period open at both ends."""
        if at is None:
            return self.valid_from is None and self.valid_to is None
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class _Offers:
    """What one provider sells: its names, and each SKU with its cards from the bottom up."""

    names: Mapping[str, str]
    skus: Mapping[str, tuple[tuple[RateCard, Sku], ...]]

    @classmethod
    def of(cls, cards: Iterable[RateCard]) -> "_Offers":
        names: dict[str, str] = {}
        skus: dict[str, tuple[tuple[RateCard, Sku], ...]] = {}
        for card in cards:
            for sku in card.skus:
                names.update(dict.fromkeys((sku.id, *sku.aliases), sku.id))
                skus[sku.id] = (*skus.get(sku.id, ()), (card, sku))
        return cls(names, skus)


@dataclass(frozen=True)
class Catalog:
    """Rate cards in layers from the bottom up: the shipped ones, then a user's own.

    `version` and `digest` tell which catalog it was: the digest covers the text of every card in it.
    """

    version: str
    digest: str
    cards: tuple[RateCard, ...]
    known_at: date | None = None

    def as_known_at(self, day: date) -> "Catalog":
        """Return the catalog as it was known at the end of that day."""
        return replace(self, known_at=day)

    @cached_property
    def _cards_by_provider(self) -> Mapping[str, tuple[RateCard, ...]]:
        found: dict[str, tuple[RateCard, ...]] = {}
        for card in self.cards:
            found[card.provider] = (*found.get(card.provider, ()), card)
        return found

    @cached_property
    def _offers(self) -> Mapping[str, _Offers]:
        return {provider: _Offers.of(cards) for provider, cards in self._cards_by_provider.items()}

    @cached_property
    def _periods(self) -> dict[tuple[str, str, str], tuple[RatePeriod, ...]]:
        """What `periods` has answered already."""
        return {}

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers, in alphabetical order."""
        return tuple(sorted(self._cards_by_provider))

    def card(self, provider: str) -> RateCard:
        """Return the provider's uppermost card. Raise UnknownNameError if there is none."""
        return self._layers(provider)[-1]

    def sku_names(self, provider: str) -> Mapping[str, str]:
        """Return each name (id or alias) under which the provider sells something, and the SKU's id."""
        self._layers(provider)
        return self._offers[provider].names

    def skus(self, provider: str) -> tuple[str, ...]:
        """Return the ids of the provider's SKUs, in alphabetical order."""
        self._layers(provider)
        return tuple(sorted(self._offers[provider].skus))

    def sku(self, provider: str, name: str) -> Sku:
        """Return the uppermost description of the SKU of that name or alias. Raise UnknownNameError if none has it."""
        sku_id = self.sku_names(provider).get(name)
        if sku_id is None:
            remedy = f"`tallystick catalog list --provider {provider}` lists its SKUs"
            raise UnknownNameError(f"{provider} sells no {name!r}; {remedy}")
        return self._offers[provider].skus[sku_id][-1][1]

    def periods(self, provider: str, sku_id: str, service_tier: str = STANDARD_TIER) -> tuple[RatePeriod, ...]:
        """Return the rates of that SKU over time, oldest first, without overlap; a gap is a time with no rate."""
        key = provider, sku_id, service_tier
        if key not in self._periods:
            self._periods[key] = tuple(self._drawn(*key))
        return self._periods[key]

    def service_tiers(self, provider: str, sku_id: str) -> tuple[str, ...]:
        """Return the service tiers in which that SKU has a rate at some time."""
        self._layers(provider)
        layers = self._offers[provider].skus.get(sku_id, ())
        return tuple(sorted({block.service_tier for _, sku in layers for block in sku.rates}))

    def find(
        self, provider: str, name: str, at: datetime | None, service_tier: str = STANDARD_TIER
    ) -> RatePeriod | Reason:
        """Return the rates in force for that name at that instant, or the reason why there are none."""
        if provider not in self._cards_by_provider:
            return "unknown_provider"
        sku_id = self.sku_names(provider).get(name)
        if sku_id is None:
            return "unknown_sku"
        held = (period for period in self.periods(provider, sku_id, service_tier) if period.holds(at))
        return next(held, "no_rate_in_force")

    def all_periods(self, providers: Iterable[str] | None = None) -> Iterator[RatePeriod]:
        """Yield every period of every SKU and service tier of those providers (of all, if none are named)."""
        wanted = self.providers if providers is None else sorted(set(providers) & set(self.providers))
        for provider in wanted:
            for sku_id in self.skus(provider):
                for tier in self.service_tiers(provider, sku_id):
                    yield from self.periods(provider, sku_id, tier)

    def _layers(self, provider: str) -> tuple[RateCard, ...]:
        if provider not in self._cards_by_provider:
            raise UnknownNameError(f"no rate card for provider {provider!r}; there are: {', '.join(self.providers)}")
        return self._cards_by_provider[provider]

    def _drawn(self, provider: str, sku_id: str, service_tier: str) -> Iterator[RatePeriod]:
        described = self.sku(provider, sku_id)
        origin: dict[int, RateCard] = {}
        layers: list[list[RateBlock]] = []
        for card, sku in self._offers[provider].skus[described.id]:
            blocks = [block for block in sku.rates if block.service_tier == service_tier]
            origin |= {id(block): card for block in blocks}
            layers.append(blocks)
        for span in in_force(layers, self.known_at):
            card = origin[id(span.fact)]
            for start, end, usd in self._unit_values(card, span):
                yield RatePeriod(
                    provider,
                    described.id,
                    described.model,
                    card.unit,
                    usd,
                    start,
                    end,
                    span.fact,
                    card.sources[span.fact.source],
                )

    def _unit_values(self, card: RateCard, span: Span[RateBlock]) -> Iterator[_UnitValue]:
        """Cut a stretch of time where the value of the card's unit changes."""
        if card.unit == "USD":
            yield span.valid_from, span.valid_to, Decimal(1)
            return
        facts = [layer.usd_per_unit for layer in self._layers(card.provider) if layer.unit == card.unit]
        for value_from, value_to, usd in _filled(in_force(facts, self.known_at)):
            start = max(filter(None, (span.valid_from, value_from)), default=None)
            end = min(filter(None, (span.valid_to, value_to)), default=None)
            if start is None or end is None or start < end:
                yield start, end, usd


def load_catalog(overlays: Iterable[Path] = (), *, providers: Iterable[str] | None = None) -> Catalog:
    """Load the shipped rate cards and lay the user's own (files or folders) over them.

    With `providers` only their cards are parsed; version and digest are those of the whole catalog all the same.
    Raise BadRateCardError with every problem found.
    """
    wanted = None if providers is None else frozenset(providers)
    # By stem, so that <provider>.toml lies below what is laid over it in <provider>.<word>.toml.
    shipped = sorted(SHIPPED.glob("*.toml"), key=lambda path: path.stem)
    # A shipped file is named after its provider; a user's own file may hold any, so all of those are read.
    paths = [path for path in shipped if wanted is None or path.stem.partition(".")[0] in wanted]
    own = [path for overlay in overlays for path in card_files(overlay)]
    digest = hashlib.sha256()
    for path in (*shipped, *own):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(text).digest())
    version = (SHIPPED / VERSION_FILE).read_text("utf-8").strip()
    return Catalog(version + ("+own" if own else ""), digest.hexdigest(), read_cards((*paths, *own)))


def card_files(path: Path) -> tuple[Path, ...]:
    """Return the rate cards at that path: the file itself, or the TOML files in the folder. Raise BadRateCardError."""
    files = path.glob("*.toml") if path.is_dir() else [path] if path.is_file() else []
    found = tuple(sorted(files, key=lambda file: file.stem))
    if not found:
        problem = CardProblem(str(path), "file", "no rate card there; give a TOML file or a folder of them")
        raise BadRateCardError((problem,))
    return found


def read_cards(paths: Iterable[Path]) -> tuple[RateCard, ...]:
    """Read rate cards. Raise BadRateCardError with every problem of every file."""
    cards: list[RateCard] = []
    problems: list[CardProblem] = []
    for path in paths:
        read = read_card(path)
        if isinstance(read, RateCard):
            cards.append(read)
        else:
            problems.extend(read)
    if problems:
        raise BadRateCardError(tuple(problems))
    return tuple(cards)


def read_card(path: Path) -> RateCard | tuple[CardProblem, ...]:
    """Read one rate card, numbers as exact decimals; return its problems if it has any."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file, parse_float=Decimal)
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        return (CardProblem(str(path), "file", f"not readable as TOML: {error}"),)
    try:
        card = RateCard.model_validate(raw)
    except ValidationError as error:
        return tuple(
            CardProblem(str(path), _place(raw, fault["loc"]), f"{fault['msg']} (found {fault['input']!r:.60})")
            for fault in error.errors()
        )
    return tuple(_overlap_problems(path, card)) or card


def _overlap_problems(path: Path, card: RateCard) -> Iterator[CardProblem]:
    remedy = "end one before the other begins, or say in 'corrects' what was wrong"
    for sku in card.skus:
        for tier in sorted({block.service_tier for block in sku.rates}):
            of_tier = [block for block in sku.rates if block.service_tier == tier]
            for earlier, later in overlaps(of_tier):
                message = f"rates observed on {earlier.observed_on} and {later.observed_on} overlap: {remedy}"
                yield CardProblem(str(path), f"sku {sku.id}, service tier {tier}", message)
    for first, second in overlaps(card.usd_per_unit):
        message = f"values observed on {first.observed_on} and {second.observed_on} overlap: {remedy}"
        yield CardProblem(str(path), "usd_per_unit", message)


def _place(raw: Mapping[str, object], loc: tuple[int | str, ...]) -> str:
    """Say where in the file a fault is, with the SKU's id instead of its number."""
    match raw, loc:
        case {"skus": list(skus)}, ("skus", int(index), *rest) if index < len(skus) and isinstance(skus[index], dict):
            return ".".join([f"sku {skus[index].get('id', index)}", *map(str, rest)])
        case _:
            return ".".join(map(str, loc)) or "file"


def _filled(spans: tuple[Span[UnitValue], ...]) -> Iterator[_UnitValue]:
    """Yield the value of a unit over all time, None in the gaps."""
    end: datetime | None = None
    for index, span in enumerate(spans):
        if span.valid_from is not None and (index == 0 or end != span.valid_from):
            yield end, span.valid_from, None
        yield span.valid_from, span.valid_to, span.fact.usd
        end = span.valid_to
    if not spans or end is not None:
        yield end, None, None
