"""The control groups of the zygote's children: made before each is parked, removed after its end.

See: kernel.cgroup.manager; groups for how a child goes in.
"""

import os

from pyminidocker.errors import SystemFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.kernel.cgroup.manager import Group, Manager

# Version 1 calls the controller blkio.
_OWN_NAMES = {"io": "blkio"}
_SPARE = 2


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
            GroupFailure: the group is gone.

        See: sync.
        """
        if group is None:
            return {"doors": 0, "by_clone": False, "trees": []}, []
        try:
            doors = group.entrance()
        except OSError as error:
            self.ended(group)
            raise GroupFailure(f"the control group {group.name} is gone") from error
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

    def tidy(self) -> bool:
        """Remove the groups whose processes have ended, and make one to spare.

        Returns:
            False when there is more to do a little later.

        See: rmdir(2).
        """
        left = []
        for group in self._ended:
            try:
                group.remove()
            except OSError:
                left.append(group)
        self._ended = left
        if len(self._spare) < _SPARE:
            try:
                spare = self._make()
            except GroupFailure:
                return not left  # ``take`` will tell
            if spare is not None:
                self._spare.append(spare)
        return not left


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
