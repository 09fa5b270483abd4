"""The statement of a month: every table adds up to the last digit, and says what the calculator says."""

from collections import defaultdict
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.auditor import requests
from billing.errors import BadMomentError, EmptyLedgerError
from billing.ledger import Ledger
from billing.months.allocation import spread
from billing.months.changes import ROUNDING, Effects, Key, Used, counted_in, line_changes
from billing.months.monthly import Asked, monthly_statement
from billing.months.statement import Statement
from billing.rating import Selection, lay_rates
from billing.records import Status, UsageRecord
from pricing.amounts import EXACT, times, total
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import Usage
from reports.statement_answer import unusual_sentence
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put
from tests.rate_strategies import blocks
from tests.statement_adding import check_adds_up, check_breakdowns, check_sku_shares

NOVEMBER = OCTOBER + timedelta(days=31)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
CUT = Rounding(mode="down", step=Decimal("0.01"))
CACHED = PerMtok(
    input=Decimal(300), output=Decimal(1500), cache_read=Decimal(30), cache_write_5m=Decimal(375),
    cache_write_1h=Decimal(600),
)  # fmt: skip

counts = st.one_of(st.just(0), st.integers(0, 3_000), st.integers(0, 10**9))
names = st.sampled_from([None, "red", "blue", "=green()"])


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    change = NOVEMBER + timedelta(days=9)
    return a_catalog(draw(blocks(valid_to=change)), draw(blocks(valid_from=change)), draw(blocks(service_tier="batch")))


@st.composite
def traffic(draw: st.DrawFn) -> list[UsageRecord]:
    return [draw(a_record(number)) for number in range(draw(st.integers(1, 20)))]


@st.composite
def a_record(draw: st.DrawFn, number: int) -> UsageRecord:
    status = draw(st.sampled_from([Status.OK] * 6 + [Status.FAILED, Status.INCOMPLETE]))
    charged = draw(st.none() | st.decimals(0, 1_000, places=2))
    return UsageRecord(
        line=number,
        provider=draw(st.sampled_from(["vendor", "vendor", "vendor", "other", None])),
        sku=draw(st.sampled_from(["model", "model", "model-1", "model-12"])),
        request_id=f"request-{number}",
        at=draw(st.none() | st.integers(0, 61 * 24 - 1).map(lambda hour: OCTOBER + timedelta(hours=hour))),
        status=status,
        usage=Usage()
        if status is Status.FAILED
        else Usage(
            input=draw(counts), output=draw(counts), cache_read=draw(counts), cache_write_5m=draw(counts),
            cache_write_1h=draw(counts), web_searches=draw(st.sampled_from([0, 0, 3])),
            service_tier=draw(st.sampled_from(["standard", "standard", "batch"])),
            unknown_fields=draw(st.sampled_from([(), (), ("iterations",)])),
        ),
        charged=charged,
        unit=None if charged is None else draw(st.sampled_from(["credit", "credit", "USD"])),
        project=draw(names),
        api_key_id=draw(names),
        tags=tuple((key, value) for key in ('a"b', "team") if (value := draw(names))),
    )  # fmt: skip


def of_november(ledger: Ledger, catalog: Catalog, **asked: object) -> Statement:
    return monthly_statement(ledger, catalog, Asked(month=date(2026, 11, 1), now=DECEMBER, **asked))  # type: ignore[arg-type]


@settings(max_examples=12)
@given(catalogs(), traffic(), st.sampled_from(["none", "proportional"]))
def test_every_table_adds_up_to_the_last_digit(catalog: Catalog, told: list[UsageRecord], allocation: str) -> None:
    with a_ledger() as ledger:
        put(ledger, told)
        found = of_november(ledger, catalog, allocation=allocation)
        rows = [
            row
            for row, _ in requests(
                lay_rates(ledger, catalog, Selection(NOVEMBER, DECEMBER)), most=99, with_matched=True
            )
        ]
    check_skus(found)
    check_providers(found)
    check_breakdowns(found, allocation)
    check_sku_shares(found)
    check_change(found)
    check_adds_up(found)
    spent = total(r.charged if r.charged is not None else r.expected or Decimal(0) for r in rows)
    assert total(each.sums.spend for each in found.providers) == spent
    assert total(each.sums.expected for each in found.providers) == total(r.expected or Decimal(0) for r in rows)
    assert sum(each.sums.requests for each in found.providers) == len(rows)
    assert found.left_out.untimed == sum(record.at is None for record in told)


