"""Measure several hosts on one machine: ``python -m benchmarks.hosts``.

What a second host costs, what a wire costs, and what goes over it: round trip and throughput
between the hosts themselves, between containers over an overlay network, and, to compare, between
two containers on one host.
"""

import re
import statistics
import time
from collections.abc import Callable

from benchmarks.private import describe_machine, private_home

PORT = 5001
SECONDS = 2
SERVER = f"""
import socket, time
listener = socket.create_server(("", {PORT}))
while True:
    connection, _ = listener.accept()
    began, total = time.monotonic(), 0
    while data := connection.recv(1 << 20):
        total += len(data)
    print(total * 8 / (time.monotonic() - began) / 1e9, flush=True)
    connection.close()
"""
CLIENT = f"""
import socket, sys, time
connection = socket.create_connection((sys.argv[1], {PORT}))
until, data = time.monotonic() + {SECONDS}, bytes(1 << 20)
while time.monotonic() < until:
    connection.send(data)
# What is still under way would be lost with the container's network namespace.
connection.shutdown(socket.SHUT_WR)
connection.recv(1)
"""
ECHO = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 5002))
while True:
    data, sender = sock.recvfrom(2048)
    sock.sendto(data, sender)
"""
ASK = """
import socket, statistics, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], 5002))
sock.settimeout(5)
times = []
for _ in range(3000):
    began = time.perf_counter()
    sock.send(b"x")
    sock.recv(2048)
    times.append(time.perf_counter() - began)
print(statistics.median(times) * 1e6)
"""


def timed(name: str, action: Callable[[], object], rounds: int = 1) -> None:
    """Print how long ``action`` takes, the median of ``rounds``."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    print(f"  {name:<42} {statistics.median(times):8.1f} ms")


def listening(engine, script: str, network: str):
    """A container that runs ``script``, and its address there."""
    box = engine.run("python", ["python3", "-uc", script], detach=True, network=network)
    ready = "until netstat -ltun | grep -q ':500[12] '; do usleep 10000; done"
    box.exec(["timeout", "10", "sh", "-c", ready])
    return box, box.ip


def pair(name: str, asker, server, network: str, address: str = "") -> None:
    """Print round trip and throughput from a container of ``asker`` to one of ``server``."""
    box, found = listening(server, ECHO, network)
    try:
        out = asker.run("python", ["python3", "-c", ASK, address or found], network=network)
        microseconds = float(str(out.stdout))
    finally:
        box.remove(force=True)
    box, found = listening(server, SERVER, network)
    try:
        for _ in range(3):
            sent = asker.run("python", ["python3", "-c", CLIENT, address or found], network=network)
            assert sent.exit_code == 0, sent.stderr
        rates = [float(rate) for rate in re.findall(r"[\d.]+", str(box.logs()))]
    finally:
        box.remove(force=True)
    print(f"  {name:<42} {microseconds:8.0f} us   {max(rates):6.2f} Gbit/s")


def main() -> None:
    """Run everything on two private engines."""
    import pyminidocker

    print(f"Hosts: {describe_machine()}")
    with private_home():
        a = pyminidocker.connect("a")
        a.bootstrap("busybox", "python")
        try:
            timed("second host: engine started", lambda: pyminidocker.connect("b").close())
            b = pyminidocker.connect("b")
            timed("second host: image bootstrap busybox", lambda: b.bootstrap("busybox"))
            timed("second host: image bootstrap python", lambda: b.bootstrap("python"))
            timed("wire, made and cut", lambda: a.wire(b).cut(), 10)
            with a.wire(b) as wire:
                multi = pyminidocker.overlay("multi", a, b)
                timed("overlay, removed and made", lambda: _again(multi, a, b), 10)
                print("Round trip (UDP) and throughput (TCP)")
                pair("one host, container to container", a, a, "bridge")
                pair("wire, host to host", a, b, "host", wire.addresses["b"])
                pair("overlay, container to container", a, b, "multi")
        finally:
            for name in ("a", "b"):
                pyminidocker.connect(name).shutdown()


def _again(multi, a, b) -> None:
    import pyminidocker

    multi.remove()
    multi.networks = pyminidocker.overlay("multi", a, b).networks


if __name__ == "__main__":
    main()
