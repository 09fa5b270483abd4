"""A month of requests over all priced SKUs, and every billing mistake planted into it: an oracle of causes.

It shares no code with what it tests: prices, rounding and mistakes are its own, in whole pico-units. For each row that
is charged wrongly it knows the mistake, and which other mistakes would give the very same charge: then the charge does
not tell them apart. Chance comes from `getrandbits` alone, and nothing reads a clock.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Final, NamedTuple

from data.traffic import Draw, Tokens, agent, completion, session

MICRO: Final = 10**6
CENT: Final = 10**10
MONTH_SECONDS: Final = 31 * 86_400
CHANGE: Final = 11 * 86_400
"""The second of the month at which prices of the invented vendor change: 2026-10-12T00:00:00Z."""
THRESHOLD: Final = 60_000
PERCENTS: Final = (600, 250)
"""Mark-ups that are planted, in hundredths of a percent: of SKUs in turn."""

Rates = tuple[int | None, ...]
"""Pico-units per token of each kind; None is unpublished."""
Tiers = tuple[tuple[int, Rates], ...]
"""Rates for prompts of more tokens than this, the smallest first."""


class Rounding(NamedTuple):
    """How a charge is rounded: `lift` is what is added before it is cut to the step."""

    step: int = 1
    lift: int = 0
    by_component: bool = False


class Sold(NamedTuple):
    """A SKU with its prices: those from each second of the month on."""

    provider: str
    sku: str
    model: str
    unit: str
    prices: tuple[tuple[int, Tiers], ...]
    rounding: Rounding
    size: Callable[[Draw], Tokens]
    share: int

    def price_at(self, second: int) -> int:
        """Return which of its prices is in force."""
        return sum(second >= start for start, _ in self.prices) - 1


def _rates(*per_mtok: int) -> Rates:
    return (*(rate * MICRO for rate in per_mtok), *(None,) * (5 - len(per_mtok)))


def _always(*per_mtok: int) -> tuple[tuple[int, Tiers], ...]:
    return ((0, ((-1, _rates(*per_mtok)),)),)


def _changing(*sheets: tuple[int, Rates, Rates]) -> tuple[tuple[int, Tiers], ...]:
    return tuple((start, ((-1, base), (THRESHOLD, long))) for start, base, long in sheets)


_CUT: Final = Rounding(CENT)
_NONE: Final = Rounding()
_DOLLARS: Final = ((0, ((-1, (1_059_000, 5_295_000, None, None, None)),)),)
_ATLAS: Final = _changing(
    (0, _rates(310, 1490, 31, 388, 620), _rates(620, 2235, 62, 775, 1240)),
    (CHANGE, _rates(287, 1370, 29, 359, 574), _rates(574, 2055, 58, 718, 1148)),
)

SKUS: Final = tuple(
    Sold(provider, sku, model, unit, prices, rounding, size, share)
    for provider, sku, model, unit, prices, rounding, size, share in (
        ("aivideoapi", "claude-sonnet-4-6", "sonnet-4-6", "credit", _always(300, 1500), _CUT, completion, 40),
        ("aivideoapi", "claude-opus-4-6", "opus-4-6", "credit", _always(500, 2500), _CUT, agent, 30),
        ("aivideoapi", "claude-haiku-4-5/anthropic", "haiku-4-5", "credit", _always(295, 1471, 30, 368, 589),
         _NONE, session, 12),
        ("aivideoapi", "claude-opus-4-5/anthropic", "opus-4-5", "credit", _always(1471, 7353, 148, 1839, 2942),
         _NONE, session, 12),
        ("aivideoapi", "claude-opus-4-6/anthropic", "opus-4-6", "credit", _always(1471, 7353, 148, 1839, 2942),
         _NONE, session, 12),
        ("aivideoapi", "claude-opus-4-7/anthropic", "opus-4-7", "credit", _always(1471, 7353, 148, 1839, 2942),
         _NONE, session, 12),
        ("aivideoapi", "claude-sonnet-4-5/anthropic", "sonnet-4-5", "credit", _always(883, 4412, 89, 1103, 1765),
         _NONE, session, 12),
        ("aivideoapi", "claude-sonnet-4-6/anthropic", "sonnet-4-6", "credit", _always(883, 4412, 89, 1103, 1765),
         _NONE, session, 12),
        ("apimodels", "claude-sonnet-4-6", "sonnet-4-6", "USD", _DOLLARS, _NONE, agent, 20),
        ("stepwise", "atlas-2", "atlas-2", "credit", _ATLAS, _CUT, session, 60),
        ("stepwise", "atlas-2/direct", "atlas-2", "credit", _always(911, 4550, 91, 1139, 1822), _NONE, session, 14),
        ("stepwise", "meridian", "meridian", "credit", _always(127, 613, 13, 159, 254),
         Rounding(CENT // 10, CENT // 10 - 1), session, 20),
    )
)  # fmt: skip
_BY_CHANCE: Final = tuple(sold for sold in SKUS for _ in range(sold.share))


class Row(NamedTuple):
    """One request: when, what it used, what it should cost, and what it was charged."""

    id: str
    client_id: str | None
    sold: Sold
    second: int
    tokens: Tokens
    status: str
    error: tuple[int, str, str] | None
    owed: int
    charged: int | None
    refund: int
    """What was given back of the charge, by a refund of its own."""


OK, FAILED, INCOMPLETE = "ok", "failed", "incomplete"
KEPT: Final = 500, "internal_error", "api_error"
REFUNDED: Final = 503, "upstream_error", "upstream_error"
ERRORS: Final = {"charge.on_failure": KEPT, "refund.missing": REFUNDED}


#: What becomes of 256 requests.
_FATES: Final = (
    *("kept",) * 12, *("refunded",) * 16, *("given back",) * 4, "cut", "unreported", *("charged",) * 222,
)  # fmt: skip


def month(requests: int, seed: int = 2026) -> Iterator[Row]:
    """Yield that many requests of October 2026, all charged as they should be, in the order of time.

    Some fail, with and without a charge that was given back; some are cut or report no charge; and some are alike
    without being the same call, or are sent again under the id of their call and answered otherwise.
    """
    draw = Random(seed).getrandbits  # noqa: S311 - it has to be repeatable, and guards nothing
    before: Row | None = None
    for number in range(requests):
        row = _request(number, number * MONTH_SECONDS // requests, draw)
        match number % 500:
            case 1 if before is not None:
                row = before._replace(id=row.id, client_id=None if number % 1000 == 1 else row.client_id)
            case 2:
                row = row._replace(client_id=f"again_{number + 1}")
            case 3:
                row = row._replace(client_id=f"again_{number}")
        yield row
        before = row


def _request(number: int, second: int, draw: Draw) -> Row:
    sold = _BY_CHANCE[draw(16) % len(_BY_CHANCE)]
    tokens = sold.size(draw)
    if sold.prices is _ATLAS and number % 40 == 0:  # just at the threshold
        tokens = max(THRESHOLD - sum(tokens[2:]), 0), *tokens[1:]
    owed = cost(tokens, tier(sold.prices[sold.price_at(second)][1], tokens), sold.rounding) or 0
    id_, client_id = f"req_{number:07d}", f"call_{number:07d}"
    row = Row(id_, client_id, sold, second, tokens, OK, None, owed, owed, 0)
    match _FATES[draw(8)]:
        case "kept" | "refunded" | "given back" if sold.provider != "aivideoapi":
            return row
        case "kept":
            row = row._replace(status=FAILED, error=KEPT, owed=0, charged=None)
        case "refunded":
            row = row._replace(status=FAILED, error=REFUNDED, owed=0, charged=None)
        case "given back":
            row = row._replace(status=FAILED, error=REFUNDED, owed=0, refund=owed)
        case "cut":
            row = row._replace(status=INCOMPLETE, charged=None)
        case "unreported":
            row = row._replace(charged=None)
    return row


def tier(tiers: Tiers, tokens: Tokens) -> Rates:
    """Return the rates for a prompt of that size; exactly at a threshold those below it."""
    prompt = sum(tokens) - tokens[1]
    return [rates for above, rates in tiers if prompt > above][-1]


def cost(tokens: Tokens, rates: Rates, rounding: Rounding) -> int | None:
    """Return what tokens cost, or None if a kind that was used has no price."""
    parts = []
    for count, rate in zip(tokens, rates, strict=True):
        if count and rate is None:
            return None
        parts.append(count * (rate or 0))
    sums = parts if rounding.by_component else [sum(parts)]
    return sum(part + rounding.lift - (part + rounding.lift) % rounding.step for part in sums)


#: Ways to count tokens wrongly, as the rates that come to the same: input, output, read, 5m writes, 1h writes.
_MISCOUNTS: Final[Mapping[str, Callable[[int, int, int, int, int], tuple[int, ...]]]] = {
    "cache.read_as_input": lambda i, o, _r, s, h: (i, o, i, s, h),
    "cache.write_as_input": lambda i, o, r, _s, _h: (i, o, r, i, i),
    "cache.write_1h_as_5m": lambda i, o, r, s, _h: (i, o, r, s, s),
    "cache.write_5m_as_1h": lambda i, o, r, _s, h: (i, o, r, h, h),
    "cache.double_counted": lambda i, o, r, s, h: (i, o, r + i, s + i, h + i),
    "cache.not_charged": lambda i, o, _r, _s, _h: (i, o, 0, 0, 0),
    "output.double": lambda i, o, r, s, h: (i, 2 * o, r, s, h),
    "input.not_charged": lambda _i, o, r, s, h: (0, o, r, s, h),
    "output.not_charged": lambda i, _o, r, s, h: (i, 0, r, s, h),
}


def mistakes(row: Row) -> Iterator[tuple[str, int]]:
    """Yield each mistake that can be made with the row's card, and what it would charge; mark-ups left out."""
    sold, tokens = row.sold, row.tokens
    step, by_step = sold.rounding.step, sold.rounding
    tiers = sold.prices[sold.price_at(row.second)][1]
    rates = tier(tiers, tokens)
    if step > 1:
        for rule, other in (
            ("rounding.half_up", Rounding(step, step // 2)), ("rounding.up", Rounding(step, step - 1)),
            ("rounding.per_component", by_step._replace(by_component=True)),
        ):  # fmt: skip
            yield from _charged(rule, tokens, rates, other)
    for _, others in tiers:
        yield from _charged("tier.wrong", tokens, others, by_step)
    for rule, miscount in _MISCOUNTS.items():
        yield from _charged(rule, tokens, miscount(*(rate or 0 for rate in rates)), by_step)
    for rule, prices in _other_prices(sold, sold.price_at(row.second)):
        yield from _charged(rule, tokens, tier(prices, tokens), by_step)


def _charged(rule: str, tokens: Tokens, rates: Rates, rounding: Rounding) -> Iterator[tuple[str, int]]:
    charged = cost(tokens, rates, rounding)
    if charged is not None:
        yield rule, charged


def marked_up(row: Row, parts: int) -> int:
    """Return the charge with all rates that many hundredths of a percent over the card."""
    rates = tier(row.sold.prices[row.sold.price_at(row.second)][1], row.tokens)
    dearer = tuple(None if rate is None else rate * (10_000 + parts) // 10_000 for rate in rates)
    return cost(row.tokens, dearer, row.sold.rounding) or 0


@cache
def _other_prices(sold: Sold, now: int) -> tuple[tuple[str, Tiers], ...]:
    """Return the prices that could be taken instead, each once: first of the SKU, then of its model, then of others."""
    found: dict[Tiers, str] = {}
    for nth, (_, tiers) in enumerate(sold.prices):
        if nth != now:
            found.setdefault(tiers, "rate.stale" if nth < now else "rate.early")
    others = [other for other in SKUS if other.provider == sold.provider and other.sku != sold.sku]
    for rule, same_model in (("rate.other_route", True), ("rate.other_model", False)):
        for other in others:
            if (other.model == sold.model) is same_model:
                for _, tiers in other.prices:
                    found.setdefault(tiers, rule)
    found.pop(sold.prices[now][1], None)
    return tuple((rule, tiers) for tiers, rule in found.items())


class Planted(NamedTuple):
    """A row that is charged wrongly: by which mistake, and which others give the very same charge."""

    row: Row
    rule: str
    ties: frozenset[str]
    is_new: bool = False
    """Whether the row was put in beside those of the month."""


RULES: Final = (
    "rate.stale", "rate.early", "rate.other_route", "rate.other_model", "rate.markup", *_MISCOUNTS, "tier.wrong",
    "rounding.half_up", "rounding.up", "rounding.per_component", "charge.on_failure", "charge.duplicate",
    "refund.missing", "charge.extreme", "unexplained",
)  # fmt: skip
TOGETHER: Final = (
    ("rate.markup", "cache.read_as_input", "output.double", "rounding.up", "charge.duplicate"),
    ("rate.stale", "tier.wrong", "cache.write_1h_as_5m", "input.not_charged", "charge.extreme"),
    ("rounding.half_up", "rate.other_route", "cache.double_counted", "refund.missing", "unexplained"),
    ("rate.early", "rate.other_model", "cache.not_charged", "output.not_charged", "rounding.per_component"),
    ("cache.write_as_input", "cache.write_5m_as_1h", "charge.on_failure", "rate.markup", "rounding.half_up"),
)
"""Five mistakes at a time, so that each stands beside others at least once."""


def plant(rows: Sequence[Row], rules: Sequence[str], per_mille: int, seed: int = 7) -> Iterator[Planted]:
    """Plant mistakes into so many of 1,000 rows, each with one of those rules that can be made with it.

    A mistake that changes nothing of a row is not planted there.
    """
    draw = Random(seed).getrandbits  # noqa: S311 - as above
    for row in rows:
        if draw(20) * 1000 >= per_mille << 20:
            continue
        made = [(rule, changed) for rule in rules if (changed := _changed(row, rule, draw)) is not None]
        if made:
            rule, changed = made[draw(16) % len(made)]
            yield Planted(changed, rule, _ties(changed, rule, rules), is_new=rule == "charge.duplicate")


def _changed(row: Row, rule: str, draw: Draw) -> Row | None:
    """Return the row as it is charged by that mistake; None if it can't be made, or changes nothing."""
    if row.status == FAILED:
        wanted = row.error is not None and ERRORS.get(rule) == row.error and not row.refund
        price = cost(row.tokens, tier(row.sold.prices[row.sold.price_at(row.second)][1], row.tokens), row.sold.rounding)
        return row._replace(charged=price) if wanted and price else None
    if row.status != OK or row.charged is None or rule in ERRORS:
        return None
    if rule == "charge.duplicate":
        known = row.charged and row.client_id == f"call_{row.id[4:]}"  # and no other call is
        return row._replace(id=f"{row.id}_again", second=row.second + 1 + draw(5)) if known else None
    charged = _wrong(row, rule, draw)
    return None if charged is None or charged == row.owed else row._replace(charged=charged)


def _wrong(row: Row, rule: str, draw: Draw) -> int | None:
    if rule == "charge.extreme":
        return row.owed * 100
    if rule == "unexplained":
        by = row.sold.rounding.step * (7 + draw(6)) if row.sold.rounding.step > 1 else row.owed * (1 + draw(16)) >> 18
        return row.owed + by if by < 5 * row.owed else None
    if rule == "rate.markup":
        return marked_up(row, PERCENTS[SKUS.index(row.sold) % 2])
    return next((charged for name, charged in mistakes(row) if name == rule and charged != row.owed), None)


def _ties(row: Row, rule: str, rules: Sequence[str]) -> frozenset[str]:
    """Return the other mistakes that give the row's charge."""
    if row.status == FAILED or rule == "charge.duplicate":
        return frozenset()
    ties = {name for name, charged in mistakes(row) if charged == row.charged}
    if "rate.markup" in rules and any(marked_up(row, parts) == row.charged for parts in PERCENTS):
        ties.add("rate.markup")
    return frozenset(ties - {rule})
