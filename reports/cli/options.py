"""What the commands have in common: their options, and times and amounts as people type them."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from billing.engine import Engine
    from billing.rating import Selection
    from pricing.catalog import Catalog

Command = TypeVar("Command", bound=Callable[..., Any])

#: Of more providers a message names only the nearest.
_MOST_NAMES = 10
#: More than any request costs, and in pico-units still a BIGINT.
MOST_UNITS = 10**6


class Instant(click.ParamType[datetime]):
    """An instant: ISO 8601 with a zone, or a day, which begins at midnight UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                return datetime.combine(date.fromisoformat(value), time(), UTC)
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                self.fail(f"{value!r} has no zone; write {value}Z for UTC, or {value}+02:00", param, ctx)
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write 2026-10-01 or 2026-10-01T08:30:00+02:00", param, ctx)


class Day(click.ParamType[date]):
    """A day, such as 2026-10-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write it as 2026-10-31", param, ctx)


class Month(click.ParamType[tuple[datetime, datetime]]):
    """A calendar month in UTC, such as 2026-10."""

    name = "month"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[datetime, datetime]:
        """Return the first instant of the month and of the next."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"([1-8]\d{3})-(0[1-9]|1[0-2])", value, re.ASCII)
        if not match:
            self.fail(f"{value!r} is no month; write it as 2026-10", param, ctx)
        year, month = int(match[1]), int(match[2])
        after = (year + month // 12, month % 12 + 1)
        return datetime(year, month, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)


class Amount(click.ParamType[Decimal]):
    """An exact amount of at least 0, such as 0.01."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the exact decimal."""
        try:
            amount = value if isinstance(value, Decimal) else Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount; write it as 0.01", param, ctx)
        if not amount.is_finite() or not 0 <= amount <= MOST_UNITS or amount != round(amount, 12):
            self.fail(f"{value!r} must be at least 0 and at most {MOST_UNITS}, in 12 decimal places", param, ctx)
        return amount


class Name(click.ParamType[str]):
    """An id or a name: not empty, and text that UTF-8 can hold."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is."""
        if not value or not str(value).isprintable():
            self.fail(f"{value!r} is no name", param, ctx)
        return str(value)


ledger_option = click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    default="tallystick.duckdb",
    show_default=True,
    envvar="TALLYSTICK_LEDGER",
    help="The ledger's file.",
)
cards_option = click.option(
    "--rate-cards",
    "rate_cards",
    type=click.Path(path_type=Path),
    multiple=True,
    envvar="TALLYSTICK_RATE_CARDS",
    help="Your own rate cards (a file or folder) over the shipped ones; may be repeated.",
)
output_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "csv", "md"]),
    envvar="TALLYSTICK_FORMAT",
    help="How the result is written. Default: table on a terminal, else json.",
)
quiet_option = click.option(
    "--quiet", is_flag=True, envvar="TALLYSTICK_QUIET", help="Say nothing on stderr but errors."
)
known_option = click.option("--known-at", type=Day(), help="Use the rates as they were known at the end of that day.")
month_option = click.option("--month", type=Month(), help="Only requests of that month (UTC).")
from_option = click.option("--from", "from_at", type=Instant(), help="Only requests at or after that time.")
to_option = click.option("--to", "to_at", type=Instant(), help="Only requests before that time.")
provider_option = click.option("--provider", type=Name(), help="Only that provider.")
tolerance_option = click.option(
    "--tolerance",
    type=Amount(),
    default=Decimal(0),
    show_default=True,
    envvar="TALLYSTICK_TOLERANCE",
    help="Variance per request that is let pass, in the unit of the charge.",
)


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator that applies several, the first shown first."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


everywhere = options(ledger_option, cards_option, output_option, quiet_option)
span = options(month_option, from_option, to_option, provider_option)


def selection(
    month: tuple[datetime, datetime] | None, from_at: datetime | None, to_at: datetime | None, provider: str | None
) -> "Selection":
    """Return which requests are meant. Raise click.UsageError for a month beside other bounds."""
    from billing.rating import Selection  # noqa: PLC0415 - heavy

    if month and (from_at or to_at):
        raise click.UsageError("give either --month or --from and --to")
    start, end = month or (from_at, to_at)
    if start and end and start >= end:
        raise click.UsageError("--from must be before --to")
    return Selection(start, end, provider)


def check_provider(ledger: "Engine", provider: str | None, others: Iterable[str] = ()) -> None:
    """Raise UnknownNameError if a provider was named that the ledger holds no request of, though it holds some.

    `others` are names that will do without a request. Of a misspelt name every sum is zero, which looks like good news.
    """
    if provider is None or provider in others:
        return
    from billing.rating import held_providers  # noqa: PLC0415 - heavy
    from pricing.errors import UnknownNameError, nearest  # noqa: PLC0415 - only for those who name a provider

    held = held_providers(ledger)
    known = sorted({*held, *others})
    if provider in held or not known:
        return
    told = f"it holds: {', '.join(known)}"
    if len(known) > _MOST_NAMES:
        told = f"the nearest of the {len(known)} it holds are: {nearest(provider, known)}"
    raise UnknownNameError(f"no request of {provider!r} in {ledger.path}; {told}")


def catalog_of(
    rate_cards: Iterable[Path], known_at: date | None = None, providers: Iterable[str] | None = None
) -> "Catalog":
    """Load the catalog with the user's own cards over it, as known on a day."""
    from pricing.catalog import load_catalog  # noqa: PLC0415 - heavy

    catalog = load_catalog(rate_cards, providers=providers)
    return catalog.as_known_at(known_at) if known_at else catalog
