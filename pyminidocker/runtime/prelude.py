"""What a parked child does while it waits, so that nobody has to wait for it later.

/proc, /sys and /dev with all that is mounted and masked in them are nearly always the same.  A
parked child builds them by the ordinary steps *over the host's directories of the same name*, in
its own mount namespace, where nobody sees it.  Then it moves them into an empty tmpfs and pivots
there: from now on it does not see the host any more.

When the specification comes and asks for exactly these steps, one move_mount a directory takes the
whole tree to its place; for what it asks otherwise, the steps are done the ordinary way.  The root
then needs no second pivot_root: what lies below it is only the empty tmpfs.  That matters, because
every unmount waits until all processors have passed a certain point (an RCU grace period): 0.1 ms
on an idle machine, 3 ms on a busy one.

See: move_mount(2), pivot_root(2), mount_namespaces(7); kernel Documentation/RCU/whatisRCU.rst.
"""

import os

from pyminidocker.kernel import mount_api
from pyminidocker.kernel.fd import make_in_root
from pyminidocker.runtime import options
from pyminidocker.runtime.operations import MountFilesystem, Operation, PivotRoot
from pyminidocker.runtime.site import Site

TREES = ("/proc", "/sys", "/dev")


def group_by_tree(steps: list[Operation]) -> dict[str, list[Operation]]:
    """Return the steps that work in each of ``TREES``, the others under an empty name.

    See: operations.
    """
    groups: dict[str, list[Operation]] = {tree: [] for tree in (*TREES, "")}
    for step in steps:
        place = getattr(step, "destination", "") or getattr(step, "path", "")
        top = f"/{place[1:].partition('/')[0]}" if place else ""
        groups[top if top in groups else ""].append(step)
    return groups


class Prelude:
    """The prepared trees of one parked child.

    Args:
        site: its ``root_fd`` is the host's root for the time of preparing.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.built: dict[str, list[Operation]] = {}

    def build(self, steps: list[Operation]) -> None:
        """Do the steps that work in ``TREES``, and leave the host behind.

        Args:
            steps: the plan for the default mounts.

        Raises:
            SyscallError: the kernel refused one.

        See: operations.
        """
        groups = group_by_tree(steps)
        for tree in TREES:
            for step in groups[tree]:
                step.execute(self.site)
            self.built[tree] = groups[tree]
        base_fd = options.new_mount("tmpfs", "base", ["mode=755", "size=64k", "nosuid", "nodev"])
        # It covers "/" for newcomers; for us "/" stays what it was until the pivot.
        mount_api.move_mount(base_fd, "/")
        self.site.root_fd = base_fd
        for tree in TREES:
            MoveTree(tree).execute(self.site)
        os.mkdir("rootfs", dir_fd=base_fd)
        PivotRoot().execute(self.site)
        os.close(base_fd)

    def take_over(self, steps: list[Operation]) -> list[Operation]:
        """Replace steps that have been done by moves.

        Args:
            steps: the whole plan of the container.

        Returns:
            The steps to do now.

        See: move_mount(2).
        """
        wanted = group_by_tree(steps)
        done: set[int] = set()
        for tree, built in self.built.items():
            if wanted[tree] == built:
                done.update(map(id, wanted[tree]))
        remaining: list[Operation] = []
        for step in steps:
            if isinstance(step, PivotRoot):
                remaining.append(SwitchRoot())
            elif id(step) not in done:
                remaining.append(step)
            elif isinstance(step, MountFilesystem) and step.destination in TREES:
                remaining.append(MoveTree(step.destination))
        return remaining


class MoveTree(Operation):
    """Bring a prepared tree to its place: mount(8) --move."""

    tree: str

    def describe(self) -> str:  # noqa: D102
        return f"mount --move {self.tree} <rootfs>{self.tree}"

    def execute(self, site: Site) -> None:  # noqa: D102
        target_fd = make_in_root(site.root_fd, self.tree, is_dir=True)
        source_fd = os.open(self.tree, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        mount_api.move_mount(source_fd, "", dirfd=target_fd)
        os.close(source_fd)
        os.close(target_fd)


class SwitchRoot(Operation):
    """Put the new tree over the empty one and make it the root: switch_root(8)."""

    stage = "pivot"

    def describe(self) -> str:  # noqa: D102
        return "cd <rootfs> && mount --move . / && chroot . && cd /"

    def execute(self, site: Site) -> None:  # noqa: D102
        os.fchdir(site.root_fd)
        mount_api.move_mount(site.root_fd, "/")
        os.chroot(".")
        os.chdir("/")
