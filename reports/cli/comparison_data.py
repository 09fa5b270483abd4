"""A comparison as data for programs and as tables for people."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction

from pricing.baskets import counts_of
from pricing.caching import BreakEven, break_evens
from pricing.catalog import RatePeriod
from pricing.claims import CheckedClaim
from pricing.comparison import Comparison
from pricing.models import Seller
from pricing.offers import Offer, Part
from pricing.rates import PerMtok
from pricing.sensitivity import next_best
from reports.cli.output import Result, Table
from reports.cli.prices import catalog_data
from reports.comparison_answer import answer, claim_words, kind_words, unpriced_words
from reports.figures import decimal

#: Ratios and shares are exact inside; here they are rounded, half up, to so many decimal places.
_PLACES, _SHOWN_PLACES = 6, 3


def comparison_result(comparison: Comparison, replayed: Mapping[str, object] | None = None) -> Result:
    """Return a comparison as data and tables; `replayed` says of which traffic it is."""
    data = {
        "model": comparison.model,
        "basket": {"requests": comparison.requests, "used": counts_of(comparison.usage)},
        **({} if replayed is None else {"replayed": replayed}),
        "offers": [_offer_data(each) for each in comparison.offers],
        "list": None if comparison.list_offer is None else _seller(comparison.list_offer.seller),
        "claims": [_claim_data(each) for each in comparison.claims],
        "flips": [
            {
                "cache_read_share": _ratio(flip.share), "cheaper_below": _seller(flip.below),
                "cheaper_above": _seller(flip.above), "of_cheapest": flip.is_of_cheapest,
                "assumed": [_seller(each) for each in flip.assumed],
            }
            for flip in comparison.flips
        ],
        "drivers": [
            {"kind": each.kind, "usd": _ratio(each.difference), "flips_at": _ratio(each.flips_at)}
            for each in comparison.drivers
        ],
        "catalog": catalog_data(comparison.catalog_version, comparison.catalog_digest),
    }  # fmt: skip
    details = [_ratios_table(comparison), _rounding_table(comparison), _caching_table(comparison),
               _flips_table(comparison), _drivers_table(comparison), _claims_table(comparison)]  # fmt: skip
    tables = (_offers_table(comparison),)
    return Result(data, tables, answer(comparison), _flat(comparison), [table for table in details if table.rows])


def _seller(seller: Seller) -> dict[str, str]:
    return {"provider": seller.provider, "sku": seller.sku}


def _ratio(value: Fraction | None, places: int = _PLACES) -> Decimal | None:
    return None if value is None else decimal(value, places)


def _offer_data(offer: Offer) -> dict[str, object]:
    period = offer.period if isinstance(offer.period, RatePeriod) else None
    return {
        **_seller(offer.seller),
        "model": offer.seller.model,
        "is_list": offer.seller.is_list,
        "usd": offer.usd,
        "usd_effective": offer.usd_effective,
        "unit_amount": offer.unit_amount,
        "unit": offer.unit,
        "usd_per_unit": None if period is None else period.usd_per_unit,
        "usd_per_unit_effective": offer.usd_per_unit_effective,
        "ratio_to_list": _ratio(offer.ratio_to_list),
        "ratios": {kind: _ratio(ratio) for kind, ratio in (offer.ratios or {}).items()},
        "priced_share": offer.priced_share,
        "unpriced": [_unpriced_data(part) for part in offer.unpriced],
        "at_least_usd": offer.low,
        "at_most_usd": offer.high,
        "charged": None if offer.charged is None else asdict(offer.charged),
        "usd_uncached": offer.usd_uncached,
        "parts": [{"kind": part.kind, "count": part.count, "amount": part.amount} for part in offer.parts],
        "break_even": {each.kind.value: _break_even_data(each) for each in _break_evens(offer)},
        "observed_on": None if period is None else period.block.observed_on,
        "source": None if period is None else period.source.document,
    }


def _unpriced_data(part: Part) -> dict[str, object]:
    return {
        "kind": part.kind, "reason": part.reason, "count": part.count, "at_least_usd": part.low,
        "at_most_usd": part.high, "assumed": part.assumed,
    }  # fmt: skip


def _break_evens(offer: Offer) -> tuple[BreakEven, ...]:
    return break_evens(offer.period.block.per_mtok if isinstance(offer.period, RatePeriod) else PerMtok())


def _break_even_data(each: BreakEven) -> dict[str, object]:
    return {"verdict": each.verdict, "reads": each.reads, "even": _ratio(each.even)}


def _claim_data(each: CheckedClaim) -> dict[str, object]:
    return {
        **_seller(each.seller),
        "claim": each.claim.text,
        "low_percent": each.claim.low_percent,
        "high_percent": each.claim.high_percent,
        "saving_percent": _percent(each.saving),
        "saving_percent_per_kind": {kind: _percent(saving) for kind, saving in each.savings.items()},
        "verdict": each.verdict,
        "source": {"document": each.source.document, "title": each.source.title, "field": each.claim.field},
    }


def _percent(share: Fraction | None, places: int = _PLACES) -> Decimal | None:
    return None if share is None else decimal(share * 100, places)


_OFFER_COLUMNS = ("provider", "sku", "usd", "amount", "unit", "x list", "priced %")


def _offers_table(comparison: Comparison) -> Table:
    """Return the offers; columns that nothing stands in are left out."""
    columns: dict[str, list[object]] = {
        "provider": [each.seller.provider for each in comparison.offers],
        "sku": [each.seller.sku for each in comparison.offers],
        "usd": [each.usd for each in comparison.offers],
        "usd, own price": [each.usd_effective for each in comparison.offers],
        "amount": [each.unit_amount for each in comparison.offers],
        "unit": [each.unit for each in comparison.offers],
        "x list": [_ratio(each.ratio_to_list, _SHOWN_PLACES) for each in comparison.offers],
        "priced %": [each.priced_share * 100 for each in comparison.offers],
        "usd, at least": [each.low if each.unpriced else None for each in comparison.offers],
        "usd, at most": [each.high if each.unpriced else None for each in comparison.offers],
        "not priced": ["; ".join(map(unpriced_words, each.unpriced)) or None for each in comparison.offers],
    }
    kept = {name: cells for name, cells in columns.items() if name in _OFFER_COLUMNS or cells.count(None) < len(cells)}
    return Table("Offers", tuple(kept), list(zip(*kept.values(), strict=True)))


def _flat(comparison: Comparison) -> Table:
    """Return a row per offer with the fields of the data that are one value."""
    rows = [
        {name: value for name, value in _offer_data(each).items() if name not in {"parts", "break_even", "charged"}}
        | {"unpriced": "; ".join(f"{part.kind}: {part.reason}" for part in each.unpriced)}
        for each in comparison.offers
    ]
    flat = [_spread(row) for row in rows]
    return Table("Offers", tuple(flat[0]), [tuple(row.values()) for row in flat])


def _spread(row: Mapping[str, object]) -> dict[str, object]:
    ratios = row["ratios"]
    assert isinstance(ratios, dict)  # noqa: S101 - as `_offer_data` makes it
    return {name: value for name, value in row.items() if name != "ratios"} | {
        f"ratio_{kind}": ratios.get(kind) for kind in PerMtok.model_fields
    }


def _ratios_table(comparison: Comparison) -> Table:
    kinds = tuple(PerMtok.model_fields)
    rows = [
        (each.seller.provider, each.seller.sku, *(_ratio(each.ratios[kind], _SHOWN_PLACES) for kind in kinds))
        for each in comparison.offers
        if each.ratios is not None
    ]
    return Table("Rates to the list price, x", ("provider", "sku", *map(kind_words, kinds)), rows)


def _rounding_table(comparison: Comparison) -> Table:
    """Return what the vendors' rounding makes of the sums, where it makes a difference and that can be told."""
    rows = [
        (each.seller.provider, each.seller.sku, each.unit, each.unit_amount, each.charged.low, each.charged.high)
        for each in comparison.offers
        if each.charged is not None and {each.charged.low, each.charged.high} != {each.unit_amount}
    ]
    columns = ("provider", "sku", "unit", "exact", "charged, at least", "charged, at most")
    return Table("After the vendor's rounding", columns, rows)


