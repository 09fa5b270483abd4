"""The letter of a dispute, as HTML and as Markdown: what is claimed, by what rule, and how to check it."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import islice
from pathlib import PurePath

from billing.audit import AuditedRequest, Finding
from pricing.amounts import digits, plain
from pricing.calculator import REQUEST, Charge
from pricing.excerpts import error_words
from pricing.rates import ErrorCode
from pricing.usage import STANDARD_TIER, TOKEN_KINDS
from reports import audit_tables, html, markdown, words
from reports.arithmetic import Arithmetic, arithmetic
from reports.exports.dispute import Dispute, Sums
from reports.figures import at_least, count, money, places_for, unit_name
from reports.tables import Cell, Column, Row, Table, amount, number, text

#: Sums of amounts up to 10^26 with 24 decimal places stay exact.
_DIGITS = 80

#: What the pack holds, in the order in which it is told.
FILES = {
    "letter.html": "this letter, to read and print",
    "letter.md": "this letter as Markdown, to paste into a ticket",
    "rows.csv": "every disputed request: ids, time, tokens, charge, expected charge, cause, and its line in our log",
    "rows.xlsx": "the same rows for a spreadsheet",
    "arithmetic.csv": "the arithmetic of the examples, a row per line of each sum",
    "rate_card.toml": "the rates that the requests were rated by, with their sources",
    "manifest.json": "totals, findings, and the SHA-256 of each log that the rows stand in, for programs",
    "SHA256SUMS": "the SHA-256 of every other file of this folder",
}

_CHARGED = {
    "refunded": "its credits are refunded",
    "not_charged": "it is not charged",
    "unstated": "nothing is said of its charge",
}

_ASKED = (
    "Of any request that you see otherwise, tell us by its id the tokens, rates and rounding that you applied.",
    "Put right what caused it, and tell us from which instant on it is right.",
)
_FAILED = "A request that ended in an error brought no answer, so nothing is due for it."
_CHECKS = (
    "By your own records: each row of rows.csv has the id that you gave the request, its tokens and its charge.",
    "By hand: of each kind tokens times rate, divided by 1,000,000; then the sum; then the rounding: that is expected.",
    "In total: to credit is charged less expected, less what was refunded; all rows add up to the totals above.",
)
_LEFT_OUT = (
    "There is no text of a prompt or an answer in it and no key, for these were never stored. Projects, key ids, tags "
    "and the folders of our logs are our own business and left out."
)


@dataclass(frozen=True, slots=True)
class Example:
    """One request with its arithmetic."""

    name: str
    about: str
    arithmetic: Arithmetic


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the letter, in the order in which its parts are told."""

    id: str
    title: str
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    is_numbered: bool = False
    table: Table | None = None
    totals: tuple[tuple[Cell, ...], ...] = ()
    """Rows below the table, of its columns from the fourth on."""
    notes: tuple[tuple[str, str], ...] = ()
    """Below the table: what each is about, and the sentence."""
    commands: tuple[tuple[str, str], ...] = ()
    """What each is for, and the line to type."""
    examples: tuple[Example, ...] = ()


def letter_html(dispute: Dispute, files: Sequence[str], sender: str = "") -> str:
    """Return the letter as one HTML file that loads nothing and runs no script. `files` are those of its folder."""
    with localcontext(prec=_DIGITS):
        return html.render("letter.html.j2", _view(dispute, files, sender))


def letter_markdown(dispute: Dispute, files: Sequence[str], sender: str = "") -> str:
    """Return the letter as Markdown, with the same words and figures."""
    with localcontext(prec=_DIGITS):
        return markdown.render("letter.md.j2", _view(dispute, files, sender))


def _view(dispute: Dispute, files: Sequence[str], sender: str) -> dict[str, object]:
    audit, claim = dispute.audit, " and ".join(_money(each.to_credit, each) for each in dispute.due)
    dollars = " and ".join(_dollars(each) for each in dispute.due if each.unit != "USD")
    first = min((each.first_at for each, _ in dispute.findings if each.first_at), default=None)
    last = max((each.last_at for each, _ in dispute.findings if each.last_at), default=None)
    requests = count(sum(each.requests for each in dispute.due), "request")
    known_as = "" if dispute.vendor == dispute.provider else f" ({dispute.provider})"
    return {
        "title": dispute.title,
        "address": [
            ("To", f"{dispute.vendor}{known_as}"),
            *([("From", sender)] if sender else []),
            ("About", f"{requests}, from {words.minute(first)} to {words.minute(last)}"),
        ],
        "claim": f"{claim} ({dollars})" if dollars else claim,
        "why": f"by so much {requests} {_were(dispute)} charged more than your rate card says.",
        "sections": _sections(dispute, claim, files),
        "origin": [
            ("Rate cards", f"{audit.catalog_version}, digest {audit.catalog_digest}"),
            ("Records", f"digest of all logs in the ledger {audit.input_digest}"),
            ("Tolerance", f"A variance of up to {digits(audit.tolerance)} per request is let pass."),
            ("Times", "All times are UTC."),
        ],
    }