def check_skus(found: Statement) -> None:
    for sku in found.skus:
        sums = sku.sums
        for line in sku.lines:
            per = Decimal("0.000001") if line.quantity_unit == "token" else Decimal(1)
            assert line.amount == times(times(line.rate, per), Decimal(line.quantity))
        assert total(line.amount for line in sku.lines) == sums.exact
        assert total([sums.exact, sums.rounding]) == sums.expected
        parts = [sums.expected, sums.variance, sums.charged_unpriced, -sums.refunded]
        assert total(parts) == sums.spend
        assert sums.charged + sums.expected_unreported - sums.refunded == sums.spend


def check_providers(found: Statement) -> None:
    for provider in found.providers:
        account = (provider.provider, provider.unit)
        own = [sku.sums for sku in found.skus if (sku.provider, sku.unit) == account]
        for field in fields(provider.sums):
            parts = [getattr(sums, field.name) for sums in own]
            whole = getattr(provider.sums, field.name)
            assert whole == (None if None in parts else sum(parts)), field.name
        days = [day for day in found.days if (day.provider, day.unit) == account]
        assert total(day.spend for day in days) == provider.sums.spend
        assert total(day.expected for day in days) == provider.sums.expected
        assert sum(day.requests for day in days) == provider.sums.requests
        for sku in found.skus:
            key = sku.provider, sku.sku, sku.unit
            assert total(d.spend for d in found.sku_days if (d.provider, d.sku, d.unit) == key) == sku.sums.spend
        assert provider.sums.usd is None or total(day.usd or Decimal(0) for day in days) == provider.sums.usd


def check_change(found: Statement) -> None:
    for effects in (*(line.effects for line in found.change.lines), *(each.effects for each in found.change.totals)):
        check_effects(effects)
    for provider in found.providers:
        account = (provider.provider, provider.unit)
        totals = [each.effects for each in found.change.totals if (each.provider, each.unit) == account]
        assert total(effects.after for effects in totals) == provider.sums.expected
        lines = [each.effects for each in found.change.lines if (each.provider, each.unit) == account]
        for field in fields(Effects):
            assert total(getattr(each, field.name) for each in lines) == total(getattr(e, field.name) for e in totals)


def check_effects(effects: Effects) -> None:
    names = ("price", "volume", "mix", "new", "gone", "rounding")
    assert total(getattr(effects, name) for name in names) == effects.change == effects.after - effects.before


keys = st.builds(
    lambda provider, sku, kind: (provider, sku, "credit", kind),
    st.sampled_from(["one", "two"]), st.sampled_from(["a", "b"]),
    st.sampled_from(["input", "output", "request", ROUNDING]),
)  # fmt: skip


@st.composite
def months(draw: st.DrawFn) -> dict[Key, Used]:
    found: dict[Key, Used] = {}
    for key in draw(st.sets(keys)):
        quantity = 0 if key[3] == ROUNDING else draw(st.integers(1, 10**6))
        amount = draw(st.integers(-(10**14), 10**14)) if not quantity else draw(st.integers(0, 10**18))
        found[key] = quantity, amount
    return found


