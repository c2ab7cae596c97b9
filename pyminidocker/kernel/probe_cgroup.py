"""Which kind of cgroups this host has, and whether they are ours to use.

Version 1 has one tree a controller, version 2 one tree for all; many hosts carry both.  An ordinary
user may limit memory only below a cgroup that somebody has handed over ("delegated") to them.

See: cgroups(7), kernel Documentation/admin-guide/cgroup-v2.rst "Delegation".
"""

import os
from typing import NamedTuple

from pyminidocker.kernel import procfs


class Cgroups(NamedTuple):
    """What was found.

    Attributes:
        mode: ``v2``, ``v1``, ``hybrid`` (v1 controllers beside a v2 tree without any) or ``none``.
        controllers: names that could be used, e.g. ``("cpu", "memory", "pids")``.
        usable: the controllers of those in whose tree we may make a group.
        mount_points: by controller; version 2 is ``""``.
        own_path: our own group in the version 2 tree, or in the memory controller's.
    """

    mode: str
    controllers: tuple[str, ...]
    usable: tuple[str, ...]
    mount_points: dict[str, str]
    own_path: str


def cgroups() -> Cgroups:
    """Look at this host's cgroups by mountinfo and permissions; nothing is made or changed.

    See: cgroups(7).
    """
    unified = ""
    trees: dict[str, str] = {}  # controller -> mount point, version 1
    for item in procfs.mounts():
        if item.fstype == "cgroup2" and not unified:
            unified = item.mount_point
        elif item.fstype == "cgroup":
            for option in item.super_options:
                if option in _V1_CONTROLLERS:
                    trees.setdefault(option, item.mount_point)
    own = _own_groups()
    controllers = _words(f"{unified}/cgroup.controllers") if unified else []
    if controllers and "memory" not in trees:
        group = f"{unified}{own.get('', '/')}".rstrip("/")
        delegated = _words(f"{group}/cgroup.controllers") if _is_writable(group) else []
        return Cgroups("v2", tuple(controllers), tuple(delegated), {"": unified}, own.get("", "/"))
    if trees:
        usable = [
            name for name, place in trees.items() if _is_writable(f"{place}{own.get(name, '/')}")
        ]
        points = {**trees, **({"": unified} if unified else {})}
        mode = "hybrid" if unified else "v1"
        return Cgroups(
            mode, tuple(sorted(trees)), tuple(sorted(usable)), points, own.get("memory", "/")
        )
    return Cgroups("none", (), (), {"": unified} if unified else {}, own.get("", "/"))


_V1_CONTROLLERS = frozenset(
    "cpu cpuacct cpuset memory devices freezer net_cls blkio perf_event net_prio hugetlb pids rdma "
    "misc".split()
)


def _own_groups() -> dict[str, str]:
    """Return our group in every tree: controller -> path, version 2 under an empty name."""
    groups = {}
    for line in procfs.read("self", "cgroup").decode().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            groups[name] = path
    return groups


def _is_writable(group: str) -> bool:
    """Tell whether we may make a group below and put a process into it."""
    return os.access(group, os.W_OK) and os.access(f"{group}/cgroup.procs", os.W_OK)


def _words(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []
