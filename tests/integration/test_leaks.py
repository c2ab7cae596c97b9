"""Hundreds of runs, execs and clients that vanish in the middle leave an engine as it was.

Counted from outside, in /proc: descriptors by kind, threads, children and zombies, the lab's links,
memory, and files in the state and run directories.
"""

import json
import os
import re
import socket
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pyminidocker
from pyminidocker import errors, paths
from pyminidocker.images.trees import remove_tree
from pyminidocker.network.stock import BATCH
from tests.support.leaks import read_traces, wait_until_clean

ROUNDS = 60
QUIET_READINGS = 10
MOST_GROWTH_BYTES = 8 << 20  # over a round; the allocator keeps some of what it once needed


class Reading(NamedTuple):
    """What an engine holds at one moment."""

    fds: dict[str, Counter[str]]
    threads: int
    children: int
    zombies: int
    links: int
    files: list[str]


class Engine:
    """An engine of the test's own, and its processes as /proc shows them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.client = pyminidocker.connect()
        self.client.bootstrap("busybox")
        facts = self.client.api.engine_facts()
        self.pids = {name: facts[name] for name in ("Pid", "ZygotePid", "AgentPid")}

    def read(self) -> Reading:
        status = self.status("Pid")
        zygote = self.pids["ZygotePid"]
        children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
        states = [_state(pid) for pid in children]
        # os.walk goes on when a directory vanishes under it, as rubbish does all the time.
        files = [
            f"{folder}/{name}"
            for folder, directories, names in os.walk(self.home)
            for name in (*directories, *names)
        ]
        return Reading(
            fds={name: _descriptors(pid) for name, pid in self.pids.items()},
            threads=int(status["Threads"]),
            children=len(children),
            zombies=states.count("Z"),
            links=Path(f"/proc/{self.pids['Pid']}/net/dev").read_text().count(":"),
            files=sorted(path for path in files if "/.spare-" not in path),
        )

    def status(self, name: str) -> dict[str, str]:
        text = Path(f"/proc/{self.pids[name]}/status").read_text()
        return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.MULTILINE))

    def memory_bytes(self) -> int:
        return int(self.status("Pid")["VmRSS"].split()[0]) * 1024

    def settle(self) -> Reading:
        """Read until nothing has changed for a while: links and dead processes go with delay."""
        reading, same = self.read(), 0
        until = time.monotonic() + 10
        while same < QUIET_READINGS and time.monotonic() < until:
            time.sleep(0.05)
            former, reading = reading, self.read()
            same = same + 1 if former == reading else 0
        return reading


def _descriptors(pid: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        found[re.sub(r"\d+|[0-9a-f]{64}", "N", target)] += 1
    return found


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


@pytest.fixture
def own(monkeypatch):
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{home}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{home}/run")
    monkeypatch.delenv("MINIDOCKER_HOST", raising=False)
    before = read_traces(str(home))
    engine = Engine(home)
    yield engine
    log = Path(f"{paths.run_root()}/daemon.log").read_text()
    for container in engine.client.containers():
        container.remove(force=True)
    engine.client.shutdown()
    left = wait_until_clean(before, str(home), apart_from=("fds",))
    remove_tree(home)
    assert not left, f"left behind: {left}"
    assert not re.search(r"Traceback|never retrieved|ERROR", log), log


@pytest.mark.requires("userns", "busybox")
def test_nothing_piles_up(own):
    noisy = ["sh", "-c", "while :; do echo noise; sleep 0.01; done"]
    mix(own.client, noisy, 10)  # what is made once has been made
    first = own.settle()
    mix(own.client, noisy, ROUNDS)
    memory = own.memory_bytes()
    mix(own.client, noisy, ROUNDS)
    grown = own.memory_bytes() - memory
    last = own.settle()
    # The agent's stock of unused sockets goes up and down; test_publish counts it exactly.
    stocked = [reading.fds["AgentPid"].pop("socket:[N]") for reading in (first, last)]
    assert abs(stocked[1] - stocked[0]) <= BATCH
    for what in ("fds", "children", "links", "files"):
        assert getattr(last, what) == getattr(first, what), what
    assert last.zombies == 0
    assert last.threads <= first.threads + 4  # worker threads are kept
    assert grown < MOST_GROWTH_BYTES


def mix(client: "pyminidocker.client.Engine", noisy: list[str], rounds: int) -> None:
    """Do everything ``rounds`` times: well, badly, and with clients that leave."""
    container = client.run("busybox", noisy, name="noisy", detach=True)
    for number in range(rounds):
        assert client.run("busybox", "true").exit_code == 0
        assert container.exec("true").exit_code == 0
        if number % 3 == 0:
            assert client.run("busybox", ["sh", "-c", "exit 3"], network="none").exit_code == 3
            with pytest.raises(errors.MiniDockerError):
                client.run("busybox", "nosuch")
            assert container.exec("nosuch").exit_code == 126
            publish(client)
        leave_in_the_middle(client.api)
    container.remove(force=True)


def publish(client: "pyminidocker.client.Engine") -> None:
    """Use published ports, and fail to get some."""
    serving = ["httpd", "-f", "-p", "80"]
    with client.run("busybox", serving, detach=True, ports=["80", "127.0.0.1::53/udp"]) as box:
        port = int(box.attrs["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"])
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), 10) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            sock.recv(1)
        with pytest.raises(errors.SystemFailure, match="already allocated"):
            client.run("busybox", "true", ports=["80", f"{port}:80"])


def leave_in_the_middle(api: Any) -> None:
    """Open one connection of every long kind, wait for its beginning, and close it."""
    upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
    body = json.dumps({"Cmd": ["sleep", "0.02"], "AttachStdin": True, "AttachStdout": True})
    exec_id = api.call("POST", "/containers/noisy/exec", None, json.loads(body))["Id"]
    answered = [
        ask(api, "POST /containers/noisy/attach?stream=1&stdin=1&stdout=1", upgrade),
        ask(api, "GET /containers/noisy/logs?follow=1&stdout=1"),
        ask(api, "GET /containers/noisy/archive?path=/bin"),
        ask(api, "GET /events"),
        ask(api, f"POST /exec/{exec_id}/start", upgrade, '{"Detach":false}'),
    ]
    for connection in answered:
        assert connection.recv(12).startswith(b"HTTP/1.1")
    waiting = [
        ask(api, "POST /containers/noisy/wait"),
        ask(api, "PUT /containers/noisy/archive?path=/tmp", "Transfer-Encoding: chunked\r\n",
            "200\r\nhalf a chunk", length=False),
        ask(api, "POST /containers/create", "Content-Length: 1000\r\n", "{", length=False),
    ]  # fmt: skip
    for connection in (*answered, *waiting):
        connection.close()


def ask(
    api: Any, line: str, headers: str = "", body: str = "", *, length: bool = True
) -> socket.socket:
    """Send a request and return the connection."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(api.socket_path)
    if length and body:
        headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    connection.sendall(f"{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}".encode())
    return connection
