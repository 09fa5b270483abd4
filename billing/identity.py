"""Which records are the same request: settled in SQL, the same whatever came first.

Of all that is told of one id the ledger keeps one record. The others are duplicates (the same content), superseded (an
earlier snapshot of it, or one that tells less) or conflicts (other money, other usage), and conflicts are kept to show.
"""

from collections import Counter
from dataclasses import dataclass

from billing.ledger import Ledger
from billing.queries import chain, statement


@dataclass(frozen=True, slots=True)
class Settled:
    """How many of the staged records are what, and the ids that seem to stand for several requests each."""

    imported: int
    duplicate: int
    superseded: int
    conflict: int
    reused_ids: tuple[str, ...]


def unsettle(ledger: Ledger, file_id: int) -> int:
    """Move records that a load brought into the ledger back to the stage if others claim their id; return how many."""
    ledger.keep("disputed", statement("disputed"), {"file_id": file_id})
    ((moved,),) = ledger.connection.execute(statement("stage_disputed"), {"file_id": file_id}).fetchall()
    if moved:
        ledger.connection.execute(statement("delete_disputed"), {"file_id": file_id})
    return int(moved)


def settle(ledger: Ledger) -> Settled:
    """Move the staged records into the ledger, each id once. To be called inside a transaction."""
    run = ledger.connection.execute
    ledger.keep("named", chain("named"))
    ledger.keep("contested", chain("contested"))
    ((uncontested,),) = run(statement("insert_uncontested")).fetchall()
    if ledger.rows("SELECT COUNT(*) FROM contested") == [(0,)]:
        return Settled(int(uncontested), 0, 0, 0, ())
    ledger.keep("judged", chain("ranked", "judged"))
    run(statement("insert_conflicts"))
    run(statement("delete_replaced"))
    run(statement("insert_winners"))
    number = Counter(dict(ledger.rows("SELECT verdict, COUNT(*) FROM judged WHERE is_new GROUP BY verdict")))
    reused = ledger.rows(statement("reused_ids"))
    return Settled(
        uncontested + number["imported"], number["duplicate"], number["superseded"], number["conflict"],
        tuple(name for (name,) in reused),
    )  # fmt: skip
