"""The audit as a value: what was charged, what the card in force says, and what differs.

Amounts are exact decimals in the unit of the row; None where it can't be known.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

VERDICTS = (
    "matched", "overcharged", "undercharged", "unpriced", "unreported", "charged_failure", "failed", "incomplete",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over some requests, in one unit.

    `charged - expected = variance` holds over the `checked` requests: those whose charge and expected charge are both
    known. What refunds give back of those charges is `refunded`; it is shown beside them and taken out of none. What
    else was charged is `charged_unchecked`; what is expected of requests that report no charge is
    `expected_unreported`.
    """

    requests: int
    checked: int
    charged: Decimal
    refunded: Decimal
    expected: Decimal
    variance: Decimal
    charged_unchecked: Decimal
    expected_unreported: Decimal


@dataclass(frozen=True, slots=True)
class UnitTotals(Sums):
    """The sums of one unit."""

    unit: str
    usd: Decimal | None
    """The variance in dollars at the value of the unit on each day; None if that is unknown for any of it."""
    priced_share: Decimal
    """Requests with an expected charge over all that used tokens, cut to 4 decimal places."""
    refunds_unclaimed: Decimal
    """Refunds of the selected time that no charge in the ledger is left for: in no other figure."""


@dataclass(frozen=True, slots=True)
class SkuLine(Sums):
    """The sums of one SKU."""

    provider: str | None
    sku: str
    unit: str | None
    verdicts: dict[str, int]


@dataclass(frozen=True, slots=True)
class DayLine:
    """The checked sums of one UTC day in one unit."""

    day: date
    unit: str
    provider: str
    sku: str
    requests: int
    charged: Decimal
    expected: Decimal
    variance: Decimal


@dataclass(frozen=True, slots=True)
class SkuDay(Sums):
    """Everything of one SKU on one UTC day while its unit had one value: what a page adds up under any filter.

    `spend` is what was charged and not given back; of requests that report no charge, what is expected.
    """

    day: date | None
    """None for requests whose log tells no time."""
    provider: str | None
    sku: str
    unit: str | None
    usd_per_unit: Decimal | None
    """What one of the unit was worth in dollars; None if that is unknown."""
    wrong: int
    """Requests charged otherwise than the card says, beyond tolerance."""
    used: int
    """Requests that did not fail."""
    unknown: int
    """Of these, those that have neither a charge nor a price: they are in no amount."""
    spend: Decimal
    cost: Decimal
    """The part of the spend that is of requests that did not fail."""


@dataclass(frozen=True, slots=True)
class FindingDay:
    """The part of a finding that is of one UTC day while the unit had one value."""

    finding: str
    day: date | None
    usd_per_unit: Decimal | None
    requests: int
    variance: Decimal


@dataclass(frozen=True, slots=True)
class Finding:
    """A class of variance with its rows, cause, amount and evidence."""

    id: str
    rule: str
    verdict: str
    provider: str | None
    sku: str
    requests: int
    charged: Decimal
    refunded: Decimal
    """What refunds gave back of these charges."""
    expected: Decimal
    variance: Decimal
    unit: str
    usd: Decimal | None
    cause: str
    evidence: str
    """`exact`: there are requests whose charge this cause alone gives, to the last digit, or whose record tells it;
    `tie`: other causes give all of these charges too, and this is the most telling or the simplest; `inferred`: it is
    told by the size alone."""
    ties: int
    """The requests whose charge other causes give too."""
    tied_with: tuple[str, ...]
    """The rules of those causes."""
    pattern: str
    """`systematic` if it is in nearly all requests that could show it from the first to the last, else `sporadic`."""
    share: Decimal
    """Of those requests, cut to 4 decimal places."""
    first_at: datetime | None
    last_at: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Usage that can't be priced or checked, and why: the reason, the SKU, and how much of it there is."""

    reason: str
    provider: str | None
    sku: str
    requests: int
    tokens: int
    charged: Decimal | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that the audit of a stretch of time says. Rows come in a fixed order."""

    catalog_version: str
    catalog_digest: str
    input_digest: str
    """Over the digests of all files in the ledger, sorted."""
    first_at: datetime | None
    last_at: datetime | None
    untimed: int
    """Requests whose log tells no time; they are in no month."""
    tolerance: Decimal
    totals: tuple[UnitTotals, ...]
    verdicts: dict[str, int]
    skus: tuple[SkuLine, ...]
    days: tuple[DayLine, ...]
    sku_days: tuple[SkuDay, ...]
    findings: tuple[Finding, ...]
    finding_days: tuple[FindingDay, ...]
    gaps: tuple[Gap, ...]
    conflicts: int
    """Selected requests that are in no total, for their id was taken by others."""
    rejects: int
    """Records of all logs that were not taken: of what provider and time they are is not known."""
    held: tuple[date, ...] = ()
    """Where no request is selected, the first days of the months that the ledger holds requests of."""

    @property
    def is_empty(self) -> bool:
        """Whether no request is selected."""
        return not any(self.verdicts.values())

    @property
    def has_variance(self) -> bool:
        """Whether any variance is beyond tolerance."""
        return any(self.verdicts.get(name) for name in ("overcharged", "undercharged", "charged_failure"))

    @property
    def is_partial(self) -> bool:
        """Whether something that was used is in no total."""
        return bool(self.gaps or self.conflicts or self.rejects)


@dataclass(frozen=True, slots=True)
class AuditedRequest:
    """One request beside its card: the amounts, the verdict and where it stands."""

    request_id: str
    provider: str | None
    sku: str
    at: datetime | None
    status: str
    service_tier: str
    tokens: dict[str, int]
    """Tokens per kind, and `cache_write_unsplit`."""
    web_searches: int
    unknown_fields: tuple[str, ...]
    charged: Decimal | None
    exact: Decimal | None
    expected: Decimal | None
    variance: Decimal | None
    unit: str | None
    verdict: str
    reason: str | None
    """Why the expected charge is unknown."""
    project: str | None
    path: str
    line: int
    is_repeat: bool = False
    """Whether it is charged for a call that another request was charged for before."""
    error: str | None = None
    """Of a failed request the HTTP status, code and type that the log tells."""
    refunded: Decimal = Decimal(0)
    """What refunds give back of its charge."""
    finding: str | None = None
    """The id of the finding it belongs to."""
    cause: str | None = None
    """The rule of that finding."""
