"""Audits to export, with names that try to be more than names in every place that a log can put one."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from billing.rating import EVERYTHING, Selection
from billing.records import Status, UsageRecord
from pricing.usage import Usage
from reports.exports.audited import Audited
from tests.audit_values import HOSTILE, a_month
from tests.ledgers import OCTOBER, put

#: What a request may be called; none is anything but text.
NAMES = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("https://evil.example")', "a,b\"c'd", "two\nlines",
    "\x1b[31mred\x1b[0m", "<r><t>rich</t></r>", "<r>broken</r>", "_x0041_", "]]>&lt;", "\u202eabc", "界" * 300,
    "|a|b|", "[x](javascript:alert(1))", "`${7*7}`", "https://evil.example/x", "007", "1e5", "#REF!", "a  b ",
)  # fmt: skip
#: What is the buyer's own business.
PRIVATE = ("secret-project", "key_of_mine", "secret-tag", "secret-folder")
PATH = "/home/secret-folder/logs/named.jsonl"


@contextmanager
def an_audit(*, hostile: bool = False, provider: str | None = "vendor", tolerance: str = "0") -> Iterator[Audited]:
    """Audit a small October; a hostile one has requests of all those names, charged too much."""
    with a_month(hostile=hostile) as (ledger, catalog):
        if hostile:
            put(ledger, [_named(line, name) for line, name in enumerate(NAMES, start=1)], PATH)
            put(ledger, [*_twice_and_back()], "refunds.jsonl")
        ledger.change("UPDATE files SET digest = sha256(path)")
        selection = EVERYTHING if provider is None else Selection(provider=provider)
        yield Audited.of(ledger, catalog, selection, Decimal(tolerance))


def _named(line: int, name: str) -> UsageRecord:
    usage = Usage(input=100 * line, output=7)
    return UsageRecord(
        line, "vendor", HOSTILE[0], name, client_request_id=f"c {name}", at=OCTOBER, usage=usage, charged=Decimal(10),
        unit="credit", project=f"{PRIVATE[0]} {name}", api_key_id=PRIVATE[1], tags=((PRIVATE[2], name),),
    )  # fmt: skip


def _twice_and_back() -> Iterator[UsageRecord]:
    """Yield a call that is charged twice, half of the second charge being given back."""
    usage = Usage(input=10_000, output=100)
    for line, name in enumerate(("first", "second"), start=1):
        yield UsageRecord(
            line, "vendor", HOSTILE[0], name, client_request_id="call", at=OCTOBER, usage=usage,
            charged=Decimal("3.15"), unit="credit",
        )  # fmt: skip
    yield UsageRecord(
        3, "vendor", HOSTILE[0], "back", at=OCTOBER, status=Status.REFUND, charged=Decimal("-1.5"), unit="credit",
        tags=(("of_request", "second"),),
    )  # fmt: skip


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def as_told(cell: str) -> str:
    """Return the text behind a cell of CSV that was made harmless."""
    return cell[1:] if cell[:2] in {f"'{start}" for start in "=+-@\t\r\n"} else cell


def texts(folder: Path) -> Mapping[str, str]:
    """Return the text of every file of a folder; of a workbook that of all its parts."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                found |= {f"{path.name}:{name}": parts.read(name).decode() for name in parts.namelist()}
        elif path.is_file():
            found[path.name] = path.read_bytes().decode()
    return found
