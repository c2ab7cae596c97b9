"""Run notebooks in a fresh classroom and store their outputs, ready to be committed.

    python -m tests.notebooks.execute [notebooks/05_images_and_layers.ipynb ...]

The way to change a lesson: edit its notebook, run this, look at the difference.
"""

import argparse
import sys
from pathlib import Path

import nbformat

from pyminidocker.widgets.publish import publish
from tests.notebooks.classroom import NOTEBOOKS, classroom
from tests.notebooks.session import session


def execute(paths: list[Path]) -> None:
    """Run each notebook once, from the top, and write it back with its outputs."""
    with classroom() as room:
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
            with session(notebook, room) as running:
                running.run()
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)  # times of this run
            publish(notebook)
            notebook.metadata["language_info"] = {
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "name": "python",
                "pygments_lexer": "ipython3",
            }
            nbformat.validate(notebook)
            nbformat.write(notebook, NOTEBOOKS / path.name)
            sys.stdout.write(
                f"{path.name}: {sum(c.cell_type == 'code' for c in notebook.cells)} cells\n"
            )


def main() -> None:
    """Execute the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    chosen = parser.parse_args().notebooks
    execute(chosen or sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")))


if __name__ == "__main__":
    main()
