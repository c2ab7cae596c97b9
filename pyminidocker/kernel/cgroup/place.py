"""Where we may make groups: by looking at mounts, at our own group and at who owns what.

Version 1: below our own group in each tree, so that limits around us go on to hold; or in a
directory ``minidocker-<uid>`` at the top of a tree, which an administrator has handed over to us.

Version 2 has one more rule: a group that hands controllers down has no processes of its own.  So
an ordinary user needs a group above their own that is theirs, or one they may make empty; systemd
gives one to whom asks.  Root takes the top of the tree, which the rule exempts, as Docker does.

See: cgroups(7), kernel Documentation/admin-guide/cgroup-v2.rst "Delegation", "No Internal Process
Constraint"; systemd's docs/CGROUP_DELEGATION.md.
"""

import os

from pyminidocker.kernel import procfs, userns
from pyminidocker.kernel.cgroup import files, tree
from pyminidocker.kernel.cgroup.manager import CONTROLLERS, FEATURES, PART_OF
from pyminidocker.kernel.procfs import MountInfo

# Version 1's names of trees -> ours.
V1_TREES = {
    "memory": "memory", "cpu": "cpu", "cpuacct": "cpuacct", "cpuset": "cpuset", "pids": "pids",
    "blkio": "io", "freezer": "freezer",
}  # fmt: skip
V2_CONTROLLERS = ("memory", "cpu", "cpuset", "pids", "io")
# Units are systemd's own, whoever's their files are; it marks those it has handed over.
_UNITS = (".slice", ".scope", ".service")


class Place:
    """What was found.

    Attributes:
        kind: ``v2``, ``v1`` (hybrid hosts too) or ``none``.
        bases: {controller: a directory ``minidocker``, there or to be made}.
        missing: {feature: why it cannot be had here}.
        remedy: how to be given what is missing; empty when nothing is.
        version: what is mounted, ours or not: ``v2``, ``v1`` or empty.
        crowded: the group above ``bases``, which has processes that must be moved further down.
        ask_systemd: nothing is ours, but systemd would give us a group.
    """

    # Not a dataclass: making one takes a millisecond of every engine's start.
    def __init__(
        self,
        kind: str,
        *,
        bases: dict[str, str] | None = None,
        missing: dict[str, str] | None = None,
        remedy: str = "",
        version: str = "",
        crowded: str = "",
        ask_systemd: bool = False,
    ) -> None:
        self.kind = kind
        self.bases = bases or {}
        self.missing = missing or {}
        self.remedy = remedy
        self.version = version
        self.crowded = crowded
        self.ask_systemd = ask_systemd


def find_place(pid: procfs.Pid = "self") -> Place:
    """Look where a process of ours may make groups; nothing is made or changed.

    Args:
        pid: of the process.

    See: cgroups(7).
    """
    mounts = [item for item in procfs.mounts() if item.fstype in ("cgroup", "cgroup2")]
    own = own_groups(procfs.read(pid, "cgroup").decode())
    trees = {
        name: item
        for item in mounts
        if item.fstype == "cgroup"
        for name in item.super_options
        if name in V1_TREES
    }
    unified = next((item for item in mounts if item.fstype == "cgroup2"), None)
    if trees:
        place = find_v1(trees, own)
        place.version = "v1"
        return place
    if unified is not None:
        place = find_v2(unified, own.get("", "/"))
        place.version = "v2"
        return place
    return no_place("no cgroups are mounted", "sudo mount -t cgroup2 none /sys/fs/cgroup")


def no_place(why: str, remedy: str = "") -> Place:
    """Return a place in which nothing can be had.

    See: manager.FEATURES.
    """
    return Place("none", missing=dict.fromkeys(FEATURES, why), remedy=remedy)


def own_groups(text: str) -> dict[str, str]:
    """Return our group in every tree: controller -> path, version 2 under an empty name.

    Args:
        text: of /proc/self/cgroup.

    See: cgroups(7) "/proc files".
    """
    groups = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            groups[name] = path
    return groups


def directory_of(item: MountInfo, path: str) -> str:
    """Return where a mount shows a group; the mount's own root when it does not show it.

    Args:
        item: a mount of cgroups; in containers it often shows only a part of the tree.
        path: the group, as /proc/self/cgroup has it.

    See: cgroup_namespaces(7).
    """
    root = item.root.rstrip("/")
    inside = path.removeprefix(root) if path.startswith(f"{root}/") or path == root else ""
    directory = f"{item.mount_point}{inside}".rstrip("/")
    return directory if os.path.isdir(directory) else item.mount_point


# -- version 1 --------------------------------------------------------------------------------


def find_v1(trees: dict[str, MountInfo], own: dict[str, str]) -> Place:
    """Look in version 1's trees.

    Args:
        trees: {controller, by its own name: mount}.
        own: our groups.

    See: find_place.
    """
    place = Place("v1")
    for name, item in trees.items():
        above = directory_of(item, own.get(name, "/"))
        tops = [f"{above}/{tree.TOP}", *handed_over(item.mount_point)]
        top = next((top for top in tops if _may_make(top)), None)
        if top is None:
            place.missing[V1_TREES[name]] = _why_not(item, item.mount_point)
        else:
            place.bases[V1_TREES[name]] = top
    for name in CONTROLLERS:
        if name not in place.bases:
            place.missing.setdefault(name, "its tree of version 1 is not mounted")
    if place.missing:
        place.remedy = v1_remedy(trees, [name for name in trees if V1_TREES[name] in place.missing])
    if not place.bases:
        place.kind = "none"
        place.missing = {name: place.missing[PART_OF.get(name, name)] for name in FEATURES}
    return place


