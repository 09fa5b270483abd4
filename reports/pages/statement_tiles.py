"""What a statement says first: what the month cost, against the month before and the budget, and its tiles."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from billing.months.budget_lines import BudgetLine
from billing.months.statement import ProviderStatement, SkuStatement, Statement
from pricing.amounts import digits, total
from reports import words
from reports.audit_answer import LeftOut, Tile
from reports.figures import count, decimal, grouped, money, places_for, rounded
from reports.pages.statement_marks import Stated, accounts, first_days, provider_name

_MOST_NAMED = 3
_UNKNOWN = "unknown"
_STATUS = {
    "over": "is used up and over", "forecast_over": "is forecast to be over at the end of the month",
    "within": "is not used up",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter lets through: everything, a provider or a SKU, with its tiles."""

    key: str
    """`all`, `provider 1` or `sku 3`."""
    tiles: tuple[Tile, ...]


def answers(stated: Stated) -> tuple[str, ...]:
    """Return a few sentences, the first of which is the answer."""
    return tuple(filter(None, (_cost(stated), _against_before(stated.found), _budget(stated.found))))


def _cost(stated: Stated) -> str:
    found = stated.found
    spent = [
        f"{money(stated.figures.accounts[each.provider, each.unit].spend, each.unit)} at {provider_name(each.provider)}"
        for each in accounts(found)
        if each.unit is not None and not each.sums.is_unknown and each.sums.spend
    ]
    if found.is_empty:
        return f"{found.month:%B %Y}: there is no request. {words.held(found.held)}"
    label = _label(found)
    if not spent:
        return f"{label}: nothing of known cost was used."
    more = len(spent) - _MOST_NAMED
    told = spent[:_MOST_NAMED] + ([f"at {count(more, 'more account')}"] if more > 0 else [])
    is_plain = len(spent) == 1 and spent[0].startswith("$")
    usd = found.usd
    worth = "" if usd is None or is_plain else f": {_dollars(usd)} in all"
    if len(spent) == 1 and worth:
        worth = f", which is {_dollars(usd or Decimal(0))}"
    return f"{label} cost {words.listed(told)}{worth}."


def _label(found: Statement) -> str:
    month = f"{found.month:%B %Y}"
    return month if found.is_complete else f"{month}, until {found.as_of:%Y-%m-%d %H:%M} UTC,"


def _dollars(amount: Decimal) -> str:
    return money(rounded(amount, places_for([amount])), "USD")


def _against_before(found: Statement) -> str:
    """Say how much more or less that is than the month before; in dollars, for units are not alike."""
    name = f"{found.change.before_from:%B}"
    when = name if found.is_complete else first_days(found)
    if not any(each.sums.requests for each in found.before):
        # Of a month that is not over only the first days of the one before are known here; there may be later usage.
        return f"There is no usage {f'of {name}' if found.is_complete else when} to compare with."
    before, now = _total([each.sums.usd for each in found.before]), found.usd
    if before is None or now is None:
        return f"Against {name} it can't be told in dollars: a unit's value is not known."
    if not before:
        return f"What {when} cost is not known." if found.is_complete else f"What was used {when} is of unknown cost."
    shown = _dollars(before)
    places = places_for([before])
    change = rounded(now, places_for([now])) - rounded(before, places)
    if not change:
        return f"That is as much as {when}: {shown}."
    share = decimal(Fraction(abs(change)) * 100 / Fraction(before), 1)
    direction = "more" if change > 0 else "less"
    size = money(abs(change), "USD")
    return f"That is {size} ({grouped(share)}\N{NO-BREAK SPACE}%) {direction} than {when}, which cost {shown}."


def _budget(found: Statement) -> str:
    """Tell the state of the budget that is the furthest gone."""
    if not found.budgets:
        return ""
    order = ("within", "forecast_over", "over")
    worst = max(found.budgets, key=lambda each: (order.index(each.status), each.used_share))
    share = grouped(rounded(worst.used_share * 100, 1))
    status = f" and it {_STATUS[worst.status]}" if worst.status == "forecast_over" else ""
    others = len(found.budgets) - 1
    rest = f" {_others(found.budgets, worst)}" if others else ""
    return (
        f"{share}\N{NO-BREAK SPACE}% of the budget \N{LEFT DOUBLE QUOTATION MARK}{worst.name}"
        f"\N{RIGHT DOUBLE QUOTATION MARK} ({_budget_amount(worst)}) is used{status}.{rest}"
    )


