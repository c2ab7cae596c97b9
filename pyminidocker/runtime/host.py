"""The lab host: the one set of namespaces the engine and all its containers live in.

The engine never touches the machine it runs on.  It creates a user namespace, in which it is root,
and inside it new mount, network, IPC, UTS, cgroup and pid namespaces.  Bridges, veth pairs, overlay
mounts and containers exist only there, so that the death of the engine, even by ``kill -9``, makes
the kernel remove every one of them.

See: namespaces(7), user_namespaces(7), pid_namespaces(7).
"""

import socket
from collections.abc import Callable

from pyminidocker.runtime.zygote import Zygote


class Lab:
    """The namespaces this process now lives in, and the processes at its service.

    Attributes:
        name: the engine's name.
        rootless: True when the engine's owner is not root on the real host.
        uid_map: (first id inside, first id outside, count), as in /proc/<pid>/uid_map.
        gid_map: the same for groups.
        agent: socket to the host agent, which stayed in the real host's namespaces, or None.
        agent_pid: the agent's host pid, or 0.
        zygote: starts processes.
        zygote_pid: the zygote's host pid.
    """

    name: str
    rootless: bool
    uid_map: list[tuple[int, int, int]]
    gid_map: list[tuple[int, int, int]]
    agent: socket.socket | None
    agent_pid: int
    zygote: Zygote
    zygote_pid: int

    @property
    def single_id(self) -> bool:
        """True when only one user id exists in the lab: chown and setuid to others fail."""
        raise NotImplementedError

    def close(self) -> None:
        """End the zygote and the agent; the calling process stays in the lab's namespaces."""
        raise NotImplementedError


def create_lab(
    engine_name: str,
    agent_main: Callable[[socket.socket], None] | None = None,
    pool: dict[str, int] | None = None,
) -> Lab:
    """Move the calling process into a new lab and start the zygote.

    Must be called once, early, from a single-threaded process that has imported little: the
    zygote is a fork of it and keeps its size.

    Args:
        engine_name: shown as the lab's host name and in process names.
        agent_main: run in a child that stays outside, with one end of a stream socket; must return
            when that socket reaches its end.
        pool: how many children to keep parked, by network.

    Raises:
        SystemFailure: the host forbids a step; ``hint`` says which and what to do.

    See: user_namespaces(7), newuidmap(1).
    """
    raise NotImplementedError
