"""Disks as limits name them: by a path of the user's, by the kernel's number.

See: kernel Documentation/block/, cgroup-v1/blkio-controller.rst, cgroup-v2.rst "IO".
"""

import os
import stat

from pyminidocker.errors import InvalidArgument, NotImplementedHere


def number_of(path: str) -> tuple[int, int]:
    """Return major and minor number of a disk that may be limited.

    Raises:
        InvalidArgument: it is not one.
    """
    try:
        info = os.stat(path)
    except OSError as error:
        raise InvalidArgument(f"stat {path}: {(error.strerror or '').lower()}") from None
    except ValueError:  # a NUL, which the kernel never gets to see
        raise InvalidArgument(f"stat {path}: invalid argument") from None
    if not stat.S_ISBLK(info.st_mode):
        raise InvalidArgument(f"{path} is not a block device")
    major, minor = os.major(info.st_rdev), os.minor(info.st_rdev)
    if os.path.exists(f"/sys/dev/block/{major}:{minor}/partition"):
        raise InvalidArgument(
            f"{path} is a partition, and the kernel limits whole disks only",
            hint="name the disk it is on",
        )
    return major, minor


def refuse_idle_weight(disks: list[tuple[int, int]]) -> None:
    """Refuse weights that nobody looks at: only the bfq scheduler weighs groups.

    Args:
        disks: those with a weight of their own; none: any disk will do.

    Raises:
        NotImplementedHere: with the remedy.

    See: kernel Documentation/block/bfq-iosched.rst.
    """
    schedulers = _schedulers()
    weighing = {disk for disk, text in schedulers.items() if "[bfq]" in text}
    if weighing if not disks else weighing.issuperset(disks):
        return
    names = [_disk_name(disk) for disk in disks or schedulers]
    raise NotImplementedHere(
        "--blkio-weight cannot be enforced on this host: only the I/O scheduler bfq weighs"
        " containers against each other, and it is not in use"
        f" ({', '.join(name for name in names if not name.startswith('loop')) or 'no disk'})",
        hint="as root of the machine: echo bfq > /sys/block/DISK/queue/scheduler",
    )


def _schedulers() -> dict[tuple[int, int], str]:
    """Return {disk: its line of I/O schedulers}."""
    found = {}
    for name in sorted(os.listdir("/sys/block")):
        try:
            major, minor = _read(f"/sys/block/{name}/dev").split(":")
            found[int(major), int(minor)] = _read(f"/sys/block/{name}/queue/scheduler")
        except OSError:
            continue  # it went away, or has no queue
    return found


def _disk_name(disk: tuple[int, int]) -> str:
    link = os.path.realpath(f"/sys/dev/block/{disk[0]}:{disk[1]}")
    return link.rpartition("/")[2]


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read().strip()
