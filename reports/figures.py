"""Amounts as people read them: rounded once, so that figures that stand beside each other add up.

Everything here is for display. The exact amount stays in the title of each cell and in every CSV.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

from pricing.amounts import digits, plain

MINUS = "\N{MINUS SIGN}"
UNKNOWN = "\N{EM DASH}"
_PLACES = (2, 4, 6)


@dataclass(frozen=True, slots=True)
class Shown:
    """A charge beside what is expected, each rounded: `charged - expected = variance` holds digit by digit."""

    charged: Decimal
    expected: Decimal
    variance: Decimal


def places_for(amounts: Iterable[Decimal]) -> int:
    """Return how many decimal places to show: the fewest that show no known amount as zero, but at most 6.

    >>> places_for([Decimal("104.2"), Decimal("0.0031")])
    4
    """
    smallest = min((abs(amount) for amount in amounts if amount), default=Decimal(1))
    return next((places for places in _PLACES if rounded(smallest, places)), _PLACES[-1])


def rounded(amount: Decimal, places: int) -> Decimal:
    """Round for display, from the middle away from zero; what becomes zero has no sign."""
    shown = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return shown or abs(shown)


def at_least(amount: Decimal, places: int) -> Decimal:
    """Return the same amount with at least so many decimal places, so that a column lines up; nothing is rounded.

    >>> at_least(Decimal("1.5"), 2), at_least(Decimal("1.6625"), 2)
    (Decimal('1.50'), Decimal('1.6625'))
    """
    return amount if -int(amount.as_tuple().exponent) > places else rounded(amount, places)


def beside(charged: Decimal, expected: Decimal, places: int) -> Shown:
    """Round first, then subtract."""
    left, right = rounded(charged, places), rounded(expected, places)
    return Shown(left, right, left - right)


def adding_up(parts: Sequence[Decimal], wish: Decimal, places: int) -> tuple[Decimal, ...]:
    """Round parts so that they add up to an amount that is rounded already, though it may not be quite their sum.

    The last digits of those that rounding moved most are moved back first. A part of exactly zero stays zero; where all
    are, they miss the wish.

    >>> adding_up([Decimal("0.004"), Decimal("0.004"), Decimal(0)], Decimal("0.02"), 2)
    (Decimal('0.01'), Decimal('0.01'), Decimal('0.00'))
    """
    step = Decimal(1).scaleb(-places)
    shown = [rounded(part, places) for part in parts]
    missing = int((wish - sum(shown)) / step)
    sign = 1 if missing > 0 else -1
    movable = sorted((i for i, part in enumerate(parts) if part), key=lambda i: sign * (shown[i] - parts[i]))
    each, rest = divmod(abs(missing), len(movable) or 1)
    for place, index in enumerate(movable):
        shown[index] += sign * step * (each + (place < rest))
    return tuple(shown)


def running(
    rows: Sequence[Sequence[Decimal]], places: int, last: Sequence[Decimal] | None = None
) -> list[tuple[Decimal, ...]]:
    """Round the running sums of rows of parts so that parts that are zero stay zero and the columns add up.

    Each column's sum is the whole's rounded sum wherever the rows allow it. `last` gives what is shown at the end of
    each row, where another table says it already.

    >>> thirds = [Decimal(1) / 3, Decimal(1) / 3]
    >>> [[str(sum_) for sum_ in row] for row in running([thirds, [Decimal(1) / 3, Decimal(0)]], 2)]
    [['0.34', '0.67'], ['0.33', '0.33']]
    """
    sums = [tuple(accumulate(row)) for row in rows]
    whole = [rounded(sum(column, Decimal(0)), places) for column in zip(*sums, strict=True)]
    if not whole:
        return []
    columns = [list(adding_up([row[-1] for row in sums], whole[-1], places) if last is None else last)]
    for at in range(len(whole) - 2, -1, -1):
        column = list(columns[-1])
        free = [index for index, row in enumerate(rows) if row[at + 1]]
        fixed = sum(column) - sum(column[index] for index in free)
        for index, amount in zip(free, adding_up([sums[i][at] for i in free], whole[at] - fixed, places), strict=True):
            column[index] = amount
        columns.append(column)
    return list(zip(*reversed(columns), strict=True))


def in_steps(rows: Sequence[Sequence[Decimal]], places: int) -> list[tuple[Decimal, ...]]:
    """Round the running sums of rows of parts as `running` does, but from the first on.

    So what is shown of a sum does not depend on the parts that follow it: tables that begin alike are shown alike.
    """
    backwards = [(sum(row, Decimal(0)), *(-part for part in row[:0:-1])) for row in rows]
    return [row[::-1] for row in running(backwards, places)]


def in_running_sums(amounts: Iterable[Decimal], places: int) -> tuple[Decimal, ...]:
    """Round amounts so that every running sum of them is that of the exact ones, rounded.

    So any stretch from the first on adds up to what its sum is shown as; a part of exactly zero stays zero.

    >>> in_running_sums([Decimal("0.004"), Decimal("0.004"), Decimal("0.004")], 2)
    (Decimal('0.00'), Decimal('0.01'), Decimal('0.00'))
    """
    sums = [rounded(amount, places) for amount in accumulate(amounts, initial=Decimal(0))]
    return tuple(after - before for before, after in pairwise(sums))


def grouped(amount: Decimal | int) -> str:
    """Return digits in groups of three, with a true minus sign.

    >>> grouped(Decimal("-1043.20"))
    '−1,043.20'
    """  # noqa: RUF002 - the doctest shows the sign itself
    return f"{Decimal(amount):,f}".replace("-", MINUS)


def signed(amount: Decimal) -> str:
    """Return the number with its sign, plus or minus; zero has none."""
    return ("+" if amount > 0 else "") + grouped(amount)


def money(amount: Decimal, unit: str, *, with_sign: bool = False) -> str:
    """Return the amount with its unit.

    >>> money(Decimal("1043.21"), "credit"), money(Decimal("-0.12"), "USD", with_sign=True)
    ('1,043.21 credits', '−$0.12')
    """  # noqa: RUF002 - the same
    sign = MINUS if amount < 0 else "+" if with_sign and amount > 0 else ""
    number = grouped(abs(amount))
    return f"{sign}${number}" if unit == "USD" else f"{sign}{number} {unit_name(unit, abs(amount))}"


def exactly(amount: Decimal, unit: str) -> str:
    """Return the amount with its unit and all its digits.

    >>> exactly(Decimal("0.00830"), "USD")
    '$0.0083'
    """
    return money(plain(amount), unit)


def unit_name(unit: str, amount: Decimal | None = None) -> str:
    """Return the unit's name for headings and amounts: `credits`, `USD`."""
    return unit if unit == "USD" or amount == 1 else f"{unit}s"


