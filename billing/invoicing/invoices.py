"""An invoice as its vendor wrote it: read strictly from CSV or JSON lines, whole or not at all.

docs/invoices.md says what each column means. Amounts are exact decimals; nothing is rounded here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from billing.errors import RefusedInputError
from billing.importing.formats.csv_rows import header_of, objects_of_csv
from billing.importing.formats.pieces import Item, Piece, objects_of_lines, raw_lines, text_lines
from billing.importing.log_files import open_log_file, shown
from billing.records import Reject
from pricing.amounts import to_pico
from pricing.rates import Strict

COLUMNS = (
    "invoice_id", "line", "period_start", "period_end", "provider", "sku", "kind", "quantity", "unit", "amount",
    "currency",
)  # fmt: skip
Kind = Literal["usage", "top_up", "bonus", "refund", "adjustment", "tax", "fee"]
Quantity = Literal["tokens", "Mtok", "requests", "credits"]
KINDS: tuple[str, ...] = get_args(Kind)

#: An invoice has a line per SKU, not one per request.
_MOST_LINES = 10_000
_MOST_PROBLEMS = 20
#: In pico-units a sum of so many lines is far from the end of DECIMAL(38,0).
_MOST_UNITS = 10**15
_LONGEST_NAME = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_NUMBER = re.compile(r"-?[0-9]{1,16}(?:\.[0-9]{1,12})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
#: What pydantic calls a value that is not there, or is none of the kind: true for a number.
_MISSING = frozenset({"missing", "string_type", "int_type", "is_instance_of", "decimal_type", "literal_error"})
_UNITS: Mapping[str, Quantity] = {
    "token": "tokens", "tokens": "tokens", "mtok": "Mtok", "request": "requests", "requests": "requests",
    "credit": "credits", "credits": "credits",
}  # fmt: skip
_CURRENCIES = {"usd": "USD", "credit": "credit", "credits": "credit"}
#: Which sign an amount of a kind has; the others may have either.
_AT_LEAST_ZERO, _AT_MOST_ZERO = frozenset({"usage", "top_up", "bonus"}), frozenset({"refund"})
#: What may be told of a period before the invoice's own: it corrects that one.
_CORRECTING = frozenset({"refund", "adjustment"})


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice. The period's end is exclusive.

    `file_line` is where it stands in the file. `sku` None is all of the provider that no other line names. `quantity`
    is counted in `unit`; both are None if the invoice does not say how much was used.
    """

    line: int
    file_line: int
    start: datetime
    end: datetime
    sku: str | None
    kind: Kind
    quantity: Decimal | None
    unit: Quantity | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice of one provider in one currency: `credit`, the provider's own, or `USD`."""

    id: str
    provider: str
    currency: str
    start: datetime
    end: datetime
    lines: tuple[InvoiceLine, ...]
    path: Path
    digest: str
    """SHA-256 of the file's bytes."""
    places: int
    """The most decimal places that an amount of usage has, at least 2: what the invoice is rounded to."""

    def of(self, *kinds: str) -> tuple[InvoiceLine, ...]:
        """Return the lines of these kinds."""
        return tuple(line for line in self.lines if line.kind in kinds)


def read_invoice(path: Path) -> Invoice:
    """Read an invoice. Raise RefusedInputError that names the file, the line and the remedy of each problem."""
    with open_log_file(path) as file:
        rows, problems = _rows(_pieces(file.plain, shown(path)), shown(path))
        digest = file.finish().digest
    if not rows and not problems:
        problems = ["line 1: no line of an invoice below the header; is the export complete?"]
    problems = problems or list(_contradictions(rows))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        told = [*problems[:_MOST_PROBLEMS], *([f"... and {more} more"] if more > 0 else [])]
        raise RefusedInputError("\n".join(f"{shown(path)}: {problem}" for problem in told))
    (_, first), *_ = rows
    start, end = _period([row for _, row in rows])
    return Invoice(
        first.invoice_id, first.provider, first.currency, start, end,
        tuple(_line(number, row) for number, row in rows), path, digest,
        max(2, *(_places(row.amount) for _, row in rows if row.kind == "usage"), 2),
    )  # fmt: skip


def _text(value: object) -> object:
    if isinstance(value, str) and (len(value) > _LONGEST_NAME or not value.isprintable()):
        raise ValueError(f"is no name; write at most {_LONGEST_NAME} printable characters")
    return value


