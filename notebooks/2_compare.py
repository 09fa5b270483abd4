# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. What would it cost elsewhere?
#
# Before choosing a vendor there are four questions, and one operation answers them all: rate the same usage by every
# vendor's card.
#
# - What does **one basket** of tokens cost at each vendor, beside the list price?
# - What would **our own traffic** have cost?
# - When does a **cache** pay, and does it change the ranking?
# - Is the **advertised** saving true?
#
# Prices are those of 21 November 2026, each with its source in `tallystick catalog list`. Nothing is fetched.

# %%
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
from workbench import bars, empty_ledger, lines, said, shown

from billing.accounting.own_prices import own_prices
from billing.importing.importer import import_paths
from billing.importing.log_files import log_files
from billing.rating import Selection
from billing.records import Reading
from billing.replay import replay
from pricing import Usage, load_catalog
from pricing.baskets import spread
from pricing.caching import break_evens
from pricing.catalog import RatePeriod
from pricing.comparison import Comparison, Terms, compare
from pricing.scenarios import RequestClass, Scenario
from reports.comparison_answer import answer
from reports.figures import decimal

SONNET, OPUS = "claude-sonnet-4-6", "claude-opus-4-6"
catalog = load_catalog()
at = datetime(2026, 11, 21, tzinfo=UTC)

# %% [markdown]
# ## One basket
#
# A million tokens in and 200,000 out, over many requests. By hand, at the credit vendor's plain route: 300 + 0.2 x
# 1,500 = 600 credits, at $0.005 a credit $3.00. At its `/anthropic` route: 883 + 0.2 x 4,412 = 1,765.4 credits =
# $8.827. The maker's list price: 3 + 0.2 x 15 = $6.00.

# %%
basket = [spread(Usage(input=1_000_000, output=200_000))]
found = compare(catalog, SONNET, basket, at)
said(answer(found))


# %%
def offers_of(comparison: Comparison) -> pd.DataFrame:
    """Return a row per offer, the cheapest first."""
    return pd.DataFrame(
        {
            "seller": each.seller.name,
            "usd": each.usd,
            "amount": each.unit_amount,
            "unit": each.unit,
            "x list": None if each.ratio_to_list is None else decimal(each.ratio_to_list, 3),
            "priced %": each.priced_share * 100,
            "at least, usd": each.low,
            "at most, usd": each.high,
        }
        for each in comparison.offers
    )


offers = offers_of(found)
shown(offers)

# %%
known = offers[offers["usd"].notna()]
bars("1M tokens in, 200k out, of claude-sonnet-4-6", "USD", list(known["seller"]), {"cost": list(known["usd"])})

# %% [markdown]
# The same vendor sells the model at half the list price and at 1.471 times of it: the route after the slash is another
# SKU with another price. So names are matched exactly, and never by how they begin.
#
# AI/ML API publishes no price. It gets no total, comes last, and costs between nothing and the list price; a missing
# price is never taken for zero.
#
# ## Our own traffic
#
# A basket is a guess. The log is what really happened: each request of the month is rated again under every seller, at
# its own time, with that seller's rounding.

