"""Measure our registry beside docker-registry: ``python -m benchmarks.registry_server [quick]``.

The same requests to both, in turn: one big blob in (as skopeo sends it, and as docker does: in
chunks of 32 KiB) and out, thirty students who pull it at once, and many small requests.  Blobs are
moved by curl, so that the client is the same and hardly counts.
"""

import contextlib
import hashlib
import http.client
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import in_turn, show
from benchmarks.memory import pss_kib
from benchmarks.private import describe_machine, private_home

QUICK = "quick" in sys.argv[1:]
ROUNDS = 3 if QUICK else 7
MIB = 40 if QUICK else 160
STUDENTS = 30
SMALL = 500
PORT = 18_550
OURS = "ours"
CHUNK = 32 << 10


def _path(url: str) -> str:
    """Return a URL's path and query; docker's registry gives whole URLs, ours does not."""
    return "/" + url.partition("://")[2].partition("/")[2] if "://" in url else url


class Registry:
    """One that runs, and how to ask it.

    Attributes:
        pid: its process.
        address: where it listens.
        name: of a repository that has the blob.
    """

    def __init__(self, pid: int, address: str) -> None:
        self.pid = pid
        self.address = address
        self.name = ""
        self._names = itertools.count()

    def begin(self) -> str:
        """Begin an upload to a repository of its own; returns its URL, with a query."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("POST", f"/v2/r{next(self._names)}/blobs/uploads/")
        location = connection.getresponse().headers["Location"]
        connection.close()
        url = location if "://" in location else f"http://{self.address}{location}"
        return url if "?" in url else f"{url}?"

    def push(self, file: Path, digest: str) -> None:
        """One blob in one PUT."""
        url = f"{self.begin()}&digest={digest}"
        peers.call("curl", "-sf", "-T", str(file), "-H", "Expect:", url)

    def push_in_chunks(self, data: bytes, digest: str) -> None:
        """One blob as docker sends it: a PATCH in chunks, then a PUT."""
        path = _path(self.begin())
        connection = http.client.HTTPConnection(self.address, timeout=60)
        pieces = (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
        connection.request("PATCH", path, pieces)
        answer = connection.getresponse()
        answer.read()
        path = _path(answer.headers["Location"])
        path += ("&" if "?" in path else "?") + f"digest={digest}"
        connection.request("PUT", path)
        assert connection.getresponse().status == 201
        connection.close()

    def _fetching(self, digest: str) -> list[str]:
        url = f"http://{self.address}/v2/{self.name}/blobs/{digest}"
        return ["curl", "-sf", "-o", "/dev/null", url]

    def pull(self, digest: str) -> None:
        """One blob out."""
        peers.call(*self._fetching(digest))

    def pull_by_class(self, digest: str) -> None:
        """The blob out to thirty at once."""
        command = self._fetching(digest)
        students = [subprocess.Popen(command, **peers.QUIET) for _ in range(STUDENTS)]
        assert not any(student.wait() for student in students)

    def ask(self, digest: str) -> None:
        """Many small requests on one connection."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        for _ in range(SMALL):
            connection.request("HEAD", f"/v2/{self.name}/blobs/{digest}")
            connection.getresponse().read()
        connection.close()


@contextlib.contextmanager
def ours(home: Path) -> Iterator[Registry]:
    """Our registry."""
    import pyminidocker

    with pyminidocker.serve_registry(home / "ours") as registry:
        yield Registry(registry.pid, registry.address)


@contextlib.contextmanager
def theirs(home: Path) -> Iterator[Registry | None]:
    """Docker's registry, when it is installed."""
    if not shutil.which("docker-registry"):
        yield None
        return
    config = home / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {home}/theirs}}}}\n"
        f"http: {{addr: '127.0.0.1:{PORT}'}}\n"
    )
    process = subprocess.Popen(["docker-registry", "serve", str(config)], **peers.QUIET)
    address = f"127.0.0.1:{PORT}"
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection(address)
                connection.request("GET", "/v2/")
                connection.getresponse()
                connection.close()
                break
            time.sleep(0.05)
        yield Registry(process.pid, address)
    finally:
        process.terminate()
        process.wait()


def peak_mib(registry: Registry, action: Callable[[], object]) -> float:
    """Return the most memory a registry had while something happened, beyond what it had before."""
    before = most = pss_kib(registry.pid)
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            most = max(most, pss_kib(registry.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    action()
    done.set()
    watcher.join()
    return (most - before) / 1024


def compare(registries: dict[str, Registry], data: Path) -> None:
    """Measure both by the same requests."""
    content = data.read_bytes()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    for registry in registries.values():
        url = registry.begin()
        name = url.partition("/v2/")[2].partition("/")[0]
        peers.call("curl", "-sf", "-T", str(data), "-H", "Expect:", f"{url}&digest={digest}")
        registry.name = name
    fresh = itertools.count()

    def new_content() -> str:
        """Change a few bytes of the file: no registry has seen this before."""
        with data.open("r+b") as file:
            file.write(f"{next(fresh):>16}".encode())
        with data.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    def pushing(registry: Registry) -> Callable[[], None]:
        return lambda: registry.push(data, new_content())

    def chunking(registry: Registry) -> Callable[[], None]:
        def push() -> None:
            wanted = new_content()
            registry.push_in_chunks(data.read_bytes(), wanted)

        return push

    def table(title: str, make: Callable[[Registry], Callable[[], object]], rounds: int) -> None:
        jobs = {name: make(registry) for name, registry in registries.items()}
        show(title, in_turn(jobs, dict.fromkeys(jobs, rounds)), OURS)

    table(f"push {MIB} MiB in one request (with hashing the file: ~0.1 s)", pushing, ROUNDS)
    table(f"push {MIB} MiB in chunks of 32 KiB, as docker does", chunking, ROUNDS)
    table(f"pull {MIB} MiB", lambda one: lambda: one.pull(digest), ROUNDS)
    table(
        f"pull {MIB} MiB, {STUDENTS} at once",
        lambda one: lambda: one.pull_by_class(digest),
        3,
    )
    table(f"{SMALL} times 'is that blob there?'", lambda one: lambda: one.ask(digest), ROUNDS)
    print("\nMemory")
    for name, registry in registries.items():
        idle = pss_kib(registry.pid) / 1024
        grown = peak_mib(registry, lambda one=registry: one.pull_by_class(digest))
        print(f"  {name:34} {idle:6.1f} MiB now, {grown:+6.1f} while {STUDENTS} pull")


def main() -> None:
    """Run everything in a private directory."""
    print(f"Registry servers: {describe_machine()}; n and medians as shown")
    with private_home() as home, tempfile.TemporaryDirectory(prefix="bench-data-") as place:
        data = Path(place, "blob")
        data.write_bytes(os.urandom(MIB << 20))
        with ours(home) as mine, theirs(home) as other:
            registries = {OURS: mine} | ({"docker-registry 2.8": other} if other else {})
            compare(registries, data)


if __name__ == "__main__":
    main()
