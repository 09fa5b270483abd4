"""The answer of the vendors' page at a glance: who is cheapest for each model, and what is in no sum."""

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from billing.traffic import ModelTraffic
from pricing.comparison import Comparison
from pricing.offers import Offer
from reports.audit_answer import Answer, LeftOut
from reports.comparison_answer import basket_words
from reports.figures import count
from reports.pages.vendors_figures import bounds_words, dollars, percent_words, places_of, seller_words
from reports.vendors_report import Compared, VendorsReport

_MOST_NAMES = 5
_ENDINGS = {
    "failed": "failed, so nothing was used",
    "incomplete": "the stream was cut, so the tokens are a lower bound",
    "charged_again": "charged again for a call that is in the totals already",
}


def answers(report: VendorsReport) -> tuple[Answer, ...]:
    """Return one answer per model, the most spent first."""
    found = tuple(_answer(each) for each in report.models)
    nothing = "No model in this ledger is sold by more than one vendor, so there is nothing to compare."
    return found or (Answer(nothing, "", "", "even"),)


def _answer(each: Compared) -> Answer:
    found = each.comparison
    best, places = found.cheapest, places_of(found)
    subject = _subject(each)
    if best is None or best.cost is None:
        return Answer(f"No vendor publishes every price that {subject} need.", "", " ".join(_bounded(found)), "even")
    same = [seller_words(found, offer.seller) for offer in found.offers if offer.cost == best.cost]
    statement = f"{_upper(subject)} would cost least at {_listed(same)}: {dollars(best.cost, places)}"
    listed = None if found.list_offer is None else found.list_offer.usd
    own = "" if best.usd_effective is None else " at your own price of a unit"
    if not listed or best.cost == listed:
        told = ", which is the list price." if listed else "; no card has a list price for it."
        return Answer(statement + own + told, "", " ".join(_others(found, best)), "even")
    saving = percent_words(abs(Fraction(best.cost) / Fraction(listed) - 1))
    side, tone = ("below", "under") if best.cost < listed else ("above", "over")
    where = f"the list price of {dollars(listed, places)}."
    return Answer(f"{statement}{own},", f"{saving} {side}", " ".join((where, *_others(found, best))), tone)


def _subject(each: Compared) -> str:
    """Return what was compared: how many requests, or which tokens."""
    found = each.comparison
    if each.traffic is not None:
        return f"your {count(found.requests or 0, 'request')} of {found.model}"
    return basket_words(found) if found.requests is None else f"{count(found.requests, 'request')} of {found.model}"


def _upper(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        return f"{', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _others(found: Comparison, best: Offer) -> Iterator[str]:
    """Tell of the next offer and the dearest, and of who is not priced in full and may cost less."""
    places = places_of(found)
    priced = [each for each in found.offers if each.cost is not None and each.cost != best.cost]
    if priced:
        yield f"Next comes {_at(found, priced[0], places)}" + (
            f"; the dearest is {_at(found, priced[-1], places)}." if priced[-1].cost != priced[0].cost else "."
        )
    perhaps = found.perhaps_cheaper
    if perhaps is not None:
        yield (
            f"{seller_words(found, perhaps.seller)} publishes no price for a part of it, and would cost "
            f"{bounds_words(perhaps, places)}: less, whatever that part costs up to plain input or its list price."
        )
    elif unknown := [each for each in found.offers if each.cost is None]:
        yield f"{_listed([seller_words(found, each.seller) for each in unknown])}: not priced in full, so not ranked."


def _at(found: Comparison, each: Offer, places: int) -> str:
    return f"{seller_words(found, each.seller)} at {bounds_words(each, places)}"


def _bounded(found: Comparison) -> Iterator[str]:
    known = [each for each in found.offers if each.high is not None]
    if known:
        least = min(known, key=lambda each: each.high or Decimal(0))
        yield f"The lowest that is bounded is {_at(found, least, places_of(found))}."


def left_out(report: VendorsReport) -> tuple[LeftOut, ...]:
    """Return what the ledger holds and no total here does, in plain words."""
    ledger = f"--ledger {shlex.quote(report.ledger_name)}"
    parts = [*_ended(report), *_not_compared(report.others, ledger)]
    if report.rejects:
        parts.append(LeftOut(f"{count(report.rejects, 'record')}: rejected when read", f"tallystick rejects {ledger}"))
    if report.conflicts:
        told = f"{count(report.conflicts, 'record')}: the id stands for other money or other usage already"
        parts.append(LeftOut(told, f"tallystick conflicts {ledger}"))
    return tuple(parts)


def _ended(report: VendorsReport) -> Iterator[LeftOut]:
    for ending in dict.fromkeys(ending for each in report.models for ending in each.left_out):
        requests = sum(each.left_out.get(ending, 0) for each in report.models)
        yield LeftOut(f"{count(requests, 'request')}: {_ENDINGS.get(ending, ending)}")


def _not_compared(others: Sequence[ModelTraffic], ledger: str) -> Iterator[LeftOut]:
    """Tell of models that are not on the page, by why not."""
    more = [each for each in others if each.is_comparable]
    alone = [each for each in others if each.is_known and not each.is_comparable]
    unknown = [each for each in others if not each.is_known]
    if more:
        command = f"tallystick report vendors {ledger} --model {shlex.quote(more[0].model)}"
        yield LeftOut(f"{_requests(more)} of {_names(more)}: less was spent on these", command)
    if alone:
        yield LeftOut(f"{_requests(alone)} of {_names(alone)}: one vendor alone sells it")
    if unknown:
        yield LeftOut(f"{_requests(unknown)} of {_names(unknown)}: no rate card names it; `--map` takes it for another")


def _requests(models: Sequence[ModelTraffic]) -> str:
    return count(sum(each.requests for each in models), "request")


def _names(models: Sequence[ModelTraffic]) -> str:
    return _listed([each.model for each in models])
