"""What the traffic of a model cost: what is not known of it is counted, and what was given back was not spent."""

from decimal import Decimal

from billing.cube import cube
from billing.rating import lay_rates
from billing.records import Status, UsageRecord
from billing.traffic import traffic
from pricing.rates import PerMtok
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_catalog, a_ledger, block, put


def test_one_charge_does_not_tell_what_other_requests_cost() -> None:
    usage = Usage(input=1_000_000)
    charged = UsageRecord(0, "vendor", "model", "r0", at=OCTOBER, usage=usage, charged=Decimal(300), unit="credit")
    told = [UsageRecord(number, "vendor", "model", f"r{number}", at=OCTOBER, usage=usage) for number in range(1, 10)]
    given_back = UsageRecord(
        10, "vendor", "model", "back", at=OCTOBER, charged=Decimal(-100), unit="credit", status=Status.REFUND,
        tags=(("of_request", "r0"),),
    )  # fmt: skip
    catalog = a_catalog(block(PerMtok()))
    with a_ledger() as ledger:
        put(ledger, [charged, *told, given_back])
        (found,) = traffic(cube(lay_rates(ledger, catalog), Decimal(0)), catalog)
    assert (found.requests, found.spent, found.unknown) == (10, Decimal(1), 9)
