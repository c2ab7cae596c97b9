"""Measure limits, pause, stats and hardening: ``python -m benchmarks.limits [quick]``.

What the engine's own process needs for stats is read from its processor time, while this process
reads the streams; what limits and hardening add to a start is the difference of medians of starts
with and without them, taken in turn.
"""

import os
import selectors
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Sample, in_turn, show
from benchmarks.private import describe_machine, private_engine, private_home, root_archive
from pyminidocker.client.connection import Connection
from pyminidocker.client.engine import Engine
from pyminidocker.errors import NotImplementedHere

QUICK = "quick" in sys.argv[1:]
ROUNDS = 20 if QUICK else 100
CONTAINERS = 20 if QUICK else 100
SECONDS = 5.0 if QUICK else 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
LIMITS = {"memory": "64m", "cpus": 0.5, "pids_limit": 50}
# What can be left out, whoever runs the engine; masked paths are not among it for root.
BARE = {"cap_add": ["ALL"], "security_opt": ["seccomp=unconfined"]}


def pauses(engine: Engine, docker_host: str | None) -> None:
    """Freeze and thaw one container again and again."""
    jobs: dict[str, Callable[[], object]] = {}
    with engine.create("busybox", "sleep 10000") as box:
        box.start()
        try:
            box.pause()
        except NotImplementedHere as error:
            print(f"\npause: {error}")
            return
        box.unpause()
        pause: list[float] = []
        unpause: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            box.pause()
            between = time.perf_counter()
            box.unpause()
            unpause.append((time.perf_counter() - between) * 1000)
            pause.append((between - began) * 1000)
        samples = [Sample("ours: pause", pause), Sample("ours: unpause", unpause)]
        if docker_host:
            import docker

            client = docker.DockerClient(docker_host)
            other = client.containers.run("busybox", "sleep 10000", detach=True)

            def both() -> None:
                other.pause()
                other.unpause()

            jobs["docker API: pause and unpause"] = both
            jobs["ours: pause and unpause"] = lambda: box.pause().unpause()
            samples += in_turn(jobs, dict.fromkeys(jobs, ROUNDS // 4))
            other.remove(force=True)
        show("Freeze a container, by the API", samples, "ours: pause")


def processor_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def read_for(targets: list[str], path: str, seconds: float) -> tuple[int, int]:
    """Read these streams; return (lines, bytes)."""
    lines = size = 0
    chooser = selectors.DefaultSelector()
    open_ones = []
    for target in targets:
        connection = Connection(path)
        connection.send("GET", target)
        open_ones.append(connection)
        chooser.register(connection.socket, selectors.EVENT_READ)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in chooser.select(left):
            data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
            lines += data.count(b"}\n") + data.count(b"]\n")  # not those of HTTP's chunks
            size += len(data)
    for connection in open_ones:
        connection.close()
    return lines, size


def streams(engine: Engine) -> None:
    """The engine's own processor time while many containers are watched."""
    boxes = [engine.create("busybox", "sleep 10000").start() for _ in range(CONTAINERS)]
    pid = engine.api.engine_facts()["Pid"]
    docker_targets = [f"/containers/{box.id}/stats" for box in boxes]
    path = engine.api.socket_path
    try:
        print(f"\nStats of {CONTAINERS} containers for {SECONDS:g} s: the engine's processor time")
        for name, targets in (
            ("nobody watches", []),
            (f"{CONTAINERS} streams of Docker's", docker_targets),
            ("one stream of ours", ["/minidocker/stats?stream=1"]),
        ):
            if targets:
                read_for(targets, path, 1.5)  # the first round, and whatever came with the starts
            time.sleep(0.5)
            before = processor_seconds(pid)
            lines, size = read_for(targets, path, SECONDS)
            used = processor_seconds(pid) - before
            print(
                f"  {name:34} {100 * used / SECONDS:5.2f} % of a core"
                f"   {lines} lines, {size / 1e6:.1f} MB"
            )
    finally:
        for box in boxes:
            box.remove(force=True)


def start_shares(engine: Engine) -> None:
    """What limits, and what hardening, add to a start."""

    def run(**options: object) -> Callable[[], object]:
        return lambda: engine.run("busybox", "true", network="none", **options)

    jobs = {"as it comes": run(), "all capabilities, no seccomp": run(**BARE)}
    try:
        run(**LIMITS)()
        jobs["with memory, cpu and pids limits"] = run(**LIMITS)
    except NotImplementedHere as error:
        print(f"\nlimits: {error}")
    samples = in_turn(jobs, dict.fromkeys(jobs, ROUNDS * 3))
    show("Start, run `true`, wait, remove, by the API", samples, "as it comes")
    medians = {sample.name: sample.median for sample in samples}
    plain = medians.pop("as it comes")
    bare = medians["all capabilities, no seccomp"]
    print(f"  capabilities and seccomp add {plain - bare:+.2f} ms")
    if (limited := medians.get("with memory, cpu and pids limits")) is not None:
        print(f"  limits add {limited - plain:+.2f} ms")


def main() -> None:
    """Run everything on a private engine and, for pause, a private dockerd."""
    print(f"{describe_machine()}; medians")
    with private_home() as home, private_engine("busybox") as engine:
        rootfs = root_archive(engine, home / "busybox.tar")
        with peers.dockerd(rootfs) as docker_host:
            pauses(engine, docker_host)
        start_shares(engine)
        streams(engine)


if __name__ == "__main__":
    main()
