"""Mark-ups, found in the charges: one ratio to the card that many charges share.

A charge that is rounded to a step bounds its ratio to the card, the narrower the larger it is. A percentage that lies
within the bounds of many charges of one card, or of all cards of a provider, is worth a hypothesis. Whether it gives
those charges to the last digit is not told here but by rating.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

#: A hundredth of a percent is the finest that is looked for.
_PARTS = 10_000
#: A charge that leaves more of them open tells no ratio.
_WIDEST = 200
#: A ratio must be in so many digits of charges that a chance is out of the question ...
_LEAST_DIGITS = 8
#: ... and in one of so many of the charges that no other mistake gives.
_ONE_IN = 4
#: More ratios than this are no mark-up but noise.
_MOST = 5


@dataclass(frozen=True, slots=True)
class Unreproduced:
    """A charge that no other mistake gives: its card, the exact sum by that card, and the step, in pico-units."""

    card: int
    exact: int
    charged: int
    step: int

    def ratios(self) -> range:
        """Return the parts of 10,000 over the card that the charge may be, by any way of rounding; 0 is none."""
        low = -(-(self.charged - self.step) * _PARTS // self.exact) - _PARTS
        high = (self.charged + self.step) * _PARTS // self.exact - _PARTS
        if self.step == 1:  # not rounded
            low = high = self.charged * _PARTS // self.exact - _PARTS
            return range(low, high + (self.charged * _PARTS % self.exact == 0))
        return range(low, high + 1) if high - low < _WIDEST else range(0)

    @property
    def digits(self) -> int:
        """How many digits of the charge tell of the ratio."""
        return len(str(self.exact // self.step)) - 1


def percents(charges: Iterable[Unreproduced]) -> tuple[Decimal, ...]:
    """Return the mark-ups that these charges share, in percent, that of most of them first.

    >>> rows = [Unreproduced(0, e * 10**9, e * 1025 * 10**6 // 10**10 * 10**10, 10**10) for e in (9177, 8543, 7841)]
    >>> percents(rows)
    (Decimal('2.5'),)
    """
    left: Sequence[tuple[range, int]] = [(each.ratios(), each.digits) for each in charges if each.exact]
    left = [(ratios, digits) for ratios, digits in left if ratios]
    found: list[Decimal] = []
    while left and len(found) < _MOST:
        votes = Counter(part for ratios, _ in left for part in ratios if part)
        if not votes:
            break
        best = max(votes, key=lambda part: (votes[part], _roundness(part), -abs(part)))
        agreeing = sum(digits for ratios, digits in left if best in ratios)
        if votes[best] * _ONE_IN < len(left) or agreeing < _LEAST_DIGITS:
            break
        found.append(Decimal(best) / 100)
        left = [(ratios, digits) for ratios, digits in left if best not in ratios]
    return tuple(found)


def _roundness(part: int) -> int:
    """Return how round a percentage is: 6 is rounder than 2.5, and that than 2.49."""
    return next(rank for rank, unit in ((4, 500), (3, 100), (2, 50), (1, 10), (0, 1)) if part % unit == 0)
