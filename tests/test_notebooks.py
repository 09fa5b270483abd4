"""The notebooks run, show what is committed, and are the same as their scripts."""

import ast
import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

for module in ("ipykernel", "jupytext", "matplotlib", "nbclient", "nbformat"):
    pytest.importorskip(module, reason="the notebooks need the dev group of pyproject.toml")

import numpy as np  # noqa: E402 - after it is known to be there
from matplotlib import image  # noqa: E402 - the same

from notebooks.execute import executed, script_of, scripts  # noqa: E402 - the same

SCRIPTS = scripts()
#: The figures of a drawing are compared as the text beside it. Of its pixels, those at the edge of a letter or a line
#: may be shaded otherwise by another build of the drawing library: so much of black on the average.
_SAME_TO_THE_EYE = 0.01

Cell = dict[str, Any]


def cells(notebook: str) -> list[Cell]:
    found: list[Cell] = json.loads(notebook)["cells"]
    return found


def outputs(notebook: str) -> list[Cell]:
    return [output for cell in cells(notebook) for output in cell.get("outputs", ())]


def without_images(notebook: str) -> tuple[str, list[bytes]]:
    """Return the notebook with a word in the place of each image, and the images."""
    told = json.loads(notebook)
    images = []
    for cell in told["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                images.append(base64.b64decode(output["data"]["image/png"]))
                output["data"]["image/png"] = "image"
    return json.dumps(told, indent=1), images


def committed(script: Path) -> str:
    return script.with_suffix(".ipynb").read_text("utf-8")


def named(script: Path) -> str:
    return script.stem


def test_there_is_one_notebook_for_each_job() -> None:
    assert [script.stem for script in SCRIPTS] == ["1_audit", "2_compare", "3_statement"]
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == {script.stem for script in SCRIPTS}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_run_shows_what_is_committed(script: Path) -> None:
    """If this fails, look at what changed and run `make notebooks`."""
    told, images = without_images(executed(script))
    wanted, drawn = without_images(committed(script))
    assert told == wanted
    for fresh, old in zip(images, drawn, strict=True):
        new_pixels, old_pixels = (image.imread(io.BytesIO(png)) for png in (fresh, old))
        assert new_pixels.shape == old_pixels.shape
        assert np.abs(new_pixels - old_pixels).mean() < _SAME_TO_THE_EYE


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_script_and_notebook_are_the_same(script: Path) -> None:
    assert script_of(committed(script)) == script.read_text("utf-8")


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_no_float_touches_money(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id == "float")
    text = committed(script)
    assert "float64" not in text
    assert re.search(r"\de[-+]\d", json.dumps(without_images(text)[0])) is None


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_figures_show_where_no_script_runs_and_say_what_they_are(script: Path) -> None:
    figures = [each for each in outputs(committed(script)) if "image/png" in each.get("data", {})]
    assert len(figures) >= 2
    for each in figures:
        title, *figures_as_text = "".join(each["data"]["text/plain"]).splitlines()
        assert title == each["metadata"]["image/png"]["alt"]
        assert len(figures_as_text) > 2


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_nothing_of_the_machine_or_the_hour_is_in_a_notebook(script: Path) -> None:
    text = committed(script)
    assert str(ROOT) not in text
    assert "/tmp/" not in text  # noqa: S108 - where no output may point to
    assert " at 0x" not in text
    told = json.loads(text)
    assert sorted(told["metadata"]) == ["jupytext", "kernelspec", "language_info"]
    assert told["metadata"]["language_info"] == {"name": "python"}
    assert [cell["id"] for cell in told["cells"]] == [f"cell-{number}" for number in range(1, len(told["cells"]) + 1)]
    assert not any(cell["metadata"] for cell in told["cells"])
    assert {output["output_type"] for output in outputs(text)} <= {"execute_result", "display_data"}
