"""What test containers run behind their published ports, and how the tests talk to it.

The program speaks TCP on port 80 and UDP on port 53, over IPv4 and IPv6.  A TCP connection begins
with one word: ``echo`` sends everything back at once, ``sum`` answers with length and SHA-256 when
the client has said its last word, ``send N`` sends N bytes, ``exit`` ends the program.
"""

import hashlib
import os
import socket
import time
from collections.abc import Callable
from typing import Any

# All tests of a machine share its ports: each test process has 400 of its own, below the ephemeral.
# Processes of pytest-xdist are numbered (gw0, gw1), and so never have the same.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
P = 12_000 + (os.getppid() + int(_WORKER[2:]) if _WORKER else os.getpid()) % 50 * 400

PROGRAM = r"""
import hashlib, os, socket, threading
def tcp(c):
    f = c.makefile("rb")
    verb, *words = f.readline().split()
    if verb == b"echo":
        while data := f.read1(65536):
            c.sendall(data)
    elif verb == b"sum":
        h, n = hashlib.sha256(), 0
        while data := f.read1(1 << 20):
            h.update(data); n += len(data)
        c.sendall(f"{n} {h.hexdigest()}".encode())
    elif verb == b"exit":
        os._exit(0)
    elif verb == b"send":
        c.sendall(bytes(range(256)) * (int(words[0]) // 256))
    f.close(); c.close()
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.bind(("::", 53))
def udp():
    while True:
        data, who = u.recvfrom(65535)
        u.sendto(data.upper() + b" " + str(who[1]).encode(), who)
threading.Thread(target=udp, daemon=True).start()
s = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1000)
print("ready", flush=True)
while True:
    threading.Thread(target=tcp, args=(s.accept()[0],), daemon=True).start()
"""


def run_talker(engine: Any, **options: Any) -> Any:
    """Start a container that talks, and wait until it does; returns it."""
    box = engine.run("python", ["python3", "-c", PROGRAM], detach=True, **options)
    wait_until_ready(box)
    return box


def wait_until_ready(box: Any, times: int = 1) -> None:
    """Wait until a talker has said ``times`` times, over all its lives, that it listens."""
    until(lambda: box.logs().count("ready") >= times)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that comes about by itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def host_port(box: Any, inside: str = "80/tcp") -> int:
    """Return the machine's port for a container's."""
    return int(box.reload().attrs["NetworkSettings"]["Ports"][inside][0]["HostPort"])


def call(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Connect to a published port."""
    return socket.create_connection((host, port), timeout=20)


def echoes(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a talker answers at a port."""
    with call(port, host) as sock:
        sock.sendall(b"echo\nhello")
        return sock.recv(16) == b"hello"


def summed(port: int, payload: bytes, times: int) -> bool:
    """Send a payload several times, end it, and tell whether it arrived unchanged."""
    wanted = hashlib.sha256()
    with call(port) as sock:
        sock.sendall(b"sum\n")
        for _ in range(times):
            sock.sendall(payload)
            wanted.update(payload)
        sock.shutdown(socket.SHUT_WR)  # half-close: the answer comes the other way
        answer = b"".join(iter(lambda: sock.recv(4096), b""))
    return answer.decode() == f"{len(payload) * times} {wanted.hexdigest()}"


def is_free(port: int, host: str = "0.0.0.0", kind: int = socket.SOCK_STREAM) -> bool:
    """Tell whether another program can have a port of the machine right now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            if kind == socket.SOCK_STREAM:
                sock.listen()
        except OSError:
            return False
    return True
