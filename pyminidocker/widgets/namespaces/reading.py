"""Read a process's namespaces, and what they make it see, from ``/proc``.

Everything here works for an ordinary user on processes of their own, and on the containers of their
own engine, whose user namespace belongs to them.

See: proc(5); namespaces(7).
"""

import os
from collections.abc import Callable

from pyminidocker.errors import NotFound
from pyminidocker.kernel import procfs
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.widgets.namespaces.meaning import MEANINGS
from pyminidocker.widgets.namespaces.model import Fact, Lens, Subject

_NOT_READABLE = Fact("not readable", "not readable")
_NOT_THERE = Fact("this kernel has none", "this kernel has none")
_OCI_NAMES = {"mnt": "mount", "net": "network"}  # the others are called alike


def _lines(pid: int, name: str) -> list[str]:
    return procfs.read(pid, name).decode(errors="replace").splitlines()


def namespace_numbers(pid: int) -> dict[str, int]:
    """Return the inode number of each namespace of ``pid``, by its name in ``/proc/<pid>/ns``.

    A kind that this kernel lacks has number 0: all processes share what is not split.  Nothing at
    all is returned for a process that may not be looked at.
    """
    try:
        found = procfs.namespace_inodes(pid)
    except SyscallError:
        return {}
    return {m.key: found.get(_OCI_NAMES.get(m.key, m.key), 0) for m in MEANINGS}


def start_ticks(pid: int) -> int:
    """Return when ``pid`` started, in clock ticks since boot; 0 when it is gone or a zombie."""
    try:
        found = procfs.stat(pid)
    except SyscallError:
        return 0
    return 0 if found.state in "ZX" else found.start_ticks


def _pid(pid: int) -> Fact:
    *outer, inside = procfs.pids_in_namespaces(pid)
    if not outer:
        return Fact(f"pid {pid}", "another process's numbers")
    every = f"from outside in: {', '.join(map(str, [*outer, inside]))}" if outer[1:] else ""
    return Fact(f"pid {inside} here, {outer[0]} outside", f"pid {inside} here", every)


def _mnt(pid: int) -> Fact:
    mounts = procfs.mounts(pid)
    kind = next((mount.fstype for mount in mounts if mount.mount_point == "/"), "unknown")
    return Fact(f"root on {kind}, {len(mounts)} mounts", f"root on {kind}")


def _net(pid: int) -> Fact:
    links = [row.partition(":")[0].strip() for row in _lines(pid, "net/dev")[2:]]
    shown = sorted(links, key=lambda name: (name != "lo", name))[:4]
    more = f" and {len(links) - 4} more" if len(links) > 4 else ""
    said = f"{', '.join(shown)}{more}" if links else "no interface"
    return Fact(said, said)


def _user(pid: int) -> Fact:
    rows = [tuple(map(int, row.split())) for row in _lines(pid, "uid_map")]
    if not rows:
        return Fact("no user id mapped yet", "mapped user ids")
    inside, outside, length = rows[0]
    if length >= 2**32 - 1:
        return Fact("every user id, unchanged", "mapped user ids")
    return Fact(f"uid {inside} here is {outside} outside", "mapped user ids")


def _cgroup(pid: int) -> Fact:
    paths = sorted((row.split(":", 2)[2] for row in _lines(pid, "cgroup")), key=len)
    where = f"in {paths[-1]}" if paths else "in no group"
    return Fact("a separate root", "a separate root", where)


def _time(pid: int) -> Fact:
    rows = dict(row.split(None, 1) for row in _lines(pid, "timens_offsets"))
    seconds = rows.get("boottime", "0 0").split()[0]
    said = "uptime unchanged" if seconds == "0" else f"uptime shifted by {seconds} s"
    return Fact(said, said)


_READERS: dict[str, Callable[[int], Fact]] = {
    "pid": _pid,
    "mnt": _mnt,
    "net": _net,
    "user": _user,
    "cgroup": _cgroup,
    "time": _time,
}

# What a saved picture says of a namespace the notebook is in too: nothing about the machine.
_MACHINES = {
    "pid": "the machine's numbers",
    "mnt": "the machine's tree",
    "net": "the machine's interfaces",
    "uts": "the machine's name",
    "ipc": "the machine's queues",
    "user": "the machine's user ids",
    "cgroup": "the machine's tree",
    "time": "the machine's uptime",
}


def _fact(pid: int, key: str, hostname: Fact, shared_with_us: bool) -> Fact:
    if key == "uts":  # /proc tells no other namespace's host name
        name = os.uname().nodename
        fact = Fact(name, name) if shared_with_us else hostname
    elif key == "ipc":  # nor its queues
        live = _MACHINES["ipc"] if shared_with_us else "separate queues"
        fact = Fact(live, live)
    else:
        try:
            fact = _READERS[key](pid)
        except (OSError, ValueError):
            fact = _NOT_READABLE
    if not shared_with_us:
        return fact
    live = _MACHINES[key] if key == "cgroup" else fact.live
    return Fact(live, _MACHINES[key], fact.evidence)


def read_subject(pid: int, label: str, *, hostname: str = "", still_hostname: str = "") -> Subject:
    """Read one process.

    Args:
        pid: its number as seen from here.
        label: what to call it.
        hostname: its host name where the engine knows it; ``/proc`` tells only our own.
        still_hostname: the same for a saved picture.

    Raises:
        NotFound: there is no such process.
    """
    try:
        found = procfs.stat(pid)
        pids = tuple(procfs.pids_in_namespaces(pid))
    except SyscallError as error:
        raise NotFound(f"no such process: {pid}", hint="it may have ended") from error
    if found.state in "ZX":
        raise NotFound(f"process {pid} has ended", hint="its parent has not collected it yet")
    numbers = namespace_numbers(pid)
    ours = namespace_numbers(os.getpid())
    name = hostname or "another name"
    host = Fact(name, still_hostname or name)
    facts = {key: _fact(pid, key, host, ours.get(key) == number) for key, number in numbers.items()}
    return Subject(label, pid, pids or (pid,), found.comm, found.start_ticks, numbers, facts)


def read_lens(subjects: tuple[Subject, ...]) -> Lens:
    """Put ``subjects`` side by side, on the kernel they run on."""
    return Lens(subjects, os.uname().release)
