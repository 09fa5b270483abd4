"""The same input and catalog give the same bytes, wherever and whenever it runs."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def demo(folder: Path, zone: str) -> tuple[bytes, bytes]:
    """Run the demo in that time zone and return the page and the audit as JSON."""
    env = os.environ | {"TZ": zone, "PYTHONHASHSEED": str(len(zone)), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reports"]
    done = subprocess.run([*command, "demo", "--out", folder], env=env, capture_output=True, text=True, check=True)
    audit = [*command, "audit", "--ledger", folder / "demo.duckdb", "--month", "2026-10", "--format", "json"]
    found = subprocess.run(audit, env=env, capture_output=True, check=False)
    assert found.returncode == 1, found.stderr
    return Path(done.stdout.strip()).read_bytes(), found.stdout


def test_two_runs_and_three_zones_give_the_same_bytes(tmp_path: Path) -> None:
    runs = [demo(tmp_path / zone.replace("/", "-"), zone) for zone in ("UTC", "America/New_York", "Asia/Kolkata")]
    runs.append(demo(tmp_path / "again", "UTC"))
    assert len(set(runs)) == 1
