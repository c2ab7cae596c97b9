"""pidfds: a process by descriptor instead of by number.

A pid can be reused the moment its process is reaped; a pidfd refers to one process for ever, is
readable for poll when that has exited, and can be passed to other processes.

See: pidfd_open(2), pidfd_send_signal(2).
"""

from pyminidocker.kernel.constants import NR_pidfd_open, NR_pidfd_send_signal
from pyminidocker.kernel.libc import syscall


def pidfd_open(pid: int) -> int:
    """Return a pidfd (close-on-exec) of a process of this pid namespace or one below.

    Raises:
        SyscallError: ESRCH.

    See: pidfd_open(2).
    """
    return syscall("pidfd_open", NR_pidfd_open, pid, path=str(pid))


def pidfd_send_signal(pidfd: int, signal: int) -> None:
    """Send a signal to exactly the process ``pidfd`` refers to.

    Args:
        pidfd: the process.
        signal: number; 0 only checks.

    Raises:
        SyscallError: ESRCH (it is gone), EPERM, EINVAL (no such signal).

    See: pidfd_send_signal(2).
    """
    syscall("pidfd_send_signal", NR_pidfd_send_signal, pidfd, signal, None, 0)


def pid_of(pidfd: int) -> int:
    """Return the pid of ``pidfd``'s process as this process' /proc shows it.

    Returns:
        0 when it is in no pid namespace below ours, -1 when it has been reaped.

    See: pidfd_open(2) "fdinfo".
    """
    with open(f"/proc/self/fdinfo/{pidfd}", "rb") as info:
        for line in info:
            if line.startswith(b"Pid:"):
                return int(line[4:])
    return -1
