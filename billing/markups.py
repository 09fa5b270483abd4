"""Mark-ups, found in the charges: one ratio to the card that many charges share.

A charge that is rounded to a step bounds its ratio to the card, the narrower the larger it is. A percentage that lies
within the bounds of many charges of one card, or of all cards of a provider, is worth a hypothesis. Whether it gives
those charges to the last digit is not told here but by rating.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pricing.rounding import Rounding

#: A hundredth of a percent is the finest that is looked for.
_PARTS = 10_000
#: A charge that leaves more of them open tells no ratio.
_WIDEST = 2_000
#: A charge that leaves fewer open hardly fits by chance: it is enough if of such charges ...
_NARROW = 50
#: ... so many percent share a ratio; of all charges it must be nearly all.
_SHARE_OF_NARROW, _SHARE_OF_ALL = 50, 90
#: The charges that share a ratio must have so many digits together that a chance is out of the question: the more, the
#: less round it is (in hundredths of a percent), for there are the more of that kind.
_LEAST_DIGITS = ((100, 9), (50, 12), (10, 15), (1, 18))
#: What one request is charged for, at most: the kinds of tokens, calls and a fee.
_COMPONENTS = 8
#: More ratios than this are no mark-up but noise.
_MOST = 5


_Charges = Sequence[tuple[range, int]]
"""Of each charge the ratios that it may have, and how many digits tell of them."""


@dataclass(frozen=True, slots=True)
class Unreproduced:
    """A charge that no other mistake gives, its card, and the exact sum by it with the rounding, in pico-units.

    Before it is cut to the step, `lift` is added: of all components together, where each is rounded by itself.
    """

    card: int
    exact: int
    charged: int
    step: int
    lift: int

    def ratios(self) -> range:
        """Return the parts of 10,000 over the card that the charge may be; none if too many are left open."""
        least = self.charged - self.lift
        low, high = (-(-amount * _PARTS // self.exact) - _PARTS for amount in (least, least + self.step))
        return range(low, high) if high - low < _WIDEST else range(0)  # which shares a ratio with none

    @property
    def digits(self) -> int:
        """How many digits of the charge tell of the ratio."""
        return len(str(self.exact // self.step)) - 1


def percents(charges: Iterable[Unreproduced]) -> tuple[Decimal, ...]:
    """Return the mark-ups that these charges share, in percent, that of most of them first.

    >>> cent = 10**10
    >>> sums = [exact * 10**9 for exact in (9177, 8543, 7841, 7301, 6907, 6131)]
    >>> rows = [Unreproduced(0, exact, exact * 1025 // 1000 // cent * cent, cent, 0) for exact in sums]
    >>> percents(rows)
    (Decimal('2.5'),)
    """
    left: _Charges = [(each.ratios(), each.digits) for each in charges if each.exact]
    found: list[int] = []
    while len(found) < _MOST:
        narrow = [(ratios, digits) for ratios, digits in left if len(ratios) < _NARROW]
        best = _shared(narrow, _SHARE_OF_NARROW) or _shared(left, _SHARE_OF_ALL)
        if not best:
            break
        found.append(best)
        left = [(ratios, digits) for ratios, digits in left if best not in ratios]
    return tuple(Decimal(best) / 100 for best in found)


def own_percents(exact: int, charged: int, rounding: Rounding) -> tuple[Decimal, ...]:
    """Return the mark-up that one charge tells alone: it takes many digits, as of a vendor that does not round."""
    parts = 1 if rounding.scope == "request" else _COMPONENTS
    return percents([Unreproduced(0, exact, charged, rounding.step_pico * parts, rounding.lift_pico * parts)])


def _shared(charges: _Charges, percent: int) -> int:
    """Return the ratio that most of the charges share, if it is at least so many percent of them; else 0.

    Of ratios that as many share it is the roundest, for nobody takes 6.01 % more.
    """
    votes = Counter(part for ratios, _ in charges for part in ratios if part)
    best = max(votes, key=lambda part: (votes[part], _roundness(part), -abs(part)), default=0)
    digits = sum(digits for ratios, digits in charges if best in ratios)
    least = next(least for unit, least in _LEAST_DIGITS if best % unit == 0)
    return best if votes[best] * 100 >= len(charges) * percent and digits >= least else 0


def _roundness(part: int) -> int:
    """Return how round a percentage is: 6 is rounder than 2.5, and that than 2.49."""
    return next(unit for unit in (500, 100, 50, 10, 1) if part % unit == 0)