def percent(part: Decimal, whole: Decimal, places: int = 2) -> str | None:
    """Return what share of the whole the part is, with its sign; None of nothing."""
    return f"{signed(rounded(part * 100 / whole, places))}\N{NO-BREAK SPACE}%" if whole else None


def decimal(value: Fraction, places: int) -> Decimal:
    """Return an exact fraction as a decimal, rounded once, from the middle away from zero.

    >>> decimal(Fraction(2, 3), 4), decimal(Fraction(-1, 8), 2)
    (Decimal('0.6667'), Decimal('-0.13'))
    """
    scaled, sign = abs(value) * 10**places, 1 if value >= 0 else -1
    return Decimal(sign * int(scaled + Fraction(1, 2))).scaleb(-places)


def dollars(amount: Decimal, *, with_sign: bool = False) -> str:
    """Return an amount in dollars with as many places as it needs."""
    return money(rounded(amount, places_for([amount])), "USD", with_sign=with_sign)


def count(number: int, noun: str) -> str:
    """Return a number of things.

    >>> count(1, "request"), count(6000, "request")
    ('1 request', '6,000 requests')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def exact(amount: Decimal | None) -> str:
    """Return all digits of an amount, for titles and CSV; nothing where it is unknown."""
    return digits(amount) or ""
