"""/proc: what the kernel tells about processes, as plain Python values.

Reading needs no privilege for one's own processes, and none for a rootless lab's: to the kernel
they are the same user's.  A process may end between two lines of a file, so every function raises
``SyscallError`` with ENOENT or ESRCH when it is gone.

See: proc(5), proc_pid_status(5), proc_pid_mountinfo(5), namespaces(7).
"""

import errno
import os
from typing import NamedTuple

from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.namespaces import NAMESPACES

Pid = int | str  # a pid as this /proc shows it, or "self"


def read(pid: Pid, name: str) -> bytes:
    """Return the contents of /proc/<pid>/<name>.

    Raises:
        SyscallError: ENOENT or ESRCH (the process is gone), EACCES (not ours to look at).

    See: proc(5).
    """
    path = f"/proc/{pid}/{name}"
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise SyscallError("read", error.errno or 0, path) from error


def namespace_inodes(pid: Pid) -> dict[str, int]:
    """Return a process' namespaces by OCI's type names.

    Two processes share a namespace exactly when these numbers are equal.

    Returns:
        ``{"user": 4026531837, "mount": ..., ...}``; types this kernel lacks are left out.

    Raises:
        SyscallError: ENOENT (the process is gone), EACCES (another user's process).

    See: namespaces(7) "The /proc/pid/ns/ directory".
    """
    found = {}
    for kind, (_, name) in NAMESPACES.items():
        path = f"/proc/{pid}/ns/{name}"
        try:
            link = os.readlink(path)  # e.g. mnt:[4026531841]
        except OSError as error:
            if error.errno == errno.ENOENT and os.path.exists(f"/proc/{pid}"):
                continue
            raise SyscallError("readlink", error.errno or 0, path) from error
        found[kind] = int(link.rpartition("[")[2].rstrip("]"))
    return found


def status(pid: Pid) -> dict[str, str]:
    """Return the fields of /proc/<pid>/status by name, values as written there.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_status(5).
    """
    fields = {}
    for line in read(pid, "status").decode(errors="replace").splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.strip()
    return fields


def pids_in_namespaces(pid: Pid) -> list[int]:
    """Return a process' pid in every pid namespace it is in: ours first, its own last.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_status(5) "NSpid", pid_namespaces(7).
    """
    return [int(number) for number in status(pid).get("NSpid", "").split()]


def capability_sets(pid: Pid) -> dict[str, int]:
    """Return a process' capability sets as bit masks (see ``caps.names_of``).

    Returns:
        Keys ``inheritable``, ``permitted``, ``effective``, ``bounding``, ``ambient``.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_status(5) "CapInh, CapPrm, CapEff".
    """
    fields = status(pid)
    names = {
        "inheritable": "CapInh",
        "permitted": "CapPrm",
        "effective": "CapEff",
        "bounding": "CapBnd",
        "ambient": "CapAmb",
    }
    return {key: int(fields[name], 16) for key, name in names.items() if name in fields}


def command_line(pid: Pid) -> list[str]:
    """Return a process' arguments; empty for kernel threads and zombies.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_cmdline(5).
    """
    raw = read(pid, "cmdline")
    if not raw:
        return []
    return raw.removesuffix(b"\0").decode(errors="replace").split("\0")


class Stat(NamedTuple):
    """The part of /proc/<pid>/stat that people ask for.

    Attributes:
        pid: as this /proc shows it.
        comm: the short name, 15 bytes at most.
        state: one letter, ``R`` running, ``S`` sleeping, ``Z`` zombie ...
        parent_pid: 0 when the parent is in no namespace of ours.
        process_group: its leader's pid.
        session: its leader's pid.
        tty: device number of the controlling terminal, 0 for none.
        utime_ticks: processor time in user mode (``os.sysconf("SC_CLK_TCK")`` ticks a second).
        stime_ticks: processor time in the kernel.
        start_ticks: when it started, ticks after boot; with the pid this names a process for ever.
    """

    pid: int
    comm: str
    state: str
    parent_pid: int
    process_group: int
    session: int
    tty: int
    utime_ticks: int
    stime_ticks: int
    start_ticks: int


