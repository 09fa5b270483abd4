"""Findings: classes of variance, each with its rows, amount and one plain sentence."""

from collections.abc import Callable, Sequence
from datetime import datetime

from billing.audit import Finding
from billing.cube import Cell, amount, rows_by, variance_in_dollars
from pricing.amounts import digits

_RULES = {
    "overcharged": "unexplained",
    "undercharged": "unexplained",
    "charged_failure": "charge.on_failure",
}


def find(cells: Sequence[Cell]) -> tuple[Finding, ...]:
    """Group the variance beyond tolerance by verdict, provider, SKU and unit; the largest in dollars comes first."""
    chosen = [cell for cell in cells if cell.verdict in _RULES]
    found = rows_by(chosen, lambda cell: (cell.verdict, cell.provider, cell.sku, cell.unit), lambda group: group)
    ordered = sorted(found, key=_weight)
    return tuple(_finding(f"F-{number:03}", group) for number, group in enumerate(ordered, start=1))


def _weight(cells: Sequence[Cell]) -> tuple[bool, object]:
    dollars = variance_in_dollars(cells)
    return (dollars is None, -abs(dollars if dollars is not None else amount(cell.variance for cell in cells)))


def _finding(number: str, cells: Sequence[Cell]) -> Finding:
    first, count = cells[0], sum(cell.requests for cell in cells)
    rule = _RULES[first.verdict]
    charged, expected, variance = (amount(values) for values in zip(
        *((cell.charged, cell.expected, cell.variance) for cell in cells), strict=True,
    ))  # fmt: skip
    return Finding(
        id=number,
        rule=rule,
        verdict=first.verdict,
        provider=first.provider,
        sku=first.sku,
        requests=count,
        charged=charged,
        expected=expected,
        variance=variance,
        unit=str(first.unit),
        usd=variance_in_dollars(cells),
        cause=rule,
        evidence="exact",
        first_at=_edge(min, [cell.first_at for cell in cells]),
        last_at=_edge(max, [cell.last_at for cell in cells]),
        sentence=_sentence(first.verdict, count, digits(abs(variance)) or "", str(first.unit)),
    )


def _sentence(verdict: str, requests: int, amount_text: str, unit: str) -> str:
    count = "1 request" if requests == 1 else f"{requests:,} requests"
    money = f"{amount_text} {unit}" if unit == "USD" else f"{amount_text} {unit}s"
    match verdict:
        case "charged_failure":
            return f"{count} failed and {'was' if requests == 1 else 'were'} charged all the same: {money} to get back."
        case "overcharged":
            return f"{count} {'was' if requests == 1 else 'were'} charged {money} more than the rate card says."
        case _:
            return f"{count} {'was' if requests == 1 else 'were'} charged {money} less than the rate card says."


def _edge(choose: Callable[[list[datetime]], datetime], times: Sequence[datetime | None]) -> datetime | None:
    known = [at for at in times if at is not None]
    return choose(known) if known else None
