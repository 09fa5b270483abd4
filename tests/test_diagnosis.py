"""Why a charge differs: a planted mistake is found, named, and nobody else is accused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.audit import Finding
from billing.auditor import audit, requests
from billing.hypotheses import MARKUP, explanations, hypotheses, markup
from billing.rating import lay_rates
from billing.records import UsageRecord
from pricing.calculator import rate
from pricing.catalog import Catalog, load_catalog
from pricing.rates import ContextTier, PerMtok
from pricing.rounding import Rounding
from pricing.usage import Usage
from tests.ledgers import LEARNED, OCTOBER, a_catalog, a_ledger, block, put

FULL = PerMtok(
    input=Decimal(883), output=Decimal(4412), cache_read=Decimal(89), cache_write_5m=Decimal(1103),
    cache_write_1h=Decimal(1765),
)  # fmt: skip
CUT = Rounding(mode="down", step=Decimal("0.01"))
CATALOG = a_catalog(block(FULL, rounding=CUT))
(PERIOD,) = CATALOG.periods("vendor", "model")
MISTAKES = {(each.rule, each.detail): each for each in hypotheses(CATALOG, PERIOD)}
#: Of mark-ups a few stand for all, and some that are no whole percentage.
SOME = [
    each
    for each in MISTAKES.values()
    if each.rule != MARKUP or each.detail in {"6 % over the card", "30 % under the card"}
]
SOME += [each for percent in ("2.5", "0.35", "-7.25", "260") if (each := markup(PERIOD, Decimal(percent)))]


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


@pytest.mark.parametrize("mistake", SOME, ids=lambda each: f"{each.rule} {each.detail}")
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
        found = audit(ledger, CATALOG)
        rating = lay_rates(ledger, CATALOG)
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


THREE_PRICES = (
    block(PerMtok(input=Decimal(100)), valid_to=OCTOBER),
    block(PerMtok(input=Decimal(130)), valid_from=OCTOBER, valid_to=OCTOBER + timedelta(days=10)),
    block(PerMtok(input=Decimal(170)), valid_from=OCTOBER + timedelta(days=10)),
)


def told_by(catalog: Catalog, *records: UsageRecord) -> list[Finding]:
    with a_ledger() as ledger:
        put(ledger, records)
        return list(audit(ledger, catalog).findings)


@pytest.mark.parametrize(
    ("day", "charged", "rule", "words"),
    [
        (11, "1", "rate.stale", "the rates until 2026-10-01"),
        (11, "1.3", "rate.stale", "the rates before these"),
        (5, "1", "rate.stale", "the rates before these"),
        (5, "1.7", "rate.early", "the rates from 2026-10-11 on"),
        (-1, "1.7", "rate.early", "the rates from 2026-10-11 on"),
    ],
)
def test_prices_of_any_other_time_are_stale_or_early(day: int, charged: str, rule: str, words: str) -> None:
    at = OCTOBER + timedelta(days=day)
    told = replace(record(1, Usage(input=10_000), Decimal(charged)), at=at)
    (finding,) = told_by(a_catalog(*THREE_PRICES), told)
    assert (finding.rule, finding.evidence) == (rule, "exact")
    assert words in finding.sentence


def test_rates_that_were_put_right_since_are_stale() -> None:
    wrong, right = (block(PerMtok(input=Decimal(rate))) for rate in (100, 130))
    corrected = right.model_copy(update={"observed_on": LEARNED + timedelta(days=1), "corrects": "a misprint"})
    (finding,) = told_by(a_catalog(wrong, corrected), record(1, Usage(input=10_000), Decimal(1)))
    assert finding.rule == "rate.stale"
    assert "the rates that these take the place of" in finding.sentence


TIERED = a_catalog(
    block(PerMtok(input=Decimal(100)), context_tiers=(ContextTier(above=1_000, per_mtok=PerMtok(input=Decimal(200))),))
)


@pytest.mark.parametrize(
    ("tokens", "charged", "rule"),
    [(1_000, "0.2", "tier.wrong"), (1_001, "0.1001", "tier.wrong"), (1_000, "0.1", None), (1_001, "0.2002", None)],
)
def test_another_context_tier_is_wrong_in_both_directions(tokens: int, charged: str, rule: str | None) -> None:
    found = told_by(TIERED, record(1, Usage(input=tokens), Decimal(charged)))
    assert [finding.rule for finding in found] == ([rule] if rule else [])


def test_a_tie_is_told_as_one() -> None:
    cut = a_catalog(block(PerMtok(input=Decimal(100), output=Decimal(100)), rounding=CUT))
    both = record(1, Usage(input=10_070), Decimal("1.01"))  # rounding half up and rounding up
    (finding,) = told_by(cut, both)
    assert (finding.rule, finding.evidence) == ("rounding.half_up", "tie")
    assert (finding.ties, finding.tied_with) == (1, ("rounding.up",))
    up = record(2, Usage(input=10_010), Decimal("1.01"))
    (finding,) = told_by(cut, both, up)
    assert (finding.rule, finding.evidence, finding.requests, finding.ties) == ("rounding.up", "exact", 2, 1)


@pytest.mark.parametrize("percent", ["2.5", "-7.5", "260", "6"])
def test_one_request_alone_tells_its_mark_up_too(percent: str) -> None:
    unrounded = a_catalog(block(FULL))
    (period,) = unrounded.periods("vendor", "model")
    usage, mistake = Usage(600_000_000, 90_000_000), markup(period, Decimal(percent))
    assert mistake
    told = explanations(unrounded, rate(usage, mistake.period).charged, usage, period)
    assert [each.detail for each in told] == [mistake.detail]
    assert explanations(unrounded, Decimal(100), usage, period) == ()


def test_a_few_charges_that_differ_anyhow_are_no_mark_up() -> None:
    right = [rate(usage, PERIOD).charged or Decimal(0) for usage in month(40)]
    told = [record(n, usage, right[n] + Decimal(n * 7919 % 89 + 3) / 100) for n, usage in enumerate(month(40))]
    assert MARKUP not in {finding.rule for finding in told_by(CATALOG, *told)}


def test_systematic_is_told_from_sporadic() -> None:
    usages = month(60)
    doubled = MISTAKES["output.double", "counting output tokens twice"].period

    def told(wrong: Callable[[int], bool]) -> Finding:
        charged = [rate(usage, doubled if wrong(n) else PERIOD).charged for n, usage in enumerate(usages)]
        (finding,) = told_by(CATALOG, *(record(n, usages[n], charged[n]) for n in range(60)))
        return finding

    since = told(lambda n: n >= 40)
    assert [since.pattern, since.share, since.first_at] == ["systematic", 1, OCTOBER + timedelta(minutes=40)]
    assert since.sentence.startswith("On 2026-10-01, 20 requests were charged ")
    now_and_then = told(lambda n: n % 10 == 5)
    assert (now_and_then.pattern, now_and_then.share) == ("sporadic", Decimal("0.1176"))
    assert now_and_then.sentence.startswith("6 of 51 requests were charged ")
    assert told(lambda n: n == 9).pattern == "sporadic"


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


@settings(max_examples=8)
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
