"""What pages cost: the values that each shows and its HTML, of a ledger of many requests, and how large each is."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from billing.ledger import Ledger, open_ledger
from billing.months.monthly import Asked, monthly_statement
from billing.rating import Selection, held_providers
from pricing.catalog import Catalog, load_catalog
from reports.audit_report import audit_report
from reports.pages.findings import render_findings
from reports.pages.frame import PAGES
from reports.pages.overview import render_overview
from reports.pages.rate_card import render_rate_card
from reports.pages.statement import render_statement
from reports.pages.vendors import render_vendors
from reports.rate_card_report import rate_card_of_audit
from reports.vendors_report import ledger_report
from tests.bench.cost import Cost, Work, apart, least, program_cost, warm_cost
from tests.bench.rating import BY_DAY, BY_MONTH, MONTH, make_ledger, unrated
from tests.bench.tables import Bound, bounds_table, costs_table

_END: Final = MONTH + timedelta(days=31)
_SELECTED: Final = Selection(MONTH, _END)
_RUNS: Final = 5
#: What is accepted: MB of a page; all pages of a ledger, as so many times unrated sums and so many seconds.
_MOST_MB, _MOST_TIMES, _MORE_SECONDS = 1.6, 8.0, 2.0

_Values = Any
"""The values that a page shows; of each page other ones."""


def _audit(ledger: Ledger, _catalog: Catalog) -> _Values:
    return audit_report(ledger, load_catalog(providers=held_providers(ledger)), _SELECTED)


def _audit_and_month(ledger: Ledger, catalog: Catalog) -> _Values:
    asked = Asked(month=MONTH.date(), now=_END, with_list_prices=False)
    return _audit(ledger, catalog), monthly_statement(ledger, catalog, asked)


def _month(ledger: Ledger, catalog: Catalog) -> _Values:
    return monthly_statement(ledger, catalog, Asked(month=MONTH.date(), now=_END))


def _rate_card(ledger: Ledger, catalog: Catalog) -> _Values:
    return rate_card_of_audit(catalog, _audit(ledger, catalog))


def _vendors(ledger: Ledger, catalog: Catalog) -> _Values:
    return ledger_report(ledger, catalog, (), _SELECTED, None)


#: How the values of a page are computed, and how it is written.
_MADE: Final[Mapping[str, tuple[Callable[[Ledger, Catalog], _Values], Callable[[_Values], str]]]] = MappingProxyType({
    "overview": (_audit_and_month, lambda found: render_overview(found[0], found[1], tuple(PAGES))),
    "findings": (_audit, lambda found: render_findings(found, tuple(PAGES))),
    "vendors": (_vendors, lambda found: render_vendors(found, tuple(PAGES))),
    "statement": (_month, lambda found: render_statement(found, (), tuple(PAGES), ledger_name="rating.duckdb")),
    "rate-card": (_rate_card, lambda found: render_rate_card(found, tuple(PAGES))),
})  # fmt: skip


@contextmanager
def computed(path: Path, page: str) -> Iterator[Work]:
    """Compute what a page shows, in an open ledger."""
    catalog = load_catalog()
    with open_ledger(path, read_only=True) as ledger:
        yield lambda: _MADE[page][0](ledger, catalog)


@contextmanager
def written(path: Path, page: str, out: Path) -> Iterator[Work]:
    """Write a page whose values are computed."""
    compute, render = _MADE[page]
    with open_ledger(path, read_only=True) as ledger:
        found = compute(ledger, load_catalog())
    yield lambda: out.write_bytes(render(found).encode())


def report(folder: Path, requests: int) -> Iterator[str]:
    """Yield the tables for a ledger of so many requests."""
    path = folder / "pages.duckdb"
    apart(make_ledger, path, requests)
    month, day = warm_cost(unrated, path, BY_MONTH), warm_cost(unrated, path, BY_DAY)
    costs, bounds = [("sums by month, unrated", month), ("sums by day, unrated", day)], []
    for page in _MADE:
        out = folder / f"{page}.html"
        costs.append((f"{page}: its values", warm_cost(computed, path, page)))
        costs.append((f"{page}: its HTML", warm_cost(written, path, page, out)))
        bounds.append(Bound(f"{page}, size", out.stat().st_size / 1e6, _MOST_MB, "MB"))
    whole = least([_whole_program(path, folder) for _ in range(_RUNS)])
    costs.append(("report all, whole program", whole))
    path.unlink()
    yield f"### Pages of {requests:,} requests"
    yield ""
    yield from costs_table("step", costs, [("month", month), ("day", day)])
    beyond = (whole.cpu - _MORE_SECONDS) / month.cpu
    bounds.append(Bound(f"report all but for {_MORE_SECONDS:.0f} s, to sums by month", beyond, _MOST_TIMES, "x"))
    yield from bounds_table(bounds)


def _whole_program(path: Path, folder: Path) -> Cost:
    arguments = ["report", "all", "--ledger", str(path), "--month", f"{MONTH:%Y-%m}", "--out", str(folder)]
    return program_cost([sys.executable, "-m", "reports", *arguments], folder / "output")
