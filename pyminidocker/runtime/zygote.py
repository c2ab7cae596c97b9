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
from pyminidocker.kernel import namespaces, pidfd
from pyminidocker.runtime import sync
from pyminidocker.runtime.defaults import (
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
    default_mounts,
)
from pyminidocker.runtime.plan import StepError, open_sources
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
)
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, to_wire

__all__ = [
    "Closed", "Event", "Exited", "Failed", "Lost", "ParkFailed", "Parked", "ParkedChild", "Started",
    "Zygote", "exit_code_of",
]  # fmt: skip

DEFAULT_POOL = {"new": 4, "host": 1}
_BUSY_TIMEOUT_MS = 5_000

_DEFAULT_MOUNTS = default_mounts()
_MASKED_PATHS = list(DEFAULT_MASKED_PATHS)
_READONLY_PATHS = list(DEFAULT_READONLY_PATHS)


class _Child:
    """What this end knows of one slot."""

    __slots__ = (
        "channel", "console_fd", "error", "host_pid", "is_reported", "network", "parked", "pidfd",
        "slot", "token",
    )  # fmt: skip

    def __init__(self, slot: int, channel: socket.socket, network: str, token: str) -> None:
        self.slot = slot
        self.channel: socket.socket | None = channel  # None after end of file
        self.network = network  # "new" or "host"; empty for an exec
        self.token = token  # empty while parked
        self.pidfd = -1  # -1 until the zygote has forked it
        self.host_pid = 0
        self.console_fd: int | None = None
        self.parked: ParkedChild | None = None
        self.error: InitError | None = None
        self.is_reported = False  # as Started


