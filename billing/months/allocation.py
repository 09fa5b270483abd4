"""Spreading an amount over shares so that they add up to it, to the last digit."""

from collections.abc import Sequence


def spread(amount: int, weights: Sequence[int], step: int = 1) -> tuple[int, ...]:
    """Spread an amount in proportion to weights of at least 0, in whole steps, so that shares have few digits.

    By largest remainder, the first of those that are alike; what is less than a step goes to the first largest weight.
    Raise ValueError if there is an amount and no weight, or a weight below 0.

    >>> spread(100, [1, 1, 1])
    (34, 33, 33)
    >>> spread(-5, [3, 1])
    (-4, -1)
    >>> spread(1005, [1, 3], step=10)
    (250, 755)
    """
    whole = sum(weights)
    if min(weights, default=0) < 0 or (amount and not whole):
        raise ValueError("an amount can be spread only over weights of at least 0, not all of them 0")
    if not amount:
        return (0,) * len(weights)
    sign, (steps, rest) = 1 if amount > 0 else -1, divmod(abs(amount), step)
    parts = [divmod(steps * weight, whole) for weight in weights]
    missing = steps - sum(quotient for quotient, _ in parts)
    lifted = frozenset(sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))[:missing])
    shares = [sign * step * (quotient + (index in lifted)) for index, (quotient, _) in enumerate(parts)]
    shares[weights.index(max(weights))] += sign * rest
    return tuple(shares)
