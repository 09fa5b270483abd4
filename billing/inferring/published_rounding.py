"""Which rounding rule the charges show where the published rates are believed: each rule is rated, and that is all."""

from dataclasses import dataclass, replace
from decimal import Decimal

from billing.errors import TooFewChargesError
from billing.inferring.evidence import Evidence
from billing.inferring.rounding_rules import MODES, Rule, rules
from billing.inferring.sold import lay_sold, names_of, steps_of, too_few
from billing.ledger import Ledger
from billing.rating import Selection, lay_rates
from pricing.catalog import Catalog
from pricing.rates import RateCard
from pricing.rounding import Mode, Rounding, Scope
from pricing.usage import STANDARD_TIER

#: So many requests are named that a rule does not give.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class RatedRule:
    """A rounding rule with the published rates: how many of the requests it gives, and the first that it does not."""

    mode: Mode
    step: Decimal | None
    scope: Scope
    requests: int
    explains: int
    contradicted_by: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`explains` if it gives every charge, else `refuted`."""
        return "explains" if self.explains == self.requests else "refuted"


def rated_rules(
    ledger: Ledger, catalog: Catalog, selection: Selection, sku: str | None = None
) -> tuple[RatedRule, ...]:
    """Rate the selected requests of a provider, or of one of its SKUs, by its published rates under each rounding rule.

    Raise UnknownNameError if the ledger holds none of them, and TooFewChargesError if no charge can be checked.
    """
    provider = selection.provider or ""
    sku_id, names = names_of(ledger, catalog, provider, sku)
    unit, excluded = lay_sold(ledger, selection, names, STANDARD_TIER)
    found = []
    step = _step(ledger, unit)
    components = (Rule(mode, step, "component") for mode in MODES[1:])
    for rule in (Rule(), *rules(step), *components):
        rounding = rule.rounding()
        rating = lay_rates(ledger, _with_rounding(catalog, provider, rounding), selection)
        ((requests, missed),) = zip(*rating.query("audited", "rounding_checked").to_pydict().values(), strict=True)
        if not requests:
            raise TooFewChargesError(too_few(f"{provider} {sku_id}".rstrip(), excluded))
        names_missed = rating.query("audited", "rounding_missed", rows=_NAMED).to_pydict()["request_id"]
        explains = requests - int(missed)
        found.append(RatedRule(rule.mode, rounding.step, rule.scope, requests, explains, tuple(names_missed)))
    return tuple(found)


def _step(ledger: Ledger, unit: str) -> int:
    """Return the finer of the steps that charges with a time and charges without one show."""
    laid = (Evidence.laid(ledger, {"unit": unit, "untimed": untimed}) for untimed in (False, True))
    return min((steps_of(each)[-1] for each in laid if each.spread.requests), default=1)


def _with_rounding(catalog: Catalog, provider: str, rounding: Rounding) -> Catalog:
    """Return the catalog with that rounding rule on every rate of a provider."""
    cards = (_rounded(card, rounding) if card.provider == provider else card for card in catalog.cards)
    return replace(catalog, cards=tuple(cards))


def _rounded(card: RateCard, rounding: Rounding) -> RateCard:
    skus = tuple(
        sku.model_copy(update={"rates": tuple(block.model_copy(update={"rounding": rounding}) for block in sku.rates)})
        for sku in card.skus
    )
    return card.model_copy(update={"skus": skus})
