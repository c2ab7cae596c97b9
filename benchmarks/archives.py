"""Measure save, load, commit and unpacking: ``python -m benchmarks.archives [quick]``.

One image of 8,000 files, 163 MB in 5 layers, in a private engine and a private dockerd; whole
processes of both command lines, in turn.  Nothing of the user's is touched.

ext4 avoids the inodes of files that were deleted in the last minutes, and looks through all of
them for every new file: deleting thousands of files before a round multiplies what it takes.  So
what can be kept is kept to the end.
"""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
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


def archives(home: Path, docker_host: str | None) -> None:
    """Save and load beside docker: the same archive, the same bytes."""
    archive, target = str(home / "big.tar"), str(home / "saved.tar")
    lines = {"minidocker": [MINIDOCKER]}
    if docker_host:
        lines["docker"] = ["docker", "-H", docker_host]
    saves: Jobs = {}
    loads: Jobs = {}
    for name, line in lines.items():
        peers.call(*line, "load", "-i", archive)

        def save(line: list[str] = line) -> None:
            peers.call(*line, "save", "-o", target, "big:1")

        def forget(line: list[str] = line) -> None:
            peers.call(*line, "rmi", "big:1")

        def load(line: list[str] = line) -> None:
            peers.call(*line, "load", "-i", archive)

        saves[f"{name} save"] = (nothing, save)
        loads[f"{name} load"] = (forget, load)
    measure("Save to a file", saves, "minidocker save")
    measure("Load docker's archive, nothing of it there", loads, "minidocker load")


def commits(home: Path, docker_host: str | None) -> None:
    """Commit a container that wrote all the files."""
    tar, note = home / "files.tar", home / "note"
    with tar.open("wb") as out:
        peers.call(MINIDOCKER, "create", "--name", "all", "big:1", "true")
        peers.call(MINIDOCKER, "export", "all", stdout=out)
        peers.call(MINIDOCKER, "rm", "all")
    lines = {"minidocker": [MINIDOCKER]}
    if docker_host:
        lines["docker"] = ["docker", "-H", docker_host]
    jobs: Jobs = {}
    for name, line in lines.items():
        peers.call(*line, "create", "--name", "filled", "busybox", "true")
        with tar.open("rb") as source:
            peers.call(*line, "cp", "-", "filled:/", stdin=source)

        def change(line: list[str] = line) -> None:
            note.write_text(str(time.time()))
            peers.call(*line, "cp", str(note), "filled:/note")

        def commit(line: list[str] = line) -> None:
            peers.call(*line, "commit", "filled")

        jobs[f"{name} commit"] = (change, commit)
    measure("Commit a container that wrote 8,000 files", jobs, "minidocker commit")
    for line in lines.values():
        peers.call(*line, "rm", "filled")


def unpacking(home: Path) -> None:
    """Unpack the five gzipped layers, beside umoci and beside copying the finished tree."""
    from pyminidocker.images.layout import read_oci_layout
    from pyminidocker.images.store import ImageStore

    layout, rooms = home / "layout", itertools.count()

    def unpack() -> Path:
        state = home / f"store{next(rooms)}"
        read_oci_layout(ImageStore(str(state)), str(layout), "big")
        return state

    jobs: Jobs = {"ours: unpack 5 layers": (nothing, unpack)}
    if shutil.which("umoci"):
        command = ["umoci", "unpack", *(["--rootless"] if os.getuid() else [])]
        command += ["--image", f"{layout}:big"]
        jobs["umoci unpack"] = (
            nothing,
            lambda: peers.call(*command, str(home / f"bundle{next(rooms)}")),
        )
    layers = f"{unpack()}/layers"
    jobs["cp -a of the result"] = (
        nothing,
        lambda: peers.call("cp", "-a", layers, str(home / f"copy{next(rooms)}")),
    )
    measure("Unpack an image of 5 gzipped layers", jobs, "ours: unpack 5 layers")


def main() -> None:
    """Run everything on a private engine and a private dockerd."""
    print(f"{describe_machine()}; medians of {ROUNDS}")
    with private_home() as home, tempfile.TemporaryDirectory(prefix="bench-archives-") as name:
        files = Path(name)
        big_image.make(files / "layout", files / "big.tar")
        unpacking(files)
        with private_engine("busybox") as engine:
            rootfs = root_archive(engine, home / "busybox.tar")
            with peers.dockerd(rootfs) as docker_host:
                archives(files, docker_host)
                commits(files, docker_host)


if __name__ == "__main__":
    main()
