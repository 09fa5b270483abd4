"""The audit: every charge in the ledger beside what the card in force says."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from typing import Any

from billing.audit import VERDICTS, Audit, AuditedRequest, DayLine, Gap, SkuLine, UnitTotals
from billing.audit_days import finding_days, sku_days, sums
from billing.cube import Cell, amount, cube, rows_by, variance_in_dollars
from billing.diagnosis import diagnose
from billing.engine import Engine
from billing.errors import UnknownRequestError
from billing.findings import find
from billing.ledger import dicts
from billing.queries import chain
from billing.rating import EVERYTHING, Rating, Selection, held_months, lay_rates
from pricing.amounts import from_pico, to_pico
from pricing.catalog import Catalog, RatePeriod
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, Usage

#: A failed request used no tokens; every other is to be priced.
_NOT_USED = frozenset({"failed", "charged_failure"})
_ERROR = ("error_status", "error_code", "error_type")
_GAPS = frozenset({"unpriced", "unreported", "incomplete"})


def audit(
    ledger: Engine, catalog: Catalog, selection: Selection = EVERYTHING, tolerance: Decimal = Decimal(0)
) -> Audit:
    """Audit the selected requests. `tolerance` is in the unit of each charge and holds for each request."""
    return audit_rated(lay_rates(ledger, catalog, selection), tolerance)


def audit_rated(rating: Rating, tolerance: Decimal = Decimal(0)) -> Audit:
    """Audit requests that lie beside their rates already."""
    return audit_cells(rating, cube(rating, tolerance), tolerance)


def audit_cells(rating: Rating, cells: Sequence[Cell], tolerance: Decimal = Decimal(0)) -> Audit:
    """Audit requests that are summed already; `tolerance` is the one that they were summed with."""
    ledger, catalog = rating.ledger, rating.catalog
    times = [at for cell in cells for at in (cell.first_at, cell.last_at) if at is not None]
    dated = [cell for cell in cells if cell.day is not None and cell.unit is not None and cell.variance is not None]
    return Audit(
        catalog_version=catalog.version,
        catalog_digest=catalog.digest,
        input_digest=input_digest(ledger),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        untimed=sum(cell.requests for cell in cells if cell.day is None),
        tolerance=tolerance,
        totals=rows_by(
            [cell for cell in cells if cell.unit], lambda cell: (cell.unit,), partial(_unit_totals, rating=rating)
        ),
        verdicts=_verdicts(cells),
        skus=rows_by(cells, lambda cell: (cell.provider, cell.sku, cell.unit), _sku_line),
        days=rows_by(dated, lambda cell: (cell.day, cell.unit, cell.provider, cell.sku), _day_line),
        sku_days=sku_days(cells),
        findings=find(rating, cells, diagnose(rating, tolerance)),
        finding_days=finding_days(rating),
        gaps=rows_by(
            [cell for cell in cells if cell.verdict in _GAPS],
            lambda cell: (_why(cell), cell.provider, cell.sku, cell.unit),
            _gap,
        ),
        conflicts=_conflicts(rating),
        rejects=_count(ledger, "rejects"),
        held=() if cells else held_months(ledger, rating.selection.provider),
    )


def input_digest(ledger: Engine) -> str:
    """Return the digest over the digests of all files in the ledger, sorted."""
    files = ledger.rows("SELECT DISTINCT digest FROM files ORDER BY digest")
    return hashlib.sha256("\n".join(digest for (digest,) in files).encode()).hexdigest()


def requests(
    rating: Rating, tolerance: Decimal = Decimal(0), *, most: int, with_matched: bool = False
) -> tuple[tuple[AuditedRequest, RatePeriod | None], ...]:
    """Return the requests to look at first and the rates each was rated by: at most `most` of each SKU and verdict."""
    relations = "audited", "attributed", "drill_down"
    table = rating.query(*relations, tolerance=to_pico(tolerance), most=most, with_matched=with_matched)
    return tuple((_request(row), _period(rating, row["card_id"])) for row in dicts(table))


def write_requests(rating: Rating, folder: str, tolerance: Decimal = Decimal(0)) -> None:
    """Write every audited request as Parquet into a new folder, in no order: the rows of sql/exported.sql."""
    query, values = rating.asked("audited", "attributed", "exported", tolerance=to_pico(tolerance))
    rating.ledger.write(query, folder, values)


def find_request(
    ledger: Engine, catalog: Catalog, request_id: str
) -> tuple[tuple[AuditedRequest, RatePeriod | None], ...]:
    """Return the request of that id (the vendor's or the client's) at each provider. Raise UnknownRequestError."""
    rating = lay_rates(ledger, catalog, Selection(request_id=request_id))
    found = requests(rating, most=1_000, with_matched=True)
    if not found:
        raise UnknownRequestError(f"no request {request_id!r} in {ledger.path}; the ids are those of your logs")
    return found


def usage_of(request: AuditedRequest) -> Usage:
    """Return the request's usage the way the calculator takes it."""
    return Usage(
        **request.tokens,
        web_searches=request.web_searches,
        service_tier=request.service_tier,
        unknown_fields=request.unknown_fields,
    )


