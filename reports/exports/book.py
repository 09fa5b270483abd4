"""The workbook of an audit: what it is, statement, findings, rates, and every request, ready to pivot."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

import pyarrow as pa

from billing.audit import Audit, Finding
from billing.months.quantities import QuantityLine, quantities
from billing.rating import Rating
from pricing.catalog import RatePeriod
from pricing.rates import PerMtok
from pricing.usage import TOKEN_KINDS, WEB_SEARCH
from reports.audit_report import period_of, titled
from reports.exports.audited import Audited
from reports.exports.columns import INSTANT
from reports.exports.files import whole_file
from reports.exports.sheets import MOST_ROWS, NUMBERS_NOTE, Book, workbook
from reports.exports.usage import USAGE, flat, usage_batches

_STATEMENT: Final = (
    "provider", "sku", "service_tier", "basis", "line", "quantity", "rate", "amount", "unit", "prompt_above",
    "valid_from", "valid_to",
)  # fmt: skip
_RATES: Final = (
    "provider", "sku", "model", "unit", "service_tier", "prompt_above", *(kind.value for kind in TOKEN_KINDS),
    "per_request", WEB_SEARCH, "minimum_charge", "usd_per_unit", "valid_from", "valid_to", "rounding", "step", "scope",
    "basis", "evidence", "source", "document", "field", "observed_on",
)  # fmt: skip
_STATEMENT_NOTE: Final = (
    "A row per SKU, rate, basis and line; rates are per 1M tokens, or per call. Of basis 'checked' the amounts add up "
    "to what was charged: the token kinds, then 'rounding' (what the card's rule changes), then 'variance' (charged "
    "less expected). Those of 'unreported' add up to what is expected, for no charge was told. 'unchecked', "
    "'failed' and 'repeated' have what was charged, if told, as one line."
)


def write_workbook(path: Path, audited: Audited) -> int:
    """Write the workbook of an audit and return how many requests it holds."""
    audited = audited.live()
    title = titled("Audit", period_of(audited.audit, audited.selection))
    with whole_file(path) as file, workbook(file, title) as book:
        book.sheet("about", ("name", "value"), _about(audited, title))
        lines = quantities(audited.rating, audited.audit.tolerance)
        book.sheet("statement", _STATEMENT, map(_statement_row, lines))
        book.sheet("findings", [each.name for each in fields(Finding)], map(_finding_row, audited.audit.findings))
        periods = _rates_used(audited.rating, audited.audit)
        book.sheet("rates", _RATES, (row for period in periods for row in _rate_rows(period)))
        return _write_requests(book, audited)


def _write_requests(book: Book, audited: Audited) -> int:
    sheet = book.rows("requests", ("day", *USAGE.names))
    for batch in usage_batches(audited):
        day = batch.column("at").cast(pa.timestamp(INSTANT.unit)).cast(pa.date32())
        sheet.add_batch(pa.record_batch([day, *batch.columns], names=["day", *USAGE.names]))
    return sheet.rows


def _about(audited: Audited, title: str) -> Iterator[Sequence[object]]:
    audit, selection = audited.audit, audited.selection
    requests = sum(audit.verdicts.values())
    yield "what", title
    yield "ledger", audited.ledger.path.name
    yield "rate cards", audit.catalog_version
    yield "digest of the rate cards", audit.catalog_digest
    yield "digest of all logs in the ledger", audit.input_digest
    yield "provider", selection.provider or "all"
    yield "from", selection.start or "open"
    yield "until before", selection.end or "open"
    yield "first request", audit.first_at
    yield "last request", audit.last_at
    yield "tolerance per request", audit.tolerance
    yield "requests", requests
    yield "times", "UTC"
    yield "sheet: statement", _STATEMENT_NOTE
    yield "sheet: findings", "classes of variance beyond tolerance, the largest first"
    yield "sheet: rates", "the rates in force between the first request and the last, per 1M tokens"
    yield (
        "sheet: requests",
        (
            f"a row per request, oldest first, ready to pivot; a sheet holds {MOST_ROWS - 1:,} rows, so they take "
            f"{-(-requests // (MOST_ROWS - 1)) or 1} of them"
        ),
    )
    yield "numbers", NUMBERS_NOTE


def _statement_row(line: QuantityLine) -> Sequence[object]:
    period = line.period
    times = (None, None) if period is None else (period.valid_from, period.valid_to)
    above = line.prompt_above if line.prompt_above > 0 else None
    return (
        line.provider, line.sku, line.service_tier, line.basis, line.line, line.quantity, line.rate, line.amount,
        line.unit, above, *times,
    )  # fmt: skip


def _finding_row(finding: Finding) -> Sequence[object]:
    return [flat(value) for value in asdict(finding).values()]


def _rate_rows(period: RatePeriod) -> Iterator[Sequence[object]]:
    yield _rate_row(period, None, period.block.per_mtok)
    for tier in period.block.context_tiers:
        yield _rate_row(period, tier.above, tier.per_mtok)


def _rate_row(period: RatePeriod, above: int | None, per_mtok: PerMtok) -> Sequence[object]:
    block = period.block
    rounding = block.rounding
    return (
        period.provider, period.sku, period.model, period.unit, block.service_tier, above,
        *(per_mtok.rate(kind) for kind in TOKEN_KINDS), block.per_request, block.per_tool_call.get(WEB_SEARCH),
        block.minimum_charge, period.usd_per_unit, period.valid_from, period.valid_to, rounding.mode, rounding.step,
        rounding.scope, rounding.basis, rounding.evidence, period.source.title, period.source.document, block.field,
        block.observed_on,
    )  # fmt: skip


def _rates_used(rating: Rating, found: Audit) -> tuple[RatePeriod, ...]:
    """Return the rates of the audit's SKUs that were in force between its first request and its last."""
    sold = {(line.provider, line.sku) for line in found.skus}
    return tuple(
        period
        for period in rating.periods
        if (period.provider, period.sku) in sold
        and (period.valid_from is None or found.last_at is None or period.valid_from <= found.last_at)
        and (period.valid_to is None or found.first_at is None or period.valid_to > found.first_at)
    )
