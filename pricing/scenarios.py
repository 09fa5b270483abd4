"""A scenario: traffic that is planned, as a TOML file says it, so many requests of each kind a day."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pricing.amounts import exact
from pricing.baskets import Portion, alike
from pricing.errors import PricingError
from pricing.rates import Name, Several, Strict
from pricing.usage import STANDARD_TIER, Usage

Share = Annotated[Decimal, Field(ge=0, le=1), BeforeValidator(exact)]
"""A share of the prompt, from 0 to 1."""
Count = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[Count, Field(ge=1)]


class BadScenarioError(PricingError):
    """A scenario file can't be used; the message tells every place in it that is wrong."""


class RequestClass(Strict):
    """Requests that are all alike. The cache holds shares of the prompt, cut to whole tokens; the rest is input."""

    name: Name
    per_day: Positive
    prompt: Count
    """All tokens that go in, cached or not."""
    output: Count
    cache_read_share: Share = Decimal(0)
    cache_write_5m_share: Share = Decimal(0)
    cache_write_1h_share: Share = Decimal(0)
    web_searches: Count = 0
    service_tier: Name = STANDARD_TIER

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.cache_read_share + self.cache_write_5m_share + self.cache_write_1h_share > 1:
            raise ValueError("the shares of the cache are more than the whole prompt")
        if not self.prompt + self.output + self.web_searches:
            raise ValueError("a request that uses nothing; give it a prompt or output")
        return self

    def usage(self) -> Usage:
        """Return what one request uses."""
        read, short, long = (
            int(share * self.prompt)
            for share in (self.cache_read_share, self.cache_write_5m_share, self.cache_write_1h_share)
        )
        return Usage(
            self.prompt - read - short - long, self.output, read, short, long,
            web_searches=self.web_searches, service_tier=self.service_tier,
        )  # fmt: skip


class Scenario(Strict):
    """The requests of some days."""

    days: Annotated[Positive, Field(le=36_600)] = 30
    requests: Annotated[Several[RequestClass], Field(min_length=1)]

    def basket(self) -> tuple[Portion, ...]:
        """Return the requests of all days.

        >>> chat = RequestClass(name="chat", per_day=10, prompt=1000, output=50, cache_read_share=Decimal("0.7"))
        >>> Scenario(days=2, requests=(chat,)).basket()[0].usage.cache_read
        14000
        """
        return tuple(alike(each.usage(), each.per_day * self.days, each.name) for each in self.requests)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file, numbers as exact decimals. Raise BadScenarioError with every fault of it."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file, parse_float=Decimal)
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise BadScenarioError(f"{path}: not readable as TOML: {error}") from None
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        faults = (
            f"{path}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']} (found {fault['input']!r:.60})"
            for fault in error.errors()
        )
        raise BadScenarioError("\n".join(faults)) from None
