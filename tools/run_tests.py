"""Run the tests: as whoever calls, and, when that is root, once more as an ordinary user.

    python tools/run_tests.py [--only-user] [pytest options]

Rootless is how learners run the engine, so a green run as root alone proves little.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
USER = "minidocker-test"
AS_USER = ("tests/unit", "tests/integration", "tests/conformance", "tests/notebooks")


def pytest(
    *arguments: str,
    env: "dict[str, str] | None" = None,
    prefix: "tuple[str, ...]" = (),
    cwd: Path = CHECKOUT,
    python: str = sys.executable,
) -> int:
    """Run pytest and return its exit code."""
    command = [*prefix, python, "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, check=False, env=env, cwd=cwd).returncode


def ensure_user() -> pwd.struct_passwd:
    """Return the ordinary user of the tests; make it when it is not there."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        shell = "/bin/sh"
        subprocess.run(["useradd", "--create-home", "--shell", shell, USER], check=True)
        return pwd.getpwnam(USER)


def can_read(user: pwd.struct_passwd, path: Path) -> bool:
    """Tell whether ``user`` can read ``path`` (a clone under /root is closed to it)."""
    command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return subprocess.run([*command, "test", "-r", str(path)], check=False).returncode == 0


def as_user(options: list[str]) -> int:
    """Run the tests that matter rootless as an ordinary user, from a tree it can read."""
    user = ensure_user()
    venv = Path(sys.prefix)
    scratch = None
    tree = CHECKOUT
    if not (can_read(user, CHECKOUT / "pyproject.toml") and can_read(user, venv / "pyvenv.cfg")):
        scratch = tempfile.mkdtemp(prefix="minidocker-tests-", dir="/var/tmp")
        tree = Path(scratch) / "checkout"
        shutil.copytree(CHECKOUT, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        if not venv.is_relative_to(CHECKOUT):
            shutil.copytree(venv, tree / ".venv", symlinks=True)
        venv = (
            tree / ".venv"
            if not venv.is_relative_to(CHECKOUT)
            else tree / venv.relative_to(CHECKOUT)
        )
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", scratch], check=True)
    runtime = tempfile.mkdtemp(prefix="minidocker-xdg-", dir="/tmp")
    os.chown(runtime, user.pw_uid, user.pw_gid)
    env = {
        "HOME": user.pw_dir,
        "USER": USER,
        "LOGNAME": USER,
        "LANG": "C.UTF-8",
        "PATH": f"{venv}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_RUNTIME_DIR": runtime,
        **{name: os.environ[name] for name in ("CI",) if name in os.environ},
    }
    prefix = (
        *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"),
        *("--inh-caps=-all", "--"),
    )
    print(f"\n== the same as the ordinary user {USER} ==", flush=True)
    try:
        return pytest(
            *AS_USER, *options, env=env, prefix=prefix, cwd=tree, python=f"{venv}/bin/python"
        )
    finally:
        for folder in filter(None, (scratch, runtime)):
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Return 0 when every run passed."""
    options = [option for option in sys.argv[1:] if option != "--only-user"]
    only_user = "--only-user" in sys.argv
    codes = [] if only_user else [pytest(*options)]
    if os.getuid() == 0:
        codes.append(as_user(options))
    else:
        print("not root: the tests of the root engine need `sudo make test`", flush=True)
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
