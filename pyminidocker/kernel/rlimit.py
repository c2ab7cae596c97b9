"""Resource limits by their OCI names.

See: getrlimit(2), OCI runtime-spec config.md "rlimits".
"""

import errno
import resource

from pyminidocker.kernel.libc import SyscallError


def setrlimit(name: str, soft: int, hard: int) -> None:
    """Set a limit of the calling process, which its children inherit.

    Args:
        name: ``RLIMIT_NOFILE`` and so on.
        soft: the limit in force; -1 is unlimited.
        hard: what an unprivileged process may raise it to; -1 is unlimited.

    Raises:
        SyscallError: EPERM (raising the hard limit needs CAP_SYS_RESOURCE outside), EINVAL.

    See: getrlimit(2).
    """
    number = getattr(resource, name, None)
    if not isinstance(number, int):
        raise SyscallError("setrlimit", errno.EINVAL, name, "no such limit")
    try:
        resource.setrlimit(number, (soft, hard))
    except ValueError:
        # The module turns both EINVAL and EPERM into this.
        allowed = resource.getrlimit(number)[1]
        if soft > hard >= 0:
            raise SyscallError("setrlimit", errno.EINVAL, name, "soft is above hard") from None
        raise SyscallError(
            "setrlimit",
            errno.EPERM,
            name,
            f"the engine's own hard limit is {allowed}; only root raises it",
        ) from None
