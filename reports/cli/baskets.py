"""What vendors are compared by: tokens, a scenario, or the ledger's own requests, as options that commands share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pricing.baskets import Portion, spread
from pricing.catalog import Catalog
from pricing.comparison import Terms
from pricing.scenarios import read_scenario
from pricing.usage import STANDARD_TIER, Usage
from reports.cli.options import Amount, Instant, known_option, options, selection, span
from reports.cli.prices import token_options

if TYPE_CHECKING:
    from billing.engine import Engine
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


terms_options = options(
    click.option("--map", "models", type=Pair(), multiple=True, help="Take model A for model B; may be repeated."),
    click.option(
        "--usd-per-unit",
        type=OwnPrice(),
        multiple=True,
        help="What one of the provider's units cost you; may be repeated.",
    ),
)

basket_options = options(
    token_options,
    click.option(
        "--requests", type=click.IntRange(1, 10**12), help="How many requests the tokens are spread over, evenly."
    ),
    click.option("--as-one-request", is_flag=True, help="All tokens in one request: the same as --requests 1."),
    click.option("--service-tier", default=STANDARD_TIER, show_default=True, help="Such as batch or priority."),
    click.option("--scenario", type=click.Path(path_type=Path), help="A file of planned traffic, instead of tokens."),
    click.option("--from-ledger", is_flag=True, help="Replay the ledger's own requests, instead of tokens."),
    span,
    click.option(
        "--at",
        type=Instant(),
        help="The instant whose rates hold. Default: now; for the ledger each request's own time.",
    ),
    known_option,
    terms_options,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared, by whose rates. `basket` is None for the requests of the ledger that `chosen` selects."""

    basket: tuple[Portion, ...] | None
    chosen: "Selection | None"
    at: datetime | None
    known_at: date | None
    terms: Terms


_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def asked(
    *,
    requests: int | None,
    as_one_request: bool,
    service_tier: str,
    scenario: Path | None,
    from_ledger: bool,
    at: datetime | None,
    known_at: date | None,
    models: tuple[tuple[str, str], ...],
    usd_per_unit: tuple[tuple[str, Decimal], ...],
    without_basket: bool = False,
    **given: Any,
) -> Asked:
    """Return what the basket options ask for; `without_basket` takes the ledger where no basket is given.

    Raise click.UsageError unless there is one basket and the options beside it are about it.
    """
    tokens = {name: given.pop(name) for name in _KINDS}
    if without_basket and not any(tokens.values()) and scenario is None:
        from_ledger = True
    about_tokens = bool(requests or as_one_request or service_tier != STANDARD_TIER)
    _check(tokens, scenario, from_ledger=from_ledger, about_tokens=about_tokens, about_ledger=any(given.values()))
    terms = Terms(dict(models), dict(usd_per_unit))
    if from_ledger:
        return Asked(None, selection(**given), at, known_at, terms)
    if scenario is not None:
        return Asked(read_scenario(scenario).basket(), None, at, known_at, terms)
    total = _spread(tokens, requests, service_tier, as_one_request=as_one_request)
    return Asked((total,), None, at, known_at, terms)


def bought(ledger: "Engine", catalog: Catalog, chosen: "Selection", terms: Terms) -> Terms:
    """Add what the units of the user's own top-ups cost in that time; what the user says wins over it."""
    from billing.accounting.own_prices import own_prices  # noqa: PLC0415 - heavy, and only to replay
    from reports.cli.accounts import policy_of  # noqa: PLC0415 - the same

    paid = own_prices(ledger, catalog, chosen.start, chosen.end, policy_of)
    # Where nothing but free credits was burnt, that says nothing of what the next ones cost.
    known = {provider: price for provider, price in paid.items() if price}
    return replace(terms, usd_per_unit=known | dict(terms.usd_per_unit))


def _check(
    tokens: Mapping[str, int], scenario: Path | None, *, from_ledger: bool, about_tokens: bool, about_ledger: bool
) -> None:
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
