"""`infer`: rates and rounding from the charges alone, or the rounding that charges show at the published rates."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import click

from billing.inferring.card_values import RateRange
from billing.inferring.evidence import SEARCHES
from billing.inferring.inference import Inference, Segment, TestedRule
from billing.inferring.inference import infer as infer_of
from billing.inferring.inferred_card import inferred_card
from billing.inferring.published_rounding import RatedRule, rated_rules
from billing.ledger import open_ledger
from pricing.amounts import digits
from pricing.rounding import Rounding
from pricing.usage import STANDARD_TIER, WEB_SEARCH
from reports.cli.options import (
    Name,
    catalog_of,
    everywhere,
    from_option,
    known_option,
    month_option,
    options,
    selection,
    to_option,
)
from reports.cli.output import Result, Table, shown, write
from reports.figures import count, unit_name

_MODES = {"none": "not rounded", "down": "cut", "up": "rounded up", "half_up": "rounded half up"}
_SCOPES = {"request": "", "component": ", each component by itself"}
_REASONS = {
    "never_varies": "can't be told: every request has as many of them",
    "collinear": "can't be told: they come only along with others in one proportion",
}
_EXCLUDED = {
    "failed": "failed",
    "incomplete": "a stream was cut",
    "summary": "sums that the vendor tells",
    "refund": "refunds",
    "other_service_tier": "of another service tier",
    "other_unit": "charged in another unit",
    "unreported": "the log names no charge",
    "charged_below_zero": "a charge below zero",
    "unknown_usage_field": "usage that nobody can price",
    "alone": "the only one without a time, or with one",
}
#: So many ids are named where people read; JSON holds all.
_NAMED = 8


@click.command()
@click.option("--provider", required=True, type=Name(), help="Whose charges.")
@click.option("--sku", type=Name(), help="Which SKU; needed unless --rates published.")
@click.option("--service-tier", default=STANDARD_TIER, show_default=True, help="Such as batch or priority.")
@click.option(
    "--rates",
    type=click.Choice(["unknown", "published"]),
    default="unknown",
    show_default=True,
    help="Whether to find the rates too, or to believe the rate cards and to find only how charges are rounded.",
)
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write a rate card of it to that file.")
@options(month_option, from_option, to_option)
@known_option
@everywhere
def infer(
    *,
    provider: str,
    sku: str | None,
    service_tier: str,
    rates: str,
    save: Path | None,
    month: tuple[datetime, datetime] | None,
    from_at: datetime | None,
    to_at: datetime | None,
    known_at: date | None,
    ledger: Path,
    rate_cards: tuple[Path, ...],
    output_format: str | None,
    quiet: bool,
) -> int:
    """Find rates, rounding and when they changed from nothing but tokens and charges; no rate card is needed."""
    if sku is None and rates == "unknown":
        raise click.UsageError("give --sku, or --rates published to test how all of the provider's charges are rounded")
    if save and rates == "published":
        raise click.UsageError("--save is for rates that were inferred, not for published ones")
    if save and save.exists():
        raise click.UsageError(f"{save}: is there already; name another file")
    chosen = selection(month, from_at, to_at, provider)
    with open_ledger(ledger, read_only=True) as book:
        catalog = catalog_of(rate_cards, known_at, [provider])
        if rates == "published":
            write(published_result(provider, sku, rated_rules(book, catalog, chosen, sku)), output_format)
            return 0
        assert sku is not None  # noqa: S101 - as seen above
        found = infer_of(book, catalog, chosen, sku, service_tier)
    if save:
        save.write_text(inferred_card(found, catalog, datetime.now(UTC).date()), "utf-8")
        if not quiet:
            click.echo(f"{save}: rate card written; use it with --rate-cards {save}", err=True)
    write(inference_result(found), output_format)
    return 0


def inference_result(found: Inference) -> Result:
    """Return what was inferred as data and tables."""
    data = {
        "provider": found.provider,
        "sku": found.sku,
        "service_tier": found.service_tier,
        "unit": found.unit,
        "rates": "inferred",
        "segments": [_segment_data(segment) for segment in found.segments],
        "excluded": found.excluded,
    }
    tables = []
    for nth, segment in enumerate(found.segments, 1):
        name = f"Segment {nth}: " if len(found.segments) > 1 else ""
        tables += [_rates_table(name, segment, found.unit), _rules_table(name, segment.rules)]
    flat = Table("Inferred rates", _FLAT, [row for segment in found.segments for row in _flat_rows(found, segment)])
    return Result(data, tables, "\n\n".join(_sentences(found)), flat)


def published_result(provider: str, sku: str | None, found: Sequence[RatedRule]) -> Result:
    """Return which rounding rules the charges allow at published rates."""
    left = [rule for rule in found if rule.verdict == "explains" and not _is_finer(rule, found)]
    rounding = _rule_data(left[0]) if len(left) == 1 else None
    rows = [_rule_data(rule) | {"contradicted_by": rule.contradicted_by, "explains": rule.explains} for rule in found]
    data = {
        "provider": provider,
        "sku": sku,
        "rates": "published",
        "requests": found[0].requests,
        "rounding": rounding,
        "roundings": rows,
        "segments": [],
    }
    table = Table(
        "Rounding rules at the published rates",
        ("rule", "verdict", "explains", "of", "contradicted by"),
        [
            (_rule_words(rule), rule.verdict, rule.explains, rule.requests, ", ".join(rule.contradicted_by))
            for rule in found
        ],
    )
    names = " or ".join(_rule_words(rule) for rule in left) or "no rule that was tried"
    of = f"{provider} {sku or ''}".rstrip()
    charges = count(found[0].requests, "charge")
    return Result(data, (table,), f"{of}: at the published rates {charges} can be explained by: {names}.")


def _is_finer(rule: RatedRule, found: Sequence[RatedRule]) -> bool:
    """Tell whether a coarser step of the same kind explains as much, so that this one says nothing more."""
    return any(
        other.verdict == "explains" and (other.mode, other.scope) == (rule.mode, rule.scope)
        and other.step is not None and rule.step is not None and other.step > rule.step
        for other in found
    )  # fmt: skip


def _segment_data(segment: Segment) -> dict[str, object]:
    rates = {kind: _range_data(each) for kind, each in segment.rates.items()}
    calls = {WEB_SEARCH: rates.pop(SEARCHES)} if SEARCHES in rates else {}
    return {
        "from": segment.start,
        "to": segment.end,
        "last_at": segment.last_at,
        "first_request": segment.first_request,
        "last_request": segment.last_request,
        "changed_after": segment.after,
        "requests": segment.requests,
        "rounding": segment.rounding and _rounding_data(segment.rounding),
        "roundings": [_rule_data(rule) | {"witness": rule.witness} for rule in segment.rules],
        "per_mtok": rates,
        "per_call": calls,
        "not_identifiable": segment.reasons,
        "explains": segment.explains,
        "contradicted_by": segment.contradicted_by,
    }


def _range_data(found: RateRange | None) -> dict[str, object] | None:
    return (
        None
        if found is None
        else {
            "low": found.low,
            "high": found.high,
            "includes_low": found.includes_low,
            "includes_high": found.includes_high,
            "chosen": found.chosen,
        }
    )


def _rounding_data(rounding: Rounding) -> dict[str, object]:
    return {"mode": rounding.mode, "step": rounding.step, "scope": rounding.scope, "basis": rounding.basis}


def _ends(found: RateRange | None) -> tuple[Decimal | None, ...]:
    return (None, None, None) if found is None else (found.low, found.high, found.chosen)


def _rule_data(rule: TestedRule | RatedRule) -> dict[str, object]:
    return {"mode": rule.mode, "step": rule.step, "scope": rule.scope, "verdict": rule.verdict}


def _rule_words(rule: TestedRule | RatedRule | Rounding) -> str:
    step = "" if rule.step is None else f" to {digits(rule.step)}"
    return f"{_MODES[rule.mode]}{step}{_SCOPES[rule.scope]}"


def _sentences(found: Inference) -> list[str]:
    told = [_sentence(segment, found.unit) for segment in found.segments]
    left = ", ".join(f"{number:,} ({_EXCLUDED.get(why, why)})" for why, number in found.excluded.items())
    return [*told, *([f"Left out: {left}."] if left else [])]


def _sentence(segment: Segment, unit: str) -> str:
    rates = ", ".join(
        f"{_kind(kind)} {shown(each.chosen)} ({_between(each)})"
        for kind, each in segment.rates.items()
        if each is not None
    )
    if not segment.explains:
        return f"{_when(segment)}{count(segment.requests, 'request')}: no card that was tried explains them."
    many = "all explained" if segment.explains == segment.requests else f"explained but for {_few(segment)}"
    blind = ", ".join(_kind(kind) for kind in segment.reasons)
    rest = f" The rate of {blind} can't be told." if blind else ""
    return (
        f"{_when(segment)}{count(segment.requests, 'request')} are {many} by "
        f"{rates or 'rates that can not be told'} {unit_name(unit)} per 1M tokens, charges {_rounding_words(segment)}."
        f"{rest}"
    )


def _when(segment: Segment) -> str:
    if segment.start is None:
        return "Without a time, "
    to = f"before {shown(segment.end)}" if segment.end else str(shown(segment.last_at))
    since = f" (changed after {segment.after}, not after {segment.first_request})" if segment.after else ""
    return f"From {shown(segment.start)} to {to}{since}, "


def _few(segment: Segment) -> str:
    return f"{len(segment.contradicted_by):,} ({_named(segment.contradicted_by)})"


def _named(names: Sequence[str]) -> str:
    """Return ids for people to read, of many the first."""
    return ", ".join([*names[:_NAMED], *(["..."] if len(names) > _NAMED else [])])


def _rounding_words(segment: Segment) -> str:
    if segment.rounding:
        return _rule_words(segment.rounding)
    left = [rule for rule in segment.rules if rule.verdict != "refuted"]
    return "either " + " or ".join(_rule_words(rule) for rule in left)


def _between(each: RateRange) -> str:
    return f"{shown(each.low)} to {shown(each.high)}"


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _rates_table(name: str, segment: Segment, unit: str) -> Table:
    remarks = {kind: _REASONS[reason] for kind, reason in segment.reasons.items()}
    rows = [(_kind(kind), *_ends(each), remarks.get(kind, "")) for kind, each in segment.rates.items()]
    return Table(f"{name}{unit} per 1M tokens or call", ("kind", "at least", "at most", "simplest", "remark"), rows)


def _rules_table(name: str, tested: Sequence[TestedRule]) -> Table:
    rows = [(_rule_words(rule), rule.verdict, _named(rule.witness)) for rule in tested]
    return Table(f"{name}rounding rules", ("rule", "verdict", "requests that no card explains together"), rows)


_FLAT = ("provider", "sku", "from", "to", "kind", "low", "high", "chosen", "unit", "requests", "explains", "rounding")


def _flat_rows(found: Inference, segment: Segment) -> list[tuple[object, ...]]:
    rule = segment.rounding and _rule_words(segment.rounding)
    return [
        (
            found.provider, found.sku, segment.start, segment.end, kind, *_ends(each), found.unit, segment.requests,
            segment.explains, rule,
        )
        for kind, each in segment.rates.items()
    ]  # fmt: skip
