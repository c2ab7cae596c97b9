"""The steps of making a container's file system, as data.

Plan, show, do: ``plan.plan_container`` returns a list of these; ``describe`` says in one line what
a step does, in the words of the shell commands people know; ``execute`` does it.  Because a step is
plain data that compares equal to its like, tests check plans without privileges, a notebook can
stop between two steps and look at the half-made container, and a parked child can do the steps that
are the same for every container ahead of time (``prelude``).

See: OCI runtime-spec config.md "Mounts", config-linux.md; mount_namespaces(7).
"""

import abc
import errno
import os
import stat

from pyminidocker.kernel import mount, mount_api, namespaces, netlink
from pyminidocker.kernel.constants import CLONE_NEWNET, MOUNT_ATTR_RDONLY, PROC_SUPER_MAGIC
from pyminidocker.kernel.fd import file_system_of, make_in_root, open_in_root
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime import options
from pyminidocker.runtime.rootfs import new_overlay
from pyminidocker.runtime.site import Site
from pyminidocker.runtime.sync import Refusal


class Operation(abc.ABC):
    """One step.

    A subclass lists its data as annotations, in the order of its constructor's arguments: a small
    dataclass, without the module of that name, which would make the zygote a sixth larger.
    """

    fields: tuple[str, ...] = ()
    stage = "mount"

    def __init_subclass__(cls) -> None:
        cls.fields = tuple(cls.__annotations__)

    def __init__(self, *values: object) -> None:
        self.values = values
        for name, value in zip(self.fields, values, strict=True):
            setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]  # some hold lists

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.values))})"

    @abc.abstractmethod
    def describe(self) -> str:
        """Return one line for people.

        See: the man page of the command it quotes.
        """

    @abc.abstractmethod
    def execute(self, site: Site) -> None:
        """Do it, once.

        Raises:
            SyscallError: the kernel refused.

        See: the class.
        """


class SetHostname(Operation):
    """Name the container in its UTS namespace: uts_namespaces(7)."""

    stage = "hostname"
    name: str

    def describe(self) -> str:  # noqa: D102
        return f"hostname {self.name}"

    def execute(self, site: Site) -> None:  # noqa: ARG002, D102
        namespaces.sethostname(self.name)


class ConfigureNetwork(Operation):
    """Give the interface that was put here its address, and the route out: rtnetlink(7)."""

    stage = "network"
    requests: list[str]

    def describe(self) -> str:  # noqa: D102
        return f"ip ... ({len(self.requests)} netlink requests)"

    def execute(self, site: Site) -> None:  # noqa: ARG002, D102
        netlink.replay([bytes.fromhex(request) for request in self.requests])


class JoinNetwork(Operation):
    """Move into another container's network namespace (``--network container:NAME``): setns(2).

    Whatever is made of the network afterwards, such as sysfs, is made of that one.
    """

    stage = "network"

    def describe(self) -> str:  # noqa: D102
        return "nsenter --net=/proc/<pid>/ns/net"

    def execute(self, site: Site) -> None:  # noqa: D102
        namespaces.setns(site.netns_fd, CLONE_NEWNET)
        os.close(site.netns_fd)
        site.netns_fd = -1


class FromOutside(Operation):
    """A step that needs something of the host's tree.

    It comes in two halves, since a parked child does not see the host any more: ``open_source`` is
    done where the host is visible and gives a detached mount, a mere descriptor, which can be sent
    to the child; ``attach`` puts it into the container's tree.
    """

    @abc.abstractmethod
    def open_source(self) -> int:
        """Return the descriptor of a detached mount.

        Raises:
            SyscallError: it is not there, or may not be mounted.

        See: fsmount(2), open_tree(2).
        """

    @abc.abstractmethod
    def attach(self, mount_fd: int, site: Site) -> None:
        """Put the mount in its place; ``mount_fd`` stays the caller's.

        Raises:
            SyscallError: the place cannot be made, or is of another kind.

        See: move_mount(2).
        """

    def execute(self, site: Site) -> None:  # noqa: D102
        mount_fd = self.open_source() if site.sources is None else site.sources.pop(0)
        self.attach(mount_fd, site)


