"""Tables made at hand, and what is read from them."""

import csv
from collections.abc import Sequence
from datetime import UTC, tzinfo
from io import BytesIO, StringIO

import pytest

from billing.errors import RefusedInputError
from billing.importing.formats import open_log
from billing.importing.formats.cells import Notation
from billing.importing.mapping import Mapping
from billing.records import Outcome, Reading, Reject, UsageRecord

Row = dict[str, str]

#: A mapping of columns that are named like the fields.
PLAIN = Mapping(
    "plain.toml", "acme", None, "USD",
    {name: name for name in ("request_id", "at", "sku", "input", "output", "charged")}, {}, Notation(zone=UTC),
)  # fmt: skip
ROW: Row = {
    "request_id": "r1", "at": "2026-03-04 10:00", "sku": "m", "input": "12", "output": "86", "charged": "0.0684",
}  # fmt: skip
GENERATION: Row = {
    "generation_id": "gen-1782618417-NEpXKqXY", "created_at": "2026-06-28 03:46:57.713", "cost_total": "0.0123",
    "cost_web_search": "0", "cost_cache": "0", "cost_file_processing": "0", "byok_usage_inference": "0",
    "tokens_prompt": "10389", "tokens_completion": "137", "tokens_reasoning": "100", "tokens_cached": "389",
    "model_permaslug": "openai/gpt-oss-120b", "provider_name": "Groq", "variant": "standard", "cancelled": "false",
    "streamed": "true", "user": "", "api_key_name": "team key", "app_name": "our app",
}  # fmt: skip
EVENT: Row = {
    "Date": "2025-12-02T01:46:34.592Z", "Kind": "On-Demand", "Model": "auto", "Max Mode": "No",
    "Input (w/ Cache Write)": "21865", "Input (w/o Cache Write)": "10", "Cache Read": "68608", "Output Tokens": "3043",
    "Total Tokens": "93526", "Cost": "$0.06",
}  # fmt: skip


def csv_of(rows: Sequence[Row], delimiter: str = ",", end: str = "\n") -> str:
    """Write rows as CSV, with the columns of the first."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_table(content: bytes | str, mapping: Mapping | None = None, zone: tzinfo | None = None) -> list[Outcome]:
    """Return all that a table yields."""
    raw = content.encode() if isinstance(content, str) else content
    return list(open_log(BytesIO(raw), "some.csv", Reading(zone=zone, mapping=mapping)).outcomes)


def records_in(content: bytes | str, mapping: Mapping | None = None, zone: tzinfo | None = None) -> list[UsageRecord]:
    """Return the usage records of a table."""
    return [outcome for outcome in read_table(content, mapping, zone) if isinstance(outcome, UsageRecord)]


def rejects_in(content: bytes | str, mapping: Mapping | None = None) -> list[tuple[int, str, str | None]]:
    """Return line, reason and field of each reject of a table."""
    outcomes = read_table(content, mapping)
    return [(told.line, told.reason, told.field) for told in outcomes if isinstance(told, Reject)]


def refusal_of(content: bytes | str, mapping: Mapping | None = None) -> str:
    """Return the message that a table is refused with."""
    with pytest.raises(RefusedInputError) as refused:
        read_table(content, mapping)
    return str(refused.value)
