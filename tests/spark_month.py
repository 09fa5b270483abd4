"""The month of `spark_values` in files, imported and exported once for all tests that ask an engine about it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from billing.canonical import write_canonical
from billing.importing.importer import import_paths
from billing.importing.loads import Counts
from billing.ledger import open_ledger
from tests.spark_logs import options, write_card, write_logs
from tests.spark_values import Request, requests


@dataclass(frozen=True, slots=True)
class Month:
    """Where the month lies, and what is in it."""

    requests: list[Request]
    counts: Counts
    """What an import has to say of the logs, by the generator."""
    logs: Path
    card: Path
    ledger: Path
    """The logs as one machine imported them."""
    usage: Path
    """That ledger as canonical Parquet."""


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """Write the logs of the month, import them on this machine, and export the ledger."""
    folder = tmp_path_factory.mktemp("month")
    found = requests()
    counts = write_logs(folder / "logs", found)
    told = Month(found, counts, folder / "logs", write_card(folder), folder / "ledger.duckdb", folder / "usage")
    how = options(folder)
    with open_ledger(told.ledger, logs=list(told.logs.iterdir())) as ledger:
        result = import_paths(ledger, [told.logs], how.reading, how.loaded_at)
        write_canonical(ledger, told.usage)
    assert result.total == counts
    return told
