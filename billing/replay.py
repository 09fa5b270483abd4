"""Replay: the requests of the ledger, one by one, rated under every SKU of their model at every vendor.

It is the rating of an audit with other cards in the place of a vendor's own: each request meets the rates of each
seller, its context tier is chosen by its own prompt, and each vendor's rounding is applied to it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billing.engine import Engine
from billing.errors import BillingError
from billing.ledger import dicts
from billing.price_calendar import Stretches
from billing.queries import chain
from billing.rating import EVERYTHING, Rating, Selection, lay, no_rate, rate_rows
from pricing.amounts import from_pico
from pricing.baskets import COUNTS, added, spread
from pricing.calculator import tier_rates
from pricing.catalog import Catalog, RatePeriod
from pricing.comparison import NO_TERMS, Asked, Comparison, Terms, conclude, rates_of
from pricing.models import Seller, sellers, target
from pricing.offers import Bounds, Rated
from pricing.usage import Usage

OK = "ok"
"""How a request ended that is a use of what it says."""


class NothingToReplayError(BillingError):
    """No request of that model is selected."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What the ledger's own traffic costs everywhere, from the first instant to the last; None where no time is told.

    Requests that failed, streams that were cut and calls charged again are counted in `left_out`, and in no amount.
    """

    comparison: Comparison
    first_at: datetime | None
    last_at: datetime | None
    left_out: Mapping[str, int]


def replay(  # noqa: PLR0913, PLR0917 - what, by which cards, and of which requests
    ledger: Engine,
    catalog: Catalog,
    model: str,
    selection: Selection = EVERYTHING,
    at: datetime | None = None,
    terms: Terms = NO_TERMS,
) -> Replay:
    """Rate the selected requests of a model under everyone who sells it.

    Each is rated by the rates in force at its own time, or, with `at`, by those of that instant.
    Raise UnknownNameError if nobody sells the model, NothingToReplayError if none of its requests is selected.
    """
    found = sellers(catalog, model, terms.models)
    names = _names_of_model(ledger, catalog, target(model, terms.models), terms)
    offered = tuple((seller, period) for seller in found for period in periods_of(seller, at))
    rating = _lay(ledger, catalog, selection, offered, names)
    told = {row["ending"]: row for row in _rows(rating, chain("selected", "of_model", "by_ending"))}
    if OK not in told:
        raise nothing_of(ledger, model)
    total, ok = usage_of(told[OK]), told[OK]
    rated = _rated(rating, offered)
    shown = at or ok["last_at"]
    asked: dict[Seller, Asked] = {
        seller: ([*rated[seller], *_left(rated[seller], total, ok["requests"])], rates_of(seller, shown))
        for seller in found
    }
    basket = replace(spread(total, ok["requests"]), each=None)
    comparison = conclude(catalog, target(model, terms.models), basket, asked, terms)
    left_out = {ending: row["requests"] for ending, row in sorted(told.items()) if ending != OK}
    return Replay(comparison, ok["first_at"], ok["last_at"], left_out)


def _names_of_model(ledger: Engine, catalog: Catalog, model: str, terms: Terms) -> list[tuple[str, str]]:
    """Return the providers and names under which the ledger holds the model; an unknown name stands for itself."""
    return [
        (provider, name)
        for provider, name in held_names(ledger)
        if target(model_of(catalog, provider, name), terms.models) == model
    ]


def nothing_of(ledger: Engine, model: str) -> NothingToReplayError:
    """Return the error for a model of which no request is selected that neither failed nor was cut."""
    if not held_names(ledger):
        return NothingToReplayError(f"{ledger.path} holds no request; `tallystick import PATH` reads your logs")
    told = f"no request of {model} in {ledger.path} that neither failed nor was cut is selected"
    return NothingToReplayError(f"{told}; `--map` takes other names")


def held_names(ledger: Engine) -> list[tuple[str, str]]:
    """Return every provider of the ledger with each name under which it was used."""
    query = "SELECT DISTINCT provider, sku FROM usage_records WHERE provider IS NOT NULL ORDER BY provider, sku"
    return [(provider, name) for provider, name in ledger.rows(query)]


def model_of(catalog: Catalog, provider: str | None, name: str) -> str:
    """Return the model that a name of the ledger stands for; the name itself if no rate card knows it."""
    if provider is None or provider not in catalog.providers or name not in catalog.sku_names(provider):
        return name
    return catalog.sku(provider, name).model


def periods_of(seller: Seller, at: datetime | None) -> Iterator[RatePeriod]:
    """Yield the rates of a seller over all time; those of one instant are taken as if they had always been in force."""
    for tier in seller.catalog.service_tiers(seller.provider, seller.sku):
        for period in seller.catalog.periods(seller.provider, seller.sku, tier):
            if at is None:
                yield period
            elif period.holds(at):
                yield replace(period, valid_from=None, valid_to=None)


def _lay(
    ledger: Engine,
    catalog: Catalog,
    selection: Selection,
    offered: tuple[tuple[Seller, RatePeriod], ...],
    names: list[tuple[str, str]],
) -> Rating:
    """Lay the rates of all sellers under the names of the ledger: each request is rated by each of them."""
    periods = tuple(period for _, period in offered)
    keys = {seller: f"{seller.provider} {seller.sku} {seller.is_list}" for seller, _ in offered}
    own = (
        row | {"provider": provider, "sku": keys[seller]}
        for provider in sorted({provider for provider, _ in names})
        for card_id, (seller, period) in enumerate(offered)
        for row in rate_rows([(card_id, None, period)])
    )
    rates = [no_rate(), *(row | {"rate_id": number} for number, row in enumerate(own, start=1))]
    sold = [
        {"provider": provider, "name": name, "sku": key}
        for provider, name in names
        for key in sorted(set(keys.values()))
    ]
    return lay(Rating(ledger, catalog, periods, selection, Stretches(), ledger.narrow), rates, sold)


def _rated(rating: Rating, offered: tuple[tuple[Seller, RatePeriod], ...]) -> dict[Seller, list[Rated]]:
    found: dict[Seller, list[Rated]] = defaultdict(list)
    requests = f"({chain('selected', 'of_model', 'replayable')})"
    for row in rating.query("replayed", taking={"selected": requests}).to_pylist():
        seller, period = offered[row["card_id"]]
        usage, charged = usage_of(row), None
        if not row["gap"] and not usage.unknown_fields:
            charged = Bounds(*[from_pico(int(row["rounded_amount"]))] * 2)
        rates = tier_rates(period, row["prompt_above"] + 1)
        found[seller].append(Rated(usage, int(row["requests"]), period, rates, charged))
    return found


def _left(rated: list[Rated], total: Usage, requests: int) -> Iterator[Rated]:
    """Yield what a seller has no rate for at its time or in its service tier."""
    missing = requests - sum(each.requests or 0 for each in rated)
    if missing:
        known = added(each.usage for each in rated)
        rest: dict[str, Any] = {name: getattr(total, name) - getattr(known, name) for name in COUNTS}
        yield Rated(replace(Usage(), **rest), missing, "no_rate_in_force")


def usage_of(row: Mapping[str, Any]) -> Usage:
    """Return the sums of a row as usage."""
    unknown = tuple(row["unknown_fields"].split(",")) if row["unknown_fields"] else ()
    counts: dict[str, Any] = {name: int(row[name]) for name in COUNTS}
    return replace(Usage(unknown_fields=unknown), **counts)


def _rows(rating: Rating, query: str) -> list[dict[str, Any]]:
    return dicts(rating.ledger.arrow(query, rating.selection.parameters()))
