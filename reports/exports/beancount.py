"""The accounts as a file for Beancount: each grant a lot with its cost, each use taken from the lot that paid for it.

A lot is named in every posting, so that Beancount books as the order of burning down says, whatever its own method is.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from billing.accounting.account_book import AccountBook, Posting
from billing.accounting.grants import Lot
from billing.accounting.movements import Cause
from pricing.amounts import EXACT, digits, from_pico, times, total
from reports.exports.focus import Account

#: Beancount calculates with so many digits, and rounds beyond them.
_DIGITS: Final = 28
_LONGEST: Final = 20
_USD: Final = "USD"
_EXPENSES: Final[Mapping[Cause, str]] = {
    Cause.USED: "Expenses:Usage", Cause.REFUNDED: "Expenses:Refunds", Cause.EXPIRED: "Expenses:Breakage",
    Cause.TAKEN: "Expenses:Missing", Cause.READ: "Expenses:Missing",
}  # fmt: skip
_SAID: Final[Mapping[Cause, str]] = {
    Cause.USED: "Credits used", Cause.REFUNDED: "Credits given back", Cause.EXPIRED: "Credits that expired unused",
    Cause.TAKEN: "Credits taken away", Cause.READ: "Credits missing by the balance",
}  # fmt: skip
_HEADER: Final = 'option "title" "Prepaid credits"\noption "operating_currency" "USD"\n'


@dataclass(slots=True)
class _Names:
    """Names as Beancount takes them: what had to be changed is told from others by a digest."""

    taken: dict[str, str] = field(default_factory=dict)

    def component(self, name: str) -> str:
        """Return a part of an account's name."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].strip("-")
        told = plain[:1].upper() + plain[1:] if plain else "Unnamed"
        return told if self.taken.setdefault(told, name) == name else f"{told}-{_digest(name)}"

    def commodity(self, provider: str) -> str:
        """Return the name of a provider's credits."""
        plain = re.sub(r"[^A-Z0-9]+", "-", provider.upper()).strip("-")[:_LONGEST].strip("-") or "UNNAMED"
        told = f"C-{plain}"
        is_own = self.taken.setdefault(told, provider) == provider
        return told if is_own else f"C-{plain[:10].strip('-')}-{_digest(provider).upper()}"


@dataclass(slots=True)
class _Writer:
    """The directives of a file; accounts are opened on the first day that they are used."""

    names: _Names = field(default_factory=_Names)
    opened: dict[str, tuple[date, str]] = field(default_factory=dict)
    lines: list[tuple[date, int, str]] = field(default_factory=list)

    def account(self, name: str, day: date, more: str = "") -> str:
        """Return the name of an account that is open from that day on."""
        before, _ = self.opened.get(name, (day, more))
        self.opened[name] = min(before, day), more
        return name

    def text(self) -> str:
        """Return the file."""
        opens = [f"{day} open {name}{more}\n" for name, (day, more) in sorted(self.opened.items())]
        told = [line for _, _, line in sorted(self.lines, key=lambda each: each[:2])]
        return "\n".join([_HEADER, "".join(opens), *told])


def beancount_text(accounts: Sequence[Account]) -> str:
    """Return the file. Lots of unknown cost are not in it: what was used of them is owed at the card's value."""
    writer = _Writer()
    for account in accounts:
        _write_account(writer, account)
    return writer.text()


def quoted(text: str) -> str:
    r"""Return a text as a string of Beancount; what can't be printed is written out.

    >>> print(quoted('a "b" \\ \x1b'))
    "a \"b\" \\ \\x1b"
    """
    shown = "".join(each if _is_plain(each) else repr(each)[1:-1] for each in text)
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_plain(letter: str) -> bool:
    return letter == " " or unicodedata.category(letter)[0] not in "CZ"


def _write_account(writer: _Writer, account: Account) -> None:
    book = account.book
    name, commodity = writer.names.component(book.provider), writer.names.commodity(book.provider)
    prepaid = f"Assets:Prepaid:{name}"
    for lots in _purchases(book):
        day = lots[0].at.date()
        writer.account(prepaid, day, f' {commodity} "FIFO"')
        writer.lines.append((day, 0, _granted(writer, account, prepaid, commodity, lots)))
    for (day, order, cause, serial), own in sorted(_grouped(book).items()):
        lot = book.lots[serial] if serial >= 0 else None
        legs = _expenses(writer, own, name, day)
        told = list(_covered(legs, lot, prepaid, commodity) if lot else _owed(writer, legs, name, day))
        if told:
            head = f"{day} * {quoted(account.name)} {quoted(_SAID[cause])}\n"
            writer.lines.append((day, order, head + "".join(told)))
    if prepaid in writer.opened and book.postings:
        _assert_balance(writer, book, prepaid, commodity)


def _is_priced(lot: Lot) -> bool:
    return lot.cost is not None and lot.currency is not None


def _grouped(book: AccountBook) -> dict[tuple[date, int, Cause, int], list[Posting]]:
    """Return what left lots and came back, by day, cause and lot; what comes back first: no lot is overdrawn."""
    found: dict[tuple[date, int, Cause, int], list[Posting]] = {}
    for posting in book.postings:
        if posting.cause is Cause.GRANTED or (not posting.amount and not posting.cost):
            continue
        lot = posting.lot if posting.lot and _is_priced(posting.lot) else None
        day = posting.at.date() if lot is None else max(posting.at.date(), lot.at.date())
        key = day, 1 if posting.amount < 0 else 2, posting.cause, -1 if lot is None else lot.serial
        found.setdefault(key, []).append(posting)
    return found


