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
# # 3. What did the month cost, and for whom?
#
# A statement answers what finance and the teams ask:
#
# - what was **used**, at which rate, and what it comes to;
# - **who** spent it: project, key, team, and what names nobody;
# - how much of which **budget** is used;
# - what the credits really **cost** in dollars, bonus and expired credits and all;
# - what **changed** since last month, and why.
#
# Everything is a sum over one rated table, so all of it adds up. The data are simulated.

# %%
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
from workbench import bars, empty_ledger, folder, lines, said, shown

from billing.accounting.balances import balance_sheet
from billing.importing.importer import import_paths
from billing.importing.log_files import log_files
from billing.months.budgets import read_budgets
from billing.months.monthly import Asked, monthly_statement
from billing.records import Reading
from data.quarter import START, WEEK, quarter, readings, weeks
from pricing import load_catalog
from reports.frames import frame
from reports.statement_answer import answer

CREDIT_VENDOR = "aivideoapi"
loaded_at = datetime(2026, 11, 2, tzinfo=UTC)
catalog = load_catalog()

# %% [markdown]
# ## October
#
# The logs, and what was bought: 20,000 credits for $100, with 1,000 more as a bonus. Budgets stand in
# `tallystick.toml`; here they are given in its words.

# %%
files = tuple(log_files([Path("data/sample"), Path("data/invoices/top_ups.csv")]))
ledger = empty_ledger(files)
import_paths(ledger, files, Reading(), loaded_at)
budgets = read_budgets(
    [
        {"name": "everything", "amount": Decimal(90)},
        {
            "name": "bug-fixer",
            "project": "bug-fixer",
            "provider": CREDIT_VENDOR,
            "unit": "credit",
            "amount": Decimal(7000),
        },
        {"name": "support", "project": "support-desk", "amount": Decimal(3)},
    ],
    "this notebook",
)
october = monthly_statement(ledger, catalog, Asked(month=date(2026, 10, 1), budgets=budgets, now=loaded_at))
said(answer(october))

# %% [markdown]
# ## What was used
#
# A line is a kind of token at a rate, and `quantity` times `rate` per million is `amount`, exactly:

# %%
used = pd.concat([frame(sku.lines).assign(sku=sku.sku, unit=sku.unit) for sku in october.skus if sku.lines])
shown(used, "sku", "kind", "quantity", "rate", "amount", "unit")

# %% [markdown]
# From there to what was spent, each step has a name: the vendor's **rounding** leads to what is expected, the
# **variance** that [the audit](1_audit.ipynb) found to what was charged, and then comes what was charged without a
# published price. Spend is what was charged; of requests that report no charge, it is what is expected.

# %%
sums = pd.concat([frame([sku.sums]).assign(sku=sku.sku, unit=sku.unit) for sku in october.skus if sku.sums.spend])
shown(sums, "sku", "exact", "rounding", "expected", "variance", "charged_unpriced", "refunded", "spend", "unit")

# %%
for each in october.skus:
    lines_of_sku = sum((line.amount for line in each.lines), Decimal(0))
    assert lines_of_sku + each.sums.rounding == each.sums.expected
    given = each.sums.expected + each.sums.variance + each.sums.charged_unpriced - each.sums.refunded
    assert given == each.sums.spend
said(f"The lines of {len(october.skus)} SKUs add up to what was spent, to the last digit.")

# %% [markdown]
# What has no price is told beside it, with its reason and what was charged for it. Two of these three are in no
# amount at all: nobody says what they cost.

# %%
unpriced = frame(october.unpriced)
shown(unpriced, "reason", "provider", "sku", "requests", "charged")

# %% [markdown]
# ## For whom
#
# Credits of one vendor and dollars of another are not the same thing; projects are shown for the credit vendor. What
# names no project stays a row of its own, or is spread over the others by their spend. It is never hidden.

# %%
spread_out = monthly_statement(
    ledger, catalog, Asked(month=date(2026, 10, 1), allocation="proportional", now=loaded_at)
)
by_project = {
    found.breakdowns[0].allocation: frame(next(each for each in found.breakdowns if each.dimension == "project").rows)
    for found in (october, spread_out)
}
of_vendor = {name: rows[rows["provider"] == CREDIT_VENDOR] for name, rows in by_project.items()}
shown(of_vendor["none"], "name", "requests", "spend", "total", "unit", "usd")

# %%
shown(of_vendor["proportional"], "name", "requests", "spend", "allocated", "total", "unit")

# %%
projects = of_vendor["none"]
names = [name if isinstance(name, str) else "no project" for name in projects["name"]]
bars("Spend by project at the credit vendor, October 2026", "credits", names, {"spend": list(projects["spend"])})

# %% [markdown]
# Day by day, beside what the rate card expects. Where the lines part on the 27th, one request was charged a
# hundredfold:

# %%
days = frame(october.days)
by_day = days[days["provider"] == CREDIT_VENDOR].groupby("day")[["spend", "expected"]].sum()
daily = {"spent": list(by_day["spend"]), "expected by the card": list(by_day["expected"])}
lines("Credits by day, October 2026", "credits", list(by_day.index), daily)

# %% [markdown]
# ## Against which budget
#
# `used_share` is cut, so 1 means all of it. `unknown` counts requests of unknown cost, `not_attributed` those that name
# no project: neither is in the amount, and either may belong to the budget.

# %%
lines_of_budgets = frame(october.budgets)
shown(lines_of_budgets, "name", "amount", "used", "used_share", "unit", "unknown", "not_attributed", "status")

