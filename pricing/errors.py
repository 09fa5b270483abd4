"""What can be wrong with a rate card or a question to it. The docstring of each class says what it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_NEAREST = 3


@dataclass(frozen=True, slots=True, order=True)
class CardProblem:
    """One fault of a rate card: the file, the place in it, and what is wrong and how to mend it."""

    path: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.where}: {self.message}"


class PricingError(Exception):
    """Something about prices is wrong; the message says what and how to mend it."""


class BadRateCardError(PricingError):
    """A rate card can't be used. `problems` lists every fault that was found."""

    def __init__(self, problems: tuple[CardProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UnknownNameError(PricingError):
    """No provider or SKU of that name is in the catalog."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the names that are most like one that nobody knows, or if none is, the first that there are.

    >>> nearest("antropic", ["openai", "anthropic"])
    'anthropic'
    """
    names = sorted(known)
    return ", ".join(get_close_matches(name, names, _NEAREST) or names[:_NEAREST])
