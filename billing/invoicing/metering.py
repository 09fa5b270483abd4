"""What the ledger says of a billing period, SKU by SKU: the two sides of the match that are not the invoice.

Everything comes from the audit's own rating. Amounts are whole pico-units of the invoice's currency.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from billing.audit import Audit, Finding
from billing.auditor import audit_rated
from billing.cube import whole
from billing.errors import RefusedInputError
from billing.ledger import Ledger
from billing.rating import Rating, Selection, lay_rates
from pricing.amounts import EXACT, PICO_DIGITS, PICO_PER_UNIT, per_mtok_to_pico, to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.usage import TOKEN_KINDS

#: Refunds as if they were requests, so that their names and units are told the way those of requests are.
REFUNDS = "(SELECT * REPLACE ('ok' AS status) FROM main.usage_records WHERE status = 'refund')"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a difference: its cause and amount, of how many requests, and the findings that it comes from."""

    cause: str
    amount: int
    requests: int | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Money:
    """The currency of an invoice, and how other units become it.

    `usd_per_unit` (pico-dollars) is what a credit cost the buyer; None takes the card's own value of the time.
    """

    currency: str
    usd_per_unit: int | None = None
    usual: int | None = None
    """The value for what stands on no card, such as a charge for a SKU that nobody knows."""

    def of(self, amount: int | None, unit: str | None, card_value: int | None) -> int | None:
        """Return an amount in the currency, None if it can't be told in it.

        Raise RefusedInputError if nobody says what the unit is worth.
        """
        if not amount or unit == self.currency:
            return amount or 0
        if self.currency != "USD":
            return None
        value = next((each for each in (self.usd_per_unit, card_value, self.usual) if each is not None), None)
        if value is None:
            raise RefusedInputError(
                f"the invoice is in USD, the charges are in {unit}s, and no rate card says what one is worth; give it "
                "with --usd-per-credit"
            )
        return _nearest(amount * value, PICO_PER_UNIT)

    def of_finding(self, finding: Finding) -> int:
        """Return a finding's variance in the currency."""
        amount = to_pico(finding.variance)
        if finding.unit == self.currency or self.usd_per_unit is not None or finding.usd is None:
            return self.of(amount, finding.unit, None) or 0
        return _nearest(int(finding.usd.scaleb(2 * PICO_DIGITS, EXACT)), PICO_PER_UNIT) if self.currency == "USD" else 0


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds of one SKU, or of several added up."""

    requests: int = 0
    """Requests that ended well or were cut."""
    failed: int = 0
    tokens: int = 0
    reported: int = 0
    """Requests that report a charge."""
    priced: int = 0
    """Requests with an expected charge."""
    unpriced: int = 0
    """Requests that nobody can price: those that report a charge and those that do not."""
    unmetered: int = 0
    """Those of them that report no charge."""
    unmetered_most: int = 0
    """What these can cost: their tokens at the dearest rate, and each as much again as the dearest request."""
    unbounded: int = 0
    """Those of them that no rate bounds."""
    charged: int = 0
    unreported: int = 0
    """The expected charges of requests that report none."""
    expected: int = 0
    variance: int = 0
    """Charged less expected, of requests of which both are known."""
    cut: int = 0
    """What the rounding of each single request took off."""
    unknown_charged: int = 0
    """The reported charges of requests that nobody can price."""
    given_back: int = 0
    """What refunds, of any time, give back of these charges."""
    refunds: int = 0
    refunded: int = 0
    """What refunds gave back, below zero."""
    causes: tuple[Part, ...] = field(default=())
    """The variance by cause."""

    def __add__(self, other: "Held") -> "Held":
        return Held(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Held)))

    def __sub__(self, other: "Held") -> "Held":
        names = [each.name for each in fields(Held) if each.name != "causes"]
        return Held(**{name: getattr(self, name) - getattr(other, name) for name in names})

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing here that an invoice could ask for."""
        return not (self.requests or self.charged or self.unpriced or self.expected)

    @property
    def claimed(self) -> int:
        """What the vendor can ask for by its own word: the charges it reported, and the card where it reported none."""
        return self.charged + self.unreported


@dataclass(frozen=True, slots=True)
class Period:
    """What the ledger holds of a provider in a stretch of time: by SKU, and the audit that it was taken from."""

    skus: Mapping[str, Held]
    audit: Audit
    periods: tuple[RatePeriod, ...]

    def of(self, skus: Iterable[str]) -> Held:
        """Return the sum over these SKUs."""
        return sum((self.skus[sku] for sku in skus if sku in self.skus), Held())


def meter(ledger: Ledger, catalog: Catalog, selection: Selection, money: Money) -> Period:
    """Sum up the selected requests and refunds by SKU, and their variance by the causes that the audit finds."""
    rating = lay_rates(ledger, catalog, selection)
    money = valued(money, _periods(rating))
    held: dict[str, Held] = {}
    rows = _rows(rating.summed("audited", "metered"))
    for row in rows:
        held[row["sku"]] = held.get(row["sku"], Held()) + _held(row, money)
    _bound(held, rows, _periods(rating), money)
    for row in _rows(rating.query("given_back", taking={"usage_records": REFUNDS})):
        amount = money.of(row["charged"], row["unit"], row["usd_per_unit"]) or 0
        held[row["sku"]] = held.get(row["sku"], Held()) + Held(refunds=row["requests"], refunded=amount)
    found = audit_rated(rating)
    return Period({sku: _with_causes(sku, each, found, money) for sku, each in held.items()}, found, _periods(rating))


