"""Every request, and every finding, as a table for other tools."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pyarrow as pa

from billing.audit import Audit, Finding
from reports.exports.audited import Audited
from reports.exports.columns import AMOUNT, INSTANT, PRODUCT, typed

#: The first columns, up to `line`, are a contract; those after it may become more.
_USAGE: Mapping[str, pa.DataType] = {
    "request_id": pa.string(), "provider": pa.string(), "sku": pa.string(), "at": INSTANT,
    "input": pa.int64(), "output": pa.int64(),
    "cache_read": pa.int64(), "cache_write_5m": pa.int64(), "cache_write_1h": pa.int64(),
    "charged": AMOUNT, "expected": AMOUNT, "exact": AMOUNT, "variance": AMOUNT, "unit": pa.string(),
    "verdict": pa.string(), "cause": pa.string(), "project": pa.string(), "path": pa.string(),
    "line": pa.int64(),
    "finding": pa.string(), "reason": pa.string(), "status": pa.string(), "error_status": pa.int32(),
    "cache_write_unsplit": pa.int64(), "web_searches": pa.int64(), "service_tier": pa.string(),
    "client_request_id": pa.string(), "logged_sku": pa.string(), "api_key_id": pa.string(),
    "tags": pa.string(), "usd_per_unit": AMOUNT, "refunded": AMOUNT,
}  # fmt: skip
USAGE = pa.schema(_USAGE)

_TYPES: Mapping[type, pa.DataType] = {
    str: pa.string(), int: pa.int64(), bool: pa.bool_(), Decimal: AMOUNT, datetime: INSTANT,
}  # fmt: skip


def usage_batches(audited: Audited, schema: pa.Schema = USAGE) -> Iterator[pa.RecordBatch]:
    """Yield one row per selected request, oldest first."""
    return (typed(batch, schema) for batch in audited.requests())


def findings_table(audit: Audit) -> pa.Table:
    """Return one row per finding, the largest first; several words of one field have semicolons between."""
    hints = get_type_hints(Finding)
    schema = pa.schema([(each.name, _type(each.name, hints[each.name])) for each in fields(Finding)])
    rows = [{name: flat(value) for name, value in asdict(each).items()} for each in audit.findings]
    return pa.Table.from_pylist(rows, schema=schema)


def _type(name: str, hint: Any) -> pa.DataType:  # noqa: ANN401 - a type as Python's hints give it
    if name == "usd":
        return PRODUCT
    kinds = [each for each in (hint, *get_args(hint)) if each in _TYPES]
    return _TYPES[kinds[0]] if kinds else pa.string()


def flat(value: object) -> object:
    """Return a value as one cell holds it."""
    return "; ".join(str(each) for each in value) if isinstance(value, tuple) else value
