"""An account's book as charges of FOCUS: what was bought, what was burnt down, what was rounded, what was given back.

Costs are whole units of 10^-24 of the billing currency here, so that credits times the value of one are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from billing.accounting.account_book import AccountBook, Posting, Use, shares
from billing.accounting.grants import LotKind
from billing.accounting.movements import Cause
from pricing.amounts import PICO_PER_UNIT

_USD = "USD"


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one charge from another; charges that are alike are one row."""

    category: str
    kind: str
    """usage, at_least, rounding, variance, carried, refund, expired, missing, top_up, bonus or adjustment."""
    basis: str
    """grant: what the credits cost; card: what the rate card says one is worth, for no grant covers them."""
    currency: str
    day: date
    charged_on: date
    """The day of what it corrects; else the same day."""
    sku: str | None = None
    meter: str | None = None
    rate: int | None = None
    usd_per_unit: int | None = None
    tier: str | None = None
    prompt_above: int | None = None
    from_us: int = 0
    reason: str | None = None
    project: str | None = None
    api_key_id: str | None = None
    tags: str | None = None
    serial: int = -1
    """Of what was bought: the lot's."""


@dataclass(slots=True)
class Sums:
    """The sums of a charge: `credits` in pico-units, costs in 10^-24."""

    quantity: int = 0
    """Tokens or calls; pico-units where credits themselves are what is sold."""
    consumed: int = 0
    requests: int = 0
    credits: int = 0
    billed: int = 0
    effective: int = 0
    listed: int = 0


@dataclass(slots=True)
class Charges:
    """The charges of an account by key, and what is in none of them because nobody knows what it cost."""

    found: dict[Key, Sums] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    """Requests, or grants, by reason."""
    left_out_credits: dict[datetime, int] = field(default_factory=dict)
    """Pico-units by month: used, but of unknown value."""

    def add(self, key: Key, **more: int) -> None:
        """Add to the charge of that key."""
        sums = self.found.setdefault(key, Sums())
        for name, amount in more.items():
            setattr(sums, name, getattr(sums, name) + amount)

    def leave_out(self, reason: str, count: int, month: datetime | None = None, used: int = 0) -> None:
        """Count what no charge is made of."""
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count
        if month and used:
            self.left_out_credits[month] = self.left_out_credits.get(month, 0) + used


def charges(book: AccountBook) -> Charges:
    """Return the charges of a book. Each posting is in them, or left out with a reason."""
    found = Charges()
    for posting in book.postings:
        if posting.use and posting.cause is Cause.USED:
            _add_used(found, posting, posting.use)
        elif posting.cause is Cause.GRANTED:
            _add_granted(found, posting)
        else:
            _add_moved(found, posting)
    return found


