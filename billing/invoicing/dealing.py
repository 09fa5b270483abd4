"""Money that is booked, dealt out to the lines of an invoice that it may be of: none of it goes to two of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Booked:
    """An amount that is booked, and the numbers of the lines that it may be of."""

    amount: int
    lines: tuple[int, ...]


def without_exact(asked: Mapping[int, int], booked: Sequence[Booked]) -> tuple[dict[int, int], list[Booked]]:
    """Return the lines that ask exactly what is booked, each with an amount of its own, and what else is booked."""
    found: dict[int, int] = {}
    left = list(booked)
    for line, amount in asked.items():
        own = next((each for each in left if each.amount == amount and line in each.lines), None)
        if own is not None:
            found[line] = amount
            left.remove(own)
    return found, left


def deal(asked: Mapping[int, int], booked: Sequence[Booked]) -> dict[int, int]:
    """Return what of the booked is each line's; lines that get none of it are left out.

    Those that have the least to choose from come first, lines as well as amounts. Each line takes what it asks, and
    what is left of an amount is of the last of its lines, so that all that any of these may have is told.

    >>> deal({1: 3, 2: 3}, [Booked(5, (1, 2)), Booked(2, (2,))])
    {1: 3, 2: 4}
    >>> deal({2: 2, 1: 7}, [Booked(3, (1,)), Booked(4, (1, 2)), Booked(2, (2,))]) == {1: 7, 2: 2}
    True
    """
    order = sorted(asked, key=lambda line: sum(line in each.lines for each in booked))
    left = [each.amount for each in booked]
    found: Counter[int] = Counter()
    for line in order:
        for number, each in sorted(enumerate(booked), key=lambda pair: len(pair[1].lines)):
            part = min(left[number], asked[line] - found[line]) if line in each.lines else 0
            found[line] += part
            left[number] -= part
    for rest, each in zip(left, booked, strict=True):
        if last := [line for line in order if line in each.lines][-1:]:
            found[last[0]] += rest
    return {line: amount for line, amount in found.items() if amount}
