"""The lab host: the one set of namespaces the engine and all its containers live in.

The engine never touches the machine it runs on.  It creates a user namespace, in which it is root,
and inside it new mount, network, IPC, UTS and pid namespaces.  Bridges, veth pairs, overlay mounts
and containers exist only there, so that the death of the engine, even by ``kill -9``, makes the
kernel remove every one of them.  Control groups are the exception: see lab_groups.

See: namespaces(7), user_namespaces(7), pid_namespaces(7).
"""

import errno
import os
import select
import signal
import socket
import sys
from collections.abc import Callable

from pyminidocker.errors import SystemFailure
from pyminidocker.kernel import mount, namespaces, netlink, pidfd, prctl, userns
from pyminidocker.kernel.clone import clone3
from pyminidocker.kernel.constants import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_NODEV,
    MS_NOSUID,
)
from pyminidocker.kernel.fd import close_all_but
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.userns import IdMap
from pyminidocker.runtime import lab_groups

_SCRATCH_BYTES = 16 << 20
_LAST_DUTY_S = 30  # after the engine's end, the agent is gone in any case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Manager
    from pyminidocker.runtime.zygote import Zygote

AgentMain = Callable[[socket.socket], None]


class Lab:
    """The namespaces this process now lives in, and the processes at its service.

    Attributes:
        name: the engine's name.
        rootless: True when the engine's owner is not root on the real host.
        uid_map: (first id inside, first id outside, count), as in /proc/<pid>/uid_map.
        gid_map: the same for groups.
        agent: socket to the host agent, which stayed in the real host's namespaces.
        agent_pid: the agent's host pid.
        zygote: starts processes.
        zygote_pid: the zygote's host pid.
        groups: makes control groups, and says which kinds of limits this host can enforce.
        has_machine_network: containers may live in the real host's network namespace.
        machine_name: the real host's name.
    """

    def __init__(
        self,
        name: str,
        *,
        rootless: bool,
        maps: tuple[IdMap, IdMap],
        agent: tuple[socket.socket, int],
        zygote: "tuple[Zygote, int]",
        groups: "Manager",
        has_machine_network: bool = False,
        machine_name: str = "",
    ) -> None:
        self.name = name
        self.rootless = rootless
        self.uid_map, self.gid_map = maps
        self.agent, self.agent_pid = agent
        self.zygote, self.zygote_pid = zygote
        self.groups = groups
        self.has_machine_network = has_machine_network
        self.machine_name = machine_name

    @property
    def single_id(self) -> bool:
        """True when only one user id exists in the lab: chown and setuid to others fail.

        See: user_namespaces(7).
        """
        return is_single(self.uid_map)

    @property
    def maps_machine_root(self) -> bool:
        """True when uid 0 of the machine (or of the container around us) exists in the lab.

        Then root of a container is that user, though without its capabilities.

        See: user_namespaces(7).
        """
        return any(first == 0 for _, first, _ in self.uid_map)

    def close(self) -> None:
        """End the zygote and the agent; the calling process stays in the lab's namespaces.

        See: pid_namespaces(7).
        """
        self.zygote.close()
        self.groups.close()
        if self._agent_is_gone():
            lab_groups.remove(self.groups.name, self.groups.tops)
        self.agent.close()

    def _agent_is_gone(self) -> bool:
        """Tell whether the host agent, who removes the control groups, has ended before us."""
        line = select.poll()
        line.register(self.agent, 0)
        return bool(line.poll(0))


def is_single(id_map: IdMap) -> bool:
    """Tell whether a map holds one id only.

    See: user_namespaces(7).
    """
    return sum(count for _, _, count in id_map) == 1


