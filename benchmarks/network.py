"""Measure networks beside dockerd's: ``python -m benchmarks.network [quick]``.

Throughput and round trips are those of two containers on one user-defined bridge network.  The
same two processes measure both engines: they are forked from here and enter the containers' network
namespaces, so no program in an image makes a difference.  Without dockerd (or without root) what
was measured once on the machine of the figures is shown instead.
"""

import os
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import peers
from benchmarks.measure import in_turn, show
from benchmarks.private import describe_machine, private_engine, private_home, root_archive
from pyminidocker.kernel.constants import CLONE_NEWNET, CLONE_NEWUSER
from pyminidocker.kernel.namespaces import open_namespace, setns

QUICK = "quick" in sys.argv[1:]
ROUNDS, SECONDS, TRIPS, FEW, MANY = (3, 0.3, 2000, 5, 50) if QUICK else (9, 1.0, 10_000, 15, 200)
RECORDED = "docker 20.10, recorded: 24 Gbit/s, 31 us a round trip"
PORT, CHUNK_BYTES = 5001, 1 << 20


class Ends(NamedTuple):
    """Two containers of one engine."""

    source_pid: int
    target_pid: int
    target_ip: str


def _enter(pid: int) -> None:
    """Put this process, which has one thread, into a container's network namespace."""
    user, net = open_namespace(pid, "user"), open_namespace(pid, "network")
    if not os.path.samestat(os.fstat(user), Path("/proc/self/ns/user").stat()):
        setns(user, CLONE_NEWUSER)
    if not os.path.samestat(os.fstat(net), Path("/proc/self/ns/net").stat()):
        setns(net, CLONE_NEWNET)


def in_namespace(pid: int, work: Callable[[int], None]) -> tuple[int, int]:
    """Fork a process that does ``work`` with the end of a pipe to report to; (pid, other end)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _enter(pid)
            work(writer)
        finally:
            os._exit(0)
    os.close(writer)
    return child, reader


def _between(ends: Ends, client: Callable[[socket.socket], float]) -> float:
    """Let ``client`` talk to an echo (first byte ``e``) or a sink; returns what it measured."""

    def serve(report: int) -> None:
        listener = socket.create_server((ends.target_ip, PORT))
        os.write(report, b"ready")
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = bytearray(CHUNK_BYTES)
        echoes = sock.recv(1) == b"e"
        while length := sock.recv_into(buffer):
            if echoes:
                sock.sendall(buffer[:length])

    def measure(report: int) -> None:
        sock = socket.create_connection((ends.target_ip, PORT))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        os.write(report, repr(client(sock)).encode())

    server, ready = in_namespace(ends.target_pid, serve)
    os.read(ready, 16)
    other, result = in_namespace(ends.source_pid, measure)
    text = os.read(result, 64).decode()
    for fd in (ready, result):
        os.close(fd)
    for pid in (other, server):
        os.waitpid(pid, 0)
    return float(text)


def one_stream(sock: socket.socket) -> float:
    """Return Gbit/s of one stream."""
    sock.sendall(b"s")
    chunk, sent = bytes(CHUNK_BYTES), 0
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < SECONDS:
        sock.sendall(chunk)
        sent += CHUNK_BYTES
    return sent * 8 / took / 1e9


def round_trips(sock: socket.socket) -> float:
    """Return the median round trip of one byte, microseconds."""
    sock.sendall(b"e")
    times = []
    for _ in range(TRIPS):
        began = time.perf_counter()
        sock.sendall(b"x")
        sock.recv(1)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


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
    ends = Ends(_pid(engine, boxes[0]), _pid(engine, boxes[-1]), _ip(engine, boxes[-1]))
    print(f"  a round trip from the first to the last: {_between(ends, round_trips):.1f} us")
    for box in boxes:
        box.remove(force=True)


def _pid(engine, box) -> int:
    return int(engine.api.container_inspect(box.id)["State"]["Pid"])


def _ip(engine, box) -> str:
    endpoints = engine.api.container_inspect(box.id)["NetworkSettings"]["Networks"]
    return str(next(iter(endpoints.values()))["IPAddress"])


@contextmanager
def our_ends(engine) -> Iterator[Ends]:
    """Yield two of our containers."""
    engine.create_network("bench-pair")
    boxes = [
        engine.run("busybox", "sleep 600", detach=True, network="bench-pair") for _ in range(2)
    ]
    yield Ends(*(_pid(engine, box) for box in boxes), _ip(engine, boxes[1]))
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