class MountOverlay(FromOutside):
    """Stack read-only layers and a writable one into one tree, which becomes the root.

    See kernel Documentation/filesystems/overlayfs.rst.
    """

    stage = "rootfs"
    lower_dirs: list[str]
    upper_dir: str
    work_dir: str

    def describe(self) -> str:  # noqa: D102
        return (
            f"mount -t overlay overlay -o lowerdir={':'.join(self.lower_dirs)},"
            f"upperdir={self.upper_dir},workdir={self.work_dir},userxattr {self.upper_dir}"
        )

    def open_source(self) -> int:  # noqa: D102
        return new_overlay(self.lower_dirs, self.upper_dir, self.work_dir)

    def attach(self, mount_fd: int, site: Site) -> None:  # noqa: D102
        # By itself it goes over its own upper directory: that surely exists, and nothing in this
        # mount namespace needs to see it.
        mount_api.move_mount(mount_fd, site.rootfs_path or self.upper_dir)
        site.root_fd = mount_fd


class MountFilesystem(Operation):
    """Mount a new instance of a file system inside the container."""

    destination: str
    type: str
    source: str
    options: list[str]

    def describe(self) -> str:  # noqa: D102
        return f"mount -t {self.type} {self.source} -o {','.join(self.options)} {self.destination}"

    def execute(self, site: Site) -> None:  # noqa: D102
        try:
            mount_fd = options.new_mount(self.type, self.source, self.options)
        except SyscallError as error:
            error.path = self.destination
            if self.type in ("proc", "sysfs") and error.errno == errno.EPERM:
                error.hint = mount.COVERED_PROC_HINT
            raise
        target_fd = make_in_root(site.root_fd, self.destination, is_dir=True)
        if self.type != "proc":
            _forbid_proc(target_fd, self.destination)
        mount_api.move_mount(mount_fd, "", dirfd=target_fd)
        os.close(target_fd)
        os.close(mount_fd)


# What lxcfs and its like may replace (runc libcontainer/rootfs_linux.go checkProcMount).
_PROC_REPLACEABLE = frozenset(
    f"/proc/{name}"
    for name in (
        "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev"
        " sys/kernel/ns_last_pid sys/crypto/fips_enabled"
    ).split()
)


def _forbid_proc(target_fd: int, destination: str) -> None:
    """Refuse to mount inside /proc: what we ourselves read and write there must be the kernel's.

    By a link in the image, any path may lead there: CVE-2019-16884, CVE-2025-52881.
    """
    if destination in _PROC_REPLACEABLE or file_system_of(target_fd) != PROC_SUPER_MAGIC:
        return
    text = f'"{destination}" cannot be mounted because it is inside /proc'
    raise Refusal(text, errno.EINVAL, destination)


class BindMount(FromOutside):
    """Show a file or directory of the host inside the container: mount(8) --bind."""

    source: str
    destination: str
    options: list[str]

    def describe(self) -> str:  # noqa: D102
        return (
            f"mount --{'r' if self._is_recursive else ''}bind {self.source} {self.destination}"
            + (f" -o {','.join(self.options)}" if self.options else "")
        )

    @property
    def _is_recursive(self) -> bool:
        # A single mount out of a tree that another user namespace made cannot be taken alone: it
        # might uncover what a mount below it hides.  Docker's binds are recursive as well.
        return "bind" not in self.options

    def open_source(self) -> int:  # noqa: D102
        mount_fd = mount_api.open_tree(self.source, recursive=self._is_recursive)
        attributes, _ = options.split(self.options)
        if attributes:
            mount_api.mount_setattr(mount_fd, attributes, recursive=self._is_recursive)
        return mount_fd

    def attach(self, mount_fd: int, site: Site) -> None:  # noqa: D102
        is_dir = stat.S_ISDIR(os.fstat(mount_fd).st_mode)
        target_fd = make_in_root(site.root_fd, self.destination, is_dir=is_dir)
        _forbid_proc(target_fd, self.destination)
        mount_api.move_mount(mount_fd, "", dirfd=target_fd)
        os.close(target_fd)


