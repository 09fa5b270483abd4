"""Replay of many models in one pass: requests that meet the same rates at every seller are summed, then priced.

What it tells is what `billing.replay` tells, to the last digit, but for each vendor's rounding: that takes a look at
each request under each seller, which is most of the time of a replay.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from billing.engine import Engine
from billing.ledger import dicts
from billing.price_calendar import BEGIN_US, END_US, Stretches, microseconds
from billing.rating import EVERYTHING, Rating, Selection, lay, no_rate
from billing.replay import OK, Replay, held_names, model_of, periods_of, usage_of
from pricing.baskets import added, spread
from pricing.calculator import tier_rates
from pricing.catalog import Catalog, RatePeriod
from pricing.comparison import NO_TERMS, Asked, Terms, conclude, rates_of
from pricing.models import Seller, sellers_of_each, target
from pricing.offers import Rated
from pricing.periods import FIRST, LAST

Row = Mapping[str, Any]
Sold = Mapping[Seller, Sequence[RatePeriod]]
"""The rates of everyone who sells a model."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Requests of a model that meet the same rates at every seller: in one service tier, time and size of prompt.

    The time is half-open, None is an open end. Requests of an unknown time meet what has always been in force.
    """

    model: str
    service_tier: str
    start: datetime | None
    end: datetime | None
    above: int
    up_to: int
    is_untimed: bool = False

    def period(self, periods: Iterable[RatePeriod]) -> RatePeriod | None:
        """Return which of a seller's periods holds for it."""
        start, end = (None, None) if self.is_untimed else (self.start or FIRST, self.end or LAST)
        for period in periods:
            begins, ends = period.valid_from, period.valid_to
            holds = (begins or FIRST) <= (start or FIRST) and (end or LAST) <= (ends or LAST)
            if holds and period.block.service_tier == self.service_tier:
                return period
        return None


def replay_together(  # noqa: PLR0913, PLR0917 - what, by which cards, and of which requests
    ledger: Engine,
    catalog: Catalog,
    models: Sequence[str],
    selection: Selection = EVERYTHING,
    at: datetime | None = None,
    terms: Terms = NO_TERMS,
) -> dict[str, Replay]:
    """Price the selected requests of each model under everyone who sells it; `charged` is None in all offers.

    A model without a request that can be priced is left out. Raise UnknownNameError if nobody sells one.
    """
    sold: dict[str, Sold] = {
        model: {seller: tuple(periods_of(seller, at)) for seller in of}
        for model, of in sellers_of_each(catalog, models, terms.models).items()
    }
    pieces = [piece for model, of in sold.items() for piece in _pieces(model, of)]
    by_model: dict[str, list[Row]] = defaultdict(list)
    for row in dicts(_lay(ledger, catalog, selection, terms, pieces, sold).query("pieces")):
        by_model[row["model"]].append(row)
    return {
        model: _replay(catalog, model, of, by_model[model], pieces, at, terms)
        for model, of in sold.items()
        if any(row["ending"] == OK for row in by_model[model])
    }


def _pieces(model: str, sold: Sold) -> Iterator[_Piece]:
    """Yield what divides the requests of a model so finely that each seller has one vector of rates for each piece."""
    periods = [period for of in sold.values() for period in of]
    changes = sorted({at for period in periods for at in (period.valid_from, period.valid_to) if at is not None})
    aboves = sorted({tier.above for period in periods for tier in period.block.context_tiers})
    for service_tier in sorted({period.block.service_tier for period in periods}):
        for above, up_to in pairwise([-1, *aboves, END_US]):
            for start, end in pairwise([None, *changes, None]):
                yield _Piece(model, service_tier, start, end, above, up_to)
            if changes:
                yield _Piece(model, service_tier, None, None, above, up_to, is_untimed=True)