def _request(row: Mapping[str, Any]) -> AuditedRequest:
    plain = ("request_id", "provider", "sku", "status", "service_tier", "verdict", "reason", "project", "path",
             "line", "web_searches")  # fmt: skip
    return AuditedRequest(
        **{name: row[name] for name in plain},
        at=row["used_at"],
        tokens={name: row[name] for name in (*(kind.value for kind in TOKEN_KINDS), UNSPLIT_CACHE_WRITE)},
        unknown_fields=tuple(row["unknown_fields"].split(",")) if row["unknown_fields"] else (),
        charged=_amount(row["charged"]),
        exact=_amount(row["exact"]),
        expected=_amount(row["owed"]),
        variance=_amount(row["variance"]),
        unit=row["counted_in"],
        finding=row["finding"],
        cause=row["cause"],
        is_repeat=row["is_repeat"],
        error=" ".join(str(row[name]) for name in _ERROR if row[name] is not None) or None,
        refunded=from_pico(row["refunded"]),
    )


def _amount(pico: int | Decimal | None) -> Decimal | None:
    return None if pico is None else from_pico(int(pico))


def _period(rating: Rating, card_id: object) -> RatePeriod | None:
    return rating.periods[card_id] if isinstance(card_id, int) else None


def _verdicts(cells: Sequence[Cell]) -> dict[str, int]:
    counts = Counter[str]()
    for cell in cells:
        counts[cell.verdict] += cell.requests
    return {name: counts[name] for name in VERDICTS}


def _unit_totals(cells: Sequence[Cell], rating: Rating) -> UnitTotals:
    used = [cell for cell in cells if cell.verdict not in _NOT_USED]
    all_used = sum(cell.requests for cell in used)
    priced = sum(cell.requests for cell in used if cell.expected is not None)
    share = Decimal(priced * 10_000 // all_used).scaleb(-4) if all_used else Decimal(1)
    unit = str(cells[0].unit)
    return UnitTotals(
        **asdict(sums(cells)),
        unit=unit,
        usd=variance_in_dollars(cells),
        priced_share=share,
        refunds_unclaimed=amount(
            each.amount for each in rating.unclaimed if each.unit == unit and rating.selection.holds(each.used_at)
        ),
    )


def _sku_line(cells: Sequence[Cell]) -> SkuLine:
    first = cells[0]
    return SkuLine(
        **asdict(sums(cells)), provider=first.provider, sku=first.sku, unit=first.unit, verdicts=_verdicts(cells)
    )


def _day_line(cells: Sequence[Cell]) -> DayLine:
    first, total = cells[0], sums(cells)
    assert first.day is not None and first.unit is not None  # noqa: S101, PT018 - `audit` chose dated cells with a unit
    return DayLine(
        first.day, first.unit, first.provider or "", first.sku, total.checked, total.charged, total.expected,
        total.variance,
    )  # fmt: skip


def _why(cell: Cell) -> str:
    return cell.reason or cell.verdict


def _gap(cells: Sequence[Cell]) -> Gap:
    first = cells[0]
    charged = [cell.charged for cell in cells if cell.charged is not None]
    return Gap(
        reason=_why(first),
        provider=first.provider,
        sku=first.sku,
        requests=sum(cell.requests for cell in cells),
        tokens=sum(cell.tokens for cell in cells),
        charged=amount(charged) if charged else None,
        unit=first.unit,
    )


def _conflicts(rating: Rating) -> int:
    """Count the selected requests among the conflicts."""
    query = chain("selected", taking={"usage_records": "conflicts"})
    ((count,),) = rating.ledger.rows(f"SELECT COUNT(*) FROM ({query})", rating.selection.parameters())  # noqa: S608 - ours
    return int(count)


def _count(ledger: Engine, table: str) -> int:
    ((count,),) = ledger.rows(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 - one of our own tables
    return int(count)