class MakeDevices(Operation):
    """Put the six harmless devices and the usual links into the new /dev.

    mknod(2) is refused in a user namespace whatever one's capabilities, so the host's own nodes
    are bind-mounted, file by file.  See OCI runtime-spec config-linux.md "Default Devices".
    """

    stage = "devices"
    destination: str

    nodes = ("null", "zero", "full", "random", "urandom", "tty")
    links = (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
        ("core", "/proc/kcore"),
    )

    def describe(self) -> str:  # noqa: D102
        return f"mount --bind /dev/{{{','.join(self.nodes)}}} {self.destination}; ln -s ..."

    def execute(self, site: Site) -> None:  # noqa: D102
        dev_fd = open_in_root(site.root_fd, self.destination, os.O_PATH | os.O_DIRECTORY)
        for name in self.nodes:
            flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(name, flags, 0o666, dir_fd=dev_fd))
            node_fd = _borrow_device(name, site)
            mount_api.move_mount(node_fd, name, dirfd=dev_fd)
            os.close(node_fd)
        for name, target in self.links:
            os.symlink(target, name, dir_fd=dev_fd)
        os.close(dev_fd)


def _borrow_device(name: str, site: Site) -> int:
    """Return a detached mount of one of the host's devices.

    Read-only forbids to change its mode and owner, which are the host's, too; it does not forbid to
    write to the device.
    """
    node_fd = mount_api.open_tree(name, dirfd=site.dev_fd)
    mount_api.mount_setattr(node_fd, MOUNT_ATTR_RDONLY)
    return node_fd


class MaskPath(Operation):
    """Hide a path: /dev/null over a file, an empty read-only tmpfs over a directory."""

    stage = "mask"
    path: str

    def describe(self) -> str:  # noqa: D102
        return f"mount --bind /dev/null {self.path}  (or an empty tmpfs over a directory)"

    def execute(self, site: Site) -> None:  # noqa: D102
        target_fd = _open_if_there(site, self.path)
        if target_fd < 0:
            return
        if stat.S_ISDIR(os.fstat(target_fd).st_mode):
            cover_fd = options.new_mount("tmpfs", "tmpfs", ["ro", "nr_blocks=1", "nr_inodes=1"])
        else:
            cover_fd = _borrow_device("null", site)
        mount_api.move_mount(cover_fd, "", dirfd=target_fd)
        os.close(cover_fd)
        os.close(target_fd)


class ReadonlyPath(Operation):
    """Make a path read-only by binding it onto itself with that flag."""

    stage = "mask"
    path: str

    def describe(self) -> str:  # noqa: D102
        return f"mount --rbind -o ro {self.path} {self.path}"

    def execute(self, site: Site) -> None:  # noqa: D102
        target_fd = _open_if_there(site, self.path)
        if target_fd < 0:
            return
        mount_fd = mount_api.open_tree("", dirfd=target_fd, recursive=True)
        mount_api.mount_setattr(mount_fd, MOUNT_ATTR_RDONLY, recursive=True)
        mount_api.move_mount(mount_fd, "", dirfd=target_fd)
        os.close(mount_fd)
        os.close(target_fd)


def _open_if_there(site: Site, path: str) -> int:
    """Open ``path`` in the container, or return -1: this kernel may not have that file."""
    try:
        return open_in_root(site.root_fd, path, os.O_PATH)
    except SyscallError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return -1
        raise


class ReadonlyRoot(Operation):
    """``--read-only``: forbid writes to the root mount; mounts below keep their own flag."""

    stage = "rootfs"

    def describe(self) -> str:  # noqa: D102
        return "mount -o remount,bind,ro /"

    def execute(self, site: Site) -> None:  # noqa: D102
        mount_api.mount_setattr(site.root_fd, MOUNT_ATTR_RDONLY)


class PivotRoot(Operation):
    """Make the new tree the root and let go of the host's: pivot_root(2)."""

    stage = "pivot"

    def describe(self) -> str:  # noqa: D102
        return "cd <rootfs> && pivot_root . . && umount -l . && cd /"

    def execute(self, site: Site) -> None:  # noqa: D102
        os.fchdir(site.root_fd)
        # The old root ends up stacked on the new one, at the same place, and is then detached.
        mount.pivot_root(".", ".")
        mount.umount2(".")
        os.chdir("/")
