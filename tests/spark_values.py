"""A month of 100,000 requests for engines to agree on, and the truth about each: an oracle in whole numbers of Python.

Nothing here is shared with what is tested: rates, arithmetic, rounding and verdicts are written out again. Amounts are
pico-units, 10^12 to a credit, and may be far beyond 64 bits. Chance is seeded; nothing reads a clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import md5
from random import Random
from typing import Final, NamedTuple

REQUESTS: Final = 100_000
SEED: Final = 6
PROVIDER: Final = "vendor"


CREDIT: Final = 10**12
CENT: Final = 10**10
SECOND: Final = 1_000_000
OCTOBER_US: Final = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * SECOND
MONTH_US: Final = 31 * 86_400 * SECOND
#: Charges that a log can tell fit 64 bits; what the card says they should be need not.
MOST_CHARGED: Final = 9_223_371 * CREDIT

Tokens = tuple[int, int, int, int, int, int]
"""Of input, output, cache_read, cache_write_5m, cache_write_1h and cache_write_unsplit."""
NO_TOKENS: Final[Tokens] = (0, 0, 0, 0, 0, 0)


class Rule(NamedTuple):
    """How a SKU's charges are rounded: what is added to the whole or to each component before it is cut to a step."""

    toml: str
    step: int
    lift: int
    by_component: bool = False


class Priced(NamedTuple):
    """A SKU whose price changes `slots` times in October, and is not there in the slots of `gaps`."""

    sku: str
    slots: int
    first: tuple[int | None, ...]
    """Pico-units per token of the five kinds in the first slot; None is unpublished."""
    rise: int
    """What each slot adds to every rate."""
    rule: Rule
    gaps: frozenset[int] = frozenset()

    @property
    def slot_us(self) -> int:
        """How long a slot lasts; they fill the month."""
        return MONTH_US // self.slots

    def rates(self, slot: int) -> tuple[int | None, ...]:
        """Return the rates of that slot; nothing at all where there is none."""
        if not 0 <= slot < self.slots or slot in self.gaps:
            return ()
        return tuple(None if rate is None else rate + slot * self.rise for rate in self.first)


_CUT: Final = Rule('{ mode = "down", step = 0.01, basis = "inferred", evidence = "two charges" }', CENT, 0)
_EXACT: Final = Rule('{ mode = "none" }', 1, 0)
_EACH: Final = Rule(
    '{ mode = "half_up", step = 0.0001, scope = "component", basis = "documented" }',
    10**8,
    10**8 // 2,
    by_component=True,
)
_UP: Final = Rule('{ mode = "up", step = 0.01, basis = "documented" }', CENT, CENT - 1)

