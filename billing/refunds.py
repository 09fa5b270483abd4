"""Refunds beside the charges that they give back, and calls that were charged more than once.

What is known of single requests that way is laid into sql/remarks.sql, which every query of the audit reads. A charge
stays what it was: what was given back of it stands beside it and is never netted in silence.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing.engine import Engine
from billing.queries import statement

#: The charges for one call are at most so far apart; sql/repeated.sql says so too.
_HOUR = timedelta(hours=1)

_Key = tuple[str, str, int]
"""Provider, id and the id's hash."""


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Money given back that no charge in the ledger is left for: a request that is not here, or refunded already."""

    unit: str
    used_at: datetime | None
    amount: int
    """Pico-units."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a refund gives back of a charge, in pico-units, after refunds before it gave back so much."""

    refund: int
    """Its number in sql/refunds.sql."""
    key: _Key
    amount: int
    before: int


def lay_remarks(ledger: Engine, parameters: Mapping[str, object]) -> tuple[Unclaimed, ...]:
    """Note which requests are charged for a call that was charged before, and what refunds give back of each charge.

    `parameters` are those of sql/selected.sql. Return what is left of the refunds of that provider, of any time.
    """
    start, end = parameters["from_at"], parameters["to_at"]
    around = {
        "hour_before": start - _HOUR if isinstance(start, datetime) else None,
        "hour_after": end + _HOUR if isinstance(end, datetime) else None,
    }
    repeated: set[_Key] = set(ledger.rows(statement("repeated"), {**parameters, **around}))
    ledger.keep_few("refunds", statement("refunds"), parameters)
    refunds, matches = match_refunds(ledger)
    given = {match.key: match.before + match.amount for match in matches}
    ledger.lay("remarks", [
        {"provider": key[0], "request_id": key[1], "id_hash": key[2], "is_repeat": key in repeated,
         "refunded": given.get(key, 0)}
        for key in sorted(repeated | given.keys())
    ])  # fmt: skip
    return tuple(Unclaimed(each["unit"], each["used_at"], each["amount"]) for each in refunds if each["amount"])


def match_refunds(ledger: Engine) -> tuple[list[dict[str, Any]], list[Match]]:
    """Return the refunds that were kept, with what is left of each in `amount`, and what they give back of charges."""
    refunds = ledger.arrow("SELECT * FROM refunds ORDER BY refund").to_pylist()
    charges = ledger.arrow(statement("refundable")).to_pylist() if refunds else []
    return refunds, list(_matched(refunds, charges))


def _matched(refunds: list[dict[str, Any]], charges: Iterable[Mapping[str, Any]]) -> Iterator[Match]:
    """Give each refund to the charges it may be for, in their order; what is left of it stays in `amount`.

    A refund that names its request may give back a part, or be one of several; one that does not is used for one charge
    that nothing was given back of.
    """
    left = {each["refund"]: each for each in refunds}
    given: dict[_Key, int] = {}
    for charge in charges:
        refund, key = left[charge["refund"]], (charge["provider"], charge["request_id"], charge["id_hash"])
        before = given.get(key, 0)
        back = min(refund["amount"], charge["charged"] - before)
        if back and (charge["is_named"] or back == charge["charged"]):
            given[key] = before + back
            refund["amount"] -= back
            yield Match(charge["refund"], key, back, before)
