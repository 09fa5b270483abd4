"""Another program that adds up sessions of Claude Code: ccusage, from npm, where its binary is to be had."""

import json
import shutil
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Final

from tests.bench.sessions import Totals

#: A version whose binaries the registry holds.
CCUSAGE: Final = "ccusage@20.0.24"

_KINDS: Final = {
    "input": "inputTokens", "output": "outputTokens",
    "cache_read": "cacheReadTokens", "cache_write": "cacheCreationTokens",
}  # fmt: skip


def ccusage(folder: Path) -> Path | str:
    """Return ccusage's binary, put into that folder by npm, or why there is none."""
    npm = shutil.which("npm")
    if npm is None:
        return f"{CCUSAGE}: npm is not installed"
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), CCUSAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("node_modules/@ccusage/ccusage-*/bin/ccusage*"))
    if found:
        found[0].chmod(0o755)
        return found[0]
    reason = done.stderr.strip().splitlines()[-1:] or ["it brought no binary for this machine"]
    return f"{CCUSAGE}: `npm install` ended with {done.returncode}: {reason[0]}"


def command_of(binary: Path) -> list[str]:
    """Return the command that writes tokens and costs per day and model, priced by what the program ships with."""
    return [str(binary), "claude", "daily", "--json", "--offline", "--timezone", "UTC"]


def told_by(output: Path) -> tuple[Totals, dict[tuple[str, str], Decimal]]:
    """Return the tokens and the dollars that it found."""
    tokens: Totals = Counter()
    dollars: dict[tuple[str, str], Decimal] = {}
    for day in json.loads(output.read_text(encoding="utf-8"), parse_float=Decimal)["daily"]:
        for model in day["modelBreakdowns"]:
            dollars[day["date"], model["modelName"]] = Decimal(model["cost"])
            for kind, name in _KINDS.items():
                tokens[day["date"], model["modelName"], kind] = model[name]
    return tokens, dollars
