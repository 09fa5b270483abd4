"""Three invoices over the simulated traffic, what came in late for a closed month, and what a match has to find.

`python -m data.bills` writes data/invoices again. Like the month itself this is an oracle: it knows what the vendor did
and shares no arithmetic with what is tested against it. Money is whole pico-units.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

from data.month import (
    CENT,
    DIRECT_HAIKU,
    OK,
    OPUS,
    SONNET,
    STREAM_LOG,
    WORKS,
    Call,
    Route,
    Simulated,
    Vendor,
    Work,
    cost,
    simulate,
)
from data.simulate import digits
from data.traffic import agent, completion
from data.wire import log_line

OUT: Final = Path(__file__).parent / "invoices"
PROVIDER: Final = "aivideoapi"
HEADER: Final = "invoice_id,line,period_start,period_end,provider,sku,kind,quantity,unit,amount,currency"
WEEK: Final = "2026-10-01", "2026-10-08"
OCTOBER: Final = "2026-10-01", "2026-11-01"
NOVEMBER: Final = "2026-11-01", "2026-12-01"
BOUGHT: Final = 20_000 * 100 * CENT
GIVEN: Final = 1_000 * 100 * CENT
#: Requests that the vendor bills a second time: the first so many for OPUS from that day on.
BILLED_TWICE: Final = 5
BILLED_TWICE_FROM: Final = "2026-10-20"
#: What came in late for October: requests that another machine's log held.
LATE: Final = (OPUS, OPUS, OPUS, SONNET)

Decomposition = Mapping[str, int]


class Asked(NamedTuple):
    """A line as the vendor writes it and what is true of it; None is unknown, and no line of the invoice."""

    kind: str
    sku: str | None
    invoiced: int | None
    metered: int | None = None
    expected: int | None = None
    verdict: str = "matched"
    parts: Decomposition = MappingProxyType({})
    quantity: str = ""
    unit: str = ""
    period: tuple[str, str] | None = None
    """Of another time than the invoice."""


@dataclass
class Told:
    """What the client's log tells of a SKU, summed up. Amounts are pico-units."""

    requests: int = 0
    tokens: int = 0
    charged: int | None = None
    due: int = 0
    """What the card says, where it says anything."""
    is_priced: bool = False
    unreported: int = 0
    unpriced: int = 0
    cut_streams: int = 0
    """What the vendor takes for streams that the client saw only a part of."""
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, request: Simulated) -> None:
        """Count one request."""
        if request.charged is not None:
            self.charged = (self.charged or 0) + request.charged
        if request.verdict not in {"failed", "charged_failure"}:
            self.requests += 1
        self.tokens += sum(request.tokens)
        if request.verdict == "unreported":
            self.unreported += request.expected or 0
        if request.verdict == "incomplete":
            exact = cost(request.call.tokens, request.call.work.route.rates) or 0
            self.cut_streams += exact - exact % CENT
        if request.verdict == "unpriced":
            self.unpriced += request.charged or 0
        if request.expected is not None:
            self.due += request.expected
            self.is_priced = True
        if request.cause:
            self.faults[request.cause] += (request.charged or 0) - (request.expected or 0)

    @property
    def claimed(self) -> int:
        """What the vendor takes for all that the client's log tells."""
        return (self.charged or 0) + self.unreported


def told_by_sku(requests: Iterable[Simulated]) -> dict[str, Told]:
    """Sum up the requests of the credit vendor."""
    found: dict[str, Told] = {}
    for request in requests:
        route = request.call.work.route
        if route.provider == PROVIDER:
            found.setdefault(route.sku, Told()).add(request)
    return dict(sorted(found.items()))


