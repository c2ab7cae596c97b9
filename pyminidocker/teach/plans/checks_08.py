"""Lesson 08: the looks at kernel, engine and both hosts behind its checks."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from pyminidocker.teach import facts, faults
from pyminidocker.teach.checks import Outcome, met, not_yet
from pyminidocker.teach.faults import wait_for
from pyminidocker.teach.surroundings import running_host

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

OTHER = "venus"
HERE, THERE = "192.168.79.1", "192.168.79.2"  # our end of the wire, and the other one
LOOPBACK = ("127.", "::1")
# Where to ask on this machine for what is published on all of its addresses.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to compare with


def bindings(lesson: Lesson, name: str) -> list[tuple[str, int]]:
    """Return where a running container is published: (host address, host port), TCP only.

    Raises:
        NotFound: no such container.
        Conflict: it does not run.
    """
    facts.running_pid(lesson, name)
    ports = facts.inspect(lesson, name)["NetworkSettings"]["Ports"] or {}
    return [
        (one["HostIp"], int(one["HostPort"]))
        for inside, found in sorted(ports.items())
        for one in found or ()
        if inside.endswith("/tcp")
    ]


def answers_here(host_ip: str, port: int) -> bool:
    """Tell whether a web server answers on this machine at a published address."""
    host = _EVERYWHERE.get(host_ip, host_ip)

    def asked() -> bool:
        line = http.client.HTTPConnection(host, port, timeout=2)
        try:
            line.request("GET", "/")
            return line.getresponse().status > 0
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return wait_for(asked)  # a server needs a moment to start


def answers_from_afar(lesson: Lesson, port: int, *, patient: bool = True) -> bool:
    """Tell whether the other host gets an answer at a port of ours.

    Raises:
        NotFound: the other host does not run.
    """
    script = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc -w 1 {HERE} {port} | grep -q HTTP"
    with running_host(lesson, OTHER) as other:

        def asked() -> bool:
            return other.run("busybox", ["sh", "-c", script], network="host").ok

        return wait_for(asked) if patient else asked()


def front(lesson: Lesson) -> Outcome:
    """The other host gets an answer from front."""
    published = bindings(lesson, "front")
    if not published:
        return not_yet(
            "`front` runs, but no port of the host leads to it.",
            "`engine.container('front').ports` shows what is published.",
            "The image's EXPOSE does not count; which option of `run` does?",
            "Ports are given when a container is created. `fresh=True` replaces one.",
        )
    if all(host_ip.startswith(LOOPBACK) for host_ip, _ in published):
        return not_yet(
            f"`front` is published at {published[0][0]}, which is the host's own loopback.",
            "`engine.container('front').ports` shows the address beside the port.",
            "From where is an address that begins with 127 reached?",
            "Without an address, a port is published on all addresses of the host.",
        )
    ports = {port for _, port in published}
    if not any(answers_from_afar(lesson, port) for port in ports):
        return not_yet(
            f"`front` is published, but {OTHER} gets no answer at {HERE}.",
            "`engine.container('front').exec('netstat -ltn')` shows who listens on what inside.",
            "Is the container's port in your `-p` the one the server listens on, and on which "
            "address does it listen?",
            "The server has to listen on 0.0.0.0, and the wire to the other host has to be there.",
        )
    return met(f"{OTHER} gets a page from `front` at {HERE}.")


def back(lesson: Lesson) -> Outcome:
    """This machine gets an answer from back, the other host does not."""
    published = bindings(lesson, "back")
    if not published:
        return not_yet(
            "`back` runs, but no port of the host leads to it.",
            "`engine.container('back').ports` shows what is published.",
            "This machine is not on the container's network. What makes a port reachable?",
            "It needs a published port, too; the address is what makes the difference.",
        )
    if not any(answers_here(host_ip, port) for host_ip, port in published):
        return not_yet(
            "`back` is published, but this machine gets no answer there.",
            "`engine.container('back').exec('netstat -ltn')` shows who listens on what inside.",
            "Compare the address the server listens on with the one connections arrive at.",
            "Inside the container the server has to listen on 0.0.0.0; 127.0.0.1 belongs to the "
            "host's side of `-p`.",
        )
    ports = {port for _, port in published}
    if any(answers_from_afar(lesson, port, patient=False) for port in ports):
        return not_yet(
            f"This machine gets a page from `back`, and so does {OTHER}.",
            "`engine.container('back').ports` shows at which addresses it is published.",
            "`till` in this section was not reached from the other host. How was it published?",
            "`-p` may name an address of the host in front of the port.",
        )
    if open_to_all := [ip for ip, _ in published if not ip.startswith(LOOPBACK)]:
        return not_yet(
            f"{OTHER} is not answered, but `back` is published at {open_to_all[0]}, for everybody.",
            "Is the wire to the other host there?",
            "Compare the addresses of `back` and `till`.",
            "The address has to be one that no other machine can reach.",
        )
    return met(f"This machine gets a page from `back`, and {OTHER} is refused.")


def probe(lesson: Lesson) -> Outcome:
    """Probe is in the network namespace of app, and in its own otherwise."""
    one, other = (facts.namespaces(facts.running_pid(lesson, name)) for name in ("app", "probe"))
    if one["net"] != other["net"]:
        return not_yet(
            "`probe` and `app` are in two network namespaces, so 127.0.0.1 means two things.",
            "Two names under /proc/PID/ns/net show which namespaces the two are in.",
            "A network in common is not enough: then each has a loopback of its own.",
            "What may stand after `--network`, besides a network's name?",
        )
    if one["mnt"] == other["mnt"]:
        return not_yet(
            "`probe` shares more than the network of `app`.",
            "Is `probe` a container of its own?",
            "Compare the links under /proc/PID/ns of both.",
            "Only the network is to be shared.",
        )
    return met("`probe` has the network of `app`, so that both mean the same by 127.0.0.1.")


def way_out(lesson: Lesson) -> Outcome:
    """After the fault: containers reach the other host again."""
    if faults.find("default_deny").broken(lesson, "app"):
        evidence = lesson.calls.fault_look("default_deny", "app")["Evidence"]
        return not_yet(
            f"What `app` sends to other hosts is still dropped: {evidence}.",
            "`engine.rules()` shows the chains with their policies.",
            "The policy decides about what no rule decides about.",
            "The faults have names, and `minidocker network fault` lists them: which is this one?",
        )
    if not facts.answers(lesson.engine, "app", THERE):
        return not_yet(
            f"The packet filter lets `app` out again, but {THERE} does not answer.",
            "`engine.switches` and `topology(engine)` show the rest of the way.",
            f"Does {OTHER} run, and is the wire there?",
            "Run the cell that makes the wire again; names are fixed, so that is safe.",
        )
    return met(f"`app` reaches {OTHER} again.")
