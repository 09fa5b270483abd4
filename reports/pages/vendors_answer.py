"""The answer of the vendors' page at a glance: who is cheapest for each model, and what is in no sum."""

import shlex
from collections.abc import Iterator, Sequence
from operator import itemgetter

from billing.traffic import ModelTraffic
from pricing.comparison import Comparison
from pricing.offers import Offer
from reports import words
from reports.audit_answer import Answer, LeftOut
from reports.comparison_answer import basket_words
from reports.figures import count
from reports.pages.vendors_figures import (
    bounds_words,
    cheapest_to_list,
    dollars,
    percent_words,
    places_of,
    seller_words,
)
from reports.vendors_report import Compared, VendorsReport

_ENDINGS = {
    "failed": "failed, so nothing was used",
    "incomplete": "the stream was cut, so the tokens are a lower bound",
    "charged_again": "charged again for a call that is in the totals already",
}


def answers(report: VendorsReport) -> tuple[Answer, ...]:
    """Return one answer per model, the most spent first."""
    return tuple(_answer(each) for each in report.models) or (Answer(_nothing(report), "", "", "even"),)


def _nothing(report: VendorsReport) -> str:
    """Say why no model is on the page."""
    if not report.others:
        return f"There is no request to compare. {words.held(report.held)}"
    if any(each.providers > 1 for each in report.others):
        why = "all requests of models that more than one vendor sells failed or were cut"
    else:
        why = "no model of these requests is sold by more than one vendor"
    return f"There is nothing to compare: {why}."


def details(each: Compared) -> str:
    """Return who comes next, and who is not priced in full and may cost less."""
    return " ".join(_others(each.comparison))


def _answer(each: Compared) -> Answer:
    found = each.comparison
    best, places = found.cheapest, places_of(found)
    subject = _subject(each)
    if best is None or best.cost is None:
        return Answer(f"No vendor publishes every price that {subject} need.", "", _spent(each, places), "even")
    own = "" if best.usd_effective is None else " at your own price of a unit"
    whole = _upper(subject if each.traffic is None else f"all at one vendor, {subject}")
    statement = f"{_lead(found, whole, places)}: {dollars(best.cost, places)}{own}"
    ratio, listed = cheapest_to_list(found), None if found.list_offer is None else found.list_offer.usd
    if ratio is None or listed is None:
        none = "no card has a list price for it" if found.list_offer is None else "its list price is not known in full"
        return Answer(f"{statement}; {none}.", "", _spent(each, places), "even")
    if ratio == 1:
        return Answer(f"{statement}, which is the list price.", "", _spent(each, places), "even")
    side, tone = ("below", "under") if ratio < 1 else ("above", "over")
    where = f"the list price of {dollars(listed, places)}. {_spent(each, places)}"
    return Answer(f"{statement},", f"{percent_words(abs(1 - ratio))} {side}", where.strip(), tone)


def _lead(found: Comparison, whole: str, places: int) -> str:
    """Name the cheapest with all prices; before them those that cost less in any case, though not all has a price.

    It is not said that these cost least: of another one, what has no price may cost next to nothing.
    """
    less, names = surely_cheaper(found), cheapest_names(found)
    if not less or less[0].high is None:
        return f"{whole} would cost least at {words.listed(names)}"
    most = less[0].high
    where = words.listed([seller_words(found, each.seller) for each in less if each.high == most])
    told = f"{whole} would cost at most {dollars(most, places)} at {where}, where not all of it has a price."
    cost = "costs" if len(names) == 1 else "cost"
    return f"{told} Of those with all prices, {words.listed(names)} {cost} least"


def cheapest_names(found: Comparison) -> list[str]:
    """Return all who sell at the lowest known price."""
    return [seller_words(found, each.seller) for each in found.all_cheapest]


def _spent(each: Compared, places: int) -> str:
    """Say what was spent on it as it was bought."""
    if each.traffic is None or not each.traffic.requests > each.traffic.unknown:
        return ""
    unknown = f", not counting {each.traffic.unknown:,} of unknown cost" if each.traffic.unknown else ""
    return f"As you bought them they cost {dollars(each.traffic.spent, places)}{unknown}."


