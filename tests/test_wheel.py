"""The wheel, installed alone into an empty environment, runs the demo from an empty folder."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from tests.conftest import ROOT


def test_the_wheel_runs_the_demo(tmp_path: Path) -> None:
    wheels, environment, folder = tmp_path / "wheels", tmp_path / "environment", tmp_path / "empty"
    folder.mkdir()
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", wheels, ROOT], check=True)
    (wheel,) = wheels.iterdir()
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install: list[Path | str] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt"], check=True)
    subprocess.run([*install, "--no-deps", wheel], check=True)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TALLYSTICK"))}
    command = environment / "bin" / "tallystick"
    done = subprocess.run([command, "demo"], cwd=folder, env=bare, capture_output=True, text=True, check=True)
    page = Path(done.stdout.strip())
    assert page.is_file()
    assert page.is_relative_to(folder)
    assert "0.1.0" in subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