def _caching_table(comparison: Comparison) -> Table:
    rows = [
        (
            each.seller.provider, each.seller.sku, *(_reads(even) for even in _break_evens(each)), each.usd,
            each.usd_uncached,
        )
        for each in comparison.offers
    ]  # fmt: skip
    columns = ("provider", "sku", "5m write pays after", "1h write pays after", "usd", "usd without cache")
    return Table("Caching", columns, rows)


def _reads(each: BreakEven) -> str:
    if each.reads is None:
        return each.verdict
    return "no read" if not each.reads else f"{each.reads} {'read' if each.reads == 1 else 'reads'}"


def _flips_table(comparison: Comparison) -> Table:
    rows = [
        (
            _percent(flip.share, 2), flip.below.name, flip.above.name,
            ", ".join(each.name for each in flip.assumed) or None,
        )
        for flip in comparison.flips
        if flip.is_of_cheapest
    ]  # fmt: skip
    columns = (
        "cache reads, % of prompt",
        "cheapest below",
        "cheapest above",
        "cached tokens at the most that bounds them",
    )
    return Table("Where the cheapest changes", columns, rows)


def _drivers_table(comparison: Comparison) -> Table:
    rows = [
        (kind_words(each.kind), _ratio(each.difference, _PLACES), _ratio(each.flips_at, _SHOWN_PLACES))
        for each in comparison.drivers
    ]
    pair = next_best(comparison.offers)
    title = f"What {pair[1].seller.name} costs more than {pair[0].seller.name}" if pair else ""
    return Table(title, ("kind", "usd", "order flips at x times the tokens"), rows)


def _claims_table(comparison: Comparison) -> Table:
    rows = [
        (
            each.seller.provider,
            each.seller.sku,
            each.claim.text,
            _percent(each.saving, 2),
            each.verdict,
            claim_words(each),
        )
        for each in comparison.claims
    ]
    return Table("What vendors claim", ("provider", "sku", "claim", "saving %", "verdict", "by kind"), rows)
