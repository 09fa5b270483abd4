"""Ledgers made from records at hand, without a log file between."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from billing.importing.identity import Settled, settle
from billing.importing.loads import Options, Source, note_files, row_of
from billing.ledger import Ledger, open_ledger
from billing.queries import statement
from billing.records import Reading, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok, RateBlock, RateCard, Sku, UnitValue
from pricing.rates import Source as CardSource
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
LEARNED = date(2026, 1, 1)


@contextmanager
def a_ledger() -> Iterator[Ledger]:
    """Open a new ledger that is gone afterwards."""
    with TemporaryDirectory() as folder, open_ledger(Path(folder) / "test.duckdb") as ledger:
        yield ledger


def put(ledger: Ledger, records: Sequence[UsageRecord], name: str = "log") -> Settled:
    """Bring records into the ledger as one file."""
    with ledger.transaction():
        ledger.connection.execute(statement("stage"))
        ((file_id,),) = ledger.rows("SELECT COUNT(*) + 1 FROM files")
        source = Source(Path(name), name, 0, file_id)
        note_files(ledger, [source], Options(Reading(), OCTOBER))
        ledger.append("stage", [row_of(record, file_id, Reading()) for record in records])
        return settle(ledger)[file_id]


def block(per_mtok: PerMtok, **fields: object) -> RateBlock:
    """Make a block of rates; kinds without a rate are unpublished."""
    unpublished = tuple(kind for kind in TOKEN_KINDS if per_mtok.rate(kind) is None)
    given: dict[str, object] = {"observed_on": LEARNED, "source": "page", "field": "price", "rounding": Rounding()}
    return RateBlock.model_validate(given | {"per_mtok": per_mtok, "unpublished": unpublished} | fields)


def a_catalog(*blocks: RateBlock, unit: str = "credit") -> Catalog:
    """Make a catalog in which provider "vendor" sells SKU "model" at those rates."""
    value = UnitValue(usd=Decimal("0.005"), observed_on=LEARNED, source="page", field="1 credit = $0.005")
    card = RateCard(
        provider="vendor",
        name="Vendor",
        unit=unit,
        sources={"page": CardSource(document="page.txt", title="Prices")},
        usd_per_unit=() if unit == "USD" else (value,),
        skus=(Sku(id="model", model="model", aliases=("model-1",), rates=blocks),),
    )
    return Catalog("test", "0" * 64, (card,))
