"""clone3: fork, with new namespaces for the child and a pidfd for the parent.

``os.fork`` can do neither.  The price of going around it is to tell the interpreter, by the same
three C functions ``os.fork`` calls, that a fork is about to happen and has happened.

See: clone(2) "clone3()", PyOS_BeforeFork in the C API's documentation.
"""

import ctypes
import errno
import struct

from pyminidocker.kernel.constants import CLONE_INTO_CGROUP, CLONE_PIDFD, NR_clone3
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.namespaces import HINTS, describe_flags

_SIGCHLD = 17
FULL = "its control group, or one around it, has as many processes as it may have (--pids-limit)"

# PyDLL keeps the interpreter's lock: CDLL would release it around the call, and the child would
# come back without it.
_raw = ctypes.PyDLL(None, use_errno=True).syscall
_raw.restype = ctypes.c_long
_raw.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t]

_before = ctypes.pythonapi.PyOS_BeforeFork
_before.restype = None
_after_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_after_parent.restype = None
_after_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_child.restype = None


# struct clone_args of linux/sched.h, version 2: flags, pidfd, child_tid, parent_tid, exit_signal,
# stack, stack_size, tls, set_tid, set_tid_size, cgroup.
_CLONE_ARGS = struct.Struct("11Q")


def clone3(flags: int = 0, cgroup_fd: int = -1) -> tuple[int, int]:
    """Fork; return (pid, pidfd) in the parent and (0, -1) in the child.

    Only for single-threaded processes: the child has just the calling thread.

    Args:
        flags: CLONE_NEW* bits; CLONE_PIDFD is added.
        cgroup_fd: a group of version 2 for the child to be born in (Linux 5.7), or -1.

    Raises:
        SyscallError: EPERM (no CAP_SYS_ADMIN for new namespaces), ENOSPC (namespace limits),
            EAGAIN (process limit, also of the group), EACCES or EBUSY (not a group to be born in),
            ENOSYS (before Linux 5.3, or hidden by seccomp).

    See: clone(2), pidfd_open(2).
    """
    pidfd = ctypes.c_int(-1)
    flags |= CLONE_PIDFD if cgroup_fd < 0 else CLONE_PIDFD | CLONE_INTO_CGROUP
    arguments = _CLONE_ARGS.pack(
        flags, ctypes.addressof(pidfd), 0, 0, _SIGCHLD, 0, 0, 0, 0, 0, max(cgroup_fd, 0)
    )
    _before()
    pid: int = _raw(NR_clone3, arguments, len(arguments))
    if pid == 0:
        _after_child()
        return 0, -1
    number = ctypes.get_errno()
    _after_parent()
    if pid < 0:
        kinds = describe_flags(flags)
        hint = HINTS.get(number, "") if kinds else ""
        if number == errno.EAGAIN and cgroup_fd >= 0:
            hint = FULL
        raise SyscallError("clone3", number, kinds, hint)
    return pid, pidfd.value
