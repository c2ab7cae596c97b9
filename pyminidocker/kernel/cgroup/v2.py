"""Version 2: one tree, and the controllers that the group above hands down.

See: cgroups(7) "CGROUPS VERSION 2", kernel Documentation/admin-guide/cgroup-v2.rst.
"""

import errno
import os
import select
import time

from pyminidocker.kernel.cgroup import files, tree
from pyminidocker.kernel.cgroup.limits import (
    UNLIMITED,
    BlkioDevice,
    Limits,
    io_weight_of_blkio,
    swap_of,
    weight_of_shares,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.usage import Usage

_FREEZE_PATIENCE_S = 1.0
_PERIOD_US = 100_000
# What we want of the group above, if it has it.
WANTED = ("memory", "cpu", "cpuset", "pids", "io")


class V2Group:
    """One group: one directory; see manager.Group."""

    __slots__ = ("directory", "name", "paths")
    enters_by_clone = True
    oom_events = select.EPOLLPRI

    def __init__(self, name: str, directory: str, controllers: list[str]) -> None:
        self.name = name
        self.directory = directory
        self.paths = dict.fromkeys(controllers, directory)

    def entrance(self) -> list[int]:  # noqa: D102 - see manager.Group
        return [os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]

    def add(self, pid: int) -> None:  # noqa: D102
        files.write(self.directory, "cgroup.procs", pid)

    def pids(self) -> list[int]:  # noqa: D102
        return files.numbers(self.directory, "cgroup.procs")

    # -- limits -------------------------------------------------------------------------------

    def apply(self, limits: Limits) -> None:  # noqa: D102
        self._apply_memory(limits)
        if limits.cpu_shares:
            self._write("cpu.weight", weight_of_shares(limits.cpu_shares))
        if limits.cpu_quota_us or limits.cpu_period_us:
            self._write("cpu.max", self._quota(limits.cpu_quota_us, limits.cpu_period_us))
        if limits.cpuset_cpus:
            self._write("cpuset.cpus", limits.cpuset_cpus)
        if limits.cpuset_mems:
            self._write("cpuset.mems", limits.cpuset_mems)
        if limits.pids_max:
            self._write("pids.max", _or_max(limits.pids_max))
        if limits.blkio_weight:
            self._apply_weight("default", limits.blkio_weight)
        for device in limits.blkio_devices:
            self._apply_device(device)

    def _write(self, name: str, value: str | int) -> None:
        files.write(self.directory, name, value)

    def _apply_memory(self, limits: Limits) -> None:
        memory, both = limits.memory_bytes, limits.memory_swap_bytes
        if both:
            known = memory or files.number(self.directory, "memory.max", default=UNLIMITED)
            try:
                swap = swap_of(known, both)
            except ValueError as error:
                raise OSError(errno.EINVAL, str(error), "memory.swap.max") from error
            self._write("memory.swap.max", _or_max(swap))
        elif memory == UNLIMITED and files.has(self.directory, "memory.swap.max"):
            self._write("memory.swap.max", "max")
        if memory:
            self._write("memory.max", _or_max(memory))
        if limits.memory_reservation_bytes:
            low = max(limits.memory_reservation_bytes, 0)  # without a reservation: none is kept
            self._write("memory.low", low)
        if limits.memory_swappiness is not None:
            raise OSError(errno.ENOENT, "not in version 2", "memory.swappiness")

    def _quota(self, quota_us: int, period_us: int) -> str:
        """Return the line of cpu.max: both numbers are written together."""
        old_quota, _, old_period = files.read(self.directory, "cpu.max").partition(" ")
        quota = _or_max(quota_us) if quota_us else old_quota
        return f"{quota} {period_us or old_period or _PERIOD_US}"

    def _apply_weight(self, whose: str, weight: int) -> None:
        if files.has(self.directory, "io.bfq.weight"):
            self._write("io.bfq.weight", f"{whose} {weight}")  # from 1 to 1000, as Docker's
        else:
            self._write("io.weight", f"{whose} {io_weight_of_blkio(weight)}")

    def _apply_device(self, device: BlkioDevice) -> None:
        numbers = f"{device.major}:{device.minor}"
        if device.weight:
            self._apply_weight(numbers, device.weight)
        settings = [
            f"{name}={value}"
            for name, value in (
                ("rbps", device.read_bps), ("wbps", device.write_bps),
                ("riops", device.read_iops), ("wiops", device.write_iops),
            )
            if value
        ]  # fmt: skip
        if settings:
            self._write("io.max", " ".join([numbers, *settings]))

    # -- use ----------------------------------------------------------------------------------

    def usage(self) -> "Usage":  # noqa: D102
        from pyminidocker.kernel.cgroup import v2_usage  # not before somebody asks

        return v2_usage.read(self.directory, self.paths)

    def oom_kills(self) -> int:  # noqa: D102
        return files.table(self.directory, "memory.events").get("oom_kill", 0)

    def open_oom(self) -> int:  # noqa: D102
        if "memory" not in self.paths:
            return -1
        fd = os.open(f"{self.directory}/memory.events", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.read_oom(fd)  # from now on
        except OSError:
            os.close(fd)
            raise
        return fd

    @staticmethod
    def read_oom(fd: int) -> None:
        """Take note of what ``open_oom``'s descriptor had to say.

        See: kernel cgroup-v2.rst "[un]populated Notification", which is the same for events.
        """
        os.pread(fd, 4096, 0)

    # -- freezing and the end -----------------------------------------------------------------

    def freeze(self) -> None:  # noqa: D102
        self._write("cgroup.freeze", 1)
        deadline = time.monotonic() + _FREEZE_PATIENCE_S
        fd = os.open(f"{self.directory}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        try:
            poller = select.poll()
            poller.register(fd, select.POLLPRI)
            while b"frozen 1" not in os.pread(fd, 4096, 0):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    self.thaw()
                    raise TimeoutError(errno.ETIMEDOUT, "a process does not stop", self.directory)
                poller.poll(left_s * 1000)
        finally:
            os.close(fd)

    def thaw(self) -> None:  # noqa: D102
        self._write("cgroup.freeze", 0)

    @property
    def is_frozen(self) -> bool:  # noqa: D102
        return files.number(self.directory, "cgroup.freeze") == 1

    def kill(self) -> None:  # noqa: D102
        try:
            self._write("cgroup.kill", 1)
        except FileNotFoundError:  # before Linux 5.14
            for pid in self.pids():
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass

    def remove(self) -> None:  # noqa: D102
        tree.remove_group(self.directory)


class V2Manager:
    """Makes groups in one tree; see manager.Manager.

    Args:
        top: the directory named minidocker.
        name: what to call the directory of this engine.
        missing: {feature: why it cannot be had}.
        remedy: what to do about that.

    Raises:
        OSError: there can be no directory.
    """

    kind = "v2"

    def __init__(self, top: str, name: str, missing: dict[str, str], remedy: str = "") -> None:
        self.missing = dict(missing)
        self.remedy = remedy
        self.tops = [top]
        tree.sweep_abandoned(self.tops)
        self.name, self._lock_fd = tree.claim(top, name)
        self.directory = f"{top}/{self.name}"
        for directory in (os.path.dirname(top), top, self.directory):
            hand_down(directory)
        given = files.words(self.directory, "cgroup.subtree_control")
        self._controllers = [*(name for name in WANTED if name in given), "freezer"]
        self.bases = dict.fromkeys(self._controllers, self.directory)
        for name in WANTED:
            if name not in given:
                why = f"the group above ours does not hand it down ({os.path.dirname(top)})"
                self.missing.setdefault(name, why)
        self._look_for_features()

    def _look_for_features(self) -> None:
        wanted = {
            "swap": ("memory", ["memory.swap.max"], "the kernel does not count swap"),
            "reservation": ("memory", ["memory.low"], "not in this kernel"),
            "oom": ("memory", ["memory.events"], "not in this kernel"),
            "quota": ("cpu", ["cpu.max"], "no CONFIG_CFS_BANDWIDTH in this kernel"),
            "shares": ("cpu", ["cpu.weight"], "no CONFIG_FAIR_GROUP_SCHED in this kernel"),
            "weight": ("io", ["io.weight", "io.bfq.weight"],
                       "no I/O scheduler with weights (bfq, iocost) in this kernel"),
            "throttle": ("io", ["io.max"], "no CONFIG_BLK_DEV_THROTTLING in this kernel"),
            "freezer": ("freezer", ["cgroup.freeze"], "it came with Linux 5.2"),
        }  # fmt: skip
        for feature, (controller, names, why) in wanted.items():
            if controller not in self.bases:
                self.missing[feature] = self.missing[controller]
            elif not any(files.has(self.directory, name) for name in names):
                self.missing[feature] = why
        self.missing["swappiness"] = "version 2 of cgroups does not have it"

    def make(self, name: str) -> V2Group:  # noqa: D102
        group = self._group(name)
        os.mkdir(group.directory)
        return group

    def _group(self, name: str) -> V2Group:
        return V2Group(name, f"{self.directory}/{name}", self._controllers)

    def lab(self) -> V2Group:  # noqa: D102
        return V2Group(self.name, self.directory, self._controllers)

    def close(self) -> None:  # noqa: D102
        os.close(self._lock_fd)


def hand_down(directory: str) -> None:
    """Give the groups below ``directory`` all the controllers it has that we want.

    What the kernel refuses stays out: a controller may be in use by version 1, or the group may
    have processes of its own.

    See: kernel cgroup-v2.rst "Enabling and Disabling".
    """
    given = files.words(directory, "cgroup.subtree_control")
    for name in files.words(directory, "cgroup.controllers"):
        if name in WANTED and name not in given:
            try:
                files.write(directory, "cgroup.subtree_control", f"+{name}")
            except OSError:
                pass  # ``bases`` tells what came down


def _or_max(value: int) -> str:
    return "max" if value < 0 else str(value)