def _were(dispute: Dispute) -> str:
    return "was" if sum(each.requests for each in dispute.due) == 1 else "were"


def _sections(dispute: Dispute, claim: str, files: Sequence[str]) -> list[Section]:
    totals = tuple(_sum_cells(dispute, each) for each in dispute.due)
    found = [
        Section("what", "What is disputed", table=_findings(dispute), totals=totals, notes=tuple(_notes(dispute))),
        Section("ask", "What we ask for", points=(f"Credit {claim} to our account.", *_ASKED), is_numbered=True),
        Section("rule", "The rule", text=tuple(_rule()), table=_rates(dispute)),
        Section("failures", "Failed requests that were charged", text=(_FAILED,), table=_failures(dispute)),
        Section("examples", "The arithmetic of examples", text=(_how_chosen(dispute),),
                examples=tuple(_example(*each) for each in dispute.examples)),
        Section("check", "How to check it", points=_CHECKS, commands=tuple(_commands(dispute))),
        Section("files", "What is in this folder", text=(_LEFT_OUT,),
                points=tuple(f"{name}: {FILES[name]}" for name in files)),
    ]  # fmt: skip
    return [each for each in found if each.id != "failures" or dispute.failures]


def _notes(dispute: Dispute) -> Iterator[tuple[str, str]]:
    for under in dispute.undercharged:
        yield "Undercharged.", _undercharged(dispute, under)
    if dispute.unchecked:
        yield (
            "Not checked.",
            (
                f"{count(dispute.unchecked, 'request')} to you in the same time could not be checked, for want of a "
                "price, a charge or the end of a stream. Nothing is claimed for them."
            ),
        )


def _rule() -> Iterator[str]:
    yield (
        "Due for a request are its tokens of each kind times the rate per 1M tokens that was in force at its time, "
        "added up and then rounded. What was charged is what you reported with the request."
    )
    yield (
        "The amount does not depend on the cause. Evidence is exact where the mistake that is named gives charges, to "
        "the last digit, that no other we know gives; a tie where others give the same, and of how many requests if "
        "not of all; else it is inferred."
    )


def _findings(dispute: Dispute) -> Table:
    unit = f", {unit_name(dispute.due[0].unit)}" if _is_one_unit(dispute) else ""
    columns = (
        Column("Finding"), Column("What we found", style="sentence"), Column("SKU", style="name"),
        Column("Requests", is_number=True), Column(f"Charged{unit}", is_number=True),
        Column(f"Due{unit}", is_number=True),
        *([Column(f"Refunded{unit}", is_number=True)] if _has_refunds(dispute) else []),
        Column(f"To credit{unit}", is_number=True),
        *([] if unit else [Column("Unit")]), Column("To credit, USD", is_number=True),
        Column("Rule", style="code"), Column("Evidence"),
    )  # fmt: skip
    rows = tuple(Row(_finding_cells(dispute, *each)) for each in dispute.findings)
    return Table("findings", "What is disputed, the largest first", columns, rows)


def _finding_cells(dispute: Dispute, each: Finding, sums: Sums) -> tuple[Cell, ...]:
    cells = _sum_cells(dispute, sums)
    return (
        text(each.id),
        text(each.sentence),
        text(each.sku),
        *cells,
        text(each.rule),
        text(words.evidence(each.evidence, each.ties)),
    )


def _sum_cells(dispute: Dispute, sums: Sums) -> tuple[Cell, ...]:
    """Return the cells from the number of requests to the dollars, of a finding or of a total."""
    places = places_for(each.to_credit for _, each in dispute.findings if each.unit == sums.unit)
    refunded = (sums.refunded,) if _has_refunds(dispute) else ()
    amounts = (sums.charged, sums.expected, *refunded, sums.to_credit)
    unit = () if _is_one_unit(dispute) else (text(sums.unit),)
    cells = (amount(at_least(plain(value), places)) for value in amounts)
    return number(sums.requests), *cells, *unit, _usd_cell(sums.usd)


def _has_refunds(dispute: Dispute) -> bool:
    return any(each.refunded for each in dispute.due)


