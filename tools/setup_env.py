"""Create or refresh the virtual environment; does nothing when it is already right.

    python3 tools/setup_env.py --venv .venv lab [test]

Standard library only, because it runs before anything is installed.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
MINIMUM = (3, 11)
BUSYBOX = ("/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static", "/sbin/busybox")


def fail(message: str, remedy: str) -> "None":
    """Say what is wrong and what to do, and stop."""
    sys.exit(f"set-up: {message}\n  remedy: {remedy}")


def usable_by_everyone(python: str) -> bool:
    """Tell whether an ordinary user could execute ``python`` (a pyenv in /root is not)."""
    path = Path(python).resolve()
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def pick_python() -> str:
    """Return the interpreter to build on: this one, unless root's is closed to other users."""
    if sys.version_info < MINIMUM:
        fail(
            f"Python {sys.version.split()[0]} is too old; 3.11 or newer is needed",
            "make lab PYTHON=python3.11 (or newer)",
        )
    mine = os.path.realpath(sys.executable)
    if os.getuid() != 0 or usable_by_everyone(mine):
        return sys.executable
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        candidate = f"/usr/bin/{name}"
        probe = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
        if (
            os.access(candidate, os.X_OK)
            and not subprocess.run(
                [candidate, "-c", probe], stderr=subprocess.DEVNULL, check=False
            ).returncode
        ):
            return candidate
    return sys.executable


def make_venv(python: str, venv: Path) -> None:
    """Create ``venv`` with pip in it."""
    check = [python, "-c", "import ensurepip, venv"]
    if subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        subprocess.run([python, "-m", "venv", "--clear", str(venv)], check=True)
        return
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--seed", "--clear", "--python", python, str(venv)], check=True)
        return
    if importlib.util.find_spec("virtualenv"):
        subprocess.run([python, "-m", "virtualenv", str(venv)], check=True)
        return
    fail(
        f"{python} cannot make virtual environments (its ensurepip is missing)",
        "sudo apt install python3-venv   (or: pip install --user virtualenv), then repeat",
    )


def main() -> None:
    """Compare what is there with what is wanted, and install the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", default=".venv")
    parser.add_argument("extras", nargs="+")
    options = parser.parse_args()
    venv = Path(options.venv).resolve()
    extras = set(options.extras)
    # Without a busybox on the host, the busybox image comes out of the alpine package.
    if not any(os.access(path, os.X_OK) for path in BUSYBOX) and os.uname().machine == "x86_64":
        extras.add("alpine")
    # CI may skip nothing, so it pays for the 86 MB that everybody else decides on.
    if os.environ.get("CI") and "test" in extras and os.uname().machine == "x86_64":
        extras.add("alpine")
    # With a qemu, the tests boot a guest: its kernel is in there too.
    if "test" in extras and shutil.which("qemu-system-x86_64") and os.uname().machine == "x86_64":
        extras.add("alpine")

    python = pick_python()
    wanted = (CHECKOUT / "pyproject.toml").read_bytes() + (
        CHECKOUT / "tools/minidocker"
    ).read_bytes()
    key = hashlib.sha256(wanted + os.path.realpath(python).encode()).hexdigest()[:16]
    stamp = venv / ".pyminidocker"
    before = stamp.read_text().split() if stamp.exists() else []
    have = set(before[1:]) if before[:1] == [key] else set()
    alive = os.access(venv / "bin/python", os.X_OK)
    if extras <= have and alive:
        return

    began = time.monotonic()
    if not alive or (before and before[0] != key and not _same_base(venv, python)):
        print(f"set-up: making {venv.name} with {python}", flush=True)
        make_venv(python, venv)
    extras |= set(before[1:])
    print(f"set-up: installing pyminidocker[{','.join(sorted(extras))}]", flush=True)
    command = [
        *(str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--editable", f"{CHECKOUT}[{','.join(sorted(extras))}]"),
    ]
    if subprocess.run(command, check=False).returncode:
        fail(
            "pip could not install what the project needs (its own words are above)",
            "check the connection to the package index and free disk space, then repeat",
        )
    stamp.write_text(" ".join([key, *sorted(extras)]) + "\n")
    print(f"set-up: ready after {time.monotonic() - began:.0f} s", flush=True)


def _same_base(venv: Path, python: str) -> bool:
    """Tell whether ``venv`` was made from ``python``."""
    return os.path.realpath(venv / "bin/python") == os.path.realpath(python)


if __name__ == "__main__":
    main()
