"""JSON read exactly: numbers as whole numbers or decimals, and whatever could be read in two ways refused."""

import json
import re
from collections import Counter
from decimal import Decimal
from typing import NoReturn


class StrictJSONError(ValueError):
    """A text is not taken. `reason` is a code; the text itself is in no message.

    Reasons: `not_json`, `duplicate_key`, `too_deep`, `number_too_long`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def loads(text: str) -> object:
    """Return the value of a text that is one JSON value; fractions are Decimal with every digit kept.

    >>> loads('{"credits_consumed": 0.0684}')
    {'credits_consumed': Decimal('0.0684')}
    """
    try:
        value: object = _STRICT.decode(text)
    except _REFUSALS as error:
        raise _refusal(error) from None
    return value


def loads_read(text: str) -> object:
    """Return the value of a text as `loads` does, but judge only what is read of it.

    A key told twice is refused when it is asked for; a number that is none, or too long, is an object of no other kind.
    A comma too many before a closing bracket says nothing and is let pass. So reads the engine, too, whose typed scan
    never sees the members that nobody asks for.
    """
    text = text.strip(_SPACES)
    try:
        value: object = _READ.decode(text)
    except RecursionError as error:
        raise _refusal(error) from None
    except _REFUSALS:
        try:
            value = _READ_ALL.decode(_BETTERED.sub(_bettered, text))
        except _REFUSALS as error:
            raise _refusal(error) from None
    return value


def end_of_value(text: str, start: int) -> int:
    """Return where the JSON value that begins at `start` ends, even if it is one that we refuse."""
    try:
        _, end = _LENIENT.raw_decode(text, start)
    except _REFUSALS as error:
        raise _refusal(error) from None
    return end


def glance(text: str) -> object:
    """Return roughly what a text says, even if it is one that we refuse: to tell what it is. Each number is 0.

    >>> glance('{"n": 12, "n": NaN}')
    {'n': 0}
    """
    try:
        value: object = _LENIENT.decode(text)
    except _REFUSALS as error:
        raise _refusal(error) from None
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise StrictJSONError("duplicate_key")
    return value


class _Ambiguous(dict[str, object]):
    """An object that tells some of its keys more than once; asking for one of those raises StrictJSONError."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        seen = Counter(key for key, _ in pairs)
        self._repeated = {key for key, times in seen.items() if times > 1}

    def __getitem__(self, key: str) -> object:
        if key in self._repeated:
            raise StrictJSONError("duplicate_key")
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> object:
        if key in self._repeated:
            raise StrictJSONError("duplicate_key")
        return super().get(key, default)


def _told(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    return value if len(value) == len(pairs) else _Ambiguous(pairs)


def _no_number(_: str) -> object:
    return _NO_NUMBER


def _whole(text: str) -> object:
    try:
        return int(text)
    except ValueError:  # more digits than Python reads at a time
        return _NO_NUMBER


def _fraction(text: str) -> object:
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond all bounds
        return _NO_NUMBER


def _bettered(found: re.Match[str]) -> str:
    part = found[0]
    return part if part.startswith('"') else "" if part.startswith(",") else "NaN"


def _no_constant(_: str) -> NoReturn:
    raise StrictJSONError("not_json")


def _zero(_: str) -> int:
    return 0


def _refusal(error: Exception) -> StrictJSONError:
    if isinstance(error, StrictJSONError):
        return error
    if isinstance(error, RecursionError):
        return StrictJSONError("too_deep")
    # Of the rest, only numbers with too many digits or too large an exponent are JSON.
    return StrictJSONError("not_json" if isinstance(error, json.JSONDecodeError) else "number_too_long")


_REFUSALS = (ValueError, ArithmeticError, RecursionError)
_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_constant)
_READ = json.JSONDecoder(object_pairs_hook=_told, parse_float=Decimal, parse_constant=_no_number)
_READ_ALL = json.JSONDecoder(
    object_pairs_hook=_told, parse_float=_fraction, parse_int=_whole, parse_constant=_no_number
)
_NO_NUMBER = object()
_SPACES = " \t\r\n\v\f"
#: A text, which is left as it is; a comma before a closing bracket; a word that stands for no number. A text that is
#: cut goes on to the end: else each quote in it would be tried as the first one of another.
_BETTERED = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*[}\]])|-?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL)
_LENIENT = json.JSONDecoder(parse_int=_zero, parse_float=_zero, parse_constant=_zero)