# %% [markdown]
# The same statement as of the 20th, when there was something left to do about it. A forecast is the run rate for the
# days to come. Four months in five should end within its band, which is measured on past days; here the history is too
# short to tell one.

# %%
then = monthly_statement(
    ledger, catalog, Asked(month=date(2026, 10, 1), as_of=datetime(2026, 10, 20, tzinfo=UTC), budgets=budgets)
)
shown(frame(then.budgets), "name", "amount", "used", "forecast_low", "forecast", "forecast_high", "unit", "status")

# %% [markdown]
# ## What it cost in dollars
#
# Three values of the same usage: at the list price of the models' makers, at the rate cards' value of a credit, and at
# what our own credits cost. $100 bought 20,000 credits with 1,000 as a bonus, so each cost 1/210 of a dollar.

# %%
listed = {(each.provider or "", each.sku): each.usd for each in october.list_prices}
dollars = pd.DataFrame(
    {
        "sku": each.sku,
        "at list price": listed.get((each.provider or "", each.sku)),
        "at the card's value": each.sums.usd if each.sums.spend else None,
        "at our own price": each.sums.usd_effective if each.sums.spend else None,
    }
    for each in october.skus
)
shown(dollars)

# %% [markdown]
# And per unit of work, in the unit of the row. What the cache saved is what reads from it would have cost more as plain
# input; writes to it cost more than plain input, and the net is what caching brought.

# %%
work = pd.DataFrame(
    {
        "sku": each.sku,
        "per 1,000 requests": each.economics.per_1000_requests,
        "per 1M tokens": each.economics.per_mtok,
        "cache saved": each.economics.caching.saved,
        "cache writes cost": each.economics.caching.write_cost,
        "net": each.economics.caching.net,
        "unit": each.unit,
    }
    for each in october.skus
)
shown(work)

# %% [markdown]
# ## A quarter: grants, months, and a balance that does not add up
#
# Now thirteen weeks of another account: five top-ups with bonuses, of which two lots expire, and the balance read
# every Monday. In the eleventh week something is wrong: **a top-up that was paid for never reached the account.**
# Nothing in the logs can show that; the balance can.

# %%
made, place = quarter(), folder()
(place / "log.jsonl").write_text("\n".join(made.log()), "utf-8")
(place / "entries.csv").write_text(made.list_of_entries(), "utf-8")
(place / "balances.csv").write_text(readings(weeks(made, "lost_top_up")), "utf-8")
files = tuple(log_files([place]))
book = empty_ledger(files)
import_paths(book, files, Reading(), loaded_at)
sheet = balance_sheet(book, catalog, CREDIT_VENDOR, START, START + 13 * WEEK)
windows = pd.DataFrame(
    {
        "from": each.start,
        "opening": each.opening,
        "topped up": each.topped_up,
        "bonus": each.bonus,
        "refunded": each.refunded,
        "metered": each.metered.amount,
        "expired": each.expired,
        "expected": each.closing_expected,
        "reported": each.closing_reported,
        "missing": each.gap,
    }
    for each in sheet.windows
)
shown(windows)

# %%
balances = {"by the ledger": list(windows["expected"]), "as the vendor reports it": list(windows["reported"])}
mondays = [each.end for each in sheet.windows]
lines("Balance of the account at the end of each week", "credits", mondays, balances)

# %% [markdown]
# 2,000 credits are missing in one week and nothing in any other: each week starts from the reading before it, so a
# gap is told once. Streams and the whole `/anthropic` route report no charge; they are metered by the rate card.
#
# ### Lots
#
# Each top-up is a lot with a price and an end. What expires first burns first, then bonus, then the oldest:
# `granted = consumed + taken + expired + remaining`. What was missing is `taken` from the lot that was burning then:
# nobody told the ledger which top-up it was that never came.

# %%
lots = frame(sheet.lots)
shown(lots, "kind", "at", "expires_at", "granted", "consumed", "taken", "expired", "remaining", "cost", "cost_per_unit")

# %% [markdown]
# What was burnt down, and what that cost, is the **effective price**; what expired unused is breakage. The row
# without a currency is of credits that were there before the books began: nobody knows what they cost, which is not the
# same as nothing.

# %%
shown(frame(sheet.burned), "currency", "consumed", "cost", "effective_price", "expired", "breakage")

# %% [markdown]
# ### September beside August
#
# The change of a month is made of **price** (other rates), **volume** (more or less of everything), **mix** (a larger
# part of what is dear), what is **new** or **gone**, and the vendor's **rounding**. They add up exactly.

# %%
september = monthly_statement(book, catalog, Asked(month=date(2026, 9, 1), now=loaded_at))
changes = frame([each.effects for each in september.change.lines]).assign(
    sku=[each.sku for each in september.change.lines],
    kind=[each.kind for each in september.change.lines],
)
changes["change"] = changes["after"] - changes["before"]
shown(changes, "sku", "kind", "before", "after", "price", "volume", "mix", "rounding", "change")

# %%
(total,) = september.change.totals
effects = ("price", "volume", "mix", "new", "gone", "rounding")
made_of = {name: getattr(total.effects, name) for name in effects}
assert sum(made_of.values()) == total.effects.change
bars("Change from August to September 2026", "credits", list(made_of), {"effect": list(made_of.values())})

# %% [markdown]
# Rates did not change, so there is no effect of price.
#
# ## The same from the command line
#
# ```sh
# tallystick statement --month 2026-10
# tallystick statement --month 2026-10 --allocate proportional --format csv
# tallystick balance --provider aivideoapi
# ```
#
# `statement` exits with 1 if a budget is over, and with `--forecast` if one is forecast to be.
