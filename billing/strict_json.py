"""JSON read exactly: numbers as whole numbers or decimals, and whatever could be read in two ways refused."""

import json
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
_LENIENT = json.JSONDecoder(parse_int=_zero, parse_float=_zero, parse_constant=_zero)
