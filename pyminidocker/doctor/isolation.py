"""Trials: kernel, user namespaces, id ranges, AppArmor, the other namespaces, /proc, seccomp."""

from __future__ import annotations

import errno
import os

from pyminidocker.doctor.findings import CONTAINER_LESSONS, LIMITED, MISSING, OK, Finding
from pyminidocker.doctor.trial import enter_lab, finding, untried
from pyminidocker.kernel import probe
from pyminidocker.kernel.constants import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
)  # fmt: skip
from pyminidocker.kernel.mount import mount
from pyminidocker.kernel.namespaces import unshare
from pyminidocker.kernel.prctl import set_no_new_privs
from pyminidocker.kernel.procfs import mounts
from pyminidocker.kernel.seccomp import load
from pyminidocker.kernel.userns import IdMap, plan_maps, write_maps

LEAST_KERNEL = (5, 11)  # overlay in a user namespace; openat2, clone3 and pidfds are older
_APPARMOR_OFF = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
_ALLOW = bytes((0x06, 0, 0, 0, 0, 0, 0xFF, 0x7F))  # one BPF instruction: return SECCOMP_RET_ALLOW


def container_around() -> str:
    """Return what kind of container we run in, "" for none that can be seen."""
    if os.path.exists("/run/.containerenv"):
        return "Podman"
    # An image's file may outlive its container (a VM made from one), so look at the root too.
    if os.path.exists("/.dockerenv") and _root_is_overlay():
        return "Docker"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "Kubernetes"
    return os.environ.get("container", "")  # noqa: SIM112 - so named by systemd-nspawn and LXC


def _root_is_overlay() -> bool:
    return any(one.mount_point == "/" and one.fstype == "overlay" for one in mounts("self"))


def _outer_options(*options: str) -> str:
    return "\n".join(("start the container around us with:", *options))


def kernel() -> Finding:
    """The kernel's version, and the newer system calls it (or a filter around us) lets through."""
    name, title = os.uname(), "Linux kernel"
    around = container_around()
    detail = f"{name.release} on {name.machine}" + (f", inside {around}" if around else "")
    missing = [call for call, there in probe.has_calls().items() if not there]
    if probe.kernel_version() < LEAST_KERNEL:
        wanted = ".".join(map(str, LEAST_KERNEL))
        return Finding(
            "kernel", title, MISSING, detail,
            meaning=f"containers need Linux {wanted} or newer", lessons=CONTAINER_LESSONS,
            remedy="use a newer distribution (Debian 12, Ubuntu 22.04)", essential=True,
        )  # fmt: skip
    if missing:
        return Finding(
            "kernel", title, MISSING, f"{detail}; refused: {', '.join(missing)}",
            meaning="a filter around us hides system calls that containers are made with",
            lessons=CONTAINER_LESSONS, remedy=_outer_options("--security-opt seccomp=unconfined"),
            essential=True,
        )  # fmt: skip
    return Finding("kernel", title, OK, detail, essential=True)


def user_namespaces() -> Finding:
    """Become root in a user namespace and use that power."""

    def act() -> str:
        enter_lab()
        mount("doctor", "/tmp", "tmpfs")  # noqa: S108 - in our own mount namespace
        return "root inside without being root outside"

    tried = probe.try_in_child(act)
    return finding(
        tried, "userns", "User namespaces", meaning="no container can be made without root",
        lessons=CONTAINER_LESSONS, remedy=userns_remedy(tried.errno), essential=True,
    )  # fmt: skip


def userns_remedy(number: int) -> str:
    """Return what makes user namespaces possible, after they failed with errno ``number``."""
    if probe.sysctl("user.max_user_namespaces") == "0" or number == errno.ENOSPC:
        return "sudo sysctl -w user.max_user_namespaces=15000"
    if probe.sysctl("kernel.unprivileged_userns_clone") == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if probe.apparmor_restricts_userns():
        return _APPARMOR_OFF
    if container_around():
        return _outer_options(
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined"
        )
    if number in (errno.ENOSYS, errno.EINVAL):
        return "use a kernel built with CONFIG_USER_NS"
    return "leave the sandbox or chroot that this command runs in"


