"""Hearing that a group has run out of memory, for many groups on one descriptor.

See: kernel cgroup-v1/memory.rst "OOM Control", cgroup-v2.rst "memory.events"; epoll(7).
"""

import os
import select

from pyminidocker.kernel.cgroup.manager import Group


class OomWatch:
    """Groups under watch; ``fileno`` becomes readable when one has something to say."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._groups: dict[int, Group] = {}

    def fileno(self) -> int:
        """Return a descriptor to wait for.

        See: epoll(7), of which one may hold another.
        """
        return self._epoll.fileno()

    def add(self, group: Group) -> int:
        """Watch a group; return what ``remove`` wants, -1 when it cannot be watched.

        Raises:
            OSError: the group is gone.

        See: manager.Group.open_oom.
        """
        fd = group.open_oom()
        if fd >= 0:
            self._epoll.register(fd, group.oom_events)
            self._groups[fd] = group
        return fd

    def remove(self, fd: int) -> None:
        """Stop watching; before the group is removed, which would count as an event.

        See: epoll(7).
        """
        if self._groups.pop(fd, None) is not None:
            self._epoll.unregister(fd)
            os.close(fd)

    def ready(self) -> list[Group]:
        """Return the groups that ran out of memory since they were last returned.

        The event comes before the kernel has chosen whom to kill: ``oom_kills`` may rise a moment
        later.

        See: epoll_wait(2).
        """
        found = []
        for fd, _ in self._epoll.poll(0):
            group = self._groups.get(fd)
            if group is not None:
                group.read_oom(fd)
                found.append(group)
        return found

    def close(self) -> None:
        """Stop watching everything.

        See: epoll(7).
        """
        for fd in list(self._groups):
            self.remove(fd)
        self._epoll.close()
