"""The charges of one SKU in the order of time: the engine finds the few of them that say something new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Final

from billing.inferring.region import Region
from billing.inferring.rounding_rules import ChargedRow, Rule
from billing.ledger import Ledger
from billing.queries import NARROW, WIDE, chain, statement
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE

#: What is counted, each with a rate of its own, by its column: token kinds and calls.
SEARCHES: Final = "web_searches"
KINDS: Final = (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE, SEARCHES)

#: Sums of products below this fit BIGINT.
_NARROW_LIMIT = 2**61
#: A rate or vector beyond this is taken for unknown: 18 digits is what the SQL holds.
_MOST_RATE = 10**18
#: How much finer than one pico-unit per token rates are cut, at most.
_FINEST = 2**12
#: Requests are read so many at a time, and so many times as many are kept at hand.
_CHUNK, _KEPT = 512, 64


@dataclass(frozen=True, slots=True)
class Spread:
    """A stretch of the evidence: how many requests, the least and largest count of each kind, the largest charge."""

    requests: int
    least: Mapping[str, int]
    most: Mapping[str, int]
    kinds_most: int
    charged_most: int

    @property
    def used(self) -> tuple[str, ...]:
        """The kinds that occur."""
        return tuple(kind for kind in KINDS if self.most[kind])


@dataclass(frozen=True, slots=True)
class Evidence:
    """The table `evidence` of a ledger's session, of which all numbers are from 1 to `spread.requests`.

    `kinds` are those whose rates are asked for; others count for nothing.
    """

    ledger: Ledger
    spread: Spread
    kinds: tuple[str, ...]
    _read: dict[int, list[ChargedRow]] = field(init=False, default_factory=dict, repr=False, compare=False)

    @classmethod
    def laid(cls, ledger: Ledger, parameters: Mapping[str, object]) -> "Evidence":
        """Lay the charges that sql/evidence.sql selects into a table, over a table `sold`."""
        ledger.keep("evidence", chain("evidence"), parameters)
        spread = _spread(ledger, 1, None)
        return cls(ledger, spread, spread.used)

    def of(self, kinds: Sequence[str]) -> "Evidence":
        """Return the same, asked for the rates of these kinds."""
        return Evidence(self.ledger, self.spread, tuple(kinds))

    def spread_of(self, first: int, last: int) -> Spread:
        """Return what a stretch uses."""
        return _spread(self.ledger, first, last)

    def rows(self, first: int, last: int) -> list[ChargedRow]:
        """Return the requests of a short stretch, both ends in it. Those read last are kept at hand."""
        found: list[ChargedRow] = []
        for begin in range(first - (first - 1) % _CHUNK, last + 1, _CHUNK):
            if begin not in self._read:
                if len(self._read) >= _KEPT:
                    self._read.clear()
                self._read[begin] = self._stretch(begin, begin + _CHUNK - 1, None)
            found += self._read[begin][max(0, first - begin) : last + 1 - begin]
        return found

    def some(self, numbers: Sequence[int]) -> list[ChargedRow]:
        """Return a few requests, wherever they are."""
        return self._stretch(min(numbers, default=1), max(numbers, default=0), list(numbers))

    def _stretch(self, first: int, last: int, numbers: list[int] | None) -> list[ChargedRow]:
        query, parameters = chain("stretch_of_evidence"), {"first": first, "last": last, "numbers": numbers}
        return list(map(self._row, self.ledger.rows(query, parameters)))

    def telling(
        self, region: Region, rule: Rule, first: int, last: int, most: int
    ) -> tuple[tuple[ChargedRow, bool], ...]:
        """Return the first requests of a stretch whose charges are not what all rates of the region's box give.

        Beside each stands whether no rates of the box give it. What is left out says nothing that is not known.
        """
        ends = self._box(region, rule)
        parameters = ends | {
            "first": first, "last": last, "rows": most, "step": rule.step, "low": rule.low, "high": rule.high,
            "low_open": int(rule.low_is_open), "high_open": int(rule.high_is_open), "by_component": rule.by_component,
        }  # fmt: skip
        query = chain("telling", width=self._width(ends, rule))
        return tuple((self._row(found[:-1]), bool(found[-1])) for found in self.ledger.rows(query, parameters))

    def unexplained(
        self, rule: Rule, low: Sequence[int], high: Sequence[int], stretch: tuple[int, int], most: int
    ) -> tuple[int, ...]:
        """Return the first requests of a stretch whose charges no rates between two vectors give by that rule.

        Rates are whole pico-units per token; with one vector twice, these are all that it does not give.
        """
        ends = _ends(self.kinds, low, high)
        parameters = ends | {
            "first": stretch[0], "last": stretch[1], "rows": most, "step": rule.step, "lift": rule.lift,
            "by_component": rule.by_component,
        }  # fmt: skip
        query = chain("unexplained", width=self._width(ends | {"scale": 1}, rule))
        return tuple(number for (number,) in self.ledger.rows(query, parameters))

    def zeros(self) -> Mapping[int, int]:
        """Return how many charges end in so many zeros, as whole pico-units; charges of nothing are left out."""
        return dict(self.ledger.rows(chain("trailing_zeros")))

    def blind(self, first: int, last: int) -> tuple[tuple[int, ...], ...]:
        """Return vectors of rates that no request of a stretch tells from nothing: what can't be known (exact rank)."""
        seen: list[tuple[int, ...]] = []
        while vectors := null_space(seen, len(self.kinds)):
            for vector in vectors:
                found = self._beside(vector, first, last)
                if found:
                    seen.append(found.tokens)
                    break
            else:
                return vectors
        return ()

    def _beside(self, vector: Sequence[int], first: int, last: int) -> ChargedRow | None:
        """Return a request that is not set aside and whose tokens do not stand at a right angle to a vector."""
        if max(map(abs, vector)) < _MOST_RATE:
            parameters = dict.fromkeys(KINDS, 0) | dict(zip(self.kinds, vector, strict=True))
            found = self.ledger.rows(chain("beside"), parameters | {"first": first, "last": last})
            return self._row(found[0]) if found else None
        left_out = {number for (number,) in self.ledger.rows("SELECT number FROM set_aside")}
        for begin in range(first, last + 1, _CHUNK):
            for row in self.rows(begin, min(last, begin + _CHUNK - 1)):
                along = sum(a * b for a, b in zip(vector, row.tokens, strict=True))
                if along and row.number not in left_out:
                    return row
        return None

    def named(self, numbers: Sequence[int]) -> list[tuple[str, datetime | None]]:
        """Return id and time of requests, in the order of their numbers."""
        query = "SELECT request_id, used_at FROM evidence WHERE list_contains($numbers, number) ORDER BY number"
        return [(name, at) for name, at in self.ledger.rows(query, {"numbers": list(numbers)})]

    def _row(self, found: Sequence[Any]) -> ChargedRow:
        counts = dict(zip(KINDS, found[1:-1], strict=True))
        used = sum(count > 0 for count in counts.values())
        return ChargedRow(found[0], tuple(counts[kind] for kind in self.kinds), max(used, 1), found[-1])

    def _box(self, region: Region, rule: Rule) -> dict[str, Any]:
        """Return the ends of each rate, cut outward to as fine a scale as 64 bits allow, or finer where it matters."""
        intervals, seen = region.intervals(), region.seen()
        known = {kind: each.high for each, is_seen, kind in zip(intervals, seen, self.kinds, strict=True) if is_seen}
        sums = sum(high * self.spread.most[kind] for kind, high in known.items())
        largest = max(self.spread.charged_most + (self.spread.kinds_most + 1) * rule.step, int(sums) + 1)
        scale = max(1, min(_FINEST, _NARROW_LIMIT // largest))
        finest = 64 * max(1, max(self.spread.most.values(), default=1)) // rule.step
        if finest > scale:  # a step so small that cut rates would hide it: decimals of 38 digits
            scale = max(scale, min(finest, 10**35 // largest, _MOST_RATE // (int(max(known.values(), default=0)) + 1)))
        low, high = region.box(scale)
        known_high = [end if is_seen else None for end, is_seen in zip(high, seen, strict=True)]
        return _ends(self.kinds, low, known_high) | {"scale": scale}

    def _width(self, ends: Mapping[str, Any], rule: Rule) -> Mapping[str, str]:
        sums = sum((ends[f"{kind}_high"] or 0) * self.spread.most[kind] for kind in KINDS)
        charges = (self.spread.charged_most + (self.spread.kinds_most + 1) * rule.step) * ends["scale"]
        return NARROW if max(sums + 8 * rule.step, charges) < _NARROW_LIMIT else WIDE


def set_aside(ledger: Ledger, numbers: Iterable[int]) -> None:
    """Name the requests that are passed over from now on."""
    ledger.connection.execute(statement("set_aside"))
    ledger.append("set_aside", [{"number": number} for number in numbers])


def null_space(vectors: Sequence[Sequence[int]], size: int) -> tuple[tuple[int, ...], ...]:
    """Return whole vectors that span all that stands at right angles to these.

    >>> null_space([(1, 2, 0), (2, 4, 0)], 3)
    ((-2, 1, 0), (0, 0, 1))
    """
    echelon: dict[int, list[Fraction]] = {}
    for vector in vectors:
        rest = [Fraction(cell) for cell in vector]
        for place, row in echelon.items():
            rest = _less(rest, rest[place], row)
        lead = next((place for place, cell in enumerate(rest) if cell), None)
        if lead is not None:
            rest = [cell / rest[lead] for cell in rest]
            echelon = {place: _less(row, row[lead], rest) for place, row in echelon.items()} | {lead: rest}
    free = [place for place in range(size) if place not in echelon]
    found = []
    for place in free:
        cells = [Fraction(int(other == place)) for other in range(size)]
        for lead, row in echelon.items():
            cells[lead] = -row[place]
        whole = lcm(*(cell.denominator for cell in cells))
        numbers = [int(cell * whole) for cell in cells]
        found.append(tuple(number // gcd(*numbers) for number in numbers))
    return tuple(found)


def _less(left: Sequence[Fraction], times: Fraction, right: Sequence[Fraction]) -> list[Fraction]:
    return [a - times * b for a, b in zip(left, right, strict=True)] if times else list(left)


def _ends(kinds: Sequence[str], low: Sequence[int], high: Sequence[int | None]) -> dict[str, Any]:
    """Return two vectors as parameters; one too large for the engine is unknown, and kinds not asked for are free."""
    lows = dict(zip(kinds, low, strict=True))
    highs = dict(zip(kinds, high, strict=True))
    capped = {kind: end if end is None or end < _MOST_RATE else None for kind, end in highs.items()}
    return {f"{kind}_low": min(lows.get(kind, 0), _MOST_RATE - 1) for kind in KINDS} | {
        f"{kind}_high": capped.get(kind, 0) for kind in KINDS
    }


def _spread(ledger: Ledger, first: int, last: int | None) -> Spread:
    end = 2**62 if last is None else last
    ((requests, *counts, kinds_most, charged_most),) = ledger.rows(chain("spread"), {"first": first, "last": end})
    least, most = counts[0::2], counts[1::2]
    return Spread(
        requests,
        {kind: least[nth] or 0 for nth, kind in enumerate(KINDS)},
        {kind: most[nth] or 0 for nth, kind in enumerate(KINDS)},
        kinds_most or 0,
        charged_most or 0,
    )
