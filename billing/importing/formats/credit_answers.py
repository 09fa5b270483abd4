"""Answers of an API to the question how many credits are left, as a client logs them.

The credit vendor's pages name its `GET /v1/credits` and not what it answers, so several forms are known, and whatever
could mean two amounts is rejected. OpenRouter's answer tells what was bought and what was used, in dollars.
"""

from decimal import Decimal

from billing.importing.formats.accounts import USD, exact_amount, unit_of
from billing.importing.formats.answers import RESELLER
from billing.importing.formats.fields import BadFieldError, Json, clean, computed_amount, instant
from billing.records import BalanceReading, Reading

#: Names that mean what is left.
_LEFT = (
    "balance", "credit_balance", "credits_balance", "remaining", "remaining_credits", "credits_remaining",
    "available_credits", "credits_available",
)  # fmt: skip
#: It means what is left, too, where no other amount stands beside it: else it may be what was bought.
_CREDITS = "credits"
_NESTED = ("data", _CREDITS)
_BOUGHT, _USED = "total_credits", "total_usage"
_OPENROUTER = "openrouter"
#: What an answer of another kind has: usage, an error, or what a model says; and a line of an account's own files `at`.
_OTHER_KINDS = frozenset({"at", "usage", "error", "model", "type", "content", "choices", "credits_consumed"})
_HTTP_ERROR = 400


def is_balance(answer: Json) -> bool:
    """Tell whether an answer is one to that question."""
    if answer.keys() & _OTHER_KINDS:  # looked at first: of those nothing else is read
        return False
    told = _told(answer)
    return not told.keys() & _OTHER_KINDS and bool(told.keys() & {*_LEFT, _CREDITS, _BOUGHT})


def balance_of(line: int, log: Json, answer: Json, reading: Reading) -> BalanceReading:
    """Return the balance that an answer tells; `log` is what the client wrote around it. Raise BadFieldError."""
    told = _told(answer)
    status = log.get("status")
    if type(status) is int and status >= _HTTP_ERROR:
        raise BadFieldError("request_failed", "status")
    at = instant(log, "timestamp", reading.zone)
    if at is None:
        raise BadFieldError("no_time", "timestamp")
    named = log.get("provider")
    provider = reading.provider or (clean(named, "provider") if isinstance(named, str) and named else None)
    if _BOUGHT in told:
        return BalanceReading(line, provider or _OPENROUTER, at, _bought_less_used(told), USD)
    unit = unit_of(told.get("unit") or told.get("currency"), "unit")
    return BalanceReading(line, provider or RESELLER, at, _left(told), unit)


def _told(answer: Json) -> Json:
    """Return the object that tells the amount: the answer, or what is in its `data`, or in the `credits` of either."""
    for name in _NESTED:
        inner = answer.get(name)
        answer = inner if isinstance(inner, dict) else answer
    return answer


def _left(told: Json) -> Decimal:
    said = {name: exact_amount(told[name], name) for name in _LEFT if told.get(name) is not None}
    if len(set(said.values())) > 1:
        raise BadFieldError("ambiguous_balance", max(said))
    if not said and any(_is_number(value) for name, value in told.items() if name != _CREDITS):
        raise BadFieldError("ambiguous_balance", _CREDITS)
    left = next(iter(said.values()), None) if said else exact_amount(told.get(_CREDITS), _CREDITS)
    if left is None:
        raise BadFieldError("no_balance", _CREDITS)
    return left


def _bought_less_used(told: Json) -> Decimal:
    bought, used = computed_amount(told, _BOUGHT), computed_amount(told, _USED)
    if bought is None or used is None:
        raise BadFieldError("no_balance", _USED)
    return bought - used


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
