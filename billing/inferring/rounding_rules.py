"""The rounding rules that a vendor may charge by, and what each makes of one charge: two bounds on the rates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.inferring.region import Bound
from pricing.amounts import from_pico
from pricing.rounding import Mode, Rounding, Scope, round_to_step

MODES: tuple[Mode, ...] = ("none", "down", "half_up", "up")
#: A tenth of any smaller step would have no whole half.
FINEST = 100


@dataclass(frozen=True, slots=True)
class ChargedRow:
    """One request: its number in order of time, its tokens of each kind asked for, and its charge in pico-units.

    `kinds` is how many kinds it used of all, and at least 1.
    """

    number: int
    tokens: tuple[int, ...]
    kinds: int
    charged: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rounding rule. `step` is in pico-units and 1 where nothing is rounded.

    A charge says that the exact amount is at least, or more than, the charge and `low`, and at most, or less than, the
    charge and `high`: see `pricing.rounding.round_to_step`. Where each component is rounded by itself, this holds of
    each; their sum is then bounded by as many steps as there are components, which says less than the rule.
    """

    mode: Mode = "none"
    step: int = 1
    scope: Scope = "request"

    @property
    def low(self) -> int:
        """How far below a charge the exact amount may be, in pico-units, as a number of at most 0."""
        return {"none": 0, "down": 0, "half_up": -(self.step // 2), "up": -self.step}[self.mode]

    @property
    def high(self) -> int:
        """How far above a charge the exact amount may be, in pico-units."""
        return {"none": 0, "down": self.step, "half_up": self.step - self.step // 2, "up": 0}[self.mode]

    @property
    def low_is_open(self) -> bool:
        """Whether the amount is more than that and never equal."""
        return self.mode == "up"

    @property
    def high_is_open(self) -> bool:
        """Whether the amount is less than that and never equal."""
        return self.mode in {"down", "half_up"}

    @property
    def by_component(self) -> bool:
        """Whether each component is rounded by itself."""
        return self.scope == "component"

    @property
    def lift(self) -> int:
        """What is added before the amount is cut to the step, as sql/rated.sql does it."""
        return {"none": 0, "down": 0, "half_up": self.step // 2, "up": self.step - 1}[self.mode]

    def bounds(self, row: ChargedRow) -> tuple[Bound, Bound]:
        """Return what a charge says of the rates."""
        steps = row.kinds if self.by_component else 1
        down = tuple(-count for count in row.tokens)
        return (
            Bound(row.tokens, row.charged + steps * self.high, self.high_is_open, row.number),
            Bound(down, -(row.charged + steps * self.low), self.low_is_open, row.number),
        )

    def charge(self, tokens: Sequence[int], rates: Sequence[int]) -> int:
        """Return what the rule charges at whole rates in pico-units per token."""
        parts = [count * rate for count, rate in zip(tokens, rates, strict=True)]
        amounts = parts if self.by_component else [sum(parts)]
        return sum(round_to_step(amount, self.step, self.mode) for amount in amounts)

    def rounding(self, evidence: str = "") -> Rounding:
        """Return the rule as a rate card holds it."""
        step = None if self.mode == "none" else from_pico(self.step)
        return Rounding(mode=self.mode, step=step, scope=self.scope, basis="inferred", evidence=evidence)


def rules(step: int) -> Iterator[Rule]:
    """Yield the rules that round the total to a step, and those with one finer step, to see whether that does as well.

    What a finer step explains the coarser one explains too.
    """
    for mode in MODES[1:]:
        yield Rule(mode, step)
        if step >= FINEST:
            yield Rule(mode, step // 10)
