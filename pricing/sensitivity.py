"""What decides a ranking: the share of cache reads at which two offers change places, and the kinds that matter most.

All of it is exact: what an offer costs is linear in the share, so two offers cross at most once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from pricing.baskets import counts_of
from pricing.catalog import RatePeriod
from pricing.models import Seller
from pricing.offers import Offer, usd_per_mtok
from pricing.usage import TOKEN_KINDS, UNSPLIT_CACHE_WRITE, TokenKind, Usage

_READ = TokenKind.CACHE_READ.value
_CACHE = (_READ, TokenKind.CACHE_WRITE_5M.value, TokenKind.CACHE_WRITE_1H.value, UNSPLIT_CACHE_WRITE)
_PROMPT = (TokenKind.INPUT.value, *_CACHE)


@dataclass(frozen=True, slots=True)
class Flip:
    """Below that share of cache reads in the prompt the one offer is cheaper, above it the other.

    `is_of_cheapest` tells whether these two are the cheapest there. `assumed` names the sellers that publish no price
    for cached tokens: these were taken at the most that bounds them, the dearer of list price and input rate.
    """

    share: Fraction
    below: Seller
    above: Seller
    is_of_cheapest: bool
    assumed: tuple[Seller, ...]


@dataclass(frozen=True, slots=True)
class Driver:
    """What a kind adds to the difference between the cheapest offer and the next: so many dollars more for the next.

    With `flips_at` times as many tokens of that kind, and all else the same, both cost the same; None if they never do.
    """

    kind: str
    difference: Fraction
    flips_at: Fraction | None


@dataclass(frozen=True, slots=True)
class CostLine:
    """What an offer costs by the share of cache reads: dollars at none at all, and how many more if all of it is one.

    `is_assumed` tells that it publishes no price for cached tokens: these are taken at the most that bounds them.
    """

    seller: Seller
    start: Fraction
    slope: Fraction
    is_assumed: bool

    def at(self, share: Fraction) -> Fraction:
        """Return dollars at that share, from 0 to 1."""
        return self.start + share * self.slope


def flips(offers: Sequence[Offer], usage: Usage, reference: Offer | None = None) -> tuple[Flip, ...]:
    """Return where pairs of offers change places as the share of cache reads goes from none of the prompt to all of it.

    The prompt stays as large; what is not read from a cache is split as it is in `usage`. Offers that leave anything
    but cached tokens unpriced are left out. `reference` is the list price.
    """
    lines = cost_lines(offers, usage, reference)
    return tuple(sorted(_crossings(lines), key=lambda flip: (flip.share, flip.below.name, flip.above.name)))


def cost_lines(offers: Sequence[Offer], usage: Usage, reference: Offer | None = None) -> tuple[CostLine, ...]:
    """Return the same as what each offer costs by the share, in the order of the offers."""
    lines = (_line(offer, usage, reference) for offer in offers)
    return tuple(line for line in lines if line is not None)


def read_share(usage: Usage) -> Fraction:
    """Return which share of the prompt is read from a cache; nothing of no prompt."""
    return Fraction(usage.cache_read, usage.prompt_tokens) if usage.prompt_tokens else Fraction(0)


def next_best(offers: Sequence[Offer]) -> tuple[Offer, Offer] | None:
    """Return the cheapest of offers that come in their order, and the first that costs more; None without these."""
    known = [offer for offer in offers if offer.cost is not None]
    dearer = (offer for offer in known if offer.cost != known[0].cost)
    following = next(dearer, None)
    return None if following is None else (known[0], following)


def drivers(offers: Sequence[Offer]) -> tuple[Driver, ...]:
    """Return what makes the difference between the cheapest offer and the next, the largest part first."""
    pair = next_best(offers)
    if pair is None:
        return ()
    cheap, dear = (_dollars_by_kind(offer) for offer in pair)
    by_kind = {kind: dear.get(kind, Fraction(0)) - cheap.get(kind, Fraction(0)) for kind in cheap | dear}
    total = sum(by_kind.values(), Fraction(0))
    found = [Driver(kind, difference, _flips_at(difference, total)) for kind, difference in by_kind.items()]
    return tuple(sorted(found, key=lambda each: -abs(each.difference)))


def _flips_at(difference: Fraction, total: Fraction) -> Fraction | None:
    if not difference:
        return None
    factor = 1 - total / difference
    return factor if factor >= 0 else None


def _dollars_by_kind(offer: Offer) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for part in offer.parts:
        if part.low is not None:
            found[part.kind] = found.get(part.kind, Fraction(0)) + Fraction(part.low) * _scale(offer)
    return found


def _scale(offer: Offer) -> Fraction:
    """Return what the user's own units cost, to the published price of one."""
    if offer.usd_per_unit_effective is None or not isinstance(offer.period, RatePeriod):
        return Fraction(1)
    published = offer.period.usd_per_unit
    return Fraction(offer.usd_per_unit_effective) / Fraction(published) if published else Fraction(1)


