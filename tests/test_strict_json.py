"""JSON is read exactly or not at all."""

from decimal import Decimal

import pytest

from billing.importing.strict_json import StrictJSONError, end_of_value, glance, loads, loads_read


def test_every_digit_of_a_number_is_kept() -> None:
    long = "0.1234567890123456789012345678901234567890"
    told = loads(f"[0.10, 4.596e-3, 9007199254740993, {long}]")
    assert told == [Decimal("0.10"), Decimal("0.004596"), 9007199254740993, Decimal(long)]


def test_a_whole_number_with_a_fraction_is_no_integer() -> None:
    value = loads("12.0")
    assert type(value) is Decimal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("{'a': 1}", "not_json"),
        ('{"a": 1} {"b": 2}', "not_json"),
        ('{"a": NaN}', "not_json"),
        ('{"a": Infinity}', "not_json"),
        ('{"a": -Infinity}', "not_json"),
        ('{"a": "\n"}', "not_json"),
        ("\ufeff{}", "not_json"),
        ('{"a": 1, "a": 1}', "duplicate_key"),
        ('[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate_key"),
        ("[" * 200_000, "too_deep"),
        ('{"a":' * 200_000, "too_deep"),
        ("9" * 5_000, "number_too_long"),
        ("1e9999999999999999999", "number_too_long"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str, reason: str) -> None:
    with pytest.raises(StrictJSONError) as caught:
        loads(text)
    assert caught.value.reason == reason


def test_a_refusal_quotes_nothing_of_the_text() -> None:
    with pytest.raises(StrictJSONError) as caught:
        loads('{"prompt": "my secret')
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_end_of_a_value_is_found_even_if_the_value_is_refused() -> None:
    text = 'xx{"a": NaN, "a": ' + "9" * 5_000 + "}, 5"
    assert text[end_of_value(text, 2) :] == ", 5"


def test_a_glance_tells_what_a_refused_text_is() -> None:
    refused = '{"type": "message", "n": 1e9999999999999999999, "n": ' + "9" * 5_000 + "}"
    assert glance(refused) == {"type": "message", "n": 0}


def test_a_text_that_is_cut_is_gone_through_once() -> None:
    for cut in ('{"a":["' + '\\"' * 500_000, '{"a":["' + '\\"' * 500_000 + "\\", '{"a":NaN,"b":"' + '\\",]' * 300_000):
        with pytest.raises(StrictJSONError) as caught:
            loads_read(cut)
        assert caught.value.reason == "not_json"
