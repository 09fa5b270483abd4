"""`import --engine spark`, as far as no Spark is needed: what goes together, and that nothing of it is loaded."""

import subprocess
import sys

import pytest

from reports.cli import run
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "given",
    [
        ["--engine", "spark"],
        ["--engine", "spark", "--master", "local[1]"],
        ["--master", "local[1]", "--usage", "out"],
        ["--usage", "out"],
    ],
)
def test_options_of_spark_go_together(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "log.jsonl", *given]) == 2
    assert "--engine spark, --master and --usage go together" in capsys.readouterr().err


def test_without_pyspark_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("billing.spark", "billing.importing.spark_import"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    assert run(["import", "log.jsonl", "--engine", "spark", "--master", "local[1]", "--usage", "out"]) == 2
    assert "pip install 'pyspark[connect]'" in capsys.readouterr().err


def test_nothing_of_spark_is_loaded_by_an_import() -> None:
    code = "import sys; import reports.cli.imports; sys.exit(any(m.split('.')[0] == 'pyspark' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