def _budget_amount(line: BudgetLine) -> str:
    is_whole = line.amount == line.amount.to_integral_value()
    return money(rounded(line.amount, 0 if is_whole else places_for([line.amount])), line.unit)


def _others(budgets: Sequence[BudgetLine], worst: BudgetLine) -> str:
    wrong = sum(each.status != "within" for each in budgets if each is not worst)
    number = len(budgets) - 1
    others = count(number, "other budget")
    if not wrong:
        return f"{others} {'holds' if number == 1 else 'hold'}."
    return f"{others} will not hold either." if wrong == number else f"Of {others}, {wrong:,} will not hold either."


def scopes(stated: Stated) -> tuple[Scope, ...]:
    """Return the tiles of everything, of each provider and of each SKU."""
    found, marks = stated.found, stated.marks
    every = [Scope("all", tuple(_tiles(stated, found.skus, found.providers)))]
    for provider, nth in marks.providers.items():
        skus = [each for each in found.skus if each.provider == provider]
        own = [each for each in found.providers if each.provider == provider]
        every.append(Scope(f"provider {nth}", tuple(_tiles(stated, skus, own))))
    for (provider, name), nth in marks.skus.items():
        skus = [each for each in found.skus if (each.provider, each.sku) == (provider, name)]
        every.append(Scope(f"sku {nth}", tuple(_tiles(stated, skus, skus))))
    return tuple(every)


_Parts = Sequence[SkuStatement | ProviderStatement]


def _tiles(stated: Stated, skus: Sequence[SkuStatement], parts: _Parts) -> Iterator[Tile]:
    """Yield the tiles of some SKUs, summed up in `parts`, one for each unit."""
    known = [each for each in parts if not each.sums.is_unknown]
    usd = _total([each.sums.usd for each in known]) if known else None
    spent = [_spent(stated, each) for each in known if each.unit not in {None, "USD"}]
    unknown = sum(each.sums.unknown for each in parts)
    left = [f"without {count(unknown, 'request')} of unknown cost"] if unknown else []
    yield _tile("Spend", usd, [*spent[:_MOST_NAMED], *left] or [f"{count(_requests(parts), 'request')}"])
    yield list_tile(stated.found, skus)
    effective = _total([each.sums.usd_effective for each in known]) if known else None
    notes = ["at what your own units cost"] if effective is not None else ["no top-up tells what your units cost"]
    yield _tile("Effective cost", effective, notes)
    yield _caching_tile(stated, known, _unpriced_cache(stated.found, skus))
    answered = sum(each.economics.requests for each in known)
    yield _ratio_tile(
        "Per 1,000 requests", known, 1000, [f"over {count(answered, 'answered request')}", *_not_answered(known)]
    )
    tokens = sum(each.economics.tokens for each in known)
    yield _ratio_tile("Per 1M tokens", known, 10**6, [f"over {_millions(tokens)} tokens"])


def _requests(parts: _Parts) -> int:
    return sum(each.sums.requests for each in parts)


def _spent(stated: Stated, each: SkuStatement | ProviderStatement) -> str:
    if isinstance(each, SkuStatement):
        spend = stated.figures.skus[each.provider, each.sku, each.unit].spend
    else:
        spend = stated.figures.accounts[each.provider, each.unit].spend
    return money(spend, each.unit or "")


def list_tile(found: Statement, skus: Sequence[SkuStatement]) -> Tile:
    """Return what the same requests cost at the makers' list prices, of SKUs whose spend is known."""
    known = {(each.provider, each.sku) for each in skus if not each.sums.is_unknown}
    listed = [each for each in found.list_prices if (each.provider, each.sku) in known and each.usd is not None]
    missing = len(known) - len(listed)
    if not listed:
        return Tile("At list price", _UNKNOWN, "", ("nobody's list price is known",) if known else ())
    usd = total(each.usd for each in listed if each.usd is not None)
    names = {(each.provider, each.sku) for each in listed}
    spent = _total([each.sums.usd for each in skus if (each.provider, each.sku) in names])
    notes = [f"{count(missing, 'SKU')} without a list price not counted"] if missing else []
    if without := sum(each.without for each in listed):
        notes.insert(0, f"without {count(without, 'request')} that have no list price")
    elif spent is not None and usd:
        ratio = grouped(decimal(Fraction(spent) / Fraction(usd), 2))
        notes.insert(0, f"the same requests; you spent {ratio}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN} that")
    return _tile("At list price", usd, notes)


