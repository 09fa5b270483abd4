"""Accounts to export: any requests, top-ups, refunds and readings, in two months, under any names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from billing.accounting.accounts import take
from billing.accounting.grants import Policy
from billing.ledger import Ledger
from billing.rating import Selection
from billing.records import AccountEntry, BalanceReading, EntryKind, Status, UsageRecord
from pricing.catalog import Catalog
from pricing.rates import PerMtok
from pricing.rounding import Rounding
from pricing.usage import Usage
from reports.exports.focus import Account
from reports.exports.focus_files import accounts_of, books
from tests.ledgers import a_catalog, a_ledger, block, put

START = datetime(2026, 9, 20, tzinfo=UTC)
HOSTILE_NAMES = (
    '=HYPERLINK("https://evil.example")',
    'a "b" \\ c',
    "two\nlines",
    "\x1b[31m",
    "界",
    "; *:#^",
    "",
    "@x|<b>",
)

Told = UsageRecord | AccountEntry | BalanceReading


def catalog() -> Catalog:
    """Return a card whose charges are cut to 0.01 credit; a credit is $0.005."""
    rounding = Rounding(mode="down", step=Decimal("0.01"), scope="request", basis="documented", evidence="test")
    return a_catalog(block(PerMtok(input=Decimal(300), output=Decimal(1500)), rounding=rounding))


@st.composite
def accounts(draw: st.DrawFn) -> list[Told]:
    """Draw what happened to an account."""
    cents = st.integers(1, 900).map(lambda each: Decimal(each) / 100)
    moments = st.integers(0, 24 * 30 - 1).map(lambda hour: START + timedelta(hours=hour))
    names = st.none() | st.sampled_from([name for name in HOSTILE_NAMES if name])
    told: list[Told] = []
    for line in range(draw(st.integers(1, 14))):
        is_failed = draw(st.integers(0, 5)) == 0
        usage = Usage(input=draw(st.integers(0, 9000)), output=draw(st.integers(0, 900)))
        sku = draw(st.sampled_from(["model", "model", "model", "unknown"]))
        told.append(UsageRecord(
            line + 1, "vendor", sku, f"r{line}", at=draw(moments), usage=usage, charged=draw(st.none() | cents),
            unit="credit", project=draw(names), status=Status.FAILED if is_failed else Status.OK,
        ))  # fmt: skip
    charged = [(each, each.at) for each in told if isinstance(each, UsageRecord) and each.charged and each.at]
    for line, (each, began) in enumerate(draw(st.lists(st.sampled_from(charged), max_size=3)) if charged else []):
        at = began + timedelta(days=draw(st.integers(0, 20)))
        told.append(UsageRecord(
            line + 50, "vendor", each.sku, f"back{line}", at=at, status=Status.REFUND, charged=-draw(cents),
            unit="credit", tags=(("of_request", each.request_id or ""),),
        ))  # fmt: skip
    for line in range(draw(st.integers(0, 4))):
        at, paid = draw(moments), draw(st.none() | cents)
        expires = draw(st.none() | st.integers(1, 20).map(lambda days: timedelta(days=days)))
        told.append(AccountEntry(
            line + 80, "vendor", at, draw(cents), "credit", paid=paid,
            bonus=draw(st.sampled_from([Decimal(0), Decimal(1)])),
            currency=None if paid is None else draw(st.sampled_from(["USD", "EUR"])),
            expires_at=None if expires is None else at + expires, entry_id=f"e{line}",
        ))  # fmt: skip
    told += _booked(draw, moments, cents)
    return told


def _booked(draw: st.DrawFn, moments: st.SearchStrategy[datetime], cents: st.SearchStrategy[Decimal]) -> Iterator[Told]:
    for line in range(draw(st.integers(0, 2))):
        yield BalanceReading(line + 90, "vendor", draw(moments), draw(cents), "credit")
    if draw(st.booleans()):
        kind = draw(st.sampled_from([EntryKind.REFUND, EntryKind.ADJUSTMENT]))
        sign = -1 if kind is EntryKind.ADJUSTMENT and draw(st.booleans()) else 1
        yield AccountEntry(95, "vendor", draw(moments), sign * draw(cents), "credit", kind, entry_id="booked")


@contextmanager
def opened(told: Sequence[Told]) -> Iterator[tuple[Ledger, list[Account]]]:
    """Open a ledger that was told so much, with its accounts."""
    with a_ledger() as ledger:
        fill(ledger, told)
        yield ledger, of(ledger)


def fill(ledger: Ledger, told: Sequence[Told]) -> None:
    """Bring records into a ledger."""
    put(ledger, [each for each in told if isinstance(each, UsageRecord)])
    with ledger.transaction():
        take(ledger, told, 1)


def of(ledger: Ledger, start: datetime | None = None, end: datetime | None = None) -> list[Account]:
    """Return the accounts of a ledger in a stretch of time."""
    cards = catalog()
    return accounts_of(ledger, cards, books(ledger, cards, Selection(start, end), lambda _: Policy()))
