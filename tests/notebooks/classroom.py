"""A private engine and home directory for notebooks, so that every run starts from the same place.

Committed outputs are made here, and compared here: an engine with the base images and no history, a
learner without progress, and ``minidocker`` on PATH.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOKS = CHECKOUT / "notebooks"
IMAGES = ("hello-world", "busybox", "python")  # as `minidocker image bootstrap` makes them
# Ends the engines (a lesson that stopped half way leaves its further hosts) and waits until their
# processes are gone: only then do they write no more.
STOP = """
import os, pathlib, select, pyminidocker
for socket in sorted(pathlib.Path(os.environ["MINIDOCKER_RUN"]).glob("*/minidocker.sock")):
    engine = pyminidocker.connect(socket.parent.name)
    process = os.pidfd_open(engine.api.engine_facts()["Pid"])
    engine.shutdown()
    end = select.poll()
    end.register(process)
    assert end.poll(20_000), f"engine {socket.parent.name} did not end"
"""


@dataclass(frozen=True)
class Classroom:
    """Where notebooks run.

    Attributes:
        home: a directory of its own; nothing is written outside.
        env: the environment for the notebook's kernel and for ``minidocker``.
    """

    home: Path
    env: dict[str, str]

    def run(self, *command: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in this classroom and return what it said."""
        return subprocess.run(
            command,
            env=self.env,
            cwd=CHECKOUT,
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )

    def python(self, code: str, timeout_s: float = 120) -> str:
        """Run Python code in this classroom; fail with its output when it fails."""
        done = self.run(sys.executable, "-c", code, timeout_s=timeout_s)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a learner whose home is ``home``."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MINIDOCKER_", "JUPYTER_", "IPYTHON", "PYTEST_", "XDG_", "COV_"))
    }
    path = f"{CHECKOUT / 'tools'}:{Path(sys.executable).parent}:{env.get('PATH', '')}"
    python_path = os.pathsep.join(filter(None, (str(CHECKOUT), env.get("PYTHONPATH", ""))))
    return {
        **env,
        "HOME": str(home),
        "PATH": path,
        "PYTHONPATH": python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MINIDOCKER_ROOT": f"{home}/state",
        "MINIDOCKER_RUN": f"{home}/run",
        "XDG_DATA_HOME": f"{home}/data",
        "IPYTHONDIR": f"{home}/ipython",
        "JUPYTER_CONFIG_DIR": f"{home}/jupyter-config",
        "JUPYTER_DATA_DIR": f"{home}/jupyter-data",
        "JUPYTER_RUNTIME_DIR": f"{home}/jupyter-run",
        "JUPYTER_PLATFORM_DIRS": "1",
    }


@contextmanager
def classroom() -> Iterator[Classroom]:
    """Open a classroom with the base images, and close it without leaving anything."""
    from pyminidocker.images.trees import remove_tree

    home = Path(tempfile.mkdtemp(prefix="mdc-", dir="/tmp"))
    room = Classroom(home, environment(home))
    try:
        room.python(f"import pyminidocker; pyminidocker.connect().bootstrap(*{IMAGES!r})")
        yield room
    finally:
        done = room.run(sys.executable, "-c", STOP)
        assert done.returncode == 0, done.stderr
        remove_tree(home)
