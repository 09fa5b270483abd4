"""From dated blocks to what was in force: a line of time on which later knowledge lies over earlier.

`--at` asks the line; `--known-at` asks for the line as it was drawn on an earlier day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, Protocol, TypeVar

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


class Dated(Protocol):
    """Something that holds from one instant to another, as learned on one day."""

    @property
    def observed_on(self) -> date: ...  # noqa: D102
    @property
    def valid_from(self) -> datetime | None: ...  # noqa: D102
    @property
    def valid_to(self) -> datetime | None: ...  # noqa: D102
    @property
    def corrects(self) -> str | None: ...  # noqa: D102


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
    Within a layer a fact learned later lies over one learned earlier.
    """
    painted: list[Span[Fact]] = []
    for layer in layers:
        for fact in sorted(layer, key=_order):
            if known_at is None or fact.observed_on <= known_at:
                painted = [*_cut_out(painted, fact), Span(fact.valid_from, fact.valid_to, fact)]
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


def _share_time(one: Dated, other: Dated) -> bool:
    return (one.valid_from or FIRST) < (other.valid_to or LAST) and (other.valid_from or FIRST) < (one.valid_to or LAST)


def _is_price_change(earlier: Dated, later: Dated) -> bool:
    starts_later = later.valid_from is not None and later.valid_from > (earlier.valid_from or FIRST)
    return earlier.valid_to is None and starts_later


def _cut_out(spans: Iterable[Span[Fact]], fact: Fact) -> Iterable[Span[Fact]]:
    """Return what of the spans is left when the time of `fact` is taken out of them."""
    start, end = fact.valid_from or FIRST, fact.valid_to or LAST
    for span in spans:
        if not _share_time_of(span, start, end):
            yield span
            continue
        if (span.valid_from or FIRST) < start:
            yield Span(span.valid_from, fact.valid_from, span.fact)
        if end < (span.valid_to or LAST):
            yield Span(fact.valid_to, span.valid_to, span.fact)


def _share_time_of(span: Span[Fact], start: datetime, end: datetime) -> bool:
    return (span.valid_from or FIRST) < end and start < (span.valid_to or LAST)