def create_lab(
    engine_name: str,
    agent_main: AgentMain | None = None,
    pool: dict[str, int] | None = None,
    *,
    scratch_dir: str = "",
    use_id_ranges: bool | None = None,
    machine_network: bool = False,
) -> Lab:
    """Move the calling process into a new lab and start the zygote.

    Must be called once, early, from a single-threaded process that has imported little: the
    zygote is a fork of it and keeps its size.  When it fails half way the process is of no further
    use and should end.

    Args:
        engine_name: shown as the lab's host name.
        agent_main: run in a child that stays outside, with one end of a SOCK_SEQPACKET socket; must
            return when that socket reaches its end.  The child then removes the control groups.
        pool: how many children to keep parked, by network.
        scratch_dir: an existing directory over which the lab gets a tmpfs of its own, for small
            files that need not outlive it.
        use_id_ranges: have more users than one where the host grants them (newuidmap); None asks
            the environment: MINIDOCKER_SINGLE_ID=1 says no.
        machine_network: keep the zygote in the real host's network namespace, so that containers
            may be started there.  Nobody can go back to it from the lab's.

    Raises:
        SystemFailure: the host forbids a step; ``hint`` says which and what to do.

    See: user_namespaces(7), newuidmap(1).
    """
    rootless = os.getuid() != 0
    machine_name = os.uname().nodename
    if use_id_ranges is None:
        use_id_ranges = not os.environ.get("MINIDOCKER_SINGLE_ID")
    try:
        maps = userns.plan_maps(os.getuid(), os.getgid(), use_ranges=use_id_ranges)
        why = lab_groups.settle(engine_name)
        will_fd = os.memfd_create("groups", os.MFD_CLOEXEC)
        agent = _fork_agent(agent_main or _stay, will_fd)
        _enter_user_namespace(*maps)
        maps = userns.read_map("self", "uid_map"), userns.read_map("self", "gid_map")
        # The pid namespace is not among them: a process whose children are born elsewhere may not
        # have threads, and the engine wants some.  It comes with the zygote.
        network = 0 if machine_network else CLONE_NEWNET
        # Neither is the cgroup namespace: from inside one, nobody moves processes to groups outside
        # it, and containers' groups are beside ours, not below.  Each container gets its own.
        namespaces.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | network)
        # Not private: a USB stick unplugged outside shall not be kept busy by a forgotten lab.
        mount.make_slave("/")
        if scratch_dir:
            # Before the zygote: its children must see it, in whatever namespaces they live.
            options = f"mode=711,size={_SCRATCH_BYTES}"
            mount.mount("tmpfs", scratch_dir, "tmpfs", MS_NOSUID | MS_NODEV, options)
        namespaces.sethostname(engine_name[:64])
        control, zygote_pid = _fork_zygote(single_id=is_single(maps[0]))
        if machine_network:
            _leave_network(control)
        netlink.bring_up_loopback()
    except SyscallError as error:
        raise SystemFailure(f"cannot create the lab: {error}", hint=error.hint) from error
    from pyminidocker.runtime.slot_groups import SlotGroups
    from pyminidocker.runtime.zygote import Zygote

    groups = lab_groups.open_groups(engine_name, why, will_fd)
    os.close(will_fd)
    return Lab(
        engine_name,
        rootless=rootless,
        maps=maps,
        agent=agent,
        zygote=(Zygote(control, pool, SlotGroups(groups)), zygote_pid),
        groups=groups,
        has_machine_network=machine_network,
        machine_name=machine_name,
    )


def _stay(channel: socket.socket) -> None:
    """Be an agent without duties."""
    channel.recv(1)