def _number(value: object) -> object:
    """Take a number as text or as JSON has it; what could be read in two ways is refused."""
    if type(value) is int:
        value = Decimal(value)
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise ValueError(
                "is no plain number; write 1234.56, with a point before at most 12 decimals and no other mark"
            )
        value = Decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite() or value.copy_abs() > _MOST_UNITS:
            raise ValueError(f"is no number up to {_MOST_UNITS}; check for a misplaced point")
        to_pico(value)
    return value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else value


def _instant(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is no day; write 2026-10-01")  # noqa: TRY004 - pydantic reports ValueErrors
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is no day; write 2026-10-01, or an instant with its zone") from None
    if at.tzinfo is None and not _DAY.fullmatch(value):
        raise ValueError("has no zone; write 2026-10-01, which is midnight UTC, or an instant with its zone")
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"is no day from {_FIRST_YEAR} to {_LAST_YEAR}; write 2026-10-01")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _one_of(names: Mapping[str, str], shown_names: str) -> BeforeValidator:
    def known(value: object) -> object:
        found = names.get(value.casefold()) if isinstance(value, str) else None
        if value is not None and found is None:
            raise ValueError(f"is none of {shown_names}")
        return found

    return BeforeValidator(known)


_Name = Annotated[str, Field(min_length=1), BeforeValidator(_text)]
_Amount = Annotated[Decimal, BeforeValidator(_number)]
_Instant = Annotated[datetime, BeforeValidator(_instant)]
_Kind = Annotated[
    Kind, _one_of({kind: kind for kind in KINDS}, f"{', '.join(KINDS)}; a row of totals is no line, leave it out")
]
_Unit = Annotated[Quantity, _one_of(_UNITS, "tokens, Mtok, requests and credits")]
_Currency = Annotated[
    Literal["credit", "USD"], _one_of(_CURRENCIES, "credit and USD; what was invoiced in other money is not read")
]


class _Row(Strict):
    """One line as the file holds it; what a file leaves empty is None."""

    invoice_id: _Name
    line: Annotated[int, Field(ge=1), BeforeValidator(_whole)]
    period_start: _Instant
    period_end: _Instant
    provider: _Name
    sku: _Name | None
    kind: _Kind
    quantity: Annotated[_Amount, Field(ge=0)] | None
    unit: _Unit | None
    amount: _Amount
    currency: _Currency

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.period_start >= self.period_end:
            raise ValueError("period_end: is not after period_start; the end is exclusive: October ends 2026-11-01")
        if (self.quantity is None) != (self.unit is None):
            raise ValueError("quantity: quantity and unit are told together or not at all")
        if self.unit in ("tokens", "requests") and self.quantity != self.quantity.to_integral_value():  # type: ignore[union-attr]
            raise ValueError(f"quantity: {self.unit} are whole; write millions of tokens with the unit Mtok")
        if self.unit == "credits" and self.currency == "credit" and self.quantity != abs(self.amount):
            raise ValueError("quantity: in credits it is the amount itself, and here it is another")
        if (self.kind in _AT_LEAST_ZERO and self.amount < 0) or (self.kind in _AT_MOST_ZERO and self.amount > 0):
            side = "above" if self.amount > 0 else "below"
            raise ValueError(f"amount: of a {self.kind} can't be {side} zero; money given back is a refund below zero")
        return self


def _pieces(plain: BinaryIO, name: str) -> Iterator[Piece]:
    """Yield the file's objects. Raise RefusedInputError if it has no header that we know."""
    raw = raw_lines(plain)
    head = list(islice(raw, 20))
    first = next((text for text in head if text.strip(b"\xef\xbb\xbf \t\r\n")), b"")
    if first.lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
        yield from objects_of_lines(text_lines(chain(head, raw)))
        return
    header = header_of(text_lines(head))
    missing = [column for column in COLUMNS if header is None or column not in header.columns]
    if header is None or missing or len(header.columns) > len(COLUMNS):
        what = f"no column {', '.join(missing)}" if missing else "more columns than an invoice has"
        raise RefusedInputError(f"{name}: line 1: {what}; the header of an invoice is: {','.join(COLUMNS)}")
    yield from objects_of_csv(chain(head, raw), header, name)