def _not_answered(parts: _Parts) -> list[str]:
    """Say what was spent on requests that are not in the ratio, for without it the spend does not divide out."""
    answered, spent = _total([each.economics.usd for each in parts]), _total([each.sums.usd for each in parts])
    left = None if answered is None or spent is None else spent - answered
    return [f"failed or repeated ones, {_dollars(left)}, left out"] if left else []


def _unpriced_cache(found: Statement, skus: Sequence[SkuStatement]) -> int:
    """Return how many tokens of these SKUs were read from or written to a cache in requests that have no price."""
    names = {(each.provider, each.sku) for each in skus}
    unpriced = [each.quantities for each in found.unpriced if (each.provider, each.sku) in names]
    return sum(number for used in unpriced for kind, number in used.items() if kind.startswith("cache_"))


def _caching_tile(stated: Stated, parts: _Parts, unpriced: int) -> Tile:
    caching = [each.economics.caching for each in parts]
    read = sum(each.tokens_read for each in caching)
    left = [f"without {_millions(unpriced)} tokens of a cache that have no price"] if unpriced else []
    if not any(each.tokens_read or each.tokens_written for each in caching):
        if unpriced:
            return Tile("Saved by caching", _UNKNOWN, "", (f"{_millions(unpriced)} tokens of a cache have no price",))
        return Tile("Saved by caching", money(Decimal("0.00"), "USD"), "0", ("no cache was used",))
    usd = _total([each.usd for each in caching])
    own = [
        money(rounded(each.economics.caching.net, stated.figures.places_of((each.provider, each.unit))), each.unit)
        for each in parts
        if each.unit not in {None, "USD"} and each.economics.caching.net and each.unit
    ]
    return _tile("Saved by caching", usd, [*own[:_MOST_NAMED], f"{_millions(read)} tokens read from a cache", *left])


def _ratio_tile(name: str, parts: _Parts, scale: int, notes: Sequence[str]) -> Tile:
    """Return what a unit of work costs, over requests of known cost that did not fail."""
    usd = _total([each.economics.usd for each in parts]) if parts else None
    divisor = sum(each.economics.requests if scale == 1000 else each.economics.tokens for each in parts)  # noqa: PLR2004
    if usd is None or not divisor:
        return Tile(name, _UNKNOWN, "", ())
    value = decimal(Fraction(usd) * scale / divisor, 6)
    return _tile(name, value, notes)


def _tile(name: str, usd: Decimal | None, notes: Sequence[str]) -> Tile:
    if usd is None:
        return Tile(name, _UNKNOWN, "", tuple(notes))
    return Tile(name, _dollars(usd), digits(usd) or "", tuple(notes))


def _millions(tokens: int) -> str:
    return f"{grouped(decimal(Fraction(tokens, 10**6), 1))}M" if tokens >= 10**5 else f"{tokens:,}"


def _total(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return total(known) if len(known) == len(values) else None


def left_out(found: Statement, ledger_name: str) -> tuple[LeftOut, ...]:
    """Return what is in no sum, in plain words, with the command that lists it."""
    ledger = f"--ledger {shlex.quote(ledger_name)}"
    left, unknown = found.left_out, sum(each.sums.unknown for each in found.providers)
    parts = [
        (unknown, count(unknown, "request") + ": neither a charge nor a price is known; the table of usage without a "
         "price says why", ""),
        (left.untimed, f"{count(left.untimed, 'request')}: the log tells no time, so no month can hold it", ""),
        (left.conflicts, f"{count(left.conflicts, 'record')}: the id stands for other money or other usage already",
         f"tallystick conflicts {ledger}"),
        (left.rejects, f"{count(left.rejects, 'record')}: rejected when read", f"tallystick rejects {ledger}"),
    ]  # fmt: skip
    told = [LeftOut(text, command) for number, text, command in parts if number]
    return (*told, *_unclaimed(found))


def _unclaimed(found: Statement) -> Iterator[LeftOut]:
    for unit, amount in found.left_out.refunds_unclaimed.items():
        given = money(rounded(amount, places_for([amount])), unit)
        yield LeftOut(f"{given} given back that no charge in the ledger is left for; not taken off the spend")


def facts(found: Statement) -> tuple[str, ...]:
    """Return the stretch of time, whether it is over, and the zone."""
    last = found.end - timedelta(days=1)
    state = "the month is over" if found.is_complete else f"as of {words.minute(found.as_of)}"
    if found.last_at is not None:
        state += f", but the logs end at {words.minute(found.last_at)}"
    only = () if found.provider is None else (f"Only {found.provider}",)
    return (f"{found.month} to {last}, {state}", *only, "All times and days are UTC")