def usage_line(sku: str, told: Told, *, beyond: Decomposition = MappingProxyType({}), counted: int = 0) -> Asked:
    """Bill a SKU: what was taken, rounded half up to 0.01 credit, and on top of that what is billed wrongly.

    `counted` requests are billed that the log does not hold.
    """
    taken = told.claimed + told.cut_streams
    rounded = (taken + CENT // 2) // CENT * CENT
    parts = dict(told.faults) | {"unpriced": told.unpriced, "unmetered": told.cut_streams, "rounding": rounded - taken}
    parts = {cause: amount for cause, amount in (parts | dict(beyond)).items() if amount}
    is_right = not told.faults.total() and not sum(beyond.values())
    quantity = (str(told.requests + counted), "requests") if sku != SONNET.sku else ("", "")
    return Asked(
        "usage", sku, rounded + sum(beyond.values()), told.charged, told.due if told.is_priced else None,
        "matched" if is_right else "overcharged", parts, *quantity,
    )  # fmt: skip


def week(requests: Iterable[Simulated]) -> list[Asked]:
    """Bill the first week, in which nothing is charged wrongly."""
    told = told_by_sku(request for request in requests if request.call.at < WEEK[1])
    lines = [usage_line(sku, each) for sku, each in told.items()]
    return [
        *lines,
        Asked("top_up", None, BOUGHT, BOUGHT, parts={"top_up": BOUGHT}, quantity="20000", unit="credits"),
        Asked("bonus", None, GIVEN, GIVEN, parts={"bonus": GIVEN}, quantity="1000", unit="credits"),
    ]


def october(requests: Iterable[Simulated]) -> list[Asked]:
    """Bill October with the faults of its charges, and with faults that only the invoice has."""
    requests = list(requests)
    told = told_by_sku(requests)
    again = [
        request.charged or 0
        for request in requests
        if request.call.work.route is OPUS and request.call.status == OK and request.call.at >= BILLED_TWICE_FROM
    ][:BILLED_TWICE]
    dearer = (told[DIRECT_HAIKU.sku].claimed * 3 // 100) // CENT * CENT
    lines = []
    for sku, each in told.items():
        if sku == OPUS.sku:
            lines.append(usage_line(sku, each, beyond={"not_in_log": sum(again)}, counted=BILLED_TWICE))
        elif sku == DIRECT_HAIKU.sku:
            lines.append(usage_line(sku, each, beyond={"unexplained": dearer}))
        else:
            lines.append(usage_line(sku, each))
    back, short = -325 * CENT, GIVEN * 9 // 10
    return [
        *lines,
        Asked("refund", SONNET.sku, back, None, verdict="not_in_log", parts={"refund.not_in_log": back}),
        Asked("top_up", None, BOUGHT, BOUGHT, parts={"top_up": BOUGHT}, quantity="20000", unit="credits"),
        Asked(
            "bonus", None, short, GIVEN, verdict="undercharged", parts={"bonus": GIVEN, "unexplained": short - GIVEN},
            quantity="900", unit="credits",
        ),
        Asked("fee", None, 12 * 100 * CENT, verdict="carried"),
    ]  # fmt: skip


def november(requests: Iterable[Simulated], late: Iterable[Simulated], given_back: Mapping[str, int]) -> list[Asked]:
    """Bill November, and put right what is known by then of October."""
    lines = [usage_line(sku, told) for sku, told in told_by_sku(requests).items()]
    opus, sonnet = (told_by_sku(late)[route.sku] for route in (OPUS, SONNET))
    back = sum(given_back.values())
    return [
        *lines,
        Asked("refund", None, back, back, parts={"refund": back}, period=OCTOBER),
        Asked("adjustment", OPUS.sku, opus.claimed, opus.charged, opus.due, period=OCTOBER),
        Asked("tax", None, 7 * 100 * CENT, verdict="carried"),
        Asked("correction", SONNET.sku, None, sonnet.charged, sonnet.due, "correction", period=OCTOBER),
    ]


def more_calls(days: Iterable[tuple[str, Route]], name: str) -> list[Simulated]:
    """Make requests at these times, rightly charged."""
    draw = Random(name).getrandbits  # noqa: S311 - it has to be repeatable, and guards nothing
    vendor = Vendor(frozenset())
    works = {route: _work(route) for route in (OPUS, SONNET)}
    return [
        vendor.answer(Call(f"sim{name}_{number:03d}", at, works[route], size(draw), OK, ""))
        for number, (at, route) in enumerate(days, start=1)
        for size in [agent if number % 3 == 0 else completion]
    ]


def write_all(out: Path = OUT) -> None:
    """Write the invoices, the logs that came later, and beside each what has to be found."""
    out.mkdir(parents=True, exist_ok=True)
    month = list(simulate())
    in_november = more_calls(
        ((f"2026-11-{day:02d}T{9 + day % 8:02d}:15:00.000Z", (OPUS, SONNET)[day % 2]) for day in range(2, 30)), "nov"
    )
    late = more_calls(((f"2026-10-30T1{hour}:40:00.000Z", route) for hour, route in enumerate(LATE)), "late")
    refunds = [request for request in month if request.verdict == "charged_failure"]
    given_back = Counter[str]()
    for request in refunds:
        given_back[request.call.work.route.sku] -= request.charged or 0
    _write_lines(out / "november.jsonl", map(log_line, in_november))
    _write_lines(out / "late.jsonl", map(log_line, late))
    _write_refunds(out / "refunds.csv", refunds)
    _write_invoice(out, "clean", "INV-2026-10-W1", WEEK, week(month))
    _write_invoice(out, "faulty", "INV-2026-10", OCTOBER, october(month))
    _write_invoice(out, "late", "INV-2026-11", NOVEMBER, november(in_november, late, given_back))
    _write_json(out / "restated.json", _restated(month, late, given_back))


def _work(route: Route) -> Work:
    return next(work for work in WORKS if work.route is route and work.file != STREAM_LOG)


def _restated(month: Iterable[Simulated], late: Iterable[Simulated], given_back: Mapping[str, int]) -> object:
    """Return October as it was closed, what came late, and what is known now."""
    then, since = told_by_sku(month), told_by_sku(late)

    def told(sums: Mapping[str, Told]) -> dict[str, int]:
        return {
            "charged": sum(each.charged or 0 for each in sums.values()),
            "expected": sum(each.due for each in sums.values()),
            "variance": sum(each.faults.total() for each in sums.values()),
            "refunded": 0,
        }

    back = {"refunded": sum(given_back.values())}
    return {
        name: {
            "closed": digits(closed), "late_usage": digits(told(since)[name]), "refunds": digits(back.get(name, 0)),
            "now": digits(closed + told(since)[name] + back.get(name, 0)),
        }
        for name, closed in told(then).items()
    }  # fmt: skip


def _write_invoice(out: Path, name: str, number: str, period: tuple[str, str], asked: list[Asked]) -> None:
    """Write an invoice as CSV and what has to be found as JSON."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    lines = [(index if line.kind != "correction" else None, line) for index, line in enumerate(asked, start=1)]
    for index, line in lines:
        if index is not None and line.invoiced is not None:
            start, end = line.period or period
            writer.writerow((
                number, index, start, end, PROVIDER, line.sku or "", line.kind, line.quantity, line.unit,
                digits(line.invoiced), "credits",
            ))  # fmt: skip
    (out / f"{name}.csv").write_text(file.getvalue(), encoding="utf-8", newline="\n")
    _write_json(out / f"{name}.json", {
        "lines": [_expected(line, index) for index, line in lines], "total": _total([line for _, line in lines]),
    })  # fmt: skip


def _expected(line: Asked, number: int | None) -> dict[str, object]:
    variance = None if line.invoiced is None or line.expected is None else line.invoiced - line.expected
    amounts = {"invoiced": line.invoiced, "metered": line.metered, "expected": line.expected, "variance": variance}
    return {
        "line": number, "kind": line.kind, "sku": line.sku,
        **{name: None if amount is None else digits(amount) for name, amount in amounts.items()},
        "verdict": line.verdict,
        "decomposition": {cause: digits(amount) for cause, amount in sorted(line.parts.items())},
    }  # fmt: skip


def _total(lines: list[Asked]) -> dict[str, object]:
    """Return the sum over usage, refunds and adjustments."""
    counted = [line for line in lines if line.kind in ("usage", "refund", "adjustment")]
    parts = Counter[str]()
    for line in counted:
        parts.update(line.parts)
    invoiced, expected = (sum(getattr(line, name) or 0 for line in counted) for name in ("invoiced", "expected"))
    assert invoiced - expected == sum(parts.values())  # noqa: S101 - or this oracle is wrong
    return {
        "invoiced": digits(invoiced), "expected": digits(expected), "variance": digits(invoiced - expected),
        "decomposition": {cause: digits(amount) for cause, amount in sorted(parts.items()) if amount},
    }  # fmt: skip


def _write_refunds(path: Path, refunds: Iterable[Simulated]) -> None:
    rows = ["id,at,model,refunded,of_request,what"]
    rows += [
        f"rf_{request.call.id},2026-10-31T12:00:00Z,{request.call.work.route.sku},{digits(request.charged or 0)},"
        f"{request.request_id},refund"
        for request in refunds
    ]
    _write_lines(path, rows)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_all()
