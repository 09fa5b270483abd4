"""`audit`: every charge in the ledger beside the rate card in force."""

from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from billing.audit import Audit, Finding, SkuLine, UnitTotals
from billing.auditor import audit_rated, write_requests
from billing.rating import held_providers, lay_rates
from reports.answer import answer
from reports.cli.engines import engine_for, engine_options
from reports.cli.options import (
    Name,
    catalog_of,
    check_provider,
    everywhere,
    known_option,
    selection,
    span,
    tolerance_option,
)
from reports.cli.output import Result, Table, write

VARIANCE, UNPRICED = 1, 4


_TOTALS = ("unit", "requests", "checked", "charged", "refunded", "expected", "variance", "usd")


@click.command()
@span
@tolerance_option
@known_option
@click.option("--strict", is_flag=True, help="Exit with 4 if some of the usage is unpriced.")
@engine_options
@click.option(
    "--rows", type=Name(), help="Write each request, with its verdict and cause, as Parquet into this new folder."
)
@everywhere
def audit(
    *,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    provider: str | None,
    tolerance: Decimal,
    known_at: date | None,
    strict: bool,
    engine: str,
    master: str | None,
    usage: str | None,
    rows: str | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Hold every charge against the rate card in force. Exit with 1 if any is beyond tolerance."""
    chosen = selection(month, from_at, to_at, provider)
    with engine_for(engine, master, usage, ledger) as book:
        check_provider(book, provider)
        rating = lay_rates(book, catalog_of(rate_cards, known_at, held_providers(book)), chosen)
        found = audit_rated(rating, tolerance)
        if rows is not None:
            write_requests(rating, rows, tolerance)
    write(audit_result(found), output_format)
    if found.has_variance:
        return VARIANCE
    return UNPRICED if strict and found.verdicts["unpriced"] else 0


def audit_result(found: Audit) -> Result:
    """Return an audit as data and tables."""
    data = {
        "totals": {line.unit: _without(_sums(line), "unit") for line in found.totals},
        "verdicts": found.verdicts,
        "findings": [asdict(finding) for finding in found.findings],
        "gaps": [asdict(gap) for gap in found.gaps],
        "skus": [_sums(line) for line in found.skus],
        "conflicts": found.conflicts,
        "rejects": found.rejects,
        "untimed": found.untimed,
        "partial": found.is_partial,
        "tolerance": found.tolerance,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "catalog": {"version": found.catalog_version, "digest": found.catalog_digest},
        "input_digest": found.input_digest,
    }
    tables = (
        Table(
            "Findings",
            ("id", "rule", "provider", "sku", "what we found", "usd"),
            [(each.id, each.rule, each.provider, each.sku, each.sentence, each.usd) for each in found.findings],
        ),
        Table(
            "Totals of checked requests",
            _TOTALS,
            [[sums[name] for name in _TOTALS] for sums in map(_sums, found.totals)],
        ),
        Table("Verdicts", ("verdict", "requests"), [(name, count) for name, count in found.verdicts.items() if count]),
        Table(
            "Not in the sums",
            ("reason", "provider", "sku", "requests", "tokens", "charged"),
            [(each.reason, each.provider, each.sku, each.requests, each.tokens, each.charged) for each in found.gaps],
        ),
    )
    findings = [asdict(finding) | {"tied_with": " ".join(finding.tied_with)} for finding in found.findings]
    flat = Table("Findings", [field.name for field in fields(Finding)], [list(row.values()) for row in findings])
    return Result(data, [table for table in tables if table.rows], answer(found), flat)


def _sums(line: UnitTotals | SkuLine) -> dict[str, object]:
    """Return a line as JSON carries it: a sum over nothing that could be checked is unknown, not zero."""
    unknown = () if line.checked else ("charged", "refunded", "expected", "variance", "usd")
    return {name: None if name in unknown else value for name, value in asdict(line).items()}


def _without(row: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != name}
