"""`compare`: the same basket at every vendor of a model. Without --from-ledger it loads nothing that reads one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pricing.catalog import Catalog
from pricing.comparison import Comparison
from pricing.comparison import compare as compare_basket
from reports.cli.baskets import Asked, asked, basket_options, bought
from reports.cli.comparison_data import comparison_result
from reports.cli.engines import engine_for, engine_options
from reports.cli.options import Name, catalog_of, everywhere
from reports.cli.output import write
from reports.cli.prices import UNPRICED

if TYPE_CHECKING:
    from billing.engine import Engine


@click.command()
@click.option("--model", required=True, type=Name(), help="The model, by the exact name that rate cards give it.")
@basket_options
@click.option("--strict", is_flag=True, help="Exit with 4 if some of the usage is unpriced anywhere.")
@engine_options
@everywhere
def compare(
    *,
    model: str,
    strict: bool,
    engine: str,
    master: str | None,
    usage: str | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
    **basket: Any,
) -> int:
    """Price the same basket at every vendor of a model, beside the list price.

    The basket is tokens in total, a scenario file, or the ledger's own requests. Tokens in total are spread over
    requests below any context tier, and amounts are exact: before the vendor's rounding.
    """
    what = asked(**basket)
    catalog = catalog_of(rate_cards, what.known_at)
    if what.basket is None:
        with engine_for(engine, master, usage, ledger) as book:
            found, told = _replayed(book, catalog, model, what)
    elif engine != "duckdb" or master or usage:
        raise click.UsageError("--engine, --master and --usage are about requests of --from-ledger")
    else:
        found, told = compare_basket(catalog, model, what.basket, what.at or datetime.now(UTC), what.terms), None
    write(comparison_result(found, told), output_format)
    return UNPRICED if strict and found.is_partial else 0


def _replayed(book: "Engine", catalog: Catalog, model: str, what: Asked) -> tuple[Comparison, dict[str, object]]:
    from billing.replay import replay  # noqa: PLC0415 - heavy, and only to replay

    assert what.chosen is not None  # noqa: S101 - as `asked` makes it without a basket
    terms = bought(book, catalog, what.chosen, what.terms)
    found = replay(book, catalog, model, what.chosen, what.at, terms)
    told: dict[str, object] = {"first_at": found.first_at, "last_at": found.last_at, "left_out": found.left_out}
    return found.comparison, told
