"""What the zygote's engine end reports: parked, started, failed, exited.

See: zygote for who says what when.
"""

import os
from typing import NamedTuple

from pyminidocker.errors import InitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Group


class ParkedChild(NamedTuple):
    """A child that waits in its own namespaces for a specification.

    The descriptors stay open until ``Started``, ``Failed`` or ``Lost`` is reported for it.

    Attributes:
        slot: its number.
        host_pid: its pid as the real host sees it (``/proc/<host_pid>`` works in the engine).
        netns_fd: an open file of its network namespace (``network == "new"``), else -1.
        network: ``new``, ``host`` or ``machine``.
        pidfd: refers to it for signals and waiting.
        group: its control group, or None where there are none.
    """

    slot: int
    host_pid: int
    netns_fd: int
    network: str
    pidfd: int
    group: "Group | None" = None


class Parked(NamedTuple):
    """A further child is parked: time to prepare its network."""

    child: ParkedChild


class Lost(NamedTuple):
    """A parked child died (somebody killed it); forget what was prepared for it."""

    child: ParkedChild


class ParkFailed(NamedTuple):
    """No child can be parked; tried again at the next ``start`` or ``refill``.

    Attributes:
        network: ``new``, ``host`` or ``machine``.
        error: what the kernel refused.
    """

    network: str
    error: InitError


class Started(NamedTuple):
    """The user's program has been executed.

    Attributes:
        token: what ``start`` or ``exec`` was given.
        pidfd: now belongs to the receiver, who closes it.
        host_pid: as seen from the real host.
        console_fd: the pseudo terminal's master side, when one was asked for; belongs to the
            receiver.
    """

    token: str
    pidfd: int
    host_pid: int
    console_fd: int | None


class Failed(NamedTuple):
    """There will be no such process; no ``Exited`` follows."""

    token: str
    error: InitError


class Exited(NamedTuple):
    """A started process is gone, and so are all others of its pid namespace.

    Attributes:
        token: what ``start`` or ``exec`` was given.
        exit_code: 0..255; 128 + n after signal n.
    """

    token: str
    exit_code: int


class Closed(NamedTuple):
    """The zygote died and took every container with it: the lab is gone."""


Event = Parked | Lost | ParkFailed | Started | Failed | Exited | Closed


def exit_code_of(status: int) -> int:
    """Return Docker's exit code for a wait status: the code, or 128 + the signal's number.

    Args:
        status: as waitpid(2) gives it.

    See: wait(2) "WIFSIGNALED".
    """
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
