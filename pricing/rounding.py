"""How a vendor rounds a charge: the rule is part of the rate card, and so is the evidence for it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pricing.amounts import exact, to_pico

Mode = Literal["none", "down", "up", "half_up"]
Scope = Literal["request", "component"]
Basis = Literal["documented", "inferred", "unstated", "contracted"]


class Rounding(BaseModel):
    """A rounding rule. `step` is in the card's unit; `scope` says whether the total or each component is rounded."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mode: Mode = "none"
    """`down` cuts toward zero, `up` goes away from it, `half_up` to the nearer step, from the middle away from 0."""
    step: Annotated[Decimal, Field(gt=0, le=10**6), BeforeValidator(exact)] | None = None
    scope: Scope = "request"
    basis: Basis = "unstated"
    """How the rule is known: the vendor says so, charges show it, or nobody says anything."""
    evidence: str = ""

    @model_validator(mode="after")
    def _mode_needs_step(self) -> "Rounding":
        if (self.mode == "none") != (self.step is None):
            raise ValueError("a rounding mode other than 'none' needs a step, and 'none' has no step")
        if self.step is not None:
            to_pico(self.step)
        return self

    @property
    def step_pico(self) -> int:
        """The step in pico-units; 1 where nothing is rounded."""
        return 1 if self.step is None else to_pico(self.step)

    @property
    def lift_pico(self) -> int:
        """What is added before a cut to the step, so that cutting rounds as the rule says, in pico-units."""
        return {"none": 0, "down": 0, "up": self.step_pico - 1, "half_up": self.step_pico // 2}[self.mode]


def round_to_step(amount: int, step: int, mode: Mode) -> int:
    """Round whole pico-units to a multiple of `step`, the same way the SQL does: away from or toward zero by mode.

    >>> round_to_step(1_662_500_000_000, 10_000_000_000, "down")
    1660000000000
    """
    if mode == "none":
        return amount
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    rest = size % step
    cut = size - rest
    goes_up = (mode == "up" and rest > 0) or (mode == "half_up" and 2 * rest >= step)
    return sign * (cut + step if goes_up else cut)
