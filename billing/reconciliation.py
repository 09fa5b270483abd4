"""The three-way match: what the invoice asks, what the ledger metered, and what the rate card says.

Docs: docs/invoices.md. Amounts are whole pico-units of the invoice's currency.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from billing.balance_sheet import BalanceSheet
from billing.balances import account_providers
from billing.closed_periods import ClosedPeriod, closed_periods
from billing.invoice_rounding import Rule, find_rule
from billing.invoices import Invoice, InvoiceLine
from billing.ledger import Ledger
from billing.matching import (
    WRONG,
    Line,
    Tolerance,
    Yardstick,
    carried,
    match_entry,
    match_usage,
    not_invoiced,
    total_of,
)
from billing.metering import Held, Money, Period, dearest_token, meter, valued
from billing.rating import Selection
from billing.replaced import grown, replaced
from pricing.amounts import PICO_DIGITS, to_pico
from pricing.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the match of an invoice says."""

    invoice: Invoice
    lines: tuple[Line, ...]
    """Those of the invoice in its order, then what it does not name, then corrections of closed periods."""
    total: Line
    """Of usage, refunds and adjustments; taxes, fees and what is bought are in no sum of usage."""
    rule: Rule
    tolerance: Tolerance
    catalog_version: str
    catalog_digest: str
    known_at: date | None
    untimed: int | None = None
    """Requests of this provider whose log tells no time: they are in no period. Like the next, not kept at closing."""
    conflicts: int | None = None
    closed: ClosedPeriod | None = None
    """Set if this is the answer that was kept when the period was closed."""
    balance: BalanceSheet | None = None
    findings: Mapping[str, str] = field(default_factory=dict)
    """The audit's sentence of each finding that a part names."""

    @property
    def has_variance(self) -> bool:
        """Whether a line, or all in sum, is beyond tolerance."""
        return any(line.verdict in WRONG for line in (*self.lines, self.total))

    def corrections(self) -> tuple[Line, ...]:
        """Return what came late for periods that are closed."""
        return tuple(line for line in self.lines if line.kind == "correction")


def reconcile(
    ledger: Ledger, catalog: Catalog, invoice: Invoice, tolerance: Tolerance, usd_per_unit: int | None = None
) -> Reconciliation:
    """Match an invoice with the ledger and the card. Raise RefusedInputError if its currency can't be told."""
    desk = _Desk(ledger, catalog, invoice, tolerance, Money(invoice.currency, usd_per_unit))
    lines = (*desk.named(), *desk.unnamed(), *desk.corrections())
    return Reconciliation(
        invoice, lines, total_of(lines, invoice, tolerance), desk.yardstick.rule, tolerance, catalog.version,
        catalog.digest, known_on(catalog, invoice.provider), _untimed(ledger, invoice.provider),
        desk.period(invoice.start, invoice.end).audit.conflicts,
        findings={each.id: each.sentence for each in desk.period(invoice.start, invoice.end).audit.findings},
    )  # fmt: skip


def known_on(catalog: Catalog, provider: str) -> date | None:
    """Return the day up to which the catalog knows of that provider's prices; None if it has no card."""
    days = [fact.observed_on for card in catalog.cards if card.provider == provider for fact in card.facts()]
    return min(filter(None, (max(days, default=None), catalog.known_at)), default=None) if days else None


