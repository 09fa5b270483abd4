"""What is compared: requests rated together by the sum of what they used."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from pricing.catalog import RatePeriod
from pricing.rates import PerMtok
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH, Usage

#: What a request is charged for by count: tokens of each kind, and calls.
COUNTED = (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE, WEB_SEARCH)
#: The fields of usage that hold these, in the same order.
COUNTS = tuple(field.name for field in fields(Usage) if field.type is int)


@dataclass(frozen=True, slots=True)
class Portion:
    """Requests of one kind. `usage` is what all of them used together.

    With `requests` None they are many and nobody says how many: each is then taken to be below every context tier.
    `each` is the usage of one request where all are alike; otherwise `usage` is spread over them evenly.
    """

    usage: Usage
    requests: int | None = None
    each: Usage | None = None
    name: str = ""

    def rates(self, period: RatePeriod) -> PerMtok:
        """Return the rates for prompts of this size. Exactly at a tier's threshold the tier below it holds."""
        above = [
            tier.per_mtok
            for tier in period.block.context_tiers
            if self.requests is not None and self.usage.prompt_tokens > tier.above * self.requests
        ]
        return above[-1] if above else period.block.per_mtok


def spread(total: Usage, requests: int | None = None) -> Portion:
    """Return requests that used so much in total; a single one is told exactly.

    >>> spread(Usage(input=1_000_000)).requests is None
    True
    """
    return Portion(total, requests, total if requests == 1 else None)


def alike(each: Usage, requests: int, name: str = "") -> Portion:
    """Return so many requests that used the same.

    >>> alike(Usage(input=300, output=20), 10).usage.input
    3000
    """
    counts = {name: getattr(each, name) * requests for name in COUNTS}
    return Portion(replace(each, **counts), requests, each, name)


def uncached(usage: Usage) -> Usage:
    """Return the same prompt as it would be sent without any cache: all of it plain input.

    >>> uncached(Usage(input=10, cache_read=90, output=5)) == Usage(input=100, output=5)
    True
    """
    kept = {"output": usage.output, "web_searches": usage.web_searches}
    return Usage(usage.prompt_tokens, **kept, service_tier=usage.service_tier, unknown_fields=usage.unknown_fields)


def counts_of(usage: Usage) -> dict[str, int]:
    """Return how much of each kind was used, what was not used left out."""
    counts = {kind: getattr(usage, name) for kind, name in zip(COUNTED, COUNTS, strict=True)}
    return {kind: count for kind, count in counts.items() if count}


def added(usages: Iterable[Usage]) -> Usage:
    """Return all that was used. The service tier is that of the first."""
    all_of = list(usages)
    counts = {name: sum(getattr(each, name) for each in all_of) for name in COUNTS}
    unknown = tuple(sorted({name for each in all_of for name in each.unknown_fields}))
    return replace(all_of[0] if all_of else Usage(), **counts, unknown_fields=unknown)
