"""`price`: what one request costs. It needs no ledger, so it loads none of what reads one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import click

from pricing.calculator import Charge
from pricing.calculator import price as price_of
from pricing.catalog import Catalog, RatePeriod
from pricing.errors import nearest
from pricing.rates import RateBlock
from pricing.usage import STANDARD_TIER, Usage
from reports.cli.options import (
    Instant,
    Name,
    cards_option,
    catalog_of,
    known_option,
    options,
    output_option,
    quiet_option,
)
from reports.cli.output import Result, Table, write
from reports.figures import exactly

UNPRICED = 4

token_options = options(
    *(
        click.option(f"--{kind}", type=click.IntRange(0, 10**15), default=0, metavar="TOKENS", help=what)
        for kind, what in (
            ("input", "Input tokens that were neither read from nor written to a cache."),
            ("output", "Output tokens, reasoning included."),
            ("cache-read", "Input tokens read from a cache."),
            ("cache-write-5m", "Input tokens written to a cache for 5 minutes."),
            ("cache-write-1h", "Input tokens written to a cache for 1 hour."),
        )
    )
)


@click.command()
@click.argument("sku", type=Name())
@click.option("--provider", required=True, type=Name(), help="Who sells it.")
@token_options
@click.option("--at", type=Instant(), help="The instant whose rates hold. Default: now.")
@click.option("--service-tier", default=STANDARD_TIER, show_default=True, help="Such as batch or priority.")
@known_option
@click.option("--strict", is_flag=True, help="Exit with 4 if some of the usage is unpriced.")
@options(cards_option, output_option, quiet_option)
def price(
    *,
    sku: str,
    provider: str,
    input: int,
    output: int,
    cache_read: int,
    cache_write_5m: int,
    cache_write_1h: int,
    at: datetime | None,
    service_tier: str,
    known_at: date | None,
    strict: bool,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Say what one request to SKU costs, to the last digit."""
    catalog = catalog_of(rate_cards, known_at, providers=[provider])
    usage = Usage(input, output, cache_read, cache_write_5m, cache_write_1h, service_tier=service_tier)
    charge = price_of(catalog, provider, sku, usage, at or datetime.now(UTC))
    data = {
        "provider": provider,
        "sku": sku,
        **charge_data(charge),
        "catalog": catalog_data(catalog.version, catalog.digest),
    }
    if not quiet and charge.unpriced and (hint := _hint(charge.unpriced[0].reason, catalog, provider, sku, rate_cards)):
        click.echo(hint, err=True)
    write(Result(data, (lines_table(charge),), _charge_summary(charge)), output_format)
    return UNPRICED if strict and charge.unpriced else 0


def _hint(reason: str, catalog: Catalog, provider: str, sku: str, rate_cards: Iterable[Path]) -> str | None:
    """Return the names that are nearest to one that no rate card has; None where both are known."""
    if reason == "unknown_provider":
        # The cards of others were not read for the price.
        near = nearest(provider, catalog_of(rate_cards).providers)
        return f"no rate card for provider {provider!r}; the nearest are: {near}"
    if reason == "unknown_sku":
        near = nearest(sku, catalog.sku_names(provider))
        more = f"`tallystick catalog list --provider {provider}` lists all"
        return f"{provider} sells no {sku!r}; the nearest are: {near}; {more}"
    return None


def charge_data(charge: Charge) -> dict[str, object]:
    """Return a charge the way JSON carries it. `usd` is the exact amount in dollars."""
    return {
        "exact": charge.exact,
        "charged": charge.charged,
        "unit": charge.unit,
        "usd": charge.usd,
        "usd_charged": charge.usd_charged,
        "lower": charge.lower,
        "upper": charge.upper,
        "lines": [
            {
                "kind": line.kind,
                ("calls" if line.is_fee else "tokens"): line.count,
                ("per_call" if line.is_fee else "per_mtok"): line.rate,
                "amount": line.amount,
            }
            for line in charge.lines
        ],
        "rate": None if charge.period is None else period_data(charge.period),
        "unpriced": [{"kind": part.kind, "reason": part.reason} for part in charge.unpriced],
    }


def period_data(period: RatePeriod) -> dict[str, object]:
    """Return the rates of a period the way JSON carries them."""
    block = period.block
    return {
        "provider": period.provider,
        "sku": period.sku,
        "model": period.model,
        "unit": period.unit,
        "service_tier": block.service_tier,
        "per_mtok": block.per_mtok.model_dump(),
        "context_tiers": [
            {"above": tier.above, "per_mtok": tier.per_mtok.model_dump()} for tier in block.context_tiers
        ],
        "per_request": block.per_request,
        "per_tool_call": block.per_tool_call,
        "minimum_charge": block.minimum_charge,
        "usd_per_unit": period.usd_per_unit,
        "rounding": block.rounding.model_dump(),
        "valid_from": period.valid_from,
        "valid_to": period.valid_to,
        "observed_on": block.observed_on,
        "source": {"document": period.source.document, "title": period.source.title, "field": block.field},
    }


def catalog_data(version: str, digest: str) -> dict[str, object]:
    """Return which catalog it was."""
    return {"version": version, "digest": digest}


def rounding_words(block: RateBlock) -> str:
    """Say the rounding rule in words."""
    rounding = block.rounding
    if rounding.step is None:
        return f"not rounded ({rounding.basis})"
    verb = {"down": "cut", "up": "rounded up", "half_up": "rounded half up", "none": ""}[rounding.mode]
    what = "the total" if rounding.scope == "request" else "each component"
    return f"{what} is {verb} to {rounding.step} ({rounding.basis})"


def _charge_summary(charge: Charge) -> str:
    if charge.period is None:
        return f"Unpriced: {charge.unpriced[0].reason}."
    unit, source = str(charge.unit), charge.period.source
    rates = f"Rates: {source.title} ({source.document}), observed {charge.period.block.observed_on}"
    if charge.exact is None or charge.charged is None:
        parts = ", ".join(f"{part.kind}: {part.reason}" for part in charge.unpriced)
        priced = f" What is priced comes to {exactly(charge.lower, unit)}." if charge.lower else ""
        return f"Unpriced: {parts}.{priced} {rates}"
    dollars = "" if charge.usd is None or unit == "USD" else f" = {exactly(charge.usd, 'USD')}"
    return (
        f"Exactly {exactly(charge.exact, unit)}{dollars}; charged {exactly(charge.charged, unit)}: "
        f"{rounding_words(charge.period.block)}. {rates}"
    )


def lines_table(charge: Charge) -> Table:
    """Return the arithmetic, a row per component."""
    unit = charge.unit or "unknown unit"
    rows = [(line.kind, line.count, line.rate, line.amount) for line in charge.lines]
    return Table("Arithmetic", ("kind", "tokens or calls", f"{unit} per 1M tokens or call", f"amount, {unit}"), rows)
