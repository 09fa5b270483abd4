"""Stretches of time that one card explains: how far each reaches, and which few requests in it are set aside.

All of it in one pass: rates that explain the first requests lie in a box, a request that the whole box explains says
nothing new, and few others are left to look at. A request that contradicts is either a fault of its own, which is set
aside, or the first of a new price: then what follows is explained by another card, and not by this one.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from billing.inferring.card_values import simplest
from billing.inferring.evidence import Evidence, set_aside
from billing.inferring.region import Conflict, Region, closed
from billing.inferring.rounding_rules import ChargedRow, Rule

#: Rows of the first step; each further one is twice as long.
_FIRST = 32
#: Rows that say something new are taken so many at a time.
_MOST = 8192
#: The fineness at which rates are cut where that costs nothing but a second look.
_SCALE = 2**20
#: Of so many contradictions within so many requests (5 %) it is asked whether a new price begins with the first.
_RUN, _WINDOW = 8, 160
#: Of fewer at the very end of the log, if every second request there contradicts.
_RUN_AT_END = 3
#: A card is given up that leaves so many requests unexplained, and one in four of all besides.
_FEW, _SHARE = 6, 4
#: A new card leaves at most one in ten of its first requests unexplained, a simple one that part more than any other.
_TENTH = 10
#: Until so many requests are seen, what contradicts may be right and an earlier one wrong; in case of doubt so many
#: on either side are asked.
_TRUSTED, _ASKED = 256, 96
#: Of so many requests that are aside it is tried whether they can be taken back.
_REGAINED = 256
#: A simple card is looked for within this part of a rate.
_NEAR = 5000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Requests `first` to `last`, explained by all cards of a region under one rule; `aside` are explained by none.

    Without a rule no card explains them, and nothing is known of the region.
    """

    first: int
    last: int
    rule: Rule | None
    region: Region
    aside: tuple[int, ...]


def enclose(evidence: Evidence, rule: Rule, first: int, last: int, aside: Iterable[int] = ()) -> Region | Conflict:
    """Return the rates that explain a stretch but for some requests, or a few requests that none explain together.

    The ends of each rate are exact, for no request of the stretch changes them.
    """
    set_aside(evidence.ledger, aside)
    region, waiting, begin, size = Region.of(len(evidence.kinds)), list[ChargedRow](), first, _FIRST
    while begin <= last:
        end = min(last, begin + size - 1)
        found = evidence.telling(region, rule, begin, end, _MOST)
        waiting += [row for row, _ in found]
        while cutting := [row for row in waiting if row.charged % rule.step or region.is_cut_by(rule.bounds(row))]:
            for row in cutting:
                met = meet(region, rule, row)
                if isinstance(met, Conflict):
                    return met.fewest()
                region = met
        waiting = unsaid(region, rule, waiting)
        begin = (end if len(found) < _MOST else found[-1][0].number) + 1
        size *= 2
    return region


def unsaid(region: Region, rule: Rule, rows: Iterable[ChargedRow]) -> list[ChargedRow]:
    """Return the requests that not all rates explain that lie between the ends of each."""
    low, high = region.box(_SCALE)
    found = []
    for row in rows:
        upper, lower = rule.bounds(row)
        least = sum(map(int.__mul__, row.tokens, low)) - rule.low_is_open
        most = sum(map(int.__mul__, row.tokens, high)) + rule.high_is_open
        if most > upper.limit * _SCALE or least < -lower.limit * _SCALE:
            found.append(row)
    return found


def meet(region: Region, rule: Rule, row: ChargedRow) -> Region | Conflict:
    """Return what a request leaves of a region. A charge that is no multiple of the step contradicts by itself."""
    bounds = rule.bounds(row)
    if row.charged % rule.step:
        return Conflict(bounds)
    return region.meet(bounds) if region.is_cut_by(bounds) else region


def longest(evidence: Evidence, rules: Sequence[Rule], first: int, last: int, most: int) -> Stretch | None:
    """Return the longest stretch from a request on that one card explains, and of these the one with the fewest aside.

    Only rules are followed that leave at most so many of the first requests unexplained. None if no card does under any
    rule; of rules that do as well the first is taken.
    """
    head = min(last, first + _TRUSTED - 1)
    standing = [rule for rule in rules if _Growth(evidence, rule, first, head, most).grown()]
    best: Stretch | None = None
    for grown in (_Growth(evidence, rule, first, last).grown() for rule in standing):
        if grown and (best is None or (-grown.last, len(grown.aside)) < (-best.last, len(best.aside))):
            best = grown
        if best and best.last == last and not best.aside:
            break
    return best


