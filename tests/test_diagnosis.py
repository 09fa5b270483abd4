"""Why a charge differs: a planted mistake is found, named, and nobody else is accused."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.auditor import audit, requests
from billing.hypotheses import hypotheses
from billing.rating import lay_rates
from billing.records import UsageRecord
from pricing.calculator import rate
from pricing.catalog import load_catalog
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put

FULL = PerMtok(
    input=Decimal(883), output=Decimal(4412), cache_read=Decimal(89), cache_write_5m=Decimal(1103),
    cache_write_1h=Decimal(1765),
)  # fmt: skip
CATALOG = a_catalog(block(FULL, rounding=Rounding(mode="down", step=Decimal("0.01"))))
(PERIOD,) = CATALOG.periods("vendor", "model")
MISTAKES = {(each.rule, each.detail): each for each in hypotheses(CATALOG, PERIOD)}


def record(number: int, usage: Usage, charged: Decimal | None) -> UsageRecord:
    at = OCTOBER + timedelta(minutes=number)
    return UsageRecord(number, "vendor", "model", f"r{number}", at=at, usage=usage, charged=charged, unit="credit")


def month(count: int = 60) -> list[Usage]:
    """Return requests of many sizes, each with tokens of every kind."""
    return [
        Usage(
            1_009 * n % 7_001 + 400, 601 * n % 2_003 + 90, 907 * n % 50_021 + 900, 307 * n % 9_001 + 70,
            211 * n % 5_003 + 50,
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=lambda each: f"{each.rule} {each.detail}")
def test_each_mistake_is_found_and_nobody_else_is_accused(mistake: object) -> None:
    planted = replace(mistake)  # type: ignore[type-var]  # a dataclass
    usages = month()
    wrong = {n for n in range(len(usages)) if n % 3 == 0}
    told = [
        record(n, usage, rate(usage, planted.period if n in wrong else PERIOD).charged)  # type: ignore[attr-defined]
        for n, usage in enumerate(usages)
    ]
    differing = {f"r{n}" for n in wrong if told[n].charged != rate(usages[n], PERIOD).charged}
    with a_ledger() as ledger:
        put(ledger, told)
        rating = lay_rates(ledger, CATALOG)
        found = audit(ledger, CATALOG)
        accused = {r.request_id for r, _ in requests(rating, most=1_000)}
    assert accused == differing
    assert {finding.rule for finding in found.findings} == ({planted.rule} if differing else set())  # type: ignore[attr-defined]
    assert sum(finding.requests for finding in found.findings) == len(differing)


def test_several_mistakes_are_told_apart() -> None:
    names = [
        ("rate.markup", "6 % over the card"),
        ("rounding.up", "rounding up"),
        ("output.double", "counting output tokens twice"),
    ]
    usages = month(120)
    told = [
        record(n, usage, rate(usage, MISTAKES[names[n % 4]].period if n % 4 < 3 else PERIOD).charged)
        for n, usage in enumerate(usages)
    ]
    with a_ledger() as ledger:
        put(ledger, told)
        found = audit(ledger, CATALOG).findings
        sampled = requests(lay_rates(ledger, CATALOG), most=1_000)
    assert {finding.rule: finding.requests for finding in found} == {name[0]: 30 for name in names}
    assert len(sampled) == 90


def test_what_no_mistake_gives_is_unexplained_or_extreme() -> None:
    usages = month(3)
    right = [rate(usage, PERIOD).charged or Decimal(0) for usage in usages]
    told = [
        record(0, usages[0], right[0] + Decimal("0.17")),
        record(1, usages[1], right[1] * 1_000),
        record(2, usages[2], right[2]),
    ]
    with a_ledger() as ledger:
        put(ledger, told)
        found = audit(ledger, CATALOG)
    assert {finding.rule: finding.requests for finding in found.findings} == {"unexplained": 1, "charge.extreme": 1}


@pytest.mark.parametrize(
    ("tokens", "charged", "rule"), [(5, 9_200_000, "charge.extreme"), (2 * 10**9, 5_000_000, "unexplained")]
)
def test_a_charge_near_the_end_of_64_bits_is_no_crash(tokens: int, charged: int, rule: str) -> None:
    with a_ledger() as ledger:
        put(ledger, [record(1, Usage(input=tokens), Decimal(charged))])
        (finding,) = audit(ledger, CATALOG).findings
    assert (finding.rule, finding.charged) == (rule, Decimal(charged))


def test_prices_of_before_and_after_a_change_are_told_apart() -> None:
    change = OCTOBER + timedelta(days=10)
    catalog = a_catalog(
        block(PerMtok(input=Decimal(100)), valid_to=change), block(PerMtok(input=Decimal(130)), valid_from=change)
    )
    early = UsageRecord(
        1, "vendor", "model", "a", at=OCTOBER, usage=Usage(input=10_000), charged=Decimal("1.3"), unit="credit"
    )
    late = replace(early, request_id="b", at=change, charged=Decimal(1))
    with a_ledger() as ledger:
        put(ledger, [early, late])
        found = audit(ledger, catalog).findings
    assert {(finding.rule, finding.verdict) for finding in found} == {
        ("rate.early", "overcharged"), ("rate.stale", "undercharged"),
    }  # fmt: skip


def test_the_other_route_of_a_real_card_is_named() -> None:
    catalog = load_catalog(providers=["aivideoapi"])
    usage = Usage(input=5_000, output=700)
    (plain,) = catalog.periods("aivideoapi", "claude-sonnet-4-6")
    (other,) = catalog.periods("aivideoapi", "claude-sonnet-4-6/anthropic")
    block_ = other.block.model_copy(update={"rounding": plain.block.rounding})
    charged = rate(usage, replace(other, block=block_)).charged
    told = UsageRecord(
        1, "aivideoapi", "claude-sonnet-4-6", "a", at=OCTOBER, usage=usage, charged=charged, unit="credit"
    )
    with a_ledger() as ledger:
        put(ledger, [told])
        (finding,) = audit(ledger, catalog).findings
    assert finding.rule == finding.cause == "rate.other_route"
    assert finding.sentence.endswith("as the rates of claude-sonnet-4-6/anthropic would give.")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 50_000), st.integers(0, 9_000), st.decimals(0, 100, places=2)), min_size=1, max_size=8
    )
)
def test_findings_hold_every_mismatch_once(told: list[tuple[int, int, Decimal]]) -> None:
    records = [record(n, Usage(input=i, output=o), charged) for n, (i, o, charged) in enumerate(told)]
    with a_ledger() as ledger:
        put(ledger, records)
        found = audit(ledger, CATALOG)
        sampled = [r for r, _ in requests(lay_rates(ledger, CATALOG), most=100)]
    beyond = found.verdicts["overcharged"] + found.verdicts["undercharged"]
    assert sum(finding.requests for finding in found.findings) == beyond == len(sampled)
    assert sum((finding.variance for finding in found.findings), Decimal(0)) == sum(
        (r.variance for r in sampled if r.variance is not None), Decimal(0)
    )
