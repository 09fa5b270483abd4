"""A journal in double entry: each entry adds up to nothing, to the last digit.

Money is in the currency that was paid; a line's `credits` say how many of the account's units moved with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from reports.exports.columns import AMOUNT, PRODUCT
from reports.exports.files import ExportError
from reports.exports.focus import Account, decimal_of
from reports.exports.focus_rows import Key, Sums, month_of

if TYPE_CHECKING:
    from datetime import date

_COLUMNS: Final[Mapping[str, pa.DataType]] = {
    "entry": pa.string(), "date": pa.date32(), "month": pa.string(), "account": pa.string(), "amount": PRODUCT,
    "currency": pa.string(), "provider": pa.string(), "sku": pa.string(), "project": pa.string(), "credits": AMOUNT,
    "memo": pa.string(),
}  # fmt: skip
JOURNAL: Final = pa.schema(_COLUMNS)

_ACCOUNTS: Final[Mapping[str, str]] = {
    "usage": "expenses:usage", "at_least": "expenses:usage", "carried": "expenses:usage",
    "rounding": "expenses:rounding", "variance": "expenses:variance", "refund": "expenses:refunds",
    "expired": "expenses:breakage", "missing": "expenses:missing", "top_up": "assets:cash", "bonus": "income:bonus",
    "adjustment": "income:adjustments",
}  # fmt: skip
_MEMOS: Final[Mapping[str, str]] = {
    "use": "credits used", "refund": "credits given back", "expired": "credits that expired unused",
    "missing": "credits that are missing by the balance", "top_up": "credits bought", "bonus": "bonus credits",
    "adjustment": "credits the vendor added",
}  # fmt: skip
_USE: Final = frozenset({"usage", "at_least", "carried", "rounding", "variance"})


@dataclass(frozen=True, slots=True)
class _Line:
    account: str
    sku: str | None
    project: str | None


def journal_table(accounts: Iterable[Account]) -> pa.Table:
    """Return the lines of all entries, by provider and day. Raise ExportError if an entry does not balance."""
    rows = [row for account in accounts for row in _rows(account)]
    sums: dict[object, object] = {}
    for row in rows:
        sums[row["entry"], row["currency"]] = sums.get((row["entry"], row["currency"]), 0) + row["amount"]  # type: ignore[operator]  # decimals
    if unbalanced := [entry for entry, amount in sums.items() if amount]:
        raise ExportError(f"{len(unbalanced)} entries do not balance; nothing was written: please report this")
    return pa.Table.from_pylist(rows, schema=JOURNAL)


def _rows(account: Account) -> Iterator[dict[str, object]]:
    entries: dict[tuple[date, str, str, str], dict[_Line, list[int]]] = {}
    for key, sums in account.charges.found.items():
        what = "use" if key.kind in _USE else key.kind
        lines = entries.setdefault((key.day, what, key.basis, key.currency), {})
        cost, moved = _moved(key, sums)
        _add(lines, _Line(_ACCOUNTS[key.kind], key.sku, key.project), cost, 0)
        _add(lines, _counter(account, key), -cost, -moved)
    for (day, what, basis, currency), lines in sorted(entries.items()):
        entry = f"{account.book.provider} {day} {what} {basis} {currency}"
        for line, (cost, moved) in sorted(lines.items(), key=lambda each: _order(each[0])):
            yield {
                "entry": entry, "date": day, "month": f"{month_of(day):%Y-%m}", "account": line.account,
                "amount": decimal_of(cost, 24), "currency": currency, "provider": account.book.provider,
                "sku": line.sku, "project": line.project, "credits": decimal_of(moved, 12) if moved else None,
                "memo": _MEMOS[what],
            }  # fmt: skip


def _moved(key: Key, sums: Sums) -> tuple[int, int]:
    """Return what goes to the other account, and the credits that leave the asset."""
    if key.category in ("Purchase", "Credit"):
        return -sums.billed, -sums.quantity
    return sums.effective, sums.credits


def _counter(account: Account, key: Key) -> _Line:
    name = "assets:prepaid" if key.basis == "grant" else "liabilities:payable"
    return _Line(f"{name}:{account.book.provider}", None, None)


def _add(lines: dict[_Line, list[int]], line: _Line, cost: int, moved: int) -> None:
    sums = lines.setdefault(line, [0, 0])
    sums[0] += cost
    sums[1] += moved


def _order(line: _Line) -> tuple[str, str, str]:
    return line.account, line.sku or "", line.project or ""
