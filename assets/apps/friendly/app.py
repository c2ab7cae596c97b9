"""A friendly web app: it greets, names its host and counts its visits.

The counter is a file in a volume, so it is still there when the container is not.
"""

import fcntl
import http.client
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import bottle

PORT = int(os.environ.get("PORT", "80"))
DATA = Path(os.environ.get("DATA", "/data"))
PAGE = """<!doctype html>
<html lang="en">
<title>Friendly</title>
<h1>Hello {{name}}!</h1>
<p><b>Hostname:</b> {{host}}
<p><b>Visits:</b> {{visits}}
</html>
"""


@dataclass(frozen=True)
class Counter:
    """A number in a file; any number of threads and processes may increase it."""

    path: Path

    def read(self) -> int:
        """Return the number; 0 before the first visit."""
        return int(self.path.read_text()) if self.path.exists() else 0

    def increase(self) -> int:
        """Add one and return the new number, which is on disk by then.

        The file is replaced, never written to: whoever reads it, even after a power failure,
        finds the old number or the new one, and no half of it.
        """
        with self._locked():
            visits = self.read() + 1
            new = self.path.with_suffix(".new")
            with new.open("w") as file:
                file.write(f"{visits}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        return visits

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed
            yield


app = bottle.Bottle()
counter = Counter(DATA / "visits")


@app.get("/")
def home() -> str:
    """Greet, and count the visit."""
    name = os.environ.get("NAME", "World")
    visits = counter.increase()
    return str(bottle.template(PAGE, name=name, host=socket.gethostname(), visits=visits))


@app.get("/healthz")
def healthz() -> str:
    """Say that all is well: the program answers, and its counter can be read."""
    counter.read()
    return "ok\n"


@app.hook("after_request")
def log() -> None:
    """Write what was asked for and the status of the answer, before it is sent.

    Not when somebody asks whether the program is healthy: that is every few seconds.
    """
    if bottle.request.path != "/healthz":
        print(bottle.request.method, bottle.request.path, bottle.response.status_code)


class Server(ThreadingMixIn, WSGIServer):
    """One thread per visitor."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Writes no log of its own."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave it to the application."""
        del code, size


def serve() -> None:
    """Answer until SIGTERM, which process 1 of a container has to listen for itself."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with make_server("", PORT, app, Server, Handler) as server:
        print(f"listening on port {PORT}")
        server.serve_forever()


def check() -> None:
    """Ask the running program whether it is well; the exit code tells."""
    asked = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
    asked.request("GET", "/healthz")
    sys.exit(asked.getresponse().status != http.HTTPStatus.OK)


if __name__ == "__main__":
    check() if "--check" in sys.argv else serve()
