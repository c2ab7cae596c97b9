"""Version 1: one tree a controller, and the same group in each.

See: cgroups(7) "CGROUPS VERSION 1", kernel Documentation/admin-guide/cgroup-v1/.
"""

import errno
import os
import select
import signal
import time

from pyminidocker.kernel.cgroup import files, tree
from pyminidocker.kernel.cgroup.limits import UNLIMITED, BlkioDevice, Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.kernel.cgroup.usage import Usage

_FREEZE_PATIENCE_S = 1.0
# A limit beyond this is none: the kernel rounds the largest number down to whole pages.
NO_LIMIT = 1 << 62
_THROTTLES = (
    ("read_bps", "read_bps"), ("write_bps", "write_bps"),
    ("read_iops", "read_iops"), ("write_iops", "write_iops"),
)  # fmt: skip


class V1Group:
    """One group: a directory in each tree; see manager.Group."""

    __slots__ = ("directories", "name", "paths")
    enters_by_clone = False
    oom_events = select.EPOLLIN

    def __init__(self, name: str, paths: dict[str, str]) -> None:
        self.name = name
        self.paths = paths
        self.directories = tree.distinct(paths)

    def entrance(self) -> list[int]:  # noqa: D102 - see manager.Group
        # "0" written to ``tasks`` moves the writer alone.  The kernel need not hold up all forks
        # for that, as it must for cgroup.procs: a thousandth of the time.
        return tree.open_all([f"{directory}/tasks" for directory in self.directories])

    def add(self, pid: int) -> None:  # noqa: D102
        for directory in self.directories:
            files.write(directory, "cgroup.procs", pid)

    def pids(self) -> list[int]:  # noqa: D102
        return files.numbers(self.directories[0], "cgroup.procs")

    # -- limits -------------------------------------------------------------------------------

    def apply(self, limits: Limits) -> None:  # noqa: D102
        self._apply_memory(limits)
        self._apply_cpu(limits)
        if limits.cpuset_cpus:
            self._write("cpuset", "cpuset.cpus", limits.cpuset_cpus)
        if limits.cpuset_mems:
            self._write("cpuset", "cpuset.mems", limits.cpuset_mems)
        if limits.pids_max:
            self._write("pids", "pids.max", "max" if limits.pids_max < 0 else limits.pids_max)
        if limits.blkio_weight:
            self._write("io", self._weight_file(), limits.blkio_weight)
        for device in limits.blkio_devices:
            self._apply_device(device)

    def _write(self, controller: str, name: str, value: str | int) -> None:
        directory = self.paths.get(controller)
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, f"no {controller} controller", name)
        files.write(directory, name, value)

    def _apply_memory(self, limits: Limits) -> None:
        memory, both = limits.memory_bytes, limits.memory_swap_bytes
        if memory == UNLIMITED and not both and self._has("memory.memsw.limit_in_bytes"):
            both = UNLIMITED  # the smaller of the two would go on to count
        steps = [("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", both)]
        if memory and both and (both == UNLIMITED or both > self._memory_and_swap()):
            steps.reverse()  # memory alone may never be more than memory and swap
        for name, value in steps:
            if value:
                self._write("memory", name, value)
        if limits.memory_reservation_bytes:
            self._write("memory", "memory.soft_limit_in_bytes", limits.memory_reservation_bytes)
        if limits.memory_swappiness is not None:
            self._write("memory", "memory.swappiness", limits.memory_swappiness)

    def _has(self, name: str) -> bool:
        return "memory" in self.paths and files.has(self.paths["memory"], name)

    def _memory_and_swap(self) -> int:
        return files.number(self.paths.get("memory", ""), "memory.memsw.limit_in_bytes")

    def _apply_cpu(self, limits: Limits) -> None:
        if limits.cpu_shares:
            self._write("cpu", "cpu.shares", limits.cpu_shares)
        steps = [("cpu.cfs_period_us", limits.cpu_period_us),
                 ("cpu.cfs_quota_us", limits.cpu_quota_us)]  # fmt: skip
        try:
            self._write_all("cpu", steps)
        except OSError as error:
            if error.errno != errno.EINVAL or not (limits.cpu_period_us and limits.cpu_quota_us):
                raise
            # The new period does not go with the old quota; the new quota may go with the old
            # period.
            self._write_all("cpu", steps[::-1])

    def _write_all(self, controller: str, steps: list[tuple[str, int]]) -> None:
        for name, value in steps:
            if value:
                self._write(controller, name, value)

    def _weight_file(self) -> str:
        has_bfq = files.has(self.paths.get("io", ""), "blkio.bfq.weight")
        return "blkio.bfq.weight" if has_bfq else "blkio.weight"

    def _apply_device(self, device: BlkioDevice) -> None:
        numbers = f"{device.major}:{device.minor}"
        if device.weight:
            self._write("io", f"{self._weight_file()}_device", f"{numbers} {device.weight}")
        for attribute, name in _THROTTLES:
            if value := getattr(device, attribute):
                self._write("io", f"blkio.throttle.{name}_device", f"{numbers} {value}")

    # -- use ----------------------------------------------------------------------------------

    def usage(self) -> "Usage":  # noqa: D102
        from pyminidocker.kernel.cgroup import v1_usage  # not before somebody asks

        return v1_usage.read(self.paths)

    def oom_kills(self) -> int:  # noqa: D102
        return files.table(self.paths.get("memory", ""), "memory.oom_control").get("oom_kill", 0)

    def open_oom(self) -> int:  # noqa: D102
        directory = self.paths.get("memory")
        if directory is None:
            return -1
        event_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            control_fd = os.open(f"{directory}/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
            try:
                files.write(directory, "cgroup.event_control", f"{event_fd} {control_fd}")
            finally:
                os.close(control_fd)  # the kernel keeps what it needs
        except OSError:
            os.close(event_fd)
            raise
        return event_fd

    @staticmethod
    def read_oom(fd: int) -> None:
        """Take note of what ``open_oom``'s descriptor had to say.

        See: eventfd(2).
        """
        try:
            os.eventfd_read(fd)
        except BlockingIOError:
            pass

    # -- freezing and the end -----------------------------------------------------------------

    def freeze(self) -> None:  # noqa: D102
        directory = self._freezer()
        deadline = time.monotonic() + _FREEZE_PATIENCE_S
        pause_s = 0.00005
        while True:
            # Written again each time: who forked meanwhile is caught by that.
            files.write(directory, "freezer.state", "FROZEN")
            if files.read(directory, "freezer.state") == "FROZEN":
                return
            if time.monotonic() > deadline:
                self.thaw()
                raise TimeoutError(errno.ETIMEDOUT, "a process does not stop", directory)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.01)

    def thaw(self) -> None:  # noqa: D102
        files.write(self._freezer(), "freezer.state", "THAWED")

    @property
    def is_frozen(self) -> bool:  # noqa: D102
        try:
            return files.read(self.paths["freezer"], "freezer.state") != "THAWED"
        except (KeyError, OSError):
            return False

    def _freezer(self) -> str:
        directory = self.paths.get("freezer")
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, "no freezer controller", "freezer.state")
        return directory

    def kill(self) -> None:  # noqa: D102
        # Those that are frozen find the signal before they come to do anything else.
        while pids := self.pids():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if "freezer" in self.paths:
                self.thaw()
            if set(self.pids()) <= set(pids):
                return  # nobody has forked in between

    def remove(self) -> None:  # noqa: D102
        for directory in self.directories:
            tree.remove_group(directory)


