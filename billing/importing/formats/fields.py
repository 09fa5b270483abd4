"""Single fields of a log, read strictly: a checked value, or an error that says which field is bad and why.

Only named fields are ever picked out of a log's objects, so texts of prompts and answers stay behind.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, Inexact

from billing.importing.strict_json import StrictJSONError, loads
from billing.records import MOST_TOKENS
from pricing.amounts import PICO_DIGITS, to_pico

Json = dict[str, object]

LONGEST_TEXT = 512
LONGEST_CODE = 128
MOST_TAGS = 64
#: Names of unknown fields of one request.
MOST_UNKNOWN = 64
#: Units below which an amount fits a BIGINT of pico-units.
AMOUNT_LIMIT = 9_223_372
FIRST_YEAR, LAST_YEAR = 2000, 2100

#: How many digits a double holds.
_DOUBLE = Context(prec=15)
_MICROSECOND = Decimal("0.000001")
_PICO = Decimal(1).scaleb(-PICO_DIGITS)
#: Any decimal of up to 15 digits comes through a double unharmed; one of more is the double next to what was meant.
_DIGITS_OF_NOISE = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_LATEST = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
#: What begins like a key, or holds something with the length of one.
_KEY = re.compile(r"\s*(?:sk-|bearer\s)|.*(?<![a-z0-9])sk-[a-z0-9_-]{16}", re.IGNORECASE | re.DOTALL)
#: What the keys of other vendors and tokens of the web look like. An id is a text by chance, and not held against it.
_OTHER_KEY = re.compile(
    r".*(?<![A-Za-z0-9])(?:gsk_|xai-|hf_|pplx-|nvapi-|r8_|gh[pousr]_|github_pat_|AIza|AKIA|eyJ)[A-Za-z0-9_-]{16}",
    re.DOTALL,
)
_IDS = frozenset({"id", "request_id"})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


class BadFieldError(Exception):
    """A field is not what the shape promises: a reason code and the name of the field, never its content."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason, field)
        self.reason = reason
        self.field = field


def child(obj: Json, key: str) -> Json:
    """Return the object in that field, empty where the log has none."""
    value = obj.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadFieldError("bad_object", key)
    return value


def nested(obj: Json, key: str) -> Json:
    """Return the object in that field, also where it is written as a text of JSON; empty where the log has none."""
    value = obj.get(key)
    return child({key: parsed(value, key)} if isinstance(value, str) else obj, key)


def parsed(told: str, key: str) -> object:
    """Return what a text of JSON in that field says; an empty one says nothing."""
    try:
        return loads(told) if told else None
    except StrictJSONError as error:
        raise BadFieldError(error.reason, key) from None


def said_tokens(obj: Json, key: str) -> int | None:
    """Return a number of tokens, or None where the log says none. Only a JSON integer is a number of tokens."""
    value = obj.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MOST_TOKENS:
        raise BadFieldError("bad_tokens", key)
    return value


def tokens(obj: Json, key: str) -> int:
    """Return a number of tokens of a kind that a log leaves out where there were none."""
    return said_tokens(obj, key) or 0


def required_tokens(obj: Json, key: str) -> int:
    """Return a number of tokens that every usage has to tell."""
    value = said_tokens(obj, key)
    if value is None:
        raise BadFieldError("no_usage", key)
    return value


def amount(obj: Json, key: str) -> Decimal | None:
    """Return an exact amount of units of at least 0, or None where the log says none."""
    value = obj.get(key)
    if value is None:
        return None
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal):
        raise BadFieldError("bad_amount", key)
    if not number:
        return Decimal(0)
    if number.is_signed():
        raise BadFieldError("negative_charge", key)
    # The exponent is looked at first: 1e999999999 must not be written out.
    if number.adjusted() >= len(str(AMOUNT_LIMIT)) or number >= AMOUNT_LIMIT:
        raise BadFieldError("amount_out_of_range", key)
    for told in (number, _DOUBLE.plus(number)):  # digits beyond both a pico-unit and a double are a double's noise
        try:
            if to_pico(told):
                return told
        except (ValueError, Inexact):
            continue
    raise BadFieldError("amount_out_of_range", key)


def computed_amount(obj: Json, key: str) -> Decimal | None:
    """Return an amount that a gateway computed in doubles, to the nearest pico-unit.

    0.1 + 0.2 is 0.30000000000000004 there, so digits beyond a pico-unit of a number of 16 digits or more are no money.
    """
    value = obj.get(key)
    if not isinstance(value, Decimal) or len(value.as_tuple().digits) < _DIGITS_OF_NOISE:
        return amount(obj, key)
    # The exponent is looked at first: 1e999999999 must not be written out.
    nearest = value.quantize(_PICO, ROUND_HALF_EVEN) if value.adjusted() < len(str(AMOUNT_LIMIT)) else value
    return amount({key: nearest or value}, key)


def text(obj: Json, key: str) -> str | None:
    """Return an id or a name, or None where there is none; whole numbers are taken as they are written."""
    value = obj.get(key)
    if value is None or value == "":
        return None
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise BadFieldError("bad_text", key)
    return clean(value, key)


