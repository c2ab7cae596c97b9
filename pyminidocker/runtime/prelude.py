"""What a parked child does while it waits, so that nobody has to wait for it later.

/proc, /sys and /dev with all that is mounted and masked in them are nearly always the same.  A
parked child builds them by the ordinary steps *over the host's directories of the same name*, in
its own mount namespace, where nobody sees it.  Then it moves them into an empty tmpfs and pivots
there: from now on it does not see the host any more.

When the specification comes and asks for exactly that, one move_mount a directory takes each tree
to its place; if it asks for anything else, all its steps are done the ordinary way.  The root then
needs no second pivot_root: what lies below it is only the empty tmpfs.  That matters, because
every unmount waits until all processors have passed a certain point (an RCU grace period): 0.1 ms
on an idle machine, 3 ms on a busy one.

See: move_mount(2), pivot_root(2), mount_namespaces(7); kernel Documentation/RCU/whatisRCU.rst.
"""

import os

from pyminidocker.kernel import mount_api
from pyminidocker.kernel.fd import make_in_root
from pyminidocker.runtime import options
from pyminidocker.runtime.operations import MountOverlay, Operation, PivotRoot
from pyminidocker.runtime.site import Site

TREES = ("/proc", "/sys", "/dev")


def build(site: Site, steps: list[Operation]) -> None:
    """Prepare the trees and leave the host behind.

    Args:
        site: its ``root_fd`` is the host's root.
        steps: the plan for the default mounts.

    Raises:
        SyscallError: the kernel refused a step.

    See: operations.
    """
    for step in steps:
        step.execute(site)
    base_fd = options.new_mount("tmpfs", "base", ["mode=755", "size=64k", "nosuid", "nodev"])
    # It covers "/" for newcomers; for us "/" stays what it was until the pivot.
    mount_api.move_mount(base_fd, "/")
    site.root_fd = base_fd
    for tree in TREES:
        MoveTree(tree).execute(site)
    os.mkdir("rootfs", dir_fd=base_fd)
    PivotRoot().execute(site)
    os.close(base_fd)


def take_over(steps: list[Operation], *, prepared: bool) -> list[Operation]:
    """Adapt a container's plan to what has been done already.

    Args:
        steps: the plan.
        prepared: the plan leaves out the default mounts and covers: move in the prepared ones.

    See: move_mount(2).
    """
    adapted: list[Operation] = []
    for step in steps:
        adapted.append(SwitchRoot() if isinstance(step, PivotRoot) else step)
        if prepared and isinstance(step, MountOverlay):
            adapted += [MoveTree(tree) for tree in TREES]
    return adapted


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