def _rows(pieces: Iterable[Piece], name: str) -> tuple[list[tuple[int, _Row]], list[str]]:
    """Return each line with its number in the file, and the problems of those that can't be read."""
    rows: list[tuple[int, _Row]] = []
    problems: list[str] = []
    for piece in pieces:
        if isinstance(piece, Reject):
            problems.append(f"line {piece.line}: {piece.reason}; write each line of the invoice as one record")
        elif isinstance(piece, Item):
            try:
                rows.append((piece.line, _Row.model_validate(_told(piece.value))))
            except ValidationError as error:
                problems.extend(f"line {piece.line}: {problem}" for problem in _faults(error))
        if len(rows) > _MOST_LINES:
            raise RefusedInputError(
                f"{name}: more than {_MOST_LINES:,} lines; an invoice has a line per SKU, a log has one per request"
            )
    return rows, problems


def _told(value: Mapping[str, Any]) -> dict[str, object]:
    """Return an object's members without spaces around texts; what is empty, or left out and may be, says nothing."""
    told = {name: part.strip() or None if isinstance(part, str) else part for name, part in value.items()}
    return dict.fromkeys(("sku", "quantity", "unit")) | told


def _faults(error: ValidationError) -> Iterator[str]:
    """Say what is wrong without quoting what stood there."""
    for fault in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in fault["loc"][:1])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            yield f"a member that is none of {', '.join(COLUMNS)}"
        elif fault["type"] in _MISSING:
            yield f"{place}: is missing or of the wrong type; see docs/invoices.md"
        else:
            yield f"{place}: {message}" if place else message


def _contradictions(rows: Sequence[tuple[int, _Row]]) -> Iterator[str]:
    """Yield what the lines say against each other."""
    (_, first), *_ = rows
    start, end = _period([row for _, row in rows])
    seen: dict[int, int] = {}
    for number, row in rows:
        for name in ("invoice_id", "provider", "currency"):
            if getattr(row, name) != getattr(first, name):
                yield f"line {number}: {name}: is another than above; put each invoice into a file of its own"
        if row.line in seen:
            yield f"line {number}: line: {row.line} was given in line {seen[row.line]}; number each line once"
        seen[row.line] = number
        yield from (f"line {number}: period_end: {problem}" for problem in _misplaced(row, start, end))
    yield from _told_twice(rows)


def _misplaced(row: _Row, start: datetime, end: datetime) -> Iterator[str]:
    """Say what is wrong with a line's period in an invoice of that period."""
    after = row.period_end + timedelta(days=1)
    if (
        row.period_start.day == 1
        and after.day == 1
        and row.period_end.time() == row.period_start.time()
        and after > row.period_start
    ):
        yield f"the end is exclusive; all of the month ends {after:%Y-%m-%d}"
        return
    if start <= row.period_start and row.period_end <= end:
        return
    if row.kind in _CORRECTING and row.period_end <= start:
        return
    more = "; only a refund or an adjustment may be of a period before it" if row.period_end <= start else ""
    yield (
        f"the line's period is not within the invoice's, {start:%Y-%m-%d} to before {end:%Y-%m-%d}, which its longest "
        f"line of usage tells{more}"
    )


def _told_twice(rows: Sequence[tuple[int, _Row]]) -> Iterator[str]:
    """Yield the lines of usage that another line is of already."""
    used = [(number, row) for number, row in rows if row.kind == "usage"]
    for index, (number, row) in enumerate(used):
        for before, other in used[:index]:
            if row.sku == other.sku and row.period_start < other.period_end and other.period_start < row.period_end:
                yield (
                    f"line {number}: sku: line {before} is of the same usage; add them up, or give each its own period"
                )
                break


def _period(rows: Sequence[_Row]) -> tuple[datetime, datetime]:
    """Return the invoice's period: that of the longest line of usage, or if there is none, of the longest line."""
    used = [row for row in rows if row.kind == "usage"] or rows
    longest = max(used, key=lambda row: (row.period_end - row.period_start, row.period_end))
    return longest.period_start, longest.period_end


def _places(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


def _line(number: int, row: _Row) -> InvoiceLine:
    return InvoiceLine(
        row.line, number, row.period_start, row.period_end, row.sku, row.kind, row.quantity, row.unit, row.amount
    )
