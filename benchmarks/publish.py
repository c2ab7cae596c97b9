"""Measure published ports beside docker-proxy: ``python -m benchmarks.publish [quick]``.

One server in a container's network, reached in turn by every way there is.  docker-proxy stands in
the lab, where it can connect to the container, and so does its client; ours has its client on the
real machine, and the host agent in between.  Both cross the same bridge.  Without docker-proxy what
was measured once on the machine of the figures is shown instead.

A round trip takes twice as long when it wakes sleepers on another processor, and the scheduler
changes its mind about who runs where.  So round trips are measured with everybody on one processor,
and with the proxy on another one.
"""

import os
import shutil
import signal
import socket
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.inside import (
    CHUNK_BYTES,
    CPUS,
    Client,
    in_namespace,
    measured,
    one_stream,
    process,
    round_trips,
    serve,
    talk,
)
from benchmarks.private import describe_machine, private_engine, private_home
from pyminidocker.network import carry
from pyminidocker.network.proxy import Listener
from pyminidocker.network.reactor import Reactor

QUICK = "quick" in sys.argv[1:]
ROUNDS, CONNECTIONS, GIBS = (3, 200, 1) if QUICK else (9, 1000, 4)
RECORDED = "docker-proxy (docker 20.10), recorded: 26 Gbit/s, see docs/decisions/0009"
INSIDE, PUBLISHED, PROXIED = 5001, 18500, 18501

OURS = "ours: published port"


class Way(NamedTuple):
    """How a client gets to the server.

    Attributes:
        pid: whose network namespace the client is in.
        address: where it connects to.
        between: who carries, or 0.
    """

    pid: int
    address: tuple[str, int]
    between: int = 0


def docker_proxy(ip: str) -> Callable[[int], None]:
    """Return what becomes docker-proxy; it reports on descriptor 3, as dockerd expects."""

    def work(report: int) -> None:
        os.dup2(report, 3)
        os.set_inheritable(3, True)
        where = ("-host-ip", "127.0.0.1", "-host-port", str(PROXIED))
        to = ("-container-ip", ip, "-container-port", str(INSIDE))
        os.execvp("docker-proxy", ["docker-proxy", "-proto", "tcp", *where, *to])

    return work


def try_way(way: Way, client: Client, cpus: list[int] = CPUS) -> float:
    """Let a client connect and measure, on one of ``cpus``; returns what it measured."""
    return measured(way.pid, talk(way.address, client, cpus))


def place(pid: int, cpus: list[int]) -> None:
    """Say where all threads of a process may run."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cpus)


def trip(way: Way, server: int, carrier: list[int]) -> float:
    """Return a round trip's microseconds: ends on the first processor, the carrier where it may."""
    place(server, CPUS[:1])
    if way.between:
        place(way.between, carrier)
    try:
        return try_way(way, round_trips, CPUS[:1])
    finally:
        for pid in filter(None, (server, way.between)):
            place(pid, CPUS)


def one_after_another(way: Way) -> float:
    """Return microseconds for: connect, one byte there and back, close."""

    def work(report: int) -> None:
        began = time.perf_counter()
        for _ in range(CONNECTIONS):
            with socket.create_connection(way.address) as sock:
                sock.sendall(b"ex")
                sock.recv(1)
        os.write(report, repr((time.perf_counter() - began) / CONNECTIONS * 1e6).encode())

    return measured(way.pid, work)


