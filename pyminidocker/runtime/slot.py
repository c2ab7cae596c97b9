"""What the engine's end knows of each child of the zygote.

See: zygote.
"""

import os
import socket

from pyminidocker.errors import InitError
from pyminidocker.kernel import namespaces
from pyminidocker.runtime.reports import ParkedChild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Group

GONE = -2


class Slot:
    """One child of the zygote: being forked, parked, starting or running.

    Attributes:
        number: its name between engine and zygote.
        channel: to the child itself, until it has executed the program or died.
        network: ``new``, ``host`` or ``machine``; empty for an exec.
        token: the caller's name for it; empty while parked.
        is_urgent: a start waits for it to be parked.
        pidfd: -1 until the zygote has forked it, -2 when it is not ours any more.
        host_pid: as the real host sees it.
        console_fd: the master of its pseudo terminal.
        parked: what the caller knows it by while it is parked.
        group: the control group it was born into, or None.
        error: why it will never run anything.
        is_reported: Started has been reported.
    """

    __slots__ = (
        "channel", "console_fd", "error", "group", "host_pid", "is_reported", "is_urgent",
        "network", "number", "parked", "pidfd", "token",
    )  # fmt: skip

    def __init__(self, number: int, channel: socket.socket, network: str, token: str) -> None:
        self.number = number
        self.channel: socket.socket | None = channel
        self.network = network
        self.token = token
        self.pidfd = -1
        self.host_pid = 0
        self.console_fd: int | None = None
        self.parked: ParkedChild | None = None
        self.group: Group | None = None
        self.error: InitError | None = None
        self.is_reported = False
        self.is_urgent = False

    def park(self) -> None:
        """Make it known to the caller, with its network namespace.

        See: reports.ParkedChild.
        """
        netns_fd = -1
        if self.network == "new":
            try:
                netns_fd = namespaces.open_namespace(self.host_pid, "network")
            except OSError:
                pass  # dead already, as will be reported
        self.parked = ParkedChild(
            self.number, self.host_pid, netns_fd, self.network, self.pidfd, self.group
        )

    @property
    def is_free(self) -> bool:
        """Parked, and not given to anybody."""
        return self.parked is not None and not self.token and self.channel is not None

    def fail(self, error: InitError) -> None:
        """Remember why this child will never run anything, and close what it has."""
        if self.console_fd is not None:
            os.close(self.console_fd)
        self.let_go()
        self.error = error

    def let_go(self) -> None:
        """Close the descriptors of the process that are still ours."""
        if self.parked is not None and self.parked.netns_fd >= 0:
            os.close(self.parked.netns_fd)
        self.parked = None
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = GONE
