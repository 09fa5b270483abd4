"""From a vendor's answer to a usage record: who sold it, what was charged, when; whatever family the answer is of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from billing.importing.formats.fields import BadFieldError, Json, amount, clean, code, instant, tags, text
from billing.importing.formats.pieces import Item, Piece
from billing.importing.strict_json import StrictJSONError
from billing.records import Ignored, Outcome, Reading, Reject, Status, UsageRecord
from pricing.usage import Usage

RESELLER = "aivideoapi"
RESELLER_ROUTE = "/anthropic"
CREDITS = "credits_consumed"
_NO_USAGE = Usage()
_HTTP_ERROR = 400
_HTTP_CODES = range(100, 600)


@dataclass(frozen=True, slots=True)
class Call:
    """Where an answer stands, and what the client's log says around it (`log`, empty for a bare answer)."""

    line: int
    reading: Reading
    log: Json = field(default_factory=dict)
    is_snapshot: bool = False

    @property
    def http_status(self) -> int | None:
        """The HTTP status, where the log tells it as a number."""
        status = self.log.get("status")
        return status if type(status) is int and status in _HTTP_CODES else None

    @property
    def has_failed(self) -> bool:
        """Whether the HTTP status says that the request failed."""
        return (self.http_status or 0) >= _HTTP_ERROR


@dataclass(frozen=True, slots=True)
class Family:
    """A family of answers: how to tell one, whose it is if nothing says so, and how to read its usage."""

    maker: str
    is_mine: Callable[[Json], bool]
    usage: Callable[[Json, str | None], Usage]
    """Takes the answer and its provider."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a request ended: with usage, or with an error."""

    status: Status
    usage: Usage = _NO_USAGE
    error_code: str | None = None
    error_type: str | None = None


def success(call: Call, answer: Json, family: Family, status: Status = Status.OK) -> UsageRecord:
    """Return the record of an answer with usage; raise BadFieldError if a field is not to be believed."""
    if answer.get("usage") is None:
        raise BadFieldError("no_usage", "usage")
    sku = _sku(call, answer)
    provider = _provider(call, answer, sku, family.maker)
    return _record(call, answer, provider, sku, _Ending(status, family.usage(answer, provider)))


def failure(call: Call, answer: Json, maker: str | None = None) -> UsageRecord:
    """Return the record of a request that the vendor answered with an error. Credits taken all the same are kept.

    `maker` is whose it is if nothing says so.
    """
    error = answer.get("error")
    told: Json = error if isinstance(error, dict) else {}
    sku = _sku(call, answer)
    ending = _Ending(Status.FAILED, error_code=code(told, "code"), error_type=code(told, "type"))
    return _record(call, answer, _provider(call, answer, sku, maker), sku, ending)


def is_error(answer: Json) -> bool:
    """Tell whether an answer is an error body."""
    return bool(answer.get("error")) and isinstance(answer["error"], dict | str)


def one_each(pieces: Iterator[Piece], reading: Reading, take: Callable[[Item, Reading], Outcome]) -> Iterator[Outcome]:
    """Read a log in which each object stands for itself."""
    for piece in pieces:
        yield or_reject(piece, reading, take) if isinstance(piece, Item) else piece


def rows_each(
    pieces: Iterator[Piece],
    reading: Reading,
    rows: Callable[[Item], list[Piece]],
    take: Callable[[Item, Reading], Outcome],
) -> Iterator[Outcome]:
    """Read a log in which an object may be a page of records; all of them stand at the line where the page begins."""
    return one_each(chain.from_iterable(rows(p) if isinstance(p, Item) else [p] for p in pieces), reading, take)


def rows_of(line: int, page: list[object]) -> list[Piece]:
    """Return the records of a page, or that the line holds none."""
    rows = [Item(line, row) if isinstance(row, dict) else Reject(line, "not_an_object") for row in page]
    return [*rows] if rows else [Ignored(line)]


def or_reject(item: Item, reading: Reading, take: Callable[[Item, Reading], Outcome]) -> Outcome:
    """Return what `take` makes of the object, or the reject that a bad field calls for."""
    try:
        return take(item, reading)
    except BadFieldError as error:
        return Reject(item.line, error.reason, error.field)
    except StrictJSONError as error:
        return Reject(item.line, error.reason)


def _record(call: Call, answer: Json, provider: str | None, sku: str, ending: _Ending) -> UsageRecord:
    log, zone = call.log, call.reading.zone
    charged, unit = _charge(log, answer)
    return UsageRecord(
        line=call.line,
        provider=provider,
        sku=sku,
        request_id=text(answer, "id") or "",
        client_request_id=text(log, "request_id") or text(answer, "request_id"),
        at=instant(log, "timestamp", zone) or instant(answer, "created", zone) or instant(answer, "created_at", zone),
        usage=ending.usage,
        status=ending.status,
        charged=charged,
        unit=unit,
        error_status=call.http_status if ending.status is Status.FAILED else None,
        error_code=ending.error_code,
        error_type=ending.error_type,
        project=text(log, "project"),
        api_key_id=text(log, "api_key_id"),
        tags=tags(log, "tags"),
        is_snapshot=call.is_snapshot,
    )


def _sku(call: Call, answer: Json) -> str:
    """Return the model that was asked for, or else the one that answered; empty if the log names none."""
    request = call.log.get("request")
    asked_for = text(request, "model") if isinstance(request, dict) else None
    return asked_for or text(answer, "model") or ""


def _provider(call: Call, answer: Json, sku: str, maker: str | None) -> str | None:
    if call.reading.provider:
        return call.reading.provider
    named = call.log.get("provider")
    if isinstance(named, str) and named:
        return clean(named, "provider")
    # A reseller's answer names the charge even where it is null; the null of a client's session is nobody's word.
    has_credits = answer.get(CREDITS) is not None or (CREDITS in answer and not call.is_snapshot)
    if has_credits or CREDITS in call.log or sku.endswith(RESELLER_ROUTE):
        return RESELLER
    if _is_openrouter(answer):
        return "openrouter"
    # A gateway that passes the bill on names whom it asked; OpenRouter's own bill is not its upstream's.
    asked = answer.get("provider")
    return clean(asked, "provider") if isinstance(asked, str) and asked else maker


def _is_openrouter(answer: Json) -> bool:
    name, usage = answer.get("id"), answer.get("usage")
    has_cost = isinstance(usage, dict) and usage.get("cost") is not None
    return has_cost or (isinstance(name, str) and name.startswith("gen-"))


def _charge(log: Json, answer: Json) -> tuple[Decimal | None, str | None]:
    """Return what the vendor says it took, and its unit. Not said is not 0."""
    credits_taken = amount(answer, CREDITS)
    if credits_taken is None:
        credits_taken = amount(log, CREDITS)
    usage = answer.get("usage")
    cost = amount(usage, "cost") if isinstance(usage, dict) else None
    if credits_taken is not None and cost is not None:
        raise BadFieldError("two_charges", CREDITS)
    if credits_taken is not None:
        return credits_taken, "credit"
    return cost, None if cost is None else "USD"
