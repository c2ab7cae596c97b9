"""What a child of the zygote does until it turns into the user's program.

``wait_and_start`` is the life of a parked child; ``enter_and_start`` that of an exec.  Neither
returns: they end in execve, or in one record on the channel that says what failed, and _exit.
There is no traceback and nothing is printed: standard error belongs to the container.

See: sync for the messages, operations for the steps, clone(2), setns(2).
"""

import json
import os
import signal
import socket

from pyminidocker.kernel import mount, namespaces, netlink, prctl
from pyminidocker.kernel.constants import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUTS,
)
from pyminidocker.kernel.fd import close_all_but
from pyminidocker.kernel.keys import new_session_keyring
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import groups, plan, prelude, sync, tuning, users
from pyminidocker.runtime.inheritance import Inheritance, record_of
from pyminidocker.runtime.operations import FromOutside
from pyminidocker.runtime.process import Launch, find_program
from pyminidocker.runtime.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from pyminidocker.runtime.spec import ContainerSpec, ExecSpec, ProcessSpec

_EXIT_BEFORE_EXEC = 125


def wait_and_start(
    channel: socket.socket,
    network: str,
    inherited: Inheritance,
    lab_netns_fd: int = -1,
    doors: "list[int] | None" = None,
    trees: "list[str] | None" = None,
) -> "NoReturn":
    """Live as a parked child: prepare, wait for the specification, build, execute.

    Args:
        channel: to the engine.
        network: ``new`` when a network namespace came with this process.
        inherited: what the zygote made for all its children.
        lab_netns_fd: the lab's network namespace, when this process was not born in it but
            belongs there; else -1.
        doors: into its cgroup, see groups.enter.
        trees: of cgroups, see site.Site.

    See: prelude, plan, process.
    """
    stage = "prelude"
    launch: Launch | None = None
    try:
        prctl.set_name("minidocker-park")
        if lab_netns_fd >= 0:
            namespaces.setns(lab_netns_fd, CLONE_NEWNET)
        doors = doors or []
        _begin([channel.fileno(), *doors])
        groups.enter(doors)
        namespaces.unshare(CLONE_NEWCGROUP)
        mount.make_private("/")
        if network == "new":
            _prepare_network()
        site = Site(
            _open_directory("/dev"),
            root_fd=_open_directory("/"),
            rootfs_path="/rootfs",
            trees=trees,
        )
        host_fds = [site.dev_fd, site.root_fd]
        prelude.build(site, inherited.steps_for(network))
        site.dev_fd = _open_directory("/dev")
        for fd in host_fds:
            os.close(fd)  # nothing may lead back to where we came from
        rehearse()

        message, stdio = sync.receive(channel)
        if message is None:
            os._exit(0)  # the engine is gone, or has no use for us
        stage = "plan"
        spec: ContainerSpec = record_of(message["spec"])
        if spec.network == "join":
            site.netns_fd = stdio.pop()
        steps = plan.plan_container(spec)
        for step in prelude.take_over(steps, prepared=message["prepared"]):
            stage = step.stage
            if isinstance(step, FromOutside) and site.sources is None:
                site.sources = _receive_sources(channel)
            step.execute(site)
        # What building needed must not serve as a working directory: -w /proc/self/fd/7.
        close_all_but([channel.fileno(), *stdio])
        launch = _launch(spec.process, stdio or None, channel, inherited, is_first=True)
        launch.run(as_init=spec.init)
    except Exception as error:  # noqa: BLE001 - whatever it is, the engine must hear of it
        _give_up(channel, launch.stage if launch else stage, error)


def rehearse() -> None:
    """Go through the motions of a start once, with nothing coming of it.

    A fork shares its parent's memory only until it writes, and Python writes whenever it so much
    as looks at an object.  Each first look copies a page; after this, the copies have been made.

    See: fork(2) "copy-on-write".
    """
    spec = record_of(json.loads(_REHEARSAL))
    prelude.take_over(plan.plan_container(spec), prepared=True)
    users.resolve("", [])
    try:
        find_program("true", "/bin")
    except sync.Refusal:
        pass  # there is nothing here, as expected


