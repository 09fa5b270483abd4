"""How an invoice is rounded: looked for first, so that a tolerance is only for what rounding does not explain.

A vendor adds up what it charged for each request, or works the total out anew from what each request exactly costs;
then it rounds each line. 1,000 charges cut to 0.01 credit are some 5 credits less than their exact sum: no fault either
way. Which of the two it is shows where a line comes out to the last digit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from billing.invoicing.metering import Held
from pricing.rounding import Mode, round_to_step

_MODES: Final[tuple[Mode, ...]] = ("none", "half_up", "down", "up")


@dataclass(frozen=True, slots=True)
class Rule:
    """From what, and how, a vendor works out a line of its invoice."""

    follows_card: bool = False
    """From what the card says, and not from the charges that were reported."""
    is_net: bool = False
    """With refunds taken off."""
    is_exact: bool = False
    """From what each request costs before it is rounded."""
    mode: Mode = "half_up"
    """How the line is rounded."""

    def base(self, held: Held) -> int:
        """Return what a line comes to before any rounding that is the invoice's own."""
        usage = held.expected + held.unknown_charged if self.follows_card else held.claimed
        return usage + (held.refunded if self.is_net else 0)

    def value(self, held: Held, step: int) -> int:
        """Return what a line comes to on the invoice."""
        return round_to_step(self.base(held) + (held.cut if self.is_exact else 0), step, self.mode)


#: What is taken for granted where no line tells better: reported charges, added up, and the sum rounded.
DEFAULT: Final = Rule()


def find_rule(lines: Iterable[tuple[int, Held]], step: int, *, may_be_net: bool) -> Rule:
    """Return the rule by which most lines (what is invoiced, what is held) come out exactly; of equals the simplest.

    `step` is the smallest unit of the invoice, in pico-units.
    """
    lines = [(invoiced, held) for invoiced, held in lines if not held.is_empty]

    def exact(rule: Rule) -> int:
        return sum(rule.value(held, step) == invoiced for invoiced, held in lines)

    best = max(_rules(may_be_net=may_be_net), key=exact)
    return best if exact(best) else DEFAULT


def _rules(*, may_be_net: bool) -> Iterator[Rule]:
    """Yield the rules, the simplest first."""
    ways = product((False, True), (False, True) if may_be_net else (False,), (False, True), _MODES)
    return (Rule(*way) for way in ways)
