"""The answer of a comparison in plain sentences: who is cheapest, beside the list price, and what is not known."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter

from pricing.amounts import digits
from pricing.baskets import counts_of
from pricing.claims import CheckedClaim
from pricing.comparison import Comparison
from pricing.offers import Offer, Part
from reports import words
from reports.figures import UNKNOWN, count, decimal, exactly

_PLACES = 3


def answer(comparison: Comparison) -> str:
    """Return what was compared, the cheapest offer, the list price, and who has no known price."""
    return " ".join(_sentences(comparison))


def basket_words(comparison: Comparison) -> str:
    """Return what was compared, such as `1,000 input and 20 output tokens of claude-sonnet-4-6`."""
    used = [f"{number:,} {kind_words(kind)}" for kind, number in counts_of(comparison.usage).items()]
    listed = ", ".join(used[:-1]) + f" and {used[-1]}" if len(used) > 1 else "".join(used)
    told = "" if comparison.requests is None else f" in {count(comparison.requests, 'request')}"
    return f"{listed} tokens{told} of {comparison.model}"


def unpriced_words(part: Part) -> str:
    """Return what has no price, why, and what bounds it."""
    if part.assumed is None or part.high is None:
        return f"{kind_words(part.kind)}: {part.reason}"
    return f"{kind_words(part.kind)}: {part.reason}, at most {exactly(part.high, 'USD')} at the {part.assumed}"


def kind_words(kind: str) -> str:
    """Return the name of a kind as people read it, such as `cache read`."""
    return kind.replace("_", " ")


def _sentences(comparison: Comparison) -> Iterator[str]:
    best, basket = comparison.cheapest, basket_words(comparison)
    if best is None:
        yield f"Nobody publishes every price that {basket} need."
    else:
        whole = " with all prices" if any(each.cost is None for each in comparison.offers) else ""
        are = "is" if len(comparison.all_cheapest) == 1 else "are"
        yield f"{basket}: the cheapest{whole} {are} {_priced(comparison.all_cheapest)}{_beside_list(comparison)}."
        yield from _perhaps_less(comparison, best.cost)
    if unknown := [each for each in comparison.offers if each.cost is None]:
        yield f"Not fully priced: {', '.join(_bounded(each) for each in unknown)}."


def _priced(cheapest: Sequence[Offer]) -> str:
    names = words.listed([each.seller.name for each in cheapest])
    own = " at your own price of a unit" if any(each.usd_effective is not None for each in cheapest) else ""
    return f"{names} at {_dollars(cheapest[0].cost)}{own}"


def _dollars(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else exactly(amount, "USD")


def _perhaps_less(comparison: Comparison, least: Decimal | None) -> Iterator[str]:
    """Tell of offers without a price for all that cost less in any case, or would if no cache were used."""
    offer = comparison.perhaps_cheaper
    if offer is not None and offer.high is not None:
        most = _dollars(offer.high)
        yield f"{offer.seller.name} costs less, even at the most that is assumed of its missing prices: {most}."
        least = offer.high
    whole = [(each.usd_uncached, each) for each in comparison.offers if each.usd_uncached is not None]
    usd, offer = min(whole, key=itemgetter(0), default=(None, None))
    if offer and usd is not None and least is not None and usd < least:
        yield f"Without a cache {offer.seller.name} would cost {_dollars(usd)}, which is less."


def _beside_list(comparison: Comparison) -> str:
    """Hold the cheapest against the list price, at the published price of a unit."""
    reference, best = comparison.list_offer, comparison.all_cheapest
    if reference is None or reference.usd is None:
        return "; no card has a list price for it"
    if any(each.seller.is_list for each in best):
        return ", which is the list price"
    (ratio, *others) = {each.ratio_to_list for each in best}
    if ratio is None or others:
        return ""
    own = "; at its published price," if any(each.usd_effective is not None for each in best) else ","
    return f"{own} {_plain(ratio)} x the list price of {exactly(reference.usd, 'USD')} ({reference.seller.name})"


def _bounded(offer: Offer) -> str:
    if offer.low is None:
        return offer.seller.name
    least = exactly(offer.low, "USD")
    most = f"at least {least}" if offer.high is None else f"{least} to {exactly(offer.high, 'USD')}"
    return f"{offer.seller.name} ({most})"


def claim_words(checked: CheckedClaim) -> str:
    """Return what each kind saves against its list price."""
    return ", ".join(f"{kind_words(kind)}: {_saving(saving)}" for kind, saving in checked.savings.items())


def _saving(saving: Fraction | None) -> str:
    return "unpublished" if saving is None else f"{_plain(saving * 100)} %"


def _plain(value: Fraction) -> str:
    return digits(decimal(value, _PLACES)) or ""
