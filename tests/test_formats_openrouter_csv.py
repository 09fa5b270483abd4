"""OpenRouter's activity export: the dollars it charged, tokens of disjoint kinds, and times in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.records import Status
from pricing.usage import Usage
from tests.table_logs import GENERATION, Row, csv_of, records_in, rejects_in

AT = datetime(2026, 6, 28, 3, 46, 57, 713000, UTC)


def usage_of(**cells: str) -> Usage:
    """Return the usage of a generation with these cells."""
    (record,) = records_in(csv_of([GENERATION | cells]))
    return record.usage


def test_a_generation() -> None:
    (record,) = records_in(csv_of([GENERATION]))
    assert (record.provider, record.sku) == ("openrouter", "openai/gpt-oss-120b")
    assert record.request_id == "gen-1782618417-NEpXKqXY"
    assert (record.charged, record.unit, record.status) == (Decimal("0.0123"), "USD", Status.OK)
    assert record.at == AT
    # Cached tokens are part of the prompt; reasoning tokens are part of the completion and are not added.
    assert record.usage == Usage(input=10_000, output=137, cache_read=389)
    assert record.api_key_id == "team key"
    assert dict(record.tags) == {"app": "our app", "served_by": "Groq"}


@pytest.mark.parametrize(
    ("variant", "sku"),
    [("standard", ""), ("", ""), ("free", ":free"), ("nitro", ":nitro"), ("thinking", ":thinking")],
)
def test_a_variant_is_sold_under_a_name_of_its_own(variant: str, sku: str) -> None:
    (record,) = records_in(csv_of([GENERATION | {"variant": variant}]))
    assert record.sku == f"openai/gpt-oss-120b{sku}"


@pytest.mark.parametrize("told", ["true", "True"])
def test_a_cancelled_generation_keeps_what_was_charged_for_it(told: str) -> None:
    (record,) = records_in(csv_of([GENERATION | {"cancelled": told}]))
    assert (record.status, record.charged, dict(record.tags)["cancelled"]) == (Status.OK, Decimal("0.0123"), "true")
    empty = {"cancelled": told, "tokens_prompt": "0", "tokens_completion": "0", "tokens_cached": "0"}
    (failed,) = records_in(csv_of([GENERATION | empty]))
    assert (failed.status, failed.charged, failed.usage) == (Status.FAILED, Decimal("0.0123"), Usage())


@pytest.mark.parametrize(
    ("cells", "unknown"),
    [
        ({"byok_usage_inference": "0.5"}, ("is_byok",)),
        ({"cost_web_search": "0.02", "cost_file_processing": "0.01"}, ("cost_file_processing", "cost_web_search")),
        ({"cost_cache": "-0.001"}, ()),
        ({"cost_cache": "0.001", "tokens_cached": "0"}, ("cost_cache",)),
        ({"cost_cache": "", "byok_usage_inference": ""}, ()),
    ],
)
def test_what_tokens_do_not_explain_is_named(cells: dict[str, str], unknown: tuple[str, ...]) -> None:
    assert usage_of(**cells).unknown_fields == unknown


def test_noise_of_doubles_is_no_money() -> None:
    (record,) = records_in(csv_of([GENERATION | {"cost_total": "0.30000000000000004"}]))
    assert record.charged == Decimal("0.3")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"tokens_cached": "10390"}, ("cached_exceeds_prompt", "tokens_cached")),
        ({"tokens_prompt": ""}, ("no_usage", "tokens_prompt")),
        ({"cost_total": "-0.1"}, ("negative_charge", "cost_total")),
        ({"cost_total": "0,0123"}, ("ambiguous_number", "cost_total")),
        ({"created_at": "28/06/2026 03:46"}, ("ambiguous_date", "created_at")),
    ],
)
def test_what_can_not_be_believed_is_rejected(cells: dict[str, str], reason: tuple[str, str]) -> None:
    assert rejects_in(csv_of([GENERATION | cells])) == [(2, *reason)]


def test_a_charge_that_is_not_said_is_not_zero() -> None:
    (record,) = records_in(csv_of([GENERATION | {"cost_total": ""}]))
    assert (record.charged, record.unit) == (None, None)


KOLKATA = ZoneInfo("Asia/Kolkata")
LOCAL = {"created_at": "2026-06-28 09:16:57.713"}
NO_ID: Row = {"generation_id": "x-1"}


def test_the_id_tells_that_times_are_utc() -> None:
    for zone in (None, KOLKATA):
        (record,) = records_in(csv_of([GENERATION]), zone=zone)
        assert record.at == AT


def test_a_time_that_the_id_does_not_confirm_needs_a_zone() -> None:
    for cells in (LOCAL, NO_ID):
        assert rejects_in(csv_of([GENERATION | cells])) == [(2, "time_without_zone", "created_at")]
    (record,) = records_in(csv_of([GENERATION | LOCAL]), zone=KOLKATA)
    assert record.at == AT
    (told,) = records_in(csv_of([GENERATION | NO_ID | {"created_at": "2026-06-28T03:46:57.713Z"}]), zone=KOLKATA)
    assert told.at == AT