_REHEARSAL = json.dumps(
    {
        "process": {"args": ["true"], "env": ["PATH=/bin"]},
        "hostname": "rehearsal",
        "network": "new",
        "netlink": [],
        "lower_dirs": ["/"],
        "upper_dir": "/",
        "work_dir": "/",
        "mounts": [],
        "masked_paths": [],
        "readonly_paths": [],
        "read_only": False,
        "files": [],
        "sysctls": {},
    }
)


def enter_and_start(
    channel: socket.socket,
    spec: "ExecSpec",
    container_pidfd: int,
    stdio: list[int],
    inherited: Inheritance,
    doors: "list[int] | None" = None,
) -> "NoReturn":
    """Live as an exec: join a container's namespaces and execute.

    The pid namespace has been joined already, by being born into it.

    Args:
        channel: to the engine.
        spec: what to run; in a container on the machine's network, this process is there already
            and has no power to say so.
        container_pidfd: the container's first process.
        stdio: descriptors for 0, 1, 2, or none.
        inherited: what the zygote made for all its children.
        doors: into the container's cgroup, see groups.enter.

    See: setns(2).
    """
    launch: Launch | None = None
    try:
        doors = doors or []
        _begin([channel.fileno(), container_pidfd, *doors, *stdio])
        groups.enter(doors)
        if spec.process.oom_score_adj is not None:
            # Nobody but the machine's root may write the file of a process that is not dumpable.
            prctl.set_dumpable(True)
            tuning.set_oom_score_adj(spec.process.oom_score_adj)
            prctl.set_dumpable(False)
        instead = None
        if spec.examines:
            # While the host's files can still be seen.
            from pyminidocker.runtime import examination

            instead = examination.examine
        # The user namespace is the lab's, ours already.
        network = 0 if spec.network == "machine" else CLONE_NEWNET
        namespaces.setns(
            container_pidfd,
            CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | network,
        )
        launch = _launch(spec.process, stdio or None, channel, inherited)
        launch.run(instead=instead)
    except Exception as error:  # noqa: BLE001 - as above
        _give_up(channel, launch.stage if launch else "setns", error)


def _begin(fds: list[int]) -> None:
    """Let go of all descriptors but these, and become a session of our own."""
    close_all_but(fds)
    # Python ignores SIGPIPE and catches SIGINT; both are put right before execve.  Until then a
    # stray Ctrl-C must not raise KeyboardInterrupt somewhere in the middle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    # Where the user has too many keys already, it is the zygote's, which is empty as well.
    new_session_keyring()
    os.umask(0o022)


def _launch(
    process: "ProcessSpec",
    stdio: list[int] | None,
    channel: socket.socket,
    inherited: Inheritance,
    *,
    is_first: bool = False,
) -> Launch:
    if process.seccomp == "default":
        bpf = inherited.filter_for(process.capabilities)
    else:
        bpf = bytes.fromhex(process.seccomp_filter)  # of "unconfined" there is none
    return Launch(process, stdio, channel, bpf, is_first=is_first)


def _receive_sources(channel: socket.socket) -> list[int]:
    message, fds = sync.receive(channel)
    if message is None:
        os._exit(0)  # the engine could not open one, and has reported that itself
    return fds


def _open_directory(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _prepare_network() -> None:
    """Give a new network namespace a loopback, and Docker's settings since 20.10."""
    netlink.bring_up_loopback()
    # Ports below 1024 are nothing special in a container, and ping needs no raw socket.
    _set("net/ipv4/ip_unprivileged_port_start", "0")
    for highest in ("2147483647", "65535", "0"):
        if _set("net/ipv4/ping_group_range", f"0 {highest}"):
            break  # the others have groups that this lab does not have


def _set(name: str, value: str) -> bool:
    try:
        netlink.write_sysctl(name, value)
    except SyscallError:
        return False  # not in this kernel, or not allowed: nothing depends on it
    return True


def _give_up(channel: socket.socket, stage: str, error: Exception) -> "NoReturn":
    try:
        sync.send(channel, {"error": sync.error_record(stage, error)})
    except OSError:
        pass  # nobody is left to hear it
    os._exit(_EXIT_BEFORE_EXEC)
