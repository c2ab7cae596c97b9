"""All trials, in an order that reads well."""

from __future__ import annotations

import os
import sys

from pyminidocker.doctor import findings
from pyminidocker.doctor.findings import Finding


def examine(engine: str = "default") -> list[Finding]:
    """Try everything containers need on this host and return what was found.

    Takes some tenths of a second; leaves nothing behind.  Trials fork, and forking a process that
    has threads (a notebook's kernel) is not safe; from there it happens in a fresh interpreter.

    Args:
        engine: the engine whose state and run directories are tried.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        return _examine_elsewhere(engine)
    from pyminidocker.doctor import isolation, machines, network, resources, storage

    power = isolation.user_namespaces()
    userns = power.verdict == findings.OK
    return [
        isolation.kernel(),
        power,
        isolation.apparmor(userns=userns),
        isolation.id_ranges(),
        isolation.namespaces(userns=userns),
        isolation.proc(userns=userns),
        isolation.seccomp(),
        storage.overlay(engine, userns=userns),
        storage.disk_space(engine),
        storage.engine_socket(engine),
        network.bridges(userns=userns),
        network.packet_filter(userns=userns),
        network.egress(),
        resources.control_groups(),
        resources.memory_limits(),
        resources.kvm(),
        machines.guest_system(),
    ]


def _examine_elsewhere(engine: str) -> list[Finding]:
    """Run ``examine`` in a bare interpreter and return its findings.

    Raises:
        OSError: it could not be started, or said nothing.
    """
    reader, writer = os.pipe()
    script = f"{os.path.dirname(os.path.abspath(__file__))}/__main__.py"
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-X", "utf8", script, engine],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)],
    )
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        raise OSError(f"{sys.executable} {script} said nothing")
    return findings.from_json(text)
