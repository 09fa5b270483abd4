"""Records of an account: top-ups and other entries, and balances as they were read.

The same columns as CSV or as JSON lines. A column that is not known here is refused, for it might change what a record
means: each record that says something in it is rejected under its name.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from billing.importing.formats.answers import one_each
from billing.importing.formats.cells import Notation
from billing.importing.formats.fields import BadFieldError, Json, clean, field_name
from billing.importing.formats.pieces import Item, Piece
from billing.importing.formats.shape import Shape
from billing.records import AccountEntry, BalanceReading, EntryKind, Outcome, Reading
from pricing.amounts import to_pico

CREDIT, USD = "credit", "USD"
_UNITS = {"credit": CREDIT, "credits": CREDIT, "usd": USD}
_CURRENCY = re.compile(r"[A-Z]{3}")
#: More than any account holds, and in pico-units far from the end of DECIMAL(38,0).
MOST_CREDITS = 10**15

_OF_TOP_UPS = frozenset({"at", "credits"})
_OF_BALANCES = frozenset({"at", "balance"})
_WHOSE = frozenset({"provider"})
_TOP_UP_COLUMNS = _OF_TOP_UPS | _WHOSE | {"kind", "paid", "currency", "bonus", "expires_at", "unit", "id"}
_BALANCE_COLUMNS = _OF_BALANCES | _WHOSE | {"unit"}


def _claims_top_ups(value: Json) -> bool:
    return value.keys() >= _OF_TOP_UPS and bool(value.keys() & {"provider", "paid", "bonus", "kind"})


def _claims_balances(value: Json) -> bool:
    return value.keys() >= _OF_BALANCES and bool(value.keys() & {"provider", "unit"})


def _read_top_ups(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    return one_each(pieces, reading, _entry)


def _read_balances(pieces: Iterator[Piece], reading: Reading) -> Iterator[Outcome]:
    return one_each(pieces, reading, _balance)


TOP_UPS = Shape("top_ups", _claims_top_ups, _read_top_ups)
BALANCES = Shape("balances", _claims_balances, _read_balances)


def exact_amount(number: object, field: str) -> Decimal | None:
    """Return an amount of either sign of an account, None where none is said."""
    if number is None:
        return None
    told = Decimal(number) if type(number) is int else number
    if not isinstance(told, Decimal):
        raise BadFieldError("bad_amount", field)
    # The exponent is looked at first: 1e999999999 must not be written out.
    if told and (told.adjusted() > len(str(MOST_CREDITS)) or abs(told) > MOST_CREDITS):
        raise BadFieldError("amount_out_of_range", field)
    try:
        to_pico(told)
    except ValueError:
        raise BadFieldError("amount_out_of_range", field) from None
    return told


def unit_of(told: object, field: str) -> str:
    """Return what an account is counted in: credits, unless it says dollars."""
    if told is None:
        return CREDIT
    unit = _UNITS.get(told.lower()) if isinstance(told, str) else None
    if unit is None:
        raise BadFieldError("unknown_unit", field)
    return unit


class _Row:
    """A record by the names of its columns."""

    def __init__(self, item: Item, reading: Reading, known: frozenset[str]) -> None:
        self.value = item.value
        self.cells = Notation(zone=reading.zone)
        for name in item.value.keys() - known:
            if self.cells.said(item.value[name]) is not None:
                raise BadFieldError("unknown_field", field_name(name))
        provider = reading.provider or self.text("provider")
        if provider is None:
            raise BadFieldError("no_provider", "provider")
        self.provider = provider

    def text(self, field: str) -> str | None:
        return self.cells.text(self.value.get(field), field)

    def amount(self, field: str) -> Decimal | None:
        return exact_amount(self.cells.number(self.value.get(field), field), field)

    def positive(self, field: str) -> Decimal | None:
        found = self.amount(field)
        if found is not None and found < 0:
            raise BadFieldError("negative_amount", field)
        return found

    def at(self) -> datetime:
        at = self.cells.at(self.value.get("at"), "at")
        if at is None:
            raise BadFieldError("no_time", "at")
        return at

    def unit(self) -> str:
        return unit_of(self.cells.said(self.value.get("unit")), "unit")


def _entry(item: Item, reading: Reading) -> AccountEntry:
    row = _Row(item, reading, _TOP_UP_COLUMNS)
    kind = _kind(row)
    at, expires_at = row.at(), row.cells.at(row.value.get("expires_at"), "expires_at")
    if expires_at is not None and expires_at <= at:
        raise BadFieldError("expires_too_early", "expires_at")
    paid, currency = _paid(row)
    credit = row.amount("credits") if kind is EntryKind.ADJUSTMENT else row.positive("credits")
    if credit is None:
        raise BadFieldError("no_amount", "credits")
    bonus = row.positive("bonus") or Decimal(0)
    if not credit and not bonus:
        raise BadFieldError("no_amount", "credits")
    if kind is not EntryKind.TOP_UP:
        _check_alone(bonus=bonus or None, paid=paid, expires_at=expires_at)
    return AccountEntry(
        line=item.line, provider=row.provider, at=at, credits=credit, unit=row.unit(), kind=kind, bonus=bonus,
        paid=paid, currency=currency, expires_at=expires_at, entry_id=row.text("id") or "",
    )  # fmt: skip


def _balance(item: Item, reading: Reading) -> BalanceReading:
    row = _Row(item, reading, _BALANCE_COLUMNS)
    balance = row.amount("balance")
    if balance is None:
        raise BadFieldError("no_balance", "balance")
    return BalanceReading(item.line, row.provider, row.at(), balance, row.unit())


def _kind(row: _Row) -> EntryKind:
    told = row.text("kind")
    if told is not None and told not in set(EntryKind):
        raise BadFieldError("unknown_kind", "kind")
    return EntryKind(told or EntryKind.TOP_UP)


def _paid(row: _Row) -> tuple[Decimal | None, str | None]:
    """Return what was paid and in which currency."""
    paid, currency = row.positive("paid"), row.text("currency")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise BadFieldError("unknown_currency", "currency")
    if paid is not None and currency is None:
        raise BadFieldError("no_currency", "currency")
    return paid, clean(currency, "currency") if currency and paid is not None else None


def _check_alone(**said: object) -> None:
    """Refuse what only a top-up has: a price, a bonus, an end."""
    for field, value in said.items():
        if value is not None:
            raise BadFieldError("only_for_top_up", field)
