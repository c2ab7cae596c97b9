"""prctl: the process' own small settings.

See: prctl(2).
"""

from pyminidocker.kernel.constants import (
    PR_SET_DUMPABLE,
    PR_SET_NAME,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
)
from pyminidocker.kernel.libc import Argument, last_error, libc

_prctl = libc.prctl


def prctl(option: int, a: Argument = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """Change or ask for one of the settings.

    Raises:
        SyscallError: EINVAL (unknown option or value), EPERM.

    See: prctl(2).
    """
    result: int = _prctl(option, a, b, c, d)
    if result < 0:
        raise last_error("prctl", str(option))
    return result


def set_pdeathsig(signal: int) -> None:
    """Have the kernel send ``signal`` to the caller when the thread that forked it ends.

    Whoever calls this must then check that the parent is still there: it may have died before.

    See: PR_SET_PDEATHSIG(2const).
    """
    prctl(PR_SET_PDEATHSIG, signal)


def set_name(name: str) -> None:
    """Set the name ``ps`` and ``top`` show, 15 bytes at most.

    See: PR_SET_NAME(2const).
    """
    prctl(PR_SET_NAME, name.encode()[:15])


def set_dumpable(value: bool) -> None:
    """Allow or forbid core dumps and, with them, access to /proc/<pid> by the same user.

    See: PR_SET_DUMPABLE(2const).
    """
    prctl(PR_SET_DUMPABLE, int(value))


def set_no_new_privs() -> None:
    """Make sure that no execve of this process or its children can ever raise its privileges.

    See: PR_SET_NO_NEW_PRIVS(2const).
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
