"""The rates that a few bounds leave possible: small linear programs, solved in whole numbers and so without any doubt.

A request says `tokens . rates <= limit`, and as much from below. There are at most seven rates and rarely more than
some hundred bounds that matter, so the simplex method can afford numbers of any length: a region that is empty is
proved to be so by the few bounds that can't hold together (Farkas), and every corner is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from typing import Final

#: "Less than a limit" is "at most the limit less one part in so many". No corner of whole-number bounds can tell that
#: from the limit itself otherwise: its numbers are determinants of at most 8 rows of 64-bit numbers, below 2^560.
PARTS: Final = 1 << 640
#: More pico-units per token than any charge leaves possible for a kind that it was for.
_BEYOND: Final = 10**20
#: After so many steps the first choice is taken and not the best, which can't go round in circles (Bland).
_PATIENCE: Final = 200


@dataclass(frozen=True, slots=True)
class Bound:
    """One inequality: `tokens . rates <= limit` or, if strict, less; tokens may be negative to bound from below.

    `row` names the request that says so; it is None for what holds of all rates.
    """

    tokens: tuple[int, ...]
    limit: int
    is_strict: bool = False
    row: int | None = None

    @property
    def parts(self) -> int:
        """The limit in parts, a strict one less one of them."""
        return self.limit * PARTS - self.is_strict


@dataclass(frozen=True, slots=True)
class Conflict:
    """Bounds that no rates can satisfy together, and at most one more of them than there are rates."""

    bounds: tuple[Bound, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """The requests that they come from, in order."""
        return tuple(sorted({bound.row for bound in self.bounds if bound.row is not None}))

    def fewest(self) -> "Conflict":
        """Return it without any request that the others do not need to be impossible."""
        left = self.bounds
        for row in self.rows:
            fewer = tuple(bound for bound in left if bound.row != row)
            found = Region.of(len(left[0].tokens)).meet(fewer)
            left = left if isinstance(found, Region) else fewer
        return Conflict(left)


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that one rate may have, in pico-units per token. An open end is not itself possible."""

    low: Fraction
    high: Fraction
    low_is_open: bool
    high_is_open: bool

    def holds(self, value: Fraction) -> bool:
        """Tell whether that value is possible."""
        above = value > self.low if self.low_is_open else value >= self.low
        return above and (value < self.high if self.high_is_open else value <= self.high)


def closed(low: Fraction, high: Fraction) -> Interval:
    """Return the interval with both ends in it."""
    return Interval(low, high, low_is_open=False, high_is_open=False)


@dataclass(frozen=True, slots=True)
class _Corner:
    """The point where as many bounds are met as there are rates: their indexes, and the inverse of their matrix.

    The inverse is `inverse / scale`, whole numbers all; `inverse` has a column per bound.
    """

    met: tuple[int, ...]
    inverse: tuple[tuple[int, ...], ...]
    scale: int

    def point(self, bounds: Sequence[Bound]) -> list[int]:
        """Return its rates, each as `number / scale / PARTS`."""
        limits = [bounds[index].parts for index in self.met]
        return [_dot(row, limits) for row in self.inverse]

    def over(self, vector: Sequence[int]) -> list[int]:
        """Return a vector as a sum of those of the bounds met, each weight times `scale`."""
        return [_dot(vector, column) for column in zip(*self.inverse, strict=True)]

    def moved(self, leaving: int, weights: Sequence[int], entering: int) -> "_Corner":
        """Return the corner at which another bound is met in the place of one of these (Edmonds' whole pivots)."""
        pivot = weights[leaving]
        inverse = tuple(
            tuple(
                cell if place == leaving else (cell * pivot - row[leaving] * weights[place]) // self.scale
                for place, cell in enumerate(row)
            )
            for row in self.inverse
        )
        return _Corner((*self.met[:leaving], entering, *self.met[leaving + 1 :]), inverse, pivot)


