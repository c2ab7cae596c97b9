"""What this host allows, found out by trying it.

Version numbers and config files promise; only a try tells whether a sandbox around us, AppArmor or
a sysctl says otherwise.  Every try that changes the process happens in a forked child, which ends
with it: nothing is left behind.

See: user_namespaces(7), overlayfs.rst, cgroups(7), sysctl/user.rst in the kernel's documentation.
"""

import errno
import os
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from pyminidocker.kernel import libc, mount, mount_api, namespaces, userns
from pyminidocker.kernel.constants import (
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    NR_clone3,
    NR_close_range,
    NR_mount_setattr,
    NR_openat2,
)
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.namespaces import NAMESPACES


class Probe(NamedTuple):
    """The result of a try.

    Attributes:
        ok: it works.
        detail: the error in one line, or what was found.
        errno: the error number, 0 when it works.
        hint: why this usually happens and what helps; may be empty.
    """

    ok: bool
    detail: str = ""
    errno: int = 0
    hint: str = ""

    def __bool__(self) -> bool:
        return self.ok


def try_in_child(action: Callable[[], object]) -> Probe:
    """Run ``action`` in a forked child and report how it went.

    Args:
        action: raises OSError to say no; what it returns, as text, becomes the detail.

    See: fork(2).
    """
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        fields = ["1", "0", "", ""]
        try:
            fields[3] = str(action() or "")
        except SyscallError as error:
            fields = ["", str(error.errno), error.hint, str(error)]
        except OSError as error:
            fields = ["", str(error.errno or 0), "", str(error)]
        except BaseException as error:  # noqa: BLE001 - a fork must never return to the caller
            fields = ["", "0", "", repr(error)]
        finally:
            os.write(write_fd, "\0".join(fields).encode()[:60_000])
            os._exit(0)
    os.close(write_fd)
    with open(read_fd, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    ok, number, hint, detail = answer.split("\0", 3) if answer else ("", "0", "", "the try died")
    return Probe(bool(ok), detail, int(number), hint)


def _enter_userns() -> None:
    """Become root of a new user namespace of one id: what any user may do, if at all."""
    uid, gid = os.getuid(), os.getgid()
    namespaces.unshare(CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        hint = (
            "the namespace was made but gives no power: AppArmor restricts unprivileged user "
            "namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile)"
        )
        raise SyscallError("write", error.errno or 0, path, hint) from error
    finally:
        os.close(fd)


def can_userns() -> Probe:
    """Try to become root of a new user namespace.

    See: user_namespaces(7).
    """
    return try_in_child(_enter_userns)


def can_unshare(kind: str) -> Probe:
    """Try to make a namespace of one type inside a new user namespace.

    Args:
        kind: OCI's type name: ``mount``, ``pid``, ``network``, ``uts``, ``ipc``, ``cgroup``,
            ``time``.

    See: namespaces(7).
    """

    def action() -> None:
        _enter_userns()
        namespaces.unshare(NAMESPACES[kind][0])

    return try_in_child(action)


def can_overlay(directory: str, *, by_steps: bool = False) -> Probe:
    """Try to mount an overlay whose layers are below ``directory``, as containers will.

    Args:
        directory: writable; files made in it are removed.
        by_steps: by the newer calls with ``lowerdir+`` (Linux 6.5), which take hundreds of layers.

    See: overlayfs.rst "User xattr".
    """

    def action() -> None:
        _enter_userns()
        namespaces.unshare(CLONE_NEWNS)
        mount.make_private("/")
        data = f"lowerdir={top}/lower,upperdir={top}/upper,workdir={top}/work,userxattr"
        if by_steps:
            fs_fd = mount_api.fsopen("overlay")
            mount_api.fsconfig(fs_fd, "userxattr")
            mount_api.fsconfig(fs_fd, "lowerdir+", f"{top}/lower")
            mount_api.fsconfig(fs_fd, "upperdir", f"{top}/upper")
            mount_api.fsconfig(fs_fd, "workdir", f"{top}/work")
            os.close(mount_api.fsmount(fs_fd))
        else:
            mount.mount("overlay", f"{top}/merged", "overlay", 0, data)
            with open(f"{top}/merged/written", "wb"):
                pass

    top = tempfile.mkdtemp(prefix="overlay-try-", dir=directory)
    names = ("lower", "upper", "work", "merged")
    try:
        for name in names:
            os.mkdir(f"{top}/{name}")
        return try_in_child(action)
    finally:
        if os.path.exists(f"{top}/upper/written"):
            os.unlink(f"{top}/upper/written")
        if os.path.isdir(f"{top}/work/work"):
            os.chmod(f"{top}/work/work", 0o700)  # overlayfs makes it 0000
            os.rmdir(f"{top}/work/work")
        for name in names:
            os.rmdir(f"{top}/{name}")
        os.rmdir(top)


def can_mount_proc() -> Probe:
    """Try to mount a fresh /proc in a new pid namespace: refused when ours is partly covered.

    See: mount_namespaces(7); "mnt_already_visible" in the kernel's fs/namespace.c.
    """

    def action() -> str:
        _enter_userns()
        namespaces.unshare(CLONE_NEWNS | CLONE_NEWPID)
        mount.make_private("/")
        inner = try_in_child(lambda: mount.mount("proc", "/proc", "proc"))
        if not inner:
            raise SyscallError("mount", inner.errno, "/proc", inner.hint)
        return ""

    return try_in_child(action)


def has_calls() -> dict[str, bool]:
    """Tell which of the newer system calls this kernel (and every filter around us) lets through.

    Returns:
        ``{"clone3": True, "openat2": ..., "close_range": ..., "mount_setattr": ...}``

    See: syscalls(2).
    """
    found = {}
    for name, number in (
        ("clone3", NR_clone3),
        ("openat2", NR_openat2),
        ("close_range", NR_close_range),
        ("mount_setattr", NR_mount_setattr),
    ):
        try:
            # Arguments no kernel accepts: EINVAL or the like says that the call is there.
            libc.syscall(name, number, 0xFFFFFFFF, None, 0, 0, 0)
        except SyscallError as error:
            found[name] = error.errno != errno.ENOSYS
        else:
            found[name] = True
    return found


def kernel_version() -> tuple[int, int]:
    """Return the running kernel's (major, minor).

    See: uname(2).
    """
    digits = os.uname().release.replace("-", ".").split(".")
    return int(digits[0]), int(digits[1])


def sysctl(name: str) -> str | None:
    """Return a kernel setting, or None when this kernel has none of that name.

    Args:
        name: with dots, e.g. ``user.max_user_namespaces``.

    See: sysctl(8).
    """
    try:
        with open(f"/proc/sys/{name.replace('.', '/')}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def apparmor_restricts_userns() -> bool:
    """Tell whether AppArmor takes the power out of unprivileged user namespaces (Ubuntu 23.10+).

    See: Ubuntu's "Restricted unprivileged user namespaces".
    """
    return sysctl("kernel.apparmor_restrict_unprivileged_userns") == "1"


class SubordinateIds(NamedTuple):
    """What /etc/subuid and /etc/subgid grant a user.

    Attributes:
        uids: (first, count), or None.
        gids: (first, count), or None.
        helpers: newuidmap and newgidmap are installed.
    """

    uids: tuple[int, int] | None
    gids: tuple[int, int] | None
    helpers: bool

    @property
    def usable(self) -> bool:
        """All three are there."""
        return self.uids is not None and self.gids is not None and self.helpers


def subordinate_ids(uid: int | None = None) -> SubordinateIds:
    """Return what is granted to a user, by default the caller.

    See: subuid(5), newuidmap(1).
    """
    uid = os.getuid() if uid is None else uid
    helpers = userns.find_helper("newuidmap") and userns.find_helper("newgidmap")
    return SubordinateIds(
        userns.granted_range("/etc/subuid", uid),
        userns.granted_range("/etc/subgid", uid),
        bool(helpers),
    )


def can_open_kvm() -> Probe:
    """Try to open /dev/kvm for reading and writing.

    See: kernel Documentation/virt/kvm/api.rst.
    """
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        hints = {
            errno.ENOENT: "no hardware virtualization here (often so inside a virtual machine)",
            errno.EACCES: "join the group that owns /dev/kvm: sudo usermod -aG kvm $USER",
        }
        number = error.errno or 0
        return Probe(False, str(error), number, hints.get(number, ""))
    return Probe(True, "/dev/kvm opens")
