"""What the engine wants of cgroups, whichever version the host has.

A *manager* makes groups in one place; a *group* holds processes, limits them, freezes them, counts
what they use.  There are three kinds: version 2 (one tree), version 1 (one tree a controller; a
"hybrid" host is version 1 with an empty version 2 tree beside it), and none.

See: cgroups(7), place.find_place.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.limits import Limits
    from pyminidocker.kernel.cgroup.usage import Usage

# Controllers by version 2's names; version 1 calls io blkio, has cpuacct beside cpu, and a freezer,
# which version 2 does by itself.
CONTROLLERS = ("memory", "cpu", "cpuset", "pids", "io", "freezer")
# Parts of controllers that not every kernel has -> the controller.
PART_OF = {
    "swap": "memory", "swappiness": "memory", "reservation": "memory", "oom": "memory",
    "quota": "cpu", "shares": "cpu", "weight": "io", "throttle": "io",
}  # fmt: skip
FEATURES = (*CONTROLLERS, *PART_OF)


class Group(Protocol):
    """One group of processes.

    Attributes:
        name: its own name, the last part of its paths.
        paths: {controller: directory} as this process sees them; in version 2 the same directory
            for all.  Version 1 has ``cpuacct`` too, and calls its io blkio only in file names.
        enters_by_clone: how a process gets in through ``entrance``: by clone3 with
            CLONE_INTO_CGROUP, or by writing ``0`` to each of the doors itself.
        oom_events: what to wait for on the descriptor of ``open_oom``, as epoll has it.
    """

    name: str
    paths: dict[str, str]
    enters_by_clone: bool
    oom_events: int

    def entrance(self) -> list[int]:
        """Open the doors through which a new process of ours may enter without delay.

        Returns:
            Descriptors, the caller's to close: in version 1 one ``tasks`` file a tree, in version 2
            the directory, for clone3 with CLONE_INTO_CGROUP.

        Raises:
            OSError: the group is gone.

        See: cgroups(7).
        """

    def add(self, pid: int) -> None:
        """Move a process, with all its threads, into the group.

        It may take 10 ms: the kernel waits until nobody forks.

        Raises:
            OSError: ESRCH (no such process), EACCES (not ours to move).

        See: cgroups(7).
        """

    def apply(self, limits: "Limits") -> None:
        """Set limits; what ``limits`` does not mention stays as it is.

        Raises:
            OSError: EBUSY (less memory than is in use and cannot be taken away), EINVAL (a
                value the kernel does not take), ENOENT (a feature that is not there).

        See: limits.Limits.
        """

    def usage(self) -> "Usage":
        """Read what has been used.

        Raises:
            OSError: the group is gone.

        See: usage.Usage.
        """

    def pids(self) -> list[int]:
        """Return the processes in the group, as this pid namespace numbers them.

        Raises:
            OSError: the group is gone.

        See: cgroups(7).
        """

    def freeze(self) -> None:
        """Stop all processes where they are, without their knowing; return when they stand.

        Raises:
            OSError: ENOENT (no freezer), ETIMEDOUT (one of them does not stop, as it waits for a
                device or for a file system in our hands).

        See: kernel cgroup-v1/freezer-subsystem.rst, cgroup-v2.rst "cgroup.freeze".
        """

    def thaw(self) -> None:
        """Let them go on.

        Raises:
            OSError: the group is gone.

        See: as for ``freeze``.
        """

    @property
    def is_frozen(self) -> bool:
        """Whether they stand.

        See: as for ``freeze``.
        """

    def kill(self) -> None:
        """Kill all processes, frozen ones too.

        Raises:
            OSError: the group is gone.

        See: kernel cgroup-v2.rst "cgroup.kill".
        """

    def oom_kills(self) -> int:
        """Return how many processes the kernel has killed for want of memory; 0 when it is gone.

        See: kernel cgroup-v1/memory.rst "OOM Control", cgroup-v2.rst "memory.events".
        """

    def open_oom(self) -> int:
        """Return a descriptor that becomes readable when memory was exhausted; -1 without.

        An eventfd in version 1, the file memory.events in version 2: wait for ``oom_events``, call
        ``read_oom``, look at ``oom_kills``; close it before ``remove``.

        Raises:
            OSError: the group is gone.

        See: eventfd(2), kernel cgroup-v2.rst "memory.events".
        """

    def read_oom(self, fd: int) -> None:
        """Take note of what ``open_oom``'s descriptor had to say, so that it can say more.

        See: as for ``open_oom``.
        """

    def remove(self) -> None:
        """Remove the group, which has no processes, and those made inside it.

        Raises:
            OSError: EBUSY (there are processes in it, or in one of them).

        See: cgroups(7).
        """


class Manager(Protocol):
    """Makes groups in one place.

    Attributes:
        kind: ``v2``, ``v1`` or ``none``.
        name: of this engine's directory.
        tops: the directories above it, one a tree.
        bases: {controller: directory below which the groups are}.
        missing: {feature: why it cannot be had here}.
        remedy: what to do about that, a command or a sentence; empty when nothing is missing.
    """

    kind: str
    name: str
    tops: list[str]
    bases: dict[str, str]
    missing: dict[str, str]
    remedy: str

    def make(self, name: str) -> Group | None:
        """Make a group; None where there are no groups at all.

        Args:
            name: a file name.

        Raises:
            OSError: EEXIST, ENOSPC (too many), EACCES (not ours any more).

        See: cgroups(7).
        """

    def lab(self) -> Group:
        """Return the group around all of them, to limit what they may use together.

        See: cgroups(7).
        """

    def close(self) -> None:
        """Let go of the directory: whoever comes next may remove it.

        See: tree.
        """
