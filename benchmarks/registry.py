"""Pull and push of a large image beside dockerd: ``python -m benchmarks.registry [quick]``.

Both talk to the same docker-registry on loopback.  What is pushed lies uncompressed in the store,
as images do that were made there.
"""

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from benchmarks import big_image, memory, peers
from benchmarks.measure import Sample, show
from benchmarks.private import describe_machine, private_engine, private_home

QUICK = "quick" in sys.argv[1:]
ROUNDS = 3 if QUICK else 7
PORT = 15_987
ADDRESS = f"127.0.0.1:{PORT}"
_SAMPLING_S = 0.02


@contextlib.contextmanager
def docker_registry(home: Path) -> Iterator[None]:
    """Run docker-registry on ``home/blobs``, as far as there is something."""
    config = home / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {home}/blobs}}}}\nhttp: {{addr: '{ADDRESS}'}}\n"
    )
    process = subprocess.Popen(["docker-registry", "serve", str(config)], **peers.QUIET)
    try:
        time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait()


def fill(layout: Path) -> None:
    """Put the layout's image into the registry as ``big:1``."""
    target = f"docker://{ADDRESS}/big:1"
    peers.call("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:big", target)


class Peak:
    """The most memory that the engine's own processes have while a block runs, KiB of PSS."""

    def __init__(self, pid: int) -> None:
        known = memory.processes_in_user_namespace_of(pid)
        self._pids = [one for one in {*known, pid} if memory.is_ours(one)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.kib = 0

    def now(self) -> int:
        """Return what they have at this moment."""
        return sum(map(memory.pss_kib, self._pids))

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLING_S):
            self.kib = max(self.kib, self.now())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


Job = tuple[Callable[[], object], Callable[[], object]]  # what is not timed, what is


def timed(jobs: dict[str, Job]) -> list[Sample]:
    """Run the jobs in turn, each after its preparation; the first round is a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(ROUNDS + 1):
        for name, (prepare, job) in jobs.items():
            prepare()
            began = time.perf_counter()
            job()
            if turn:
                times[name].append((time.perf_counter() - began) * 1000)
    return [Sample(name, found) for name, found in times.items()]


def pulls(engine, docker: list[str]) -> list[Sample]:
    """Pull into stores that have nothing of the image."""
    name = f"{ADDRESS}/big:1"

    def forget() -> None:
        with contextlib.suppress(Exception):
            engine.api.image_remove(name, force=True)

    jobs: dict[str, Job] = {"ours: pull": (forget, lambda: engine.pull(name))}
    if docker:
        jobs["docker pull"] = (
            lambda: subprocess.run([*docker, "rmi", name], check=False, **peers.QUIET),
            lambda: peers.call(*docker, "pull", "-q", name),
        )
    return timed(jobs)


def pushes(engine, docker: list[str], home: Path) -> list[Sample]:
    """Push to a registry that has nothing of the image."""
    names = iter(range(1000))
    current = [""]

    def empty(tag: Callable[[str], object]) -> None:
        shutil.rmtree(home / "blobs", ignore_errors=True)
        current[0] = f"{ADDRESS}/pushed{next(names)}:1"
        tag(current[0])

    jobs: dict[str, Job] = {
        "ours: push": (
            lambda: empty(lambda name: engine.image("big:1").tag(name)),
            lambda: engine.push(current[0]),
        )
    }
    if docker:
        jobs["docker push"] = (
            lambda: empty(lambda name: peers.call(*docker, "tag", "big:1", name)),
            lambda: peers.call(*docker, "push", "-q", current[0]),
        )
    return timed(jobs)


def peak_of_a_pull(engine) -> None:
    """Print what a pull takes on top of an engine that never pulled."""
    pid = engine.api.engine_facts()["Pid"]
    name = f"{ADDRESS}/big:1"
    time.sleep(1)
    idle = statistics.median(Peak(pid).now() for _ in range(5))
    with Peak(pid) as peak:
        engine.pull(name)
    print(f"\nMemory of a pull: idle {idle / 1024:.1f} MiB, peak {peak.kib / 1024:.1f} MiB,")
    print(f"  above idle {(peak.kib - idle) / 1024:.1f} MiB (limit 64)")


def main() -> None:
    """Measure."""
    print(describe_machine())
    scratch = Path(tempfile.mkdtemp(prefix="bench-registry-"))
    try:
        big_image.make(scratch / "layout", scratch / "big.tar")
        with private_home() as home, docker_registry(scratch), private_engine("busybox") as engine:
            fill(scratch / "layout")
            peak_of_a_pull(engine)
            with peers.dockerd(_busybox(engine, home)) as host:
                docker = ["docker", "-H", host] if host else []
                show("Pull, 8,000 files, 163 MB, 5 layers", pulls(engine, docker), "ours: pull")
                engine.load(scratch / "big.tar")
                if docker:
                    peers.call(*docker, "load", "-q", "-i", str(scratch / "big.tar"))
                samples = pushes(engine, docker, scratch)
                show("Push of the same, to an empty registry", samples, "ours: push")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _busybox(engine, home: Path) -> Path:
    from benchmarks.private import root_archive

    return root_archive(engine, home / "root.tar")


if __name__ == "__main__":
    main()
