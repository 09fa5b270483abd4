"""OpenRouter's generations: the tokens it bills by, the dollars it took, and what no rate per token prices."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing.records import Reject, Status, UsageRecord
from pricing.usage import Usage
from tests.reading import lines_of, read, shape_of
from tests.shape_samples import GENERATION, record_in, reject_of


def test_a_generation_is_what_was_billed() -> None:
    assert record_in({"data": GENERATION}) == UsageRecord(
        line=1,
        provider="openrouter",
        sku="sao10k/l3-stheno-8b",
        request_id="gen-3bhGkxlo4XFrqiabUM7NDtwDzWwG",
        at=datetime(2024, 7, 15, 23, 33, 19, 433273, tzinfo=UTC),
        # Cached tokens are part of the prompt, reasoning tokens part of the completion.
        usage=Usage(input=7, output=25, cache_read=3),
        charged=Decimal("0.0015"),
        unit="USD",
        tags=(("app_id", "12345"), ("served_by", "Infermatic"), ("user", "user-123")),
    )


def test_bare_and_wrapped_generations_are_the_same() -> None:
    assert record_in(GENERATION) == record_in({"data": GENERATION})
    outcomes = read(lines_of([GENERATION, {"data": GENERATION}, {"error": {"code": 404}}, {"data": [1]}]))
    assert [outcome.line for outcome in outcomes] == [1, 2, 3, 4]
    assert outcomes[2:] == [Reject(3, "unknown_object"), Reject(4, "unknown_object")]


def test_the_provider_that_the_user_names_overrules() -> None:
    assert record_in(GENERATION, provider="mine").provider == "mine"


def test_the_charge_is_not_what_the_upstream_took_and_zero_is_not_missing() -> None:
    assert record_in(GENERATION | {"total_cost": 0, "usage": 0}).charged == 0
    assert record_in(GENERATION | {"total_cost": 0, "usage": 5}).charged == 0
    assert record_in(GENERATION | {"total_cost": None}).charged == Decimal("0.0015")
    unsaid = record_in(GENERATION | {"total_cost": None, "usage": None})
    assert (unsaid.charged, unsaid.unit) == (None, None)


def test_a_generation_cancelled_before_it_had_usage_is_a_class_of_its_own() -> None:
    nothing = {"native_tokens_prompt": None, "native_tokens_completion": None, "cancelled": True, "total_cost": 0}
    for counts in (nothing, nothing | {"native_tokens_prompt": 0, "native_tokens_completion": 0}):
        record = record_in(GENERATION | counts)
        assert (record.status, record.error_type, record.usage, record.charged) == (
            Status.FAILED, "cancelled", Usage(), Decimal(0),
        )  # fmt: skip
    failed = record_in(GENERATION | nothing | {"cancelled": False, "finish_reason": "error", "total_cost": 0.2})
    assert (failed.status, failed.error_type, failed.charged) == (Status.FAILED, "error", Decimal("0.2"))
    # Without either, nobody says why there is no usage.
    assert reject_of(GENERATION | nothing | {"cancelled": False}) == ("no_usage", "native_tokens_prompt")


def test_a_generation_cancelled_while_it_wrote_is_billed_by_what_it_had_written() -> None:
    record = record_in(GENERATION | {"cancelled": True})
    assert (record.status, record.usage.output, dict(record.tags)["cancelled"]) == (Status.OK, 25, "true")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("num_search_results", 5, ("num_search_results",)),
        ("num_media_prompt", 1, ("num_media_prompt",)),
        ("native_tokens_completion_images", 9, ("native_tokens_completion_images",)),
        ("native_tokens_of_tomorrow", 1, ("native_tokens_of_tomorrow",)),
        ("is_byok", True, ("is_byok",)),
        ("cache_discount", -0.001, ("cache_discount",)),
        ("cache_discount", 0.001, ()),
        ("cache_discount", None, ()),
        ("session_id", "s", ()),
        ("provider_responses", [{"status": 200, "latency": 5}], ()),
    ],
)
def test_what_no_rate_per_token_prices_is_noticed(field: str, value: object, named: tuple[str, ...]) -> None:
    assert record_in(GENERATION | {field: value}).usage.unknown_fields == named


@pytest.mark.parametrize(("told", "tier"), [(None, "standard"), ("default", "standard"), ("flex", "flex")])
def test_the_tier_that_the_price_depends_on_is_kept(told: object, tier: str) -> None:
    assert record_in(GENERATION | {"service_tier": told}).usage.service_tier == tier


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"native_tokens_cached": 11}, ("cached_exceeds_prompt", "native_tokens_cached")),
        ({"native_tokens_reasoning": 26}, ("reasoning_exceeds_completion", "native_tokens_reasoning")),
        ({"native_tokens_prompt": 10.5}, ("bad_tokens", "native_tokens_prompt")),
        ({"native_tokens_completion": None}, ("no_usage", "native_tokens_completion")),
        ({"total_cost": -1}, ("negative_charge", "total_cost")),
        ({"total_cost": "0.1"}, ("bad_amount", "total_cost")),
        ({"created_at": "2024-07-15T23:33:19"}, ("time_without_zone", "created_at")),
    ],
)
def test_a_generation_that_is_not_to_be_believed_is_rejected(
    changes: dict[str, object], reason: tuple[str, str]
) -> None:
    assert reject_of(GENERATION | changes) == reason


@pytest.mark.parametrize(
    ("written", "charged"),
    [
        ("0.30000000000000004", "0.3"),
        ("0.000012600000000000001", "0.0000126"),
        ("1.2e-05", "0.000012"),
        ("0.123456789012", "0.123456789012"),
        ("9223371.999999999999", "9223371.999999999999"),
    ],
)
def test_the_noise_of_doubles_is_no_money(written: str, charged: str) -> None:
    line = f'{{"native_tokens_prompt":1,"native_tokens_completion":1,"total_cost":{written}}}'
    assert record_in(line).charged == Decimal(charged)


@pytest.mark.parametrize(
    "written", ["1e-13", "0.1234567890123", "1.234567890123456789e-20", "1e999999", "1234567890123456789.5"]
)
def test_a_charge_that_no_pico_dollar_holds_is_rejected(written: str) -> None:
    line = f'{{"native_tokens_prompt":1,"native_tokens_completion":1,"total_cost":{written}}}'
    assert reject_of(line) == ("amount_out_of_range", "total_cost")


def test_the_shape_has_a_name() -> None:
    assert shape_of(lines_of([GENERATION])) == "openrouter"