class _Desk:
    """All that a match needs at hand. What it asks of the ledger it asks once."""

    def __init__(self, ledger: Ledger, catalog: Catalog, invoice: Invoice, tolerance: Tolerance, money: Money) -> None:
        self.ledger, self.catalog, self.invoice, self.tolerance, self.money = ledger, catalog, invoice, tolerance, money
        self.all_closed = closed_periods(ledger, invoice.provider)
        self.closed = [each for each in self.all_closed if each.period_end <= invoice.start]
        self.has_account = invoice.provider in account_providers(ledger)
        self._periods: dict[tuple[datetime, datetime, int | None], Period] = {}
        self._names = dict(catalog.sku_names(invoice.provider)) if invoice.provider in catalog.providers else {}
        step = 10 ** (PICO_DIGITS - invoice.places)
        used = [(line, self.held(line)) for line in invoice.of("usage")]
        rule = find_rule(
            [(to_pico(line.amount), held) for line, held in used], step,
            may_be_net=not invoice.of("refund"),
        )  # fmt: skip
        self.yardstick = Yardstick(rule, step, tolerance)
        self.used = used

    def period(self, start: datetime, end: datetime, after_load: int | None = None) -> Period:
        """Return what the ledger holds from one instant to before another, or of it what came with later loads."""
        key = start, end, after_load
        if key not in self._periods:
            selection = Selection(start, end, self.invoice.provider, after_load=after_load)
            self._periods[key] = meter(self.ledger, self.catalog, selection, self.money)
            for closed in self.closed if after_load is not None else ():
                if (closed.period_start, closed.period_end) == (start, end):
                    self._periods[key] = self._grown(closed, self._periods[key])
        return self._periods[key]

    def _grown(self, closed: ClosedPeriod, late: Period) -> Period:
        money = valued(self.money, late.periods)
        return grown(late, replaced(self.ledger, self.catalog, closed, self.all_closed, money))

    def sku(self, line: InvoiceLine) -> str | None:
        """Return the SKU that a line names, by its own id."""
        return None if line.sku is None else self._names.get(line.sku, line.sku)

    def skus(self, line: InvoiceLine, period: Period) -> Iterable[str]:
        """Return the SKUs that a line is of: the one it names, or all that no other line of its kind names."""
        name = self.sku(line)
        if name is not None:
            return (name,)
        others = {self.sku(other) for other in self.invoice.of(line.kind) if _overlap(line, other)}
        return tuple(sku for sku in period.skus if sku not in others)

    def held(self, line: InvoiceLine) -> Held:
        """Return what the ledger holds of the usage of a line."""
        period = self.period(line.start, line.end, self.late(line))
        held = period.of(self.skus(line, period))
        if (line.start, line.end) == (self.invoice.start, self.invoice.end):
            return held
        # Findings are numbered anew for each stretch of time: those of another are not those of the invoice's.
        return replace(held, causes=tuple(replace(part, findings=()) for part in held.causes))

    def late(self, line: InvoiceLine) -> int | None:
        """Return the last load whose usage the closed period of a line has been told of; None if it is open."""
        holds = (each for each in self.closed if each.period_start <= line.start and line.end <= each.period_end)
        return next(map(self.told_up_to, holds), None)

    def told_up_to(self, closed: ClosedPeriod) -> int:
        """Return the last load whose corrections its own closing, or that of a later period, has told."""
        after = (each.last_load for each in self.all_closed if each.period_start >= closed.period_end)
        return max((closed.last_load, *after))

    def named(self) -> Iterator[Line]:
        """Yield each line of the invoice, matched."""
        held = {line.line: held for line, held in self.used}
        for line in self.invoice.lines:
            match line.kind:
                case "usage":
                    yield match_usage(line, held[line.line], self._measure(line))
                case "refund":
                    yield match_entry(line, self._given_back(line), "refund", self.tolerance)
                case "adjustment" if self.late(line) is not None and not self.held(line).is_empty:
                    yield match_usage(line, self.held(line), self._measure(line))
                case "adjustment":
                    yield match_entry(line, None, "adjustment", self.tolerance)
                case "top_up" | "bonus" if self.has_account:
                    yield match_entry(line, self._booked(line), line.kind, self.tolerance)
                case _:
                    yield carried(line)

    def unnamed(self) -> Iterator[Line]:
        """Yield the usage, and the refunds, that the ledger holds of this period and the invoice does not name."""
        invoice = self.invoice
        whole = self.period(invoice.start, invoice.end)
        named: dict[str, list[Held]] = {}
        for line in invoice.of("usage"):
            period = self.period(line.start, line.end)
            for sku in self.skus(line, period):
                named.setdefault(sku, []).append(period.of((sku,)))
        for sku, held in sorted(whole.skus.items()):
            left = held - sum(named.get(sku, []), Held())
            if left.requests and (left.expected or left.charged):
                yield not_invoiced(sku, left, invoice, self.tolerance)
        # By the card alone nothing was charged that could be missed.
        if not (self.yardstick.rule.is_net or self.yardstick.rule.follows_card):
            yield from self._refunds_left(whole)

    def corrections(self) -> Iterator[Line]:
        """Yield what came late for periods that are closed, and no line of this invoice is of."""
        told = [line for line in self.invoice.of("refund", "adjustment") if self.late(line) is not None]
        for closed in self.closed:
            late = self.period(closed.period_start, closed.period_end, self.told_up_to(closed))
            for sku, held in sorted(late.skus.items()):
                kinds: set[str] = {
                    line.kind for line in told
                    if closed.period_start <= line.start and line.end <= closed.period_end
                    and self.sku(line) in (None, sku)
                }  # fmt: skip
                yield from _corrections(sku, held, closed, kinds)

    def _measure(self, line: InvoiceLine) -> Yardstick:
        period = self.period(line.start, line.end, self.late(line))
        return replace(self.yardstick, dearest_token=dearest_token(period.periods, self.skus(line, period), self.money))

    def _given_back(self, line: InvoiceLine) -> int | None:
        """Return what refunds in the ledger give back, of requests and, where the line names no SKU, to the account."""
        late = self.late(line)
        period = self.period(line.start, line.end, late)
        held = period.of(self.skus(line, period))
        account = _of_account(self.ledger, self.invoice, "refund", line, late) if line.sku is None else []
        return self._share(line, held.refunded - sum(account)) if held.refunds or account else None

    def _share(self, line: InvoiceLine, booked: int) -> int | None:
        """Return the part of what is booked that is a line's: each takes its amount, and the last of them what is left.

        None if others have taken all of it.
        """
        alike = [
            other for other in self.invoice.of(line.kind)
            if (self.sku(other), other.start, other.end) == (self.sku(line), line.start, line.end)
        ]  # fmt: skip
        for other in alike[: alike.index(line)]:
            booked -= max(booked, to_pico(other.amount))
        part = booked if line == alike[-1] else max(booked, to_pico(line.amount))
        return part if part or len(alike) == 1 else None

    def _booked(self, line: InvoiceLine) -> int | None:
        """Return what the account holds of a top-up or bonus: its entry, or else all that no other line is of."""
        booked = _of_account(self.ledger, self.invoice, line.kind, line, None)
        amount = to_pico(line.amount)
        for other in self.invoice.of(line.kind):
            is_first = other.line < line.line or other.amount != line.amount
            if is_first and _overlap(line, other) and to_pico(other.amount) in booked:
                booked.remove(to_pico(other.amount))
        return amount if amount in booked else sum(booked) if booked else None

    def _refunds_left(self, whole: Period) -> Iterator[Line]:
        """Yield refunds of this period that the ledger holds and no line of the invoice is of."""
        told = {self.sku(line) for line in self.invoice.of("refund") if self.late(line) is None}
        for sku, held in sorted(whole.skus.items()):
            if held.refunded and not told & {None, sku}:
                yield Line(
                    None, None, "refund", sku, self.invoice.start, self.invoice.end, 0, held.refunded, None,
                    "matched" if self.tolerance.lets_pass(held.refunded, held.expected) else "not_invoiced",
                    beyond=-held.refunded, requests=held.refunds,
                )  # fmt: skip