@settings(max_examples=100)
@given(months(), months())
def test_price_volume_and_mix_follow_their_formulas(before: dict[Key, Used], after: dict[Key, Used]) -> None:
    volumes: dict[tuple[object, str], list[int]] = defaultdict(lambda: [0, 0])
    for key in before.keys() & after.keys():
        volumes[key[0], counted_in(key[3])][0] += before[key][0]
        volumes[key[0], counted_in(key[3])][1] += after[key][0]
    for line in line_changes(before, after):
        key = (line.provider, line.sku, line.unit, line.kind)
        check_effects(line.effects)
        if line.kind == ROUNDING or key not in before or key not in after:
            continue
        (q0, a0), (q1, a1) = before[key], after[key]
        then, now = volumes[line.provider, counted_in(line.kind)]
        growth = Fraction(now, then)
        price, volume, mix = (Fraction(part) * 10**12 for part in _three(line.effects))
        assert abs(price - (Fraction(a1, q1) - Fraction(a0, q0)) * q1) <= 1
        assert abs(volume - a0 * (growth - 1)) <= 1
        assert abs(mix - Fraction(a0, q0) * (q1 - q0 * growth)) <= 1


def _three(effects: Effects) -> tuple[Decimal, Decimal, Decimal]:
    return effects.price, effects.volume, effects.mix


def test_effects_by_hand() -> None:
    """Input 100 at 1 and output 100 at 5 become input 300 at 2 and output 100 at 5: Q doubles."""
    credit = 10**12
    tokens_in, tokens_out = ("v", "m", "credit", "input"), ("v", "m", "credit", "output")
    before: dict[Key, Used] = {tokens_in: (100, 100 * credit), tokens_out: (100, 500 * credit)}
    after: dict[Key, Used] = {tokens_in: (300, 600 * credit), tokens_out: (100, 500 * credit)}
    one, two = (line.effects for line in line_changes(before, after))
    assert _three(one) == (Decimal(300), Decimal(100), Decimal(100))
    assert _three(two) == (Decimal(0), Decimal(500), Decimal(-500))


