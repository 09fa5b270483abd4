"""Spreading an amount over shares so that they add up to it, to the last digit."""

from collections.abc import Sequence


def spread(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Spread an amount in proportion to weights of at least 0: largest remainder, the first of those that are alike.

    Raise ValueError if there is an amount and no weight, or a weight below 0.

    >>> spread(100, [1, 1, 1])
    (34, 33, 33)
    >>> spread(-5, [3, 1])
    (-4, -1)
    """
    whole = sum(weights)
    if min(weights, default=0) < 0 or (amount and not whole):
        raise ValueError("an amount can be spread only over weights of at least 0, not all of them 0")
    if not amount:
        return (0,) * len(weights)
    sign = 1 if amount > 0 else -1
    parts = [divmod(abs(amount) * weight, whole) for weight in weights]
    missing = abs(amount) - sum(quotient for quotient, _ in parts)
    first = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))[:missing]
    lifted = frozenset(first)
    return tuple(sign * (quotient + (index in lifted)) for index, (quotient, _) in enumerate(parts))