def _fork_agent(agent_main: AgentMain, will_fd: int) -> tuple[socket.socket, int]:
    """Start the process that stays behind in the host's namespaces."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        theirs.close()
        return ours, pid
    code = 1
    kept: list[BaseException] = []
    try:
        # Not SIGKILL: it has something to do when the engine dies, and dies soon after in any case.
        signal.signal(signal.SIGTERM, _leave)
        prctl.set_pdeathsig(signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)  # the engine died before it could be tied to us
        prctl.set_name("minidocker-agt")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _keep_only(theirs.fileno(), will_fd)
        agent_main(theirs)
        code = 0
    except SystemExit as error:
        code = 0
        kept.append(error)  # its traceback keeps sockets, which must not close a second time
    except BaseException:  # noqa: BLE001 - a fork must never return into the caller's code
        sys.excepthook(*sys.exc_info())
    try:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        except SystemExit:
            pass  # the engine's death was told at this very moment
        signal.alarm(_LAST_DUTY_S)
        close_all_but([will_fd])  # ports of the machine, above all: the next engine may want them
        lab_groups.clean_up(will_fd)
    except BaseException:  # noqa: BLE001 - as above
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _enter_user_namespace(uid_map: IdMap, gid_map: IdMap) -> None:
    """Make a user namespace and have a child, which stays outside, write its maps.

    Only a process outside has the power to map other ids than one's own.
    """
    engine = os.getpid()
    go_read, go_write = os.pipe()
    answer_read, answer_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)  # else our own copy would keep us waiting for ever
        os.close(answer_read)
        _write_maps_when_told(go_read, answer_write, engine, uid_map, gid_map)
    os.close(go_read)
    os.close(answer_write)
    try:
        prctl.set_dumpable(True)  # else /proc/<pid>/uid_map belongs to root
        namespaces.unshare(CLONE_NEWUSER)
        os.write(go_write, b"!")
        answer = os.read(answer_read, 4096).decode()
    finally:
        os.close(go_write)
        os.close(answer_read)
        os.waitpid(pid, 0)
    if answer != "done":
        number, path, hint = answer.split("\n", 2)
        raise SyscallError("write", int(number), path, hint)


def _write_maps_when_told(
    go_fd: int, answer_fd: int, pid: int, uid_map: IdMap, gid_map: IdMap
) -> None:
    answer = "done"
    try:
        if os.read(go_fd, 1):
            try:
                userns.write_maps(pid, uid_map, gid_map)
            except SyscallError:
                if len(uid_map) == 1:
                    raise
                # newuidmap is there but may not do its work (not setuid, inside a container):
                # one id is enough for most of what people do.
                userns.write_single_ids(pid, uid_map[0][1], gid_map[0][1])
    except SyscallError as error:
        answer = f"{error.errno}\n{error.path}\n{error.hint}"
    except BaseException as error:  # noqa: BLE001 - as in _fork_agent
        answer = f"{errno.EIO}\n/proc/{pid}\n{error!r}"
    try:
        os.write(answer_fd, answer.encode())
    except BrokenPipeError:
        pass  # the namespace could not be made, and nobody waits for us
    finally:
        os._exit(0)


def _fork_zygote(*, single_id: bool) -> tuple[socket.socket, int]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid, zygote_pidfd = clone3(CLONE_NEWPID)
    if pid == 0:
        try:
            from pyminidocker.runtime.zygote_main import zygote_main

            _keep_only(theirs.fileno())
            zygote_main(theirs, single_id=single_id)
        except BaseException:  # noqa: BLE001 - as in _fork_agent
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    theirs.close()
    host_pid = pidfd.pid_of(zygote_pidfd)
    os.close(zygote_pidfd)
    return ours, host_pid


def _leave_network(control: socket.socket) -> None:
    """Give the lab its network after the zygote was born, and tell the zygote which it is."""
    from pyminidocker.runtime import sync

    namespaces.unshare(CLONE_NEWNET)
    netns_fd = namespaces.open_namespace("self", "network")
    sync.send(control, {"op": "lab network"}, [netns_fd])
    os.close(netns_fd)


def _keep_only(*fds: int) -> None:
    """Close everything but standard output, standard error and ``fds``.

    The engine's lock file and API socket must not stay open in processes that may outlive it by a
    few milliseconds: the next engine would find them taken.
    """
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    close_all_but([*fds])
