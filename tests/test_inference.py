"""Rates and rounding from charges alone: right to the last digit, and never called impossible where they are not."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.auditor import audit
from billing.errors import TooFewChargesError
from billing.importing.importer import import_paths
from billing.inferring.card_values import amount
from billing.inferring.inference import Inference, Segment, infer
from billing.ledger import Ledger
from billing.rating import Selection
from billing.records import Reading
from pricing.catalog import load_catalog
from pricing.errors import UnknownNameError
from pricing.rates import PerMtok
from tests.charges import CENT, FULL, PLAIN, Rule, fill, requests
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block

CATALOG = a_catalog(block(PerMtok(input=Decimal(300), output=Decimal(1500))))
VENDOR = Selection(provider="vendor")
KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def inferred(charged: Sequence[tuple[Sequence[int], int]], **fields: object) -> Inference:
    with a_ledger() as ledger:
        fill(ledger, charged, **fields)
        return infer(ledger, CATALOG, VENDOR, str(fields.get("sku", "model")))


def charged_by(rule: Rule, usage: Sequence[tuple[int, ...]]) -> list[tuple[tuple[int, ...], int]]:
    return [(tokens, rule.charge(tokens)) for tokens in usage]


def holds(segment: Segment, rates: tuple[int, ...]) -> bool:
    """Tell whether every interval holds the true rate, ends as they are told."""
    for kind, rate in zip(KINDS, rates, strict=False):
        found, true = segment.rates.get(kind), amount(kind, rate)
        if found is not None:
            above = found.low <= true if found.includes_low else found.low < true or found.low == true
            if not (above and true <= found.high):
                return False
            if (true == found.low and not found.includes_low and found.low == found.high) or found.low > found.high:
                return False
    return True


@pytest.mark.parametrize("mode", ["down", "half_up", "up"])
@pytest.mark.parametrize("by_component", [False, True])
def test_rates_and_rounding_of_5000_requests(mode: str, by_component: bool) -> None:
    rule = Rule(PLAIN, mode, by_component=by_component)
    (segment,) = inferred(charged_by(rule, list(requests(1, 5000)))).segments
    assert segment.rounding is not None
    told = (segment.rounding.mode, segment.rounding.step, segment.rounding.scope)
    assert told == (mode, Decimal("0.01"), "component" if by_component else "request")
    assert (segment.explains, segment.contradicted_by, segment.after) == (5000, (), None)
    assert holds(segment, PLAIN)
    for kind, true in (("input", 300), ("output", 1500)):
        found = segment.rates[kind]
        assert found is not None
        assert found.chosen == true
        if not by_component:  # where each component is rounded, only bounds are told
            assert (found.high - found.low) / true < Decimal("0.0001")


def test_the_rate_of_each_kind_and_no_card_is_needed() -> None:
    (segment,) = inferred(charged_by(Rule(FULL), list(requests(2, 3000, 5))), sku="model-x").segments
    assert holds(segment, FULL)
    assert {kind: found.chosen for kind, found in segment.rates.items() if found} == {
        kind: amount(kind, rate) for kind, rate in zip(KINDS, FULL, strict=True)
    }


def test_a_silent_rise_is_found_between_two_requests() -> None:
    usage = list(requests(3, 100_000))
    before, after = Rule(PLAIN), Rule((309_000_000, PLAIN[1]))
    told = [(tokens, (before if nth < 61_234 else after).charge(tokens)) for nth, tokens in enumerate(usage, 1)]
    first, second = inferred(told).segments
    hidden = [nth for nth in range(61_234, 100_000) if before.charge(usage[nth - 1]) != after.charge(usage[nth - 1])]
    assert second.first_request == f"r{hidden[0]}"
    assert first.last_request == f"r{hidden[0] - 1}"
    assert first.end == second.start == OCTOBER.replace(day=8, hour=2, minute=5, second=40 + 10 * (hidden[0] - 61_234))
    assert second.after is not None
    assert 61_234 - 40 < int(second.after[1:]) < 61_234
    assert holds(first, PLAIN)
    assert holds(second, after.rates)
    assert (first.contradicted_by, second.contradicted_by) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.001, 0.05])
def test_sporadic_faults_are_set_aside_and_named(share: float) -> None:
    random = Random(4)  # noqa: S311 - the same ones each time
    rule, planted = Rule(PLAIN), set[str]()
    told = []
    for line, tokens in enumerate(requests(5, 4_000), 1):
        taken = rule.charge(tokens)
        if random.random() < share:
            taken += random.choice([CENT, 2 * CENT, 37 * CENT, taken])
            planted.add(f"r{line}")
        told.append((tokens, taken))
    (segment,) = inferred(told).segments
    assert set(segment.contradicted_by) <= planted
    assert segment.explains == 4_000 - len(segment.contradicted_by)
    assert len(planted) - len(segment.contradicted_by) <= len(planted) // 50
    assert holds(segment, PLAIN)
    assert segment.rounding is not None
    assert segment.rounding.mode == "down"


def test_a_short_first_price_is_no_fault() -> None:
    usage = [(20_000 + 977 * nth, 3_000 + 613 * nth) for nth in range(60)]
    old, new = Rule(PLAIN), Rule((330_000_000, 1_650_000_000))
    told = [(tokens, (old if nth < 12 else new).charge(tokens)) for nth, tokens in enumerate(usage)]
    first, second = inferred(told).segments
    assert (first.requests, second.requests) == (12, 48)
    assert second.after == "r12"


rates = st.one_of(st.integers(1, 5_000).map(lambda rate: rate * 10**6), st.integers(0, 10**10))
tokens = st.one_of(st.just(0), st.integers(1, 300), st.integers(0, 200_000))


@pytest.mark.slow
@settings(max_examples=12)
@given(st.data())
def test_what_a_card_explains_is_never_called_impossible(data: st.DataObject) -> None:
    kinds = data.draw(st.integers(1, 5))
    rule = Rule(
        tuple(data.draw(st.lists(rates, min_size=kinds, max_size=kinds))),
        data.draw(st.sampled_from(["none", "down", "half_up", "up"])),
        10 ** data.draw(st.integers(3, 11)),
        data.draw(st.booleans()),
    )
    usage = data.draw(st.lists(st.tuples(*[tokens] * kinds), min_size=2, max_size=25))
    for segment in inferred(charged_by(rule, usage)).segments:
        true = [tested for tested in segment.rules if _is(tested, rule, usage)]
        # Where nothing needs rounding, no rule that rounds components is tried: the first rule gives all.
        assert any(tested.verdict != "refuted" for tested in true) or segment.rules[0].verdict == "explains"
        assert holds(segment, rule.rates)


def _is(tested: object, rule: Rule, usage: list[tuple[int, ...]]) -> bool:
    """Tell whether a tested rule is the true one, or one with a coarser step that nobody could tell from it."""
    mode, step, scope = tested.mode, tested.step, tested.scope  # type: ignore[attr-defined]  # a TestedRule
    one_kind = max(sum(count > 0 for count in row) for row in usage) <= 1
    scopes = {"request"} if rule.mode == "none" or one_kind else {"component" if rule.by_component else "request"}
    return mode == rule.mode and scope in scopes and (step is None or step * 10**12 >= min(rule.step, 10**12))


def test_what_can_not_be_told_is_no_number() -> None:
    usage = [(nth * 100 + 7, 40, 2 * (nth * 100 + 7), nth * nth + 3) for nth in range(1, 60)]
    (segment,) = inferred(charged_by(Rule(FULL[:4]), usage)).segments
    assert segment.reasons == {"input": "collinear", "cache_read": "collinear", "output": "never_varies"}
    assert [kind for kind, found in segment.rates.items() if found is None] == ["input", "output", "cache_read"]
    assert "cache_write_1h" not in segment.rates
    assert holds(segment, FULL[:4])


def test_what_is_not_rounded_is_told_from_what_is() -> None:
    usage = list(requests(6, 300, 3))
    (segment,) = inferred(charged_by(Rule((2_000_000, 12_000_000, 200_000), "none"), usage)).segments
    assert segment.rounding is not None
    assert segment.rounding.mode == "none"
    assert {kind: found.chosen for kind, found in segment.rates.items() if found} == {
        "input": Decimal(2), "output": Decimal(12), "cache_read": Decimal("0.2"),
    }  # fmt: skip


def test_two_requests_leave_the_rule_open() -> None:
    (segment,) = inferred(charged_by(Rule(PLAIN), [(18, 42), (20_000, 661)])).segments
    assert segment.rounding is None
    assert {rule.verdict for rule in segment.rules if rule.scope == "request"} == {"explains"}
    assert all(rule.verdict != "refuted" for rule in segment.rules)
    assert holds(segment, PLAIN)


def test_nothing_explains_chance() -> None:
    random = Random(7)  # noqa: S311 - the same ones each time
    told = [(tokens, random.randrange(1, 10_000) * CENT) for tokens in requests(8, 60)]
    (segment,) = inferred(told).segments
    assert (segment.rounding, segment.card_rounding, segment.explains) == (None, None, 0)
    assert all(rule.verdict == "refuted" and rule.witness for rule in segment.rules if rule.scope == "request")


def test_a_witness_is_impossible_and_needs_each_of_its_requests() -> None:
    usage = list(requests(9, 400))
    rule = Rule(PLAIN)
    (segment,) = inferred(charged_by(rule, usage)).segments
    witness = next(tested.witness for tested in segment.rules if (tested.mode, tested.scope) == ("up", "request"))
    rows = [usage[int(name[1:]) - 1] for name in witness]
    bounds = [(row, rule.charge(row) - CENT, rule.charge(row)) for row in rows]
    assert not _has_corner(bounds)
    for left_out in range(len(bounds)):
        assert _has_corner(bounds[:left_out] + bounds[left_out + 1 :])


def _has_corner(bounds: list[tuple[tuple[int, ...], int, int]]) -> bool:
    """Tell whether rates exist, ends included, by trying all corners: an oracle of two rates."""
    lines = [(row, end) for row, low, high in bounds for end in (low, high)] + [((1, 0), 0), ((0, 1), 0)]
    for nth, ((a, b), left) in enumerate(lines):
        for (c, d), right in lines[nth + 1 :]:
            area = a * d - b * c
            if area:
                x, y = Fraction(left * d - b * right, area), Fraction(a * right - left * c, area)
                if x >= 0 and y >= 0 and all(low <= i * x + o * y <= high for (i, o), low, high in bounds):
                    return True
    return False


def test_what_says_nothing_of_rates_is_left_out_and_counted() -> None:
    rule = Rule(PLAIN)
    good = charged_by(rule, list(requests(10, 50)))
    with a_ledger() as ledger:
        fill(ledger, good)
        odd: list[dict[str, object]] = [
            {"status": "failed"}, {"status": "incomplete"}, {"charged": None}, {"unknown_fields": "iterations"},
            {"service_tier": "batch"}, {"unit": "USD"}, {"status": "refund", "charged": -CENT}, {"used_at": None},
        ]  # fmt: skip
        for nth, fields in enumerate(odd):
            fill(ledger, [((1000, 100), 999 * CENT)], request_id=f"odd{nth}", **fields)
        found = infer(ledger, CATALOG, VENDOR, "model")
    assert found.excluded == {
        "failed": 1, "incomplete": 1, "unreported": 1, "unknown_usage_field": 1, "other_service_tier": 1,
        "other_unit": 1, "refund": 1, "alone": 1,
    }  # fmt: skip
    (segment,) = found.segments
    assert (segment.requests, segment.contradicted_by) == (50, ())


def test_requests_without_a_time_are_a_segment_of_their_own() -> None:
    (segment,) = inferred(charged_by(Rule(PLAIN), list(requests(11, 400))), used_at=None).segments
    assert (segment.start, segment.end, segment.requests) == (None, None, 400)
    assert holds(segment, PLAIN)


def test_unknown_names_and_empty_logs_say_what_to_do() -> None:
    with a_ledger() as ledger:
        fill(ledger, [((1000, 100), CENT)], charged=None)
        with pytest.raises(UnknownNameError, match="it holds: model"):
            infer(ledger, CATALOG, VENDOR, "modell")
        with pytest.raises(UnknownNameError, match="it holds: vendor"):
            infer(ledger, CATALOG, Selection(provider="vender"), "model")
        with pytest.raises(TooFewChargesError, match="1 unreported"):
            infer(ledger, CATALOG, VENDOR, "model")


@pytest.mark.slow
def test_real_charges_give_the_published_rates(shared: Path) -> None:
    with a_ledger() as ledger:
        import_paths(ledger, [shared / "realdata" / "openrouter"], Reading(), OCTOBER)
        name, sku = _most_used(ledger)
        catalog = load_catalog(providers=[name])
        (segment,) = infer(ledger, catalog, Selection(provider=name), sku).segments
        assert audit(ledger, catalog).verdicts["matched"] == segment.explains
    assert {kind: found.chosen for kind, found in segment.rates.items() if found} == {
        "input": Decimal(2), "output": Decimal(12), "cache_read": Decimal("0.2"),
    }  # fmt: skip


def _most_used(ledger: Ledger) -> tuple[str, str]:
    query = "SELECT provider, sku FROM usage_records GROUP BY ALL ORDER BY COUNT(*) DESC LIMIT 1"
    ((provider, sku),) = ledger.rows(query)
    return provider, sku
