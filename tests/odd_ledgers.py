"""Requests as they are seldom seen, for engines to agree on: no provider, no time, other units, odd refunds.

Their account holds more than they can draw, so that engines have to agree on its price, too.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.accounting.accounts import take
from billing.ledger import Ledger
from billing.records import AccountEntry, AccountRecord, BalanceReading, Status, UsageRecord
from pricing.usage import Usage
from tests.ledgers import OCTOBER, put

_ODD_ID = 'it\'s "q" \\ \N{CJK UNIFIED IDEOGRAPH-754C}'
_AGES_AGO = datetime(1200, 1, 1, tzinfo=UTC)
_AGAIN = OCTOBER + timedelta(seconds=20)


def put_odd_requests(ledger: Ledger) -> None:
    """Put them into a ledger, some of them twice; most are of SKUs of `spark_values`."""
    put(ledger, _records(), "odd")
    with ledger.transaction():
        take(ledger, _account(), 1)
    put(ledger, [_one(1, request_id="odd5"), _one(2, request_id="odd21", sku="nobody", charged=99)], "odd again")


def _account() -> list[AccountRecord]:
    """Return two lots at two prices, one of which expires, and a reading between them."""
    first, second = _AGES_AGO, OCTOBER + timedelta(days=9, microseconds=1)
    return [
        AccountEntry(1, "vendor", first, Decimal(10**6), "credit", paid=Decimal(4_000), currency="USD"),
        AccountEntry(2, "vendor", second, Decimal(70), "credit", bonus=Decimal(7), paid=Decimal("0.35"), currency="USD",
                     expires_at=second + timedelta(days=5)),
        BalanceReading(3, "vendor", OCTOBER + timedelta(days=8), Decimal(900_000), "credit"),
    ]  # fmt: skip


def _one(line: int, charged: Any = "0.45", **told: Any) -> UsageRecord:  # noqa: ANN401 - whatever is odd
    values: dict[str, Any] = {
        "provider": "vendor", "sku": "alpha", "request_id": f"odd{line}", "at": OCTOBER,
        "usage": Usage(input=1000, output=100), "unit": None if charged is None else "credit",
        "charged": None if charged is None else Decimal(charged),
    }  # fmt: skip
    return UsageRecord(line, **(values | told))


def _records() -> list[UsageRecord]:
    none, failed, cut = Usage(), {"status": Status.FAILED}, {"status": Status.INCOMPLETE}
    back = {"status": Status.REFUND, "usage": none}
    told: list[dict[str, Any]] = [
        # no time, no provider, neither
        {"at": None}, {"at": None, "charged": 3}, {"provider": None}, {"provider": None, "charged": 7},
        {"provider": None, "request_id": "odd1"}, {"provider": None, "unit": "USD"},
        {"provider": None, "charged": None, "at": None},
        # failed, cut, without a charge, without tokens
        {**failed, "usage": none, "charged": 1}, {**failed, "usage": none, "charged": None}, {"charged": None},
        {"charged": 0, "usage": none}, cut, {**cut, "charged": None},
        # other units and names, and a second provider
        {"unit": "token"}, {"unit": "USD"}, {"unit": "", "charged": 1}, {"provider": "apimodels"},
        {"provider": "apimodels", "sku": "claude-sonnet-4-6", "unit": "USD", "charged": "0.001"},
        {"provider": "VENDOR"}, {"sku": "Alpha"}, {"sku": "nobody"}, {"sku": "pending", "charged": None},
        {"sku": "pending", "project": "p\nq", "tags": (("team", "x,y"), ('n"k', "v"))},
        # refunds: beyond the charge, of no request, of an odd id, of another provider's
        {"charged": 2, "request_id": "big"}, {**back, "charged": -5, "tags": (("of_request", "big"),)},
        {**back, "charged": -5}, {"charged": 2, "request_id": _ODD_ID},
        {**back, "charged": -1, "tags": (("of_request", _ODD_ID),)},
        {**back, "charged": -1, "provider": None, "tags": (("of_request", "odd3"),)},
        # one call charged twice
        {"charged": 3, "client_request_id": "c1"}, {"charged": 3, "client_request_id": "c1", "at": _AGAIN},
        {"provider": None, "charged": 3, "client_request_id": "c2"},
        {"provider": None, "charged": 3, "client_request_id": "c2", "at": _AGAIN},
        # usage that nobody can price
        {"sku": "beta/route", "usage": Usage(input=3, cache_read=7, cache_write_unsplit=5)},
        {"usage": Usage(input=5, unknown_fields=("a b", "c"))},
        # times before the epoch and the calendar, and at the very end of the month
        {"at": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)}, {"at": datetime(1582, 10, 10, tzinfo=UTC)},
        {"at": _AGES_AGO}, {"at": datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC)},
    ]  # fmt: skip
    return [_one(line, **each) for line, each in enumerate(told, 1)]