@dataclass(frozen=True, slots=True)
class Region:
    """All rates that satisfy some bounds, none of them negative; never empty. Its corners are the ends of each rate."""

    bounds: tuple[Bound, ...]
    corners: tuple[_Corner, ...]
    points: tuple[tuple[int, ...], ...]
    """Where the corners are: each rate as `number / scale of the corner / PARTS`."""

    @classmethod
    def _with(cls, bounds: tuple[Bound, ...], corners: Iterable[_Corner]) -> "Region":
        placed = tuple(corners)
        return cls(bounds, placed, tuple(tuple(corner.point(bounds)) for corner in placed))

    @classmethod
    def of(cls, rates: int) -> "Region":
        """Return the region of that many rates of which nothing is known."""
        units = [tuple(int(place == nth) for place in range(rates)) for nth in range(rates)]
        least = [Bound(tuple(-cell for cell in unit), 0) for unit in units]
        bounds = (*least, *(Bound(unit, _BEYOND) for unit in units))
        lows = tuple(range(rates))
        down = tuple(tuple(-cell for cell in unit) for unit in units)
        corners = [_Corner(lows, down, 1)] * rates
        for nth, unit in enumerate(units):
            inverse = (*down[:nth], unit, *down[nth + 1 :])
            corners.append(_Corner((*lows[:nth], rates + nth, *lows[nth + 1 :]), inverse, 1))
        return cls._with(bounds, corners)

    @property
    def rates(self) -> int:
        """How many rates there are."""
        return len(self.corners) // 2

    @property
    def rows(self) -> frozenset[int]:
        """The requests that bound it."""
        return frozenset(bound.row for bound in self.bounds if bound.row is not None)

    def tight_rows(self) -> frozenset[int]:
        """Return the requests that the ends of its rates follow from."""
        met = (self.bounds[index].row for corner in self.corners for index in corner.met)
        return frozenset(row for row in met if row is not None)

    def meet(self, bounds: Iterable[Bound]) -> "Region | Conflict":
        """Return what further bounds leave of it, or the bounds that leave nothing."""
        new = tuple(bounds)
        told = (*self.bounds, *new)
        corners = []
        for nth, (corner, point) in enumerate(zip(self.corners, self.points, strict=True)):
            if _broken(new, point, corner.scale, first=True) is None:
                corners.append(corner)
                continue
            found = _best(told, corner, self._goal(nth))
            if isinstance(found, Conflict):
                return found
            corners.append(found)
        return Region._with(told, corners)

    def tidied(self, scale: int) -> "Region":
        """Return it without bounds that follow from the ends of each rate, which stay as they are."""
        low, high = self.box(scale)
        met = {index for corner in self.corners for index in corner.met}
        kept = [
            index
            for index, bound in enumerate(self.bounds)
            if index < 2 * self.rates
            or index in met
            or _most(bound.tokens, low, high) > bound.limit * scale - bound.is_strict
        ]
        place = {index: nth for nth, index in enumerate(kept)}
        corners = tuple(replace(each, met=tuple(place[index] for index in each.met)) for each in self.corners)
        return Region(tuple(self.bounds[index] for index in kept), corners, self.points)

    def is_cut_by(self, bounds: Sequence[Bound]) -> bool:
        """Tell whether a corner breaks a bound. If none does, the bound changes neither end of any rate."""
        return any(
            _broken(bounds, point, corner.scale, first=True) is not None
            for corner, point in zip(self.corners, self.points, strict=True)
        )

    def box(self, scale: int) -> tuple[list[int], list[int]]:
        """Return the ends of each rate times a scale, as whole numbers cut outward."""
        ends = self.intervals()
        low = [each.low.numerator * scale // each.low.denominator for each in ends]
        return low, [-(-each.high.numerator * scale // each.high.denominator) for each in ends]

    def without(self, row: int) -> "Region":
        """Return the region without what that request says."""
        kept = [bound for bound in self.bounds[2 * self.rates :] if bound.row != row]
        found = Region.of(self.rates).meet(kept)
        assert isinstance(found, Region)  # noqa: S101 - fewer bounds leave more
        return found

    def intervals(self) -> tuple[Interval, ...]:
        """Return the values that each rate may have."""
        found = []
        for nth in range(self.rates):
            (low, low_open), (high, high_open) = (self._end(place, nth) for place in (nth, self.rates + nth))
            found.append(Interval(low, high, low_open, high_open))
        return tuple(found)

    def seen(self) -> tuple[bool, ...]:
        """Tell of each rate whether any request says something of it."""
        told = [bound.tokens for bound in self.bounds if bound.row is not None]
        return tuple(any(tokens[nth] for tokens in told) for nth in range(self.rates))

    def _goal(self, nth: int) -> tuple[int, ...]:
        place, sign = nth % self.rates, (-1 if nth < self.rates else 1)
        return tuple(sign * int(other == place) for other in range(self.rates))

    def _end(self, corner: int, nth: int) -> tuple[Fraction, bool]:
        """Return a rate at a corner, and whether it is only come near to."""
        number = self.points[corner][nth]
        whole = (number + PARTS // 2) // PARTS
        return Fraction(whole, self.corners[corner].scale), number != whole * PARTS


def _best(bounds: Sequence[Bound], corner: _Corner, goal: Sequence[int]) -> _Corner | Conflict:
    """Go from corner to corner until all bounds hold (dual simplex): the goal is then as large as it can be."""
    for step in count():
        entering = _broken(bounds, corner.point(bounds), corner.scale, first=step > _PATIENCE)
        if entering is None:
            return corner
        weights, prices = corner.over(bounds[entering].tokens), corner.over(goal)
        leaving = None
        for place, weight in enumerate(weights):
            if weight > 0:
                gain = 0 if leaving is None else prices[place] * weights[leaving] - prices[leaving] * weight
                if leaving is None or gain < 0 or (gain == 0 and corner.met[place] < corner.met[leaving]):
                    leaving = place
        if leaving is None:
            met = [index for index, weight in zip(corner.met, weights, strict=True) if weight]
            return Conflict(tuple(bounds[index] for index in (entering, *met)))
        corner = corner.moved(leaving, weights, entering)
    raise AssertionError  # pragma: no cover - the count has no end


def _broken(bounds: Sequence[Bound], point: Sequence[int], scale: int, *, first: bool) -> int | None:
    """Return the bound that a point breaks most, or the first that it breaks; None if it breaks none."""
    worst, found = 0, None
    for index, bound in enumerate(bounds):
        excess = _dot(bound.tokens, point) - bound.parts * scale
        if excess > worst:
            worst, found = excess, index
            if first:
                break
    return found


def _most(tokens: Sequence[int], low: Sequence[int], high: Sequence[int]) -> int:
    """Return the most that a sum can be while each rate is between two ends."""
    return sum(count * (high[nth] if count > 0 else low[nth]) for nth, count in enumerate(tokens))


def _dot(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(map(int.__mul__, left, right))
