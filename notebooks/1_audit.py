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
# # 1. Is every charge right?
#
# A reseller charges for tokens in credits of its own. Most answers of its API say how many credits it took, and at the
# end of the month there is an invoice. This notebook takes a month of logs and finds out
#
# - **which** charges are wrong, **by how much**, and **why**;
# - what can't be checked at all, and how much that is;
# - what to **send** to the vendor;
# - whether the **invoice** says what the logs say.
#
# The month is [simulated](../data/README.md): sizes and hours follow real traffic, and faults are planted, so the right
# answer is known. Nothing here needs a network.

# %%
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
from workbench import bars, empty_ledger, folder, said, shown

from billing.auditor import audit, find_request, usage_of
from billing.importing.importer import import_paths
from billing.importing.log_files import log_files
from billing.invoicing.invoices import read_invoice
from billing.invoicing.matching import Tolerance
from billing.invoicing.reconciliation import reconcile
from billing.rating import Selection
from billing.records import Reading
from pricing import Usage, load_catalog, price
from pricing.amounts import from_pico
from reports import invoice_words
from reports.answer import answer
from reports.exports.audited import Audited
from reports.exports.dispute import claimed
from reports.exports.pack import write_pack
from reports.frames import frame

# %% [markdown]
# ## One charge, by hand
#
# All work is one operation: **rating**. Usage and a rate card go in, an exact charge comes out. The vendor's own
# documentation has an example: a request with 20 input and 661 output tokens of `claude-opus-4-6` took 1.66 credits.
# The card says 500 credits per million input tokens and 2,500 per million output tokens.

# %%
catalog = load_catalog()
documented = price(catalog, "aivideoapi", "claude-opus-4-6", Usage(input=20, output=661))
shown(frame(documented.lines), "kind", "count", "rate", "amount")

# %%
said(f"exactly {documented.exact} credits = ${documented.usd}, charged {documented.charged} credits")

# %% [markdown]
# 0.01 + 1.6525 is 1.6625, and the vendor took 1.66: it **cuts** the total to a hundredth of a credit. The rounding
# rule is part of the card, so 0.0025 credits here are no fault. Over a thousand requests such cuts come to some five
# credits; a check that did not know the rule would see a difference everywhere.
#
# Amounts are decimals from end to end. In binary floating point 395 input and 141 output tokens at 300 and 1,500
# credits come to 0.32 after the cut; the right charge is 0.33:

# %%
small = price(catalog, "aivideoapi", "claude-sonnet-4-6", Usage(input=395, output=141))
said(f"exactly {small.exact} credits, charged {small.charged}")

# %% [markdown]
# ## Read the logs
#
# What a file holds is told by its content. Every record is accounted for:
# `records = imported + duplicate + superseded + conflict + rejected`.

# %%
files = tuple(log_files([Path("data/sample")]))
ledger = empty_ledger(files)
loaded = import_paths(ledger, files, Reading(), datetime(2026, 11, 2, tzinfo=UTC))
counts = frame([file.counts for file in loaded.files]).assign(file=[file.path.name for file in loaded.files])
shown(counts, "file", "records", "imported", "duplicate", "superseded", "conflict", "rejected")

# %% [markdown]
# 84 records of the second export were known already and count once. One says something else than before under the same
# id: a **conflict**, which is shown and never summed. Five lines are damaged. None is guessed at; each has its place
# and its reason:

# %%
rejects = ledger.arrow("SELECT path, line, reason FROM rejects ORDER BY path, line").to_pandas()
shown(rejects)

# %% [markdown]
# ## Hold every charge against its card
#
# Each request is rated by the card that was in force for its provider, SKU and instant, then set beside its charge.

