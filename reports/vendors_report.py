"""What the page of the vendors says, computed from a ledger or a basket: models, and what each costs everywhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from billing.auditor import input_digest
from billing.cube import Cell, cube
from billing.ledger import Ledger
from billing.pieces import replay_together
from billing.rating import EVERYTHING, Selection, held_months, lay_rates
from billing.replay import nothing_of
from billing.traffic import ModelTraffic, not_taken, traffic
from pricing.amounts import digits
from pricing.baskets import Portion
from pricing.catalog import Catalog
from pricing.comparison import NO_TERMS, Comparison, Terms, compare
from pricing.models import sellers_of_each, target
from reports import words
from reports.audit_report import selection_options
from reports.pages.frame import unit_values

#: Offers on a page that names no model, for each is a row of eight tables: models are taken while they are no more.
MOST_OFFERS = 28


@dataclass(frozen=True, slots=True)
class Compared:
    """A model and what it costs everywhere. Of the ledger's own requests, also what they were spent on it."""

    comparison: Comparison
    traffic: ModelTraffic | None = None
    """The requests of the ledger, those too that are in no sum; None of a basket."""
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Requests of the ledger that are in no sum, by how they ended."""
    first_at: datetime | None = None
    """The first request, where each is rated by the rates of its own time."""


@dataclass(frozen=True, slots=True)
class VendorsReport:
    """Models at all who sell them, computed apart from writing the page."""

    models: tuple[Compared, ...]
    """The most spent first, or as they were asked for."""
    catalog_version: str
    catalog_digest: str
    at: datetime | None
    """The instant whose rates hold; None if each request has those of its own time."""
    period: str = ""
    """The months that it is of, such as `October 2026`; empty of a basket."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    input_digest: str = ""
    """Empty where no ledger was read."""
    ledger_name: str = ""
    """Shown in the commands that compare the rest; empty where no ledger was read."""
    options: tuple[str, ...] = ()
    """The options of a command that is of the same requests."""
    others: tuple[ModelTraffic, ...] = ()
    """What else the ledger holds: models beyond the most that a page shows, of one vendor alone, or of no card."""
    held: tuple[date, ...] = ()
    """Where no request was selected, the first days of the months that the ledger holds requests of."""
    rejects: int = 0
    conflicts: int = 0
    """Records of the whole ledger that were not taken, and that contradict another."""
    credit_values: tuple[str, ...] = ()
    """What a vendor's unit is worth, such as `aivideoapi: 1 credit = $0.005`."""
    is_simulated: bool = False
    provider: str | None = None
    """The only provider whose requests were replayed; None if all were asked for."""


def ledger_report(  # noqa: PLR0913, PLR0917 - what, by which cards, and of which requests
    ledger: Ledger,
    catalog: Catalog,
    models: Sequence[str] = (),
    selection: Selection = EVERYTHING,
    at: datetime | None = None,
    terms: Terms = NO_TERMS,
    *,
    cells: Iterable[Cell] | None = None,
    is_simulated: bool = False,
) -> VendorsReport:
    """Replay the selected requests of these models; of none named, of those that more than one vendor sells.

    `cells` are the sums of these requests, where they are known already.
    Raise UnknownNameError for a model that nobody sells, NothingToReplayError for one that has no request.
    """
    rejects, conflicts = not_taken(ledger)
    if cells is None:
        cells = cube(lay_rates(ledger, catalog, selection), Decimal(0))
    held = traffic(cells, catalog, terms.models)
    by_model = {each.model: each for each in held}
    wanted = dict.fromkeys(target(model, terms.models) for model in models) or _chosen(held, catalog, terms)
    found = replay_together(ledger, catalog, [*wanted], selection, at, terms)
    if missing := [model for model in wanted if models and model not in found]:
        raise nothing_of(ledger, missing[0])
    times = [at for each in found.values() for at in (each.first_at, each.last_at) if at is not None]
    return VendorsReport(
        models=tuple(
            Compared(each.comparison, by_model.get(model), each.left_out, each.first_at if at is None else None)
            for model, each in found.items()
        ),
        catalog_version=catalog.version,
        catalog_digest=catalog.digest,
        at=at,
        period=words.months(selection.start or min(times, default=None), max(times, default=None)),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        input_digest=input_digest(ledger),
        ledger_name=ledger.path.name,
        options=selection_options(selection),
        others=() if models else tuple(each for each in held if each.model not in found),
        held=() if held else held_months(ledger, selection.provider),
        rejects=rejects,
        conflicts=conflicts,
        credit_values=_values(catalog, [each.comparison for each in found.values()]),
        is_simulated=is_simulated,
        provider=selection.provider,
    )


def _chosen(held: Sequence[ModelTraffic], catalog: Catalog, terms: Terms) -> list[str]:
    """Return the models that more than one vendor sells, the most spent first, as many as a page takes."""
    comparable = [each.model for each in held if each.is_comparable]
    offered = sellers_of_each(catalog, comparable, terms.models)
    chosen: list[str] = []
    offers = 0
    for model in comparable:
        offers += len(offered[model])
        if chosen and offers > MOST_OFFERS:
            break
        chosen.append(model)
    return chosen


def basket_report(
    catalog: Catalog, models: Sequence[str], basket: Sequence[Portion], at: datetime, terms: Terms = NO_TERMS
) -> VendorsReport:
    """Compare a basket (of one portion or more) for each of these models by the rates in force at that instant.

    Raise UnknownNameError for a model that nobody sells, BadModelMapError or BadOwnPriceError for terms that can't be.
    """
    found = [compare(catalog, model, basket, at, terms) for model in dict.fromkeys(models)]
    return VendorsReport(
        models=tuple(Compared(each) for each in found),
        catalog_version=catalog.version,
        catalog_digest=catalog.digest,
        at=at,
        credit_values=_values(catalog, found),
    )


def _values(catalog: Catalog, found: Sequence[Comparison]) -> tuple[str, ...]:
    """Say what the vendors' units are worth, and what they cost the user."""
    offers = [offer for each in found for offer in each.offers]
    own = {
        f"{offer.seller.provider}: 1 {offer.unit} cost you ${digits(offer.usd_per_unit_effective)}"
        for offer in offers
        if offer.usd_per_unit_effective is not None and offer.unit is not None
    }
    return (*unit_values(catalog, [offer.seller.provider for offer in offers]), *sorted(own))
