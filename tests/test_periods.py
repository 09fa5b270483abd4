"""Dated facts: half-open, later knowledge over earlier, overlaps refused, gaps left open."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.periods import FIRST, Span, in_force, overlaps


@dataclass(frozen=True)
class Fact:
    """A dated price in the smallest form."""

    name: str
    observed_on: date
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    corrects: str | None = None


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SEEN = date(2026, 1, 1)
SEEN_LATER = date(2026, 4, 1)
MARCH_13 = day("2026-03-13")
OLD = Fact("old", SEEN)
NEW = Fact("new", SEEN, MARCH_13)


def holding(spans: tuple[Span[Fact], ...], at: datetime) -> str | None:
    """Return what holds at that instant, asked of the spans as they are and nothing else."""
    names = [s.fact.name for s in spans if (s.valid_from or FIRST) <= at and (s.valid_to is None or at < s.valid_to)]
    assert len(names) <= 1
    return names[0] if names else None


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2026-03-12T23:30:00+00:00", "old"),
        ("2026-03-12T23:59:59.999999+00:00", "old"),
        ("2026-03-13T00:00:00+00:00", "new"),
        ("2026-03-13T01:30:00+02:00", "old"),
        ("2026-03-12T20:00:00-05:00", "new"),
    ],
)
def test_a_change_in_mid_month_is_an_instant_with_a_zone(at: str, name: str) -> None:
    assert overlaps([OLD, NEW]) == ()
    assert holding(in_force([[OLD, NEW]]), datetime.fromisoformat(at)) == name


def test_a_gap_has_no_fact() -> None:
    early = Fact("early", SEEN, None, day("2026-02-01"))
    assert overlaps([early, NEW]) == ()
    spans = in_force([[early, NEW]])
    assert [holding(spans, day(at)) for at in ("2026-01-31", "2026-02-01", "2026-03-12", "2026-03-13")] == [
        "early", None, None, "new",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        Fact("same time", SEEN, day("2026-01-01"), day("2026-03-01")),
        Fact("same start", SEEN, day("2026-01-01")),
        Fact("learned later", SEEN_LATER),
        Fact("from inside", SEEN, day("2026-02-01")),
        Fact("around", SEEN_LATER, day("2025-12-01"), day("2026-06-01")),
        Fact("one microsecond", SEEN, day("2026-03-01") - timedelta(microseconds=1)),
    ],
)
def test_two_facts_that_claim_the_same_instant_are_refused(other: Fact) -> None:
    dated = Fact("dated", SEEN, day("2026-01-01"), day("2026-03-01"))
    assert len(overlaps([dated, other])) == 1
    assert len(overlaps([other, dated])) == 1


def test_a_correction_may_overlap_and_lies_over() -> None:
    wrong = Fact("wrong", SEEN, day("2026-01-01"), day("2026-03-01"))
    right = Fact("right", SEEN_LATER, day("2026-02-01"), day("2026-02-15"), corrects="a misprint")
    assert overlaps([wrong, right]) == ()
    spans = in_force([[right, wrong]])
    assert [holding(spans, day(at)) for at in ("2026-01-31", "2026-02-01", "2026-02-15")] == ["wrong", "right", "wrong"]


def test_an_open_price_ends_where_the_next_begins_and_does_not_come_back() -> None:
    promotion = Fact("promotion", SEEN_LATER, day("2026-05-01"), day("2026-06-01"))
    assert overlaps([OLD, promotion]) == ()
    spans = in_force([[OLD, promotion]])
    assert [holding(spans, day(at)) for at in ("2026-04-30", "2026-05-01", "2026-06-01")] == ["old", "promotion", None]


def test_what_is_learned_later_does_not_change_what_was_known() -> None:
    refreshed = Fact("refreshed", SEEN_LATER, day("2026-02-01"))
    before = in_force([[OLD]], SEEN)
    assert in_force([[OLD, refreshed]], SEEN) == before
    assert in_force([[OLD, refreshed]], date(2026, 3, 31)) == before
    assert holding(in_force([[OLD, refreshed]], SEEN_LATER), day("2026-02-01")) == "refreshed"


def test_a_layer_lies_over_the_one_below_whatever_its_day_and_lets_it_show_again() -> None:
    contracted = Fact("contracted", date(2020, 1, 1), day("2026-02-01"), day("2026-04-01"))
    spans = in_force([[OLD, NEW], [contracted]])
    assert [holding(spans, day(at)) for at in ("2026-01-31", "2026-03-13", "2026-04-01")] == [
        "old", "contracted", "new",
    ]  # fmt: skip


INSTANTS = st.none() | st.integers(0, 12).map(lambda months: day("2026-01-01") + timedelta(days=30 * months))
ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    start, end = draw(INSTANTS), draw(INSTANTS)
    if start and end and start >= end:
        end = None
    seen = SEEN + timedelta(days=draw(st.integers(0, 5)))
    return Fact(draw(st.text("abcdefgh", min_size=3, max_size=3)), seen, start, end, draw(st.none() | st.just("why")))


@given(st.lists(st.lists(facts(), max_size=5), max_size=3), st.none() | st.integers(0, 5), st.integers(-1, 13), ZONES)
def test_stretches_never_overlap_and_the_zone_never_matters(
    layers: list[list[Fact]], known: int | None, month: int, zone: timezone
) -> None:
    spans = in_force(layers, None if known is None else SEEN + timedelta(days=known))
    for earlier, later in pairwise(spans):
        assert earlier.valid_to is not None
        assert later.valid_from is not None
        assert earlier.valid_to <= later.valid_from
    at = day("2026-01-01") + timedelta(days=30 * month)
    assert holding(spans, at) == holding(spans, at.astimezone(zone))


@given(st.lists(facts(), min_size=1, max_size=6), st.integers(0, 5))
def test_knowledge_of_a_day_is_what_was_learned_until_then(layer: list[Fact], known: int) -> None:
    until = SEEN + timedelta(days=known)
    assert in_force([layer], until) == in_force([[fact for fact in layer if fact.observed_on <= until]])


@given(st.lists(facts(), min_size=1, max_size=6), st.integers(-1, 13))
def test_where_nothing_overlaps_what_holds_is_the_last_to_begin_unless_it_has_ended(
    layer: list[Fact], month: int
) -> None:
    plain = [fact for fact in layer if fact.corrects is None]
    if overlaps(plain):
        return
    at = day("2026-01-01") + timedelta(days=30 * month)
    begun = [fact for fact in plain if (fact.valid_from or FIRST) <= at]
    last = max(begun, key=lambda fact: fact.valid_from or FIRST, default=None)
    expected = None if last is None or (last.valid_to is not None and last.valid_to <= at) else last.name
    assert holding(in_force([plain]), at) == expected


@given(st.lists(facts(), max_size=6).flatmap(lambda layer: st.tuples(st.just(layer), st.permutations(layer))))
def test_the_order_in_the_file_does_not_matter_where_nothing_overlaps(layers: tuple[list[Fact], list[Fact]]) -> None:
    plain, shuffled = ([fact for fact in layer if fact.corrects is None] for layer in layers)
    if not overlaps(plain):
        assert in_force([shuffled]) == in_force([plain])
