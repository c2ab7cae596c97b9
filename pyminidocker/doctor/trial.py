"""From a try to a finding.

``kernel.probe`` tries things in child processes, so that nothing of them stays.  Most tries need
the power of root inside a user namespace; where there is none, they are not made.

See: fork(2), user_namespaces(7).
"""

from __future__ import annotations

import os

from pyminidocker.doctor.findings import MISSING, OK, Finding
from pyminidocker.kernel.constants import CLONE_NEWNS, CLONE_NEWUSER
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.mount import make_private
from pyminidocker.kernel.namespaces import unshare
from pyminidocker.kernel.probe import Probe


def finding(
    probe: Probe,
    name: str,
    title: str,
    *,
    meaning: str,
    lessons: list[str],
    remedy: str,
    essential: bool = False,
    otherwise: str = MISSING,
) -> Finding:
    """Return a probe as a finding; what is said is for the case that it did not work.

    Args:
        probe: what the try came to.
        name: as in ``Finding``.
        title: as in ``Finding``.
        meaning: what follows from a failure.
        lessons: which lessons a failure touches.
        remedy: what helps.
        essential: no container can run without it.
        otherwise: the verdict when it did not work.
    """
    if probe.ok:
        return Finding(name, title, OK, probe.detail, essential=essential)
    return Finding(
        name, title, otherwise, probe.detail, meaning=meaning, lessons=lessons, remedy=remedy,
        essential=essential,
    )  # fmt: skip


def untried(name: str, title: str, *, lessons: list[str], essential: bool = False) -> Finding:
    """Return the finding of what cannot be tried because there are no user namespaces."""
    detail = "not tried: that needs user namespaces"
    return Finding(name, title, MISSING, detail, lessons=lessons, essential=essential)


def enter_lab(flags: int = 0) -> None:
    """Become root in new user and mount namespaces (and those of ``flags``).  In a child only.

    Raises:
        SyscallError: the host forbids it.

    See: user_namespaces(7).
    """
    uid, gid = os.getuid(), os.getgid()  # afterwards both are 65534
    unshare(CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"), ("uid_map", f"0 {uid} 1\n"), ("gid_map", f"0 {gid} 1\n"),
    ):  # fmt: skip
        path = f"/proc/self/{name}"
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise SyscallError("write", error.errno or 0, path) from error
    unshare(CLONE_NEWNS | flags)
    make_private("/")


def read_text(path: str) -> str:
    """Return the text of a small file, stripped; "" when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
