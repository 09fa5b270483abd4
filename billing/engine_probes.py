"""Probes: whether an engine computes as exactly as money asks for, told by what it does and not by what it is called.

An engine may say that it is strict, or be of a name that is trusted, and still wrap whole numbers of 64 bits. So before
anything is asked of it, it is given what must not come out, and what must come out to the last digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from billing.engine import Engine
from billing.errors import EngineError, RefusedEngineError
from billing.queries import statement

_MOST = 2**63 - 1
_NINES = Decimal(10**38 - 1)
_AT = datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC)

#: The values of sql/probes.sql.
_VALUES: Final[Mapping[str, object]] = {
    "most": _MOST, "least": -_MOST, "tokens": 10**15 + 7, "rate": 10**15 - 11, "step": 10**10, "used_at": _AT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Probe:
    """An expression over sql/probes.sql, and its one right value; None if it has none and must be refused."""

    fault: str
    """What an engine does that gives anything else."""
    expression: str
    right: object


ARITHMETIC: Final = (
    Probe("wraps sums of 64-bit whole numbers", "MAX(most + number)", None),
    Probe("wraps differences of 64-bit whole numbers", "MAX(least - number - number)", None),
    Probe("wraps products of 64-bit whole numbers", "MAX(tokens * rate)", None),
    Probe("cuts what does not fit 64 bits", "MAX(CAST(CAST(most AS DECIMAL(38,0)) + number AS BIGINT))", None),
    Probe("lets a sum of decimals overflow", f"SUM(CAST({_NINES} AS DECIMAL(38,0)))", None),
    Probe(
        "lets a product of decimals overflow",
        f"MAX(CAST({_NINES} AS DECIMAL(38,0)) * CAST(step AS DECIMAL(38,0)))", None,
    ),
    Probe(
        "rounds products of decimals", "MAX(CAST(tokens AS DECIMAL(19,0)) * CAST(rate AS DECIMAL(18,0)))",
        Decimal((10**15 + 7) * (10**15 - 11)),
    ),
    Probe("rounds sums of decimals", "SUM(CAST(most AS DECIMAL(38,0)))", Decimal(3 * _MOST)),
    Probe(
        "cuts to a step otherwise",
        "MAX(CAST(tokens AS DECIMAL(38,0)) * CAST(1 AS DECIMAL(19,0)) - tokens % step)", Decimal(10**15),
    ),
    Probe("cuts what is below zero otherwise", "MAX((0 - tokens) % step)", -7),
    Probe("counts days in another zone than UTC", "MAX(CAST(used_at AS DATE))", date(2026, 10, 31)),
    Probe("takes the unknown for the greatest", "MAX(GREATEST(nothing, number))", 1),
    Probe("does not tell capitals from small letters", "MAX(name = 'B')", False),  # noqa: FBT003 - an expression's value
)  # fmt: skip
#: The functions that each engine is given by words of its own.
FUNCTIONS: Final = (
    Probe("loses microseconds", "MAX(epoch_us(used_at))", 1_793_491_199_999_999),
    Probe("does not read a member of JSON", "MAX(json_extract_string(tags, '$.of_request'))", "r 1"),
    Probe("does not put numbers in order", "in_order(array_agg(CAST(CAST(number AS STRING) AS INTEGER)))", "1,1,1"),
)


def probe(engine: Engine, probes: Sequence[Probe]) -> None:
    """Try what has one right answer or none. Raise RefusedEngineError that names what the engine gets wrong."""
    known = [each for each in probes if each.right is not None]
    tried = [each for each in probes if each.right is None]
    if _answers(engine, known) != [each.right for each in known]:
        tried += known  # one by one, to tell which
    faults = [
        each.fault for each in tried if _answers(engine, [each]) != (None if each.right is None else [each.right])
    ]
    if faults:
        raise RefusedEngineError(
            f"{engine.path}: this engine {' and '.join(faults)}; amounts would be wrong, so it is not used"
        )


def _answers(engine: Engine, probes: Sequence[Probe]) -> list[object] | None:
    """Return what the engine makes of these expressions, None if it refuses any of them."""
    asked = ", ".join(f"{each.expression} AS found_{number}" for number, each in enumerate(probes))
    try:
        (found,) = engine.rows(f"WITH probes AS ({statement('probes')}) SELECT {asked} FROM probes", _VALUES)  # noqa: S608 - ours
    except EngineError:
        return None
    return list(found)
