"""How the code is cut: short functions, short files, no float near money, no clock outside the command line."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("pricing", "billing", "reports", "tests", "data", "notebooks")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
#: Files that may turn an amount into a float: where it is drawn, and nowhere else.
DRAWING = {
    "reports/pages/findings_bars.py",
    "reports/pages/findings_days.py",
    "reports/pages/overview_causes.py",
    "reports/pages/overview_spend.py",
    "reports/pages/rate_card_charts.py",
    "reports/pages/vendors_shares.py",
    "reports/pages/vendors_totals.py",
}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
    for function in _functions(path):
        assert (function.end_lineno or 0) - function.lineno < 70, function.name


@pytest.mark.parametrize("package", ["pricing", "billing", "reports"])
def test_no_float_touches_money(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if str(path.relative_to(ROOT)) in DRAWING:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
            assert not is_literal, f"{path}:{node.lineno}"  # type: ignore[attr-defined]  # every literal has a line
            assert not is_call, f"{path}:{node.lineno}"  # type: ignore[attr-defined]  # every call has a line


def test_only_the_command_line_reads_the_clock() -> None:
    for package in ("pricing", "billing", "reports"):
        for path in (ROOT / package).rglob("*.py"):
            if path.is_relative_to(ROOT / "reports" / "cli"):
                continue
            text = path.read_text("utf-8")
            assert "datetime.now" not in text, path
            assert "date.today" not in text, path
            assert "time.time" not in text, path


def test_help_imports_nothing_heavy() -> None:
    """`--help` answers at once because only click is imported for it."""
    script = (
        "import sys; from reports.cli import run; run(['--help']); "
        "heavy = {'duckdb', 'pyarrow', 'pandas', 'plotly', 'pydantic', 'jinja2', 'rich', 'numpy'} & set(sys.modules); "
        "sys.exit(1 if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"import" in done.stdout


def test_sql_keeps_to_what_engines_share() -> None:
    """No float, no HUGEINT, no ASOF, no DIV, no average, no hash in the SQL that rates and sums money."""
    shared = ("selected", "priced", "rated", "audited", "audit_cube", "attributed", "drill_down")
    for name in shared:
        lines = (ROOT / "billing" / "sql" / f"{name}.sql").read_text("utf-8").splitlines()
        words = " ".join(line.split("--")[0] for line in lines).upper().replace("(", " ").replace(")", " ").split()
        assert not {"FLOAT", "DOUBLE", "HUGEINT", "ASOF", "DIV", "AVG", "HASH", "QUALIFY", "/", "//"} & set(words), name
