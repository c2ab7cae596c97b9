"""What an engine could leave on a machine, read from the kernel, so that two readings compare.

Only what belongs to this user counts; the engine's own directories are looked at apart.
"""

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from pyminidocker.kernel.cgroup import tree

CGROUPS = Path("/sys/fs/cgroup")
# Homes of other people's engines (tests/support/judges.py).  One may be at work for a test of
# another process, so single tests do not see their mounts; tools/run_tests.py does, at the end.
JUDGES = re.compile(r"/tmp/j[a-z]-|/run/docker/netns/")


class Traces(NamedTuple):
    """One reading of the machine."""

    mounts: frozenset[str]
    links: frozenset[str]
    user_namespaces: frozenset[str]
    processes: frozenset[str]
    cgroups: frozenset[str]
    temp_files: frozenset[str]
    fds: frozenset[str]

    def beyond(self, earlier: "Traces") -> dict[str, list[str]]:
        """Return what is here and was not in ``earlier``, by kind; empty when clean."""
        pairs = zip(self._fields, self, earlier, strict=True)
        return {kind: sorted(now - then) for kind, now, then in pairs if now - then}


def mount_table(*, judges_too: bool = False) -> list[str]:
    """Return the lines of this process's mountinfo; ``judges_too``: with other people's engines."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if judges_too or not JUDGES.match(line.split()[4])]


def _mounts(*, judges_too: bool) -> frozenset[str]:
    return frozenset(line.split()[4] for line in mount_table(judges_too=judges_too))


def _processes(marker: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return (processes, user namespaces) that belong to engines under directory ``marker``.

    The daemon, its agent and its zygote have ``marker`` in their environment; containers are found
    as members of a user namespace that such a process is in.
    """
    mine = os.readlink("/proc/self/ns/user")
    engines: set[str] = set()
    everyone: list[tuple[str, str, str]] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            namespace = os.readlink(f"/proc/{entry}/ns/user")
            environ = Path(f"/proc/{entry}/environ").read_bytes()
            comm = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        everyone.append((entry, namespace, comm.strip()))
        if marker.encode() in environ:
            engines.add(namespace)
    engines.discard(mine)
    found = frozenset(f"{pid} {comm}" for pid, namespace, comm in everyone if namespace in engines)
    return found, frozenset(engines)


def _cgroups() -> frozenset[str]:
    """Return the groups of engines that are dead: who lives holds a lock on its own."""
    tops = tree.tops_below(str(CGROUPS))
    found = {f"{top}/{name}" for top in tops for name in tree.engines(top)}
    # The lock is on the directory in one of the trees, by the name of the engine and its pid.
    alive = {Path(path).name for path in found if not tree.is_abandoned(path)}
    return frozenset(path for path in found if Path(path).name not in alive)


def _open_fds() -> frozenset[str]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{fd} -> {os.readlink(f'/proc/self/fd/{fd}')}")
        except OSError:
            continue
    return frozenset(found)


def read_traces(
    marker: str, apart_from: tuple[str, ...] = (), *, judges_too: bool = False
) -> Traces:
    """Read the machine now.

    Args:
        marker: a directory that all engines of the test live under.
        apart_from: kinds that do not count; without processes and user namespaces a reading takes
            a fifth of the time, which counts when each of a thousand tests takes two.
        judges_too: count what belongs to other people's engines.
    """
    processes = namespaces = frozenset[str]()
    if not {"processes", "user_namespaces"} <= set(apart_from):
        processes, namespaces = _processes(marker)
    return Traces(
        mounts=_mounts(judges_too=judges_too),
        links=frozenset(os.listdir("/sys/class/net")),
        user_namespaces=namespaces,
        processes=processes,
        cgroups=_cgroups(),
        temp_files=frozenset(
            name
            for name in os.listdir("/tmp")
            if "minidocker" in name and name not in marker and not name.startswith("pytest-of-")
        ),
        fds=_open_fds(),
    )


def wait_until_clean(
    before: Traces,
    marker: str,
    seconds: float = 5.0,
    apart_from: tuple[str, ...] = (),
    *,
    judges_too: bool = False,
) -> dict[str, list[str]]:
    """Return what is left beyond ``before``; gives the kernel ``seconds`` to finish tearing down.

    Network namespaces and killed processes vanish a little after the call that ended them.

    Args:
        before: an earlier reading.
        marker: as for ``read_traces``.
        seconds: how long to wait for what still goes away.
        apart_from: kinds that do not count.
        judges_too: as for ``read_traces``.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = read_traces(marker, apart_from, judges_too=judges_too).beyond(before)
        left = {kind: what for kind, what in found.items() if kind not in apart_from}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)
