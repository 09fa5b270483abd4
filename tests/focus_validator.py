"""The official FOCUS validator, in an environment of its own: it needs an older pyarrow, and Python 3.12."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

_NEEDS = ("focus-validator==2.2.1", "pyarrow<26")
#: What an account of credits does: rules for anything else are not applicable.
_DOES = (
    "ACCOUNT_NAMING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED", "UNIT_PRICING_SUPPORTED", "PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED",
    "VIRTUAL_CURRENCY_SUPPORTED", "TAGGING_SUPPORTED", "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
)  # fmt: skip


def failing_rules(folder: Path, file: Path) -> set[str]:
    """Return the ids of the rules that a file fails. Its exit code is always 0, so what it says is parsed."""
    packages = next((folder / "env" / "lib").glob("python*/site-packages"))
    # It opens a list of currencies by a path that is relative to where it lies; its rules come with it.
    command: list[str | Path] = [
        folder / "env" / "bin" / "focus-validator", "--data-file", file, "--validate-version", "1.2",
        "--block-download",
        "--applicability-criteria", ",".join(_DOES),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False, timeout=180)
    totals = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    assert totals, done.stderr[-2000:]
    failed = set(re.findall(r"^\S+ (\w+-[A-Z]-\d+-[A-Z]): FAIL", done.stdout, re.MULTILINE))
    assert (len(failed), int(totals[2]) > 200) == (int(totals[3]), True)
    return failed


def environment(folder: Path) -> Path:
    """Return the folder with the validator's environment, made there once; skip where that can't be done."""
    if not (folder / "env" / "bin" / "focus-validator").exists():
        shutil.rmtree(folder / "env", ignore_errors=True)
        for command in _commands(folder / "env"):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
            if done.returncode:
                shutil.rmtree(folder / "env", ignore_errors=True)
                pytest.skip(f"the FOCUS validator can't be installed: {done.stderr.strip()[-300:]}")
    return folder


def _commands(env: Path) -> list[list[str]]:
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", "3.12", str(env)],
            [uv, "pip", "install", "--quiet", "--python", str(env / "bin" / "python"), *_NEEDS],
        ]
    if python := _python():
        return [[python, "-m", "venv", str(env)], [str(env / "bin" / "pip"), "install", "--quiet", *_NEEDS]]
    pytest.skip("the FOCUS validator needs Python 3.12 or later, and there is neither uv nor such a Python")


@cache
def _python() -> str | None:
    """Return a Python that is new enough and really runs: a shim of a version manager need not."""
    for name in ("python3.12", "python3.13", "python3.14", "python3"):
        path = shutil.which(name)
        check = "import sys, venv; sys.exit(sys.version_info < (3, 12))"
        if path and not subprocess.run([path, "-c", check], capture_output=True, check=False).returncode:
            return path
    return None
