"""Open JupyterLab on a lesson: what `make lab` does last.

python tools/open_lab.py notebooks/00_start_here.ipynb [jupyter lab options]
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Replace this process by JupyterLab, with ``minidocker`` on the notebooks' PATH."""
    lesson, *rest = sys.argv[1:]
    arguments = [sys.executable, "-m", "jupyterlab", lesson, *rest]
    if os.getuid() == 0:
        arguments.append("--allow-root")
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")):
        arguments.append("--no-browser")  # a server or a container: the address is printed instead
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    os.execv(sys.executable, arguments)


if __name__ == "__main__":
    main()
