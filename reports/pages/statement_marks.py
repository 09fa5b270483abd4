"""What the filter bar of a statement knows rows by, and what its accounts and kinds are called."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from billing.invoicing.reconciliation import Reconciliation
from billing.months.statement import Line, ProviderStatement, SkuStatement, Statement
from pricing.usage import STANDARD_TIER
from reports import words
from reports.figures import count, unit_name
from reports.pages.statement_figures import Account, StatementFigures

NOBODY = "unknown provider"


@dataclass(frozen=True, slots=True)
class Marks:
    """The number of each provider, and of each provider's SKU, on this page."""

    providers: Mapping[str | None, int]
    skus: Mapping[tuple[str | None, str], int]

    @classmethod
    def of(cls, found: Statement, reconciliations: Iterable[Reconciliation] = ()) -> Self:
        """Give everything that the page names a number, in a fixed order."""
        skus = set(_named(found, reconciliations))
        order = sorted(skus, key=lambda key: (key[0] or "", key[1]))
        providers = sorted({provider for provider, _ in skus}, key=lambda name: (name is None, name or ""))
        return cls({name: nth for nth, name in enumerate(providers)}, {key: nth for nth, key in enumerate(order)})

    def sku(self, provider: str | None, sku: str) -> Mapping[str, Sequence[str]]:
        """Return the filters that a row of a SKU is shown under."""
        return {"provider": (str(self.providers[provider]),), "sku": (str(self.skus[provider, sku]),)}

    def provider(self, provider: str | None) -> Mapping[str, Sequence[str]]:
        """Return the filters that a row of a provider is shown under; a SKU's figures take the place of its own."""
        return {"provider": (str(self.providers[provider]),)}

    def whole(self, provider: str | None) -> Mapping[str, Sequence[str]]:
        """Return those of a row that is a sum over all SKUs of a provider, and hidden where one is chosen."""
        return {"provider": (str(self.providers[provider]),), "sku": ()}


def _named(found: Statement, reconciliations: Iterable[Reconciliation]) -> Iterator[tuple[str | None, str]]:
    yield from ((each.provider, each.sku) for each in found.skus)
    yield from ((each.provider, each.sku) for each in found.list_prices)
    yield from ((each.provider, each.sku) for each in found.change.lines)
    for one in reconciliations:
        yield from ((one.invoice.provider, line.sku) for line in one.lines if line.sku is not None)


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement with what is shown of its amounts, and what its rows are known by."""

    found: Statement
    figures: StatementFigures
    marks: Marks

    @classmethod
    def of(cls, found: Statement, reconciliations: Iterable[Reconciliation] = ()) -> Self:
        """Round and number everything once."""
        return cls(found, StatementFigures.of(found), Marks.of(found, reconciliations))

    def skus(self, account: Account) -> list[SkuStatement]:
        """Return the SKUs of an account."""
        return [sku for sku in self.found.skus if (sku.provider, sku.unit) == account]


def accounts(found: Statement) -> list[ProviderStatement]:
    """Return the accounts of a statement, those with the largest spend first and those of unknown spend last."""
    return sorted(found.providers, key=lambda each: (each.sums.is_unknown, -(each.sums.usd or each.sums.spend)))


def first_days(found: Statement) -> str:
    """Say which days of the month before a month that is not over is held against."""
    change = found.change
    days = (change.before_to - change.before_from).days
    name = f"{change.before_from:%B}"
    return f"on the first day of {name}" if days == 1 else f"in the first {count(days, 'day')} of {name}"


def provider_name(provider: str | None) -> str:
    """Return a provider's name."""
    return NOBODY if provider is None else provider


def in_unit(unit: str | None) -> str:
    """Return a unit for headings: `credits`, `USD`; of an account that nobody was charged in, `no unit`."""
    return "no unit" if unit is None else unit_name(unit)


def account_name(account: Account) -> str:
    """Return what an account is called: `vendor, in credits`."""
    return f"{provider_name(account[0])}, in {in_unit(account[1])}"


def kind(line: Line) -> str:
    """Return the kind of a line, with the tier of its rate where that is not the usual one."""
    tier = "" if line.service_tier == STANDARD_TIER else f"service tier {line.service_tier}"
    above = "" if line.prompt_above is None else f"prompts above {line.prompt_above:,} tokens"
    return ", ".join(filter(None, (words.kind(line.kind), tier, above)))
