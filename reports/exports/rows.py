"""The rows of a dispute: every disputed request, without what is the buyer's own business."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from billing.audit import Finding
from billing.ledger import Ledger
from pricing.amounts import EXACT, from_pico, times
from reports.exports.audited import Audited
from reports.exports.columns import AMOUNT, INSTANT, typed
from reports.exports.files import ExportError

_ROWS: Mapping[str, pa.DataType] = {
    "finding": pa.string(), "cause": pa.string(), "request_id": pa.string(), "client_request_id": pa.string(),
    "at": INSTANT, "sku": pa.string(), "status": pa.string(), "error_status": pa.int32(), "service_tier": pa.string(),
    "input": pa.int64(), "output": pa.int64(), "cache_read": pa.int64(), "cache_write_5m": pa.int64(),
    "cache_write_1h": pa.int64(), "cache_write_unsplit": pa.int64(), "web_searches": pa.int64(),
    "charged": AMOUNT, "expected": AMOUNT, "exact": AMOUNT, "variance": AMOUNT,
    "refunded": AMOUNT, "to_credit": AMOUNT, "unit": pa.string(),
    "file": pa.string(), "line": pa.int64(),
}  # fmt: skip
ROWS = pa.schema(_ROWS)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A log that disputed requests stand in: its name without folders, the digest of its bytes when it was read."""

    name: str
    sha256: str
    size: int
    requests: int


@dataclass(slots=True)
class Tally:
    """What was counted while the rows went by."""

    requests: Counter[str] = field(default_factory=Counter)
    """By finding."""
    variance: Counter[str] = field(default_factory=Counter)
    """By finding, in pico-units."""
    to_credit: Counter[str] = field(default_factory=Counter)
    """By finding, in pico-units: the variance less what refunds gave back."""
    usd: dict[str, Decimal | None] = field(default_factory=dict)
    """By finding: what is to be credited in dollars; None where the unit's value is unknown for any of it."""
    files: Counter[int] = field(default_factory=Counter)
    cards: set[int] = field(default_factory=set)
    failures: Counter[int] = field(default_factory=Counter)
    """Failed requests that were charged, by their HTTP status."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch of sql/exported.sql."""
        keys = ["finding", "file_id", "card_id", "status", "error_status", "usd_per_unit"]
        grouped = pa.Table.from_batches([batch]).group_by(keys)
        table = grouped.aggregate([("variance", "sum"), ("to_credit", "sum"), ([], "count_all")])
        for row in table.to_pylist():
            requests = row["count_all"]
            self.requests[row["finding"]] += requests
            self.variance[row["finding"]] += int(row["variance_sum"])
            self._credit(row["finding"], int(row["to_credit_sum"]), row["usd_per_unit"])
            self.files[row["file_id"]] += requests
            if row["card_id"] is not None:
                self.cards.add(row["card_id"])
            if row["status"] == "failed" and row["error_status"] is not None:
                self.failures[row["error_status"]] += requests

    def _credit(self, finding: str, pico: int, usd_per_unit: Decimal | None) -> None:
        self.to_credit[finding] += pico
        before = self.usd.get(finding, Decimal(0))
        if before is None or usd_per_unit is None:
            self.usd[finding] = None
        else:
            self.usd[finding] = EXACT.add(before, times(from_pico(pico), from_pico(int(usd_per_unit))))

    def check(self, findings: Sequence[Finding]) -> None:
        """Raise ExportError unless the rows of each finding add up to what the finding says."""
        for each in findings:
            told = self.requests[each.id], from_pico(self.variance[each.id])
            back = EXACT.subtract(each.variance, each.refunded)
            if told != (each.requests, each.variance) or from_pico(self.to_credit[each.id]) != back:
                raise ExportError(
                    f"{each.id}: its rows are {told[0]} requests and {told[1]} {each.unit}, but it says "
                    f"{each.requests} and {each.variance}; nothing was written: please report this"
                )


def disputed(
    audited: Audited, findings: Sequence[Finding], names: Mapping[int, str], tally: Tally
) -> Iterator[pa.RecordBatch]:
    """Yield the requests of those findings, oldest first, and count them. `names` are those of loads."""
    ids = pa.array(list(names), pa.int64())
    told = pa.array(list(names.values()), pa.string())
    for batch in audited.requests([each.id for each in findings]):
        tally.add(batch)
        files = told.take(pc.index_in(batch.column("file_id"), value_set=ids))
        yield typed(batch.append_column("file", files), ROWS)


def file_names(ledger: Ledger) -> dict[int, str]:
    """Return a name for each load of the ledger: the file's own, without its folders.

    Files that share a name get the beginning of their digest added.
    """
    held = ledger.rows("SELECT file_id, path, digest FROM files ORDER BY file_id")
    loads = [(file_id, PurePath(path).name, digest) for file_id, path, digest in held]
    digests: dict[str, set[str]] = {}
    for _, name, digest in loads:
        digests.setdefault(name, set()).add(digest)
    return {file_id: name if len(digests[name]) == 1 else f"{name} ({digest[:8]})" for file_id, name, digest in loads}


def source_files(ledger: Ledger, names: Mapping[int, str], tally: Tally) -> tuple[SourceFile, ...]:
    """Return the logs that disputed requests stand in, by name."""
    held = ledger.rows("SELECT file_id, digest, bytes FROM files ORDER BY file_id")
    found: dict[tuple[str, str, int], int] = {}
    for file_id, digest, size in held:
        if tally.files[file_id]:
            key = names[file_id], digest, size
            found[key] = found.get(key, 0) + tally.files[file_id]
    return tuple(SourceFile(*key, requests) for key, requests in sorted(found.items()))
