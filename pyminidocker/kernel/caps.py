"""Capabilities: root's power, cut into pieces.

Each thread has sets of them: *permitted* (may use), *effective* (uses now), *inheritable* and
*ambient* (survive execve of programs without capabilities), and the *bounding* set, beyond which
execve never gives.  Inside a user namespace a capability counts only for what that namespace owns.

See: capabilities(7).
"""

import struct

from pyminidocker.kernel.constants import (
    LINUX_CAPABILITY_VERSION_3,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
)
from pyminidocker.kernel.libc import last_error, libc
from pyminidocker.kernel.prctl import prctl

# In the order of their numbers, linux/capability.h.
NAMES = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID "
    "CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST "
    "CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO "
    "CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE "
    "CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE "
    "CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM "
    "CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE"
).split()
NUMBERS = {name: number for number, name in enumerate(NAMES)}


# struct __user_cap_header_struct: version, pid.
_HEADER = struct.Struct("Ii")
# Two struct __user_cap_data_struct, for the low and the high 32 capabilities, each with effective,
# permitted, inheritable.
_DATA = struct.Struct("6I")


def mask_of(names: "list[str] | tuple[str, ...]") -> int:
    """Return capability names as a bit mask.

    Raises:
        KeyError: an unknown name.

    See: capabilities(7).
    """
    mask = 0
    for name in names:
        mask |= 1 << NUMBERS[name]
    return mask


def names_of(mask: int) -> list[str]:
    """Return the names of the bits in ``mask``, as /proc/<pid>/status shows it in hex.

    See: proc_pid_status(5) "CapEff".
    """
    return [name for number, name in enumerate(NAMES) if mask >> number & 1]


def capset(effective: int, permitted: int, inheritable: int = 0) -> None:
    """Set the calling thread's capability sets.

    Args:
        effective: bit mask, within ``permitted``.
        permitted: bit mask, within the present permitted set.
        inheritable: bit mask.

    Raises:
        SyscallError: EPERM (a set would grow).

    See: capset(2).
    """
    low = 0xFFFFFFFF
    header = _HEADER.pack(LINUX_CAPABILITY_VERSION_3, 0)
    data = _DATA.pack(
        effective & low, permitted & low, inheritable & low,
        effective >> 32, permitted >> 32, inheritable >> 32,
    )  # fmt: skip
    if libc.capset(header, data) < 0:
        raise last_error("capset")


def limit_bounding_set(keep: int) -> None:
    """Drop from the bounding set, for good, everything that is not in ``keep``.

    Args:
        keep: bit mask.

    Raises:
        SyscallError: EPERM (no CAP_SETPCAP).

    See: capabilities(7) "Capability bounding set".
    """
    for number in range(last_capability() + 1):
        if not keep >> number & 1:
            prctl(PR_CAPBSET_DROP, number)


def clear_ambient() -> None:
    """Empty the ambient set.

    See: capabilities(7) "Ambient".
    """
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


_last: int | None = None


def last_capability() -> int:
    """Return the number of the newest capability this kernel knows.

    See: proc_sys_kernel(5) "cap_last_cap".
    """
    global _last  # noqa: PLW0603 - a constant of the running kernel
    if _last is None:
        with open("/proc/sys/kernel/cap_last_cap", "rb") as file:
            _last = int(file.read())
    return _last