def _subject(each: Compared) -> str:
    """Return what was compared: how many requests, or which tokens."""
    found = each.comparison
    if each.traffic is not None:
        return f"your {count(found.requests or 0, 'request')} of {found.model}"
    return basket_words(found) if found.requests is None else f"{count(found.requests, 'request')} of {found.model}"


def _upper(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _others(found: Comparison) -> Iterator[str]:
    best = None if found.cheapest is None else found.cheapest.cost
    places = places_of(found)
    priced = [each for each in found.offers if each.cost is not None and each.cost != best]
    if priced:
        dearest = f"; the dearest is {_at(found, priced[-1], places)}" if priced[-1].cost != priced[0].cost else ""
        yield f"Next comes {_at(found, priced[0], places)}{dearest}."
    less, perhaps = surely_cheaper(found), perhaps_cheaper(found)
    for each in less:
        yield f"{_name(found, each)} is not priced in full and costs less in any case: {bounds_words(each, places)}."
    for each in perhaps:
        yield f"{_name(found, each)} is not priced in full and may cost less: {bounds_words(each, places)}."
    rest = [each for each in found.offers if each.cost is None and each not in (*less, *perhaps)]
    if rest:
        names = words.listed([seller_words(found, each.seller) for each in rest])
        yield f"Not priced in full, so in no rank: {names}."


def surely_cheaper(found: Comparison) -> list[Offer]:
    """Return the offers not priced in full that cost less than the cheapest even at the most, the least first."""
    best = None if found.cheapest is None else found.cheapest.cost
    bounded = [(each.high, each) for each in found.offers if each.cost is None and each.high is not None]
    return [each for high, each in sorted(bounded, key=itemgetter(0)) if best is not None and high < best]


def perhaps_cheaper(found: Comparison) -> list[Offer]:
    """Return the offers that cost less than the cheapest at the least, but not at the most or nobody knows.

    Of those without any price nothing is known, so that is said of none of them.
    """
    best = None if found.cheapest is None else found.cheapest.cost
    less = surely_cheaper(found)
    bounded = [
        (each.low, each) for each in found.offers
        if each.cost is None and each.low is not None and each.priced_share and each not in less
    ]  # fmt: skip
    return [each for low, each in sorted(bounded, key=itemgetter(0)) if best is not None and low < best]


def _at(found: Comparison, each: Offer, places: int) -> str:
    return f"{_name(found, each)} at {bounds_words(each, places)}"


def _name(found: Comparison, each: Offer) -> str:
    return seller_words(found, each.seller)


def left_out(report: VendorsReport) -> tuple[LeftOut, ...]:
    """Return what the ledger holds and no total here does, in plain words."""
    ledger = f"--ledger {shlex.quote(report.ledger_name)}"
    parts = [*_ended(report), *_not_compared(report)]
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


def _not_compared(report: VendorsReport) -> Iterator[LeftOut]:
    """Tell of models that are not on the page, by why not."""
    others = report.others
    more = [each for each in others if each.is_comparable]
    unused = [each for each in others if each.providers > 1 and not each.whole]
    alone = [each for each in others if each.providers == 1]
    unknown = [each for each in others if not each.is_known]
    if more:
        command = ["tallystick", "report", "vendors", "--ledger", report.ledger_name, *report.options]
        command += ["--model", more[0].model]
        yield LeftOut(f"{_requests(more)} of {_names(more)}: less was spent on these", shlex.join(command))
    if unused:
        told = f"{_requests(unused)} of {_names(unused)}: all failed or were cut, so nothing is known to be used"
        yield LeftOut(told)
    if alone:
        yield LeftOut(f"{_requests(alone)} of {_names(alone)}: one vendor alone sells it")
    if unknown:
        yield LeftOut(f"{_requests(unknown)} of {_names(unknown)}: no rate card names it; `--map` takes it for another")


def _requests(models: Sequence[ModelTraffic]) -> str:
    return count(sum(each.requests for each in models), "request")


def _names(models: Sequence[ModelTraffic]) -> str:
    return words.listed([each.model for each in models])
