"""`catalog`: the rate cards themselves."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import click

from pricing.catalog import Catalog, RatePeriod, card_files, load_catalog, read_card
from pricing.differences import diff as differences
from pricing.differences import rates_in_force
from pricing.errors import CardProblem
from pricing.published import unpublished_changes
from pricing.rates import RateCard
from pricing.usage import TOKEN_KINDS
from reports.cli.options import (
    Day,
    Instant,
    cards_option,
    catalog_of,
    known_option,
    options,
    output_option,
    provider_option,
    quiet_option,
)
from reports.cli.output import Result, Table, write
from reports.cli.prices import catalog_data, period_data

FAILED_CHECK = 1
_RATE_COLUMNS = ("sku", "tier", *(kind.value.replace("_", " ") for kind in TOKEN_KINDS), "observed")


@click.group()
def catalog() -> None:
    """List, check and compare rate cards."""


@catalog.command("list")
@provider_option
@click.option("--at", type=Instant(), help="The instant whose rates are listed. Default: now.")
@known_option
@options(cards_option, output_option, quiet_option)
def list_(
    *,
    provider: str | None,
    at: datetime | None,
    known_at: date | None,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """List the rates in force."""
    cards = catalog_of(rate_cards, known_at)
    periods = rates_in_force(cards, provider, at or datetime.now(UTC))
    data = {"rates": [period_data(period) for period in periods], "catalog": catalog_data(cards.version, cards.digest)}
    summary = f"Catalog {cards.version}, digest {cards.digest[:12]}. A dash is a price that nobody published."
    tables = [_rates_table(list(group)) for _, group in groupby(periods, key=lambda period: period.provider)]
    rows = [(p.provider, p.unit, *_rates_row(p), p.source.document) for p in periods]
    flat = Table("Rates in force", ("provider", "unit", *_RATE_COLUMNS, "source"), rows)
    write(Result(data, tables, summary, flat), output_format)
    return 0


@catalog.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@options(output_option, quiet_option)
def check(*, path: Path | None, output_format: str | None, quiet: bool) -> int:
    """Check rate cards: those at PATH, or the shipped ones. Exit with 1 if there is a problem."""
    problems = unpublished_changes() if path is None else _problems(path)
    rows = [(each.path, each.where, each.message) for each in problems]
    data = {"problems": [asdict(each) for each in problems]}
    write(
        Result(data, (Table("Problems", ("path", "where", "message"), rows),), f"{len(rows)} problems."), output_format
    )
    return FAILED_CHECK if problems else 0


@catalog.command()
@click.argument("before")
@click.argument("after")
@options(cards_option, output_option, quiet_option)
def diff(
    *,
    before: str,
    after: str,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Say what changed between two days of knowledge, or between two files or folders of cards."""
    changes = differences(_side(before, rate_cards), _side(after, rate_cards))
    rows = [tuple(asdict(change).values()) for change in changes]
    columns = tuple(asdict(changes[0])) if changes else ("provider", "sku", "what")
    data = {"changes": [asdict(change) for change in changes]}
    write(Result(data, (Table("Changes", columns, rows),), f"{len(rows)} changes."), output_format)
    return 0


@catalog.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write to.")
@click.option("--observed-on", type=Day(), help="The day these prices were learned. Default: today.")
@click.option("--whole", is_flag=True, help="Write whole cards, not only what is new.")
def baseline(*, out: Path, observed_on: date | None, whole: bool) -> int:
    """Write what the installed genai-prices tells of list prices beyond the shipped cards, as cards to review."""
    from pricing.baseline import baseline_cards, baseline_updates  # noqa: PLC0415 - needs the optional extra

    day = observed_on or datetime.now(UTC).date()
    cards = baseline_cards(day) if whole else baseline_updates(day, load_catalog())
    out.mkdir(parents=True, exist_ok=True)
    for name, text in cards.items():
        (out / name).write_text(text, "utf-8")
        click.echo(str(out / name))
    click.echo(f"{len(cards)} cards written; review them before they go to the others", err=True)
    return 0


def _rates_table(periods: list[RatePeriod]) -> Table:
    """Return the rates of one provider."""
    first = periods[0]
    rows = [_rates_row(period) for period in periods]
    return Table(f"{first.provider}, {first.unit} per 1M tokens", _RATE_COLUMNS, rows)


def _rates_row(period: RatePeriod) -> tuple[object, ...]:
    rates = (period.block.per_mtok.rate(kind) for kind in TOKEN_KINDS)
    return (period.sku, period.block.service_tier, *rates, period.block.observed_on)


def _problems(path: Path) -> tuple[CardProblem, ...]:
    read = [read_card(file) for file in card_files(path)]
    return tuple(problem for card in read if not isinstance(card, RateCard) for problem in card)


def _side(name: str, rate_cards: tuple[Path, ...]) -> Catalog:
    try:
        return load_catalog(rate_cards).as_known_at(date.fromisoformat(name))
    except ValueError:
        return load_catalog([Path(name)], providers=[])
