"""The answer of an audit at a glance: one sentence per unit, its tiles, and what the sums leave out."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from billing.audit import Audit, Gap, UnitTotals
from reports import words
from reports.audit_figures import AuditFigures
from reports.figures import count, dollars, grouped, money, rounded, signed

WRONG = ("overcharged", "undercharged", "charged_failure")


@dataclass(frozen=True, slots=True)
class Answer:
    """One plain sentence: what was charged and what is due, the difference, and in how many requests."""

    statement: str
    difference: str
    where: str
    tone: str
    """`over`, `under` or `even`: how the difference is coloured beside its words."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its name and what belongs to it."""

    name: str
    figure: str
    exact: str
    notes: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class VerdictShare:
    """How many requests have a verdict; `permille` is for drawing only."""

    code: str
    name: str
    meaning: str
    requests: int
    permille: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is in no total, and the command that lists it."""

    text: str
    command: str = ""


def answers(audit: Audit, figures: AuditFigures) -> tuple[Answer, ...]:
    """Return one answer per unit in which something could be checked, the one with variance first."""
    checked = [total for total in ordered(audit) if total.checked]
    if checked:
        return tuple(_answer(audit, total, figures) for total in checked)
    if audit.is_empty:
        return (Answer(f"There is no request to check. {words.held(audit.held)}", "", "", "even"),)
    return (Answer("No request has both a charge and a price, so there is nothing to check.", "", "", "even"),)


def ordered(audit: Audit) -> list[UnitTotals]:
    """Return the totals with the largest variance first, and those in which nothing was checked last."""
    return sorted(audit.totals, key=lambda total: (not total.checked, -abs(total.usd or total.variance)))


def verdict_shares(audit: Audit) -> tuple[VerdictShare, ...]:
    """Return the verdicts that occur, in the order of the vocabulary."""
    total = sum(audit.verdicts.values())
    return tuple(
        VerdictShare(code, name, meaning, requests, requests * 1000 // total)
        for code, (name, meaning) in words.VERDICTS.items()
        if (requests := audit.verdicts.get(code, 0))
    )


def left_out(audit: Audit, ledger_name: str) -> tuple[LeftOut, ...]:
    """Return what was used and is in no total, in plain words."""
    ledger = f"--ledger {shlex.quote(ledger_name)}"
    parts = [LeftOut(text) for text in _gap_parts(audit)]
    if audit.conflicts:
        text = f"{count(audit.conflicts, 'record')}: the id stands for other money or other usage already"
        parts.append(LeftOut(text, f"tallystick conflicts {ledger}"))
    if audit.rejects:
        parts.append(LeftOut(f"{count(audit.rejects, 'record')}: rejected when read", f"tallystick rejects {ledger}"))
    if audit.untimed:
        text = f"{count(audit.untimed, 'request')}: the log tells no time; in the sums, but in no day"
        parts.append(LeftOut(text))
    return tuple(parts)


def _gap_parts(audit: Audit) -> Iterator[str]:
    for code in dict.fromkeys(gap.reason for gap in audit.gaps):
        gaps = [gap for gap in audit.gaps if gap.reason == code]
        requests, tokens = sum(gap.requests for gap in gaps), sum(gap.tokens for gap in gaps)
        reason = words.reason(code).rstrip(".")
        used = f"{count(requests, 'request')} ({count(tokens, 'token')})"
        yield f"{used}: {reason[0].lower()}{reason[1:]}{_charged(gaps)}"


def _charged(gaps: list[Gap]) -> str:
    """Say what was charged for usage that can't be checked."""
    by_unit: dict[str, Decimal] = {}
    for gap in gaps:
        if gap.charged is not None and gap.unit is not None:
            by_unit[gap.unit] = by_unit.get(gap.unit, Decimal(0)) + gap.charged
    sums = [money(rounded(amount, 2 if amount == rounded(amount, 2) else 6), unit) for unit, amount in by_unit.items()]
    return f"; {' and '.join(sums)} charged for it" if sums else ""


def _answer(audit: Audit, total: UnitTotals, figures: AuditFigures) -> Answer:
    unit, wrong = total.unit, _requests(audit, total.unit, *WRONG)
    requests = count(total.checked, "checked request")
    if not total.variance:
        where = f"The sums agree, but {wrong:,} of {requests} do not." if wrong else f"All {requests} match."
        return Answer(_statement(total, figures), "", where, "even")
    difference = money(abs(figures.totals[unit].variance), unit)
    if total.usd is not None and unit != "USD":
        difference += f" ({dollars(abs(total.usd))})"
    direction, tone = ("too much", "over") if total.variance > 0 else ("too little", "under")
    if not wrong:
        where = f"Each of {requests} is within tolerance."
        return Answer(_statement(total, figures), f"{difference} {direction}", where, "even")
    where = f"in {wrong:,} of {requests}"
    if audit.tolerance:  # what is within it is in the difference, too
        where = f"in all; beyond the tolerance are {wrong:,} of {requests}"
    where += f"{_both_ways(audit, figures, unit)}."
    return Answer(_statement(total, figures), f"{difference} {direction}", where, tone)


def _statement(total: UnitTotals, figures: AuditFigures) -> str:
    """Say what was charged and what is due; where a part of it can't be checked, of what part that is said."""
    shown, unit = figures.totals[total.unit], total.unit
    unchecked = figures.unchecked_in(unit)
    charged, expected = money(shown.charged, unit), money(shown.expected, unit)
    if not unchecked:
        due = f"; the rate card says {expected}:" if total.variance else ", and the rate card says the same."
        return f"You were charged {charged}{due}"
    due = f"{_figure(shown.expected, unit)}:" if total.variance else "the same."
    checkable = f"For the {_figure(shown.charged, unit)} that can be checked, the rate card says {due}"
    return f"You were charged {money(shown.charged + unchecked, unit)}. {checkable}"


def _both_ways(audit: Audit, figures: AuditFigures, unit: str) -> str:
    """Where charges are wrong in both directions, say by how much each way: the net figure hides it."""
    shown = [figures.findings[each.id].variance for each in audit.findings if each.unit == unit]
    over, under = sum(x for x in shown if x > 0), sum(-x for x in shown if x < 0)
    if not over or not under:
        return ""
    return f": {money(Decimal(over), unit)} too much, less {money(Decimal(under), unit)} too little"


def _requests(audit: Audit, unit: str, *verdicts: str) -> int:
    return sum(line.verdicts.get(code, 0) for line in audit.skus if line.unit == unit for code in verdicts)


def _figure(amount: Decimal, unit: str, *, with_sign: bool = False) -> str:
    """Return the number of a tile; the unit stands in the heading, but dollars carry their sign."""
    if unit == "USD":
        return money(amount, unit, with_sign=with_sign)
    return signed(amount) if with_sign else grouped(amount)