def _lay(  # noqa: PLR0913, PLR0917 - as `replay_together`
    ledger: Engine,
    catalog: Catalog,
    selection: Selection,
    terms: Terms,
    pieces: Sequence[_Piece],
    sold: Mapping[str, Sold],
) -> Rating:
    """Lay the pieces as if they were rates of the models: each request then has the number of its piece."""
    names = [
        {"provider": provider, "name": name, "sku": model}
        for provider, name in held_names(ledger)
        if (model := target(model_of(catalog, provider, name), terms.models)) in sold
    ]
    ((first_at,),) = ledger.rows("SELECT MIN(used_at) FROM usage_records")
    first_us = 0 if first_at is None else microseconds(first_at)
    laid = [
        no_rate() | {"provider": provider, "sku": piece.model, "service_tier": piece.service_tier,
                     "prompt_above": piece.above, "prompt_up_to": piece.up_to, **_bounds(piece, first_us)}
        for provider in sorted({name["provider"] for name in names})
        for piece in pieces
    ]  # fmt: skip
    rates = [no_rate(), *(row | {"rate_id": number} for number, row in enumerate(laid, start=1))]
    periods = tuple(period for of in sold.values() for each in of.values() for period in each)
    return lay(Rating(ledger, catalog, periods, selection, Stretches(), ledger.narrow), rates, names)


def _bounds(piece: _Piece, first_us: int) -> dict[str, object]:
    """Return the time of a piece as sql/rates.sql has it; that of requests without a time ends where usage begins."""
    if piece.is_untimed:
        return {"from_us": BEGIN_US, "to_us": first_us}
    begin = BEGIN_US if piece.end is None else 0
    return {
        "from_us": begin if piece.start is None else microseconds(piece.start),
        "to_us": END_US if piece.end is None else microseconds(piece.end),
    }


def _replay(  # noqa: PLR0913, PLR0917 - one model of them
    catalog: Catalog,
    model: str,
    sold: Sold,
    rows: Sequence[Row],
    pieces: Sequence[_Piece],
    at: datetime | None,
    terms: Terms,
) -> Replay:
    used = sorted(
        (row for row in rows if row["ending"] == OK), key=lambda row: (row["rate_id"], str(row["unknown_fields"]))
    )
    requests = sum(row["requests"] for row in used)
    times = [each for row in used for each in (row["first_at"], row["last_at"]) if each is not None]
    shown = at or max(times, default=None)
    asked: dict[Seller, Asked] = {
        seller: (list(_rated(used, pieces, periods)), rates_of(seller, shown)) for seller, periods in sold.items()
    }
    total = added(usage_of(row) for row in used)
    basket = replace(spread(total, requests), each=None)
    left_out: dict[str, int] = defaultdict(int)
    for row in sorted(rows, key=lambda row: str(row["ending"])):
        if row["ending"] != OK:
            left_out[row["ending"]] += row["requests"]
    comparison = conclude(catalog, model, basket, asked, terms)
    return Replay(comparison, min(times, default=None), max(times, default=None), dict(left_out))


def _rated(rows: Sequence[Row], pieces: Sequence[_Piece], periods: Sequence[RatePeriod]) -> Iterator[Rated]:
    """Yield what one seller's rates are laid under: pieces of one vector of rates as one."""
    same: dict[tuple[object, ...], list[tuple[Rated, int]]] = defaultdict(list)
    key: tuple[object, ...]
    for row in rows:
        piece = pieces[(row["rate_id"] - 1) % len(pieces)] if row["rate_id"] else None
        period = None if piece is None else piece.period(periods)
        usage = usage_of(row)
        if piece is None or period is None:
            key, rated = (), Rated(replace(usage, unknown_fields=()), None, "no_rate_in_force")
        else:
            rates = tier_rates(period, piece.above + 1)
            key, rated = (id(period), id(rates), usage.unknown_fields), Rated(usage, None, period, rates)
        same[key].append((rated, row["requests"]))
    for _, found in sorted(same.items(), key=lambda item: not item[0]):  # what has no rate comes last
        first, requests = found[0][0], sum(count for _, count in found)
        yield replace(first, usage=added(rated.usage for rated, _ in found), requests=requests)
