"""Rating in SQL: the catalog as a table of rates, laid beside the ledger's usage.

The digits are those of `pricing.calculator`, request by request.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from billing.engine import Engine
from billing.errors import StaleRatingError
from billing.price_calendar import END_US, Stretches, bounds, stretches
from billing.queries import NOTHING_TAKEN, WIDE, chain, statement
from billing.refunds import Unclaimed, lay_remarks
from pricing.amounts import per_mtok_to_pico, to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH, TokenKind

#: Amounts below this fit BIGINT with room for the eight components of a sum and their rounding steps.
_NARROW_LIMIT = 2**59

_KINDS = (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE)

RATED = ("selected", "placed", "priced", "rated")
_RATES = "rates"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requests: from an instant (inclusive) to an instant (exclusive), of a provider; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None
    provider: str | None = None
    request_id: str | None = None
    after_load: int | None = None
    """Only what came with a later load than this one; see `files` in sql/schema.sql."""
    up_to_load: int | None = None
    """Only what this load and those before it brought."""

    def parameters(self) -> dict[str, object]:
        """Return what sql/selected.sql asks for."""
        return {
            "from_at": self.start, "to_at": self.end, "provider": self.provider, "request_id": self.request_id,
            "after_load": self.after_load, "up_to_load": self.up_to_load,
        }  # fmt: skip

    def holds(self, at: datetime | None) -> bool:
        """Tell whether that instant is in its time. An unknown one is in no time but all time."""
        if at is None:
            return self.start is None and self.end is None
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Rating:
    """A ledger whose usage lies beside the rates of a catalog. `periods` are what `card_id` counts.

    It is of the usage that the ledger held when the rates were laid: what comes in later needs them laid again. One
    rating at a time lies in a session, so whatever else is rated there (a replay, a balance) makes this one stale.
    `width` is how wide amounts are computed. `tolerance` in its queries is in pico-units. `unclaimed` are refunds that
    no charge is left for.
    """

    ledger: Engine
    catalog: Catalog
    periods: tuple[RatePeriod, ...]
    selection: Selection
    stretches: Stretches
    width: Mapping[str, str]
    unclaimed: tuple[Unclaimed, ...] = ()
    mark: object = None
    """What tells it from others of its session."""

    @property
    def is_laid(self) -> bool:
        """Whether the rates of the session are still its own."""
        return self.ledger.laid.get(_RATES) is self.mark

    def query(
        self, *relations: str, tolerance: int = 0, taking: Mapping[str, str] = NOTHING_TAKEN, **parameters: object
    ) -> pa.Table:
        """Return all rows of the last relation of a chain that begins with the rated usage, or with what it takes."""
        return self.ledger.arrow(*self.asked(*relations, tolerance=tolerance, taking=taking, **parameters))

    def asked(
        self, *relations: str, tolerance: int = 0, taking: Mapping[str, str] = NOTHING_TAKEN, **parameters: object
    ) -> tuple[str, dict[str, object]]:
        """Return the text of the same query and its values, for results that are too big to be returned.

        Raise StaleRatingError if other rates were laid since: the rows would be of those.
        """
        self._check()
        query = chain(*RATED, *relations, width=self.width, taking=taking)
        return query, self._parameters(tolerance) | parameters

    def summed(self, *relations: str, tolerance: int = 0) -> pa.Table:
        """Return the same of a chain that begins with the sums of rated usage that is alike."""
        self._check()
        alike = f"({chain(*RATED, 'alike', width=self.width)})"
        query = chain(*relations, width=self.width, taking={"rated": alike})
        return self.ledger.arrow(query, self._parameters(tolerance))

    def keep(self, *relations: str, tolerance: int = 0, number: str | None = None, **parameters: object) -> None:
        """Keep the same rows in a table of the last relation's name; `number` is as `Engine.keep` takes it."""
        query, values = self.asked(*relations, tolerance=tolerance)
        self.ledger.keep(relations[-1], query, values | parameters, number)

    def _check(self) -> None:
        if not self.is_laid:
            raise StaleRatingError(
                f"{self.ledger.path}: something else was rated since, such as a replay or a balance; lay the rates "
                "again, or ask of this rating first"
            )

    def _parameters(self, tolerance: int) -> dict[str, object]:
        return self.selection.parameters() | {
            "tolerance": tolerance, "first_us": self.stretches.first_us, "stretch_us": self.stretches.length_us,
            "untimed_us": self.stretches.untimed_us,
        }  # fmt: skip


def held_providers(ledger: Engine) -> tuple[str, ...]:
    """Return the providers that the ledger has usage of, in alphabetical order."""
    query = "SELECT DISTINCT provider FROM usage_records WHERE provider IS NOT NULL ORDER BY provider"
    return tuple(name for (name,) in ledger.rows(query))


def held_months(ledger: Engine, provider: str | None = None) -> tuple[date, ...]:
    """Return the first days of the months that the ledger has requests of, to that provider or to any."""
    days = ledger.rows(statement("held_days"), {"provider": provider})
    return tuple(sorted({day.replace(day=1) for (day,) in days}))


def lay_rates(ledger: Engine, catalog: Catalog, selection: Selection = EVERYTHING) -> Rating:
    """Put the rates of the providers that the ledger holds, and their calendar, into tables beside the usage."""
    held = held_providers(ledger)
    periods = tuple(catalog.all_periods(held))
    rates = [no_rate(), *rate_rows((card_id, None, period) for card_id, period in enumerate(periods))]
    names = [
        {"provider": provider, "name": name, "sku": sku}
        for provider in sorted(set(held) & set(catalog.providers))
        for name, sku in sorted(catalog.sku_names(provider).items())
    ]
    ledger.lay("causes", [])
    ledger.lay("explained", [], like="no_explanation")
    return lay(Rating(ledger, catalog, periods, selection, Stretches(), ledger.narrow), rates, names)


