"""Lesson 12: security."""

from __future__ import annotations

import os
from typing import Any


def whose_root(box: Any) -> int:
    """The machine shows each process as a directory, and a directory has an owner."""
    return os.stat(f"/proc/{box.pid}").st_uid  # noqa: PTH116 - as the lesson says it


def first_walls() -> dict[str, str]:
    """The first green cell of each row."""
    return {
        "host-path": "none",
        "interface-down": "capabilities",
        "user-namespace": "default",
        "packet-socket": "dropped",
        "call-home": "strict",
    }


def no_modes() -> dict[str, Any]:
    """Everything is allowed, but for the four calls that change a mode."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["chmod", "fchmod", "fchmodat", "fchmodat2"], "action": "SCMP_ACT_ERRNO"}
        ],
    }


def run_with_least(engine: Any, port: int) -> None:
    """No capability, no way to gain one, and nothing to write to but the volume."""
    engine.run(
        "friendly_docker",
        name="shop",
        ports=[f"{port}:80"],
        volumes=["shop:/data"],
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        read_only=True,
        detach=True,
        fresh=True,
    )


def repair_gate(engine: Any) -> None:
    """The colleague's options, and the one capability that chroot(2) asks for."""
    engine.run(
        "busybox",
        ["chroot", "/", "httpd", "-f", "-p", "80", "-h", "/etc"],
        name="gate",
        cap_drop=["ALL"],
        cap_add=["SYS_CHROOT"],
        security_opt=["no-new-privileges"],
        read_only=True,
        detach=True,
        fresh=True,
    )
