"""A month of model traffic through three vendors, with known faults in the charges, and the truth about every request.

The month before it is made likewise, smaller and without faults.
It is an oracle: rates, arithmetic and verdicts here are its own and share no code with what is tested against them.
Money is whole pico-units (10^12 to one credit or dollar), chance comes from `getrandbits` alone, nothing reads a clock.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from typing import Final, NamedTuple

from data.traffic import OCTOBER, SEPTEMBER, Draw, Tokens, agent, cached_prompt, calendar, completion, session

SEED: Final = 2026
REQUESTS: Final = 6000
SEED_BEFORE: Final = 202609
REQUESTS_BEFORE: Final = 3500

MICRO: Final = 10**6
"""A unit per 1M tokens is this many pico-units per token."""
CENT: Final = 10**10
"""0.01 credit in pico-credits: what the credit vendor cuts its charges to."""


class Route(NamedTuple):
    """What is bought: a SKU of a provider, the name in its answers, and its published price."""

    provider: str
    sku: str
    answers_as: str
    unit: str
    rates: tuple[int | None, ...]
    """Pico-units per token of each kind; None is unpublished."""
    step: int
    """Pico-units that a charge is cut to; 1 where the vendor states no rounding."""

    @property
    def is_official(self) -> bool:
        """Whether answers have the full shape of the official Messages API, with caches and without credits."""
        return self.step == 1


def _credits(*per_mtok: int) -> tuple[int | None, ...]:
    return (*(rate * MICRO for rate in per_mtok), *(None,) * (5 - len(per_mtok)))


# From the vendors' pages: credits (or, for API Models, dollars) per 1M tokens.
SONNET: Final = Route("aivideoapi", "claude-sonnet-4-6", "claude-sonnet-4-6", "credit", _credits(300, 1500), CENT)
OPUS: Final = Route("aivideoapi", "claude-opus-4-6", "claude-opus-4-6", "credit", _credits(500, 2500), CENT)
DIRECT_SONNET: Final = Route(
    "aivideoapi",
    "claude-sonnet-4-6/anthropic",
    "claude-sonnet-4-6",
    "credit",
    _credits(883, 4412, 89, 1103, 1765),
    1,
)
DIRECT_OPUS: Final = Route(
    "aivideoapi",
    "claude-opus-4-6/anthropic",
    "claude-opus-4-6",
    "credit",
    _credits(1471, 7353, 148, 1839, 2942),
    1,
)
DIRECT_HAIKU: Final = Route(
    "aivideoapi",
    "claude-haiku-4-5/anthropic",
    "claude-haiku-4-5",
    "credit",
    _credits(295, 1471, 30, 368, 589),
    1,
)
API_MODELS: Final = Route(
    "apimodels",
    "claude-sonnet-4-6",
    "claude-sonnet-4-6",
    "USD",
    (1_059_000, 5_295_000, None, None, None),
    1,
)
AIML_API: Final = Route(
    "aimlapi",
    "anthropic/claude-sonnet-4.6",
    "anthropic/claude-sonnet-4.6",
    "USD",
    (None,) * 5,
    1,
)


class Work(NamedTuple):
    """A kind of work that the buyer does: on which route, for which project, with requests of which size."""

    share: int
    """Of all requests, per 256."""
    file: str
    route: Route
    size: Callable[[Draw], Tokens]
    api_key_id: str
    project: str | None = None
    team: str | None = None


VENDOR_LOG: Final = "aivideoapi-2026-10.jsonl.gz"
REEXPORT_LOG: Final = "aivideoapi-2026-10.reexport.jsonl.gz"
STREAM_LOG: Final = "aivideoapi-2026-10.streams.jsonl.gz"
API_MODELS_LOG: Final = "apimodels-2026-10.jsonl.gz"
AIML_API_LOG: Final = "aimlapi-2026-10.jsonl.gz"
VENDOR_LOG_BEFORE: Final = "aivideoapi-2026-09.jsonl.gz"
API_MODELS_LOG_BEFORE: Final = "apimodels-2026-09.jsonl.gz"

WORKS: Final = (
    Work(66, VENDOR_LOG, SONNET, completion, "key_a1", "editor-plugin", "tools"),
    Work(34, VENDOR_LOG, OPUS, completion, "key_a1", "editor-plugin", "tools"),
    Work(32, VENDOR_LOG, SONNET, agent, "key_b2", "bug-fixer", "platform"),
    Work(14, VENDOR_LOG, OPUS, agent, "key_b2", "bug-fixer", "platform"),
    Work(24, VENDOR_LOG, SONNET, completion, "key_c3", "support-desk", "service"),
    Work(10, VENDOR_LOG, SONNET, completion, "key_c3"),
    Work(1, VENDOR_LOG, SONNET, cached_prompt, "key_c3", "support-desk", "service"),
    Work(22, VENDOR_LOG, DIRECT_SONNET, session, "key_d4", "pair-programming", "tools"),
    Work(8, VENDOR_LOG, DIRECT_OPUS, session, "key_d4", "pair-programming", "tools"),
    Work(6, VENDOR_LOG, DIRECT_HAIKU, completion, "key_d4", "pair-programming", "tools"),
    Work(12, STREAM_LOG, SONNET, completion, "key_a1", "editor-plugin", "tools"),
    Work(17, API_MODELS_LOG, API_MODELS, completion, "key_e5", "support-desk", "service"),
    Work(10, AIML_API_LOG, AIML_API, cached_prompt, "key_f6", "bug-fixer"),
)

WORKS_BEFORE: Final = (
    Work(80, VENDOR_LOG_BEFORE, SONNET, completion, "key_a1", "editor-plugin", "tools"),
    Work(14, VENDOR_LOG_BEFORE, OPUS, completion, "key_a1", "editor-plugin", "tools"),
    Work(40, VENDOR_LOG_BEFORE, SONNET, agent, "key_b2", "bug-fixer", "platform"),
    Work(6, VENDOR_LOG_BEFORE, OPUS, agent, "key_b2", "bug-fixer", "platform"),
    Work(40, VENDOR_LOG_BEFORE, SONNET, completion, "key_c3", "support-desk", "service"),
    Work(10, VENDOR_LOG_BEFORE, SONNET, completion, "key_c3"),
    Work(40, VENDOR_LOG_BEFORE, DIRECT_SONNET, session, "key_d4", "pair-programming", "tools"),
    Work(6, VENDOR_LOG_BEFORE, DIRECT_OPUS, session, "key_d4", "pair-programming", "tools"),
    Work(20, API_MODELS_LOG_BEFORE, API_MODELS, completion, "key_e5", "support-desk", "service"),
)
"""Of the month before: the same users, less of the dear model, and one SKU not used yet."""

FAULTS: Final = {
    "rate.other_route": "On 2026-10-08 key_c3 pays the /anthropic rates for claude-sonnet-4-6.",
    "rounding.up": "On 2026-10-14 charges for claude-sonnet-4-6 are rounded up to 0.01 credit instead of cut.",
    "rate.markup": "From 2026-10-19 key_b2 pays 6 % over the card for claude-opus-4-6.",
    "refund.missing": "From 2026-10-22 to 2026-10-26 the credits of requests that fail with 503 are kept, "
    "not refunded.",
    "charge.extreme": "The first claude-opus-4-6 request of key_a1 on or after 2026-10-27 is charged a hundredfold.",
}
"""The cause of each planted fault and what the vendor does wrong."""

OK: Final = 200
TOO_MANY: Final = 429
UPSTREAM: Final = 503
BAD_REQUEST: Final = 400


Ending = tuple[int, str]
"""The HTTP status and, of a stream, `cut` or `error` where it did not come to its end."""


def _endings(*shares: tuple[int, Ending]) -> tuple[Ending, ...]:
    """Return 1,024 equally likely endings: so many of each, and the rest all right."""
    special = tuple(ending for share, ending in shares for _ in range(share))
    return special + ((OK, ""),) * (1024 - len(special))


_OF_VENDOR: Final = _endings((8, (TOO_MANY, "")), (7, (UPSTREAM, "")), (3, (BAD_REQUEST, "")))
ENDINGS: Final = {
    VENDOR_LOG: _OF_VENDOR,
    VENDOR_LOG_BEFORE: _OF_VENDOR,
    STREAM_LOG: _endings((24, (OK, "cut")), (12, (OK, "error"))),
    API_MODELS_LOG: _endings(),
    API_MODELS_LOG_BEFORE: _endings(),
    AIML_API_LOG: _endings(),
}

NO_TOKENS: Final = 0, 0, 0, 0, 0


class Call(NamedTuple):
    """One request as the buyer made it and how it ended."""

    id: str
    at: str
    work: Work
    tokens: Tokens
    status: int
    ending: str


class Simulated(NamedTuple):
    """One request and the truth about it. Amounts are pico-units; None is unknown."""

    call: Call
    tokens: Tokens
    charged: int | None
    expected: int | None
    verdict: str
    cause: str
    """The planted fault, or empty. A fault that changes nothing, such as 6 % of less than a cent, is none."""

    @property
    def request_id(self) -> str:
        """The vendor's id of the answer; where the answer is an error and has none, the client's id of the call."""
        return self.call.id if self.call.status != OK else self.answer_id

    @property
    def answer_id(self) -> str:
        """The id that the vendor gives its answer."""
        return f"chatcmpl-{self.call.id}" if self.call.work.route is AIML_API else f"msg_{self.call.id}"


def simulate(
    seed: int = SEED,
    requests: int = REQUESTS,
    faults: frozenset[str] = frozenset(FAULTS),
    works: tuple[Work, ...] = WORKS,
    month: datetime = OCTOBER,
) -> Iterator[Simulated]:
    """Yield that many requests of the month, in the order of time, with the named faults planted."""
    draw = Random(seed).getrandbits  # noqa: S311 - it has to be repeatable, and guards nothing
    vendor = Vendor(faults)
    by_chance = tuple(work for work in works for _ in range(work.share))
    number = 0
    for hour, count in calendar(requests, month):
        day_and_hour = f"{hour:%Y-%m-%dT%H}"
        for millisecond in sorted(draw(32) * 3_600_000 >> 32 for _ in range(count)):
            number += 1
            second = millisecond // 1000
            at = f"{day_and_hour}:{second // 60:02d}:{second % 60:02d}.{millisecond % 1000:03d}Z"
            work = by_chance[draw(8)]
            status, ending = ENDINGS[work.file][draw(10)]
            yield vendor.answer(Call(f"sim{seed}_{number:07d}", at, work, work.size(draw), status, ending))


def month_before() -> Iterator[Simulated]:
    """Yield the requests of September 2026, all charged right."""
    return simulate(SEED_BEFORE, REQUESTS_BEFORE, frozenset(), WORKS_BEFORE, SEPTEMBER)


class Vendor:
    """The simulated vendors: they charge by their cards, except where a fault is planted."""

    def __init__(self, faults: frozenset[str]) -> None:
        if unknown := faults - FAULTS.keys():
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
        self._faults = faults
        self._extreme_is_due = "charge.extreme" in faults

    def answer(self, call: Call) -> Simulated:
        """Answer a call and say what is true of it."""
        if call.work.file == STREAM_LOG:
            return _streamed(call)
        route = call.work.route
        exact = cost(call.tokens, route.rates)
        expected = None if exact is None or call.status != OK else exact - exact % route.step
        charged, cause = self._charge(call, exact, expected)
        if call.status != OK:
            verdict = "charged_failure" if charged else "failed"
            return Simulated(call, NO_TOKENS, charged, charged and 0, verdict, cause)
        return Simulated(call, call.tokens, charged, expected, _verdict(charged, expected), cause)

    def _charge(self, call: Call, exact: int | None, expected: int | None) -> tuple[int | None, str]:
        """Return what is reported as charged, and the cause if that is not what it should be."""
        if call.status != OK:
            kept = call.status == UPSTREAM and self._has(call, "refund.missing", "2026-10-22", "2026-10-26")
            taken = exact - exact % CENT if kept and exact is not None else 0
            return (taken, "refund.missing") if taken else (None, "")
        route = call.work.route
        if route.is_official:
            return None, ""
        if expected is None or exact is None:
            # Nobody knows what is right here; the vendor takes cache reads for input.
            guess = cost((call.tokens[0] + call.tokens[2], call.tokens[1], 0, 0, 0), route.rates) or 0
            return guess - guess % CENT, ""
        charged, cause = self._fault(call, exact, expected)
        return charged, cause if charged != expected else ""

    def _fault(self, call: Call, exact: int, expected: int) -> tuple[int, str]:
        work = call.work
        if work.route is SONNET:
            if work.api_key_id == "key_c3" and self._has(call, "rate.other_route", "2026-10-08", "2026-10-08"):
                other = cost(call.tokens, DIRECT_SONNET.rates) or 0
                return other - other % CENT, "rate.other_route"
            if self._has(call, "rounding.up", "2026-10-14", "2026-10-14"):
                return exact + -exact % CENT, "rounding.up"
        elif work.api_key_id == "key_b2" and self._has(call, "rate.markup", "2026-10-19", "2026-10-31"):
            dearer = exact * 106 // 100
            return dearer - dearer % CENT, "rate.markup"
        elif work.api_key_id == "key_a1" and self._extreme_is_due and call.at >= "2026-10-27":
            self._extreme_is_due = False
            return 100 * expected, "charge.extreme"
        return expected, ""

    def _has(self, call: Call, fault: str, first_day: str, last_day: str) -> bool:
        return fault in self._faults and first_day <= call.at[:10] <= last_day


def cost(tokens: Tokens, rates: tuple[int | None, ...]) -> int | None:
    """Return the exact cost in pico-units, or None if a kind that was used has no price."""
    total = 0
    for count, rate in zip(tokens, rates, strict=True):
        if count:
            if rate is None:
                return None
            total += count * rate
    return total


def _verdict(charged: int | None, expected: int | None) -> str:
    if expected is None:
        return "unpriced"
    if charged is None:
        return "unreported"
    return "matched" if charged == expected else "overcharged" if charged > expected else "undercharged"


def _streamed(call: Call) -> Simulated:
    """Return the truth about a stream, which reports no credits: if cut, a lower bound; if broken, no billed row."""
    if call.ending == "error":
        return Simulated(call, NO_TOKENS, None, None, "failed", "")
    if call.ending == "cut":
        return Simulated(call, (call.tokens[0], 1, 0, 0, 0), None, None, "incomplete", "")
    exact = cost(call.tokens, call.work.route.rates)
    return Simulated(call, call.tokens, None, None if exact is None else exact - exact % CENT, "unreported", "")
