"""The balance sheet of an account: what came in and went off, and what is missing between one reading and the next."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import add

from billing.accounting.account_history import Flow, History, history_of
from billing.accounting.balance_sheet import BalanceSheet, Between, Burned, LotLine, Metered, Window
from billing.accounting.grants import Lot, Policy, Replay, Segment, effective_price, replay
from billing.engine import Engine
from billing.queries import statement
from pricing.amounts import from_pico
from pricing.catalog import Catalog
from pricing.periods import FIRST

_STANDARD = Policy()
_MOMENT = timedelta(microseconds=1)


def balance_sheet(  # noqa: PLR0913, PLR0917 - a stretch of time and a policy, which all but few leave alone
    ledger: Engine,
    catalog: Catalog,
    provider: str,
    start: datetime | None = None,
    end: datetime | None = None,
    policy: Policy = _STANDARD,
) -> BalanceSheet:
    """Return the sheet of a provider's account from an instant (inclusive) to another (exclusive).

    None leaves a side open. The account is followed from the first that the ledger knows of it, whatever the start.
    """
    until = end or max(_last_known(ledger, provider), start or FIRST) + _MOMENT
    history = history_of(ledger, catalog, provider, (*([start] if start else []), until))
    known = _replayed(history, policy)
    windows = tuple(
        each for each in _windows(history, known)
        if start is None or each.reported_at is None or each.reported_at > start
    )  # fmt: skip
    at_start = _step_at(history, start)
    ((readings, first_read, last_read),) = ledger.rows(
        statement("readings"), {"provider": provider, "unit": history.unit}
    )
    now = known.lots_at[len(history.steps) - 1]
    return BalanceSheet(
        provider=provider, unit=history.unit, total=_total(history, known.segments, windows, (start, end)),
        windows=windows, lots=tuple(map(_lot_line, now)), overdraft=from_pico(known.overdraft),
        burned=_burned(known.lots_at[at_start] if start else (), now),
        untimed=history.untimed, other_units=history.other_units, readings=readings, first_read_at=first_read,
        last_read_at=last_read,
    )  # fmt: skip


def account_providers(ledger: Engine) -> tuple[str, ...]:
    """Return the providers that the ledger has entries or readings of an account of, in alphabetical order."""
    query = "SELECT provider FROM account_entries UNION SELECT provider FROM balance_snapshots ORDER BY provider"
    return tuple(name for (name,) in ledger.rows(query))


def _replayed(history: History, policy: Policy) -> Replay:
    """Replay an account by the best figures of what was drawn, and by the least and the most that it can be.

    What expires depends on what was drawn, so bounds are not differences of sums.
    """
    figures = [flow.amount for flow in history.flows]
    least = [flow.low for flow in history.flows]
    most = [flow.amount if flow.high is None else flow.high for flow in history.flows]
    return replay(history.drawing(figures), policy, least, most)


def _last_known(ledger: Engine, provider: str) -> datetime:
    ((last,),) = ledger.rows(statement("last_known"), {"provider": provider})
    return last or FIRST


def _step_at(history: History, at: datetime | None) -> int:
    return next((number for number, step in enumerate(history.steps) if step.at == at), 0)


def _windows(history: History, known: Replay) -> list[Window]:
    """Return what happened from each reading to the next; before the first and after the last if anything did."""
    windows: list[Window] = []
    begin, was_read = 0, False
    segments = known.segments
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment.reported is None and not is_last:
            continue
        parts = segments[begin : index + 1]
        window = _window(history, parts, known.other_closings[index], was_read=was_read)
        if (was_read and window.reported_at) or _has_happened(window):
            windows.append(window)
        begin, was_read = index + 1, True
    return windows


def _has_happened(window: Window) -> bool:
    """Tell whether anything was booked or drawn."""
    came_in = (window.topped_up, window.bonus, window.adjusted, window.refunded)
    return bool(window.metered.requests or window.expired or any(came_in))


def _window(history: History, parts: Sequence[Segment], extremes: Sequence[int], *, was_read: bool) -> Window:
    """Return a window of some segments. `extremes` are what is left if the least was drawn, and if the most was."""
    first, last = parts[0], parts[-1]
    flow = _drawn(history, first.first_step, last.last_step)
    gap, between = None, Between(None, None)
    if was_read and last.reported is not None:
        gap = None if flow.unpriced else from_pico(last.closing - last.reported)
        least, most = (from_pico(closing - last.reported) for closing in extremes)
        between = Between(None if flow.high is None else most, least)
    return Window(
        start=history.steps[first.first_step].at if was_read else None,
        end=history.steps[last.last_step].at,
        opening=from_pico(first.opening) if was_read else None,
        **_came_and_went(parts),
        metered=_metered(flow),
        closing_expected=from_pico(last.closing) if was_read else None,
        closing_reported=None if last.reported is None else from_pico(last.reported),
        reported_at=None if last.reported is None else history.steps[last.last_step].at,
        gap=gap,
        gap_between=between,
    )


def _total(
    history: History,
    segments: Sequence[Segment],
    windows: Iterable[Window],
    span: tuple[datetime | None, datetime | None],
) -> Window:
    """Return the whole time as one window; the gap is the sum of those of the windows that end in it."""
    start = _step_at(history, span[0])
    # The mark at the start ends a segment; what comes after that is in this time.
    begin = 1 + max((i for i, each in enumerate(segments) if span[0] and each.last_step == start), default=-1)
    own = segments[begin:]
    read = [each for each in own if each.reported is not None]
    was_read = any(each.reported is not None for each in segments[:begin])
    sums = _came_and_went(own)
    flow = _drawn(history, start, len(history.steps) - 1)
    opening = from_pico(own[0].opening) if was_read else None
    came_in = sums["topped_up"] + sums["bonus"] + sums["adjusted"] + sums["refunded"]
    known = [each for each in windows if each.opening is not None and each.reported_at is not None]
    return Window(
        start=span[0],
        end=span[1],
        opening=opening,
        **sums,
        metered=_metered(flow),
        closing_expected=None if opening is None else opening + came_in - from_pico(flow.amount) - sums["expired"],
        closing_reported=from_pico(own[-1].closing) if read else None,
        reported_at=history.steps[read[-1].last_step].at if read else None,
        gap=_sum([each.gap for each in known]),
        gap_between=Between(*(_sum([getattr(each.gap_between, side) for each in known]) for side in ("low", "high"))),
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum, None if there is nothing or something in it is unknown."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if amounts and len(known) == len(amounts) else None


def _came_and_went(parts: Sequence[Segment]) -> dict[str, Decimal]:
    names = ("topped_up", "bonus", "adjusted", "refunded", "expired")
    return {name: from_pico(sum(getattr(part, name) for part in parts)) for name in names}


def _drawn(history: History, first: int, last: int) -> Flow:
    return reduce(add, history.flows[first:last], Flow())


def _metered(flow: Flow) -> Metered:
    return Metered(
        requests=flow.requests, reported=from_pico(flow.reported), unreported=flow.unreported,
        expected=from_pico(flow.expected), unpriced=flow.unpriced, low=from_pico(flow.low),
        high=None if flow.high is None else from_pico(flow.high),
    )  # fmt: skip


def _lot_line(lot: Lot) -> LotLine:
    price = None if lot.cost is None else effective_price(lot.cost, lot.granted)
    return LotLine(
        kind=lot.kind.value, at=lot.at, expires_at=lot.expires_at, granted=from_pico(lot.granted),
        consumed=from_pico(lot.consumed), taken=from_pico(lot.taken), expired=from_pico(lot.expired),
        remaining=from_pico(lot.remaining), cost=_money(lot.cost), cost_per_unit=_money(price), currency=lot.currency,
    )  # fmt: skip


def _burned(before: Sequence[Lot], now: Sequence[Lot]) -> tuple[Burned, ...]:
    """Return what was burnt between two instants. Free lots count with the only currency, if there is one."""
    currencies = {lot.currency for lot in now if lot.currency}
    only = next(iter(currencies)) if len(currencies) == 1 else None
    groups: dict[tuple[bool, str], list[tuple[Lot | None, Lot]]] = defaultdict(list)
    earlier = {lot.serial: lot for lot in before}
    for lot in now:
        currency = None if lot.cost is None else lot.currency or only
        groups[lot.cost is None, currency or ""].append((earlier.get(lot.serial), lot))
    return tuple(_burned_line(currency or None, groups[key]) for key in sorted(groups) for _, currency in (key,))


def _burned_line(currency: str | None, lots: Sequence[tuple[Lot | None, Lot]]) -> Burned:
    consumed, expired, cost, breakage = (
        _difference(lots, name) for name in ("consumed", "expired", "cost_consumed", "cost_expired")
    )
    price = None if cost is None or not consumed or consumed < 0 else effective_price(cost, consumed)
    return Burned(
        currency=currency, consumed=from_pico(consumed or 0), cost=_money(cost), effective_price=_money(price),
        expired=from_pico(expired or 0), breakage=_money(breakage),
    )  # fmt: skip


def _difference(lots: Sequence[tuple[Lot | None, Lot]], name: str) -> int | None:
    """Return how much more it is now than before, of all lots; None if it is not known of one."""
    parts = [(getattr(before, name) if before else 0, getattr(now, name)) for before, now in lots]
    return None if any(None in part for part in parts) else sum(now - before for before, now in parts)


def _money(pico: int | None) -> Decimal | None:
    return None if pico is None else from_pico(pico)
