"""Measure networks beside dockerd's: ``python -m benchmarks.network [quick]``.

Throughput and round trips are those of two containers on one user-defined bridge network.  The
same two processes measure both engines.  Without dockerd (or without root) what was measured once
on the machine of the figures is shown instead.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import peers
from benchmarks.inside import Client, measured, one_stream, process, round_trips, serve, talk
from benchmarks.measure import in_turn, show
from benchmarks.private import describe_machine, private_engine, private_home, root_archive

QUICK = "quick" in sys.argv[1:]
ROUNDS, FEW, MANY = (3, 5, 50) if QUICK else (9, 15, 200)
RECORDED = "docker 20.10, recorded: 24 Gbit/s, 31 us a round trip"
PORT = 5001


class Ends(NamedTuple):
    """Two containers of one engine."""

    source_pid: int
    target_pid: int
    target_ip: str


def _between(ends: Ends, client: Client) -> float:
    """Let ``client`` talk to a server in the other container; returns what it measured."""
    with process(ends.target_pid, serve(ends.target_ip, PORT)):
        return measured(ends.source_pid, talk((ends.target_ip, PORT), client))


def traffic(all_ends: dict[str, Ends]) -> None:
    """Compare engines, in turn, so that all see the same machine."""
    print("\nOne TCP stream, and one byte there and back, between two containers")
    speed: dict[str, list[float]] = {name: [] for name in all_ends}
    trips: dict[str, list[float]] = {name: [] for name in all_ends}
    for _ in range(ROUNDS):
        for name, ends in all_ends.items():
            speed[name].append(_between(ends, one_stream))
            trips[name].append(_between(ends, round_trips))
    base_speed, base_trip = (statistics.median(facts["ours"]) for facts in (speed, trips))
    for name in all_ends:
        gbits, trip = statistics.median(speed[name]), statistics.median(trips[name])
        print(
            f"  {name:34} {gbits:6.1f} Gbit/s {trip:6.1f} us  n={ROUNDS}"
            f"  ours is {base_speed / gbits:.2f}x as fast, takes {base_trip / trip:.2f}x as long"
        )
    if len(all_ends) == 1:
        print(f"  {RECORDED}")


def attaching(engine) -> None:
    """Time what a network adds to a start."""
    engine.create_network("bench-added")
    jobs = {
        "ours: run, --network none": lambda: engine.run("busybox", "true", network="none"),
        "ours: run, default bridge": lambda: engine.run("busybox", "true"),
        "ours: run, user-defined network": lambda: engine.run(
            "busybox", "true", network="bench-added"
        ),
    }
    samples = in_turn(jobs, dict.fromkeys(jobs, MANY))
    show("Start, run `true`, wait, remove", samples, "ours: run, --network none")
    none, *others = (sample.median for sample in samples)
    print("  added: " + ", ".join(f"{median - none:.2f} ms" for median in others))


def networks(engine, client) -> None:
    """Time making and removing a network, and connecting a container that runs."""
    box = engine.run("busybox", "sleep 600", detach=True, network="bench-added")
    other = engine.create_network("bench-other")
    jobs = {
        "ours: network create + rm": lambda: engine.create_network("bench-once").remove(),
        "ours: connect + disconnect": lambda: other.connect(box).disconnect(box),
    }
    rounds = {"ours: network create + rm": FEW, "ours: connect + disconnect": FEW}
    if client is not None:
        jobs["docker API: network create + rm"] = lambda: client.networks.create(
            "bench-once"
        ).remove()
        rounds["docker API: network create + rm"] = FEW
    show("Networks come and go", in_turn(jobs, rounds), "ours: network create + rm")
    times = []
    for _ in range(FEW):
        began = time.perf_counter()
        engine.create_network("bench-once").remove()
        times.append((time.perf_counter() - began) * 1000)
    print(
        f"  the first of these back to back: {statistics.median(times):.1f} ms; then it waits for"
        " the kernel, which is still deleting the bridge before"
    )
    box.remove(force=True)


def crowd(engine) -> None:
    """Start 200 containers on one bridge."""
    engine.create_network("bench-crowd")
    began = time.perf_counter()
    boxes = [
        engine.run("busybox", "sleep 600", detach=True, network="bench-crowd") for _ in range(MANY)
    ]
    took = time.perf_counter() - began
    print(f"\n{MANY} containers on one network: {took:.2f} s, {took / MANY * 1000:.1f} ms each")
    ends = Ends(boxes[0].pid, boxes[-1].pid, boxes[-1].ip)
    print(f"  a round trip from the first to the last: {_between(ends, round_trips):.1f} us")
    for box in boxes:
        box.remove(force=True)


@contextmanager
def our_ends(engine) -> Iterator[Ends]:
    """Yield two of our containers."""
    engine.create_network("bench-pair")
    boxes = [
        engine.run("busybox", "sleep 600", detach=True, network="bench-pair") for _ in range(2)
    ]
    yield Ends(*(box.pid for box in boxes), boxes[1].ip)
    for box in boxes:
        box.remove(force=True)


@contextmanager
def docker_ends(client) -> Iterator[Ends]:
    """Yield two of docker's."""
    network = client.networks.create("bench-pair")
    boxes = [
        client.containers.run("busybox", "sleep 600", detach=True, network="bench-pair")
        for _ in range(2)
    ]
    for box in boxes:
        box.reload()
    pids = (box.attrs["State"]["Pid"] for box in boxes)
    ip = boxes[1].attrs["NetworkSettings"]["Networks"]["bench-pair"]["IPAddress"]
    try:
        yield Ends(*pids, ip)
    finally:
        for box in boxes:
            box.remove(force=True)
        network.remove()


def main() -> None:
    """Run everything on a private engine."""
    print(f"{describe_machine()}; medians")
    with private_home() as home, private_engine("busybox") as engine:
        with peers.dockerd(root_archive(engine, home / "rootfs.tar")) as host:
            client = None
            if host:
                import docker

                client = docker.DockerClient(host)
            with our_ends(engine) as ours:
                if client is None:
                    traffic({"ours": ours})
                else:
                    with docker_ends(client) as theirs:
                        traffic({"ours": ours, "docker's bridge": theirs})
            attaching(engine)
            networks(engine, client)
        crowd(engine)


if __name__ == "__main__":
    main()
