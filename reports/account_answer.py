"""The answer about accounts in plain sentences: what is missing between readings, and what is in no sum."""

from collections.abc import Sequence
from decimal import Decimal

from billing.accounting.balance_sheet import BalanceSheet, Window
from reports.figures import count, exactly
from reports.words import minute


def account_answer(sheets: Sequence[BalanceSheet]) -> str:
    """Return a few sentences on each account."""
    if not sheets:
        return "The ledger has no top-ups and no balances; import them, or note one with `tallystick top-up`."
    return "\n".join(" ".join([_answer(sheet), *_beside(sheet)]) for sheet in sheets)


def _answer(sheet: BalanceSheet) -> str:
    compared = [window for window in sheet.windows if window.opening is not None and window.reported_at]
    if not compared:
        return f"{sheet.provider}: {_why_not(sheet)}."
    gaps = [window for window in compared if window.has_gap]
    if gaps:
        return " ".join([f"{sheet.provider}:", *(_gap(window, sheet.unit) for window in gaps[:3]), *_more(len(gaps))])
    unsure = sum(1 for window in compared if window.gap != 0)
    if unsure:
        return (
            f"{sheet.provider}: nothing is surely missing between {count(len(compared) + 1, 'reading')}; in "
            f"{count(unsure, 'window')} what has no price, or may be rounded, could explain the difference."
        )
    return f"{sheet.provider}: no credits are missing between {count(len(compared) + 1, 'reading')} of the balance."


def _why_not(sheet: BalanceSheet) -> str:
    """Say why no two readings could be compared."""
    if not sheet.readings:
        return "no reading of the balance is known, so nothing tells whether any is missing; import some"
    first, last = minute(sheet.first_read_at), minute(sheet.last_read_at)
    if sheet.readings == 1:
        return f"the balance is read once, at {first}; it takes two readings to tell whether any is missing"
    here = [minute(window.reported_at) for window in sheet.windows if window.reported_at]
    what = f"only that at {here[0]} is in this time, and none is before it" if here else "none is in this time"
    return f"of {count(sheet.readings, 'reading')} of the balance, from {first} to {last}, {what}"


def _gap(window: Window, unit: str) -> str:
    low, high = window.gap_between.low, window.gap_between.high
    when = f"between {minute(window.start)} and {minute(window.end)}"
    if window.gap is not None:
        return f"{exactly(abs(window.gap), unit)} {'are missing' if window.gap > 0 else 'are too many'} {when}."
    if low is not None and low > 0:
        return f"At least {exactly(low, unit)} are missing {when}."
    return f"At least {exactly(abs(high or Decimal(0)), unit)} are too many {when}."


def _more(number: int) -> list[str]:
    shown = 3
    return [f"So it is in {count(number - shown, 'more window')}."] if number > shown else []


def _beside(sheet: BalanceSheet) -> list[str]:
    told = []
    if sheet.overdraft:
        told.append(f"{exactly(sheet.overdraft, sheet.unit)} were charged beyond all lots.")
    if unpriced := sum(window.metered.unpriced for window in sheet.windows):
        told.append(f"{count(unpriced, 'request')} without a charge can't be priced in full.")
    if sheet.untimed:
        told.append(f"{count(sheet.untimed, 'record')} without a time are in no window.")
    if sheet.other_units:
        told.append(f"{count(sheet.other_units, 'record')} in another unit are in no window.")
    return told
