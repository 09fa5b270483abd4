"""Single cells of a table, read strictly: the text of a CSV file, or a value of a typed column.

What could be read in two ways, such as 1,234 or 03/04/2026, is rejected unless it is said how this table writes.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import cache

from billing.importing.formats.fields import BadFieldError, amount, instant, said_tokens, text
from billing.records import MOST_TOKENS

#: What a `date_format` may be beside a pattern: seconds or milliseconds since 1970.
UNIX, UNIX_MS = "unix", "unix_ms"

_LONGEST_NUMBER = 64
#: Such as 1,234 or 1 234 or 1.234.567: the marks may part thousands or begin a fraction.
_TWO_MEANINGS = re.compile(r"-?[0-9][0-9.]*[,'\u2019_\s][0-9].*|-?[0-9]{1,3}(?:\.[0-9]{3})+")
_DAY_OR_MONTH_FIRST = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\b")
_MILLISECOND = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Notation:
    """How a table writes its numbers and times.

    `thousands` is the mark between thousands. `currency` is a sign that may stand before an amount. With `round_to`
    amounts were binary fractions once, and are rounded to that many decimal places. `date_format` is a pattern of
    strptime, UNIX or UNIX_MS; without it times are ISO 8601. `zone` is for times that carry none. A cell that is blank
    or says one of `empty` says nothing.
    """

    decimal_comma: bool = False
    thousands: str = ""
    currency: str = ""
    round_to: int | None = None
    date_format: str | None = None
    zone: tzinfo | None = None
    empty: frozenset[str] = frozenset()

    def said(self, cell: object) -> object:
        """Return what the cell says without the space around it, None where it says nothing."""
        told = cell.strip() if isinstance(cell, str) else cell
        return None if told == "" or (isinstance(told, str) and told in self.empty) else told

    def tokens(self, cell: object, field: str) -> int | None:
        """Return a number of tokens, None where none is said. 12.0 is whole, 12.5 is not."""
        told = self.said(cell)
        if isinstance(told, str):
            told = self._number(told, _whole(self.decimal_comma, self.thousands), "bad_tokens", field)
        if isinstance(told, float):
            told = Decimal(told)
        if isinstance(told, Decimal):
            # The size is looked at first: 1e999999999 must not be written out.
            if not told.is_finite() or abs(told) > MOST_TOKENS or told != told.to_integral_value():
                raise BadFieldError("bad_tokens", field)
            told = int(told)
        return said_tokens({field: told}, field)

    def amount(self, cell: object, field: str, *, is_refund: bool = False) -> Decimal | None:
        """Return an exact amount of units, None where none is said. It is at least 0, and of a refund at most 0.

        A refund may be written with or without its sign.
        """
        told = self.number(cell, field)
        if isinstance(told, Decimal) and is_refund:
            told = told.copy_abs()
        found = amount({field: told}, field)
        return found.copy_negate() if found and is_refund else found

    def number(self, cell: object, field: str) -> object:
        """Return a number of any size and sign, None where none is said; what is no number stays what it is."""
        told = self.said(cell)
        if isinstance(told, str):
            told = self._number(
                self._without_sign(told), _amount(self.decimal_comma, self.thousands), "bad_amount", field
            )
        if type(told) is float:
            if self.round_to is None:
                raise BadFieldError("float_amount", field)
            told = Decimal(told)
        if isinstance(told, Decimal):
            if not told.is_finite():
                raise BadFieldError("bad_amount", field)
            told = self._rounded(told, field)
        return told

    def at(self, cell: object, field: str) -> datetime | None:
        """Return a time in UTC, None where none is said."""
        told = self.said(cell)
        if told is None:
            return None
        if self.date_format in (UNIX, UNIX_MS):
            return instant({field: self._unix(told, field)}, field, None)
        if isinstance(told, datetime):
            return instant({field: told.isoformat()}, field, self.zone)
        if not isinstance(told, str):
            return instant({field: told}, field, self.zone)
        if self.date_format is None:
            if _DAY_OR_MONTH_FIRST.match(told):
                raise BadFieldError("ambiguous_date", field)
            return instant({field: told}, field, self.zone)
        try:
            parsed = datetime.strptime(told, self.date_format)  # noqa: DTZ007 - where it has no zone, `zone` is taken
        except ValueError:
            raise BadFieldError("bad_time", field) from None
        return instant({field: parsed.isoformat()}, field, self.zone)

    def text(self, cell: object, field: str) -> str | None:
        """Return an id or a name, None where there is none."""
        return text({field: self.said(cell)}, field)

    def _unix(self, told: object, field: str) -> object:
        if isinstance(told, str):
            told = self._number(told, _amount(self.decimal_comma, ""), "bad_time", field)
        if self.date_format == UNIX_MS and isinstance(told, int | Decimal):
            return told * _MILLISECOND
        return told

    def _without_sign(self, told: str) -> str:
        """Return an amount without the sign before or behind it. 1$50 has it for a decimal mark, and stays."""
        before, sign, behind = told.partition(self.currency) if self.currency else (told, "", "")
        return f"{before}{behind}".strip() if sign and (before in ("", "-") or not behind) else told

    def _number(self, told: str, pattern: re.Pattern[str], reason: str, field: str) -> Decimal:
        if len(told) > _LONGEST_NUMBER or not pattern.fullmatch(told):
            raise BadFieldError("ambiguous_number" if _TWO_MEANINGS.fullmatch(told) else reason, field)
        plain = told.replace(self.thousands, "") if self.thousands else told
        return Decimal(plain.replace(",", "."))

    def _rounded(self, told: Decimal, field: str) -> Decimal:
        if self.round_to is None:
            return told
        try:
            return told.quantize(Decimal(1).scaleb(-self.round_to), ROUND_HALF_EVEN)
        except InvalidOperation:  # not a number, or too large for its digits
            raise BadFieldError("bad_amount", field) from None


@cache
def _whole(decimal_comma: bool, thousands: str) -> re.Pattern[str]:
    return re.compile(rf"-?{_digits(thousands)}(?:{_mark(decimal_comma)}0)?")


@cache
def _amount(decimal_comma: bool, thousands: str) -> re.Pattern[str]:
    return re.compile(rf"-?{_digits(thousands)}(?:{_mark(decimal_comma)}[0-9]+)?(?:[eE][+-]?[0-9]{{1,3}})?")


def _digits(thousands: str) -> str:
    return rf"(?:[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|[0-9]+)" if thousands else "[0-9]+"


def _mark(decimal_comma: bool) -> str:
    return "," if decimal_comma else r"\."