def _purchases(book: AccountBook) -> list[list[Lot]]:
    """Return the lots that came in, those of one instant and currency together: what is bought pays for its bonus."""
    found: dict[tuple[datetime, str], list[Lot]] = {}
    for posting in book.postings:
        lot = posting.lot
        if posting.cause is Cause.GRANTED and lot and lot.currency and _is_priced(lot):
            found.setdefault((lot.at, lot.currency), []).append(lot)
    return list(found.values())


def _granted(writer: _Writer, account: Account, prepaid: str, commodity: str, lots: Sequence[Lot]) -> str:
    day, currency = lots[0].at.date(), lots[0].currency
    paid = total(from_pico(lot.cost or 0) for lot in lots)
    rest = EXACT.subtract(paid, total(times(unit_cost(lot), from_pico(lot.granted)) for lot in lots))
    source = "Assets:Cash" if paid else "Income:Bonus"
    kinds = " and ".join(dict.fromkeys(lot.kind.value for lot in lots))
    told = [f"{day} * {quoted(account.name)} {quoted(f'Credits: {kinds}')}\n"]
    told += [f"  {prepaid}  {digits(from_pico(lot.granted))} {commodity} {_spec(lot)}\n" for lot in lots]
    told += [f"  {writer.account(source, day)}  {digits(EXACT.minus(paid))} {currency}\n"]
    if rest:
        told.append(f"  {writer.account('Expenses:Rounding', day)}  {digits(rest)} {currency}\n")
    return "".join(told)


def unit_cost(lot: Lot) -> Decimal:
    """Return what a credit of a lot costs, cut to the digits with which Beancount calculates exactly."""
    places = max(0, _DIGITS - len(str(lot.granted)))
    exact = Decimal(lot.cost or 0) / Decimal(lot.granted)
    return Decimal(0) if not exact else exact.quantize(Decimal(1).scaleb(max(exact.adjusted() - places + 1, -places)))


def _spec(lot: Lot) -> str:
    return f'{{{digits(unit_cost(lot))} {lot.currency}, {lot.at.date()}, "lot-{lot.serial}"}}'


def _covered(legs: Sequence["_Leg"], lot: Lot, prepaid: str, commodity: str) -> Iterator[str]:
    """Yield what a lot paid for, at its cost."""
    if amount := total(leg.amount for leg in legs):
        yield f"  {prepaid}  {digits(EXACT.minus(amount))} {commodity} {_spec(lot)}\n"
        for leg in legs:
            yield f"  {leg.account}  {digits(times(leg.amount, unit_cost(lot)))} {lot.currency}\n{leg.meta}"


def _owed(writer: _Writer, legs: Sequence["_Leg"], name: str, day: date) -> Iterator[str]:
    """Yield what no grant covers, at the card's value; what has none is in no entry."""
    priced = [leg for leg in legs if leg.value]
    for leg in priced:
        yield f"  {leg.account}  {digits(leg.value)} {_USD}\n{leg.meta}"
    if priced:
        owed = EXACT.minus(total(leg.value for leg in priced))
        yield f"  {writer.account(f'Liabilities:Payable:{name}', day)}  {digits(owed)} {_USD}\n"


def _value(posting: Posting) -> int:
    return posting.use.usd_per_unit or 0 if posting.use else 0


@dataclass(frozen=True, slots=True)
class _Leg:
    """What went to one expense account: in credits, and in dollars by the card's value where it has one."""

    account: str
    meta: str
    amount: Decimal
    value: Decimal


def _expenses(writer: _Writer, postings: Iterable[Posting], name: str, day: date) -> list[_Leg]:
    """Return the expenses of postings, by SKU and project, with their full names."""
    groups: dict[tuple[str, str, str], list[Posting]] = {}
    for each in postings:
        sku = each.use.sku if each.use else ""
        project = (each.use.project or "") if each.use else ""
        groups.setdefault((_EXPENSES[each.cause], sku, project), []).append(each)
    return [_leg(writer, key, parts, name, day) for key, parts in sorted(groups.items()) if _sum(parts)]


def _leg(writer: _Writer, key: tuple[str, str, str], parts: Sequence[Posting], name: str, day: date) -> _Leg:
    root, sku, project = key
    told = [("sku", sku), ("project", project)]
    account = ":".join([root, name, *(writer.names.component(value) for _, value in told if value)])
    meta = "".join(f"    {label}: {quoted(value)}\n" for label, value in told if value)
    value = total(times(from_pico(each.amount), from_pico(_value(each))) for each in parts)
    return _Leg(writer.account(account, day), meta, from_pico(_sum(parts)), value)


def _sum(parts: Iterable[Posting]) -> int:
    return sum(each.amount for each in parts)


def _assert_balance(writer: _Writer, book: AccountBook, prepaid: str, commodity: str) -> None:
    """Say what is left of the lots: Beancount refuses the file unless the entries come to the same."""
    last = max(each[0] for each in writer.lines) + timedelta(days=1)
    left = sum(lot.remaining for lot in book.lots if _is_priced(lot))
    writer.lines.append((last, 3, f"{last} balance {prepaid}  {digits(from_pico(left))} ~ 0 {commodity}\n"))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
