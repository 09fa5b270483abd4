"""How long one request takes in Python: ours beside those of other libraries, where they are installed.

Each rates the same requests by its own price of one well-known model. `pip install --group bench` brings them.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

from pricing.calculator import rate
from pricing.catalog import RatePeriod, load_catalog
from pricing.prepared import prepared
from pricing.usage import Usage
from tests.bench.cost import cost
from tests.bench.tables import Bound, bounds_table, table

_MODEL = "gpt-4o"
_REQUESTS = [(n * 7_919 % 4_001 + 1, n * 104_729 % 2_003 + 1) for n in range(20_000)]

Calculator = Callable[[int, int], object]


def ours() -> Calculator:
    """Return our calculator, with every line of its arithmetic."""
    period = _period()
    return lambda tokens_in, tokens_out: rate(Usage(input=tokens_in, output=tokens_out), period)


def ours_prepared() -> Calculator:
    """Return ours for many requests by one rate."""
    return prepared(_period())


def genai_prices() -> Calculator:
    """Return the calculator of genai-prices."""
    library = import_module("genai_prices")

    def price(tokens_in: int, tokens_out: int) -> object:
        usage = library.Usage(input_tokens=tokens_in, output_tokens=tokens_out)
        return library.calc_price(usage, model_ref=_MODEL, provider_id="openai").total_price

    return price


def litellm() -> Calculator:
    """Return the calculator of litellm, with the prices that it ships."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    library: Any = import_module("litellm")
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    return lambda tokens_in, tokens_out: library.cost_per_token(
        model=_MODEL, prompt_tokens=tokens_in, completion_tokens=tokens_out
    )


def tokencost() -> Calculator:
    """Return the calculator of tokencost."""
    library: Any = import_module("tokencost")
    return lambda tokens_in, tokens_out: (
        library.calculate_cost_by_tokens(tokens_in, _MODEL, "input")
        + library.calculate_cost_by_tokens(tokens_out, _MODEL, "output")
    )


def report() -> Iterator[str]:
    """Yield the tables: microseconds of CPU per request, how many times ours that is, and what is accepted."""
    each = {name: _microseconds(make()) for name, make in _CALCULATORS.items() if _is_here(name)}
    fast = each[_OURS]
    yield "### Calculators, per request"
    yield ""
    yield from table(("calculator", "us", "x ours"), [
        (name, f"{each[name]:.2f}", f"{each[name] / fast:.1f}") if name in each else (name, "not installed", "")
        for name in _CALCULATORS
    ])  # fmt: skip
    yield from bounds_table([
        Bound(f"ours, to {name}", fast / each[name], 0.02, "x") for name in ("genai_prices", "litellm") if name in each
    ])  # fmt: skip


_OURS: Final = "ours, many requests by one rate"
_CALCULATORS: Final[Mapping[str, Callable[[], Calculator]]] = MappingProxyType({
    _OURS: ours_prepared, "ours, line by line": ours, "genai_prices": genai_prices, "litellm": litellm,
    "tokencost": tokencost,
})  # fmt: skip


def _is_here(name: str) -> bool:
    return name.startswith("ours") or find_spec(name) is not None


def _period() -> RatePeriod:
    return load_catalog(providers=["openai"]).periods("openai", _MODEL)[-1]


def _microseconds(calculate: Calculator) -> float:
    def work() -> None:
        for tokens_in, tokens_out in _REQUESTS:
            calculate(tokens_in, tokens_out)

    work()
    return min(cost(work).cpu for _ in range(3)) / len(_REQUESTS) * 1e6
