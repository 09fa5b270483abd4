"""A scenario: traffic that is planned, as a TOML file says it, so many requests of each kind a day."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pricing.amounts import exact
from pricing.baskets import Portion, alike
from pricing.errors import PricingError, nearest
from pricing.rates import Name, Several, Strict
from pricing.usage import STANDARD_TIER, Usage

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
            raise ValueError("the shares of the cache are more than the whole prompt; write at most 1 together")
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


_SHARES = ("cache_read_share", "cache_write_5m_share", "cache_write_1h_share")
#: What to write into each field.
_REMEDIES: Final[Mapping[str, str]] = {
    "days": "write a whole number from 1 to 36,600, such as days = 30",
    "requests": "write [[requests]] above each kind of request, then its name, per_day, prompt and output",
    "name": 'write a name, such as name = "chat"',
    "per_day": "write a whole number of at least 1, such as per_day = 2000",
    "prompt": "write a whole number of tokens, such as prompt = 6000",
    "output": "write a whole number of tokens, such as output = 500",
    "web_searches": "write a whole number of calls, such as web_searches = 1",
    "service_tier": 'write a name, such as service_tier = "batch"',
    **{name: f"write a share of the prompt from 0 to 1, such as {name} = 0.7" for name in _SHARES},
}


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file, numbers as exact decimals. Raise BadScenarioError with every fault of it."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise BadScenarioError(f"{path}: {error.strerror}; give a file as docs/comparing.md shows one") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadScenarioError(
            f"{path}: not readable as TOML: {error}; docs/comparing.md shows how a scenario is written"
        ) from None
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A list of which no part is right counts as empty too.
        told = [fault for fault in faults if fault["type"] != "too_short"] or faults
        raise BadScenarioError("\n".join(f"{path}: {_fault(fault)}" for fault in told)) from None


def _fault(fault: "ErrorDetails") -> str:
    """Return where something is wrong, what is, and what to write there instead."""
    where = ".".join(map(str, fault["loc"])) or "file"
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        fields = (Scenario if len(fault["loc"]) == 1 else RequestClass).model_fields
        return f"{where}: no such field; the nearest are: {nearest(name, fields)}"
    message = fault["msg"].removeprefix("Value error, ")
    found = "" if fault["type"] in {"missing", "value_error"} else f" (found {fault['input']!r:.60})"
    remedy = _REMEDIES.get(name)
    return f"{where}: {message}{found}" + (f"; {remedy}" if remedy else "")