def valued(money: Money, periods: Iterable[RatePeriod]) -> Money:
    """Return the same with the usual value of a credit: the one that all these rates have, if they have one."""
    values = {period.usd_per_unit for period in periods if period.usd_per_unit is not None}
    return replace(money, usual=to_pico(values.pop()) if len(values) == 1 else None)


def dearest_token(periods: Iterable[RatePeriod], skus: Iterable[str], money: Money) -> int | None:
    """Return the highest rate per token that these SKUs have, in pico-units; None if none is known."""
    wanted = set(skus)
    rates = [
        money.of(
            per_mtok_to_pico(rate), period.unit, None if period.usd_per_unit is None else to_pico(period.usd_per_unit)
        )
        for period in periods
        if period.sku in wanted
        for vector in (period.block.per_mtok, *(tier.per_mtok for tier in period.block.context_tiers))
        for rate in map(vector.rate, TOKEN_KINDS)
        if rate is not None
    ]
    return max((rate for rate in rates if rate is not None), default=None)


def _bound(
    held: dict[str, Held], rows: Iterable[Mapping[str, Any]], periods: tuple[RatePeriod, ...], money: Money
) -> None:
    """Say of each SKU what its requests without a price cost at the most: a cut stream has output that no log tells."""
    tokens: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for row in rows:
        tokens[row["sku"]] += row["unmetered_tokens"] or 0
        amount = money.of(row["dearest"], row["unit"], row["usd_per_unit"]) or 0
        requests[row["sku"]] = max(requests[row["sku"]], amount)
    for sku, each in held.items():
        if each.unmetered and (rate := dearest_token(periods, (sku,), money)) is not None:
            held[sku] = replace(each, unmetered_most=tokens[sku] * rate + each.unmetered * requests[sku])
        else:
            held[sku] = replace(each, unbounded=each.unmetered)


def _periods(rating: Rating) -> tuple[RatePeriod, ...]:
    return tuple(each for each in rating.periods if each.provider == rating.selection.provider)


def _held(row: Mapping[str, Any], money: Money) -> Held:
    """Return one row of sql/metered.sql in the currency."""
    requests, failed = row["requests"], row["verdict"] in ("failed", "charged_failure")
    unpriced = requests if row["verdict"] in ("unpriced", "incomplete") else 0

    def told(name: str) -> int | None:
        return money.of(row[name], row["unit"], row["usd_per_unit"])

    if any(told(name) is None for name in ("charged", "expected")):
        return Held(requests=requests, tokens=row["tokens"], unpriced=requests, unmetered=requests)
    names = "charged", "unreported", "expected", "cut", "unknown_charged", "given_back"
    amounts = {name: told(name) or 0 for name in names}
    return Held(
        requests=0 if failed else requests, failed=requests if failed else 0, tokens=row["tokens"],
        reported=row["reported"], priced=row["priced"] or 0, unpriced=unpriced, unmetered=row["unmetered"] or 0,
        charged=amounts["charged"], unreported=amounts["unreported"], expected=amounts["expected"],
        # Of amounts that are turned into another currency one by one, so that they still add up.
        variance=amounts["charged"] + amounts["unreported"] - amounts["expected"] - amounts["unknown_charged"],
        cut=amounts["cut"], unknown_charged=amounts["unknown_charged"], given_back=amounts["given_back"],
    )  # fmt: skip


def _with_causes(sku: str, held: Held, audit: Audit, money: Money) -> Held:
    """Part the variance of a SKU by the audit's findings; what none of them tells was given back, or is unexplained."""
    parts: dict[str, Part] = {}
    for finding in audit.findings:
        if finding.sku == sku:
            before = parts.get(finding.cause, Part(finding.cause, 0, 0))
            parts[finding.cause] = Part(
                finding.cause, before.amount + money.of_finding(finding), (before.requests or 0) + finding.requests,
                (*before.findings, finding.id),
            )  # fmt: skip
    if rest := held.variance - sum(part.amount for part in parts.values()):
        is_rest = 0 < rest <= held.given_back
        name = "charge.refunded" if is_rest else "rounding" if abs(rest) <= len(audit.findings) else "unexplained"
        parts[name] = Part(name, rest)
    return replace(held, causes=tuple(part for part in parts.values() if part.amount))


def _rows(table: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - an Arrow table, which has no types
    return [{name: whole(value) for name, value in row.items()} for row in table.to_pylist()]


def _nearest(amount: int, divisor: int) -> int:
    """Divide, from the middle away from zero."""
    size = (2 * abs(amount) + divisor) // (2 * divisor)
    return -size if amount < 0 else size
