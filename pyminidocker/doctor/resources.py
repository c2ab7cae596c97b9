"""Trials: control groups and what they can limit, and hardware virtualization."""

from __future__ import annotations

import errno
import os

from pyminidocker.doctor.findings import LIMITED, MISSING, OK, Finding
from pyminidocker.doctor.trial import finding, read_text
from pyminidocker.kernel import probe

ROOT = "/sys/fs/cgroup"
WANTED = ("memory", "cpu", "pids")


def mode() -> str:
    """Return "v2", "v1", "hybrid" (v1 with an empty v2 tree) or "none"."""
    if os.path.exists(f"{ROOT}/cgroup.controllers"):
        return "v2"
    mounts = read_text("/proc/self/mounts")
    if " cgroup " in mounts:
        return "hybrid" if " cgroup2 " in mounts else "v1"
    return "v2" if " cgroup2 " in mounts else "none"


def own_groups() -> dict[str, str]:
    """Return the directory of our cgroup for each controller of v1, and under "" that of v2."""
    found = {}
    for line in read_text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base = ROOT if os.path.exists(f"{ROOT}/cgroup.controllers") else f"{ROOT}/unified"
            found[""] = base + path
        for controller in controllers.split(","):
            if controller and "=" not in controller:
                found[controller] = f"{ROOT}/{controllers}{path}"
    return found


def _can_make_group(directory: str) -> str:
    """Make and remove a cgroup; return "" or why it was refused."""
    path = f"{directory}/minidocker-doctor-{os.getpid()}"
    try:
        os.mkdir(path)
        os.rmdir(path)
    except OSError as error:
        return error.strerror or "refused"
    return ""


def usable() -> tuple[dict[str, str], str]:
    """Return ({controller: directory in which we can make groups with it}, why not the others)."""
    groups, why, found = own_groups(), "", {}
    if mode() == "v2":
        directory = groups.get("", ROOT)
        why = _can_make_group(directory)
        if not why:
            given = read_text(f"{directory}/cgroup.controllers").split()
            found = {name: directory for name in WANTED if name in given}
            why = "" if len(found) == len(WANTED) else "not delegated to us"
        return found, why
    for name in WANTED:
        for directory in (f"{ROOT}/{name}/minidocker", groups.get(name, "")):
            if directory and os.path.isdir(directory):
                refused = _can_make_group(directory)
                if not refused:
                    found[name] = directory
                    break
                why = refused
        else:
            why = why or "not mounted"
    return found, why


def control_groups() -> Finding:
    """Which version there is, and what we may do with it."""
    version = mode()
    found, why = usable()
    words = {"v1": "version 1", "v2": "version 2", "hybrid": "version 1"}
    if version == "none":
        return Finding(
            "cgroups", "Control groups", MISSING, f"nothing is mounted at {ROOT}",
            meaning="containers run, but nothing can be limited or measured for a group",
            lessons=["11"], remedy=delegation(version),
        )  # fmt: skip
    detail = words[version]
    if len(found) == len(WANTED):
        return Finding(
            "cgroups", "Control groups", OK, f"{detail}: {', '.join(found)} can be limited"
        )
    cannot = [name for name in WANTED if name not in found]
    return Finding(
        "cgroups", "Control groups", LIMITED, f"{detail}; not ours: {', '.join(cannot)} ({why})",
        meaning="containers run; these limits do not work",
        lessons=["11"], remedy=delegation(version),
    )  # fmt: skip


def memory_limits() -> Finding:
    """Make a group with a memory limit."""
    title = "Memory limits"
    found, why = usable()
    directory = found.get("memory")
    if directory is None:
        return Finding(
            "memory-limits", title, MISSING, f"no group can be limited: {why or 'no cgroups'}",
            meaning="the experiments with --memory and the OOM killer show a recording",
            lessons=["11"], remedy=delegation(mode()),
        )  # fmt: skip
    problem = _limit(directory)
    if problem:
        return Finding(
            "memory-limits", title, MISSING, problem,
            meaning="the experiments with --memory and the OOM killer show a recording",
            lessons=["11"], remedy=delegation(mode()),
        )  # fmt: skip
    return Finding("memory-limits", title, OK, "a group can be limited to 64 MB")


def _limit(directory: str) -> str:
    """Set a limit in a new group; return "" or what went wrong."""
    if mode() == "v2":
        # Giving children the controller would need an empty parent (no internal processes): that
        # it is in cgroup.controllers and that groups can be made is as far as a look may go.
        return ""
    path = f"{directory}/minidocker-doctor-{os.getpid()}"
    try:
        os.mkdir(path)
        try:
            with open(f"{path}/memory.limit_in_bytes", "w", encoding="ascii") as file:
                file.write("67108864")
        finally:
            os.rmdir(path)
    except OSError as error:
        return f"memory.limit_in_bytes: {error.strerror}"
    return ""


def delegation(version: str) -> str:
    """Return how to be given control groups."""
    if version == "v2":
        return (
            "sudo mkdir -p /etc/systemd/system/user@.service.d\n"
            "printf '[Service]\\nDelegate=cpu memory pids\\n' |\n"
            "  sudo tee /etc/systemd/system/user@.service.d/delegate.conf\n"
            "sudo systemctl daemon-reload    (then log in again)"
        )
    if version == "none":
        return "sudo mount -t cgroup2 none /sys/fs/cgroup"
    return (
        "for c in memory cpu pids; do sudo mkdir -p /sys/fs/cgroup/$c/minidocker &&\n"
        "  sudo chown -R $USER /sys/fs/cgroup/$c/minidocker; done"
    )


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
