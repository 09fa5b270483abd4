"""Quantities: what was used of each SKU and token kind, at what rate, and what it comes to.

Of what is checked, the lines of the kinds, the rounding and the variance add up to what was charged, to the last digit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.rating import Rating
from pricing.amounts import PICO_DIGITS, from_pico, plain, to_pico
from pricing.calculator import REQUEST
from pricing.catalog import RatePeriod
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH

ROUNDING, VARIANCE, CHARGED = "rounding", "variance", "charged"
#: Pico-units per token are millionths of a unit per 1M tokens.
_RATE_DIGITS = 6
_PRICED = frozenset({"checked", "unreported"})
_PER_TOKEN = (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE)


@dataclass(frozen=True, slots=True)
class QuantityLine:
    """A line of what was used.

    `line` is a token kind, `web_search`, `request`, `rounding` (what the card's rule makes of the sum of each request,
    less that sum), `variance` (charged less expected), or `charged` where a charge can't be split into kinds. `basis`
    is that of sql/quantities.sql. `quantity` counts tokens, calls or requests; `rate` is in the unit per 1M tokens, or
    per call; None where there is none.
    """

    provider: str | None
    sku: str
    service_tier: str
    unit: str | None
    basis: str
    period: RatePeriod | None
    prompt_above: int
    """The rates are those of prompts larger than this; -1 where they are of all or of the smallest."""
    line: str
    quantity: int | None
    rate: Decimal | None
    amount: Decimal | None


def quantities(rating: Rating, tolerance: Decimal = Decimal(0)) -> tuple[QuantityLine, ...]:
    """Return the lines of the selected requests, by SKU and rate."""
    rows = rating.query("audited", "quantities", tolerance=to_pico(tolerance)).to_pylist()
    return tuple(_line(rating, row, part) for row in rows for part in _parts(row))


_Part = tuple[str, int | None, Decimal | None, int | None]
"""Line, quantity, rate, and amount in pico-units."""


def _line(rating: Rating, row: Mapping[str, Any], part: _Part) -> QuantityLine:
    line, quantity, rate, pico = part
    return QuantityLine(
        provider=row["provider"], sku=row["sku"], service_tier=row["service_tier"], unit=row["unit"],
        basis=row["basis"], period=None if row["card_id"] is None else rating.periods[row["card_id"]],
        prompt_above=row["prompt_above"], line=line, quantity=quantity, rate=rate,
        amount=None if pico is None else from_pico(int(pico)),
    )  # fmt: skip


def _parts(row: Mapping[str, Any]) -> Iterator[_Part]:
    """Yield the lines of one row: of the kinds that were used, then what makes their sum the charge."""
    is_priced = row["basis"] in _PRICED
    for kind in (*_PER_TOKEN, WEB_SEARCH):
        if row[kind]:
            yield _used(row, kind, int(row[kind]), is_priced=is_priced)
    yield _used(row, REQUEST, row["requests"], is_priced=is_priced)
    if is_priced:
        yield ROUNDING, None, None, row["expected"] - row["exact"]
    if row["charged"] is not None:
        yield (VARIANCE, None, None, row["charged"] - row["expected"]) if is_priced else (
            CHARGED, None, None, row["charged"],
        )  # fmt: skip


def _used(row: Mapping[str, Any], kind: str, quantity: int, *, is_priced: bool) -> _Part:
    pico = row[f"{kind}_rate"] if is_priced else None
    if pico is None or (kind == REQUEST and not pico):
        return kind, quantity, None, None
    places = _RATE_DIGITS if kind in _PER_TOKEN else PICO_DIGITS
    return kind, quantity, plain(Decimal(int(pico)).scaleb(-places)), row[f"{kind}_amount"]