class Zygote:
    """Starts processes in the lab and reports what became of them.

    Args:
        control: this end of the SEQPACKET socket to the zygote.
        pool: how many children to keep parked, by network; default ``DEFAULT_POOL``.
    """

    def __init__(self, control: socket.socket, pool: dict[str, int] | None = None) -> None:
        control.setblocking(False)
        self._control = control
        self._pool = dict(DEFAULT_POOL if pool is None else pool)
        self._epoll = select.epoll()
        self._epoll.register(control, select.EPOLLIN)
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._slots = 0
        self._children: dict[int, _Child] = {}
        self._by_fd: dict[int, _Child] = {}
        self._waiting: list[tuple[str, ContainerSpec, list[int]]] = []
        self._park_errors: dict[str, InitError] = {}
        self._is_closed = False
        self._events: list[Event] = []
        self.refill()

    def fileno(self) -> int:
        """Return a descriptor that is readable when ``receive`` has something to report.

        See: epoll(7): an epoll descriptor can itself be watched.
        """
        return self._epoll.fileno()

    def parked(self) -> list[ParkedChild]:
        """Return the children that wait now, oldest first.

        See: ParkedChild.
        """
        free = (child.parked for child in self._children.values() if _is_free(child))
        return [parked for parked in free if parked is not None]

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
                takes any of ``spec.network``'s kind, or the next that gets parked.

        Raises:
            SystemFailure: the zygote, or the child in ``network_slot``, is gone.

        See: init.wait_and_start for what the child then does.
        """
        self._check_open()
        if network_slot is not None:
            chosen = self._children.get(network_slot.slot)
            if chosen is None or not _is_free(chosen):
                raise SystemFailure(f"the process prepared for container {spec.id[:12]} is gone")
            self._hand_over(chosen, token, spec, stdio or ())
            return
        for child in self._children.values():
            if _is_free(child) and child.network == spec.network:
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
    ) -> None:
        """Run a further process inside the container whose first process ``container_pidfd`` is.

        Args:
            token: as for ``start``.
            spec: what to run.
            container_pidfd: borrowed.
            stdio: as for ``start``.

        Raises:
            SystemFailure: the zygote is gone.

        See: init.enter_and_start, setns(2).
        """
        self._check_open()
        request = {"op": "exec", "spec": to_wire(spec)}
        self._ask_for_child(request, "", token, [container_pidfd, *(stdio or ())])

    def refill(self) -> None:
        """Ask for parked children that are missing, one at a time; called by ``receive`` too.

        See: the module.
        """
        self._park_errors.clear()
        self._top_up()

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
            _close_parked(child)
        self._children.clear()
        for _, _, fds in self._waiting:
            _close_all(fds)
        self._waiting.clear()
        self._epoll.close()
        os.close(self._wake_fd)
        self._control.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise SystemFailure(
                "the lab is gone: its zygote died",
                hint="restart the engine (minidocker system start)",
            )

    def _top_up(self) -> None:
        """Ask for the next missing child, unless one is on its way or a start is under way.

        A fork takes a processor for a while; the start that is under way needs it more.
        """
        children = self._children.values()
        if self._is_closed or any(child.network and child.pidfd == -1 for child in children):
            return
        wanted = [spec.network for _, spec, _ in self._waiting]
        if not wanted and any(_is_starting(child) for child in children):
            return
        for network in [*wanted, *self._pool]:
            free = sum(_is_free(child) and child.network == network for child in children)
            missing = network in wanted or free < self._pool.get(network, 0)
            if missing and network not in self._park_errors:
                self._ask_for_child({"op": "park", "network": network}, network, "", [])
                return

    def _ask_for_child(
        self, request: sync.Message, network: str, token: str, fds: list[int]
    ) -> None:
        kind = socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        ours.setblocking(False)
        self._slots += 1
        child = _Child(self._slots, ours, network, token)
        with theirs:
            self._send_control({"slot": child.slot, **request}, [theirs.fileno(), *fds])
        self._children[child.slot] = child
        self._by_fd[ours.fileno()] = child
        self._epoll.register(ours, select.EPOLLIN)

    def _send_control(self, message: sync.Message, fds: list[int]) -> None:
        while True:
            try:
                sync.send(self._control, message, fds)
            except BlockingIOError:
                # Hundreds of requests in one go: the zygote works through them in milliseconds.
                writable = select.poll()
                writable.register(self._control, select.POLLOUT)
                if not writable.poll(_BUSY_TIMEOUT_MS):
                    raise SystemFailure("the lab's zygote does not answer") from None
            except OSError as error:
                raise SystemFailure("the lab is gone: its zygote died") from error
            else:
                return

    def _hand_over(
        self,
        child: _Child,
        token: str,
        spec: ContainerSpec,
        stdio: "tuple[int, ...] | list[int]",
    ) -> None:
        child.token = token
        assert child.channel is not None
        fds: list[int] = []
        try:
            # The child reads and plans while the overlay is being made here.
            sync.send(child.channel, _start_message(spec), stdio)
            open_sources(spec, fds)
            sync.send(child.channel, {"mounts": len(fds)}, fds)
        except StepError as error:
            cause = error.__cause__
            assert isinstance(cause, Exception)
            child.error = _init_error(sync.error_record(error.step.stage, cause))
            self._close_channel(child)  # the child sees the end of file and goes
            self._report_start(child)
            os.eventfd_write(self._wake_fd, 1)
        except OSError:
            pass  # it has just died, which the zygote is about to report
        finally:
            _close_all(fds)

    def _read_control(self) -> None:
        while True:
            try:
                message, fds = sync.receive(self._control)
            except BlockingIOError:
                return
            except ConnectionError:
                message, fds = None, []
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
                self._close_channel(child)
                self._failed(child, _init_error(message["error"]))
            elif "exited" in message:
                self._exited(self._children[message["exited"]], message["status"])

    def _read_channel(self, child: _Child) -> None:
        """Read what a child says on its way to execve, until nothing is there or it has ended."""
        while child.channel is not None:
            try:
                message, fds = sync.receive(child.channel)
            except BlockingIOError:
                return
            except ConnectionError:
                message, fds = None, []
            if message is None:
                self._close_channel(child)
            elif "console" in message:
                child.console_fd = fds[0]
            elif "error" in message:
                child.error = _init_error(message["error"])
        self._report_start(child)

    def _report_start(self, child: _Child) -> None:
        """Report Started once the program runs and its pidfd is known; Failed on an error."""
        if child.channel is not None or child.pidfd < 0 or child.is_reported:
            return
        if child.error is not None:
            self._failed(child, child.error)
        elif child.token:
            child.is_reported = True
            own_pidfd = child.pidfd
            child.pidfd = -2  # not ours any more
            _close_parked(child)
            self._events.append(Started(child.token, own_pidfd, child.host_pid, child.console_fd))

    def _forked(self, child: _Child, child_pidfd: int) -> None:
        child.pidfd = child_pidfd
        child.host_pid = pidfd.pid_of(child_pidfd)
        if not child.network:
            self._report_start(child)
            return
        netns_fd = -1
        if child.network == "new":
            try:
                netns_fd = namespaces.open_namespace(child.host_pid, "network")
            except OSError:
                pass  # dead already, as will be reported
        child.parked = ParkedChild(child.slot, child.host_pid, netns_fd, child.network, child_pidfd)
        for index, (token, spec, fds) in enumerate(self._waiting):
            if spec.network == child.network:
                del self._waiting[index]
                self._hand_over(child, token, spec, fds)
                _close_all(fds)
                return
        self._events.append(Parked(child.parked))

    def _exited(self, child: _Child, status: int) -> None:
        self._read_channel(child)  # its last words may still be on the way
        self._close_channel(child)
        self._report_start(child)
        del self._children[child.slot]
        if child.is_reported:
            self._events.append(Exited(child.token, exit_code_of(status)))
        elif child.error is None and child.parked is not None:
            self._events.append(Lost(child.parked))
            _close_parked(child)

    def _failed(self, child: _Child, error: InitError) -> None:
        """Report a child that will never run anything; once."""
        if child.console_fd is not None:
            os.close(child.console_fd)
        parked = child.parked
        _close_parked(child)
        child.error = error
        if child.token:
            child.is_reported = False
            self._events.append(Failed(child.token, error))
            child.token = ""
            return
        self._park_errors[child.network] = error
        if parked is not None:
            self._events.append(Lost(parked))
        self._events.append(ParkFailed(child.network, error))
        for waiting in [item for item in self._waiting if item[1].network == child.network]:
            self._waiting.remove(waiting)
            _close_all(waiting[2])
            self._events.append(Failed(waiting[0], error))

    def _close_channel(self, child: _Child) -> None:
        if child.channel is not None:
            self._epoll.unregister(child.channel)
            del self._by_fd[child.channel.fileno()]
            child.channel.close()
            child.channel = None


def _start_message(spec: ContainerSpec) -> sync.Message:
    """Return a specification as a parked child wants it.

    What every parked child has prepared is left out, and so are the layers, which it gets as a
    finished mount: most of the text would be about what is known.
    """
    wire = to_wire(spec)
    wire.update(lower_dirs=[], upper_dir="", work_dir="")
    count = len(_DEFAULT_MOUNTS)
    prepared = (
        spec.mounts[:count] == _DEFAULT_MOUNTS
        and spec.masked_paths == _MASKED_PATHS
        and spec.readonly_paths == _READONLY_PATHS
    )
    if prepared:
        wire.update(mounts=wire["mounts"][count:], masked_paths=[], readonly_paths=[])
    return {"spec": wire, "prepared": prepared}


def _is_free(child: _Child) -> bool:
    return child.parked is not None and not child.token and child.channel is not None


def _is_starting(child: _Child) -> bool:
    return bool(child.token) and child.channel is not None


def _close_parked(child: _Child) -> None:
    """Close the descriptors of a child that are still ours."""
    if child.parked is not None and child.parked.netns_fd >= 0:
        os.close(child.parked.netns_fd)
    child.parked = None
    if child.pidfd >= 0:
        os.close(child.pidfd)
        child.pidfd = -2


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _init_error(record: sync.Message) -> InitError:
    error = InitError(
        record["message"],
        stage=record["stage"],
        call=record["call"],
        errno=record["errno"],
        path=record["path"],
    )
    error.hint = record["hint"]
    return error


def exit_code_of(status: int) -> int:
    """Return Docker's exit code for a wait status: the code, or 128 + the signal's number.

    Args:
        status: as waitpid(2) gives it.

    See: wait(2) "WIFSIGNALED".
    """
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
