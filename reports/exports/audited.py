"""A ledger that was audited: what every export is made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import pyarrow as pa

from billing.audit import Audit
from billing.auditor import audit_rated
from billing.ledger import Ledger
from billing.rating import Rating, Selection, lay_rates
from pricing.amounts import to_pico
from pricing.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Audited:
    """The selected requests beside their rates, and the audit of them."""

    ledger: Ledger
    rating: Rating
    audit: Audit
    selection: Selection

    @classmethod
    def of(cls, ledger: Ledger, catalog: Catalog, selection: Selection, tolerance: Decimal) -> Self:
        """Audit the selected requests of a ledger."""
        rating = lay_rates(ledger, catalog, selection)
        return cls(ledger, rating, audit_rated(rating, tolerance), selection)

    def live(self) -> Self:
        """Return this, or if something else was rated in the ledger since, the same audit made once more."""
        if self.rating.is_laid:
            return self
        return self.of(self.ledger, self.rating.catalog, self.selection, self.audit.tolerance)

    def requests(self, findings: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of sql/exported_in_order.sql: of those findings, or else of all requests; oldest first.

        If something else was rated in this ledger since, it is audited once more.
        """
        query, parameters = self.live().rating.asked(
            "audited", "attributed", "exported", "exported_in_order", tolerance=to_pico(self.audit.tolerance),
            findings=None if findings is None else list(findings),
        )  # fmt: skip
        return self.ledger.batches(query, parameters)