class V1Manager:
    """Makes groups in several trees; see manager.Manager.

    Args:
        tops: {controller: directory named minidocker}.
        name: what to call the directory of this engine.
        missing: {feature: why it cannot be had}.
        remedy: what to do about that.

    Raises:
        OSError: not even one tree would take a directory.
    """

    kind = "v1"

    def __init__(
        self, tops: dict[str, str], name: str, missing: dict[str, str], remedy: str = ""
    ) -> None:
        self.missing = dict(missing)
        self.remedy = remedy
        self.tops = tree.distinct(tops)
        tree.sweep_abandoned(self.tops)
        self.name, self._lock_fd = tree.claim(self.tops[0], name)
        self.bases = {}
        for controller, top in tops.items():
            directory = f"{top}/{self.name}"
            try:
                tree.make_dir(top)
                tree.make_dir(directory)
                if controller == "cpuset":
                    _pass_on_cpuset(top)
                    _pass_on_cpuset(directory)
                if controller == "memory":
                    _count_children(top)
            except OSError as error:
                self.missing[controller] = f"{directory}: {error.strerror}"
            else:
                self.bases[controller] = directory
        self._look_for_features()

    def _look_for_features(self) -> None:
        wanted = {
            "swap": ("memory", ["memory.memsw.limit_in_bytes"],
                     "the kernel does not count swap (swapaccount=1 on its command line)"),
            "swappiness": ("memory", ["memory.swappiness"], "not in this kernel"),
            "reservation": ("memory", ["memory.soft_limit_in_bytes"], "not in this kernel"),
            "oom": ("memory", ["memory.oom_control"], "not in this kernel"),
            "quota": ("cpu", ["cpu.cfs_quota_us"], "no CONFIG_CFS_BANDWIDTH in this kernel"),
            "shares": ("cpu", ["cpu.shares"], "no CONFIG_FAIR_GROUP_SCHED in this kernel"),
            "weight": ("io", ["blkio.weight", "blkio.bfq.weight"],
                       "no I/O scheduler with weights (bfq) in this kernel"),
            "throttle": ("io", ["blkio.throttle.read_bps_device"],
                         "no CONFIG_BLK_DEV_THROTTLING in this kernel"),
        }  # fmt: skip
        for feature, (controller, names, why) in wanted.items():
            base = self.bases.get(controller)
            if base is None:
                self.missing[feature] = self.missing.get(controller, "no such controller")
            elif not any(files.has(base, name) for name in names):
                self.missing[feature] = why

    def make(self, name: str) -> V1Group:  # noqa: D102
        group = self._group(name)
        made: list[str] = []
        try:
            for directory in group.directories:
                os.mkdir(directory)
                made.append(directory)
        except OSError:
            for directory in made:
                os.rmdir(directory)
            raise
        return group

    def _group(self, name: str) -> V1Group:
        return V1Group(name, {key: f"{base}/{name}" for key, base in self.bases.items()})

    def lab(self) -> V1Group:  # noqa: D102
        return V1Group(self.name, self.bases)

    def close(self) -> None:  # noqa: D102
        os.close(self._lock_fd)


def _pass_on_cpuset(directory: str) -> None:
    """Give a new cpuset the processors of the one above, and have its children do so by themselves.

    A new cpuset of version 1 has no processors, and takes no process.

    See: cpuset(7).
    """
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not files.read(directory, name):
            files.write(directory, name, files.read(os.path.dirname(directory), name))
    if files.read(directory, "cgroup.clone_children") != "1":
        files.write(directory, "cgroup.clone_children", 1)


def _count_children(directory: str) -> None:
    """Let groups below count here too, as kernels since 5.11 always do."""
    if files.number(directory, "memory.use_hierarchy", default=1) == 0:
        files.write(directory, "memory.use_hierarchy", 1)
