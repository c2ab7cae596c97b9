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
       | makes the overlay and the binds |                               |
       |       spec + detached mounts + stdin, stdout, stderr            |
       |---------------------------------------------------------------->| attaches, execve
       |            console fd | error record | EOF = executed           |
       |<----------------------------------------------------------------|
       |      exited {slot, status}      |              SIGCHLD          |
       |<--------------------------------|<------------------------------|

Nothing here blocks and nothing here is asyncio: the engine watches ``fileno()`` for reading and
calls ``receive()``.
"""

import os
import select
import socket

from pyminidocker.errors import InitError, SystemFailure
from pyminidocker.kernel import pidfd
from pyminidocker.runtime import control, sync
from pyminidocker.runtime.handover import hand_over, init_error
from pyminidocker.runtime.reports import (
    Closed,
    Event,
    Exited,
    Failed,
    Lost,
    Parked,
    ParkedChild,
    ParkFailed,
    Started,
    exit_code_of,
)
from pyminidocker.runtime.slot import GONE, Slot
from pyminidocker.runtime.slot_groups import GroupFailure, SlotGroups, close_all
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, to_wire

__all__ = [
    "Closed", "Event", "Exited", "Failed", "Lost", "ParkFailed", "Parked", "ParkedChild", "Started",
    "Zygote", "exit_code_of",
]  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Group

DEFAULT_POOL = {"new": 4, "host": 1}


class Zygote:
    """Starts processes in the lab and reports what became of them.

    Args:
        line: this end of the SEQPACKET socket to the zygote.
        pool: how many children to keep parked, by network; default ``DEFAULT_POOL``.
        groups: makes each child's control group.
    """

    def __init__(
        self,
        line: socket.socket,
        pool: dict[str, int] | None = None,
        groups: SlotGroups | None = None,
    ) -> None:
        line.setblocking(False)
        self.groups = groups or SlotGroups()
        self._control = line
        self._pool = dict(DEFAULT_POOL if pool is None else pool)
        self._epoll = select.epoll()
        self._epoll.register(line, select.EPOLLIN)
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._slots = 0
        self._children: dict[int, Slot] = {}
        self._by_fd: dict[int, Slot] = {}
        self._waiting: list[tuple[str, ContainerSpec, list[int]]] = []
        self._park_errors: dict[str, InitError] = {}
        self._is_closed = False
        self._events: list[Event] = []
        self.refill()

    def fileno(self) -> int:
        """Return a descriptor, readable when ``receive`` has something to report: epoll(7)."""
        return self._epoll.fileno()

    def parked(self) -> list[ParkedChild]:
        """Return the children that wait now, oldest first."""
        free = (child.parked for child in self._children.values() if child.is_free)
        return [parked for parked in free if parked is not None]

    def start(
        self,
        token: str,
        spec: ContainerSpec,
        stdio: tuple[int, int, int] | None,
        network_slot: ParkedChild | None = None,
        netns_fd: int = -1,
    ) -> None:
        """Turn a parked child into the container ``spec`` describes.

        Returns at once; ``Started`` or ``Failed`` with ``token`` comes out of ``receive``.

        Args:
            token: the caller's name for this process, unique while it lives.
            spec: what to run.
            stdio: descriptors for 0, 1, 2; borrowed (still the caller's to close after return);
                None is /dev/null for all three, or the terminal when ``spec`` asks for one.
            network_slot: the parked child to use, whose network the caller has prepared; None
                takes any of ``spec.network``'s kind, or the next that gets parked.
            netns_fd: borrowed; what a ``network_slot`` of kind ``host`` is to ``join``.

        Raises:
            SystemFailure: the zygote, or the child in ``network_slot``, is gone.

        See: init.wait_and_start for what the child then does.
        """
        self._check_open()
        if network_slot is not None:
            chosen = self._children.get(network_slot.slot)
            if chosen is None or not chosen.is_free:
                raise SystemFailure(f"the process prepared for container {spec.id[:12]} is gone")
            self._hand_over(chosen, token, spec, stdio or (), netns_fd)
            return
        for child in self._children.values():
            if child.is_free and child.network == spec.network:
                self._hand_over(child, token, spec, stdio or ())
                return
        self._waiting.append((token, spec, [os.dup(fd) for fd in stdio or ()]))
        self.refill()

    def exec(
        self,
        token: str,
        spec: ExecSpec,
        container_pidfd: int,
        stdio: tuple[int, int, int] | None,
        group: "Group | None" = None,
    ) -> None:
        """Run a further process inside the container whose first process ``container_pidfd`` is.

        Args:
            token: as for ``start``.
            spec: what to run.
            container_pidfd: borrowed.
            stdio: as for ``start``.
            group: the container's control group.

        Raises:
            SystemFailure: the zygote is gone.

        See: init.enter_and_start, setns(2).
        """
        self._check_open()
        request = {"op": "exec", "spec": to_wire(spec)}
        self._ask_for_child(request, "", token, [container_pidfd, *(stdio or ())], group)

    def refill(self) -> None:
        """Ask for parked children that are missing, one at a time; called by ``receive`` too."""
        self._park_errors.clear()
        self._top_up()

    def hurry(self, network: str) -> None:
        """Have a child parked now, not in a quiet moment; ``Parked`` or ``ParkFailed`` will tell.

        Raises:
            SystemFailure: the zygote is gone.
        """
        self._check_open()
        self._park_errors.pop(network, None)
        children = self._children.values()
        if not any(c.is_urgent and c.network == network and c.pidfd == -1 for c in children):
            self._park(network, is_urgent=True)

    def receive(self) -> list[Event]:
        """Return what has happened since the last call, in order, without waiting.

        See: epoll_wait(2).
        """
        for fd, _ in self._epoll.poll(0):
            if fd == self._control.fileno():
                self._read_control()
            elif fd == self._wake_fd:
                os.eventfd_read(fd)
            elif fd in self._by_fd:
                self._read_channel(self._by_fd[fd])
        self._top_up()
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """End the zygote, and with it every process in the lab.

        See: pid_namespaces(7): when pid 1 of a namespace ends, all in it are killed.
        """
        self._is_closed = True
        for child in list(self._children.values()):
            self._close_channel(child)
            child.let_go()
        self._children.clear()
        for _, _, fds in self._waiting:
            close_all(fds)
        self._waiting.clear()
        self._epoll.close()
        os.close(self._wake_fd)
        self._control.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise control.gone()

    def _top_up(self) -> None:
        """Ask for what is missing: at once for starts that wait, one when convenient for the pool.

        A fork takes a processor for a while; the zygote does those of the second kind when it has
        had nothing else to do for a moment.
        """
        if self._is_closed:
            return
        children = self._children.values()
        on_the_way = [child for child in children if child.network and child.pidfd == -1]
        for network in self._pool.keys() | {spec.network for _, spec, _ in self._waiting}:
            if network in self._park_errors:
                continue
            waiting = sum(spec.network == network for _, spec, _ in self._waiting)
            urgent = sum(child.is_urgent and child.network == network for child in on_the_way)
            for _ in range(waiting - urgent):
                self._park(network, is_urgent=True)
            free = sum(child.is_free and child.network == network for child in children)
            if free < self._pool.get(network, 0) and not on_the_way and not waiting:
                self._park(network, is_urgent=False)
                return

    def _park(self, network: str, *, is_urgent: bool) -> None:
        request = {"op": "park", "network": network, "urgent": is_urgent}
        group: Group | None = None
        try:
            group = self.groups.take()
            child = self._ask_for_child(request, network, "", [], group)
        except (GroupFailure, OSError) as error:
            self.groups.ended(group)
            if not isinstance(error, GroupFailure):
                raise
            self._park_failed(network, control.init_error_of(error, "cgroup"))
            return
        child.is_urgent = is_urgent
        child.group = group

    def _ask_for_child(
        self,
        request: sync.Message,
        network: str,
        token: str,
        fds: list[int],
        group: "Group | None",
    ) -> Slot:
        self._slots += 1
        request = {"slot": self._slots, **request}
        ours = control.ask_for_child(self._control, request, fds, self.groups, group)
        child = Slot(self._slots, ours, network, token)
        self._children[child.number] = child
        self._by_fd[ours.fileno()] = child
        self._epoll.register(ours, select.EPOLLIN)
        return child

    def _hand_over(
        self,
        child: Slot,
        token: str,
        spec: ContainerSpec,
        stdio: "tuple[int, ...] | list[int]",
        netns_fd: int = -1,
    ) -> None:
        child.token = token
        if not hand_over(child, spec, stdio, netns_fd):
            self._close_channel(child)  # the child sees the end of file and goes
            self._report_start(child)
            os.eventfd_write(self._wake_fd, 1)

    def _read_control(self) -> None:
        while True:
            try:
                message, fds = control.hear(self._control)
            except BlockingIOError:
                return
            if message is None:
                if not self._is_closed:
                    self._is_closed = True
                    self._epoll.unregister(self._control)
                    self._events.append(Closed())
                return
            if "forked" in message:
                self._forked(self._children[message["forked"]], fds[0])
            elif "refused" in message:
                child = self._children.pop(message["refused"])
                self.groups.ended(child.group)
                self._close_channel(child)
                self._failed(child, init_error(message["error"]))
            elif "exited" in message:
                self._exited(self._children[message["exited"]], message["status"])

    def _read_channel(self, child: Slot) -> None:
        """Read what a child says on its way to execve, until nothing is there or it has ended."""
        while child.channel is not None:
            try:
                message, fds = control.hear(child.channel)
            except BlockingIOError:
                return
            if message is None:
                self._close_channel(child)
            elif "console" in message:
                child.console_fd = fds[0]
            elif "error" in message:
                child.error = init_error(message["error"])
        self._report_start(child)

    def _report_start(self, child: Slot) -> None:
        """Report Started once the program runs and its pidfd is known; Failed on an error."""
        if child.channel is not None or child.pidfd < 0 or child.is_reported:
            return
        if child.error is not None:
            self._failed(child, child.error)
        elif child.token:
            child.is_reported = True
            own_pidfd = child.pidfd
            child.pidfd = GONE
            child.let_go()
            self._events.append(Started(child.token, own_pidfd, child.host_pid, child.console_fd))

    def _forked(self, child: Slot, child_pidfd: int) -> None:
        child.pidfd = child_pidfd
        child.host_pid = pidfd.pid_of(child_pidfd)
        if not child.network:
            self._report_start(child)
            return
        child.park()
        for index, (token, spec, fds) in enumerate(self._waiting):
            if spec.network == child.network:
                del self._waiting[index]
                self._hand_over(child, token, spec, fds)
                close_all(fds)
                return
        assert child.parked is not None
        self._events.append(Parked(child.parked))

    def _exited(self, child: Slot, status: int) -> None:
        self._read_channel(child)  # its last words may still be on the way
        self._close_channel(child)
        self._report_start(child)
        del self._children[child.number]
        self.groups.ended(child.group)
        if child.is_reported:
            self._events.append(Exited(child.token, exit_code_of(status)))
        elif child.error is None and child.parked is not None:
            self._events.append(Lost(child.parked))
            child.let_go()

    def _failed(self, child: Slot, error: InitError) -> None:
        """Report a child that will never run anything; once."""
        parked = child.parked
        child.fail(error)
        if child.token:
            child.is_reported = False
            self._events.append(Failed(child.token, error))
            child.token = ""
            return
        if parked is not None:
            self._events.append(Lost(parked))
        self._park_failed(child.network, error)

    def _park_failed(self, network: str, error: InitError) -> None:
        self._park_errors[network] = error
        self._events.append(ParkFailed(network, error))
        for waiting in [item for item in self._waiting if item[1].network == network]:
            self._waiting.remove(waiting)
            close_all(waiting[2])
            self._events.append(Failed(waiting[0], error))

    def _close_channel(self, child: Slot) -> None:
        if child.channel is not None:
            self._epoll.unregister(child.channel)
            del self._by_fd[child.channel.fileno()]
            child.channel.close()
            child.channel = None
