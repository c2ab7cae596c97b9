"""The lab's control groups: a place is found, used, and cleaned up by who outlives the engine.

Three processes have a part in it.  Before the lab exists, a short-lived child makes sure that there
is a place (version 2 may want processes moved, or systemd asked: more code than the zygote should
carry).  The engine makes the groups.  The host agent, which sees the engine's end, removes them:
directories of cgroups do not go away with those who made them.

See: kernel.cgroup.tree, docs/decisions/0020.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.manager import Manager

_UNIFIED = "/sys/fs/cgroup"
_PATIENCE_S = 10.0


def name_of(engine_name: str, pid: int) -> str:
    """Return what an engine's directory is called: two engines may have one name.

    See: kernel.cgroup.tree.
    """
    return f"{engine_name}-{pid}"


def settle(engine_name: str) -> str:
    """Make sure, on hosts with version 2, that this process is where its groups can be beside it.

    Returns:
        Nothing, or why systemd would not help.

    See: kernel.cgroup.place, opening.settle.
    """
    if not os.path.exists(f"{_UNIFIED}/cgroup.controllers"):
        return ""
    if os.getuid() == 0 and not os.path.exists(f"{_UNIFIED}/cgroup.events"):
        return ""  # the top of the tree, which root may always divide
    read_fd, write_fd = os.pipe()
    engine = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            from pyminidocker.kernel.cgroup import opening

            os.write(write_fd, opening.settle(name_of(engine_name, engine), engine).encode()[:4000])
        except BaseException as error:  # noqa: BLE001 - a fork must never return into the caller's code
            os.write(write_fd, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(0)
    os.close(write_fd)
    why = b""
    while data := os.read(read_fd, 4096):
        why += data
    os.close(read_fd)
    os.waitpid(pid, 0)
    return why.decode(errors="replace")


def open_groups(engine_name: str, why: str, will_fd: int) -> "Manager":
    """Return the manager of this host's groups; it may be one that makes none.

    Args:
        engine_name: the engine's.
        why: what ``settle`` said.
        will_fd: an empty file, in which ``clean_up`` will read what there is to remove.

    See: kernel.cgroup.opening.
    """
    from pyminidocker.kernel.cgroup.opening import open_manager

    manager = open_manager(name_of(engine_name, os.getpid()), why=why)
    os.pwrite(will_fd, "\n".join([manager.name, *manager.tops]).encode(), 0)
    return manager


def clean_up(will_fd: int) -> None:
    """Remove the groups of an engine that has ended, or is about to.

    Args:
        will_fd: what ``open_groups`` has written.

    See: remove.
    """
    name, *tops = os.pread(will_fd, 65536, 0).decode().split("\n")
    remove(name, tops)


def remove(name: str, tops: list[str]) -> None:
    """Remove an engine's groups, once it has let go of them.

    Waits for the kernel to have killed its containers; frozen ones are let go on, to their end.

    Args:
        name: of the engine's directories.
        tops: where they are.  Who looked for the place again could find another one: whoever
            started the engine may move processes about.

    See: kernel.cgroup.tree.
    """
    if not tops:
        return
    from pyminidocker.kernel.cgroup import tree

    deadline = time.monotonic() + _PATIENCE_S
    pause_s = 0.001
    while time.monotonic() < deadline:
        if tree.is_abandoned(f"{tops[0]}/{name}") and tree.remove_engine(tops, name):
            break
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.1)
    for top in tops:
        tree.remove_top(top)
