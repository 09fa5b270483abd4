"""How big requests are and when they come, as measured on published traffic, of which only these figures are taken."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

# What was measured: values at these per mille of the sorted data. The kinds of a request are drawn independently.
PER_MILLE: Final = (*range(0, 1000, 50), 990, 999)
# AzureLLMInferenceTrace_code (Azure/AzurePublicDataset, CC-BY-4.0), 8,819 requests: ContextTokens, GeneratedTokens.
COMPLETION_IN: Final = (
    3,
    75,
    147,
    232,
    386,
    578,
    770,
    938,
    1075,
    1261,
    1469,
    1690,
    1909,
    2164,
    2433,
    2745,
    3192,
    3919,
    5186,
    7302,
    7436,
    7437,
)
COMPLETION_OUT: Final = (6, 6, 7, 7, 8, 9, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24, 29, 39, 55, 90, 252, 824)
# mini-swe-agent over OpenRouter (gruckion/mini-swe-agent, MIT), 20,163 calls: prompt_tokens, completion_tokens.
AGENT_IN: Final = (
    1317,
    2580,
    4137,
    5613,
    6796,
    8018,
    9197,
    10404,
    11565,
    12756,
    13993,
    15231,
    16617,
    18062,
    19589,
    21416,
    23587,
    26877,
    31299,
    38093,
    62364,
    99175,
)
AGENT_OUT: Final = (
    1,
    23,
    27,
    33,
    39,
    43,
    48,
    54,
    63,
    75,
    89,
    111,
    138,
    173,
    220,
    282,
    372,
    497,
    681,
    1038,
    2421,
    6016,
)
# Claude Code sessions (iansherr/claude-code-log, chiphuyen/sniffly, d-kimuson/claude-code-viewer, all MIT), 1,089
# requests: input, output, cache read and cache write tokens.
SESSION_IN: Final = (0, 0, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 11, 13, 1213, 3802)
SESSION_OUT: Final = (
    1,
    1,
    1,
    1,
    3,
    7,
    22,
    25,
    26,
    68,
    89,
    106,
    125,
    148,
    182,
    230,
    279,
    344,
    493,
    777,
    2078,
    4665,
)
SESSION_READ: Final = (
    0,
    0,
    12243,
    14627,
    16927,
    19511,
    22431,
    24244,
    26076,
    28317,
    31491,
    35452,
    39360,
    42567,
    49639,
    55349,
    62869,
    70793,
    82076,
    97732,
    127005,
    133937,
)
SESSION_WRITE: Final = (
    0,
    112,
    170,
    229,
    279,
    310,
    350,
    395,
    429,
    472,
    515,
    579,
    673,
    756,
    933,
    1135,
    1544,
    2450,
    4585,
    11503,
    32026,
    69062,
)
# Of 665 of them that tell the lifetime of their cache writes, 26 wrote for an hour: 1 in 25.
HOUR_WRITES: Final = 25
# The same sessions: in how many of them somebody worked in that hour (UTC) and on that weekday, Monday first. The other
# two sets are one batch each, so that their hours tell nothing. No hour is quite empty: 4 to each, and 1 for all.
WORK_BY_HOUR: Final = (4, 1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 6, 2, 2, 1, 3, 5, 3, 3, 1, 2, 2, 6)
WORK_BY_WEEKDAY: Final = (6, 2, 5, 4, 3, 7, 4)

SEPTEMBER: Final = datetime(2026, 9, 1, tzinfo=UTC)
OCTOBER: Final = datetime(2026, 10, 1, tzinfo=UTC)
"""The simulated month; the one before it is what it is compared with."""

Tokens = tuple[int, int, int, int, int]
"""Input, output, cache read, cache write for 5 minutes, cache write for an hour."""
Draw = Callable[[int], int]
"""That many random bits."""


def _by_chance(quantiles: tuple[int, ...]) -> tuple[int, ...]:
    """Return 4,096 values of that distribution, equally likely: the inverse of its quantiles, interpolated."""
    values = []
    for place in range(0, 4096 * 999, 999):
        index = max(i for i, mille in enumerate(PER_MILLE) if mille * 4096 <= place)
        low, width = PER_MILLE[index], PER_MILLE[index + 1] - PER_MILLE[index]
        rise = quantiles[index + 1] - quantiles[index]
        values.append(quantiles[index] + rise * (place - low * 4096) // (width * 4096))
    return tuple(values)


_COMPLETION: Final = _by_chance(COMPLETION_IN), _by_chance(COMPLETION_OUT)
_AGENT: Final = _by_chance(AGENT_IN), _by_chance(AGENT_OUT)
_SESSION: Final = tuple(map(_by_chance, (SESSION_IN, SESSION_OUT, SESSION_READ, SESSION_WRITE)))


def completion(draw: Draw) -> Tokens:
    """Return the size of a completion in an editor: a short answer to some context."""
    return _COMPLETION[0][draw(12)], _COMPLETION[1][draw(12)], 0, 0, 0


def agent(draw: Draw) -> Tokens:
    """Return the size of one turn of a coding agent that caches nothing."""
    return _AGENT[0][draw(12)], _AGENT[1][draw(12)], 0, 0, 0


def session(draw: Draw) -> Tokens:
    """Return the size of one turn of a coding session, which lives off its cache."""
    tokens_in, out, read, write = (values[draw(12)] for values in _SESSION)
    return (tokens_in, out, read, 0, write) if draw(20) % HOUR_WRITES == 0 else (tokens_in, out, read, write, 0)


def cached_prompt(draw: Draw) -> Tokens:
    """Return the size of an agent's turn of whose prompt some part comes from a cache."""
    whole, out = _AGENT[0][draw(12)], _AGENT[1][draw(12)]
    cached = whole * draw(8) >> 8
    return whole - cached, out, cached, 0, 0


def calendar(requests: int, month: datetime = OCTOBER) -> Iterator[tuple[datetime, int]]:
    """Yield each hour of the month that begins then and the number of requests in it."""
    after = (month + timedelta(days=31)).replace(day=1)
    hours = [month + timedelta(hours=hour) for hour in range((after - month).days * 24)]
    weights = [WORK_BY_WEEKDAY[hour.weekday()] * (4 * WORK_BY_HOUR[hour.hour] + 1) for hour in hours]
    whole, passed = sum(weights), 0
    for hour, weight in zip(hours, weights, strict=True):
        yield hour, requests * (passed + weight) // whole - requests * passed // whole
        passed += weight
