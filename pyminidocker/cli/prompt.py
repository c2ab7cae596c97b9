"""Ask before something is lost."""

from __future__ import annotations

import os
import sys


def nobody_types() -> bool:
    """Tell whether stdin is the terminal of a notebook's ``!`` cell.

    IPython runs such a cell on a pseudo-terminal that looks real and that nobody can type into:
    whatever waits for input there waits for ever.  ``JPY_PARENT_PID`` is set by Jupyter for its
    kernels and what they start; a terminal that a person opened in JupyterLab lacks it.
    """
    return "JPY_PARENT_PID" in os.environ and os.isatty(0)


def confirmed(warning: str) -> bool:
    """Show ``warning`` and read yes or no; no is the default.

    In a notebook's ``!`` cell nobody can answer: says so and returns False.
    """
    if nobody_types():
        print(warning)
        print("Nobody can answer in a notebook cell: add --force to go on without asking.")
        return False
    sys.stdout.write(f"{warning}\nAre you sure you want to continue? [y/N] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print()
    return answer.strip().lower() == "y"
