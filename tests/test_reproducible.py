"""The same input and catalog give the same bytes, wherever and whenever it runs."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def demo(folder: Path, zone: str) -> tuple[bytes, bytes]:
    """Run the demo in a folder and a time zone; return the page and the audit as JSON."""
    folder.mkdir()
    env = os.environ | {"TZ": zone, "PYTHONHASHSEED": str(len(zone)), "PYTHONPATH": str(ROOT)}

    def tallystick(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "reports", *arguments]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)

    page = Path(tallystick("demo").stdout.decode().strip())
    audit = tallystick("audit", "--ledger", "tallystick-demo/demo.duckdb", "--month", "2026-10", "--format", "json")
    assert audit.returncode == 1, audit.stderr
    return page.read_bytes(), audit.stdout


def test_two_runs_and_three_zones_give_the_same_bytes(tmp_path: Path) -> None:
    zones = {"utc": "UTC", "york": "America/New_York", "kolkata": "Asia/Kolkata", "again": "UTC"}
    runs = {demo(tmp_path / name, zone) for name, zone in zones.items()}
    assert len(runs) == 1
