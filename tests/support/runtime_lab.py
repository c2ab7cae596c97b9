"""A lab without an engine: start processes with the bare runtime, in a forked child of the test.

Making a lab moves the calling process into new namespaces for good, so each scenario runs in a
child; its result, or its failed assertion, comes back through a pipe.
"""

import os
import pickle
import select
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyminidocker.images.trees import remove_tree
from pyminidocker.runtime.defaults import (
    DEFAULT_CAPABILITIES,
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
    default_mounts,
)
from pyminidocker.runtime.host import create_lab
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, ProcessSpec
from pyminidocker.runtime.zygote import Exited, Failed, Parked, Started

APPLETS = (
    "sh cat chown cut date echo env false grep head hostname id ip kill ln ls mkdir mount nc ps "
    "readlink rm rmdir sleep sort stat stty tail test touch true tty umask unshare vi wc yes"
).split()
PATIENCE_S = 5.0


class Result(NamedTuple):
    """What became of a process."""

    exit_code: int | None
    out: str
    err: str
    error: Any  # the InitError's fields, when it never ran


class Bench:
    """A lab, a busybox root file system, and short ways to run things."""

    def __init__(self, base: Path, **options: Any) -> None:
        self.base = base
        self.rootfs = make_rootfs(base / "rootfs")
        self.lab = create_lab("bench", None, options.pop("pool", {"new": 2, "host": 1}), **options)
        self.zygote = self.lab.zygote
        self.events: list[Any] = []

    def process(self, args: list[str] | str, **changes: Any) -> ProcessSpec:
        words = ["sh", "-c", args] if isinstance(args, str) else args
        values: dict[str, Any] = {
            "env": ["PATH=/bin"],
            "capabilities": list(DEFAULT_CAPABILITIES),
            **changes,
        }
        return ProcessSpec(words, **values)

    def spec(self, args: list[str] | str, **changes: Any) -> ContainerSpec:
        """Return a specification with Docker's defaults; ``changes`` go where they belong."""
        own = set(ContainerSpec.__slots__)
        process = self.process(args, **{k: v for k, v in changes.items() if k not in own})
        container_id = os.urandom(32).hex()
        home = self.base / container_id
        for name in ("diff", "work"):
            (home / name).mkdir(parents=True)
        values: dict[str, Any] = {
            "hostname": container_id[:12],
            "lower_dirs": [str(self.rootfs)],
            "upper_dir": str(home / "diff"),
            "work_dir": str(home / "work"),
            "mounts": default_mounts(network=changes.get("network", "new")),
            "masked_paths": list(DEFAULT_MASKED_PATHS),
            "readonly_paths": list(DEFAULT_READONLY_PATHS),
            **{k: v for k, v in changes.items() if k in own},
        }
        return ContainerSpec(container_id, process, **values)

    def wait_for(self, match: Callable[[Any], bool]) -> Any:
        """Return (and forget) the first event that matches."""
        end = time.monotonic() + PATIENCE_S
        while True:
            for index, event in enumerate(self.events):
                if match(event):
                    return self.events.pop(index)
            assert time.monotonic() < end, f"nothing of that kind in {self.events}"
            select.select([self.zygote], [], [], PATIENCE_S)
            self.events += self.zygote.receive()

    def wait_parked(self, network: str = "new") -> None:
        while not any(child.network == network for child in self.zygote.parked()):
            self.wait_for(lambda event: isinstance(event, Parked))

    def start(self, spec: ContainerSpec, stdio: Any = None) -> Started | Failed:
        self.zygote.start(spec.id, spec, stdio)
        return self._started(spec.id)

    def exec(
        self, container: Started, process: ProcessSpec, stdio: Any = None, network: str = ""
    ) -> Started | Failed:
        token = os.urandom(8).hex()
        spec = ExecSpec(container.token, process, network)
        self.zygote.exec(token, spec, container.pidfd, stdio)
        return self._started(token)

    def _started(self, token: str) -> Started | Failed:
        return self.wait_for(
            lambda event: isinstance(event, Started | Failed) and event.token == token
        )

    def wait(self, started: Started) -> int:
        exited = self.wait_for(
            lambda event: isinstance(event, Exited) and event.token == started.token
        )
        os.close(started.pidfd)
        return exited.exit_code

    def run(self, args: list[str] | str, *, stdin: bytes = b"", **changes: Any) -> Result:
        """Run a container to its end and return what it wrote."""
        spec = self.spec(args, **changes)
        return self._collect(lambda stdio: self.start(spec, stdio), stdin)

    def run_in(
        self, container: Started, args: list[str] | str, *, stdin: bytes = b"", **changes: Any
    ) -> Result:
        """Run a further process in a container to its end."""
        process = self.process(args, **changes)
        return self._collect(lambda stdio: self.exec(container, process, stdio), stdin)

    def _collect(self, begin: Callable[[Any], Started | Failed], stdin: bytes) -> Result:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        started = begin((in_read, out_write, err_write))
        for fd in (in_read, out_write, err_write):
            os.close(fd)
        if isinstance(started, Started) and stdin:
            os.write(in_write, stdin)
        os.close(in_write)
        out, err = _read_all(out_read, err_read)
        if isinstance(started, Failed):
            error = started.error
            fields = {name: getattr(error, name) for name in ("stage", "call", "errno", "path")}
            return Result(None, out, err, {**fields, "message": str(error), "hint": error.hint})
        return Result(self.wait(started), out, err, None)


