"""Measure save, load, commit and unpacking: ``python -m benchmarks.archives [quick]``.

One image of 8,000 files, 163 MB in 5 layers, in a private engine and a private dockerd; whole
processes of both command lines, in turn.  Nothing of the user's is touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import big_image, peers
from benchmarks.measure import Sample, show
from benchmarks.private import (
    CHECKOUT,
    describe_machine,
    private_engine,
    private_home,
    root_archive,
)

ROUNDS = 2 if "quick" in sys.argv[1:] else 5
MINIDOCKER = str(CHECKOUT / "tools/minidocker")
# name -> (done before each round and not timed, timed)
Jobs = dict[str, tuple[Callable[[], object], Callable[[], object]]]


def measure(title: str, jobs: Jobs, ours: str) -> dict[str, float]:
    """Time every job in turn, after its preparation; return medians in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(ROUNDS + 1):
        for name, (prepare, job) in jobs.items():
            prepare()
            os.sync()
            began = time.perf_counter()
            job()
            if turn:  # the first one warms up
                times[name].append((time.perf_counter() - began) * 1000)
    samples = [Sample(name, values) for name, values in times.items()]
    show(title, samples, ours)
    return {sample.name: sample.median for sample in samples}


def nothing() -> None:
    """Prepare nothing."""


@contextmanager
def layout_archive(home: Path) -> Iterator[Path]:
    """Make the image as an OCI layout in one tar, its layers gzipped."""
    layout = big_image.make(home / "layout")
    archive = home / "layout.tar"
    peers.call("tar", "-cf", str(archive), "-C", str(layout), ".")
    yield archive
    archive.unlink()
    shutil.rmtree(layout)


def archives(home: Path, docker_host: str | None) -> None:
    """Save and load beside docker; each reads the other's archive once."""
    docker = ["docker", "-H", docker_host or ""]
    ours, theirs = str(home / "ours.tar"), str(home / "theirs.tar")
    saves: Jobs = {
        "minidocker save": (nothing, lambda: peers.call(MINIDOCKER, "save", "-o", ours, "big"))
    }
    loads: Jobs = {
        "minidocker load": (
            lambda: peers.call(MINIDOCKER, "rmi", "big"),
            lambda: peers.call(MINIDOCKER, "load", "-i", theirs if docker_host else ours),
        )
    }
    peers.call(MINIDOCKER, "save", "-o", ours, "big")
    if docker_host:
        peers.call(*docker, "load", "-i", ours)
        peers.call(*docker, "save", "-o", theirs, "big")
        # Layers as docker keeps them, uncompressed: both save the same bytes.
        peers.call(MINIDOCKER, "rmi", "big")
        peers.call(MINIDOCKER, "load", "-i", theirs)
        saves["docker save"] = (nothing, lambda: peers.call(*docker, "save", "-o", theirs, "big"))
        loads["docker load"] = (
            lambda: peers.call(*docker, "rmi", "big"),
            lambda: peers.call(*docker, "load", "-i", theirs),
        )
    measure("Save to a file", saves, "minidocker save")
    measure("Load docker's archive, nothing of it there", loads, "minidocker load")


def commits(home: Path, docker_host: str | None) -> None:
    """Commit a container that wrote all the files."""
    tar = home / "files.tar"
    with tar.open("wb") as out:
        subprocess.run([MINIDOCKER, "create", "--name", "all", "big", "true"], check=True, **QUIET)
        subprocess.run([MINIDOCKER, "export", "all"], check=True, stdout=out)
        peers.call(MINIDOCKER, "rm", "all")
    lines = {"minidocker": [MINIDOCKER]}
    if docker_host:
        lines["docker"] = ["docker", "-H", docker_host]
    jobs: Jobs = {}
    for name, line in lines.items():
        peers.call(*line, "create", "--name", "filled", "busybox", "true")
        with tar.open("rb") as source:
            peers.call(*line, "cp", "-", "filled:/", stdin=source)

        def forget(line: list[str] = line) -> None:
            subprocess.run([*line, "rmi", "committed"], check=False, **QUIET)

        def commit(line: list[str] = line) -> None:
            peers.call(*line, "commit", "filled", "committed")

        jobs[f"{name} commit"] = (forget, commit)
    measure("Commit a container that wrote 8,000 files", jobs, "minidocker commit")
    for line in lines.values():
        peers.call(*line, "rmi", "committed")
        peers.call(*line, "rm", "filled")


QUIET = peers.QUIET


def unpacking(home: Path) -> None:
    """Unpack the five gzipped layers, beside umoci and beside copying the finished tree."""
    from pyminidocker.images.layout import read_oci_layout
    from pyminidocker.images.store import ImageStore

    layout, state, other = home / "layout", home / "store", home / "other"

    def clear() -> None:
        for path in (state, other):
            subprocess.run(["rm", "-rf", str(path)], check=True)

    def unpack() -> None:
        read_oci_layout(ImageStore(str(state)), str(layout), "big")

    jobs: Jobs = {"ours: unpack 5 layers": (clear, unpack)}
    if shutil.which("umoci"):
        command = ["umoci", "unpack", *(["--rootless"] if os.getuid() else [])]
        line = [*command, "--image", f"{layout}:big", str(other)]
        jobs["umoci unpack"] = (clear, lambda: peers.call(*line))

    def copied() -> None:
        clear()
        unpack()

    trees = f"{state}/layers"
    jobs["cp -a of the result"] = (copied, lambda: peers.call("cp", "-a", trees, str(other)))
    measure("Unpack an image of 5 gzipped layers", jobs, "ours: unpack 5 layers")
    clear()


def main() -> None:
    """Run everything on a private engine and a private dockerd."""
    print(f"{describe_machine()}; medians of {ROUNDS}")
    with (
        private_home() as home,
        tempfile.TemporaryDirectory(prefix="bench-archives-") as files,
        layout_archive(Path(files)) as archive,
    ):
        unpacking(Path(files))
        with private_engine("busybox") as engine:
            [image] = engine.load(archive)
            image.tag("big")
            rootfs = root_archive(engine, home / "busybox.tar")
            with peers.dockerd(rootfs) as docker_host:
                archives(Path(files), docker_host)
                commits(Path(files), docker_host)


if __name__ == "__main__":
    main()
