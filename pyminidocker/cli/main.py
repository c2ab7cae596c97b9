"""From ``sys.argv`` to an exit code."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Run one command line (without the program's name) and return its exit code.

    ``argv`` may start with global options (``--host``, ``--help``, ``--version``).
    """
    raise NotImplementedError
