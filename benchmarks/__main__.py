"""Measure the engine beside its peers: ``python -m benchmarks [quick]``.

A private engine in a temporary directory; nothing of the user's is touched.
"""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import memory, peers
from benchmarks.measure import Sample, in_turn, show
from benchmarks.private import (
    CHECKOUT,
    describe_machine,
    private_engine,
    private_home,
    root_archive,
)

QUICK = "quick" in sys.argv[1:]
MANY, FEW = (40, 5) if QUICK else (200, 15)


def cold_start(name: str) -> Sample:
    """Start and stop engines; time from the first call to the first answer."""
    import pyminidocker

    times = []
    for turn in range(5):
        began = time.perf_counter()
        engine = pyminidocker.connect(name=f"{name}{turn}")
        times.append((time.perf_counter() - began) * 1000)
        engine.shutdown()
    return Sample("minidockerd, first answer", times)


def starts(engine, rootfs: Path, docker_host: str | None, minidocker: str) -> None:
    """Time one short-lived container, through the API and as a whole process."""
    jobs = {
        "ours: run, default bridge": lambda: engine.run("busybox", "true"),
        "ours: run, --network none": lambda: engine.run("busybox", "true", network="none"),
    }
    rounds = dict.fromkeys(jobs, MANY)
    if docker_host:
        import docker

        client = docker.DockerClient(docker_host)
        jobs["docker API: run, default bridge"] = lambda: client.containers.run(
            "busybox", "true", remove=True
        )
        rounds["docker API: run, default bridge"] = FEW
    if command := peers.bwrap(rootfs):
        jobs["bwrap"] = lambda: peers.call(*command)
        rounds["bwrap"] = MANY
    with peers.oci_bundle(rootfs, "crun") as crun, peers.oci_bundle(rootfs, "runc") as runc:
        for name, line in (("crun run", crun), ("runc run", runc)):
            if line:
                jobs[name] = lambda line=line: peers.call(*line)
                rounds[name] = FEW * 4
        show("Start, run `true`, wait, remove", in_turn(jobs, rounds), "ours: run, default bridge")

    jobs = {
        "minidocker run --rm": lambda: peers.call(minidocker, "run", "--rm", "busybox", "true"),
        "minidocker ps": lambda: peers.call(minidocker, "ps"),
    }
    rounds = dict.fromkeys(jobs, FEW * 4)
    if docker_host:
        jobs["docker run --rm"] = lambda: peers.call(
            *("docker", "-H", docker_host, "run", "--rm", "busybox", "true")
        )
        jobs["docker ps"] = lambda: peers.call("docker", "-H", docker_host, "ps")
        rounds |= {"docker run --rm": FEW, "docker ps": FEW * 4}
    samples = in_turn(jobs, rounds)
    show("Whole processes", samples, "minidocker run --rm")
    by_name = {sample.name: sample.median for sample in samples}
    if docker_host:
        ratio = by_name["minidocker ps"] / by_name["docker ps"]
        print(f"  minidocker ps / docker ps = {ratio:.2f}")


def executions(engine) -> None:
    """Time `exec` into a running container."""
    box = engine.run("busybox", "sleep 600", detach=True, init=True)
    try:
        show(
            "exec `true` in a running container",
            in_turn({"ours: exec": lambda: box.exec("true")}, {"ours: exec": MANY}),
            "ours: exec",
        )
    finally:
        box.remove(force=True)


def density(engine) -> None:
    """Start 100 containers one after another; weigh them."""
    facts = engine.api.engine_facts()
    pid = facts["Pid"]
    idle = sum(map(memory.pss_kib, memory.processes_in_user_namespace_of(pid)))
    idle += memory.pss_kib(facts["AgentPid"])
    print(f"\nEngine idle, all of its processes: {idle / 1024:.1f} MiB PSS")
    ours_before = sum(_ours(pid))
    began = time.perf_counter()
    boxes = [engine.run("busybox", "sleep 600", detach=True) for _ in range(100)]
    took = time.perf_counter() - began
    time.sleep(1)  # until the children are parked again
    grown = sum(_ours(pid)) - ours_before
    members = memory.processes_in_user_namespace_of(pid)
    theirs = [memory.pss_kib(member) for member in members if not memory.is_ours(member)]
    print(f"100 containers one after another: {took:.2f} s")
    print(
        f"100 idle containers: ours grew by {grown / 100:.1f} KiB PSS each; "
        f"busybox sleep itself {sum(theirs) / 100:.1f} KiB each"
    )
    for box in boxes:
        box.remove(force=True)


def _ours(pid: int) -> list[int]:
    """PSS of each process that is the engine's own, KiB."""
    members = memory.processes_in_user_namespace_of(pid)
    return [memory.pss_kib(member) for member in members if memory.is_ours(member)]


def main() -> None:
    """Run everything on a private engine."""
    print(f"{describe_machine()}; n and medians as shown")
    with private_home() as home:
        show("Cold start", [cold_start("cold")], "minidockerd, first answer")
        with private_engine("busybox") as engine:
            rootfs, archive = home / "rootfs", root_archive(engine, home / "rootfs.tar")
            rootfs.mkdir()
            subprocess.run(["tar", "-xf", str(archive), "-C", str(rootfs)], check=True)
            with peers.dockerd(archive) as docker_host:
                starts(engine, rootfs, docker_host, str(CHECKOUT / "tools/minidocker"))
            executions(engine)
            density(engine)


if __name__ == "__main__":
    main()
