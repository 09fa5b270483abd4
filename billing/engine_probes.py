"""Probes: whether an engine computes as exactly as money asks for, told by what it does and not by what it is called.

An engine may say that it is strict, or be of a name that is trusted, and still wrap whole numbers of 64 bits. So before
anything is asked of it, it is given what must not come out, and what must come out to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from billing.engine import Engine
from billing.errors import EngineError, RefusedEngineError

_MOST = 2**63 - 1
_NINES = Decimal(10**38 - 1)
_AT = datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC)

#: What every probe reads: values that come from a table can't be folded by whoever plans the query.
_ROW: Final[Mapping[str, object]] = {
    "number": 1, "most": _MOST, "least": -(2**63), "tokens": 10**15 + 7, "rate": 10**15 - 11, "step": 10**10,
    "used_at": _AT, "name": "b", "nothing": None, "tags": '{"of_request":"r 1"}',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Probe:
    """An expression over sql/probes.sql, and its one right value; None if it has none and must be refused."""

    fault: str
    """What an engine does that gives anything else."""
    expression: str
    right: object


PROBES: Final = (
    Probe("wraps sums of 64-bit whole numbers", "most + number", None),
    Probe("wraps differences of 64-bit whole numbers", "least - number", None),
    Probe("wraps products of 64-bit whole numbers", "tokens * rate", None),
    Probe("cuts what does not fit 64 bits", "CAST(CAST(most AS DECIMAL(38,0)) + number AS BIGINT)", None),
    Probe("lets a sum of decimals overflow", f"SUM(CAST({_NINES} AS DECIMAL(38,0)))", None),
    Probe(
        "lets a product of decimals overflow",
        f"MAX(CAST({_NINES} AS DECIMAL(38,0)) * CAST(step AS DECIMAL(38,0)))", None,
    ),
    Probe(
        "rounds products of decimals", "CAST(tokens AS DECIMAL(19,0)) * CAST(rate AS DECIMAL(18,0))",
        Decimal((10**15 + 7) * (10**15 - 11)),
    ),
    Probe("rounds sums of decimals", "SUM(CAST(most AS DECIMAL(38,0)))", Decimal(3 * _MOST)),
    Probe(
        "cuts to a step otherwise",
        "CAST(tokens AS DECIMAL(38,0)) * CAST(1 AS DECIMAL(19,0)) - tokens % step", Decimal(10**15),
    ),
    Probe("cuts what is below zero otherwise", "(0 - tokens) % step", -7),
    Probe("loses microseconds", "epoch_us(used_at)", 1_793_491_199_999_999),
    Probe("counts days in another zone than UTC", "CAST(used_at AS DATE)", date(2026, 10, 31)),
    Probe("takes the unknown for the greatest", "GREATEST(nothing, number)", 1),
    Probe("does not tell capitals from small letters", "name = 'B'", False),  # noqa: FBT003 - the value of an expression
    Probe("does not read a member of JSON", "json_extract_string(tags, '$.of_request')", "r 1"),
)  # fmt: skip


def probe(engine: Engine) -> None:
    """Try what has one right answer or none. Raise RefusedEngineError that names what the engine gets wrong."""
    engine.lay("probes", [{**_ROW, "number": 1}] * 3)
    faults = [each.fault for each in PROBES if not _is_right(engine, each)]
    if faults:
        raise RefusedEngineError(
            f"{engine.path}: this engine {' and '.join(faults)}; amounts would be wrong, so it is not used"
        )


def _is_right(engine: Engine, tried: Probe) -> bool:
    """Tell whether the engine gives the right value of all rows, or refuses what has none."""
    try:
        found = {value for (value,) in engine.rows(f"SELECT {tried.expression} AS found FROM probes")}  # noqa: S608 - ours
    except EngineError:
        return tried.right is None
    return tried.right is not None and found == {tried.right}
