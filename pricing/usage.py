"""What one request used: tokens per disjoint kind, and what else a vendor may charge for."""

from dataclasses import dataclass, fields
from enum import StrEnum


class TokenKind(StrEnum):
    """The five token kinds, disjoint: `input` counts only what was neither read from nor written to a cache."""

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"


TOKEN_KINDS: tuple[TokenKind, ...] = tuple(TokenKind)

#: A cache write whose lifetime the log does not tell: at least the 5m rate, at most the 1h rate.
UNSPLIT_CACHE_WRITE = "cache_write_unsplit"
WEB_SEARCH = "web_search"
STANDARD_TIER = "standard"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, per kind, as whole numbers of at least 0.

    `cache_write_unsplit` holds cache writes whose lifetime (5m or 1h) is not known; they are in no other field.
    `unknown_fields` names usage fields that nobody here knows how to price.

    >>> Usage(input=20, output=661).prompt_tokens
    20
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_write_unsplit: int = 0
    web_searches: int = 0
    service_tier: str = STANDARD_TIER
    unknown_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            count = getattr(self, field.name)
            if field.type is int and (type(count) is not int or count < 0):
                raise ValueError(f"{field.name} must be a whole number of at least 0, not {count!r}")

    def tokens(self, kind: TokenKind) -> int:
        """Return the number of tokens of that kind."""
        count: int = getattr(self, kind.value)
        return count

    @property
    def prompt_tokens(self) -> int:
        """All tokens that went in, cached or not: what a context tier is chosen by."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.cache_write_unsplit
