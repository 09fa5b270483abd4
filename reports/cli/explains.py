"""`explain`: the arithmetic of one request in the ledger, and what would explain its charge."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from billing.audit import AuditedRequest
from billing.auditor import find_request, usage_of
from billing.diagnosis import REPEATED
from billing.failures import failure
from billing.hypotheses import explanations
from billing.ledger import open_ledger
from billing.rating import held_providers
from pricing.calculator import Charge, rate
from pricing.calculator import price as price_of
from pricing.catalog import Catalog, RatePeriod
from reports.cli.options import Name, catalog_of, everywhere, known_option
from reports.cli.output import Result, Table, write
from reports.cli.prices import charge_data, lines_table


@click.command()
@click.argument("request_id", type=Name())
@known_option
@everywhere
def explain(
    *,
    request_id: str,
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Show the arithmetic of one request in the ledger, by the vendor's id or your own."""
    with open_ledger(ledger, read_only=True) as book:
        catalog = catalog_of(rate_cards, known_at, held_providers(book))
        found = find_request(book, catalog, request_id)
    explained = [_explain(catalog, request, period) for request, period in found]
    first, *others = [each.data() for each in explained]
    tables = [table for each in explained for table in (lines_table(each.charge), _request_table(each.request))]
    summary = "\n".join(each.sentence() for each in explained)
    write(Result(first | ({"others": others} if others else {}), tables, summary), output_format)
    return 0


@dataclass(frozen=True, slots=True)
class _Explained:
    """A request, what its card says of it, and what else would give its charge."""

    request: AuditedRequest
    charge: Charge
    causes: tuple[tuple[str, str], ...]
    """Each mistake that gives its charge: the rule, and what it is in words."""

    def data(self) -> dict[str, object]:
        """Return it the way JSON carries it: `charged` is what the vendor took."""
        own = _request_data(self.request) | {
            "hypotheses": [{"rule": rule, "detail": detail} for rule, detail in self.causes]
        }
        rated = charge_data(self.charge)
        # What the card says of other units, of a cut stream or of a failure is no amount of this request.
        if self.request.exact is None:
            rated |= dict.fromkeys(("exact", "usd", "usd_charged"))
        if self.request.unit != self.charge.unit:
            rated |= dict.fromkeys(("lower", "upper"))
        return rated | own

    def sentence(self) -> str:
        """Return verdict and possible causes in words."""
        request = self.request
        causes = "; ".join(f"{rule} ({detail})" for rule, detail in self.causes)
        is_owed = not request.is_repeat and request.verdict != "charged_failure"
        given = "The charge would be right for" if is_owed else "Nothing is owed"
        why = f" {given}: {causes}." if causes else ""
        return f"{request.request_id} ({request.provider} {request.sku}): {request.verdict}.{why}"


def _explain(catalog: Catalog, request: AuditedRequest, period: RatePeriod | None) -> _Explained:
    usage = usage_of(request)
    causes = tuple(_causes(catalog, request, period))
    if period is None:
        charge = price_of(catalog, request.provider or "", request.sku, usage, request.at)
        return _Explained(request, charge, causes)
    return _Explained(request, rate(usage, period), causes)


def _causes(catalog: Catalog, request: AuditedRequest, period: RatePeriod | None) -> Iterator[tuple[str, str]]:
    """Yield what would explain the charge: that nothing was owed, or a mistake with the card."""
    if request.is_repeat:
        yield REPEATED.rule, REPEATED.words
    elif request.verdict == "charged_failure":
        yield failure(catalog, request.provider, request.error or "")
    elif period is not None and request.status != "failed":
        for each in explanations(catalog, request.charged, usage_of(request), period):
            yield each.rule, each.detail


def _request_data(request: AuditedRequest) -> dict[str, object]:
    """Return a request of the ledger the way JSON carries it."""
    return {
        "request_id": request.request_id,
        "provider": request.provider,
        "sku": request.sku,
        "at": request.at,
        "status": request.status,
        "unit": request.unit,
        "charged": request.charged,
        "refunded": request.refunded,
        "expected": request.expected,
        "variance": request.variance,
        "verdict": request.verdict,
        "reason": request.reason,
        "project": request.project,
        "path": request.path,
        "line": request.line,
    }


def _request_table(request: AuditedRequest) -> Table:
    return Table(
        f"Request {request.request_id}",
        ("charged", "expected", "variance", "unit", "verdict", "at", "file", "line"),
        [
            (
                request.charged,
                request.expected,
                request.variance,
                request.unit,
                request.verdict,
                request.at,
                request.path,
                request.line,
            )
        ],
    )
