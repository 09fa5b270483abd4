"""What every page shares: what it is of, the pages beside it, the filter bar, and what its totals leave out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from pricing.catalog import Catalog
from reports import html, words
from reports.audit_answer import LeftOut

#: The pages in the order of the navigation, with what it calls them. A page is written as `<name>.html`.
PAGES = {
    "overview": "Overview",
    "findings": "Findings",
    "vendors": "Vendors",
    "statement": "Statement",
    "rate-card": "Rate card",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter. Its value goes into the address; its key is what rows and points know it by."""

    value: str
    text: str
    key: str
    """One word, the same on every run."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A field of the filter bar, which every chart and table of the page obeys."""

    field: str
    """What the address calls it; a field of the same name is kept when the reader goes to another page."""
    label: str
    all_text: str
    """What it says where nothing is chosen, such as `All SKUs`."""
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class DayFilter:
    """A day of the filter bar, chosen between two others. The page's script says what it allows."""

    field: str
    label: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything that stands around the content of a page."""

    name: str
    """A key of `PAGES`; its template is `<name>.html.j2`, its script `<name>.js`."""
    title: str
    """Such as `Findings, October 2026`."""
    facts: tuple[str, ...]
    """As of when, zone, currency, what a unit is worth: one fact each, in plain words."""
    catalog_version: str
    catalog_digest: str
    input_digest: str
    """Empty where no ledger was read."""
    pages: tuple[str, ...] = ()
    """The pages that are written into the same folder, in any order."""
    filters: tuple[Filter | DayFilter, ...] = ()
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What the page's script computes with: counts, and amounts as strings of digits."""
    left_out: tuple[LeftOut, ...] = ()
    is_partial: bool = False
    """Whether something that was used is in no total."""
    is_simulated: bool = False

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Return name and text of the pages that the reader can go to, in the order of the navigation."""
        return tuple((name, text) for name, text in PAGES.items() if name in {*self.pages, self.name})


def render(frame: Frame, view: Mapping[str, object]) -> str:
    """Return the HTML of a page. It reads no clock and draws no chance, so equal values are equal bytes."""
    return html.render(f"{frame.name}.html.j2", view, frame=frame)


def sku_filter(names: Mapping[tuple[str | None, str], int]) -> Filter:
    """Return the filter for a provider's SKU, which all pages have. A row's key is the SKU's number on this page."""
    choices = tuple(
        Choice(f"{provider or ''} {sku}", f"{provider or 'unknown'} · {sku}", str(number))
        for (provider, sku), number in names.items()
    )
    return Filter("sku", "SKU", "All SKUs", choices)


def as_of_facts(
    as_of: datetime | None, since: datetime | None, values: Sequence[str], provider: str | None = None
) -> tuple[str, ...]:
    """Return the facts of a page made from a ledger: which requests, when they were, and what a unit is worth."""
    known = () if as_of is None else (f"As of {words.minute(as_of)}", f"First request {words.minute(since)}")
    return (*(known or ("No request tells its time",)), *only_facts(provider), "All times and days are UTC", *values)


def only_facts(provider: str | None) -> tuple[str, ...]:
    """Say that a page is of the requests to one provider, if it is."""
    return () if provider is None else (f"Only requests to {provider}",)


def unit_values(catalog: Catalog, providers: Sequence[str | None]) -> tuple[str, ...]:
    """Say what a unit is worth at each of these providers that charges in one of its own."""
    known = sorted({each for each in providers if each is not None and each in catalog.providers})
    cards = [catalog.card(provider) for provider in known]
    return tuple(f"{card.provider}: 1 {card.unit} = ${value.usd}" for card in cards for value in card.usd_per_unit[-1:])
