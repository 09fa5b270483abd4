"""Which records are the same request: settled in SQL, the same whatever came first.

Of all that is told of one id the ledger keeps one record. The others are duplicates (the same content), superseded (an
earlier snapshot of it, or one that tells less) or conflicts (other money, other usage), and conflicts are kept to show.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from billing.ledger import Ledger
from billing.queries import chain, statement

#: How many records are compared at a time: some 100 MB.
_SLICE = 2_000_000
#: How many hashes there are.
_HASHES = 2**64


@dataclass(frozen=True, slots=True)
class Settled:
    """How many of a file's staged records are what, and the ids that seem to stand for several requests each."""

    imported: int = 0
    duplicate: int = 0
    superseded: int = 0
    conflict: int = 0
    reused_ids: tuple[str, ...] = ()

    def __add__(self, other: "Settled") -> "Settled":
        return Settled(
            self.imported + other.imported, self.duplicate + other.duplicate, self.superseded + other.superseded,
            self.conflict + other.conflict, self.reused_ids + other.reused_ids,
        )  # fmt: skip


def unsettle(ledger: Ledger, file_id: int, records: int) -> int:
    """Move of so many records that a load brought into the ledger those back to the stage whose id others claim.

    Return how many were moved.
    """
    ledger.keep("disputed", "SELECT CAST(0 AS UBIGINT) AS id_hash LIMIT 0")
    step = _HASHES // (1 + records // _SLICE)
    for first in range(0, _HASHES, step):
        last = min(first + step, _HASHES) - 1
        ledger.change(statement("disputed"), {"file_id": file_id, "first": first, "last": last})
    moved = ledger.change(statement("stage_disputed"), {"file_id": file_id})
    if moved:
        ledger.change(statement("delete_disputed"), {"file_id": file_id})
    return moved


def settle_alone(ledger: Ledger) -> defaultdict[int, Settled]:
    """Move the requests of sessions whose ids nobody else claims into the ledger, and the others to the stage.

    Tell of each file, by its number, what became of the former: of the tellings of one request the last word stays, the
    same once more is a duplicate, and the others are superseded, as `settle` would judge them.
    """
    ledger.keep("shared", chain("shared"))
    ledger.change(statement("stage_shared"))
    ledger.keep("alone", chain("alone"))
    ledger.change(statement("insert_alone"))
    found = {file_id: Settled(*counts) for file_id, *counts in ledger.rows(statement("settled_alone"))}
    return defaultdict(Settled, found)


def settle(ledger: Ledger) -> defaultdict[int, Settled]:
    """Move the staged records into the ledger, each id once, and tell of each file, by its number, what became of them.

    To be called inside a transaction.
    """
    if not ledger.rows("SELECT 1 FROM stage LIMIT 1"):  # as of clean logs; what follows goes by all of the ledger
        return defaultdict(Settled)
    ledger.change(statement("name_staged"))
    ledger.change(statement("hash_staged"))
    ledger.keep("told_again", chain("twice", "told_again"))
    ledger.change(statement("delete_told_again"))
    ledger.keep("contested", chain("twice", "contested"))
    ledger.keep("judged", chain("ranked", "judged"))
    for change in (
        "delete_contested", "insert_uncontested", "delete_conflicts", "insert_conflicts", "delete_replaced",
        "insert_winners",
    ):  # fmt: skip
        ledger.change(statement(change))
    files: defaultdict[int, Settled] = defaultdict(Settled)
    for file_id, verdict, records in ledger.rows(statement("settled")):
        now = getattr(files[file_id], verdict)
        files[file_id] = replace(files[file_id], **{verdict: now + records})
    for file_id, rows in groupby(ledger.rows(statement("reused_ids")), key=itemgetter(0)):
        files[file_id] = replace(files[file_id], reused_ids=tuple(request_id for _, request_id in rows))
    for table in ("stage", "told_again", "contested", "judged"):  # COMMIT would write anew what is left of them
        ledger.connection.execute(f"DROP TABLE {table}")
    return files