def _read_all(*fds: int) -> list[str]:
    collected = dict.fromkeys(fds, b"")
    open_fds = set(fds)
    while open_fds:
        readable, _, _ = select.select(list(open_fds), [], [], PATIENCE_S)
        assert readable, f"no end of file; so far {collected}"
        for fd in readable:
            data = os.read(fd, 65536)
            collected[fd] += data
            if not data:
                os.close(fd)
                open_fds.remove(fd)
    return [collected[fd].decode(errors="replace") for fd in fds]


def make_rootfs(path: Path) -> Path:
    """Make a root file system of busybox and two users."""
    if path.exists():
        return path
    for name in ("bin", "etc", "tmp", "home/bob"):
        (path / name).mkdir(parents=True)
    source = shutil.which("busybox")
    assert source is not None
    shutil.copy(source, path / "bin/busybox")
    for applet in APPLETS:
        (path / "bin" / applet).symlink_to("busybox")
    (path / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\n"
    )
    (path / "etc/group").write_text("root:x:0:\ntty:x:5:\nbobs:x:1001:\nfriends:x:2000:bob\n")
    return path


def run_scenario(
    base: Path, scenario: Callable[..., Any], *args: Any, options: dict[str, Any] | None = None
) -> Any:
    """Run ``scenario(bench, *args)`` in a lab of its own and return what it returns."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_fd)
            signal.alarm(int(6 * PATIENCE_S))  # a hanging scenario dies, and the test fails
            bench = Bench(base, **(options or {}))
            outcome = (True, scenario(bench, *args))
            bench.lab.close()
        except BaseException:  # noqa: BLE001 - carried over to the test
            outcome = (False, traceback.format_exc())
        finally:
            with open(write_fd, "wb") as pipe:
                pickle.dump(outcome, pipe)
            os._exit(0)
    os.close(write_fd)
    with open(read_fd, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    good, value = pickle.loads(data) if data else (False, "the scenario hung and was killed")
    if not good:
        pytest.fail(value, pytrace=False)
    return value


@pytest.fixture
def scenario(tmp_path: Path):
    """``scenario(function, *args)``: run it in a lab of its own; the files go away after."""

    def run(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return run_scenario(tmp_path, function, *args, options=options)

    yield run
    for entry in tmp_path.iterdir():
        remove_tree(entry)
