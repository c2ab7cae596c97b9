"""Control groups as a container's processes meet them: going in, and what is shown of them.

The engine makes the groups (kernel/cgroup); what runs here is small, since the zygote carries it.
A process enters its group before it makes its cgroup namespace: the group then is ``/`` to it, in
/proc/self/cgroup and in every mount.

See: cgroup_namespaces(7), OCI runtime-spec config-linux.md "cgroups".
"""

import os

from pyminidocker.kernel import mount_api
from pyminidocker.kernel.constants import MOUNT_ATTR_RDONLY
from pyminidocker.kernel.fd import make_in_root
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import options
from pyminidocker.runtime.operations import Operation
from pyminidocker.runtime.site import Site

UNIFIED = "cgroup2"


def enter(doors: list[int]) -> None:
    """Move this process into a group: write ``0``, "myself", to the ``tasks`` file of each tree.

    Args:
        doors: open files, closed here; none when it was born in its group.

    Raises:
        SyscallError: the group is gone, or its limits keep us out.

    See: cgroups(7).
    """
    for door in doors:
        try:
            os.write(door, b"0")
        except OSError as error:
            raise SyscallError("write", error.errno or 0, "tasks") from error
        finally:
            os.close(door)


class MountCgroups(Operation):
    """Show a container its own group, as runc does for a mount of OCI's type ``cgroup``.

    Version 2 is one mount.  Version 1 is a tmpfs with a directory for each tree; only trees in
    which the container has a group of its own are shown.

    See: runc libcontainer/rootfs_linux.go mountCgroupV1, mountCgroupV2.
    """

    destination: str
    options: list[str]

    def describe(self) -> str:  # noqa: D102
        return f"mount -t cgroup -o {','.join(self.options)} cgroup {self.destination}"

    def execute(self, site: Site) -> None:  # noqa: D102
        if not site.trees:
            return  # no group of its own: what is around us is not the container's business
        if site.trees == [UNIFIED]:
            self._attach(options.new_mount("cgroup2", "cgroup", self.options), site)
            return
        read_only = "ro" in self.options
        first = [word for word in self.options if word != "ro"]
        base_fd = options.new_mount("tmpfs", "tmpfs", [*first, "mode=755", "size=64k"])
        target_fd = self._attach(base_fd, site, keep=True)
        for name in site.trees:
            os.mkdir(name, 0o755, dir_fd=target_fd)
            tree_fd = options.new_mount("cgroup", "cgroup", [*self.options, *name.split(",")])
            mount_api.move_mount(tree_fd, name, dirfd=target_fd)
            os.close(tree_fd)
            if "," in name:
                for alias in name.split(","):
                    os.symlink(name, alias, dir_fd=target_fd)
        if read_only:
            mount_api.mount_setattr(target_fd, MOUNT_ATTR_RDONLY)
        os.close(target_fd)

    def _attach(self, mount_fd: int, site: Site, *, keep: bool = False) -> int:
        target_fd = make_in_root(site.root_fd, self.destination, is_dir=True)
        mount_api.move_mount(mount_fd, "", dirfd=target_fd)
        os.close(target_fd)
        if keep:
            return mount_fd
        os.close(mount_fd)
        return -1
