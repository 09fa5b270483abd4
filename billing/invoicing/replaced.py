"""What was told of a closed period and has been replaced since: a correction is what came late, less that.

A later load may tell the last word of a stream that was known when its period was closed. The ledger then holds that
word alone, as come late. What it took the place of is what was told, at the closing and as corrections since, less what
is still there of the loads that this was told of, each rated by the prices as they were known then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from billing.cube import whole
from billing.errors import RefusedInputError
from billing.invoicing.closed_periods import ClosedPeriod
from billing.invoicing.closed_sums import TOKENS, Sums, as_known_then, kept_sums, sums_of
from billing.invoicing.matching import merged
from billing.invoicing.metering import Held, Money, Part, Period, meter
from billing.ledger import Ledger
from billing.rating import Selection
from pricing.catalog import Catalog

_Told = tuple[str | None, Held]
"""A SKU, None for all that no line names, and what was told of it; below zero is what is still there."""


def grown(late: Period, gone: Mapping[str, Held]) -> Period:
    """Return what came late for a closed period, less what it took the place of."""
    return replace(late, skus={**late.skus, **{sku: _less(late.skus.get(sku, Held()), gone[sku]) for sku in gone}})


def _less(late: Held, gone: Held) -> Held:
    causes = merged(late.causes)
    told = Part(causes[0].cause if causes else "unexplained", -gone.variance)
    return replace(
        late - gone, reported=late.reported or bool(gone.charged), priced=late.priced or bool(gone.expected),
        causes=merged((*causes, told)),
    )  # fmt: skip


def replaced(
    ledger: Ledger, catalog: Catalog, closed: ClosedPeriod, all_closed: Iterable[ClosedPeriod], money: Money
) -> dict[str, Held]:
    """Return by SKU what was told of a closed period and is there no more.

    `all_closed` are the provider's, in the order in which they were closed: those of later periods told corrections.
    """
    found: dict[str | None, Held] = {}
    first = _at_closing(ledger, catalog, closed, money)
    for sku, held in (*first, *_since(ledger, catalog, closed, all_closed, money)):
        found[sku] = found.get(sku, Held()) + held
    if None in found:
        # A line of all SKUs told it, so it is known in sum alone: it goes to the one that is short of most requests.
        most = max(found, key=lambda sku: (sku is not None, found[sku].requests, sku))
        found = {most: sum(found.values(), Held())}
    return {sku: held for sku, held in found.items() if sku is not None and held.requests > 0}


def _at_closing(ledger: Ledger, catalog: Catalog, closed: ClosedPeriod, money: Money) -> Iterator[_Told]:
    """Yield what was told at the closing, less what is still there; nothing, at the price of a count, if all is."""
    kept = kept_sums(ledger, closed)
    query = """
        SELECT COUNT(*) FROM usage_records
        WHERE provider = $provider AND used_at >= $start AND used_at < $end AND file_id <= $last_load
            AND status NOT IN ('summary', 'refund')"""
    bounds = {"provider": closed.provider, "start": closed.period_start, "end": closed.period_end}
    ((still,),) = ledger.rows(query, bounds | {"last_load": closed.last_load})
    if still == sum(sums["requests"] for sums in kept.values()):
        return
    there = sums_of(ledger, as_known_then(catalog, closed), closed, closed.last_load)
    for (sku, unit), sums in kept.items():
        now = there.get((sku, unit), {})
        yield sku, _held({name: amount - now.get(name, 0) for name, amount in sums.items()}, unit, money)


def _held(sums: Sums, unit: str | None, money: Money) -> Held:
    """Return the sums of a closed period in the currency."""
    tokens = sum(sums[name] for name in TOKENS)
    charged, expected, variance = (money.of(sums[name], unit, None) for name in ("charged", "expected", "variance"))
    if charged is None or expected is None or variance is None:
        return Held(requests=sums["requests"], tokens=tokens, unpriced=sums["requests"])
    # Requests that report no charge, or charges that have no price.
    rest = expected + variance - charged
    return Held(
        requests=sums["requests"], tokens=tokens, unpriced=sums["unpriced"], charged=charged, expected=expected,
        variance=variance, unreported=max(rest, 0), unknown_charged=max(-rest, 0),
    )  # fmt: skip


def _since(
    ledger: Ledger, catalog: Catalog, closed: ClosedPeriod, all_closed: Iterable[ClosedPeriod], money: Money
) -> Iterator[_Told]:
    """Yield what later closings told, less what is still there of the loads that they told it of."""
    told_up_to = closed.last_load
    for other in all_closed:
        if other.period_start < closed.period_end or other.last_load <= told_up_to:
            continue
        if told := _corrections(ledger, closed, other):
            chosen = Selection(
                closed.period_start, closed.period_end, closed.provider, after_load=told_up_to,
                up_to_load=other.last_load,
            )  # fmt: skip
            there = meter(ledger, as_known_then(catalog, other), chosen, replace(money, currency=other.currency))
            told += [(sku, Held() - held) for sku, held in there.skus.items()]
        for sku, each in told:
            charged, expected = (_in(money, amount, other) for amount in (each.charged, each.expected))
            yield sku, Held(
                requests=each.requests, unpriced=each.unpriced, charged=charged, expected=expected,
                variance=charged - expected,
            )  # fmt: skip
        told_up_to = other.last_load


def _in(money: Money, amount: int, other: ClosedPeriod) -> int:
    """Return what another closing told in the currency of this one; what can't be told in it is never nothing."""
    if (found := money.of(amount, other.currency, None)) is None:
        raise RefusedInputError(
            f"what came late was told to {other.provider} in {other.currency} before, and this is in {money.currency}; "
            f"match an invoice in {other.currency}"
        )
    return found


def _corrections(ledger: Ledger, closed: ClosedPeriod, other: ClosedPeriod) -> list[_Told]:
    """Return what a later closing told of late usage of a closed period; refunds have no expected charge."""
    query = """
        SELECT sku, requests, unpriced, metered, expected FROM closed_lines
        WHERE closing_id = $number AND kind IN ('correction', 'adjustment') AND requests IS NOT NULL
            AND NOT (metered < 0 AND expected IS NULL) AND period_start >= $start AND period_end <= $end
        ORDER BY position"""
    bounds = {"number": other.closing_id, "start": closed.period_start, "end": closed.period_end}
    return [
        (sku, Held(requests=requests, unpriced=unpriced, charged=whole(charged) or 0, expected=whole(expected) or 0))
        for sku, requests, unpriced, charged, expected in ledger.rows(query, bounds)
    ]
