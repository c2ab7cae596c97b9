"""Measure snapshots: ``python -m benchmarks.snapshots [quick]``.

A running container with one file of 100 MB in its writable layer is committed, as whole processes
of both command lines, in turn, against a private dockerd.  Then a volume of the same size goes out
and in: by our verbs, and as Docker's manual says, by tar in a container.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Sample, show
from benchmarks.private import (
    CHECKOUT,
    describe_machine,
    private_engine,
    private_home,
    root_archive,
)

ROUNDS = 3 if "quick" in sys.argv[1:] else 9
MINIDOCKER = str(CHECKOUT / "tools/minidocker")
BYTES = 100_000_000
# name -> (timed, done after each round)
Jobs = dict[str, tuple[Callable[[], object], Callable[[], object]]]


def measure(title: str, jobs: Jobs, ours: str) -> None:
    """Time every job in turn; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(ROUNDS + 1):
        for name, (job, after) in jobs.items():
            os.sync()
            began = time.perf_counter()
            job()
            if turn:
                times[name].append((time.perf_counter() - began) * 1000)
            after()
    show(title, [Sample(name, values) for name, values in times.items()], ours)


def nothing() -> None:
    """Tidy up nothing."""


def commits(lines: dict[str, list[str]]) -> None:
    """Commit a running container that wrote 100 MB."""
    jobs: Jobs = {}
    script = f"head -c {BYTES} /dev/urandom >/big; touch /ready; sleep 10000"
    for name, line in lines.items():
        alone = ["--network", "none"]
        peers.call(*line, "run", "-d", *alone, "--name", "big", "busybox", "sh", "-c", script)
        peers.call(*line, "exec", "big", "sh", "-c", "until [ -e /ready ]; do sleep 0.1; done")

        def commit(line: list[str] = line) -> None:
            peers.call(*line, "commit", "big", "made:1")

        def forget(line: list[str] = line) -> None:
            peers.call(*line, "rmi", "made:1")

        jobs[f"{name} commit"] = (commit, forget)
    measure("Commit a running container with 100 MB of changes", jobs, "minidocker commit")
    for line in lines.values():
        peers.call(*line, "rm", "-f", "big")


def volumes(lines: dict[str, list[str]], home: Path) -> None:
    """A volume with 100 MB to a file, and back."""
    out, back = {}, {}
    script = f"head -c {BYTES} /dev/urandom >/v/big"
    for name, line in lines.items():
        run = [*line, "run", "--rm", "--network", "none", "-v", "data:/v", "-v", f"{home}:/out"]
        peers.call(*run, "busybox", "sh", "-c", script)
        peers.call(*run, "busybox", "tar", "cf", f"/out/{name}.tar", "-C", "/v", ".")

        def pack(run: list[str] = run, name: str = name) -> None:
            peers.call(*run, "busybox", "tar", "cf", f"/out/{name}.tar", "-C", "/v", ".")

        def unpack(run: list[str] = run, name: str = name) -> None:
            peers.call(*run, "busybox", "tar", "xf", f"/out/{name}.tar", "-C", "/v")

        out[f"{name}: tar in a container"] = (pack, nothing)
        back[f"{name}: tar in a container"] = (unpack, nothing)
    archive = str(home / "ours.tar")
    out["minidocker volume export"] = (
        lambda: peers.call(MINIDOCKER, "volume", "export", "-o", archive, "data"),
        nothing,
    )
    back["minidocker volume import"] = (
        lambda: peers.call(MINIDOCKER, "volume", "import", "--replace", "data", archive),
        nothing,
    )
    measure("A volume of 100 MB into a file", out, "minidocker volume export")
    measure("and back", back, "minidocker volume import")


def main() -> None:
    """Run everything on a private engine and a private dockerd."""
    print(f"{describe_machine()}; medians of {ROUNDS}")
    with private_home() as home, private_engine("busybox") as engine:
        rootfs = root_archive(engine, home / "busybox.tar")
        with peers.dockerd(rootfs) as docker_host:
            lines = {"minidocker": [MINIDOCKER]}
            if docker_host:
                lines["docker"] = ["docker", "-H", docker_host]
            commits(lines)
            volumes(lines, home)


if __name__ == "__main__":
    main()
