"""Run the tests: as whoever calls, and, when that is root, once more as an ordinary user.

    python tools/run_tests.py [--only-user] [pytest options]

Rootless is how learners run the engine, so a green run as root alone proves little.

The tests of a tier are shared by a few processes, each with an engine of its own: most of them wait
for the network and for time to pass, not for the processor.  A test looks for what it left behind
itself (tests/support/leaks.py); what a whole tier left behind is looked for here.

Of thousands of tests that race with a busy machine, one may lose.  One or two that fail are run
once more, alone; when they pass, the run passes, and its last lines name them: they want mending.
"""

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
from pyminidocker.kernel.cgroup import place  # noqa: E402 - ours, by its place
from tests.support.leaks import read_traces, wait_until_clean  # noqa: E402 - ours, by its place

USER = "minidocker-test"
# One run of pytest a tier: Playwright, for one, leaves an event loop running in the main thread.
TIERS = {
    "unit": ("tests/unit", "tests/test_architecture.py", "tests/test_environment.py"),
    "linters and set-up": ("tests/test_linters.py", "tests/test_two_commands.py"),
    "integration": ("tests/integration", "tests/conformance"),
    "guest": ("tests/guest",),
    "notebooks": ("tests/notebooks",),
    "browser": ("tests/browser",),
}
# How pytest-xdist shares a tier.  Files of integration tests stay whole: their tests share hosts.
# Notebooks take long, so they are given out one by one.
SHARED = {
    "unit": ("-n2", "--dist=load"),
    "integration": ("-n3", "--dist=loadfile"),
    # A guest for root, one for an ordinary user; neither waits for anything but its processors.
    "guest": ("-n2", "--dist=load", "--timeout=400"),
    "notebooks": ("-n4", "--dist=load", "--maxschedchunk=1"),
    "browser": ("-n2", "--dist=load", "--maxschedchunk=1"),
}
HOMES = "MINIDOCKER_ROOT=/tmp/md"  # how the state of the tests' engines is called
MOST_UNSTEADY = 2  # that fail and may be run again; more than that is no accident
TESTS_FAILED = 1  # pytest's exit code; others mean that it could not do its work
# As in pyproject.toml, but with the memory of what failed, which makes files.
REMEMBERING = "--strict-markers --strict-config --import-mode=importlib -ra"
# As an ordinary user, lessons are compared and solved.  That they may be run in any order says
# nothing about who runs them.
USER_TIERS = {
    "unit": TIERS["unit"],
    "integration": TIERS["integration"],
    "notebooks": ("tests/notebooks/test_strict.py", "tests/notebooks/test_solutions.py"),
}
# What differs when a user has no range in /etc/subuid: one id is all there is in the containers.
SINGLE_ID = ("tests/integration/test_engine_lifecycle.py", "tests/integration/test_cli_run.py")
# What a user can do to whom an administrator has handed control groups over: version 1 (the guest
# of tests/guest has version 2).
WITH_GROUPS = tuple(f"tests/integration/test_{name}.py" for name in ("cgroups", "limits", "pause"))


class Runner:
    """How to start pytest: as whom, where, with which environment."""

    def __init__(
        self,
        python: str = sys.executable,
        tree: Path = CHECKOUT,
        env: "dict[str, str] | None" = None,
        prefix: "tuple[str, ...]" = (),
    ) -> None:
        self.python = python
        self.tree = tree
        self.env = dict(os.environ) if env is None else env
        self.prefix = prefix
        self.unsteady: list[str] = []

    def run(self, title: str, *arguments: str, **variables: str) -> bool:
        """Run pytest; True when everything passed and nothing was left behind."""
        print(f"\n== {title} ==", flush=True)
        before = read_traces(HOMES, judges_too=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="minidocker-pytest-", dir="/tmp") as memory:
            os.chmod(memory, 0o777)  # ours or the user's pytest writes into it
            code = self._pytest(memory, *arguments, **variables)
            again = _failed(memory) if code == TESTS_FAILED else []
            if 0 < len(again) <= MOST_UNSTEADY:
                print(f"== {title}: once more, alone: {', '.join(again)}", flush=True)
                code = self._pytest(memory, *again, **variables)
                self.unsteady += again if code == 0 else []
        print(f"== {title}: exit code {code} after {time.monotonic() - began:.0f} s", flush=True)
        left = wait_until_clean(before, HOMES, apart_from=("fds",), judges_too=True)
        if left:
            print(f"== {title}: left behind on this machine: {left}", flush=True)
        # Elsewhere somebody may have done something on the machine meanwhile.
        return code == 0 and not (left and os.environ.get("CI"))

    def _pytest(self, memory: str, *arguments: str, **variables: str) -> int:
        options = ("-q", "-o", f"addopts={REMEMBERING}", "-o", f"cache_dir={memory}")
        command = [*self.prefix, self.python, "-m", "pytest", *options, *arguments]
        env = {**self.env, **variables}
        return subprocess.run(command, check=False, env=env, cwd=self.tree).returncode


