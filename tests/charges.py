"""Charges made by a rule of our own, in plain whole numbers: what inference is held against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from billing.ledger import Ledger
from tests.ledgers import OCTOBER

CENT = 10**10
PLAIN = (300_000_000, 1_500_000_000)
FULL = (883_000_000, 4_412_000_000, 89_000_000, 1_103_000_000, 1_765_000_000)
_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


@dataclass(frozen=True, slots=True)
class Rule:
    """How a vendor charges: rates in pico-units per token, and how it rounds."""

    rates: tuple[int, ...]
    mode: str = "down"
    step: int = CENT
    by_component: bool = False

    def charge(self, tokens: Sequence[int]) -> int:
        """Return the charge in pico-units."""
        parts = [count * rate for count, rate in zip(tokens, self.rates, strict=True)]
        return sum(map(self._rounded, parts)) if self.by_component else self._rounded(sum(parts))

    def _rounded(self, amount: int) -> int:
        whole, rest = divmod(amount, self.step)
        more = {"none": 0, "down": 0, "up": int(rest > 0), "half_up": int(2 * rest >= self.step)}[self.mode]
        return amount if self.mode == "none" else (whole + more) * self.step


def requests(seed: int, count: int, kinds: int = 2) -> Iterator[tuple[int, ...]]:
    """Yield tokens of requests as they are: most small, some large, caches now and then."""
    random = Random(seed)  # noqa: S311 - the same ones each time
    for _ in range(count):
        tokens = [int(random.lognormvariate(7.5, 1.3)) + 1, int(random.lognormvariate(6, 1.1)) + 1]
        tokens += [int(random.lognormvariate(9, 1)) if random.random() < 0.4 else 0 for _ in range(kinds - 2)]
        yield tuple(tokens)


def fill(ledger: Ledger, usage: Sequence[tuple[Sequence[int], int]], **fields: object) -> None:
    """Put requests for `model` of `vendor` into the ledger, one every ten seconds: `r1`, `r2` and so on."""
    common: dict[str, object] = {
        "provider": "vendor", "sku": "model", "service_tier": "standard", "web_searches": 0, "cache_write_unsplit": 0,
        "status": "ok", "unit": "credit", "is_snapshot": False, "file_id": 1, "id_hash": 0, **dict.fromkeys(_KINDS, 0),
    }  # fmt: skip
    rows = [
        common
        | {"request_id": f"r{line}", "used_at": OCTOBER + timedelta(seconds=10 * line), "line": line, "charged": taken}
        | dict(zip(_KINDS, tokens, strict=False))
        | fields
        for line, (tokens, taken) in enumerate(usage, 1)
    ]
    ledger.append("usage_records", rows)
