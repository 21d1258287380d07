"""docs/notebook.md runs as a real notebook, whose charts and frames show themselves, and is plain Python."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import nbclient
import nbformat
import pytest

from reporter.demo.app import write_demo

CELLS = re.findall(r"```python\n(.*?)```", (Path(__file__).parent.parent / "docs" / "notebook.md").read_text(), re.S)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with a demo app in ./demo."""
    folder = tmp_path_factory.mktemp("notebook")
    write_demo(folder / "demo", seed=1, now=datetime.now(UTC))
    return folder


def test_the_page_runs_as_a_notebook(home):
    assert len(CELLS) >= 8
    # None needs a notebook: together they are a script.
    compile("".join(CELLS), "notebook.md", "exec")
    cells = [*CELLS, "assert len(slow) > 10"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(home)}}).execute()
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.outputs]
    assert any("<table" in data.get("text/html", "") for data in shown)
    assert any(
        name.startswith("application/vnd.vegalite") or "vega" in data.get("text/html", "")
        for data in shown
        for name in data
    )
    assert (home / "output" / "index.html").is_file()
    assert any("operations failed" in data.get("text/plain", "") for data in shown)