def compare(ways: dict[str, Way], server: int) -> None:
    """Take all ways in turn, so that all see the same machine."""
    columns = ("Gbit/s", "us one cpu", "us two cpus", "us a connection")
    print(f"\n{'':38}{columns[0]:>12}{columns[1]:>12}{columns[2]:>12}{columns[3]:>16}  n={ROUNDS}")
    facts: dict[str, list[tuple[float, ...]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            facts[name].append(
                (
                    try_way(way, one_stream),
                    trip(way, server, CPUS[:1]),
                    trip(way, server, CPUS[-1:]),
                    one_after_another(way),
                )
            )
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in facts.items()
    }
    for name, values in medians.items():
        print(f"  {name:36}{values[0]:12.1f}{values[1]:12.1f}{values[2]:12.1f}{values[3]:16.0f}")
    if theirs := medians.get("docker-proxy"):
        ratios = [our / their for our, their in zip(medians[OURS], theirs, strict=True)]
        print(
            f"  {'ours to docker-proxy':36}" + "".join(f"{one:11.2f}x" for one in ratios[:3]),
            end="",
        )
        print(f"{ratios[3]:15.2f}x")


def ways_of_carrying() -> None:
    """Compare splicing with copying: what the agent's processor time buys."""
    print(f"\n{GIBS} GiB through the agent's proxy, over loopback")
    for name, pipes in (("recv and send", 0), ("splice", carry.MAX_PIPES)):
        gbits, cpu = zip(*(_carried(pipes) for _ in range(3)), strict=True)
        print(
            f"  {name:36} {statistics.median(gbits):5.1f} Gbit/s"
            f" {statistics.median(cpu):.3f} s of processor time a GiB"
        )


def _carried(pipes: int) -> tuple[float, float]:
    here = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = free.getsockname()
        free.close()

        def proxy(report: int) -> None:
            carry.PIPES = carry.Pipes(pipes)
            reactor = Reactor()
            Listener(reactor, listening, lambda _connection: [target])
            os.write(report, b"ready")
            reactor.run()

        with process(here, serve(*target)):
            child, ready = in_namespace(here, proxy)
            os.read(ready, 16)
            os.close(ready)
            chunk = bytes(CHUNK_BYTES)
            began = time.perf_counter()
            with socket.create_connection(listening.getsockname()) as sock:
                sock.sendall(b"s")
                for _ in range(GIBS * 1024):
                    sock.sendall(chunk)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(1)
            took = time.perf_counter() - began
            words = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    ticks = int(words[11]) + int(words[12])
    return GIBS * 8.59 / took, ticks / os.sysconf("SC_CLK_TCK") / GIBS


def starting(engine: object) -> None:
    """Time what publishing adds to a start."""
    from benchmarks.measure import in_turn, show

    jobs = {
        "ours: run": lambda: engine.run("busybox", "true"),
        "ours: run -p 18502:80": lambda: engine.run("busybox", "true", ports=["18502:80"]),
    }
    samples = in_turn(jobs, dict.fromkeys(jobs, 30 if QUICK else 150))
    show("Start, run `true`, wait, remove", samples, "ours: run")


def main() -> None:
    """Run everything on a private engine."""
    print(f"{describe_machine()}; medians")
    with private_home(), private_engine("busybox") as engine:
        ports = [f"{PUBLISHED}:{INSIDE}"]
        with engine.run("busybox", "sleep 600", detach=True, ports=ports) as box:
            facts = engine.api.engine_facts()
            here, lab, agent = os.getpid(), int(facts["Pid"]), int(facts["AgentPid"])
            ways = {
                OURS: Way(here, ("127.0.0.1", PUBLISHED), agent),
                "ours, in the lab: packet filter": Way(lab, ("127.0.0.1", PUBLISHED)),
                "nothing published: the container": Way(lab, (box.ip, INSIDE)),
            }
            with process(box.pid, serve("0.0.0.0", INSIDE)) as server:
                if shutil.which("docker-proxy"):
                    with process(lab, docker_proxy(box.ip)) as proxy:
                        way = Way(lab, ("127.0.0.1", PROXIED), proxy)
                        compare({**ways, "docker-proxy": way}, server)
                else:
                    compare(ways, server)
                    print(f"  {RECORDED}")
        starting(engine)
        ways_of_carrying()


if __name__ == "__main__":
    main()