def _failed(memory: str) -> list[str]:
    """Return the ids of the tests that failed, as pytest remembers them."""
    try:
        return list(json.loads(Path(memory, "v/cache/lastfailed").read_text()))
    except OSError:
        return []


def ensure_user() -> pwd.struct_passwd:
    """Return the ordinary user of the tests; make it when it is not there."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", USER], check=True)
        return pwd.getpwnam(USER)


@contextlib.contextmanager
def readable_tree(user: pwd.struct_passwd) -> Iterator[tuple[Path, Path]]:
    """Yield (checkout, environment) that ``user`` can read: ours, or a copy of them."""
    venv = Path(sys.prefix)
    command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    probes = [CHECKOUT / "pyproject.toml", venv / "pyvenv.cfg"]
    if all(not subprocess.run([*command, "test", "-r", str(p)], check=False).returncode
           for p in probes):  # fmt: skip
        yield CHECKOUT, venv
        return
    with tempfile.TemporaryDirectory(prefix="minidocker-tests-", dir="/var/tmp") as scratch:
        tree = Path(scratch, "checkout")
        leave_out = shutil.ignore_patterns(".venv", "__pycache__")
        shutil.copytree(CHECKOUT, tree, symlinks=True, ignore=leave_out)
        shutil.copytree(venv, tree / ".venv", symlinks=True)
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", scratch], check=True)
        yield tree, tree / ".venv"


@contextlib.contextmanager
def groups_for(user: pwd.struct_passwd) -> Iterator[list[Path]]:
    """Hand a directory in each tree of version 1 over, as our doctor tells administrators to."""
    trees = {Path("/sys/fs/cgroup", name).resolve() for name in place.V1_TREES}
    made = [tree / f"minidocker-{user.pw_uid}" for tree in trees if (tree / "tasks").exists()]
    try:
        for directory in made:
            directory.mkdir(exist_ok=True)
            for path in (directory, *directory.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        yield made
    finally:
        for directory in made:
            directory.rmdir()


def as_user(options: list[str], unsteady: list[str]) -> list[bool]:
    """Run the tests that matter rootless as an ordinary user; add to the unsteady ones."""
    user = ensure_user()
    with (
        readable_tree(user) as (tree, venv),
        tempfile.TemporaryDirectory(prefix="minidocker-xdg-", dir="/tmp") as runtime,
    ):
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
        identity = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups")
        prefix = ("setpriv", *identity, "--inh-caps=-all", "--")
        runner = Runner(f"{venv}/bin/python", tree, env, prefix)
        passed = [
            runner.run(f"{name}, as {USER}", *USER_TIERS[name], *SHARED[name], *options)
            for name in USER_TIERS
        ]
        title = f"one user id only, as {USER}"
        passed.append(runner.run(title, *SINGLE_ID, *options, MINIDOCKER_SINGLE_ID="1"))
        with groups_for(user) as found:
            if found:
                title = f"with control groups handed over, as {USER}"
                files = (*WITH_GROUPS, *SHARED["integration"])
                passed.append(runner.run(title, *files, *options))
        unsteady += [f"{test} (as {USER})" for test in runner.unsteady]
        return passed


def main() -> int:
    """Return 0 when every run passed."""
    options = [option for option in sys.argv[1:] if option != "--only-user"]
    passed = []
    runner = Runner()
    if "--only-user" not in sys.argv:
        passed = [
            runner.run(name, *files, *SHARED.get(name, ()), *options)
            for name, files in TIERS.items()
        ]
    if os.getuid() == 0:
        passed += as_user(options, runner.unsteady)
    else:
        print("not root: the tests of the root engine need `sudo make test`", flush=True)
    for test in runner.unsteady:
        print(f"UNSTEADY, passed only alone: {test}", flush=True)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
