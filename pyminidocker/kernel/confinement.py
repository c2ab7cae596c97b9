"""What holds this process: read from /proc where that tells, and tried where it does not.

Which system calls are refused is found out by making each of them, with arguments that mean nothing
(all of them -1), in a child that lives for that one call: a filter decides before the kernel looks
at the arguments, so a call that fails with EBADF or EINVAL has passed.

See: seccomp(2), capabilities(7), namespaces(7), user_namespaces(7); genuinetools/amicontained.
"""

import ctypes
import errno
import os
import signal

from pyminidocker.kernel import caps, procfs, userns
from pyminidocker.kernel.libc import libc
from pyminidocker.kernel.syscalls import syscall_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# They take no arguments that could be wrong, or none at all, and would do what they are for.
UNTRIED = frozenset("vfork sync vhangup msgget".split())
# In the table for their numbers; no kernel of this century has them.
_ANCIENT = frozenset(
    "_sysctl afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg"
    " get_thread_area lookup_dcookie nfsservctl putpmsg query_module remap_file_pages security"
    " set_thread_area tuxcall uselib ustat sysfs vserver".split()
)
_PATIENCE_S = 0.05
_NONSENSE = (-1,) * 6
# Where -1 means something, to a filter or to the kernel: what a harmless caller would say.
_BEGINNINGS = {
    "clone": (0x10000,),  # CLONE_THREAD alone is EINVAL
    "futex": (-1, 1),  # wake nobody at no address
    "personality": (0xFFFFFFFF,),  # ask
}
_PASSED, _BY_SIGNAL = 200, "killed"
_SECCOMP_MODES = {"0": "disabled", "1": "strict", "2": "filtering"}
_SETS = {
    "CapEff": "effective", "CapPrm": "permitted", "CapBnd": "bounding",
    "CapInh": "inheritable", "CapAmb": "ambient",
}  # fmt: skip


def report() -> "dict[str, Any]":
    """Return all that is known of this process, as plain data.

    Raises:
        SyscallError: /proc is not there.

    See: proc_pid_status(5), proc_pid_mountinfo(5).
    """
    status = procfs.status("self")
    covered, read_only = _covers()
    denied = denied_calls()
    return {
        "namespaces": procfs.namespace_inodes("self"),
        "capabilities": {name: caps.names_of(int(status[key], 16)) for key, name in _SETS.items()},
        "seccomp": _SECCOMP_MODES.get(status.get("Seccomp", "0"), "unknown"),
        "denied": denied,
        "tried": len(_wanted()) - len(UNTRIED & _wanted().keys()),
        "untried": sorted(UNTRIED & _wanted().keys()),
        "uid_map": userns.read_map("self", "uid_map"),
        "gid_map": userns.read_map("self", "gid_map"),
        "lsm": _label(),
        "masked": covered,
        "read_only": read_only,
        "cgroup": procfs.read("self", "cgroup").decode().split(),
        "no_new_privileges": status.get("NoNewPrivs") == "1",
    }


def _wanted() -> dict[str, int]:
    return {name: nr for name, nr in syscall_numbers().items() if name not in _ANCIENT}


def denied_calls() -> dict[str, str]:
    """Make every system call once and return those that were refused: name -> EPERM, ENOSYS.

    Whether it was a filter that refused or the kernel, for want of a capability, makes no
    difference to a program.  ``killed`` is a filter's way too.

    See: seccomp(2) "Seccomp filters".
    """
    refused = {}
    for name, number in sorted(_wanted().items()):
        if name not in UNTRIED and (answer := _try(name, number)):
            refused[name] = answer
    return refused


def _try(name: str, number: int) -> str:
    """Make one call in a child; "" when it passed."""
    pid = os.fork()
    if pid == 0:
        _make(name, number)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return _BY_SIGNAL if os.WTERMSIG(status) == signal.SIGSYS else ""
    code = os.WEXITSTATUS(status)
    return errno.errorcode[code] if code in (errno.EPERM, errno.ENOSYS) else ""


def _make(name: str, number: int) -> None:
    """Be the child: exit with the error number, or something else."""
    code = _PASSED
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)  # pause(2) and its like
        arguments = (*_BEGINNINGS.get(name, ()), *_NONSENSE)[:6]
        result = libc.syscall(number, *arguments)
        if name == "fork" and result > 0:
            os.waitpid(result, 0)
        elif result < 0 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS):
            code = ctypes.get_errno()
    finally:
        os._exit(code)


def _covers() -> tuple[list[str], list[str]]:
    """Return what is covered in /proc and /sys, and what is read-only, from the list of mounts."""
    covered, read_only = [], []
    for one in procfs.mounts("self"):
        if not one.mount_point.startswith(("/proc", "/sys")) or one.mount_point == "/sys/fs/cgroup":
            if one.mount_point == "/" and "ro" in one.options:
                read_only.append("/")
            continue
        if one.root == "/null" or (one.fstype == "tmpfs" and "ro" in one.options):
            covered.append(one.mount_point)
        elif "ro" in one.options:
            read_only.append(one.mount_point)
    return sorted(set(covered)), sorted(set(read_only))


def _label() -> str:
    """Return what a security module calls this process; "" where there is none."""
    try:
        return procfs.read("self", "attr/current").decode().strip("\0\n ")
    except OSError:
        return ""
