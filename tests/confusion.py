"""Every billing mistake planted into a month, and which cause the audit tells of each row: the confusion table.

`python -m tests.confusion` plants each mistake alone, and five together, into 0.1 %, 5 % and 60 % of 200,000 requests,
and prints the tables of docs/confusion.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from billing.auditor import audit_rated
from billing.ledger import Ledger, open_ledger
from billing.rating import lay_rates
from data.faults import RULES, TOGETHER, Planted, Row, month, plant
from pricing.catalog import Catalog, load_catalog
from pricing.usage import TOKEN_KINDS
from tests.bench.tables import table
from tests.conftest import ROOT
from tests.ledgers import put

REQUESTS: Final = 200_000
PER_MILLE: Final = (1, 50, 600)
say = partial(print, file=sys.stderr, flush=True)
_START: Final = datetime(2026, 10, 1, tzinfo=UTC)
_BATCH: Final = 50_000
_ACCUSED = ("overcharged", "undercharged", "charged_failure")


@dataclass
class Confusion:
    """What the audit told of planted rows, counted by mistake planted and cause told; ties stand apart."""

    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows whose charge no other mistake gives."""
    tied: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows whose charge other mistakes give too."""
    missed: int = 0
    """Planted rows that no finding holds."""
    accused: int = 0
    """Clean rows that a finding holds."""
    ties_told: int = 0
    """Rows that the findings count as ties."""
    strange_ties: int = 0
    """Rows with ties that were given a cause which does not give their charge."""

    def add(self, planted: Sequence[Planted], causes: dict[str, str]) -> None:
        """Compare what was planted with the cause that each accused row was told to have."""
        for each in planted:
            cause = causes.pop(each.row.id, None)
            if cause is None:
                self.missed += 1
            elif each.ties:
                self.tied[each.rule, cause] += 1
                self.strange_ties += cause not in each.ties | {each.rule}
            else:
                self.told[each.rule, cause] += 1
        self.accused += len(causes)

    def include(self, other: "Confusion") -> None:
        """Add what was told in another case."""
        self.told += other.told
        self.tied += other.tied

    @property
    def wrong(self) -> Counter[tuple[str, str]]:
        """The rows whose charge tells their cause, and that were told another."""
        return Counter({(rule, cause): rows for (rule, cause), rows in self.told.items() if rule != cause})

    @property
    def is_right(self) -> bool:
        """Whether nothing was missed, nobody accused, and every cause that a charge tells was told."""
        return not (self.wrong or self.missed or self.accused or self.strange_ties)


def a_catalog() -> Catalog:
    """Return the shipped cards of the vendors that charge, and the invented one."""
    card = ROOT / "data" / "faults_card.toml"
    return load_catalog([card], providers=["aivideoapi", "apimodels"])


@contextmanager
def a_month(requests: int) -> Iterator[tuple[Ledger, list[Row]]]:
    """Make a ledger of a month in which every charge is right."""
    rows = list(month(requests))
    with TemporaryDirectory() as folder, open_ledger(Path(folder) / "month.duckdb") as ledger:
        put(ledger, [], "month")
        for first in range(0, len(rows), _BATCH):
            batch = rows[first : first + _BATCH]
            ledger.append("usage_records", [_record(row) for row in batch])
            ledger.append("usage_records", [_refund(row) for row in batch if row.refund])
        ledger.change("UPDATE usage_records SET id_hash = hash(request_id)")
        ledger.connection.execute("CHECKPOINT")
        yield ledger, rows


def _record(row: Row) -> dict[str, object]:
    tokens = row.tokens if row.error is None else (0, 0, 0, 0, 0)
    status, code, kind = row.error or (None, None, None)
    return {
        "provider": row.sold.provider, "request_id": row.id, "client_request_id": row.client_id, "sku": row.sold.sku,
        "used_at": _START + timedelta(seconds=row.second), "service_tier": "standard",
        **{kind.value: count for kind, count in zip(TOKEN_KINDS, tokens, strict=True)}, "cache_write_unsplit": 0,
        "web_searches": 0, "unknown_fields": None, "status": row.status, "error_status": status, "error_code": code,
        "error_type": kind, "charged": row.charged, "unit": row.sold.unit if row.charged is not None else None,
        "project": None, "api_key_id": None, "tags": None, "is_snapshot": False, "id_hash": 0, "file_id": 1,
        "line": int(row.id[4:11]) + 1,
    }  # fmt: skip


def _refund(row: Row) -> dict[str, object]:
    """Return the record of what was given back, a minute later.

    Some do not name their request: those whose amounts are so fine that no other request nearby has the same.
    """
    names_it = row.sold.rounding.step > 1 or int(row.id[4:11]) % 2
    return _record(row) | {
        "request_id": f"{row.id}_back", "client_request_id": None, "status": "refund", "charged": -row.refund,
        "error_status": None, "error_code": None, "error_type": None,
        "used_at": _START + timedelta(seconds=row.second + 60),
        "tags": f'{{"of_request":"{row.id}"}}' if names_it else None,
    }  # fmt: skip


def confusion(ledger: Ledger, rows: Sequence[Row], rules: Sequence[str], per_mille: int) -> Confusion:
    """Plant mistakes, audit the month, and put the ledger back as it was."""
    planted = list(plant(rows, rules, per_mille))
    ledger.connection.begin()
    try:
        _charge(ledger, planted)
        rating = lay_rates(ledger, a_catalog())
        told = audit_rated(rating)
        found = rating.query("audited", "attributed").select(["request_id", "verdict", "cause"]).to_pylist()
    finally:
        ledger.connection.rollback()
    result = Confusion(ties_told=sum(finding.ties for finding in told.findings))
    result.add(planted, {row["request_id"]: str(row["cause"]) for row in found if row["verdict"] in _ACCUSED})
    return result


def _charge(ledger: Ledger, planted: Sequence[Planted]) -> None:
    ledger.connection.execute("CREATE OR REPLACE TEMP TABLE planted (request_id VARCHAR, charged BIGINT, unit VARCHAR)")
    ledger.append("planted", [
        {"request_id": each.row.id, "charged": each.row.charged, "unit": each.row.sold.unit}
        for each in planted if not each.is_new
    ])  # fmt: skip
    ledger.change(
        "UPDATE usage_records SET charged = p.charged, unit = p.unit FROM planted AS p "
        "WHERE p.request_id = usage_records.request_id"
    )
    ledger.append("usage_records", [_record(each.row) for each in planted if each.is_new])
    ledger.change("UPDATE usage_records SET id_hash = hash(request_id) WHERE id_hash = 0")


def report(requests: int) -> Iterator[str]:
    """Yield the tables: of each rate of mistakes, and of all of them together."""
    whole, lines = Confusion(), []
    with a_month(requests) as (ledger, rows):
        for rules in (*((rule,) for rule in RULES), *TOGETHER):
            for per_mille in PER_MILLE:
                found = confusion(ledger, rows, rules, per_mille)
                say(f"{', '.join(rules)} at {per_mille / 10} %: {'right' if found.is_right else found}")
                whole.include(found)
                lines.append(_line(rules, per_mille, found))
    yield from table(("planted", "of 1,000", "rows", "right", "wrong", "ties", "missed", "accused"), lines)
    yield from _matrix(whole)


def _line(rules: Sequence[str], per_mille: int, found: Confusion) -> tuple[str, ...]:
    told, wrong, ties = found.told.total(), found.wrong.total(), found.tied.total()
    counts = (told + ties + found.missed, told - wrong, wrong, ties, found.missed, found.accused)
    return ", ".join(rules), str(per_mille), *(f"{number:,}" for number in counts)


def _matrix(whole: Confusion) -> Iterator[str]:
    """Yield a row per mistake planted and cause told."""
    pairs = sorted({*whole.told, *whole.tied}, key=lambda pair: (RULES.index(pair[0]), pair[0] != pair[1], pair[1]))
    yield from table(
        ("planted", "told", "rows", "ties"),
        [(rule, told, f"{whole.told[rule, told]:,}", f"{whole.tied[rule, told]:,}") for rule, told in pairs],
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of the month (%(default)s)")
    for line in report(parser.parse_args().requests):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