CARD: Final = (
    Priced("alpha", 100, (300_000_000, 1_500_000_000, 30_000_000, 375_000_000, 600_000_000), 1_000_000, _CUT),
    Priced("beta/route", 60, (883_000_000, 4_412_000_000, 89_000_000, 1_103_000_000, 1_103_000_000), 7_000_000, _EXACT),
    Priced("gamma", 40, (12_345_678, 98_765_432, 1_234_567, 15_432_097, None), 11, _EACH, frozenset({7, 20})),
    Priced("omega", 2, (10**14, 10**15 - 10**12, 10**13, 10**14, 10**14), 10**12, _UP),
)
UNPUBLISHED: Final = "pending"
UNKNOWN: Final = "nobody-sells-this"
_PRICED: Final = {each.sku: each for each in CARD}
#: 200.
PERIODS: Final = sum(each.slots - len(each.gaps) for each in CARD)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as the log that tells it best has it."""

    number: int
    request_id: str
    client_id: str
    sku: str
    at_us: int
    """Microseconds since 1970."""
    tokens: Tokens
    has_failed: bool = False
    charged: int | None = None
    refunded: int = 0
    is_repeat: bool = False


class Truth(NamedTuple):
    """What is right about a request; None is unknown. `reason` says why it is."""

    exact: int | None
    owed: int | None
    variance: int | None
    verdict: str
    reason: str | None


class Sums(NamedTuple):
    """Of the requests of a SKU and verdict; amounts that are unknown are in no sum."""

    requests: int = 0
    charged: int = 0
    refunded: int = 0
    expected: int = 0
    variance: int = 0


def requests(count: int = REQUESTS, seed: int = SEED) -> list[Request]:
    """Return so many requests, each with an id of its own."""
    draw, found = Random(seed), list[Request]()  # noqa: S311 - the same every time on purpose
    for number in range(count):
        before = found[-1] if found else None
        if before and not draw.randrange(150) and before.charged and not before.has_failed and not before.is_repeat:
            again = replace(before, at_us=before.at_us + draw.randrange(1, 3_000) * SECOND, is_repeat=True, refunded=0)
            found.append(replace(again, number=number, request_id=_id("msg", number)))
        else:
            found.append(_drawn(draw, number))
    return found


def _drawn(draw: Random, number: int) -> Request:
    sku = draw.choices(("alpha", "beta/route", "gamma", "omega", UNPUBLISHED, UNKNOWN), (40, 30, 20, 4, 3, 3))[0]
    call = _id("call", number)
    plain = Request(number, _id("msg", number), call, sku, _instant(draw, sku), _tokens(draw, sku))
    if not draw.randrange(40):
        charged = draw.choice((None, 0, CENT * draw.randrange(1, 500)))
        plain = replace(plain, request_id=call, tokens=NO_TOKENS, has_failed=True, charged=charged)
    else:
        plain = replace(plain, charged=_charge(draw, plain))
    if plain.charged and not draw.randrange(50):
        whole = draw.randrange(3) == 0
        plain = replace(plain, refunded=plain.charged if whole else 1 + draw.randrange(plain.charged))
    return plain


def _id(kind: str, number: int) -> str:
    return f"{kind}_{md5(f'{kind} {number}'.encode()).hexdigest()[:24]}"  # noqa: S324 - no secret


def _instant(draw: Random, sku: str) -> int:
    """Draw an instant of October, or of the day before; or one at which the price changes, or a microsecond before."""
    if sku in _PRICED and not draw.randrange(20):
        slot = draw.randrange(_PRICED[sku].slots + 1)
        return OCTOBER_US + slot * _PRICED[sku].slot_us - draw.randrange(2)
    return OCTOBER_US + draw.randrange(-86_400 * SECOND if not draw.randrange(50) else 0, MONTH_US)


def _tokens(draw: Random, sku: str) -> Tokens:
    size = 1 << draw.randrange(4, 18)
    fresh, out = draw.randrange(size), draw.randrange(1 + size // 4)
    if sku == "omega":  # so much that what it costs is beyond 64 bits, with as many tokens as any log may tell
        return (draw.choice((fresh, 10**6 * fresh, 10**15)), out, 0, 0, 0, 0)
    if draw.randrange(3):
        return (fresh, out, 0, 0, 0, 0)
    five, hour = draw.randrange(size), draw.randrange(size) * draw.randrange(2)
    unsplit = draw.randrange(size) if not draw.randrange(20) else 0
    return (fresh, out, draw.randrange(8 * size), 0 if unsplit else five, 0 if unsplit else hour, unsplit)


def _charge(draw: Random, request: Request) -> int | None:
    """Draw what the vendor takes: mostly what is right, sometimes less, more, nothing, or no word of it."""
    chance, owed = draw.randrange(100), _owed(request)
    right = CENT * draw.randrange(1, 200) if isinstance(owed, str) else min(owed[1], MOST_CHARGED)
    if chance < 93:
        return right
    if chance < 96:
        return min(right + right * 6 // 100 // CENT * CENT + CENT, MOST_CHARGED)
    return {96: 0, 97: None}.get(chance, right // 2 // CENT * CENT)


def _owed(request: Request) -> tuple[int, int] | str:
    """Return what the request costs before and after rounding, or why nobody knows."""
    priced = _PRICED.get(request.sku)
    if priced is None:
        unused = request.tokens == NO_TOKENS  # costs nothing, whatever its price
        return "unknown_sku" if request.sku == UNKNOWN else (0, 0) if unused else "price_unpublished"
    rates = priced.rates((request.at_us - OCTOBER_US) // priced.slot_us)
    if not rates:
        return "no_rate_in_force"
    *split, unsplit = request.tokens
    short, hour = rates[3], rates[4]
    if unsplit and short is not None and hour is not None and short != hour:
        return "cache_ttl_unknown"
    used = [(count, rate) for count, rate in zip(split, rates, strict=True) if count]
    used += [(unsplit, short if short == hour else None)] if unsplit else []
    parts = [count * rate for count, rate in used if rate is not None]
    if len(parts) < len(used):
        return "kind_unpublished"
    step, lift = priced.rule.step, priced.rule.lift
    if priced.rule.by_component:
        return sum(parts), sum((part + lift) // step * step for part in parts)
    return sum(parts), (sum(parts) + lift) // step * step


def truth(request: Request) -> Truth:
    """Return what an audit without tolerance has to say of a request."""
    charged, kept = request.charged, (request.charged or 0) - request.refunded
    if request.is_repeat:
        return Truth(None, 0, charged, "overcharged" if kept > 0 else "matched", None)
    if request.has_failed and not charged:
        return Truth(None, None, None, "failed", "request_failed")
    if request.has_failed:
        return Truth(None, 0, charged, "charged_failure" if kept > 0 else "failed", None)
    owed = _owed(request)
    if isinstance(owed, str):
        return Truth(None, None, None, "unpriced", owed)
    exact, rounded = owed
    if charged is None:
        return Truth(exact, rounded, None, "unreported", None)
    verdict = "overcharged" if kept > rounded else "undercharged" if charged < rounded else "matched"
    return Truth(exact, rounded, charged - rounded, verdict, None)


def totals(found: Iterable[Request]) -> dict[tuple[str, str], Sums]:
    """Return the sums of all requests, by SKU and verdict."""
    sums: dict[tuple[str, str], Sums] = {}
    for request in found:
        right = truth(request)
        more = Sums(1, request.charged or 0, request.refunded, right.owed or 0, right.variance or 0)
        before = sums.get((request.sku, right.verdict), Sums())
        sums[request.sku, right.verdict] = Sums(*(a + b for a, b in zip(before, more, strict=True)))
    return sums
