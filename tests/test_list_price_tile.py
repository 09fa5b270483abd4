"""What the same requests cost at list price is held against the spend only where it is of the same requests."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.records import UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.usage import Usage
from reports.pages.statement_condensed import condensed
from reports.pages.statement_tiles import list_tile
from tests.ledgers import OCTOBER, a_ledger, block, put
from tests.vendors import a_card, of

RATES = PerMtok(input=Decimal(200), output=Decimal(1000), cache_read=Decimal(20))
LISTED = PerMtok(input=Decimal(1), output=Decimal(5))


def catalog(skus: int) -> Catalog:
    """Return a vendor's SKUs, of which every second is of a model that a maker asks a list price for."""
    vendor, maker = a_card("vendor", block(RATES), unit="credit"), a_card("maker", block(LISTED), is_list=True)
    sold = [vendor.skus[0].model_copy(update={"id": f"s{n}", "model": f"m{n}"}) for n in range(skus)]
    listed = [maker.skus[0].model_copy(update={"id": f"m{n}", "model": f"m{n}"}) for n in range(1, skus, 2)]
    return of(vendor.model_copy(update={"skus": tuple(sold)}), maker.model_copy(update={"skus": tuple(listed)}))


def stated(usages: list[Usage], skus: int) -> Statement:
    told = [
        UsageRecord(
            n, "vendor", f"s{n % skus if skus > 1 else 1}", f"r{n}", at=OCTOBER + timedelta(hours=n), usage=usage,
            charged=Decimal(200), unit="credit",
        )
        for n, usage in enumerate(usages)
    ]  # fmt: skip
    with a_ledger() as ledger:
        put(ledger, told)
        asked = Asked(month=date(2026, 10, 1), now=OCTOBER + timedelta(days=40))
        return monthly_statement(ledger, catalog(max(skus, 2)), asked)


@pytest.mark.parametrize(
    ("cached", "note"),
    [
        (0, "the same requests; you spent 1.00\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN} that"),
        (5, "without 5 requests that have no list price"),
    ],
)
def test_requests_without_a_list_price_are_in_no_ratio(cached: int, note: str) -> None:
    usages = [Usage(input=1_000_000, cache_read=10_000_000 if n < cached else 0) for n in range(10)]
    found = stated(usages, 1)
    assert list_tile(found, found.skus).notes == (note,)


def test_skus_that_are_summed_up_are_held_against_no_other_list_price() -> None:
    found = stated([Usage(input=1_000_000)] * 30, 30)
    short = condensed(found)
    assert len(short.skus) < len(found.skus) == 30
    whole, summed = (list_tile(each, each.skus) for each in (found, short))
    assert whole.exact == summed.exact == "15"
    assert "you spent 1.00" in whole.notes[0]
    assert not any("you spent" in note for note in summed.notes)