# %%
october = Selection(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
found = audit(ledger, catalog, october)
said(answer(found))

# %%
verdicts = pd.DataFrame(found.verdicts.items(), columns=["verdict", "requests"])
shown(verdicts)

# %% [markdown]
# ## Which are wrong, and why
#
# A fault of billing is mostly another card: reads from a cache at the input rate, the rates of another route, last
# month's rates, 6 % on top. So the cause is found by rating once more, with hypothetical cards: the one that gives
# *exactly* what was charged names the cause. `evidence` says how sure that is:
#
# | evidence | |
# | --- | --- |
# | `exact` | there are requests whose charge this cause alone gives, to the last digit |
# | `tie` | other causes give the same charges too |
# | `inferred` | told by the size alone |

# %%
findings = frame(found.findings)
shown(findings, "id", "cause", "sku", "requests", "charged", "expected", "variance", "usd", "evidence", "pattern")

# %%
by_cause = findings.groupby("cause")["variance"].sum().sort_values(ascending=False)
bars("Charged beyond the rate card, by cause", "credits", list(by_cause.index), {"variance": list(by_cause)})

# %% [markdown]
# The frame holds exact decimals, so sums are exact too. The findings add up to the variance of the audit:

# %%
(in_credits,) = (total for total in found.totals if total.unit == "credit")
assert findings["variance"].sum() == in_credits.variance
said(f"{in_credits.variance} credits = ${in_credits.usd}")

# %% [markdown]
# ## One wrong charge, taken apart
#
# On 8 October one key paid the rates of another route. Take one of these requests and rate it by both cards:

# %%
((request, _),) = find_request(ledger, catalog, "msg_sim2026_0001354")
usage = usage_of(request)
rated = {sku: price(catalog, "aivideoapi", sku, usage, request.at) for sku in (request.sku, f"{request.sku}/anthropic")}
both = [
    {"card": sku, "input": usage.input, "output": usage.output, "exact": each.exact, "charge": each.charged}
    for sku, each in rated.items()
]
shown(pd.DataFrame(both))

# %%
shown(frame([request]), "request_id", "at", "charged", "expected", "variance", "path", "line")

# %% [markdown]
# The `/anthropic` card gives 5.67 once its exact amount is cut to a hundredth, and 5.67 is what was charged. The last
# two columns lead to the line of the log: every figure of an audit can be followed to where it came from.
#
# ## What can't be checked
#
# Unknown is not zero. What has no price or reports no charge is in no sum, and stands here with its reason:

# %%
shown(frame(found.gaps), "reason", "provider", "sku", "requests", "tokens", "charged", "unit")

# %% [markdown]
# `kind_unpublished`: the vendor publishes no price for reads from a cache on that SKU, yet it charged for them.
# `unreported`: the answer names no charge, so only the [balance](3_statement.ipynb) or the invoice can tell.
#
# ## What to send
#
# A dispute pack is a folder: a letter, every disputed request with its ids, the rates, the arithmetic of examples, and
# digests. What the vendor charged too little is told, and not set off.

# %%
pack = folder() / "dispute"
audited = Audited.of(ledger, catalog, october, tolerance=Decimal(0))
dispute = write_pack(pack, audited, claimed(audited.audit), sender="Acme GmbH, account 4711")
shown(frame(dispute.due), "unit", "requests", "charged", "expected", "to_credit", "usd")

# %%
letter = (pack / "letter.md").read_text("utf-8")
said(letter[: letter.index("## What is disputed")].replace("# ", "### ", 1))

# %%
shown(pd.DataFrame({"file": sorted(path.name for path in pack.iterdir())}))

# %% [markdown]
# ## The invoice
#
# Now the three-way match: what the **invoice** asks, what the logs **metered**, and what the card **expects**. The
# account's top-ups go into the ledger too, because the invoice lists them.

# %%
bought = Path("data/invoices/top_ups.csv")
import_paths(ledger, [bought], Reading(), datetime(2026, 11, 2, tzinfo=UTC))
match = reconcile(ledger, catalog, read_invoice(Path("data/invoices/faulty.csv")), Tolerance(amount=Decimal("0.05")))
said(invoice_words.sentence(match))

# %%
amounts = ("invoiced", "metered", "expected", "variance")
rows = [
    {"line": invoice_words.named(line), "kind": line.kind, "sku": line.sku or ""}
    | {name: invoice_words.decimal(getattr(line, name)) for name in amounts}
    | {"verdict": invoice_words.VERDICTS[line.verdict]}
    for line in (*match.lines, match.total)
]
shown(pd.DataFrame(rows))

# %% [markdown]
# A dash is unknown: two routes report no charges, so nothing was metered there, but the card says what is due.
# What the difference is made of adds up to the last digit. Rounding accuses nobody, nor does what nobody can price:

# %%
parts = pd.DataFrame(
    [{"cause": invoice_words.cause(part.cause), "credits": from_pico(part.amount)} for part in match.total.parts]
)
assert parts["credits"].sum() == from_pico(match.total.variance or 0)
bars("Invoiced beyond the rate card", "credits", list(parts["cause"]), {"credits": list(parts["credits"])})

# %% [markdown]
# Three of these the logs alone could not show: requests that were billed twice (*invoiced, but not in your log*), a
# refund that no log holds, and line 1, billed at 3 % over the card: its answers report no charges, so what is wrong
# there stays *unexplained*. Besides, the bonus of line 8 is 100 credits short.
#
# ## The same from the command line
#
# ```sh
# tallystick import data/sample data/invoices/top_ups.csv
# tallystick audit --month 2026-10
# tallystick explain msg_sim2026_0001354
# tallystick export dispute --month 2026-10 --out dispute
# tallystick reconcile data/invoices/faulty.csv --tolerance 0.05
# ```
#
# `audit` and `reconcile` exit with 1 if there is variance beyond the tolerance, so they can stand in a nightly job.
# Next: [what would the same traffic cost elsewhere?](2_compare.ipynb)
