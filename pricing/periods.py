"""From dated blocks to what was in force: a line of time on which later knowledge lies over earlier.

`--at` asks the line; `--known-at` asks for the line as it was drawn on an earlier day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, Protocol, TypeVar

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


class Stretch(Protocol):
    """A half-open stretch of time; None is an open end."""

    @property
    def valid_from(self) -> datetime | None:
        """First instant in it."""

    @property
    def valid_to(self) -> datetime | None:
        """First instant after it."""


class Dated(Stretch, Protocol):
    """Something that holds from one instant to another, as learned on one day."""

    @property
    def observed_on(self) -> date:
        """The day it was learned."""

    @property
    def corrects(self) -> str | None:
        """What was wrong with an earlier fact that this one lies over; None if it only follows."""


Fact = TypeVar("Fact", bound=Dated)


@dataclass(frozen=True, slots=True)
class Span(Generic[Fact]):
    """A fact and the half-open stretch of time in which it is the one that holds; None is an open end."""

    valid_from: datetime | None
    valid_to: datetime | None
    fact: Fact


def in_force(layers: Iterable[Sequence[Fact]], known_at: date | None = None) -> tuple[Span[Fact], ...]:
    """Return the stretches of time and the fact that holds in each, oldest first; a gap has no stretch.

    `layers` go from the bottom up: a user's own card lies over the shipped one, whatever its day.
    Within a layer a fact learned later lies over one learned earlier, and ends one that has no end of its own.
    """
    painted: list[Span[Fact]] = []
    for layer in layers:
        known = [fact for fact in sorted(layer, key=_order) if known_at is None or fact.observed_on <= known_at]
        for index, fact in enumerate(known):
            span = Span(fact.valid_from, _end(fact, known[index + 1 :]), fact)
            painted = [*_cut_out(painted, span), span]
    return tuple(sorted(painted, key=lambda span: span.valid_from or FIRST))


def overlaps(facts: Sequence[Fact]) -> tuple[tuple[Fact, Fact], ...]:
    """Return the pairs of one layer that claim the same instant without either saying that it corrects the other.

    A fact with an open end is closed by the first later one that starts after it: that is a price change, no overlap.
    """
    ordered = sorted(facts, key=_order)
    return tuple(
        (earlier, later)
        for index, later in enumerate(ordered)
        for earlier in ordered[:index]
        if later.corrects is None and _share_time(earlier, later) and not _is_price_change(earlier, later)
    )


def _order(fact: Dated) -> tuple[date, bool, datetime]:
    return fact.observed_on, fact.corrects is not None, fact.valid_from or FIRST


def _share_time(one: Stretch, other: Stretch) -> bool:
    return (one.valid_from or FIRST) < (other.valid_to or LAST) and (other.valid_from or FIRST) < (one.valid_to or LAST)


def _is_price_change(earlier: Dated, later: Dated) -> bool:
    starts_later = later.valid_from is not None and later.valid_from > (earlier.valid_from or FIRST)
    return earlier.valid_to is None and starts_later


def _end(fact: Fact, later: Iterable[Fact]) -> datetime | None:
    """Return when a fact ends: where it says, else where the first change after it begins."""
    if fact.valid_to is not None:
        return fact.valid_to
    changes = (other.valid_from for other in later if other.corrects is None and _is_price_change(fact, other))
    return min(filter(None, changes), default=None)


def _cut_out(spans: Iterable[Span[Fact]], over: Span[Fact]) -> Iterator[Span[Fact]]:
    """Yield what of the spans is left when the time of `over` is taken out of them."""
    for span in spans:
        if not _share_time(span, over):
            yield span
            continue
        if (span.valid_from or FIRST) < (over.valid_from or FIRST):
            yield Span(span.valid_from, over.valid_from, span.fact)
        if (over.valid_to or LAST) < (span.valid_to or LAST):
            yield Span(over.valid_to, span.valid_to, span.fact)
