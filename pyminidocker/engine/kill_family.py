"""End a process with everything it started, where there is no cgroup that knows them.

An exec's process leads a session of its own (``runtime/init.py``): what it started is in that
session, or descends from it.  All are stopped before the first is killed, so that none can start
another behind our back.

See: setsid(2), proc_pid_stat(5), pidfd_send_signal(2).
"""

import os
from signal import SIGCONT, SIGKILL, SIGSTOP

from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.pidfd import pidfd_open, pidfd_send_signal


def kill_family(leader: int) -> None:
    """Kill ``leader``, its descendants and its session; returns when the signals are sent.

    Args:
        leader: pid as this process's /proc shows it.
    """
    held: dict[int, int] = {}  # pid -> pidfd
    try:
        while (family := _family(leader)) - held.keys():
            for pid in family - held.keys():
                _hold(pid, held)
        for pid, pidfd in held.items():
            # One that is no member any more had ended, and somebody else has got its number.
            _send(pidfd, SIGKILL if pid in family else SIGCONT)
    finally:
        for pidfd in held.values():
            if pidfd >= 0:
                os.close(pidfd)


def _hold(pid: int, held: dict[int, int]) -> None:
    """Stop a process and keep a handle on it; -1 when it is gone."""
    held[pid] = -1
    try:
        pidfd = held[pid] = pidfd_open(pid)
    except SyscallError:
        return
    _send(pidfd, SIGSTOP)


def _send(pidfd: int, signal: int) -> None:
    if pidfd >= 0:
        try:
            pidfd_send_signal(pidfd, signal)
        except SyscallError:
            pass  # it is gone


def _family(leader: int) -> set[int]:
    """Return the living members by a look at all processes."""
    parents: dict[int, int] = {}
    family = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                state, parent, _, session = file.read().rpartition(b")")[2].split(maxsplit=4)[:4]
        except OSError:
            continue  # gone meanwhile
        if state in b"ZX":
            continue
        pid = int(entry)
        parents[pid] = int(parent)
        if pid == leader or int(session) == leader:
            family.add(pid)
    grew = True
    while grew:
        children = {pid for pid, parent in parents.items() if parent in family}
        grew = not children <= family
        family |= children
    return family
