"""Debian's docker-registry, the one that tests judge our client by; and a bad line to it.

with debian_registry(tmp_path, P + 7) as where: ...   # "127.0.0.1:12007"
"""

import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

# bcrypt of "secret"; it was made by crypt(3)
_HTPASSWD = "learner:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"


class DebianRegistry:
    """One docker-registry, which can be killed and started again on what it has.

    Attributes:
        address: where it listens.
        log: the file with a line for each request.
        blobs: the directory it keeps everything in.
    """

    def __init__(self, home: Path, port: int, *, users: bool = False, tls: str = "") -> None:
        self.address = f"127.0.0.1:{port}"
        self.log = home / "registry.log"
        self.blobs = home / "blobs"
        self._config = home / "registry.yml"
        auth = ""
        if users:
            (home / "htpasswd").write_text(_HTPASSWD)
            auth = f"auth: {{htpasswd: {{realm: here, path: {home}/htpasswd}}}}\n"
        self._config.write_text(
            "version: 0.1\nlog: {level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: {home}/blobs}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '{self.address}', relativeurls: true{_tls(tls)}}}\n{auth}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(self._config)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        host, _, port = self.address.partition(":")
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "docker-registry does not listen"
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def requests(self, method: str, part: str = "") -> list[str]:
        """Return the logged requests with this method whose path has ``part``."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if f'"{method} ' in line and part in line]


def _tls(pem: str) -> str:
    return f", tls: {{certificate: {pem}, key: {pem}}}" if pem else ""


@contextmanager
def debian_registry(
    home: Path, port: int, *, users: bool = False, tls: str = ""
) -> Iterator[DebianRegistry]:
    """Run one for as long as the block lasts.

    Args:
        home: for all it has.
        port: of loopback.
        users: it knows ``learner`` with password ``secret``, and nobody else.
        tls: a file with key and certificate.
    """
    home.mkdir(parents=True, exist_ok=True)
    registry = DebianRegistry(home, port, users=users, tls=tls)
    registry.start()
    try:
        yield registry
    finally:
        registry.kill()


class BadLine:
    """A port that leads to another one and has the faults of bad lines.

    Attributes:
        address: where to connect.
        breaks: how many bytes each of the next connections may carry before it is cut.
        when_cut: called when that happens.
        cut: how many were cut.
        stalls: connections carry so many bytes and then wait until this is 0 again.
        stalled: one does.
        pause_s: after each piece that is carried.
        sent: what the clients sent.
        open_connections: how many there are.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self._target = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.breaks: list[int] = []
        self.when_cut: Callable[[], None] | None = None
        self.cut = 0
        self.stalls = 0
        self.stalled = threading.Event()
        self.pause_s = 0.0
        self.sent: list[bytes] = []
        self.open_connections = 0
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stalls = 0
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def ranges(self) -> list[bytes]:
        """Return the values of the clients' Range headers, without ``bytes=``."""
        return self.values(b"range: bytes=")

    def values(self, start: bytes) -> list[bytes]:
        """Return what follows ``start`` in the clients' header lines."""
        lines = b"".join(self.sent).split(b"\r\n")
        return [line[len(start) :] for line in lines if line.lower().startswith(start)]

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(inner,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, inner: socket.socket) -> None:
        self.open_connections += 1
        try:
            with inner, socket.create_connection(self._target) as outer:
                self._pump(inner, outer)
        except OSError:
            pass  # one side has gone
        finally:
            self.open_connections -= 1

    def _pump(self, inner: socket.socket, outer: socket.socket) -> None:
        carried = 0
        while True:
            sides = [inner] if self.stalls and carried > self.stalls else [inner, outer]
            if len(sides) == 1:
                self.stalled.set()
            ready = select.select(sides, [], [], 0.05)[0]
            for one, other in ((inner, outer), (outer, inner)):
                if one not in ready:
                    continue
                data = one.recv(65536)
                if not data:
                    return
                if one is inner:
                    self.sent.append(data)
                carried += len(data)
                if self.breaks and carried > self.breaks[0]:
                    del self.breaks[0]
                    self.cut += 1
                    if self.when_cut is not None:
                        self.when_cut()
                    return
                other.sendall(data)
                time.sleep(self.pause_s)
