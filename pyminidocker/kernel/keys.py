"""The kernel's keyrings: passwords and tickets that programs keep in kernel memory.

A process inherits its *session keyring* from whoever started it, through any number of namespaces:
the keys of the login that started the engine would be readable in every container.

See: session-keyring(7), keyctl(2).
"""

import errno

from pyminidocker.kernel.libc import MACHINE, SyscallError, syscall

_NR_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1


def new_session_keyring() -> bool:
    """Leave the session keyring for a new, empty one without a name.

    Returns:
        False where it could not be made: this kernel has no keys; or the user has as many as
        /proc/sys/kernel/keys/maxkeys allows (200), and the caller keeps the one it has.

    Raises:
        SyscallError: EPERM, ENOMEM.

    See: keyctl_join_session_keyring(3).
    """
    number = _NR_KEYCTL.get(MACHINE)
    if number is None:
        return False
    try:
        syscall("keyctl", number, _JOIN_SESSION_KEYRING, None)
    except SyscallError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EDQUOT):
            return False
        raise
    return True