def code(obj: Json, key: str) -> str | None:
    """Return a vendor's code. What reads like a sentence is no code: of that only a digest is kept."""
    value = text(obj, key)
    if value is None or (len(value) <= LONGEST_CODE and " " not in value):
        return value
    return f"text:{_digest(value)}"


def clean(value: str, key: str) -> str:
    """Return the text if it can be stored and shown; of what looks like a key, only a digest."""
    if len(value) > LONGEST_TEXT:
        raise BadFieldError("bad_text", key)
    if not (value.isascii() and value.isprintable()):
        kinds = {unicodedata.category(char) for char in value}
        if "Cs" in kinds:  # half of a surrogate pair, which no UTF-8 can hold
            raise BadFieldError("not_utf8", key)
        if "Cc" in kinds:
            raise BadFieldError("bad_text", key)
    return f"key:{_digest(value)}" if _is_key(value, key) else value


def _is_key(value: str, key: str) -> bool:
    return bool(_KEY.match(value) or (key not in _IDS and _OTHER_KEY.match(value)))


def tags(obj: Json, key: str) -> tuple[tuple[str, str], ...]:
    """Return tags sorted by name: from an object, or from a list of names. Values other than scalars are left out."""
    value = obj.get(key)
    if isinstance(value, list):
        value = {name: "" for name in value if isinstance(name, str)}
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise BadFieldError("bad_text", key)
    # Each is asked for by its name, which an object that tells it twice refuses.
    found = {clean(name, key): clean(_written(value[name]), key) for name in value if _is_scalar(value[name])}
    if len(found) > MOST_TAGS:
        raise BadFieldError("bad_text", key)
    return tuple(sorted(found.items()))


def labels(**said: object) -> tuple[tuple[str, str], ...]:
    """Return tags of the fields that say something."""
    return tags({"tags": {name: value for name, value in said.items() if value not in (None, "")}}, "tags")


def field_name(name: str) -> str:
    """Return the name of a usage field that we don't know; one that could hold a text gives only a digest."""
    return name if _PLAIN_NAME.fullmatch(name) and not _is_key(name, name) else f"field:{_digest(name)}"


def unknown_fields(told: Json, known: frozenset[str], known_within: Mapping[str, frozenset[str]]) -> set[str]:
    """Name the fields of `told`, and of the objects in it, that are not known and say something.

    Raise BadFieldError if there are more of them than any vendor ever told: names made up would fill the ledger.
    """
    found = {field_name(name) for name in told.keys() - known - known_within.keys() if not says_nothing(told[name])}
    for name, known_parts in known_within.items():
        parts = child(told, name)
        found |= {f"{name}.{field_name(part)}" for part in parts.keys() - known_parts if not says_nothing(parts[part])}
    if len(found) > MOST_UNKNOWN:
        raise BadFieldError("too_many_unknown_fields", "usage")
    return found


def unknown_counts(told: Json, known: frozenset[str]) -> set[str]:
    """Name the fields of a record of many kinds of fields that are not known and hold a number other than 0."""
    return {field_name(name) for name in told.keys() - known if _holds_a_number(told[name])}


def _holds_a_number(value: object) -> bool:
    numbers = (leaf for leaf in _leaves(value) if isinstance(leaf, int | Decimal) and not isinstance(leaf, bool))
    return any(numbers)


def says_nothing(value: object) -> bool:
    """Tell whether a field is null, 0, false or empty, or holds only such."""
    return not any(_leaves(value))


def _leaves(value: object) -> Iterator[object]:
    """Yield what is in a value and holds nothing itself."""
    waiting = [value]  # a stack, for a log may nest as deep as it likes
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        else:
            yield part


def instant(obj: Json, key: str, zone: tzinfo | None) -> datetime | None:
    """Return a time in UTC, or None where the log tells none.

    It is ISO 8601 with a zone (without one, `zone` is needed) or Unix seconds. Beyond microseconds digits are cut.
    """
    value = obj.get(key)
    if value is None:
        return None
    if type(value) is int or isinstance(value, Decimal):
        return _from_unix(value, key)
    if not isinstance(value, str):
        raise BadFieldError("bad_time", key)
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        raise BadFieldError("bad_time", key) from None
    if len(value) <= len("2026-01-09"):  # a day alone is no instant
        raise BadFieldError("bad_time", key)
    # Near the first and last year of the calendar, turning to UTC would overflow.
    if not FIRST_YEAR - 1 <= told.year <= LAST_YEAR + 1:
        raise BadFieldError("time_out_of_range", key)
    at = (told if told.tzinfo else _placed(told, zone, key)).astimezone(UTC)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadFieldError("time_out_of_range", key)
    return at


def _placed(local: datetime, zone: tzinfo | None, key: str) -> datetime:
    """Put a local time into its zone, unless a change of clocks skips it or shows it twice."""
    if zone is None:
        raise BadFieldError("time_without_zone", key)
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        raise BadFieldError("time_ambiguous", key)
    return first


def _from_unix(seconds: int | Decimal, key: str) -> datetime:
    if not _EARLIEST <= seconds < _LATEST:
        raise BadFieldError("time_out_of_range", key)
    cut = seconds.quantize(_MICROSECOND, ROUND_DOWN) if isinstance(seconds, Decimal) else seconds
    return _EPOCH + timedelta(microseconds=int(cut * 1_000_000))


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | Decimal)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
