"""Random rates of every kind, for the laws that hold of all of them."""

from decimal import Decimal
from typing import get_args

from hypothesis import strategies as st

from pricing.rates import ContextTier, PerMtok, RateBlock
from pricing.rounding import Mode, Rounding
from tests.ledgers import block

rates = st.none() | st.decimals(0, 10_000, places=3) | st.decimals(0, 1, places=6)


@st.composite
def per_mtoks(draw: st.DrawFn) -> PerMtok:
    return PerMtok(**{kind: draw(rates) for kind in PerMtok.model_fields})


@st.composite
def roundings(draw: st.DrawFn) -> Rounding:
    mode: Mode = draw(st.sampled_from(get_args(Mode)))
    step = (
        None
        if mode == "none"
        else draw(st.sampled_from([Decimal("0.01"), Decimal(1), Decimal("0.000003"), Decimal("0.07")]))
    )
    return Rounding(mode=mode, step=step, scope=draw(st.sampled_from(["request", "component"])))


@st.composite
def blocks(draw: st.DrawFn, /, **fields: object) -> RateBlock:
    thresholds = draw(st.sampled_from([(), (1_000,), (1_000, 200_000)]))
    return block(
        draw(per_mtoks()),
        rounding=draw(roundings()),
        context_tiers=tuple(ContextTier(above=above, per_mtok=draw(per_mtoks())) for above in thresholds),
        per_request=draw(st.none() | st.just(Decimal("0.004"))),
        per_tool_call=draw(st.sampled_from([{}, {"web_search": Decimal("0.01")}])),
        minimum_charge=draw(st.none() | st.just(Decimal("0.05"))),
        **fields,
    )
