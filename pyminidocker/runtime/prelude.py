"""What a parked child does while it waits, so that nobody has to wait for it later.

/proc, /sys and /dev with all that is mounted and masked in them are nearly always the same.  A
parked child builds them by the ordinary steps *over the host's directories of the same name*, in
its own mount namespace, where nobody sees it.  When the specification comes and asks for exactly
these steps, one move_mount a directory takes the whole tree to its place; when it asks for
something else, the prepared tree is dropped and the steps are done the ordinary way.

See: move_mount(2), mount_namespaces(7).
"""

import os

from pyminidocker.kernel import mount, mount_api
from pyminidocker.kernel.fd import make_in_root
from pyminidocker.runtime.operations import MountFilesystem, Operation
from pyminidocker.runtime.site import Site

TREES = ("/proc", "/sys", "/dev")


def tree_of(step: Operation) -> str:
    """Return which of ``TREES`` a step works in, or an empty string.

    See: operations.
    """
    place = getattr(step, "destination", "") or getattr(step, "path", "")
    for tree in TREES:
        if place == tree or place.startswith(f"{tree}/"):
            return tree
    return ""


class Prelude:
    """The prepared trees of one parked child.

    Args:
        site: its ``root_fd`` is the host's root for the time of preparing.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.built: dict[str, list[Operation]] = {}

    def build(self, steps: list[Operation]) -> None:
        """Do the steps that work in ``TREES``.

        Args:
            steps: the plan for the default mounts.

        Raises:
            SyscallError: the kernel refused one.

        See: operations.
        """
        for tree in TREES:
            self.built[tree] = [step for step in steps if tree_of(step) == tree]
            for step in self.built[tree]:
                step.execute(self.site)

    def take_over(self, steps: list[Operation], paths: list[str]) -> list[Operation]:
        """Replace steps that have been done by moves; drop what is not wanted.

        Args:
            steps: the whole plan of the container.
            paths: host paths the plan reads; none may be hidden under a prepared tree.

        Returns:
            The steps to do now.

        Raises:
            SyscallError: a tree could not be dropped.

        See: umount2(2).
        """
        for tree in list(self.built):
            wanted = [step for step in steps if tree_of(step) == tree]
            hides = any(path.startswith(f"{tree}/") for path in paths)
            if wanted != self.built[tree] or hides:
                mount.umount2(tree)
                del self.built[tree]
        remaining: list[Operation] = []
        for step in steps:
            tree = tree_of(step)
            if tree not in self.built:
                remaining.append(step)
            elif isinstance(step, MountFilesystem) and step.destination == tree:
                remaining.append(MoveTree(tree))
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
