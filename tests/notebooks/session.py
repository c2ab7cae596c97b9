"""Run a notebook's cells in one kernel, in any order, and read what they printed.

nbval runs a notebook from top to bottom once.  Learners do not: they go back, run a cell again,
run everything again in the same kernel.  This is for testing that.
"""

import re
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests.notebooks.classroom import Classroom

SANITIZE = Path(__file__).with_name("sanitize.cfg")
CELL_TIMEOUT_S = 90


class Session:
    """A notebook and a running kernel.

    Args:
        notebook: what to run; outputs are written into it.
        client: connected to the kernel.
    """

    def __init__(self, notebook: Any, client: NotebookClient) -> None:
        self.notebook = notebook
        self.client = client

    def run(self, start: int = 0, stop: int | None = None) -> None:
        """Run the code cells from position ``start`` up to ``stop``; an error fails."""
        for place, cell in list(enumerate(self.notebook.cells))[start:stop]:
            if cell.cell_type == "code":
                self.client.execute_cell(cell, place)

    def texts(self) -> list[str]:
        """Return what each cell shows, as text, with the varying parts replaced."""
        return [sanitized(_text(cell)) for cell in self.notebook.cells]


@contextmanager
def session(path_or_notebook: Any, room: Classroom) -> Iterator[Session]:
    """Start a kernel for a notebook in ``room``; end it afterwards."""
    notebook = path_or_notebook
    if isinstance(path_or_notebook, Path):
        notebook = nbformat.read(path_or_notebook, as_version=4)
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    with client.setup_kernel(env=room.env):
        yield Session(notebook, client)


def sanitized(text: str) -> str:
    """Return ``text`` as nbval would compare it."""
    rules = ConfigParser(interpolation=None)
    rules.read(SANITIZE, encoding="utf-8")
    for name in rules.sections():
        text = re.sub(rules[name]["regex"], rules[name].get("replace", ""), text)
    return text


def _text(cell: Any) -> str:
    if cell.cell_type != "code" or "nbval-ignore-output" in cell.metadata.get("tags", []):
        return ""
    # A stream may arrive in one piece or in several.
    return "".join(
        output["text"]
        if output.output_type == "stream"
        else f"{output.get('data', {}).get('text/plain', '')}\n"
        for output in cell.outputs
    )
