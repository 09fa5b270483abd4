"""What the page of the rate card says: the rates of the SKUs that were used, or that a vendor sells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from pricing.catalog import Catalog, RatePeriod
from pricing.rate_sheet import RateStep, SheetRate, SkuName, list_sellers, rate_history, rate_sheet
from reports.audit_report import AuditReport
from reports.pages.frame import unit_values

#: Rates that the page carries; the rest is a command away.
_MOST_RATES = 50


@dataclass(frozen=True, slots=True)
class RateCardReport:
    """Rates beside the makers' list prices, and how they changed, computed apart from writing the page."""

    title: str
    at: datetime
    """The instant that list prices are those of, as far as a rate was in force then."""
    sold: tuple[SkuName, ...]
    """What the page is of; other SKUs in `rates` are the list prices that these are held against."""
    rates: tuple[SheetRate, ...]
    """By model; the list price of each first."""
    history: tuple[RateStep, ...]
    """The latest change first."""
    periods: tuple[RatePeriod, ...]
    """All periods of the SKUs in `rates`, for drawing how a rate changed."""
    compared: Mapping[SkuName, tuple[SkuName, ...]]
    """Per SKU at list price, the SKUs that are held against it."""
    catalog_version: str
    catalog_digest: str
    input_digest: str = ""
    is_of_usage: bool = False
    """Whether these are the SKUs of a ledger's requests; else they are all that some vendors sell."""
    unknown: tuple[tuple[str | None, str], ...] = ()
    """Provider and SKU of what was used and no card names."""
    beyond: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Per provider, how many SKUs are not here."""
    unit_values: tuple[str, ...] = ()
    """What a vendor's unit is worth, such as `aivideoapi: 1 credit = $0.005`."""
    is_simulated: bool = False
    provider: str | None = None
    """The only provider whose requests were asked for; None if there is no such limit."""


def rate_card_of_audit(catalog: Catalog, report: AuditReport) -> RateCardReport | None:
    """Return the rates of the SKUs that an audit is of; None if no request tells its time.

    `catalog` has the cards of all providers, for the list prices.
    """
    audit = report.audit
    if audit.last_at is None:
        return None
    used = {(line.provider, line.sku) for line in audit.skus}
    sold = {(provider, sku) for provider, sku in used if provider is not None and _is_sold(catalog, provider, sku)}
    return replace(
        _report(catalog, sorted(sold), audit.last_at, report.period),
        input_digest=audit.input_digest,
        is_of_usage=True,
        unknown=tuple(sorted(used - sold, key=lambda name: (name[0] or "", name[1]))),
        is_simulated=report.is_simulated,
        provider=report.provider,
    )


def rate_card_of_providers(catalog: Catalog, providers: Iterable[str], at: datetime) -> RateCardReport:
    """Return the rates of all that these providers sell. Raise UnknownNameError if there is no such provider."""
    sold = [(provider, sku) for provider in sorted(set(providers)) for sku in catalog.skus(provider)]
    return _report(catalog, sold, at, ", ".join(sorted(set(providers))))


def _is_sold(catalog: Catalog, provider: str, sku: str) -> bool:
    return provider in catalog.providers and sku in catalog.skus(provider)


def _report(catalog: Catalog, sold: Sequence[SkuName], at: datetime, title: str) -> RateCardReport:
    sheet = rate_sheet(catalog, sold, at)
    shown, beyond = _fitting(sold, sheet)
    listed = {name: (seller.provider, seller.sku) for name, seller in list_sellers(catalog, shown).items()}
    compared = {
        maker: tuple(name for name in shown if listed.get(name) == maker and name != maker)
        for maker in sorted(set(listed.values()))
    }
    tiers = {maker: _tiers(catalog, [maker, *held] if maker in shown else held) for maker, held in compared.items()}
    added = [maker for maker in compared if maker not in shown]
    rates = [each for each in sheet if each.sold in shown]
    rates += [
        each
        for each in rate_sheet(catalog, added, at)
        if each.period.holds(at) and each.period.block.service_tier in tiers[each.sold]
    ]
    periods = tuple(
        period
        for provider, sku in (*shown, *added)
        for tier in catalog.service_tiers(provider, sku)
        if (provider, sku) in shown or tier in tiers[provider, sku]
        for period in catalog.periods(provider, sku, tier)
    )
    return RateCardReport(
        title=title,
        at=at,
        sold=tuple(shown),
        rates=tuple(sorted(rates, key=_place)),
        history=rate_history(periods),
        periods=periods,
        compared=compared,
        catalog_version=catalog.version,
        catalog_digest=catalog.digest,
        beyond=beyond,
        unit_values=unit_values(catalog, [provider for provider, _ in shown]),
    )


def _fitting(sold: Sequence[SkuName], sheet: Sequence[SheetRate]) -> tuple[list[SkuName], Mapping[str, int]]:
    """Return the SKUs whose rates fit onto the page, and per provider how many do not."""
    shown: list[SkuName] = []
    beyond: dict[str, int] = {}
    held = Counter(each.sold for each in sheet)
    rates = 0
    for provider, sku in sold:
        rates += held[provider, sku]
        if rates <= _MOST_RATES:
            shown.append((provider, sku))
        else:
            beyond[provider] = beyond.get(provider, 0) + 1
    return shown, beyond


def _tiers(catalog: Catalog, names: Iterable[SkuName]) -> set[str]:
    return {tier for name in names for tier in catalog.service_tiers(*name)}


def _place(each: SheetRate) -> tuple[object, ...]:
    period = each.period
    start = "" if period.valid_from is None else period.valid_from.isoformat()
    return period.model, not each.is_list, *each.sold, period.block.service_tier, start, each.above
