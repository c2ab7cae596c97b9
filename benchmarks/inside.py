"""Processes of ours in a container's network namespace, and what two of them measure together.

They are forked from here and enter the namespace, so no program in an image makes a difference.
"""

import os
import signal
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyminidocker.kernel.constants import CLONE_NEWNET, CLONE_NEWUSER
from pyminidocker.kernel.namespaces import open_namespace, setns

SECONDS, TRIPS = (0.3, 2000) if "quick" in sys.argv[1:] else (1.0, 10_000)
CHUNK_BYTES = 1 << 20
CPUS = sorted(os.sched_getaffinity(0))

Client = Callable[[socket.socket], float]


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


@contextmanager
def process(pid: int, work: Callable[[int], None]) -> Iterator[int]:
    """Have something run in a namespace for a while, and yield its pid when it is there."""
    child, ready = in_namespace(pid, work)
    os.read(ready, 16)
    os.close(ready)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def measured(pid: int, work: Callable[[int], None]) -> float:
    """Do ``work`` in a namespace and return the number that it reported."""
    child, result = in_namespace(pid, work)
    text = os.read(result, 64).decode()
    os.close(result)
    os.waitpid(child, 0)
    return float(text)


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


def talk(address: tuple[str, int], client: Client, cpus: list[int] = CPUS) -> Callable[[int], None]:
    """Return what connects and reports what ``client`` measures, on one of ``cpus``."""

    def work(report: int) -> None:
        os.sched_setaffinity(0, cpus)
        with socket.create_connection(address) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            os.write(report, repr(client(sock)).encode())

    return work


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