def stat(pid: Pid) -> Stat:
    """Return a process' state and times.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_stat(5).
    """
    text = read(pid, "stat").decode(errors="replace")
    # The name is in parentheses and may itself hold parentheses and spaces.
    head, _, tail = text.rpartition(")")
    number, _, comm = head.partition("(")
    rest = tail.split()
    return Stat(
        int(number), comm, rest[0], int(rest[1]), int(rest[2]), int(rest[3]), int(rest[4]),
        int(rest[11]), int(rest[12]), int(rest[19]),
    )  # fmt: skip


def children(pid: int) -> list[int]:
    """Return the pids of the children a process' main thread has.

    Raises:
        SyscallError: ENOENT or ESRCH.

    See: proc_pid_task(5) "children".
    """
    return [int(child) for child in read(pid, f"task/{pid}/children").split()]


def processes() -> list[int]:
    """Return all pids this /proc shows, in ascending order.

    See: proc(5).
    """
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def processes_in(pid_namespace: str) -> list[int]:
    """Return the pids of all processes whose own pid namespace is this one, in ascending order.

    Processes that we may not look at are not among them.

    Args:
        pid_namespace: as the link /proc/<pid>/ns/pid reads: ``pid:[4026531836]``.

    See: pid_namespaces(7).
    """
    found = []
    for pid in processes():
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == pid_namespace:
                found.append(pid)
        except OSError:
            continue  # gone meanwhile, or not ours to look at
    return found


class MountInfo(NamedTuple):
    """One line of /proc/<pid>/mountinfo.

    Attributes:
        mount_id: unique while it is mounted.
        parent_id: the mount it is on.
        device: ``major:minor`` of the file system.
        root: which directory of the file system is shown here (other than ``/``: a bind mount).
        mount_point: where, as the process sees it.
        options: of this mount: ``rw``, ``nosuid``.
        propagation: ``shared:1``, ``master:2``, ``unbindable``; empty is private.
        fstype: ``overlay``, ``proc``.
        source: device or word.
        super_options: of the file system, wherever it is mounted.
    """

    mount_id: int
    parent_id: int
    device: str
    root: str
    mount_point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    fstype: str
    source: str
    super_options: tuple[str, ...]


def mounts(pid: Pid = "self") -> list[MountInfo]:
    """Return the mounts a process sees, in the kernel's order: parents first.

    Raises:
        SyscallError: ENOENT (the process is gone), EACCES or EINVAL (it is exiting).

    See: proc_pid_mountinfo(5).
    """
    text = read(pid, "mountinfo").decode(errors="surrogateescape")
    return [parse_mountinfo(line) for line in text.splitlines()]


def parse_mountinfo(line: str) -> MountInfo:
    """Return the fields of one line of mountinfo.

    Raises:
        ValueError: the line is not one.

    See: proc_pid_mountinfo(5).
    """
    left, separator, right = line.partition(" - ")
    before, after = left.split(" "), right.split(" ")
    if not separator or len(before) < 6 or len(after) < 3:
        raise ValueError(f"not a mountinfo line: {line!r}")
    return MountInfo(
        int(before[0]),
        int(before[1]),
        before[2],
        _unescape(before[3]),
        _unescape(before[4]),
        tuple(before[5].split(",")),
        tuple(before[6:]),
        after[0],
        _unescape(after[1]),
        tuple(_unescape(option) for option in after[2].split(",")),
    )


def _unescape(text: str) -> str:
    """Undo the octal escapes for space, tab, newline and backslash."""
    if "\\" not in text:
        return text
    pieces = text.split("\\")
    return pieces[0] + "".join(chr(int(piece[:3], 8)) + piece[3:] for piece in pieces[1:])


def memory_bytes(pid: Pid) -> dict[str, int]:
    """Return what a process costs: resident, proportional and private memory.

    Returns:
        ``rss``, ``pss`` (shared pages divided among their users), ``private``, in bytes.

    Raises:
        SyscallError: ENOENT, EACCES.

    See: proc_pid_smaps(5) "smaps_rollup".
    """
    kilobytes: dict[str, int] = {}
    for line in read(pid, "smaps_rollup").decode().splitlines()[1:]:
        name, _, value = line.partition(":")
        kilobytes[name] = int(value.split()[0])
    return {
        "rss": kilobytes["Rss"] * 1024,
        "pss": kilobytes["Pss"] * 1024,
        "private": (kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) * 1024,
    }
