"""A rate card of what was inferred, to be laid over the shipped ones: its rates say so, and how well they are known."""

from collections.abc import Iterator
from datetime import date

from billing.inferring.card_values import RateRange
from billing.inferring.evidence import SEARCHES
from billing.inferring.inference import Inference, Segment
from pricing.amounts import digits
from pricing.catalog import Catalog
from pricing.toml_text import toml
from pricing.usage import STANDARD_TIER, TOKEN_KINDS, UNSPLIT_CACHE_WRITE, WEB_SEARCH

_SOURCE = "inferred"


def inferred_card(found: Inference, catalog: Catalog, observed_on: date) -> str:
    """Return the text of a card with a dated block for each segment; the last one stays in force.

    A stretch that no card explains is left out, so that it is unpriced; so is what tells no time beside what does.
    `observed_on` is the day it was inferred. The value of the unit is left to the card below it.
    """
    is_known = found.provider in catalog.providers
    is_sold = is_known and found.sku in catalog.skus(found.provider)
    requests = sum(segment.requests for segment in found.segments)
    head = {
        "provider": found.provider,
        "name": catalog.card(found.provider).name if is_known else found.provider,
        "unit": found.unit,
    }
    source = {"document": "tallystick infer", "title": f"Inferred from {requests:,} charges"}
    sku = {"id": found.sku, "model": catalog.sku(found.provider, found.sku).model if is_sold else found.sku}
    parts = [
        "# Written by `tallystick infer`: what the charges show, not what the vendor says.",
        toml(head),
        f"[sources.{_SOURCE}]\n{toml(source)}",
        f"[[skus]]\n{toml(sku)}",
        *(_block(found, segment, observed_on) for segment in _kept(found)),
    ]
    return "\n".join(parts)


def _kept(found: Inference) -> Iterator[Segment]:
    for segment in found.segments:
        is_untimed = segment.start is None and len(found.segments) > 1
        is_empty = segment.start is not None and segment.start == segment.end
        if segment.card_rounding is not None and not is_untimed and not is_empty:
            yield segment


def _block(found: Inference, segment: Segment, observed_on: date) -> str:
    told = {kind: each for kind, each in segment.rates.items() if each is not None and each.chosen is not None}
    kinds = {kind.value: told[kind.value] for kind in TOKEN_KINDS if kind.value in told}
    searches = told.get(SEARCHES)
    table = {
        "observed_on": observed_on,
        "source": _SOURCE,
        "field": f"charges from {segment.first_request} to {segment.last_request}",
        "valid_from": segment.start,
        "valid_to": segment.end,
        "service_tier": None if found.service_tier == STANDARD_TIER else found.service_tier,
        "basis": "inferred",
        "per_mtok": {kind: each.chosen for kind, each in kinds.items()} or None,
        "low": {kind: each.low for kind, each in kinds.items()} or None,
        "high": {kind: each.high for kind, each in kinds.items()} or None,
        "unpublished": [kind.value for kind in TOKEN_KINDS if kind.value not in kinds] or None,
        "per_tool_call": None if searches is None else {WEB_SEARCH: searches.chosen},
        "note": _note(segment, told.get(UNSPLIT_CACHE_WRITE)),
    }
    assert segment.card_rounding is not None  # noqa: S101 - only such are kept
    rule = segment.card_rounding
    rounding = {
        "mode": rule.mode, "step": rule.step, "scope": rule.scope, "basis": "inferred",
        "evidence": _evidence(segment),
    }  # fmt: skip
    return f"[[skus.rates]]\n{toml(table)}\n[skus.rates.rounding]\n{toml(rounding)}"


def _evidence(segment: Segment) -> str:
    """Say what the rule rests on, and which others the charges allow as well."""
    others = [
        f"{rule.mode} {digits(rule.step) or ''} per {rule.scope}".replace("  ", " ")
        for rule in segment.rules
        if rule.verdict != "refuted"
    ]
    told = f"gives {segment.explains:,} of {segment.requests:,} charges"
    return told if segment.rounding else f"{told}; not told from: {', '.join(others)}"


def _note(segment: Segment, unsplit: RateRange | None) -> str:
    missing = "".join(f"; {kind} can't be told ({why})" for kind, why in segment.reasons.items())
    rate = None if unsplit is None else unsplit.chosen
    writes = "" if rate is None else f"; cache writes of unknown lifetime cost {digits(rate)}"
    return (
        "per_mtok is the simplest choice between low and high, a published rate where it is possible" + missing + writes
    )
