"""Rating many requests by one rate: the calculator's answer, without its arithmetic line by line."""

from typing import NamedTuple, Protocol

from pricing.amounts import per_mtok_to_pico, to_pico
from pricing.catalog import RatePeriod
from pricing.rates import PerMtok
from pricing.usage import TOKEN_KINDS, WEB_SEARCH


class ChargedOf(Protocol):
    """What a request costs, from its counts of tokens per disjoint kind and of web searches.

    The answer is whole pico-units of the card's unit (10^12 to one), after the card's rounding: what `rate` returns as
    `charged`. It is None where something that was used has no price. Raise ValueError for a count below 0 and TypeError
    for one that is no whole number.
    """

    def __call__(  # noqa: PLR0913, PLR0917, D102 - a count of each kind; the class says what it does
        self,
        input: int = 0,  # noqa: A002 - the kind's name
        output: int = 0,
        cache_read: int = 0,
        cache_write_5m: int = 0,
        cache_write_1h: int = 0,
        cache_write_unsplit: int = 0,
        web_searches: int = 0,
    ) -> int | None: ...


class _Tier(NamedTuple):
    """Pico-units per token of each kind, 0 where there is no rate; and 1 where there is none."""

    above: int
    rates: tuple[int, ...]
    missing: tuple[int, ...] | None


def prepared(period: RatePeriod) -> ChargedOf:
    """Return a function that rates requests by the rates of that period, and does nothing twice.

    >>> from pricing.catalog import RatePeriod, load_catalog
    >>> period = load_catalog().find("aivideoapi", "claude-opus-4-6", None)
    >>> assert isinstance(period, RatePeriod)
    >>> prepared(period)(20, 661)
    1660000000000
    """
    block, step, lift = period.block, period.block.rounding.step_pico, period.block.rounding.lift_pico
    fee, least = (to_pico(amount) if amount else 0 for amount in (block.per_request, block.minimum_charge))
    by_component = block.rounding.scope == "component"
    search = block.per_tool_call.get(WEB_SEARCH)
    per_search = None if search is None else to_pico(search)
    base = _tier(-1, block.per_mtok, per_search)
    # The highest first: the first that a prompt is larger than is the one.
    tiers = tuple(_tier(tier.above, tier.per_mtok, per_search) for tier in reversed(block.context_tiers))

    def charged(  # noqa: PLR0913, PLR0917 - a count of each kind
        input: int = 0,  # noqa: A002 - the kind's name
        output: int = 0,
        cache_read: int = 0,
        cache_write_5m: int = 0,
        cache_write_1h: int = 0,
        cache_write_unsplit: int = 0,
        web_searches: int = 0,
    ) -> int | None:
        # Of whole numbers the union of bits is negative if one of them is; of others there is none.
        if input | output | cache_read | cache_write_5m | cache_write_1h | cache_write_unsplit | web_searches < 0:
            raise ValueError("a count must be a whole number of at least 0")
        tier = base
        if tiers:
            prompt = input + cache_read + cache_write_5m + cache_write_1h + cache_write_unsplit
            tier = next((higher for higher in tiers if prompt > higher.above), base)
        _, (r_in, r_out, r_read, r_5m, r_1h, r_unsplit, r_search), missing = tier
        if missing is not None:
            n_in, n_out, n_read, n_5m, n_1h, n_unsplit, n_search = missing
            if (
                input * n_in + output * n_out + cache_read * n_read + cache_write_5m * n_5m + cache_write_1h * n_1h
                + cache_write_unsplit * n_unsplit + web_searches * n_search
            ):  # fmt: skip
                return None
        if by_component:
            parts = (
                input * r_in, output * r_out, cache_read * r_read, cache_write_5m * r_5m, cache_write_1h * r_1h,
                cache_write_unsplit * r_unsplit, web_searches * r_search, fee,
            )  # fmt: skip
            rounded = sum(part + lift - (part + lift) % step for part in parts)
        else:
            lifted = (
                input * r_in + output * r_out + cache_read * r_read + cache_write_5m * r_5m + cache_write_1h * r_1h
                + cache_write_unsplit * r_unsplit + web_searches * r_search + fee + lift
            )  # fmt: skip
            rounded = lifted - lifted % step
        return max(least, rounded)

    return charged


def _tier(above: int, per_mtok: PerMtok, per_search: int | None) -> _Tier:
    kinds = [per_mtok.rate(kind) for kind in TOKEN_KINDS]
    unsplit = per_mtok.cache_write_5m if per_mtok.cache_write_5m == per_mtok.cache_write_1h else None
    rates = [*(None if rate is None else per_mtok_to_pico(rate) for rate in (*kinds, unsplit)), per_search]
    missing = tuple(int(rate is None) for rate in rates)
    return _Tier(above, tuple(rate or 0 for rate in rates), missing if any(missing) else None)