def _crossings(lines: Sequence[CostLine]) -> Iterator[Flip]:
    for one, other in combinations(lines, 2):
        if one.slope == other.slope:
            continue
        share = (one.start - other.start) / (other.slope - one.slope)
        if not 0 < share < 1:
            continue
        below, above = (one, other) if one.start < other.start else (other, one)
        is_cheapest = one.at(share) == min(line.at(share) for line in lines)
        assumed = tuple(line.seller for line in (below, above) if line.is_assumed)
        yield Flip(share, below.seller, above.seller, is_cheapest, assumed)


def _line(offer: Offer, usage: Usage, reference: Offer | None) -> CostLine | None:
    """Return what the offer costs by the share of cache reads; None if it can't be known even with assumptions."""
    counts = counts_of(usage)
    rest = {kind: counts[kind] for kind in _PROMPT if kind != _READ and kind in counts} or {TokenKind.INPUT.value: 1}
    rates = {kind: _rate(offer, kind, reference) for kind in (*rest, _READ)}
    fixed = [part.low if part.reason is None else None for part in offer.parts if part.kind not in _PROMPT]
    if None in fixed or any(rate is None for rate, _ in rates.values()) or not usage.prompt_tokens:
        return None
    per_token = {kind: rate or Fraction(0) for kind, (rate, _) in rates.items()}
    mixed = sum((per_token[kind] * count for kind, count in rest.items()), Fraction(0)) / sum(rest.values())
    start = sum((Fraction(low) for low in fixed if low is not None), Fraction(0)) + mixed * usage.prompt_tokens
    slope = (per_token[_READ] - mixed) * usage.prompt_tokens
    is_assumed = any(assumed for _, assumed in rates.values())
    return CostLine(offer.seller, start * _scale(offer), slope * _scale(offer), is_assumed)


def _rate(offer: Offer, kind: str, reference: Offer | None) -> tuple[Fraction | None, bool]:
    """Return dollars per token of a kind, and whether that is only what bounds it."""
    found, plain = _priced_rate(offer, kind), _priced_rate(offer, TokenKind.INPUT.value)
    if found is not None or plain is None or kind not in _CACHE:
        return found, False
    list_rate = None if reference is None else _priced_rate(reference, kind)
    return max(plain, list_rate or plain), True


def _priced_rate(offer: Offer, kind: str) -> Fraction | None:
    """Return what a token of a kind costs on average in the basket, or on the card if the basket has none."""
    parts = [part for part in offer.parts if part.kind == kind]
    if any(part.reason is not None for part in parts):
        return None
    if parts:
        return sum((Fraction(part.low or 0) for part in parts), Fraction(0)) / sum(part.count for part in parts)
    on_card = usd_per_mtok(offer.period, TokenKind(kind)) if kind in TOKEN_KINDS else None
    return None if on_card is None else Fraction(on_card) / 1_000_000
