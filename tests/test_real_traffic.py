"""Real traffic, the whole way: what vendors charged against what their cards say."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing.auditor import audit
from billing.importing.importer import import_paths
from billing.ledger import Ledger
from billing.rating import held_providers
from billing.records import Reading
from pricing.catalog import load_catalog
from tests.ledgers import OCTOBER, a_ledger


def totals(ledger: Ledger) -> object:
    found = audit(ledger, load_catalog(providers=held_providers(ledger)))
    return found.totals, found.verdicts, found.skus, found.days


def test_openrouter_charges_match_to_the_last_digit(shared: Path) -> None:
    with a_ledger() as ledger:
        result = import_paths(ledger, [shared / "realdata" / "openrouter"], Reading(), OCTOBER)
        assert (result.total.records, result.total.imported) == (20_163, 20_163)
        ((charged,),) = ledger.rows("SELECT COUNT(charged) FROM usage_records")
        assert charged == 19_584
        found = audit(ledger, load_catalog(providers=held_providers(ledger)))
        assert {name: count for name, count in found.verdicts.items() if count} == {
            "matched": 19_584,
            "unreported": 579,
        }
        (usd,) = found.totals
        assert (usd.variance, usd.charged) == (Decimal(0), usd.expected)
        once = totals(ledger)
        again = import_paths(ledger, [shared / "realdata" / "openrouter"], Reading(), OCTOBER)
        assert again.total.duplicate == 20_163
        assert totals(ledger) == once


def test_coding_sessions_are_requests_and_not_lines(shared: Path) -> None:
    folders = [shared / "realdata" / "claude_code" / f"project-{number:02}" for number in range(1, 9)]
    with a_ledger() as ledger:
        result = import_paths(ledger, folders, Reading(), OCTOBER)
        assert (result.total.records, result.total.imported, result.total.rejected) == (1_634, 878, 0)
        once = totals(ledger)
        again = import_paths(ledger, folders, Reading(), OCTOBER)
        assert again.total.imported == 0
        assert totals(ledger) == once
        # Keeping the first line of a request instead of the last would lose more than half of the output.
        ((output,),) = ledger.rows("SELECT SUM(output) FROM usage_records")
        assert output > 0


@pytest.mark.parametrize("folder", ["llm_anthropic", "vercel_ai"])
def test_every_recorded_stream_is_a_record_or_has_a_reason(shared: Path, folder: str) -> None:
    with a_ledger() as ledger:
        result = import_paths(ledger, [shared / "realdata" / "sse" / folder], Reading(), OCTOBER)
    for file in result.files:
        assert file.counts.records or file.message, file.path
        assert not file.counts.rejected, file.path
    refused = {file.path.name for file in result.files if file.status == "refused"}
    assert refused <= {"anthropic-skill-create.json", "anthropic-skill-version-create.json"}
