"""Records of an account into the ledger: each once, whatever file tells it, and never changed afterwards."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from billing.ledger import Ledger
from billing.receipt import last_load, receipted
from billing.records import AccountEntry, AccountRecord, BalanceReading, Reading, Reject
from pricing.amounts import to_pico

_ENTRIES, _READINGS = "account_entries", "balance_snapshots"
#: What tells one record of a table from another; all else of an entry with the same id must be the same.
_KEYS: Mapping[str, tuple[str, ...]] = {
    _ENTRIES: ("provider", "entry_id"), _READINGS: ("provider", "unit", "read_at", "balance"),
}  # fmt: skip
_PLACE = ("file_id", "line")

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some records: new ones, those told before, and those whose id says something else already."""

    imported: int = 0
    duplicate: int = 0
    rejects: tuple[Reject, ...] = ()

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.imported + other.imported, self.duplicate + other.duplicate, (*self.rejects, *other.rejects))


def take(ledger: Ledger, records: Iterable[object], file_id: int) -> Taken:
    """Bring the records of an account among these into the ledger, as of that load. To be called in a transaction."""
    of_accounts = [each for each in records if isinstance(each, AccountRecord)]
    entries = [_entry_row(each, file_id) for each in of_accounts if isinstance(each, AccountEntry)]
    readings = [_reading_row(each, file_id) for each in of_accounts if isinstance(each, BalanceReading)]
    return _take(ledger, _ENTRIES, entries) + _take(ledger, _READINGS, readings)


def identified(entry: AccountEntry) -> AccountEntry:
    """Return an entry with the id that the ledger gives it: the vendor's, or one that its content tells."""
    return replace(entry, entry_id=str(_entry_row(entry, 0)["entry_id"]))


def add_by_hand(ledger: Ledger, entry: AccountEntry, loaded_at: datetime) -> Taken:
    """Bring one entry into the ledger that stands in no file: its load names the command and holds nothing else."""
    row = _entry_row(replace(entry, line=1), 0)
    digest = hashlib.sha256(repr(_content(row)).encode()).hexdigest()
    with receipted(ledger), ledger.transaction():
        file_id = last_load(ledger) + 1
        load = {
            "file_id": file_id, "loaded_at": loaded_at, "path": "tallystick top-up", "digest": digest,
            "bytes": 0, "shape": "top_ups", "reading": Reading().described(), "whole_bytes": 0, "whole_lines": 0,
            "continues": None, "records": 1, "superseded": 0, "conflict": 0, "ignored": 0,
        }  # fmt: skip
        found = _take(ledger, _ENTRIES, [row | {"file_id": file_id}])
        if not found.rejects:
            ledger.append("files", [load | {"imported": found.imported, "duplicate": found.duplicate, "rejected": 0}])
    return found


def _entry_row(entry: AccountEntry, file_id: int) -> Row:
    told = asdict(entry)
    row: Row = {name: told[name] for name in ("provider", "unit", "currency", "expires_at", "line")} | {
        "entry_id": entry.entry_id, "kind": entry.kind.value, "booked_at": entry.at, "credits": to_pico(entry.credits),
        "bonus": to_pico(entry.bonus), "paid": None if entry.paid is None else to_pico(entry.paid),
        "file_id": file_id,
    }  # fmt: skip
    if not entry.entry_id:
        digest = hashlib.sha256(repr(_content(row)).encode()).hexdigest()
        row["entry_id"] = f"content:{digest[:24]}"
    return row


def _reading_row(reading: BalanceReading, file_id: int) -> Row:
    return {
        "provider": reading.provider, "read_at": reading.at, "unit": reading.unit, "balance": to_pico(reading.balance),
        "file_id": file_id, "line": reading.line,
    }  # fmt: skip


def _take(ledger: Ledger, table: str, rows: Sequence[Row]) -> Taken:
    if not rows:
        return Taken()
    known = {_key(table, row): _content(row) for row in _alike(ledger, table, rows)}
    fresh, rejects = [], []
    for row in rows:
        key, content = _key(table, row), _content(row)
        if key not in known:
            known[key] = content
            fresh.append(row)
        elif known[key] != content:
            rejects.append(Reject(int(str(row["line"])), "id_taken", "id"))
    ledger.append(table, fresh)
    return Taken(len(fresh), len(rows) - len(fresh) - len(rejects), tuple(rejects))


def _alike(ledger: Ledger, table: str, rows: Sequence[Row]) -> list[Row]:
    """Return what the ledger holds under the keys of these rows."""
    ledger.keep("incoming_account", f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 - our own tables
    ledger.append("incoming_account", rows)
    keys = ", ".join(_KEYS[table])
    query = f"SELECT t.* FROM {table} AS t SEMI JOIN incoming_account USING ({keys})"  # noqa: S608 - the same
    found: list[Row] = ledger.arrow(query).to_pylist()
    return found


def _key(table: str, row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in _KEYS[table])


def _content(row: Row) -> tuple[tuple[str, object], ...]:
    """Return what a record says, wherever it stands."""
    return tuple(sorted((name, value) for name, value in row.items() if name not in _PLACE))