def lay(rating: Rating, rates: Sequence[Mapping[str, Any]], names: Sequence[Mapping[str, object]]) -> Rating:
    """Put rows of sql/rates.sql and sql/names.sql, and their calendar, into tables beside the usage.

    A request is rated by the rates of each SKU that its provider and name stand for, most often one.
    """
    ledger, selection = rating.ledger, rating.selection
    ((first_at, last_at),) = ledger.rows("SELECT MIN(used_at), MAX(used_at) FROM usage_records")
    first_at = max(filter(None, (first_at, selection.start)), default=None)
    last_at = min(filter(None, (last_at, selection.end)), default=None)
    cut = stretches(rating.periods, len(names), first_at, last_at)
    for table, rows in (("rates", rates), ("names", names), ("stretches", list(cut.rows()))):
        ledger.lay(table, rows)
    ledger.keep_few("calendar", chain("calendar"))
    unclaimed = lay_remarks(ledger, selection.parameters())
    mark = ledger.laid[_RATES] = object()
    return replace(rating, stretches=cut, width=_width(ledger, rates, selection), unclaimed=unclaimed, mark=mark)


def rate_rows(cards: Iterable[tuple[int, int | None, RatePeriod]]) -> Iterator[dict[str, object]]:
    """Yield the rows of sql/rates.sql, each with the number of its card and of the hypothesis, if it is one."""
    rate_id = 0
    for card_id, hypothesis, period in cards:
        for row in _rates_of(period):
            rate_id += 1
            yield row | {"rate_id": rate_id, "card_id": card_id, "hypothesis": hypothesis}


def _width(ledger: Engine, rates: Iterable[Mapping[str, Any]], selection: Selection) -> Mapping[str, str]:
    """Choose how wide amounts are computed: narrow if no request can come near the end of BIGINT.

    The engine knows the largest of all usage without reading it; what is selected is read if that is too large.
    """
    per_token = max(row[kind] or 0 for row in rates for kind in _KINDS)
    per_call = max(row[WEB_SEARCH] or 0 for row in rates)
    fixed = max(
        row["per_request"] + row["minimum_charge"] + row["request_step"] + (len(_KINDS) + 2) * row["component_step"]
        for row in rates
    )
    everything = chain("largest", taking={"selected": "usage_records"})
    for query in (everything, chain("selected", "largest")):
        ((tokens, calls),) = ledger.rows(query, selection.parameters())
        if (tokens or 0) * per_token + (calls or 0) * per_call + fixed < _NARROW_LIMIT:
            return ledger.narrow
    return WIDE


def no_rate() -> dict[str, object]:
    """Return the rates of what has none."""
    return {
        "rate_id": 0, "card_id": None, "hypothesis": None, "provider": None, "sku": None, "service_tier": None,
        "from_us": 0, "to_us": 0, "prompt_above": 0, "prompt_up_to": 0, "unit": None, "usd_per_unit": None,
        "nothing_published": False, "writes_differ": False, "per_request": 0, "minimum_charge": 0,
        **dict.fromkeys((*_KINDS, WEB_SEARCH), 0), **_rounding_columns(Rounding()),
    }  # fmt: skip


def _rates_of(period: RatePeriod) -> Iterator[dict[str, object]]:
    block = period.block
    common: dict[str, object] = {
        "provider": period.provider,
        "sku": period.sku,
        "service_tier": block.service_tier,
        **bounds(period),
        "unit": period.unit,
        "usd_per_unit": None if period.usd_per_unit is None else to_pico(period.usd_per_unit),
        "nothing_published": all(block.per_mtok.rate(kind) is None for kind in TOKEN_KINDS),
        "web_search": _pico(block.per_tool_call.get(WEB_SEARCH)),
        "per_request": _pico(block.per_request) or 0,
        "minimum_charge": _pico(block.minimum_charge) or 0,
        **_rounding_columns(block.rounding),
    }
    tiers = [(-1, block.per_mtok), *((tier.above, tier.per_mtok) for tier in block.context_tiers)]
    ends = [*(above for above, _ in tiers[1:]), END_US]
    for (above, per_mtok), up_to in zip(tiers, ends, strict=True):
        yield common | _token_columns(per_mtok) | {"prompt_above": above, "prompt_up_to": up_to}


def _token_columns(per_mtok: PerMtok) -> dict[str, object]:
    rates = {kind.value: _pico_per_token(per_mtok.rate(kind)) for kind in TOKEN_KINDS}
    short, long = rates[TokenKind.CACHE_WRITE_5M], rates[TokenKind.CACHE_WRITE_1H]
    unsplit = short if short == long else None
    return {**rates, UNSPLIT_CACHE_WRITE: unsplit, "writes_differ": None not in (short, long) and unsplit is None}


def _rounding_columns(rounding: Rounding) -> dict[str, object]:
    columns: dict[str, object] = {"request_step": 1, "request_lift": 0, "component_step": 1, "component_lift": 0}
    return columns | {f"{rounding.scope}_step": rounding.step_pico, f"{rounding.scope}_lift": rounding.lift_pico}


def _pico(amount: Decimal | None) -> int | None:
    return None if amount is None else to_pico(amount)


def _pico_per_token(per_mtok: Decimal | None) -> int | None:
    return None if per_mtok is None else per_mtok_to_pico(per_mtok)