def handed_over(mount_point: str) -> list[str]:
    """Return which directories of a tree an administrator may have handed over to us.

    See: v1_remedy.
    """
    uid = machine_uid()
    return [f"{mount_point}/{tree.TOP}-{uid}", f"{mount_point}/{tree.TOP}"] if uid else []


def v1_remedy(trees: dict[str, MountInfo], names: list[str]) -> str:
    """Return the commands with which an administrator hands trees over to us.

    See: cgroups(7) "Cgroups v1", delegation by ownership.
    """
    if machine_uid() == 0 or not names:
        return ""
    points = {os.path.dirname(trees[name].mount_point) for name in names}
    beside = f"{points.pop()}/" if len(points) == 1 else ""
    places = list(dict.fromkeys(trees[name].mount_point.removeprefix(beside) for name in names))
    names = [place.replace(",", "\\,") for place in places]  # one tree may be "cpu,cpuacct"
    where = beside + (f"{{{','.join(names)}}}" if len(names) > 1 else names[0])
    return (
        f"for d in {where}/{tree.TOP}-$UID; do\n"
        "  sudo mkdir -p $d && sudo chown -R $UID $d; done    (in bash)"
    )


def _may_make(top: str) -> bool:
    """Tell whether we may have a directory of our own below ``top``."""
    return os.access(top if os.path.isdir(top) else os.path.dirname(top), os.W_OK | os.X_OK)


def _why_not(item: MountInfo, directory: str) -> str:
    if "ro" in item.options or "ro" in item.super_options:
        return f"{item.mount_point} is mounted read-only, as in containers"
    return f"{directory} belongs to another user (root, as a rule)"


# -- version 2 --------------------------------------------------------------------------------


def find_v2(item: MountInfo, own_path: str) -> Place:
    """Look in version 2's tree.

    Args:
        item: the mount.
        own_path: our group, as /proc/self/cgroup has it.

    See: find_place.
    """
    own = directory_of(item, own_path)
    if "ro" in item.options or "ro" in item.super_options:
        return no_place(_why_not(item, own), "start the container around us with --privileged")
    above, crowded = _v2_base(item.mount_point, own)
    if above:
        place = Place("v2", crowded=crowded)
        given = [n for n in files.words(above, "cgroup.controllers") if n in V2_CONTROLLERS]
        place.bases = dict.fromkeys([*given, "freezer"], f"{above}/{tree.TOP}")
        for name in V2_CONTROLLERS:
            if name not in given:
                place.missing[name] = f"{above} does not have it (cgroup.controllers)"
        place.remedy = v2_remedy() if place.missing and machine_uid() != 0 else ""
        return place
    place = no_place(f"our group {own} is not ours to divide", v2_remedy())
    place.ask_systemd = machine_uid() != 0
    return place


def _v2_base(mount_point: str, own: str) -> tuple[str, str]:
    """Return (the group to work in or "", the same once more if its processes must be moved)."""
    if machine_uid() == 0 and is_real_root(mount_point) and is_ours(mount_point):
        return mount_point, ""
    above = os.path.dirname(own)
    is_candidate = own != mount_point and is_ours(above) and not is_unit(above)
    if is_candidate and (is_real_root(above) or not files.words(above, "cgroup.procs")):
        return above, ""
    if is_ours(own) and not is_unit(own) and not is_real_root(own):
        return own, own
    return "", ""


def machine_uid() -> int:
    """Return who we are outside of the user namespace we are in: root of a lab is not root.

    See: user_namespaces(7) "User and group ID mappings".
    """
    uid = os.getuid()
    for first, outside, count in userns.read_map("self", "uid_map"):
        if first <= uid < first + count:
            return outside + uid - first
    return uid


def is_real_root(directory: str) -> bool:
    """Tell whether a group is the top of the whole tree, not only of what we are shown.

    See: kernel cgroup-v2.rst: cgroup.events is in "non-root cgroups" only.
    """
    return not files.has(directory, "cgroup.events")


def is_ours(directory: str) -> bool:
    """Tell whether a group is delegated to us: directory, processes and controllers.

    See: kernel cgroup-v2.rst "Model of Delegation".
    """
    needed = ("", "/cgroup.procs", "/cgroup.subtree_control")
    return all(os.access(directory + name, os.W_OK) for name in needed)


def is_unit(directory: str) -> bool:
    """Tell whether a group is systemd's own business: a unit it has not delegated.

    See: systemd's docs/CGROUP_DELEGATION.md: ``user.delegate`` is set on what it hands over.
    """
    name = os.path.basename(directory)
    if not name.endswith(_UNITS) or name.startswith(tree.TOP):  # that scope was made for us
        return False
    try:
        return os.getxattr(directory, "user.delegate") != b"1"
    except OSError:
        return True


def v2_remedy() -> str:
    """Return the commands with which systemd is told to hand more down to users.

    See: systemd.resource-control(5) "Delegate=".
    """
    return (
        "sudo mkdir -p /etc/systemd/system/user@.service.d\n"
        "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' |\n"
        "  sudo tee /etc/systemd/system/user@.service.d/delegate.conf\n"
        "sudo systemctl daemon-reload    (then log in again)"
    )
