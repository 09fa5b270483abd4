"""Codes in plain words: verdicts, reasons, token kinds and rounding rules as a reader meets them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from pricing.amounts import digits
from pricing.rounding import Rounding
from reports.figures import unit_name

#: Each verdict's short name and what it means, in the order in which they are shown.
VERDICTS: Mapping[str, tuple[str, str]] = {
    "matched": ("Matched", "The charge is what the rate card says, within tolerance."),
    "overcharged": ("Overcharged", "The charge is more than the rate card says, beyond tolerance."),
    "undercharged": ("Undercharged", "The charge is less than the rate card says, beyond tolerance."),
    "charged_failure": ("Charged failure", "The request failed and was charged all the same."),
    "unreported": ("Unreported", "The log names no charge; what is expected is known."),
    "unpriced": ("Unpriced", "The rate card holds no price for it, so the charge can't be checked."),
    "incomplete": ("Incomplete", "The stream was cut, so the tokens are a lower bound."),
    "failed": ("Failed", "The request failed and was not charged, or not beyond tolerance and what was refunded."),
}

REASONS: Mapping[str, str] = {
    "unknown_provider": "No rate card for this provider.",
    "unknown_sku": "The provider's rate card does not name this SKU.",
    "no_rate_in_force": "No rate was in force at the time of the request.",
    "price_unpublished": "The vendor publishes no price for this SKU.",
    "kind_unpublished": "The vendor publishes no price for one of the token kinds used.",
    "unknown_usage_field": "The usage has a field that nobody here knows how to price.",
    "cache_ttl_unknown": "Cache writes whose lifetime (5 minutes or 1 hour) the log does not tell.",
    "requests_unknown": "There is a fee per request, and nobody says how many requests.",
    "unit_value_unknown": "Nobody publishes what the vendor's unit is worth.",
    "unreported": "The log names no charge, so there is nothing to check.",
    "incomplete": "The stream was cut, so the tokens are a lower bound.",
    "stream_incomplete": "The stream was cut, so the tokens are a lower bound.",
}

#: Reasons that are a verdict of their own; every other reason is one for `unpriced`.
_VERDICT_OF_REASON = {"unreported": "unreported", "incomplete": "incomplete", "stream_incomplete": "incomplete"}

_KINDS = {
    "input": "Input",
    "output": "Output",
    "cache_read": "Cache read",
    "cache_write_5m": "Cache write, 5\N{NO-BREAK SPACE}min",
    "cache_write_1h": "Cache write, 1\N{NO-BREAK SPACE}h",
    "cache_write_unsplit": "Cache write, lifetime unknown",
    "request": "Per request",
    "web_search": "Web search",
}
_CAUSES = {
    "rate.stale": "An older rate",
    "rate.early": "A rate not yet in force",
    "rate.other_route": "Rates of another route",
    "rate.other_model": "Rates of another model",
    "rate.markup": "Marked up over the rate card",
    "cache.read_as_input": "Cache reads at the input rate",
    "cache.write_as_input": "Cache writes at the input rate",
    "cache.write_1h_as_5m": "1 h cache writes at the 5 min rate",
    "cache.write_5m_as_1h": "5 min cache writes at the 1 h rate",
    "cache.double_counted": "Cached tokens counted twice",
    "cache.not_charged": "Cache not charged",
    "output.double": "Output counted twice",
    "input.not_charged": "Input not charged",
    "output.not_charged": "Output not charged",
    "tier.wrong": "Rates of another context tier",
    "rounding.half_up": "Rounded half up",
    "rounding.up": "Rounded up",
    "rounding.per_component": "Each part rounded",
    "charge.on_failure": "Failed requests that were charged",
    "charge.duplicate": "Charged twice",
    "refund.missing": "Refund missing",
    "charge.extreme": "Off by ten times or more",
    "unexplained": "Unexplained",
    "tolerance": "Within tolerance, or refunded",
}
#: Months that are named one by one.
_MOST_MONTHS = 6
_MODES = {"down": "cut", "up": "rounded up", "half_up": "rounded half up"}
_BASES = {
    "documented": "documented by the vendor",
    "inferred": "seen in its charges",
    "unstated": "the vendor states no rule",
    "contracted": "by contract",
}


def cause(code: str) -> str:
    """Return a cause in a few words."""
    return _CAUSES.get(code, code)


def verdict(code: str) -> str:
    """Return the short name of a verdict."""
    return VERDICTS[code][0] if code in VERDICTS else code


def reason(code: str) -> str:
    """Return one plain sentence for a reason code."""
    return REASONS.get(code, code)


def verdict_of_reason(code: str) -> str:
    """Return the verdict that requests with that reason have."""
    return _VERDICT_OF_REASON.get(code, "unpriced")


def evidence(code: str, ties: int) -> str:
    """Say how a cause is known, and in how many requests another one would do.

    >>> evidence("exact", 64)
    'exact, 64 tied'
    """
    return f"{code}, {ties:,} tied" if ties and code == "exact" else code


def kind(code: str) -> str:
    """Return the name of a token kind or fee."""
    return _KINDS.get(code, code)


def rounding(rule: Rounding, unit: str) -> str:
    """Return the rounding rule in words, and how it is known."""
    if rule.mode == "none":
        return f"Not rounded ({_BASES[rule.basis]})"
    what = "The total is" if rule.scope == "request" else "Each line is"
    step = f"{digits(rule.step)} {unit_name(unit, Decimal(1))}"
    return f"{what} {_MODES[rule.mode]} to {step} ({_BASES[rule.basis]})"


def instant(at: datetime | None) -> str:
    """Return an instant to the second; it is in UTC, as every time of a ledger."""
    return "time not told" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def minute(at: datetime | None) -> str:
    """Return an instant to the minute, with its zone."""
    return "time not told" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def months(first: datetime | None, last: datetime | None) -> str:
    """Return the months from one instant to another, such as `October 2026`; nothing where one is unknown."""
    if first is None or last is None:
        return ""
    start, end = (f"{at:%B %Y}" for at in (first, last))
    return start if start == end else f"{start} to {end}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names in one sentence, those beyond the most as a number.

    >>> listed(["one", "two", "three"]), listed(["one", "two", "three", "four"], most=3)
    ('one, two and three', 'one, two and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def held(months: Sequence[date]) -> str:
    """Say which months a ledger has requests of, to who asks for others.

    >>> held([date(2026, 9, 1), date(2026, 10, 1)])
    'The ledger holds requests of September 2026 and October 2026.'
    """
    if not months:
        return "The ledger holds no request that tells its time; `tallystick import PATH` reads your logs."
    names = [f"{month:%B %Y}" for month in months]
    if len(names) > _MOST_MONTHS:
        return f"The ledger holds requests of {len(names)} months, from {names[0]} to {names[-1]}."
    return f"The ledger holds requests of {listed(names, _MOST_MONTHS)}."


def period(valid_from: datetime | None, valid_to: datetime | None) -> str:
    """Return a half-open stretch of time in words."""
    if valid_from is None and valid_to is None:
        return "always, as far as known"
    start = "" if valid_from is None else f"from {minute(valid_from)}"
    end = "" if valid_to is None else f"until before {minute(valid_to)}"
    return f"{start} {end}".strip()