def _is_one_unit(dispute: Dispute) -> bool:
    return len(dispute.due) == 1


def _usd_cell(usd: Decimal | None) -> Cell:
    return amount(None if usd is None else at_least(plain(usd), 2))


def _money(value: Decimal, due: Sums) -> str:
    return money(at_least(plain(value), 2), due.unit)


def _dollars(due: Sums) -> str:
    return "their value in dollars is not known" if due.usd is None else money(at_least(plain(due.usd), 2), "USD")


def _undercharged(dispute: Dispute, under: Sums) -> str:
    """Say what was charged too little, and what is left if it were set off."""
    claim = next((each.to_credit for each in dispute.due if each.unit == under.unit), Decimal(0))
    were = "was" if under.requests == 1 else "were"
    return (
        f"In the same time {count(under.requests, 'request')} {were} charged {_money(-under.to_credit, under)} less "
        f"than the rate card says. They are no part of this claim and are not set off; with them it would be "
        f"{_money(claim + under.to_credit, under)}."
    )


def _rates(dispute: Dispute) -> Table:
    """Return the rates without their first column: they are all of one provider."""
    names: audit_tables.Names = {(each.provider, each.sku): index for index, each in enumerate(dispute.periods)}
    table = audit_tables.rates(dispute.periods, names)
    rows = tuple(replace(row, cells=row.cells[1:]) for row in table.rows)
    return replace(table, columns=table.columns[1:], rows=rows)


def _failures(dispute: Dispute) -> Table:
    columns = (
        Column("HTTP status", is_number=True), Column("Requests", is_number=True), Column("Error", style="code"),
        Column("Your error table says", style="sentence"), Column("Source", style="note"),
    )  # fmt: skip
    rows = tuple(row for status, requests in dispute.failures for row in _failure_rows(dispute, status, requests))
    return Table("failures", "HTTP statuses of failed requests", columns, rows)


def _failure_rows(dispute: Dispute, status: int, requests: int) -> Iterator[Row]:
    told = error_words(dispute.card, status) if dispute.card else ()
    for error, source in told:
        cited = f"{source.title} ({source.document}): {error.field}; observed {error.observed_on}"
        yield Row((_plain_number(status), number(requests), text(error.code), text(_says(error)), text(cited)))
    if not told:
        yield Row((_plain_number(status), number(requests), text(None), text("nothing of this status"), text(None)))


def _plain_number(value: int) -> Cell:
    return Cell(str(value), str(value))


def _says(error: ErrorCode) -> str:
    return f"{error.description}: {_CHARGED[error.charged]}"


def _example(request: AuditedRequest, charge: Charge | None) -> Example:
    """Return the arithmetic of a request. Its rates stand in their table; its project is no business of the vendor."""
    place = f"{PurePath(request.path).name}:{request.line}"
    about = f"{request.finding}, {request.sku}, {words.instant(request.at)}, {request.status}; {place}"
    return Example(request.request_id, about, replace(arithmetic(request, charge), facts=()))


def _how_chosen(dispute: Dispute) -> str:
    requests = sum(each.requests for each in dispute.due)
    if len(dispute.examples) == requests:
        return "Every disputed request is here."
    return (
        f"{len(dispute.examples)} of {count(requests, 'request')}, chosen so: of each finding the request with the "
        "largest variance, then of each the second largest, and so on."
    )


def _commands(dispute: Dispute) -> Iterator[tuple[str, str]]:
    rated = (command for request, charge in dispute.examples if (command := _command(dispute, request, charge)))
    for command in islice(rated, 1):
        yield "By program, with the rates in this folder; here the first example that has tokens", command
    yield "That nothing was changed on the way", "sha256sum -c SHA256SUMS"


def _command(dispute: Dispute, request: AuditedRequest, charge: Charge | None) -> str:
    """Return the command that rates a request by the card in the folder; nothing where its options don't tell all."""
    if charge is None or dispute.card is None or not charge.lines or request.exact is None:
        return ""
    if any(line.kind not in TOKEN_KINDS for line in charge.lines if line.kind != REQUEST):
        return ""
    parts = ["tallystick", "price", request.sku, "--provider", dispute.provider]
    for line in charge.lines:
        parts += [] if line.is_fee else [f"--{line.kind.replace('_', '-')}", str(line.count)]
    if request.service_tier != STANDARD_TIER:
        parts += ["--service-tier", request.service_tier]
    if request.at is not None:
        parts += ["--at", request.at.isoformat().replace("+00:00", "Z")]
    return shlex.join([*parts, "--rate-cards", "rate_card.toml"])