# %%
files = tuple(log_files([Path("data/sample"), Path("data/invoices/top_ups.csv")]))
ledger = empty_ledger(files)
import_paths(ledger, files, Reading(), datetime(2026, 11, 2, tzinfo=UTC))
october = Selection(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
replayed = replay(ledger, catalog, SONNET, october)
said(answer(replayed.comparison))

# %%
traffic = offers_of(replayed.comparison)
shown(traffic, "seller", "usd", "x list", "priced %", "at least, usd", "at most, usd")

# %% [markdown]
# More than half of these tokens are read from a cache, and some sellers publish no price for that. What they would
# ask lies between two bounds. Even at its upper bound one of them may be the cheapest, and that is said in the answer
# above. It is a question to put to them before signing:

# %%
limits = {name: list(traffic[f"at {name}, usd"]) for name in ("least", "most")}
bars("October's traffic of claude-sonnet-4-6", "USD", list(traffic["seller"]), limits)

# %% [markdown]
# Requests that failed and streams that were cut are in no amount:

# %%
shown(pd.DataFrame(replayed.left_out.items(), columns=["left out", "requests"]))

# %% [markdown]
# ### At what we really paid for a credit
#
# The credit vendor publishes $0.005 a credit, but our $100 for 20,000 credits came with 1,000 more. That
# makes each of the 21,000 cheaper. Offers are ranked by what they cost us:

# %%
paid = own_prices(ledger, catalog, october.start, october.end)
ours = compare(catalog, OPUS, basket, at, Terms(usd_per_unit=paid))
own = pd.DataFrame(
    {"seller": each.seller.name, "usd": each.usd, "usd at our price": each.usd_effective} for each in ours.offers
)
shown(own)

# %% [markdown]
# ## When a cache pays
#
# A write to the cache costs more than plain input, a read less. After how many reads has the write paid off? `never` is
# an answer too, and `unknown` where a price is not published.

# %%
rows = [
    {"seller": offer.seller.name}
    | {each.kind.value: each.reads if each.verdict == "pays" else each.verdict for each in evens}
    | {f"{each.kind.value}, even at": None if each.even is None else decimal(each.even, 3) for each in evens}
    for offer in found.offers
    if isinstance(offer.period, RatePeriod)
    for evens in [break_evens(offer.period.block.per_mtok)]
]
shown(pd.DataFrame(rows, dtype=object))

# %% [markdown]
# The share of the prompt that is read from a cache can change who is cheapest. Where sellers publish no price for it,
# the line is the most that they can be assumed to ask: the dearer of the list price and their own input rate.

# %%
shares = range(0, 100, 10)
baskets = [Usage(input=10_000 * (100 - share), cache_read=10_000 * share, output=50_000) for share in shares]
compared = [compare(catalog, SONNET, [spread(usage)], at) for usage in baskets]
watched = ("anthropic claude-sonnet-4-6", "aivideoapi claude-sonnet-4-6", "apimodels claude-sonnet-4-6",
           "aivideoapi claude-sonnet-4-6/anthropic")  # fmt: skip
costs = {
    name: [next(offer.high for offer in each.offers if offer.seller.name == name) for each in compared]
    for name in watched
}
lines("1M tokens of prompt and 50k out, at most", "USD", list(shares), costs, along="% of the prompt read from a cache")

# %% [markdown]
# Costs are linear in the share, so the crossings are exact:

# %%
flips = [
    {"at share": decimal(flip.share, 4), "cheapest below": flip.below.name, "cheapest above": flip.above.name}
    for flip in compared[0].flips
    if flip.is_of_cheapest
]
shown(pd.DataFrame(flips))

# %% [markdown]
# ## Are the claims true?
#
# Vendors advertise savings. A claim of a range is `true` if the basket and every kind in it save at least the lower
# end; a claim of "up to" only if anything saves that much.

# %%
claims = [
    {
        "seller": each.seller.name,
        "claim": each.claim.text,
        "saved here, %": None if each.saving is None else decimal(each.saving * 100, 1),
        "verdict": each.verdict,
    }
    for each in found.claims
]
shown(pd.DataFrame(claims))

# %% [markdown]
# ## Traffic that is only planned
#
# A scenario says how many requests a day there will be, how large, and how much of the prompt comes from a cache. All
# of a kind are alike, so context tiers and rounding are exact.

# %%
plan = Scenario(
    days=30,
    requests=(
        RequestClass(name="chat", per_day=2_000, prompt=6_000, output=500, cache_read_share=Decimal("0.7")),
        RequestClass(name="nightly", per_day=20, prompt=150_000, output=4_000),
    ),
)
planned = compare(catalog, SONNET, plan.basket(), at)
shown(offers_of(planned), "seller", "usd", "x list", "priced %", "at least, usd", "at most, usd")

# %% [markdown]
# ## The same from the command line
#
# ```sh
# tallystick compare --model claude-sonnet-4-6 --input 1000000 --output 200000 --at 2026-11-21
# tallystick compare --model claude-sonnet-4-6 --from-ledger --month 2026-10
# tallystick compare --model claude-sonnet-4-6 --scenario plan.toml
# ```
#
# Next: [what did the month cost, and for whom?](3_statement.ipynb)
