"""The fast way to rate many requests says what the calculator says."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import Usage, rate
from pricing.amounts import to_pico
from pricing.prepared import prepared
from pricing.rates import PerMtok, RateBlock
from tests.ledgers import a_catalog, block
from tests.rate_strategies import blocks

KINDS = (
    "input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit", "web_searches",
)  # fmt: skip
#: Around the thresholds of context tiers too.
COUNTS = st.one_of(st.just(0), st.sampled_from([999, 1_000, 1_001, 199_999, 200_000, 200_001]), st.integers(0, 10**12))


@given(blocks(), st.lists(st.fixed_dictionaries(dict.fromkeys(KINDS, COUNTS)), min_size=1, max_size=20))
def test_it_equals_the_calculator_to_the_last_digit(rates: RateBlock, requests: list[dict[str, int]]) -> None:
    (period,) = a_catalog(rates).periods("vendor", "model")
    charged = prepared(period)
    for counts in requests:
        expected = rate(Usage(**counts), period).charged  # type: ignore[arg-type]  # every field given here is a count
        assert charged(**counts) == (None if expected is None else to_pico(expected))


@pytest.mark.parametrize(("count", "error"), [(-1, ValueError), (1.0, TypeError), ("1", TypeError), (None, TypeError)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_count_is_a_whole_number_of_at_least_zero(kind: str, count: Any, error: type[Exception]) -> None:  # noqa: ANN401 - wrong on purpose
    (period,) = a_catalog(block(PerMtok(input=Decimal(3)))).periods("vendor", "model")
    with pytest.raises(error):
        prepared(period)(**{kind: count})
