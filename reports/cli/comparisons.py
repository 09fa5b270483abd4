"""`compare`: the same basket at every vendor of a model. Without --from-ledger it loads nothing that reads one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pricing.baskets import Portion, spread
from pricing.catalog import Catalog
from pricing.comparison import Comparison, Terms
from pricing.comparison import compare as compare_basket
from pricing.scenarios import read_scenario
from pricing.usage import STANDARD_TIER, Usage
from reports.cli.comparison_data import comparison_result
from reports.cli.options import Amount, Instant, Name, catalog_of, everywhere, known_option, selection, span
from reports.cli.output import write
from reports.cli.prices import UNPRICED, token_options

if TYPE_CHECKING:
    from billing.rating import Selection


class Pair(click.ParamType[tuple[str, str]]):
    """Two names, such as A=B."""

    name = "A=B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return both."""
        if isinstance(value, tuple):  # from the settings file
            return value
        left, _, right = str(value).partition("=")
        if not left or not right:
            self.fail(f"{value!r} must be two names, such as claude-opus-4-5=claude-opus-4-6", param, ctx)
        return left, right


class OwnPrice(click.ParamType[tuple[str, Decimal]]):
    """A provider and dollars per unit, such as aivideoapi=0.0042."""

    name = "PROVIDER=USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Decimal]:
        """Return both."""
        if isinstance(value, tuple):
            return value
        provider, _, usd = str(value).partition("=")
        if not provider or not usd:
            self.fail(f"{value!r} must be a provider and dollars, such as aivideoapi=0.0042", param, ctx)
        return provider, Amount().convert(usd, param, ctx)


@click.command()
@click.option("--model", required=True, type=Name(), help="The model, by the exact name that rate cards give it.")
@token_options
@click.option(
    "--requests", type=click.IntRange(1, 10**12), help="How many requests the tokens are spread over, evenly."
)
@click.option("--as-one-request", is_flag=True, help="All tokens in one request: the same as --requests 1.")
@click.option("--service-tier", default=STANDARD_TIER, show_default=True, help="Such as batch or priority.")
@click.option("--scenario", type=click.Path(path_type=Path), help="A file of planned traffic, instead of tokens.")
@click.option("--from-ledger", is_flag=True, help="Replay the ledger's own requests, instead of tokens.")
@span
@click.option(
    "--at", type=Instant(), help="The instant whose rates hold. Default: now; for the ledger each request's own time."
)
@known_option
@click.option("--map", "models", type=Pair(), multiple=True, help="Take model A for model B; may be repeated.")
@click.option(
    "--usd-per-unit", type=OwnPrice(), multiple=True, help="What one of the provider's units cost you; may be repeated."
)
@click.option("--strict", is_flag=True, help="Exit with 4 if some of the usage is unpriced anywhere.")
@everywhere
def compare(
    *,
    model: str,
    requests: int | None,
    as_one_request: bool,
    service_tier: str,
    scenario: Path | None,
    from_ledger: bool,
    at: datetime | None,
    known_at: date | None,
    models: tuple[tuple[str, str], ...],
    usd_per_unit: tuple[tuple[str, Decimal], ...],
    strict: bool,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
    **given: Any,
) -> int:
    """Price the same basket at every vendor of a model, beside the list price.

    The basket is tokens in total, a scenario file, or the ledger's own requests. Tokens in total are spread over
    requests below any context tier, and amounts are exact: before the vendor's rounding.
    """
    tokens = {name: given.pop(name) for name in _KINDS}
    about_tokens = bool(requests or as_one_request or service_tier != STANDARD_TIER)
    _check(tokens, scenario, from_ledger=from_ledger, about_tokens=about_tokens, about_ledger=any(given.values()))
    catalog, terms = catalog_of(rate_cards, known_at), Terms(dict(models), dict(usd_per_unit))
    if from_ledger:
        found, told = _replayed(ledger, catalog, model, chosen=selection(**given), at=at, terms=terms)
    else:
        total = _spread(tokens, requests, service_tier, as_one_request=as_one_request)
        basket = (total,) if scenario is None else read_scenario(scenario).basket()
        found, told = compare_basket(catalog, model, basket, at or datetime.now(UTC), terms), None
    write(comparison_result(found, told), output_format)
    return UNPRICED if strict and found.is_partial else 0


_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def _check(
    tokens: Mapping[str, int], scenario: Path | None, *, from_ledger: bool, about_tokens: bool, about_ledger: bool
) -> None:
    """Raise click.UsageError unless there is one basket, and options that are about it."""
    if sum((any(tokens.values()), scenario is not None, from_ledger)) != 1:
        raise click.UsageError("give either tokens, such as --input 1000 --output 200, or --scenario, or --from-ledger")
    if about_tokens and not any(tokens.values()):
        raise click.UsageError("--requests, --as-one-request and --service-tier are about tokens, such as --input 1000")
    if about_ledger and not from_ledger:
        raise click.UsageError("--month, --from, --to and --provider choose requests of --from-ledger")


def _spread(tokens: Mapping[str, Any], requests: int | None, service_tier: str, *, as_one_request: bool) -> Portion:
    if as_one_request and requests not in {None, 1}:
        raise click.UsageError("give either --requests or --as-one-request")
    return spread(Usage(**tokens, service_tier=service_tier), 1 if as_one_request else requests)


def _replayed(
    ledger: Path, catalog: Catalog, model: str, *, chosen: "Selection", at: datetime | None, terms: Terms
) -> tuple[Comparison, dict[str, object]]:
    from billing.ledger import open_ledger  # noqa: PLC0415 - heavy, and only to replay
    from billing.own_prices import own_prices  # noqa: PLC0415 - the same
    from billing.replay import replay  # noqa: PLC0415 - the same
    from reports.cli.accounts import policy_of  # noqa: PLC0415 - the same

    with open_ledger(ledger, read_only=True) as book:
        paid = own_prices(book, catalog, chosen.start, chosen.end, policy_of)
        # Where nothing but free credits was burnt, that says nothing of what the next ones cost.
        bought = {provider: price for provider, price in paid.items() if price}
        terms = replace(terms, usd_per_unit=bought | dict(terms.usd_per_unit))
        found = replay(book, catalog, model, chosen, at, terms)
    told: dict[str, object] = {"first_at": found.first_at, "last_at": found.last_at, "left_out": found.left_out}
    return found.comparison, told