def contradicting(region: Region, rule: Rule, rows: Iterable[ChargedRow]) -> set[int]:
    """Return which requests no rates explain that lie between the ends of each."""
    low, high = region.box(_SCALE)
    found = set()
    for row in rows:
        upper, lower = rule.bounds(row)
        least, most = sum(map(int.__mul__, row.tokens, low)), sum(map(int.__mul__, row.tokens, high))
        if row.charged % rule.step or least > upper.limit * _SCALE or most < -lower.limit * _SCALE:
            found.add(row.number)
    return found


@dataclass(slots=True)
class _Growth:
    """A stretch that grows from its first request on, until another card explains what follows."""

    evidence: Evidence
    rule: Rule
    first: int
    last: int
    most: int | None = None
    """How many requests may be aside at most; None leaves it to their share."""
    region: Region = field(init=False)
    aside: list[int] = field(init=False, default_factory=list)
    waiting: list[ChargedRow] = field(init=False, default_factory=list)
    """Requests that say something, but change no end of a rate yet."""
    is_exact: bool = field(init=False, default=True)
    """Whether nothing was taken in and put aside later."""
    asked: int = field(init=False, default=0)
    """How many must be aside before it is asked again whether a new price has begun."""

    def grown(self) -> Stretch | None:
        """Return the stretch; None if the rule explains too little."""
        self.region = Region.of(len(self.evidence.kinds))
        begin, size = self.first, _FIRST
        while begin <= self.last:
            end = min(self.last, begin + size - 1)
            set_aside(self.evidence.ledger, ())
            found = self.evidence.telling(self.region, self.rule, begin, end, _MOST)
            change = self._taken(found)
            if change is not None:
                return self._cut(change)
            begin = (end if len(found) < _MOST else found[-1][0].number) + 1
            size *= 2
            if self._is_hopeless(begin):
                return None
        change = self._change_at_end()
        return self._cut(self.last + 1 if change is None else change)

    def _taken(self, found: Iterable[tuple[ChargedRow, bool]]) -> int | None:
        """Take requests in until no end of a rate is changed by any; return the first of a new price, if one begins."""
        for row, contradicts in found:
            change = self._take(row, contradicts=contradicts)
            if change is not None or self._is_hopeless(row.number):
                return change
            self.waiting.append(row)
        self._drop_said()
        while cutting := [row for row in self.waiting if self.region.is_cut_by(self.rule.bounds(row))]:
            for row in cutting:
                change = self._take(row, contradicts=False)
                if change is not None:
                    return change
            self._drop_said()
        self.region = self.region.tidied(_SCALE)
        return None

    def _drop_said(self) -> None:
        known = set(self.aside)
        self.waiting = [row for row in unsaid(self.region, self.rule, self.waiting) if row.number not in known]

    def _is_hopeless(self, reached: int) -> bool:
        if self.most is not None and len(self.aside) > self.most:
            return True
        return len(self.aside) > _FEW + (reached - self.first) // _SHARE

    def _take(self, row: ChargedRow, *, contradicts: bool) -> int | None:
        """Take a request in, or set one aside; return the request that a new price begins with, if one does."""
        is_sure = row.number - self.first >= _TRUSTED
        if not (contradicts and is_sure):
            met = meet(self.region, self.rule, row)
            if isinstance(met, Region):
                self.region = met
                return None
            if not is_sure:
                return self._judge(row, met)
        insort(self.aside, row.number)
        return self._change()

    def _judge(self, row: ChargedRow, conflict: Conflict) -> int | None:
        """Of requests that can't stand together set one aside: that without which most others near by are explained."""
        around = self.evidence.rows(max(self.first, row.number - _ASKED), min(self.last, row.number + _ASKED))
        known = set(self.aside)
        asked = [other for other in around if other.number not in known]
        best, wrong, region = row.number, contradicting(self.region, self.rule, asked), self.region
        for culprit in conflict.rows:
            if culprit == row.number:
                continue
            other = meet(self.region.without(culprit), self.rule, row)
            if isinstance(other, Region):
                left = contradicting(other, self.rule, asked) | {culprit}
                if len(left) < len(wrong):
                    best, wrong, region = culprit, left, other
        if len(wrong) * _WINDOW > _RUN * len(asked) and self._begins(row.number) is not None:
            return row.number
        insort(self.aside, best)
        self.region = region
        self.is_exact = self.is_exact and best == row.number
        return None

    def _change(self) -> int | None:
        """Return the request that a new price begins with, if contradictions have become many of late."""
        late = len(self.aside) - bisect_right(self.aside, self.aside[-1] - _WINDOW)
        usual = (len(self.aside) - late) * _WINDOW // max(1, self.aside[-1] - _WINDOW - self.first)
        if late < max(_RUN, 3 * usual) or len(self.aside) < self.asked:
            return None
        self.asked = len(self.aside) + _RUN // 2
        return self._earliest(self.aside[-_RUN])

    def _change_at_end(self) -> int | None:
        for number in self.aside[-_RUN:]:
            run = [other for other in self.aside if other >= number]
            if len(run) >= _RUN_AT_END and len(run) * 2 > self.last - number:
                return self._earliest(number)
        return None

    def _earliest(self, number: int) -> int | None:
        """Return the first contradiction from which on another card explains as much, if it does from that one on."""
        left = self._begins(number)
        if left is None:
            return None
        for earlier in reversed([other for other in self.aside if number - _WINDOW < other < number]):
            before = self._begins(earlier)
            if before is None or before > left:
                break
            number, left = earlier, before
        return number

    def _begins(self, number: int) -> int | None:
        """Return how few of the next requests another card leaves unexplained, if it explains what this one does not.

        What this card does not explain is what the other one is made of first.
        """
        rows = self.evidence.rows(number, min(self.last, number + _WINDOW - 1))
        wrong = contradicting(self.region, self.rule, rows)
        other, left = Region.of(self.region.rates), set[int]()
        for row in sorted(rows, key=lambda each: each.number not in wrong):
            met = meet(other, self.rule, row)
            if isinstance(met, Region):
                other = met
                continue
            left.add(row.number)
            if len(left) > max(1, len(rows) // _TENTH):
                return None
        explained = wrong - left
        enough = len(explained) >= _RUN_AT_END and 4 * len(explained) >= 3 * len(wrong)
        return len(left) if enough else None

    def _cut(self, end: int) -> Stretch | None:
        """Return the stretch up to before a request, exactly: what is aside contradicts what is not."""
        last, aside = end - 1, [number for number in self.aside if number < end]
        if not aside and self.is_exact and end > self.last:
            return Stretch(self.first, last, self.rule, self.region, ())
        found = self._enclosed(last, aside)
        if found is None or not found.aside:
            return found
        simple, back = self._simple(found), self._back(found)
        if simple is None and back == list(found.aside):
            return found
        return self._enclosed(last, back if simple is None else simple)

    def _enclosed(self, last: int, aside: Iterable[int]) -> Stretch | None:
        """Return the stretch without some requests, and without as many more as contradict."""
        left = sorted(aside)
        while isinstance(region := enclose(self.evidence, self.rule, self.first, last, left), Conflict):
            insort(left, region.rows[-1])
            if len(left) > _FEW + (last - self.first + 1) // _SHARE:
                return None
        return Stretch(self.first, last, self.rule, region, tuple(left))

    def _simple(self, found: Stretch) -> list[int] | None:
        """Return what a simple card nearby leaves unexplained, if it is about as few; None if it is not.

        Faults of a last digit pull the rates a little: what is round and explains as much is what the vendor means.
        """
        vector = []
        for each in found.region.intervals():
            near = max(4 * (each.high - each.low), each.high / _NEAR)
            value = simplest(closed(max(Fraction(0), each.low - near), each.high + near))
            vector.append(value)
        whole = [value for value in vector if value is not None]
        if len(whole) < len(vector):
            return None
        set_aside(self.evidence.ledger, ())
        most = len(found.aside) + max(_RUN_AT_END - 1, len(found.aside) // _TENTH)
        left = self.evidence.unexplained(self.rule, whole, whole, (found.first, found.last), most + 1)
        return list(left) if len(left) <= most else None

    def _back(self, found: Stretch) -> list[int]:
        """Return what must stay aside when all is taken back that does not contradict after all."""
        region, left = found.region, list(found.aside[_REGAINED:])
        for row in self.evidence.some(found.aside[:_REGAINED]):
            met = meet(region, self.rule, row)
            if isinstance(met, Region):
                region = met
            else:
                left.append(row.number)
        return sorted(left)
