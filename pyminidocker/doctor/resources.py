"""Trials: control groups and what they can limit, and hardware virtualization."""

from __future__ import annotations

import errno
import os

from pyminidocker.doctor.findings import LIMITED, MISSING, OK, Finding
from pyminidocker.doctor.trial import finding, read_text
from pyminidocker.kernel import probe
from pyminidocker.kernel.cgroup import systemd, tree
from pyminidocker.kernel.cgroup.limits import Limits
from pyminidocker.kernel.cgroup.opening import open_manager
from pyminidocker.kernel.cgroup.place import Place, find_place

WANTED = ("memory", "cpu", "pids", "freezer")
_WORDS = {"v1": "version 1", "v2": "version 2"}
_NO_LESSON = "the experiments with --memory and the OOM killer show a recording"
_TRIAL_BYTES = 64 << 20


def control_groups() -> Finding:
    """Which version there is, and what we may do with it."""
    title, place = "Control groups", find_place()
    if not place.version:
        return Finding(
            "cgroups", title, MISSING, place.missing["memory"],
            meaning="containers run, but nothing can be limited or measured for a group",
            lessons=["11"], remedy=place.remedy,
        )  # fmt: skip
    version, promised = _WORDS[place.version], _promised(place)
    detail = f"{version}, by systemd" if promised else version
    cannot = [name for name in WANTED if name in place.missing and name not in promised]
    if not cannot:
        return Finding("cgroups", title, OK, f"{detail}: we can limit {', '.join(WANTED)}")
    return Finding(
        "cgroups", title, LIMITED,
        f"{detail}; not ours: {', '.join(cannot)} ({place.missing[cannot[0]]})",
        meaning="containers run; these limits do not work",
        lessons=["11"], remedy=place.remedy,
    )  # fmt: skip


def _promised(place: Place) -> list[str]:
    """Return the controllers that a user's systemd has, and would give the engine a part of."""
    uid = os.getuid()
    if not (place.ask_systemd and systemd.can_be_asked(uid)):
        return []
    manager = f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service"
    found = read_text(f"{manager}/cgroup.controllers").split()
    return [*found, "freezer"] if found else []


def memory_limits() -> Finding:
    """Make a group with a memory limit."""
    title, place = "Memory limits", find_place()
    why = place.missing.get("memory", "")
    if why and "memory" in _promised(place):
        return Finding("memory-limits", title, OK, "systemd gives a group when an engine starts")
    if not why:
        why = _try_to_limit(place)
    if why:
        return Finding(
            "memory-limits", title, MISSING, why,
            meaning=_NO_LESSON, lessons=["11"], remedy=place.remedy,
        )  # fmt: skip
    return Finding("memory-limits", title, OK, "a group can be limited to 64 MB")


def _try_to_limit(place: Place) -> str:
    """Set a limit in a new group; return "" or what went wrong."""
    if place.crowded:
        return ""  # somebody's processes must be moved first, which is not for a look to do
    manager = open_manager(f"doctor-{os.getpid()}", place)
    try:
        group = manager.make("trial")
        if group is None or "memory" not in group.paths:
            return manager.missing["memory"]
        try:
            group.apply(Limits(memory_bytes=_TRIAL_BYTES))
        finally:
            group.remove()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    finally:
        manager.close()
        tree.remove_engine(manager.tops, manager.name)
        for top in manager.tops:
            tree.remove_top(top)
    return ""


def kvm() -> Finding:
    """Open /dev/kvm."""
    tried = probe.can_open_kvm()
    remedies = {
        errno.EACCES: "sudo usermod -aG kvm $USER    (then log in again)",
        errno.ENOENT: "switch virtualization on in the firmware, or nesting in the VM around us",
    }
    detail = "/dev/kvm opens" if tried.ok else f"/dev/kvm: {os.strerror(tried.errno)}"
    return finding(
        tried._replace(detail=detail), "kvm", "Hardware VMs (KVM)",
        meaning="the virtual machines of these lessons are emulated, about 10 times slower",
        lessons=["01", "03"], remedy=remedies.get(tried.errno, ""), otherwise=LIMITED,
    )  # fmt: skip
