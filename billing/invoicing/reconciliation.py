"""The three-way match: what the invoice asks, what the ledger metered, and what the rate card says.

Docs: docs/invoices.md. Amounts are whole pico-units of the invoice's currency.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise

from billing.accounting.balance_sheet import BalanceSheet
from billing.accounting.balances import account_providers
from billing.cube import whole
from billing.invoicing.closed_periods import ClosedPeriod, closed_periods
from billing.invoicing.dealing import Booked, deal, without_exact
from billing.invoicing.invoice_rounding import Rule, find_rule
from billing.invoicing.invoices import Invoice, InvoiceLine
from billing.invoicing.matching import (
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
from billing.invoicing.metering import Held, Money, Period, dearest_token, meter, valued
from billing.invoicing.replaced import grown, replaced
from billing.ledger import Ledger
from billing.rating import Selection
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the account: when it was booked, the load that brought it, and its amount in the currency."""

    at: datetime
    load: int
    amount: int


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
            self._periods[key] = late = self._metered(start, end, after_load)
            for closed in self.closed if after_load is not None else ():
                bounds = closed.period_start, closed.period_end
                if bounds[0] <= start and end <= bounds[1]:
                    whole = late if (start, end) == bounds else self._metered(*bounds, after_load)
                    self._periods[key] = self._grown(closed, late, whole)
        return self._periods[key]

    def _metered(self, start: datetime, end: datetime, after_load: int | None) -> Period:
        selection = Selection(start, end, self.invoice.provider, after_load=after_load)
        return meter(self.ledger, self.catalog, selection, self.money)

    def _grown(self, closed: ClosedPeriod, late: Period, whole: Period) -> Period:
        """Return what came late, all of it or of a part of the period, less what it took the place of.

        What was told is known of the whole period: of a part it is only where all that came late of a SKU is in it.
        """
        money = valued(self.money, late.periods)
        gone = replaced(self.ledger, self.catalog, closed, self.all_closed, money)
        return grown(late, {
            sku: told for sku, told in gone.items()
            if late is whole or (sku in late.skus and late.skus[sku].requests == whole.skus[sku].requests)
        })  # fmt: skip

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
        booked = self._given_back() | self._bought("top_up") | self._bought("bonus")
        for line in self.invoice.lines:
            match line.kind:
                case "usage":
                    yield match_usage(line, held[line.line], self._measure(line))
                case "refund":
                    yield match_entry(line, booked.get(line.line), "refund", self.tolerance)
                case "adjustment" if self.late(line) is not None and not self.held(line).is_empty:
                    yield match_usage(line, self.held(line), self._measure(line))
                case "adjustment":
                    yield match_entry(line, None, "adjustment", self.tolerance)
                case "top_up" | "bonus" if self.has_account:
                    yield match_entry(line, booked.get(line.line), line.kind, self.tolerance)
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

    def _given_back(self) -> dict[int, int]:
        """Return of each line of refunds what the ledger holds: of requests, and where it names no SKU of the account.

        Below zero. Time is cut where lines begin and end, so that what overlaps is told apart.
        """
        lines = self.invoice.of("refund")
        bounds = sorted({bound for line in lines for bound in (line.start, line.end)})
        booked: list[Booked] = []
        for start, end in pairwise(bounds):
            here = [line for line in lines if line.start <= start and end <= line.end]
            for late in dict.fromkeys(map(self.late, here)):
                own = [line for line in here if self.late(line) == late]
                booked += self._given_back_in(start, end, late, own)
        dealt = deal({line.line: -to_pico(line.amount) for line in lines}, booked)
        return {line: -amount for line, amount in dealt.items()}

    def _given_back_in(
        self, start: datetime, end: datetime, late: int | None, lines: Sequence[InvoiceLine]
    ) -> Iterator[Booked]:
        """Yield what was given back in that time, for these lines: those that name a SKU take what is of it."""
        all_others = tuple(line.line for line in lines if line.sku is None)
        for sku, held in sorted(self.period(start, end, late).skus.items()):
            yield Booked(-held.refunded, tuple(line.line for line in lines if self.sku(line) == sku) or all_others)
        for entry in self._entries("refund"):
            if start <= entry.at < end and (late is None or entry.load > late):
                yield Booked(entry.amount, all_others)

    def _bought(self, kind: str) -> dict[int, int]:
        """Return of each line of top-ups or bonuses what the account holds: its entry, or a share of what is left."""
        lines = self.invoice.of(kind)
        asked = {line.line: to_pico(line.amount) for line in lines}
        booked = [
            Booked(entry.amount, tuple(line.line for line in lines if line.start <= entry.at < line.end))
            for entry in (self._entries(kind) if lines else ())
        ]
        found, left = without_exact(asked, booked)
        return found | deal({line: amount for line, amount in asked.items() if line not in found}, left)

    def _entries(self, kind: str) -> Iterator[_Entry]:
        """Yield the entries of the account of a kind in the invoice's currency: credits at what one was worth then."""
        rows = self.ledger.arrow(
            "SELECT booked_at, file_id, credits, bonus, paid, unit, currency FROM account_entries "
            "WHERE provider = $provider AND kind = $kind ORDER BY booked_at, entry_id",
            {"provider": self.invoice.provider, "kind": "top_up" if kind == "bonus" else kind},
        )
        for row in rows.to_pylist():
            at, unit = row["booked_at"], row["unit"]
            if kind == "top_up" and self.invoice.currency in (row["currency"], unit):
                amount = row["paid"] if row["currency"] == self.invoice.currency else row["credits"]
            elif kind == "top_up":
                continue  # It was paid in other money, or nobody says in which.
            else:
                amount = self._worth(at).of(whole(row["bonus" if kind == "bonus" else "credits"]), unit, None)
            if amount:
                yield _Entry(at, row["file_id"], int(amount))

    def _worth(self, at: datetime) -> Money:
        """Return how credits become the invoice's currency at that instant."""
        periods = self.catalog.all_periods((self.invoice.provider,))
        return valued(self.money, (period for period in periods if period.holds(at)))

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


def _untimed(ledger: Ledger, provider: str) -> int:
    query = "SELECT COUNT(*) FROM usage_records WHERE provider = $provider AND used_at IS NULL"
    ((count,),) = ledger.rows(query, {"provider": provider})
    return int(count)
