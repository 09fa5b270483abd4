"""Run the notebooks: `python -m notebooks.execute` writes each script's .ipynb beside it, with what its cells show.

The scripts (jupytext's percent format) are the source, and the same code gives the same bytes: no times, no counters
of a session, no version of the Python that ran it.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import matplotlib.font_manager  # noqa: F401 - it lists the machine's fonts here, once, and not aloud in a first cell
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
#: Seconds that a cell may take; they take less than two.
_PATIENCE = 120
#: Lines that jupytext adds to the head of a script; they would change with each of its releases.
_VERSIONS = ("#       format_version:", "#       jupytext_version:")


def scripts() -> tuple[Path, ...]:
    """Return the notebooks' scripts, in their order."""
    return tuple(sorted(FOLDER.glob("[0-9]_*.py")))


def notebook_of(script: Path) -> NotebookNode:
    """Return the notebook that a script is, not run yet."""
    notebook: NotebookNode = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
    return notebook


def executed(script: Path) -> str:
    """Run a script's notebook in a kernel of its own; return the .ipynb. Raise CellExecutionError if a cell fails."""
    notebook = notebook_of(script)
    client = NotebookClient(
        notebook, timeout=_PATIENCE, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": FOLDER}}, extra_arguments=["--log-level=ERROR"],
    )  # fmt: skip
    with TemporaryDirectory() as home:  # what somebody's own profile would run or keep is none of ours
        client.execute(env=os.environ | {"IPYTHONDIR": home})
    notebook.metadata.language_info = {"name": "python"}
    return str(nbformat.writes(notebook)) + "\n"  # type: ignore[no-untyped-call]  # its own


def script_of(notebook: str) -> str:
    """Return the script that a notebook came from."""
    script = jupytext.writes(nbformat.reads(notebook, as_version=4), fmt="py:percent")  # type: ignore[no-untyped-call]  # its own
    kept = (line for line in script.splitlines(keepends=True) if not line.startswith(_VERSIONS))
    return "".join(kept)


def main() -> None:
    """Write every notebook beside its script."""
    for script in scripts():
        script.with_suffix(".ipynb").write_text(executed(script), "utf-8")


if __name__ == "__main__":
    main()
