"""Run a command where the host grants less: a small disk, a kind of namespace switched off.

Usage: python -m tests.support.small_world [--disk DIR BYTES] [--without KIND]... COMMAND...
DIR gets a tmpfs of BYTES, in a mount namespace of the command's own; KIND is user, mnt, pid, net...
and gets the limit 0 in a user namespace of the command's own.

See: namespaces(7) "/proc/sys/user"; tmpfs(5).
"""

import os
import subprocess
import sys
from pathlib import Path

from pyminidocker.kernel.constants import CLONE_NEWNS, CLONE_NEWUSER
from pyminidocker.kernel.mount import make_private, mount
from pyminidocker.kernel.namespaces import unshare

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60


def in_small_world(
    *command: str, disk: tuple[str, int] | None = None, without: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with less and return what came of it; output as text.

    Args:
        command: what to run.
        disk: a directory that becomes a file system of so many bytes.
        without: a kind of namespace that nobody may make.
        environment: on top of ours.
    """
    words = [sys.executable, "-m", "tests.support.small_world"]
    if disk:
        words += ["--disk", disk[0], str(disk[1])]
    if without:
        words += ["--without", without]
    return subprocess.run(
        [*words, *command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
    )


def _enter(*, needs_user_namespace: bool) -> None:
    uid, gid = os.getuid(), os.getgid()
    if uid or needs_user_namespace:
        unshare(CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    else:
        unshare(CLONE_NEWNS)
    make_private()


def main() -> None:
    """Make the small world and become the command."""
    words, disks, kinds = sys.argv[1:], [], []
    while words[0].startswith("--"):
        if words[0] == "--disk":
            disks.append((words[1], words[2]))
            words = words[3:]
        else:
            kinds.append(words[1])
            words = words[2:]
    _enter(needs_user_namespace=bool(kinds))
    for directory, size in disks:
        mount("tmpfs", directory, "tmpfs", 0, f"size={size},mode=700")
    for kind in kinds:
        Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")
    os.execvp(words[0], words)


if __name__ == "__main__":
    main()