def apparmor(*, userns: bool) -> Finding:
    """Ubuntu's rule that takes the power out of user namespaces."""
    title = "AppArmor rule"
    if not probe.apparmor_restricts_userns():
        return Finding("apparmor", title, OK, "does not restrict user namespaces")
    if userns:
        return Finding("apparmor", title, OK, "restricts user namespaces, but not ours")
    return Finding(
        "apparmor", title, MISSING, "user namespaces get no capabilities",
        meaning="the namespace can be made, but not used (Ubuntu 23.10 and later)",
        lessons=CONTAINER_LESSONS, remedy=_APPARMOR_OFF,
    )  # fmt: skip


def id_ranges() -> Finding:
    """Map as many ids as the engine will."""
    title = "User id ranges"
    uid_map, gid_map = plan_maps(os.getuid(), os.getgid())
    total = sum(count for _, _, count in uid_map)
    user = os.environ.get("USER") or str(os.getuid())
    install = (
        "sudo apt-get install uidmap && sudo usermod --add-subuids 100000-165535"
        f" \\\n  --add-subgids 100000-165535 {user}"
    )
    if total > 1:
        everything = "all ids; root in containers has uid 0 of the machine, without its power"
        words = everything if os.getuid() == 0 else f"{total} ids by newuidmap and /etc/subuid"
        return finding(
            probe.try_in_child(lambda: _map_child(uid_map, gid_map) or words), "ids", title,
            meaning="the engine cannot map the ids that /etc/subuid grants",
            lessons=CONTAINER_LESSONS, remedy=install, essential=True,
        )  # fmt: skip
    return Finding(
        "ids", title, LIMITED, "one id only: root inside is you outside",
        meaning="files in containers cannot belong to a second user; owners in images are kept in"
        " the image's records only",
        lessons=["05", "06", "12"], remedy=install,
    )  # fmt: skip


def _map_child(uid_map: IdMap, gid_map: IdMap) -> str:
    """Give the ids to a child's new user namespace, as the engine does for its lab."""
    ready_in, ready_out = os.pipe()
    hold_in, hold_out = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hold_out)
            unshare(CLONE_NEWUSER)
            os.write(ready_out, b"!")
            os.read(hold_in, 1)
        finally:
            os._exit(0)
    os.close(ready_out)
    os.read(ready_in, 1)
    try:
        write_maps(child, uid_map, gid_map)
    finally:
        os.close(hold_out)
        os.waitpid(child, 0)
    return ""


def namespaces(*, userns: bool) -> Finding:
    """Make one of each of the other namespaces."""
    title = "Other namespaces"
    if not userns:
        return untried("namespaces", title, lessons=CONTAINER_LESSONS, essential=True)
    flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP

    def act() -> str:
        enter_lab(flags)
        return "pid, mnt, net, uts, ipc and cgroup can be new"

    return finding(
        probe.try_in_child(act), "namespaces", title, meaning="containers cannot be isolated",
        lessons=CONTAINER_LESSONS, essential=True,
        remedy="use a kernel with all namespaces, as every distribution builds it",
    )  # fmt: skip


def proc(*, userns: bool) -> Finding:
    """Mount a /proc for a new PID namespace, as every container gets one."""
    title = "A fresh /proc"
    if not userns:
        return untried("proc", title, lessons=CONTAINER_LESSONS, essential=True)
    tried = probe.can_mount_proc()
    if tried.ok:
        detail = "a container can have a /proc of its own"
        return Finding("proc", title, OK, detail, essential=True)
    remedy = _outer_options("--security-opt systempaths=unconfined")
    if container_around() == "Kubernetes":
        remedy = "set securityContext.procMount: Unmasked and hostUsers: false for the pod"
    return finding(
        tried, "proc", title,
        meaning="the /proc around us is partly covered, and then the kernel lets nobody mount one",
        lessons=CONTAINER_LESSONS, remedy=remedy, essential=True,
    )  # fmt: skip


def seccomp() -> Finding:
    """Load a filter of system calls (one that allows everything)."""

    def act() -> str:
        set_no_new_privs()
        load(_ALLOW)
        return "the system calls of a container can be filtered"

    return finding(
        probe.try_in_child(act), "seccomp", "System call filter",
        meaning="containers would run without Docker's default filter",
        lessons=CONTAINER_LESSONS, remedy="use a kernel built with CONFIG_SECCOMP_FILTER",
        essential=True,
    )  # fmt: skip
