"""Rating in SQL: the catalog as a table of rates, laid beside the ledger's usage.

The digits are those of `pricing.calculator`, request by request.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pyarrow as pa

from billing.ledger import Ledger
from billing.queries import NARROW, WIDE, chain, statement
from pricing.amounts import per_mtok_to_pico, to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import TOKEN_KINDS, WEB_SEARCH

#: Amounts below this fit BIGINT with room for the eight components of a sum and a rounding step.
_NARROW_LIMIT = 2**59

RATED = ("selected", "priced", "rated")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requests: from an instant (inclusive) to an instant (exclusive), of a provider; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None
    provider: str | None = None
    request_id: str | None = None

    def parameters(self) -> dict[str, object]:
        """Return what sql/selected.sql asks for."""
        return {
            "from_at": self.start, "to_at": self.end, "provider": self.provider, "request_id": self.request_id,
        }  # fmt: skip


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Rating:
    """A ledger whose usage lies beside the rates of a catalog. `periods` are what `card_id` counts."""

    ledger: Ledger
    catalog: Catalog
    periods: tuple[RatePeriod, ...]
    selection: Selection

    def query(self, *relations: str, **parameters: object) -> pa.Table:
        """Return all rows of the last relation of a chain that begins with the rated usage."""
        names = (*RATED, *relations)
        bound = self.selection.parameters() | parameters
        return self.ledger.arrow(chain(*names, width=self.width()), bound)

    def keep(self, *relations: str, **parameters: object) -> None:
        """Keep all rows of the last relation of such a chain in a table of its name."""
        names = (*RATED, *relations)
        query = chain(*names, width=self.width())
        bound = self.selection.parameters() | parameters
        self.ledger.keep(relations[-1], query, bound)

    def width(self) -> Mapping[str, str]:
        """Choose how wide amounts are computed: narrow if no request can come near the end of BIGINT."""
        query = chain("selected", "largest")
        ((tokens, rate),) = self.ledger.rows(query, self.selection.parameters())
        return NARROW if (tokens or 0) * (rate or 0) < _NARROW_LIMIT else WIDE


def held_providers(ledger: Ledger) -> tuple[str, ...]:
    """Return the providers that the ledger has usage of, in alphabetical order."""
    query = "SELECT DISTINCT provider FROM usage_records WHERE provider IS NOT NULL ORDER BY provider"
    return tuple(name for (name,) in ledger.rows(query))


def lay_rates(ledger: Ledger, catalog: Catalog, selection: Selection = EVERYTHING) -> Rating:
    """Put the rates of the providers that the ledger holds into a table beside the usage."""
    held = held_providers(ledger)
    periods = tuple(catalog.all_periods(held))
    names = [
        {"provider": provider, "name": name}
        for provider in sorted(set(held) & set(catalog.providers))
        for name in sorted(catalog.sku_names(provider))
    ]
    for table in ("rates", "causes", "no_explanation"):
        ledger.connection.execute(statement(table))
    ledger.connection.execute("CREATE OR REPLACE TEMP TABLE sku_names (provider VARCHAR, name VARCHAR)")
    ledger.append("rates", rate_rows(catalog, ((card_id, None, period) for card_id, period in enumerate(periods))))
    ledger.append("sku_names", names)
    return Rating(ledger, catalog, periods, selection)


def rate_rows(catalog: Catalog, cards: Iterable[tuple[int, int | None, RatePeriod]]) -> list[dict[str, object]]:
    """Return the rows of sql/rates.sql, each with the number of its card and of the hypothesis, if it is one."""
    names: dict[str, dict[str, list[str]]] = {}
    rows: list[dict[str, object]] = []
    for card_id, hypothesis, period in cards:
        if period.provider not in names:
            names[period.provider] = _names_by_sku(catalog, period.provider)
        of_card = {"card_id": card_id, "hypothesis": hypothesis}
        rows += [
            row | of_card | {"name": name} for row in _rate_rows(period) for name in names[period.provider][period.sku]
        ]
    return rows


def _names_by_sku(catalog: Catalog, provider: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, sku in catalog.sku_names(provider).items():
        names.setdefault(sku, []).append(name)
    return names


def _rate_rows(period: RatePeriod) -> Iterator[dict[str, object]]:
    block = period.block
    common: dict[str, object] = {
        "provider": period.provider,
        "sku": period.sku,
        "service_tier": block.service_tier,
        "valid_from": period.valid_from,
        "valid_to": period.valid_to,
        "unit": period.unit,
        "usd_per_unit": None if period.usd_per_unit is None else to_pico(period.usd_per_unit),
        "nothing_published": all(block.per_mtok.rate(kind) is None for kind in TOKEN_KINDS),
        "web_search": _pico(block.per_tool_call.get(WEB_SEARCH)),
        "per_request": _pico(block.per_request) or 0,
        "minimum_charge": _pico(block.minimum_charge) or 0,
        **_rounding_columns(block.rounding),
    }
    tiers = [(-1, block.per_mtok), *((tier.above, tier.per_mtok) for tier in block.context_tiers)]
    ends = [*(above for above, _ in tiers[1:]), None]
    for (above, per_mtok), up_to in zip(tiers, ends, strict=True):
        yield common | _rate_columns(per_mtok) | {"prompt_above": above, "prompt_up_to": up_to}


def _rate_columns(per_mtok: PerMtok) -> dict[str, object]:
    rates = {kind: per_mtok.rate(kind) for kind in TOKEN_KINDS}
    return {kind.value: None if rate is None else per_mtok_to_pico(rate) for kind, rate in rates.items()}


def _rounding_columns(rounding: Rounding) -> dict[str, object]:
    step = rounding.step_pico
    lift = {"none": 0, "down": 0, "up": step - 1, "half_up": step // 2}[rounding.mode]
    columns: dict[str, object] = {"request_step": 1, "request_lift": 0, "component_step": 1, "component_lift": 0}
    return columns | {f"{rounding.scope}_step": step, f"{rounding.scope}_lift": lift}


def _pico(amount: Decimal | None) -> int | None:
    return None if amount is None else to_pico(amount)
