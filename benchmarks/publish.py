"""Measure published ports beside docker-proxy: ``python -m benchmarks.publish [quick]``.

One server in a container's network, reached in turn by every way there is.  docker-proxy stands in
the lab, where it can connect to the container, and so does its client; ours has its client on the
real machine, and the host agent in between.  Both cross the same bridge.  Without docker-proxy what
was measured once on the machine of the figures is shown instead.
"""

import os
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.network import in_namespace, one_stream, round_trips
from pyminidocker.network import carry
from pyminidocker.network.proxy import Listener
from pyminidocker.network.reactor import Reactor

QUICK = "quick" in sys.argv[1:]
ROUNDS, CONNECTIONS, GIBS = (3, 200, 1) if QUICK else (9, 1000, 4)
RECORDED = "docker-proxy (docker 20.10), recorded: 29 Gbit/s, 31 us a round trip"
INSIDE, PUBLISHED, PROXIED = 5001, 18500, 18501
CHUNK_BYTES = 1 << 20

Client = Callable[[socket.socket], float]


class Way(NamedTuple):
    """How a client gets to the server.

    Attributes:
        pid: whose network namespace the client is in.
        address: where it connects to.
    """

    pid: int
    address: tuple[str, int]


def serve(ip: str, port: int) -> Callable[[int], None]:
    """Return a server that echoes (first byte ``e``) or swallows what it gets, until killed."""

    def work(report: int) -> None:
        listener = socket.create_server((ip, port), backlog=1000)
        os.write(report, b"ready")
        buffer = bytearray(CHUNK_BYTES)
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                echoes = sock.recv(1) == b"e"
                while length := sock.recv_into(buffer):
                    if echoes:
                        sock.sendall(buffer[:length])
            except ConnectionResetError:
                pass
            sock.close()

    return work


@contextmanager
def process(pid: int, work: Callable[[int], None]) -> Iterator[None]:
    """Have something run in a namespace for a while; it is there when this begins."""
    child, ready = in_namespace(pid, work)
    os.read(ready, 16)
    os.close(ready)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def docker_proxy(ip: str) -> Callable[[int], None]:
    """Return what becomes docker-proxy; it reports on descriptor 3, as dockerd expects."""

    def work(report: int) -> None:
        os.dup2(report, 3)
        os.set_inheritable(3, True)
        where = ("-host-ip", "127.0.0.1", "-host-port", str(PROXIED))
        to = ("-container-ip", ip, "-container-port", str(INSIDE))
        os.execvp("docker-proxy", ["docker-proxy", "-proto", "tcp", *where, *to])

    return work


def try_way(way: Way, client: Client) -> float:
    """Let a client connect and measure; returns what it measured."""

    def work(report: int) -> None:
        with socket.create_connection(way.address) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            os.write(report, repr(client(sock)).encode())

    return _result(way.pid, work)


def _result(pid: int, work: Callable[[int], None]) -> float:
    child, result = in_namespace(pid, work)
    text = os.read(result, 64).decode()
    os.close(result)
    os.waitpid(child, 0)
    return float(text)


def one_after_another(way: Way) -> float:
    """Return microseconds for: connect, one byte there and back, close."""

    def work(report: int) -> None:
        began = time.perf_counter()
        for _ in range(CONNECTIONS):
            with socket.create_connection(way.address) as sock:
                sock.sendall(b"ex")
                sock.recv(1)
        os.write(report, repr((time.perf_counter() - began) / CONNECTIONS * 1e6).encode())

    return _result(way.pid, work)


def compare(ways: dict[str, Way]) -> None:
    """Take all ways in turn, so that all see the same machine."""
    print("\nOne TCP stream; one byte there and back; a connection for one byte")
    facts: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            facts[name].append(
                (try_way(way, one_stream), try_way(way, round_trips), one_after_another(way))
            )
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in facts.items()
    }
    ours = medians["ours: published port"]
    for name, (gbits, trip, connection) in medians.items():
        print(
            f"  {name:36} {gbits:5.1f} Gbit/s {trip:6.1f} us {connection:6.0f} us  n={ROUNDS}"
            f"  ours: {ours[0] / gbits:.2f}x {ours[1] / trip:.2f}x {ours[2] / connection:.2f}x"
        )


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
    home = Path(tempfile.mkdtemp(prefix="bench-publish-"))
    os.environ |= {"MINIDOCKER_ROOT": f"{home}/state", "MINIDOCKER_RUN": f"{home}/run"}
    checkout = str(Path(__file__).resolve().parent.parent)
    os.environ |= {"PYTHONPATH": checkout, "MINIDOCKER_PYTHON": sys.executable}
    import pyminidocker

    uname = os.uname()
    print(
        f"{uname.sysname} {uname.release}, {os.cpu_count()} cores, uid {os.getuid()}, "
        f"{time.strftime('%Y-%m-%d')}; medians"
    )
    engine = pyminidocker.connect()
    try:
        engine.bootstrap("busybox")
        ports = [f"{PUBLISHED}:{INSIDE}"]
        with engine.run("busybox", "sleep 600", detach=True, ports=ports) as box:
            here, lab = os.getpid(), int(engine.api.engine_facts()["Pid"])
            ways = {
                "ours: published port": Way(here, ("127.0.0.1", PUBLISHED)),
                "ours, in the lab: packet filter": Way(lab, ("127.0.0.1", PUBLISHED)),
                "nothing published: the container": Way(lab, (box.ip, INSIDE)),
            }
            with process(box.pid, serve("0.0.0.0", INSIDE)):
                if shutil.which("docker-proxy"):
                    ways["docker-proxy"] = Way(lab, ("127.0.0.1", PROXIED))
                    with process(lab, docker_proxy(box.ip)):
                        compare(ways)
                else:
                    compare(ways)
                    print(f"  {RECORDED}")
        starting(engine)
        ways_of_carrying()
    finally:
        engine.shutdown()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
