"""The rate card as a file holds it: strict, frozen models of what a vendor published.

A published block is never edited. A new price is a new block with a later `observed_on`; a mistake is put right by a
block that says what it `corrects`.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pricing.amounts import exact, per_mtok_to_pico, to_pico
from pricing.rounding import Basis, Rounding
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, TokenKind


def _amount(value: Decimal) -> Decimal:
    to_pico(value)
    return value


def _rate(value: Decimal) -> Decimal:
    per_mtok_to_pico(value)
    return value


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs a zone, such as 2026-03-13T00:00:00Z")
    return value.astimezone(UTC)


Amount = Annotated[Decimal, Field(ge=0, le=10**6), BeforeValidator(exact), AfterValidator(_amount)]
"""Units (credits or dollars), at most a million of them and 12 decimal places, so that pico-units fit a BIGINT."""
Rate = Annotated[Decimal, Field(ge=0, le=10**9), BeforeValidator(exact), AfterValidator(_rate)]
"""Units per 1M tokens, at most 6 decimal places."""
Percent = Annotated[Decimal, Field(ge=0, le=100), BeforeValidator(exact)]
Instant = Annotated[datetime, AfterValidator(_instant)]
Tokens = Annotated[int, Field(gt=0)]
Item = TypeVar("Item")
Several = Annotated[tuple[Item, ...], Field(strict=False)]
"""A list in the file, a tuple here."""
Name = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]


class Strict(BaseModel):
    """A frozen model that refuses what it does not know: a misspelt field is an error, never a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(Strict):
    """A page or data release that figures were read from."""

    document: str
    """The file name, or the package and its release."""
    title: str


class PerMtok(Strict):
    """Units per 1M tokens for each token kind; None where the vendor publishes no price."""

    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write_5m: Rate | None = None
    cache_write_1h: Rate | None = None

    def rate(self, kind: TokenKind) -> Decimal | None:
        """Return the rate of that kind, or None if it is unpublished."""
        value: Decimal | None = getattr(self, kind.value)
        return value


class ContextTier(Strict):
    """Rates for requests whose prompt (all input, cached or not) is larger than `above` tokens."""

    above: Tokens
    per_mtok: PerMtok


class Cited(Strict):
    """A fact with the place it was read from."""

    observed_on: date
    """The day we learned it."""
    source: str
    """A key of the file's `sources`."""
    field: str
    """Where in the source it stands."""


class RateBlock(Cited):
    """What one SKU costs in one service tier, from one instant to another, as learned on one day."""

    valid_from: Instant | None = None
    """First instant at which it holds; None if unknown."""
    valid_to: Instant | None = None
    """First instant at which it no longer holds; None if unknown or open."""
    service_tier: Name = STANDARD_TIER
    basis: Basis = "documented"
    """How the rates are known: the vendor says so, or charges show it."""
    per_mtok: PerMtok = PerMtok()
    low: PerMtok | None = None
    """Of inferred rates the least that each can be, for `per_mtok` is then one choice of several."""
    high: PerMtok | None = None
    """Of inferred rates the most that each can be."""
    unpublished: Several[Annotated[TokenKind, Field(strict=False)]] = ()
    """The kinds that have no price. Each kind is either here or in `per_mtok`, so that none is forgotten."""
    context_tiers: Several[ContextTier] = ()
    per_request: Amount | None = None
    per_tool_call: dict[Name, Amount] = {}
    """Fee per call of a server-side tool, such as `web_search`."""
    minimum_charge: Amount | None = None
    rounding: Rounding = Rounding()
    corrects: str | None = None
    """Why this block may overlap an earlier one: what was wrong with it."""
    note: str | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        priced = {kind for kind in TOKEN_KINDS if self.per_mtok.rate(kind) is not None}
        if forgotten := set(TOKEN_KINDS) - priced - set(self.unpublished):
            raise ValueError(f"neither priced nor unpublished: {', '.join(sorted(forgotten))}")
        if both := priced & set(self.unpublished):
            raise ValueError(f"both priced and unpublished: {', '.join(sorted(both))}")
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ValueError("valid_to must be later than valid_from")
        if self.basis != "inferred" and (self.low or self.high):
            raise ValueError("only rates whose basis is 'inferred' have a low and a high")
        above = [tier.above for tier in self.context_tiers]
        if above != sorted(set(above)):
            raise ValueError("context_tiers must rise, each with its own 'above'")
        return self


class Sku(Strict):
    """What is sold: one model on one route of one provider. What is None here is not said by the vendor."""

    id: Name
    model: Name
    """The model behind it, named the same across vendors."""
    name: str | None = None
    context_window: Tokens | None = None
    max_output_tokens: Tokens | None = None
    default_max_tokens: Tokens | None = None
    """The most tokens of output where the request does not say."""
    reasoning: str | None = None
    stream_default: bool | None = None
    """Whether a request that does not say so is streamed."""
    is_resold: bool = False
    """Whether another maker's model is sold here, so that this is no list price even on a maker's card."""
    aliases: Several[Name] = ()
    """Other names under which exactly this is sold. Nothing is matched by prefix or by likeness."""
    rates: Several[RateBlock]


class UnitValue(Cited):
    """What one of the vendor's units is worth in dollars, as a dated fact of its own."""

    usd: Annotated[Amount, Field(gt=0)]
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    corrects: str | None = None


class ErrorCode(Cited):
    """One row of the vendor's error table."""

    http_status: Annotated[int, Field(ge=400, le=599)]
    code: Name
    type: Name
    description: str
    charged: Literal["refunded", "not_charged", "unstated"]
    """What the vendor says about credits of a request that fails so."""


class Claim(Cited):
    """A saving that the vendor advertises, in percent of the official price."""

    text: str
    low_percent: Percent | None = None
    """None where the vendor only says "up to"."""
    high_percent: Percent


class RateCard(Strict):
    """One provider's file."""

    provider: Name
    name: str
    unit: Name
    """`credit` or `USD`: what rates and charges are counted in."""
    endpoint: str | None = None
    is_list_price: bool = False
    """Whether these are the model maker's own published prices, the baseline that others are compared with."""
    notes: Several[str] = ()
    sources: dict[str, Source]
    usd_per_unit: Several[UnitValue] = ()
    """What a unit other than USD is worth; a user's own card may leave it to the card below it."""
    errors: Several[ErrorCode] = ()
    claims: Several[Claim] = ()
    skus: Several[Sku]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.unit == "USD" and self.usd_per_unit:
            raise ValueError("a card in USD has no usd_per_unit")
        if unknown := {fact.source for fact in self.facts()} - set(self.sources):
            raise ValueError(f"no such source: {', '.join(sorted(unknown))}")
        names = Counter(name for sku in self.skus for name in (sku.id, *sku.aliases))
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"a name is given to two SKUs: {', '.join(sorted(twice))}")
        return self

    def facts(self) -> Iterator[Cited]:
        """Yield everything in the card that cites a source."""
        yield from self.usd_per_unit
        yield from self.errors
        yield from self.claims
        for sku in self.skus:
            yield from sku.rates
