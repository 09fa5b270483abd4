"""What vendors claim on their pages, and what it is worth by what their cards and the list prices say."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from pricing.amounts import digits
from pricing.claims import CheckedClaim
from pricing.comparison import Comparison
from pricing.offers import Offer
from reports import words
from reports.pages.vendors_figures import Keys, percent, percent_words, seller_words
from reports.tables import Cell, Column, Row, Table, text

#: The sign beside each verdict, so that no colour has to tell it, and how verdicts are sorted.
_VERDICTS = {
    "true": ("\N{CHECK MARK} True", "1"),
    "partly": ("\N{CIRCLE WITH LEFT HALF BLACK} Partly", "2"),
    "false": ("\N{MULTIPLICATION X} False", "3"),
    "unknown": ("? Not known", "4"),
}


def claims(comparisons: Sequence[Comparison], keys: Keys) -> Table:
    """Return each claim beside what the basket, and each kind in it, saves against the list price."""
    columns = (
        *((Column("Model", style="name"),) if len(comparisons) > 1 else ()), Column("Provider"),
        Column("SKU", style="name"), Column("What it claims", style="sentence"), Column("Claimed, %", is_number=True),
        Column("Computed, %", is_number=True), Column("Verdict", style="severity"),
        Column("What the rates save", style="sentence"), Column("Source", style="note"),
    )  # fmt: skip
    rows = tuple(
        Row(_cells(found, each, with_model=len(comparisons) > 1), keys.under(found.model, each.seller))
        for found in comparisons
        for each in found.claims
    )
    empty = "No vendor of these models claims a saving on the pages that the rate cards were read from."
    return Table("claims", "What vendors claim", columns, rows, empty)


def sentence(comparisons: Sequence[Comparison]) -> str:
    """Say of the largest claim what it is worth, in one sentence; nothing where nobody claims anything."""
    known = [(found, each) for found in comparisons for each in found.claims if best_saving(each) is not None]
    if not known:
        return ""
    found, largest = max(known, key=lambda pair: (pair[1].claim.high_percent, pair[1].claim.low_percent is None))
    best = best_saving(largest) or Fraction(0)
    saved = "no cheaper" if best <= 0 else f"{percent_words(best)} cheaper at the most"
    name = seller_words(found, largest.seller)
    return f"{name} claims “{largest.claim.text}”. By its published rates for {found.model} it is {saved}."


def best_saving(each: CheckedClaim) -> Fraction | None:
    """Return the largest saving that is known, of the basket or of a kind."""
    return max((saving for saving in (each.saving, *each.savings.values()) if saving is not None), default=None)


def _cells(found: Comparison, each: CheckedClaim, *, with_model: bool) -> tuple[Cell, ...]:
    name, order = _VERDICTS[each.verdict]
    return (
        *((text(found.model),) if with_model else ()), text(each.seller.provider), text(each.seller.sku),
        text(each.claim.text), _claimed(each), _computed(found, each),
        Cell(name, each.verdict, "severity", sort=order), text(_reason(each)),
        text(f"{each.source.document}: {each.claim.field}"),
    )  # fmt: skip


def _claimed(each: CheckedClaim) -> Cell:
    high = digits(each.claim.high_percent) or ""
    low = each.claim.low_percent
    return Cell(f"up to {high}" if low is None else f"{digits(low)} to {high}", high)


def _computed(found: Comparison, each: CheckedClaim) -> Cell:
    """Return what the basket saves; where a price is missing, the least and the most that it can."""
    if each.saving is not None:
        return percent(each.saving)
    offer = next(offer for offer in found.offers if offer.seller == each.seller)
    bounds = _bounds(offer, None if found.list_offer is None else found.list_offer.usd)
    if bounds is None:
        return percent(None)
    low, high = bounds
    return Cell(f"{percent(low).text} to {percent(high).text}", "", sort=percent(low).exact)


def _bounds(offer: Offer, listed: Decimal | None) -> tuple[Fraction, Fraction] | None:
    if offer.low is None or offer.high is None or not listed:
        return None
    return 1 - Fraction(offer.high) / Fraction(listed), 1 - Fraction(offer.low) / Fraction(listed)


def _reason(each: CheckedClaim) -> str:
    """Return what each kind saves, those together that save the same."""
    by_saving: dict[Fraction | None, list[str]] = {}
    for kind, saving in each.savings.items():
        by_saving.setdefault(saving, []).append(words.kind(kind))
    parts = [f"{', '.join(kinds)}: {_saved(saving)}" for saving, kinds in by_saving.items()]
    return "; ".join(parts)


def _saved(saving: Fraction | None) -> str:
    if saving is None:
        return "no published price"
    return f"{percent_words(saving)} less" if saving >= 0 else f"{percent_words(-saving)} more"
