"""The SQL and the calculator say the same of every request, to the last digit."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.auditor import audit, requests
from billing.rating import EVERYTHING, lay_rates
from billing.records import Status, UsageRecord
from pricing.calculator import price
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS, Usage
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put
from tests.rate_strategies import blocks

tokens = st.one_of(st.just(0), st.integers(0, 3_000), st.integers(0, 10**9))


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    change = OCTOBER + timedelta(days=13)
    return a_catalog(
        draw(blocks(valid_to=change)),
        draw(blocks(valid_from=change + draw(st.sampled_from([timedelta(0), timedelta(days=2)])))),
        draw(blocks(service_tier="batch")),
    )


@st.composite
def records(draw: st.DrawFn) -> list[UsageRecord]:
    count = draw(st.integers(1, 12))
    return [
        UsageRecord(
            line=number,
            provider=draw(st.sampled_from(["vendor", "vendor", "vendor", "other", None])),
            sku=draw(st.sampled_from(["model", "model", "model-1", "model-12"])),
            request_id=f"request-{number}",
            at=draw(
                st.none() | st.integers(0, 30 * 86_400_000_000).map(lambda us: OCTOBER + timedelta(microseconds=us))
            ),
            usage=Usage(
                **{kind.value: draw(tokens) for kind in TOKEN_KINDS},
                cache_write_unsplit=draw(st.one_of(st.just(0), tokens)),
                web_searches=draw(st.sampled_from([0, 0, 3])),
                service_tier=draw(st.sampled_from(["standard", "standard", "batch", "priority"])),
                unknown_fields=draw(st.sampled_from([(), (), ("iterations",)])),
            ),
            charged=draw(st.none() | st.decimals(0, 1_000, places=2)),
            unit="credit",
        )
        for number in range(count)
    ]


@settings(max_examples=60)
@given(catalogs(), records())
def test_sql_equals_the_calculator_digit_by_digit(catalog: Catalog, told: list[UsageRecord]) -> None:
    with a_ledger() as ledger:
        put(ledger, told)
        found = {r.request_id: r for r, _ in requests(lay_rates(ledger, catalog), most=100, with_matched=True)}
    assert len(found) == len(told)
    for record in told:
        charge = price(catalog, record.provider or "", record.sku, record.usage, record.at)
        audited = found[record.request_id]
        assert audited.exact == charge.exact
        assert audited.expected == charge.charged
        reasons = {part.reason for part in charge.unpriced}
        assert (audited.reason is None) == (not reasons)
        assert audited.reason is None or audited.reason in reasons


@settings(max_examples=40)
@given(catalogs(), records(), st.decimals(0, 5, places=2))
def test_totals_are_the_sums_of_their_parts(catalog: Catalog, told: list[UsageRecord], tolerance: Decimal) -> None:
    with a_ledger() as ledger:
        put(ledger, told)
        found = audit(ledger, catalog, EVERYTHING, tolerance)
        rows = [r for r, _ in requests(lay_rates(ledger, catalog), tolerance, most=100, with_matched=True)]
    assert sum(found.verdicts.values()) == len(told) == sum(line.requests for line in found.skus)
    checked = [row for row in rows if row.variance is not None]
    for totals in found.totals:
        assert totals.charged - totals.expected == totals.variance
        assert totals.charged == sum((row.charged or 0 for row in checked), Decimal(0))
        assert totals.expected == sum((row.expected or 0 for row in checked), Decimal(0))
        assert totals.variance == sum((line.variance for line in found.skus if line.unit == totals.unit), Decimal(0))
        everything = sum((record.charged for record in told if record.charged is not None), Decimal(0))
        assert totals.charged + totals.charged_unchecked == everything
    dated = sum((row.variance or 0 for row in checked if row.at is not None), Decimal(0))
    assert sum((line.variance for line in found.days), Decimal(0)) == dated
    beyond = sum((row.variance or 0 for row in rows if row.verdict in ("overcharged", "undercharged")), Decimal(0))
    assert sum((finding.variance for finding in found.findings), Decimal(0)) == beyond
    assert sum(gap.requests for gap in found.gaps) == found.verdicts["unpriced"] + found.verdicts["unreported"]


def test_amounts_beyond_64_bits_are_exact() -> None:
    catalog = a_catalog(
        block(PerMtok(input=Decimal(7353), output=Decimal(7353)), rounding=Rounding(mode="down", step=Decimal("0.01")))
    )
    usage = Usage(input=10**14 + 1, output=3)
    with a_ledger() as ledger:
        put(ledger, [UsageRecord(1, "vendor", "model", "big", at=OCTOBER, usage=usage)])
        ((found, _),) = requests(lay_rates(ledger, catalog), most=1)
        totals = audit(ledger, catalog).totals
    assert found.exact == Decimal("735300000000.029412")
    assert found.expected == totals[0].expected_unreported == Decimal("735300000000.02")


def test_half_open_periods_meet_at_an_instant() -> None:
    """2026-03-12T23:30Z is old, 2026-03-13T00:00Z new, and 2026-03-13T01:30+02:00 old again."""
    change = datetime.fromisoformat("2026-03-13T00:00:00+00:00")
    catalog = a_catalog(
        block(PerMtok(input=Decimal(100)), valid_to=change), block(PerMtok(input=Decimal(200)), valid_from=change)
    )
    times = ["2026-03-12T23:30:00+00:00", "2026-03-13T00:00:00+00:00", "2026-03-13T01:30:00+02:00"]
    told = [
        UsageRecord(line, "vendor", "model", at, at=datetime.fromisoformat(at), usage=Usage(input=10_000))
        for line, at in enumerate(times)
    ]
    with a_ledger() as ledger:
        put(ledger, told)
        found = {r.request_id: r.expected for r, _ in requests(lay_rates(ledger, catalog), most=9)}
    assert [found[at] for at in times] == [Decimal(1), Decimal(2), Decimal(1)]


def test_a_charge_for_a_failure_is_all_variance() -> None:
    failed = UsageRecord(
        1,
        "vendor",
        "model",
        "a",
        at=OCTOBER,
        status=Status.FAILED,
        error_status=503,
        charged=Decimal("0.5"),
        unit="credit",
    )
    quiet = UsageRecord(2, "vendor", "model", "b", at=OCTOBER, status=Status.FAILED, error_status=503)
    with a_ledger() as ledger:
        put(ledger, [failed, quiet])
        found = audit(ledger, a_catalog(block(PerMtok(input=Decimal(1)))))
    assert (found.verdicts["charged_failure"], found.verdicts["failed"]) == (1, 1)
    assert found.findings[0].rule == "charge.on_failure"
    assert found.findings[0].variance == Decimal("0.5")
    assert found.findings[0].usd == Decimal("0.0025")
