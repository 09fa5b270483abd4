"""The rate card as a file holds it: strict, frozen models of what a vendor published.

A published block is never edited. A new price is a new block with a later `observed_on`; a mistake is put right by a
block that says what it `corrects`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pricing.amounts import per_mtok_to_pico, to_pico
from pricing.rounding import Rounding
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


Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), AfterValidator(_amount)]
"""Units (credits or dollars), at most 12 decimal places."""
Rate = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), AfterValidator(_rate)]
"""Units per 1M tokens, at most 6 decimal places."""
Instant = Annotated[datetime, AfterValidator(_instant)]
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

    above: Annotated[int, Field(gt=0)]
    per_mtok: PerMtok


class RateBlock(Strict):
    """What one SKU costs in one service tier, from one instant to another, as learned on one day."""

    observed_on: date
    """The day we learned it."""
    source: str
    """A key of the file's `sources`."""
    field: str
    """Where in the source the figures stand."""
    valid_from: Instant | None = None
    """First instant at which it holds; None if unknown."""
    valid_to: Instant | None = None
    """First instant at which it no longer holds; None if unknown or open."""
    service_tier: Name = STANDARD_TIER
    per_mtok: PerMtok = PerMtok()
    unpublished: tuple[TokenKind, ...] = Field(default=(), strict=False)
    """The kinds that have no price. Each kind is either here or in `per_mtok`, so that none is forgotten."""
    context_tiers: tuple[ContextTier, ...] = Field(default=(), strict=False)
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
        above = [tier.above for tier in self.context_tiers]
        if above != sorted(set(above)):
            raise ValueError("context_tiers must rise, each with its own 'above'")
        return self


class Sku(Strict):
    """What is sold: one model on one route of one provider."""

    id: Name
    model: Name
    """The model behind it, named the same across vendors."""
    name: str | None = None
    context_window: Annotated[int, Field(gt=0)] | None = None
    reasoning: str | None = None
    aliases: tuple[Name, ...] = Field(default=(), strict=False)
    """Other names under which exactly this is sold. Nothing is matched by prefix or by likeness."""
    rates: tuple[RateBlock, ...] = Field(strict=False, min_length=1)


class UnitValue(Strict):
    """What one of the vendor's units is worth in dollars, as a dated fact of its own."""

    usd: Annotated[Amount, Field(gt=0)]
    observed_on: date
    source: str
    field: str
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    corrects: str | None = None


class ErrorCode(Strict):
    """One row of the vendor's error table."""

    http_status: Annotated[int, Field(ge=400, le=599)]
    code: Name
    type: Name
    description: str
    charged: Literal["refunded", "not_charged", "unstated"]
    """What the vendor says about credits of a request that fails so."""
    source: str


class Claim(Strict):
    """A saving that the vendor advertises, in percent of the official price."""

    text: str
    low_percent: Decimal
    high_percent: Decimal
    source: str


class RateCard(Strict):
    """One provider's file."""

    provider: Name
    name: str
    unit: Name
    """`credit` or `USD`: what rates and charges are counted in."""
    endpoint: str | None = None
    stream_default: bool | None = None
    """Whether a request that does not say so is streamed, where the vendor tells."""
    is_list_price: bool = False
    """Whether these are the model maker's own published prices, the baseline that others are compared with."""
    notes: tuple[str, ...] = Field(default=(), strict=False)
    sources: dict[str, Source]
    usd_per_unit: tuple[UnitValue, ...] = Field(default=(), strict=False)
    errors: tuple[ErrorCode, ...] = Field(default=(), strict=False)
    claims: tuple[Claim, ...] = Field(default=(), strict=False)
    skus: tuple[Sku, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.unit == "USD") == bool(self.usd_per_unit):
            raise ValueError("a unit other than USD needs usd_per_unit, and USD has none")
        cited = {fact.source for fact in (*self.usd_per_unit, *self.errors, *self.claims)}
        cited |= {block.source for sku in self.skus for block in sku.rates}
        if unknown := cited - set(self.sources):
            raise ValueError(f"no such source: {', '.join(sorted(unknown))}")
        names = [name for sku in self.skus for name in (sku.id, *sku.aliases)]
        if twice := {name for name in names if names.count(name) > 1} if len(names) != len(set(names)) else set():
            raise ValueError(f"a name is given to two SKUs: {', '.join(sorted(twice))}")
        return self
