"""Which requests tell of the rates of one SKU: its names, its unit, and what is left out with the reason."""

from collections.abc import Iterable, Mapping, Sequence

from billing.inferring.evidence import Evidence, set_aside
from billing.ledger import Ledger
from billing.queries import chain, statement
from billing.rating import Selection
from pricing.amounts import PICO_DIGITS
from pricing.catalog import Catalog
from pricing.errors import UnknownNameError, nearest

#: A step is taken for that of the rule if so many in a hundred charges are multiples of it: faults may be none.
_MULTIPLES = 95


def names_of(ledger: Ledger, catalog: Catalog, provider: str, sku: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the id of a SKU and the names under which the ledger may hold it; of None, all names that it holds.

    Raise UnknownNameError if the ledger holds no request for it.
    """
    held: dict[str, set[str]] = {}
    for seller, name in ledger.rows(chain("held_names")):
        held.setdefault(seller, set()).add(name)
    if provider not in held:
        raise UnknownNameError(f"the ledger holds no request of provider {provider!r}{_nearest(provider, held)}")
    if sku is None:
        return "", tuple(sorted(held[provider]))
    known = catalog.sku_names(provider) if provider in catalog.providers else {}
    sku_id = known.get(sku, sku)
    names = tuple(sorted({sku, sku_id} | {name for name, other in known.items() if other == sku_id}))
    if not held[provider] & set(names):
        raise UnknownNameError(f"the ledger holds no request for {sku!r} of {provider}{_nearest(sku, held[provider])}")
    return sku_id, names


def lay_sold(
    ledger: Ledger, selection: Selection, names: Sequence[str], service_tier: str
) -> tuple[str, dict[str, int]]:
    """Lay the requests for a SKU into a table `sold`; return its unit, and by reason how many tell nothing."""
    ledger.connection.execute(statement("sku_names"))
    ledger.append("sku_names", [{"name": name} for name in names])
    set_aside(ledger, ())
    ledger.keep("sold", chain("sold"), selection.parameters() | {"service_tier": service_tier})
    unit, excluded = "", dict[str, int]()
    for counted_in, reason, requests in ledger.rows(chain("sold_sums")):
        if reason is None and not unit:
            unit = counted_in
        else:
            why = reason or "other_unit"
            excluded[why] = excluded.get(why, 0) + requests
    return unit, excluded


def steps_of(evidence: Evidence) -> tuple[int, ...]:
    """Return the coarsest power of ten that all charges are multiples of, and then that of nearly all if it is another.

    Steps are of at most one unit, in pico-units; charges of nothing leave any.
    """
    zeros = evidence.zeros()
    every = int(10 ** min(min(zeros, default=PICO_DIGITS), PICO_DIGITS))
    return tuple(dict.fromkeys((every, _of_most(zeros))))


def _of_most(zeros: Mapping[int, int]) -> int:
    total, multiples = sum(zeros.values()), 0
    for digits in sorted(zeros, reverse=True):
        multiples += zeros[digits]
        if 100 * multiples >= _MULTIPLES * total:
            return int(10 ** min(digits, PICO_DIGITS))
    return int(10**PICO_DIGITS)


def too_few(what: str, excluded: Mapping[str, int]) -> str:
    """Return in words that there is too little to go by, and why."""
    why = ", ".join(f"{count:,} {reason}" for reason, count in excluded.items())
    told = f" (of no use: {why})" if why else ""
    return f"{what}: too few charges to infer anything from{told}; import more of its log"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; it holds: {near}" if near else "; `tallystick import PATH` reads your logs"