def month_of(day: date) -> datetime:
    """Return the first instant of the month of a day (UTC)."""
    return datetime(day.year, day.month, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Item:
    """A part of what requests took: metered at a rate, or what is left beside that."""

    kind: str
    credits: int
    meter: str | None = None
    count: int = 0
    rate: int | None = None


def _items(posting: Posting, use: Use) -> list[_Item]:
    """Split what was used into meters, rounding, variance and what lies in another posting: they add up to it."""
    if use.is_unknown:
        return [_Item("at_least", posting.amount)] if posting.amount else []
    if use.exact is None or use.owed is None:
        return [_Item("usage", posting.amount, count=posting.amount)] if posting.amount else []
    metered = [
        _Item("usage", count * use.rates[name], name, count, use.rates[name])
        for name, count in use.counts.items() if name in use.rates and (name != "requests" or use.rates[name])
    ]  # fmt: skip
    rest = {
        "rounding": use.owed - sum(item.credits for item in metered),
        "variance": use.amount - use.owed,
        "carried": posting.amount - use.amount,
    }
    return metered + [_Item(kind, amount) for kind, amount in rest.items() if amount]


def _add_used(found: Charges, posting: Posting, use: Use) -> None:
    month = month_of(use.day)
    if use.is_unknown:
        found.leave_out(use.reason or "incomplete", use.requests)
    basis = _basis(posting, use)
    if basis is None:
        if not use.is_unknown:
            found.leave_out("unit_value_unknown", use.requests)
        found.leave_out("unit_value_unknown", 0, month, posting.amount)
        return
    items = _items(posting, use)
    costs = _costs(posting, use, [item.credits for item in items])
    for number, (item, cost) in enumerate(zip(items, costs, strict=True)):
        key = Key(
            "Usage" if item.kind == "usage" else "Adjustment", item.kind, *basis, use.day, use.day, use.sku, item.meter,
            item.rate, use.usd_per_unit, use.service_tier, use.prompt_above, use.from_us, use.reason, use.project,
            use.api_key_id, use.tags,
        )  # fmt: skip
        found.add(
            key, quantity=item.count, consumed=item.count if item.meter else use.requests,
            requests=use.requests if number == 0 else 0, credits=item.credits, effective=cost,
            billed=cost if basis[0] == "card" else 0, listed=_listed(item.credits, use.usd_per_unit, cost),
        )  # fmt: skip


def _basis(posting: Posting, use: Use | None) -> tuple[str, str] | None:
    """Return what a posting is valued by, and in which currency; None if nobody knows its value."""
    if posting.cost is not None and posting.lot is not None and posting.lot.currency:
        return "grant", posting.lot.currency
    return None if use is None or use.usd_per_unit is None else ("card", _USD)


def _costs(posting: Posting, use: Use, amounts: Sequence[int]) -> list[int]:
    if posting.cost is not None and posting.lot is not None and posting.lot.currency:
        return [cost * PICO_PER_UNIT for cost in shares(posting.cost, amounts)]
    return [amount * (use.usd_per_unit or 0) for amount in amounts]


def _listed(amount: int, usd_per_unit: int | None, cost: int) -> int:
    """Return the cost at the card's value of the unit; where there is none, what it cost."""
    return cost if usd_per_unit is None else amount * usd_per_unit


def _add_granted(found: Charges, posting: Posting) -> None:
    lot, day = posting.lot, posting.at.date()
    if lot is None or lot.kind in (LotKind.OPENING, LotKind.FOUND):
        return
    if posting.cost is None or (posting.cost and not lot.currency):
        found.leave_out("price_of_grant_unknown", 1)
        return
    currency, billed = lot.currency or _USD, lot.billed * PICO_PER_UNIT
    if lot.kind is LotKind.REFUND:
        key = Key("Adjustment", "refund", "grant", currency, day, day)
        found.add(key, credits=-posting.amount)
        return
    category = "Purchase" if billed else "Credit"
    key = Key(category, "top_up" if lot.kind is LotKind.PAID else lot.kind.value, "grant", currency, day, day,
              serial=lot.serial)  # fmt: skip
    found.add(key, quantity=posting.amount, billed=billed, listed=billed)


def _add_moved(found: Charges, posting: Posting) -> None:
    """Add what was given back, has expired, or is missing."""
    day, use = posting.at.date(), posting.use
    basis = _basis(posting, use)
    kind = {Cause.REFUNDED: "refund", Cause.EXPIRED: "expired"}.get(posting.cause, "missing")
    if basis is None:
        back = posting.amount if kind == "refund" else 0
        found.leave_out(f"value_of_{kind}_unknown", 1, month_of(day), back)
        return
    cost = (posting.cost or 0) * PICO_PER_UNIT if basis[0] == "grant" else posting.amount * _value(use)
    if kind == "refund" and use is not None:
        key = Key("Usage", kind, *basis, day, use.day, use.sku, usd_per_unit=use.usd_per_unit,
                  project=use.project, api_key_id=use.api_key_id, tags=use.tags)  # fmt: skip
    else:
        key = Key("Adjustment", kind, *basis, day, day)
    found.add(
        key, quantity=posting.amount, credits=posting.amount, effective=cost, billed=cost if basis[0] == "card" else 0,
        listed=_listed(posting.amount, key.usd_per_unit, cost),
    )  # fmt: skip


def _value(use: Use | None) -> int:
    return 0 if use is None else use.usd_per_unit or 0