@given(st.integers(-(10**30), 10**30), st.lists(st.integers(0, 10**20), min_size=1, max_size=9))
def test_a_spread_adds_up_and_is_never_off_by_a_whole(amount: int, weights: list[int]) -> None:
    if not any(weights):
        weights[0] = 1
    parts, coarse = spread(amount, weights), spread(amount, weights, 1000)
    assert sum(parts) == sum(coarse) == amount
    assert sum(part % 1000 != 0 for part in coarse) <= 1
    assert all(
        abs(part - Fraction(amount * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def test_an_amount_over_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not all of them 0"):
        spread(1, [0, 0])
    with pytest.raises(ValueError, match="at least 0"):
        spread(1, [2, -1])


def a_month(*records: UsageRecord) -> Statement:
    with a_ledger() as ledger:
        put(ledger, records)
        return of_november(ledger, a_catalog(block(CACHED, rounding=CUT)))


def a_request(number: int, usage: Usage, charged: str | None = None, **more: object) -> UsageRecord:
    at = NOVEMBER + timedelta(days=number % 30)
    money = {"charged": Decimal(charged), "unit": "credit"} if charged else {}
    return UsageRecord(number, "vendor", "model", f"r{number}", at=at, usage=usage, **money, **more)  # type: ignore[arg-type]


def test_lines_and_caching_by_hand() -> None:
    usage = Usage(input=1_000, output=100, cache_read=1_000_000, cache_write_5m=10_000, cache_write_1h=1_000)
    (sku,) = a_month(a_request(1, usage, "34.8"), a_request(2, usage)).skus
    assert [(line.kind, line.quantity, line.rate, line.amount) for line in sku.lines] == [
        ("input", 2_000, Decimal(300), Decimal("0.6")),
        ("output", 200, Decimal(1500), Decimal("0.3")),
        ("cache_read", 2_000_000, Decimal(30), Decimal(60)),
        ("cache_write_5m", 20_000, Decimal(375), Decimal("7.5")),
        ("cache_write_1h", 2_000, Decimal(600), Decimal("1.2")),
    ]
    assert (sku.sums.exact, sku.sums.rounding, sku.sums.expected) == (
        Decimal("69.6"), Decimal(0), Decimal("69.6"),
    )  # fmt: skip
    assert (sku.sums.charged, sku.sums.expected_unreported, sku.sums.spend) == (
        Decimal("34.8"), Decimal("34.8"), Decimal("69.6"),
    )  # fmt: skip
    assert sku.sums.usd == Decimal("0.348")
    caching = sku.economics.caching
    assert (caching.saved, caching.write_cost) == (Decimal(540), Decimal("2.1"))
    assert (caching.net, caching.usd) == (Decimal("537.9"), Decimal("2.6895"))
    assert sku.economics.per_1000_requests == Decimal(34_800)
    assert sku.economics.per_mtok == Decimal("34.383954")


def test_usage_of_unknown_cost_is_told_and_in_no_amount() -> None:
    odd = Usage(input=5, unknown_fields=("iterations",))
    found = a_month(a_request(1, Usage(input=10_000), "3"), a_request(2, odd), a_request(3, odd, "0.7"))
    assert found.is_partial
    ((unpriced,), (provider,)) = found.unpriced, found.providers
    assert (unpriced.reason, unpriced.requests, unpriced.charged) == ("unknown_usage_field", 2, Decimal("0.7"))
    assert (provider.sums.unknown, provider.sums.spend, provider.sums.charged_unpriced) == (
        1, Decimal("3.7"), Decimal("0.7"),
    )  # fmt: skip
    assert provider.economics.requests == 2
    assert found.change.unpriced_after == 2


def test_what_names_no_project_is_spread_by_what_projects_spent() -> None:
    told = [
        a_request(1, Usage(input=10_000), project="red"), a_request(2, Usage(input=20_000), project="blue"),
        a_request(3, Usage(input=3_334)),
    ]  # fmt: skip
    with a_ledger() as ledger:
        put(ledger, told)
        found = of_november(ledger, a_catalog(block(CACHED)), allocation="proportional")
    rows = {row.name: (row.spend, row.allocated, row.total) for row in found.breakdowns[1].rows}
    assert found.breakdowns[1].dimension == "project"
    assert rows == {
        "blue": (Decimal(6), Decimal("0.6668"), Decimal("6.6668")),
        "red": (Decimal(3), Decimal("0.3334"), Decimal("3.3334")),
        None: (Decimal("1.0002"), Decimal("-1.0002"), Decimal(0)),
    }


def test_dollars_at_what_the_user_s_own_units_cost() -> None:
    with a_ledger() as ledger:
        put(ledger, [a_request(1, Usage(input=10_000))])
        found = of_november(ledger, a_catalog(block(CACHED)), effective={"vendor": Decimal("0.0043")})
    (provider,) = found.providers
    assert (provider.sums.usd, provider.sums.usd_effective) == (Decimal("0.015"), Decimal("0.0129"))
    assert (found.usd, found.usd_effective) == (Decimal("0.015"), Decimal("0.0129"))


def test_money_given_back_is_not_spent() -> None:
    back = UsageRecord(
        9, "vendor", "model", "back", at=NOVEMBER + timedelta(days=9), status=Status.REFUND, charged=Decimal(-3),
        unit="credit", tags=(("of_request", "r1"),),
    )  # fmt: skip
    lost = UsageRecord(
        10, "vendor", "model", "lost", at=NOVEMBER, status=Status.REFUND, charged=Decimal(-5), unit="credit",
        tags=(("of_request", "r7"),),
    )  # fmt: skip
    found = a_month(a_request(1, Usage(input=10_000), "3"), a_request(2, Usage(input=10_000), "3"), back, lost)
    (sums,) = (each.sums for each in found.providers)
    assert (sums.charged, sums.refunded, sums.spend) == (Decimal(6), Decimal(3), Decimal(3))
    assert found.left_out.refunds_unclaimed == {"credit": Decimal(5)}


def test_a_month_that_is_not_over_is_held_against_as_many_days() -> None:
    october = [
        UsageRecord(n, "vendor", "model", f"o{n}", at=OCTOBER + timedelta(days=n), usage=Usage(input=1000))
        for n in range(31)
    ]
    with a_ledger() as ledger:
        put(ledger, [*october, *(a_request(n, Usage(input=1000)) for n in range(20))])
        found = monthly_statement(ledger, a_catalog(block(CACHED)), Asked(provider="vendor"))
    assert (found.month, found.is_complete, found.as_of.date()) == (date(2026, 11, 1), False, date(2026, 11, 20))
    assert (found.change.before_from, found.change.before_to) == (date(2026, 10, 1), date(2026, 10, 21))


def test_amounts_beyond_64_bits_are_exact() -> None:
    (sku,) = a_month(a_request(1, Usage(input=10**14 + 1, output=1))).skus
    assert sku.sums.exact == Decimal("30000000000.0018")
    assert (sku.sums.rounding, sku.sums.expected) == (Decimal("-0.0018"), Decimal(30_000_000_000))
    assert sku.sums.usd == Decimal(150_000_000)


def test_an_unusual_day_names_what_drove_it() -> None:
    told = [
        UsageRecord(
            n, "vendor", "model", f"d{n}", at=OCTOBER + timedelta(days=n), usage=Usage(input=10_000 + 100 * (n % 5)),
            project="red",
        )
        for n in range(61)
    ]  # fmt: skip
    surge = UsageRecord(
        99, "vendor", "model-1", "surge", at=NOVEMBER + timedelta(days=11), usage=Usage(input=90_000), project="blue"
    )
    with a_ledger() as ledger:
        put(ledger, [*told, surge])
        (day,) = of_november(ledger, a_catalog(block(CACHED))).unusual
    assert (day.day, day.sku, day.project, day.driver) == (date(2026, 11, 12), "model", "blue", Decimal(27))
    assert day.spend - day.usual > 26
    assert unusual_sentence(day).startswith("Thursday, 2026-11-12 took 30.06 credits at vendor, where 3.06 credits are")


def test_a_month_is_not_stated_before_it_began() -> None:
    with a_ledger() as ledger:
        put(ledger, [a_request(1, Usage(input=10_000))])
        with pytest.raises(BadMomentError, match="2026-11 can't be stated as of 2026-10-01, before it began"):
            of_november(ledger, a_catalog(block(CACHED)), as_of=OCTOBER)
        later = monthly_statement(ledger, a_catalog(block(CACHED)), Asked(month=date(2027, 1, 1)))
    assert (later.providers, later.is_complete, later.as_of) == ((), False, datetime(2027, 1, 1, tzinfo=UTC))


def test_a_ledger_without_a_time_has_no_month() -> None:
    with a_ledger() as ledger, pytest.raises(EmptyLedgerError, match="no request tells its time"):
        monthly_statement(ledger, a_catalog(block(CACHED)), Asked())
    with a_ledger() as ledger:
        put(ledger, [a_request(1, Usage(input=10))])
        with pytest.raises(EmptyLedgerError, match="no request of 'other' tells its time"):
            monthly_statement(ledger, a_catalog(block(CACHED)), Asked(provider="other"))


def test_small_names_are_put_together_and_still_add_up() -> None:
    told = [a_request(n, Usage(input=n), project=f"project {n:04}", tags=(("id", str(n)),)) for n in range(1, 251)]
    with a_ledger() as ledger:
        put(ledger, told)
        found = of_november(ledger, a_catalog(block(CACHED)))
    for breakdown in found.breakdowns[1:]:
        assert (len(breakdown.rows), breakdown.rows[-1].names, breakdown.rows[-1].name) == (201, 50, None)
        assert sum(row.requests for row in breakdown.rows) == 250
    assert EXACT.prec > 28
    check_breakdowns(found, "none")
    check_sku_shares(found)
    check_adds_up(found)
