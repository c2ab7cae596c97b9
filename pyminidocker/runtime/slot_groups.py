"""The control groups of the zygote's children: made before each is parked, removed after its end.

See: kernel.cgroup.manager; groups for how a child goes in.
"""

import errno
import os

from pyminidocker.errors import SystemFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.kernel.cgroup.manager import Group, Manager

# Version 1 calls the controller blkio.
_OWN_NAMES = {"io": "blkio"}
_SPARE = 2
_HINTS = {
    errno.ENOENT: "somebody has removed it; start the container again",
    errno.EMFILE: "restart the engine with a higher limit of open files (ulimit -n)",
}
# Removed in one go: about a millisecond in which the engine serves nobody.
_AT_ONCE = 8
_FIRST_PAUSE_S = 0.004
_LONGEST_PAUSE_S = 1.0


class GroupFailure(SystemFailure):
    """A group cannot be made, or is gone."""


class SlotGroups:
    """Makes a group for each slot, and remembers which are to be removed.

    Args:
        manager: of this host's cgroups; None when there shall be no groups.
    """

    def __init__(self, manager: "Manager | None" = None) -> None:
        self._manager = manager
        self._ended: list[Group] = []
        self._spare: list[Group] = []
        self._made = 0
        self._pause_s = _FIRST_PAUSE_S
        self._trees = trees_of(manager) if manager is not None else []

    def take(self) -> "Group | None":
        """Return a new group, made ahead of time if possible; None where there are none.

        Raises:
            GroupFailure: the kernel refused.

        See: cgroups(7).
        """
        return self._spare.pop() if self._spare else self._make()

    def _make(self) -> "Group | None":
        if self._manager is None:
            return None
        self._made += 1
        try:
            return self._manager.make(f"slot-{self._made}")
        except OSError as error:
            raise GroupFailure(
                f"cannot make a control group: {error.filename}: {error.strerror}",
                hint="each container has one in every tree of cgroups; too many on this machine?",
            ) from error

    def way_in(self, group: "Group | None") -> "tuple[dict[str, Any], list[int]]":
        """Return what the zygote is told of a child's group, and the descriptors to go along.

        Raises:
            GroupFailure: the group is gone, or we have too many descriptors.

        See: sync.
        """
        if group is None:
            return {"doors": 0, "by_clone": False, "trees": []}, []
        try:
            doors = group.entrance()
        except OSError as error:
            raise GroupFailure(
                f"cannot open the control group {group.name}: {error.strerror}",
                hint=_HINTS.get(error.errno or 0, ""),
            ) from error
        told = {"doors": len(doors), "by_clone": group.enters_by_clone, "trees": self._trees}
        return told, doors

    def ended(self, group: "Group | None") -> None:
        """Have a group removed by the next ``tidy``: its process has ended.

        See: cgroups(7).
        """
        if group is not None:
            self._ended.append(group)

    @property
    def waiting(self) -> int:
        """How many groups wait for ``tidy``.

        See: ended.
        """
        return len(self._ended)

    def tidy(self) -> float:
        """Remove some of the groups whose processes have ended, and make one to spare.

        Returns:
            In how many seconds there is more to do; 0 when there is not.  Longer each time nothing
            goes: the kernel may take its time over the last process of a group.

        See: rmdir(2).
        """
        some, self._ended = self._ended[:_AT_ONCE], self._ended[_AT_ONCE:]
        busy = []
        for group in some:
            try:
                group.remove()
            except OSError:
                busy.append(group)
        is_stuck = bool(busy) and len(busy) == len(some)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S) if is_stuck else _FIRST_PAUSE_S
        self._ended += busy
        if len(self._spare) < _SPARE:
            try:
                spare = self._make()
            except GroupFailure:
                spare = None  # ``take`` will tell
            if spare is not None:
                self._spare.append(spare)
        return self._pause_s if self._ended else 0.0


def trees_of(manager: "Manager") -> list[str]:
    """Return the trees that containers are shown: controllers of each, by the kernel's own names.

    See: site.Site.
    """
    if manager.kind == "v2":
        return ["cgroup2"]
    by_directory: dict[str, list[str]] = {}
    for name, directory in manager.bases.items():
        by_directory.setdefault(directory, []).append(_OWN_NAMES.get(name, name))
    return [",".join(names) for names in by_directory.values()]


def close_all(fds: list[int]) -> None:
    """Close descriptors.

    See: close(2).
    """
    for fd in fds:
        os.close(fd)
