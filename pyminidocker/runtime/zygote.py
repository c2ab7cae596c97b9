"""The engine's end of the socket to the zygote: start, exec, and what became of it.

The zygote is pid 1 of the lab: a small single-threaded process whose only work is to fork, since
forking from the engine itself would copy the page tables of everything the engine has imported.
It keeps a few *parked children* ready, each already in its own new namespaces and waiting on a
socket.  ``Zygote.start`` hands a specification straight to one of them.

    engine P                          zygote Z                      parked child C
       | fork {slot, network} + socket   |                               |
       |-------------------------------->| clone3(NEWNS|NEWPID|...)      |
       |      forked {slot} + pidfd      |------------------------------>| prepares mounts
       |<--------------------------------|                               |
       |            spec + stdin, stdout, stderr (straight to C)         |
       |---------------------------------------------------------------->| mounts, pivots, execve
       |            console fd | error record | EOF = executed           |
       |<----------------------------------------------------------------|
       |      exited {slot, status}      |              SIGCHLD          |
       |<--------------------------------|<------------------------------|

Nothing here blocks and nothing here is asyncio: the engine watches ``fileno()`` for reading and
calls ``receive()``.
"""

from typing import NamedTuple

from pyminidocker.errors import InitError
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec


class ParkedChild(NamedTuple):
    """A child that waits in its own namespaces for a specification.

    Attributes:
        slot: the zygote's number for it.
        host_pid: its pid as the real host sees it (``/proc/<host_pid>`` works in the engine).
        netns_fd: an open file of its network namespace (``network == "new"``), else -1.
        network: ``new`` or ``host``.
        pidfd: refers to it for signals and waiting.
    """

    slot: int
    host_pid: int
    netns_fd: int
    network: str
    pidfd: int


class Parked(NamedTuple):
    """A further child is parked: time to prepare its network."""

    child: ParkedChild


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


Event = Parked | Started | Failed | Exited | Closed


class Zygote:
    """Starts processes in the lab and reports what became of them.

    Args:
        control_fd: the engine's end of the SEQPACKET socket to the zygote.
        pool: how many children to keep parked, by network (``{"new": 4, "host": 1}``).
    """

    def __init__(self, control_fd: int, pool: dict[str, int] | None = None) -> None:
        raise NotImplementedError

    def fileno(self) -> int:
        """Return a descriptor that is readable when ``receive`` has something to report."""
        raise NotImplementedError

    def start(
        self,
        token: str,
        spec: ContainerSpec,
        stdio: tuple[int, int, int] | None,
        network_slot: ParkedChild | None = None,
    ) -> None:
        """Turn a parked child into the container ``spec`` describes.

        Returns at once; ``Started`` or ``Failed`` with ``token`` comes out of ``receive``.

        Args:
            token: the caller's name for this process, unique while it lives.
            spec: what to run.
            stdio: descriptors for 0, 1, 2; borrowed (still the caller's to close after return);
                None is /dev/null for all three, or the terminal when ``spec`` asks for one.
            network_slot: the parked child to use, whose network the caller has prepared; None
                takes any of ``spec.network``'s kind.

        Raises:
            SystemFailure: the zygote is gone.
        """
        raise NotImplementedError

    def exec(
        self,
        token: str,
        spec: ExecSpec,
        container_pidfd: int,
        stdio: tuple[int, int, int] | None,
    ) -> None:
        """Run a further process inside the container whose first process ``container_pidfd`` is.

        Args:
            token: as for ``start``.
            spec: what to run.
            container_pidfd: borrowed.
            stdio: as for ``start``.

        Raises:
            SystemFailure: the zygote is gone.
        """
        raise NotImplementedError

    def receive(self) -> list[Event]:
        """Return what has happened since the last call, in order, without waiting."""
        raise NotImplementedError

    def parked(self) -> list[ParkedChild]:
        """Return the children that wait now, oldest first."""
        raise NotImplementedError

    def close(self) -> None:
        """End the zygote, and with it every process in the lab."""
        raise NotImplementedError
