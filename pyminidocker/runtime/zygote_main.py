"""The zygote: pid 1 of the lab, which does nothing but fork and reap.

It is small because it was forked from the engine before that imported anything large, and stays
small because it never does either.  It must stay single-threaded (setns and clone with new
namespaces demand it) and has no parent to report to but the engine: when that goes, it goes, and
the kernel kills everything in its pid namespace with it.

See: pid_namespaces(7) "The namespace init process", zygote.py for the picture.
"""

import gc
import os
import select
import signal
import socket

from pyminidocker.kernel import caps, keys, namespaces, prctl, signals
from pyminidocker.kernel.clone import clone3
from pyminidocker.kernel.constants import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
)
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import sync
from pyminidocker.runtime.defaults import DEFAULT_CAPABILITIES
from pyminidocker.runtime.inheritance import Inheritance, record_of
from pyminidocker.runtime.init import enter_and_start, wait_and_start
from pyminidocker.runtime.plan import plan_defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# The cgroup namespace is made by the child, when it is in its group.
_CONTAINER = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC

_QUIET_MS = 2


class ZygoteProcess:
    """The loop.

    Args:
        control: socket to the engine.
        single_id: the lab has one user id.
    """

    def __init__(self, control: socket.socket, *, single_id: bool) -> None:
        self.control = control
        self.slots: dict[int, int] = {}  # pid -> slot
        self.postponed: list[tuple[sync.Message, list[int]]] = []
        self.child_signal_fd = signals.signalfd({signal.SIGCHLD})
        self.own_pid_namespace = namespaces.open_namespace("self", "pid")
        self.lab_netns_fd = -1  # only when this process is in the machine's own
        self.inherited = Inheritance(plan_defaults(), plan_defaults("machine"), single_id=single_id)
        self.inherited.filter_for(list(DEFAULT_CAPABILITIES))
        caps.last_capability()

    def run(self) -> "NoReturn":
        """Serve until the engine is gone.

        See: poll(2), signalfd(2).
        """
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(self.child_signal_fd, select.POLLIN)
        # Objects that are never collected are never written to, and their pages stay shared.
        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            ready = poller.poll(_QUIET_MS if self.postponed else None)
            if not ready:
                self.carry_out(*self.postponed.pop(0))
            for fd, _ in ready:
                if fd == self.child_signal_fd:
                    os.read(fd, 4096)
                    self.reap()
                else:
                    self.serve_one()

    def serve_one(self) -> None:
        """Take one request; what only fills the pool waits until nothing else is going on.

        See: sync.
        """
        try:
            message, fds = sync.receive(self.control)
        except ConnectionError:
            message, fds = None, []
        if message is None:
            os._exit(0)
        if message["op"] == "lab network":
            self.lab_netns_fd = fds[0]
        elif message["op"] == "park" and not message["urgent"]:
            self.postponed.append((message, fds))
        else:
            self.carry_out(message, fds)

    def carry_out(self, message: "sync.Message", fds: list[int]) -> None:
        """Fork what was asked for.

        See: sync.
        """
        slot = message["slot"]
        try:
            if message["op"] == "park":
                self.park(slot, message, fds)
            else:
                self.exec(slot, message, fds)
        except SyscallError as error:
            self.report({"refused": slot, "error": sync.error_record("clone", error)})
        finally:
            for fd in fds:
                os.close(fd)

    def park(self, slot: int, message: "sync.Message", fds: list[int]) -> None:
        """Fork a child into namespaces of its own.

        Raises:
            SyscallError: the kernel refused a namespace or a process.

        See: clone(2).
        """
        network = message["network"]
        flags = _CONTAINER | (CLONE_NEWNET if network == "new" else 0)
        channel_fd, group_fd, doors, _ = _sorted(message, fds)
        pid, pidfd = clone3(flags, group_fd)
        if pid == 0:
            wait_and_start(
                socket.socket(fileno=channel_fd),
                network,
                self.inherited,
                self.lab_netns_fd if network == "host" else -1,
                doors,
                message["trees"],
            )
        self.born(slot, pid, pidfd)

    def exec(self, slot: int, message: "sync.Message", fds: list[int]) -> None:
        """Fork a child into a container's pid namespace.

        Raises:
            SyscallError: ESRCH (the container is gone), or the kernel refused a process.

        See: setns(2) "pid namespaces": the caller stays, its next children are born inside.
        """
        channel_fd, group_fd, doors, rest = _sorted(message, fds)
        container_pidfd, *stdio = rest
        namespaces.setns(container_pidfd, CLONE_NEWPID)
        # The container's processes see this one from its birth on.  Until execve they must not
        # trace it, nor find the host's files in its /proc directory: CVE-2016-9962.
        prctl.set_dumpable(False)
        pid = -1
        try:
            pid, pidfd = clone3(0, group_fd)
        finally:
            if pid != 0:
                prctl.set_dumpable(True)
                namespaces.setns(self.own_pid_namespace, CLONE_NEWPID)
        if pid == 0:
            enter_and_start(
                socket.socket(fileno=channel_fd),
                record_of(message["spec"]),
                container_pidfd,
                stdio,
                self.inherited,
                doors,
            )
        self.born(slot, pid, pidfd)

    def born(self, slot: int, pid: int, pidfd: int) -> None:
        """Remember a child and give the engine its pidfd.

        See: pidfd_open(2).
        """
        self.slots[pid] = slot
        self.report({"forked": slot}, [pidfd])
        os.close(pidfd)

    def reap(self) -> None:
        """Collect the dead and report those that had a slot.

        See: waitpid(2).
        """
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            slot = self.slots.pop(pid, None)
            if slot is not None:
                self.report({"exited": slot, "status": status})

    def report(self, message: "sync.Message", fds: "tuple[int, ...] | list[int]" = ()) -> None:
        """Tell the engine; without an engine there is nothing left to live for.

        See: sync.
        """
        try:
            sync.send(self.control, message, fds)
        except OSError:
            os._exit(0)


def _sorted(message: "sync.Message", fds: list[int]) -> tuple[int, int, list[int], list[int]]:
    """Return (channel, group to be born in or -1, doors to go through oneself, the others)."""
    channel_fd, *rest = fds
    doors, others = rest[: message["doors"]], rest[message["doors"] :]
    return (channel_fd, doors[0], [], others) if message["by_clone"] else (
        channel_fd, -1, doors, others
    )  # fmt: skip


def zygote_main(control: socket.socket, *, single_id: bool) -> "NoReturn":
    """Be the zygote.

    Args:
        control: socket to the engine; it blocks.
        single_id: the lab has one user id.

    See: PR_SET_PDEATHSIG(2const).
    """
    prctl.set_pdeathsig(signal.SIGKILL)
    prctl.set_name("minidocker-zyg")
    keys.new_session_keyring()  # what is in the engine's is nothing for containers
    # As pid 1 of its namespace it ignores what it does not handle; Ctrl-C in the terminal the
    # engine was started from is not meant for it either.
    signals.reset_inherited()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ZygoteProcess(control, single_id=single_id).run()