def _corrections(sku: str, held: Held, closed: ClosedPeriod, kinds: set[str]) -> Iterator[Line]:
    start, end = closed.period_start, closed.period_end
    if not held.is_empty and "adjustment" not in kinds:
        yield Line(
            None, None, "correction", sku, start, end, None, held.charged if held.reported else None,
            held.expected if held.priced else None, "correction", requests=held.requests, unpriced=held.unpriced,
        )  # fmt: skip
    if held.refunded and "refund" not in kinds:
        yield Line(
            None, None, "correction", sku, start, end, None, held.refunded, None, "correction", requests=held.refunds
        )


def _overlap(line: InvoiceLine, other: InvoiceLine) -> bool:
    return other.start < line.end and line.start < other.end


def _of_account(ledger: Ledger, invoice: Invoice, kind: str, line: InvoiceLine, after_load: int | None) -> list[int]:
    """Return the entries of the account of that kind and time: credits, or what was paid for them in dollars."""
    rows = ledger.rows(
        """
        SELECT credits, bonus, paid, unit, currency FROM account_entries
        WHERE provider = $provider AND kind = $kind AND booked_at >= $start AND booked_at < $end
            AND ($after_load IS NULL OR file_id > $after_load)""",
        {"provider": invoice.provider, "kind": "top_up" if kind == "bonus" else kind, "start": line.start,
         "end": line.end, "after_load": after_load},
    )  # fmt: skip
    amounts = [
        bonus if kind == "bonus" else paid if currency == invoice.currency else credits_
        for credits_, bonus, paid, unit, currency in rows
        if unit == invoice.currency or (currency == invoice.currency and kind == "top_up")
    ]
    return [int(amount) for amount in amounts if amount]


def _untimed(ledger: Ledger, provider: str) -> int:
    query = "SELECT COUNT(*) FROM usage_records WHERE provider = $provider AND used_at IS NULL"
    ((count,),) = ledger.rows(query, {"provider": provider})
    return int(count)
