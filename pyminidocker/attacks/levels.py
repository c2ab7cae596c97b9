"""Five levels of hardening, from next to nothing to as strict as it gets.

All five are containers of the engine, inside the lab's user namespace: even the first has no power
over the machine, only over the lab.

See: docker run --help; docs/decisions/0022-hardening.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Level:
    """One level.

    Attributes:
        name: short, as ``levels`` are asked for by.
        title: for a table's head.
        options: for ``engine.run``.
        flags: the same for ``docker run``.
        adds: what it has more than the level before.
    """

    name: str
    title: str
    options: Mapping[str, Any]
    flags: str
    adds: str


LEVELS = (
    Level(
        "none",
        "No hardening",
        {"privileged": True, "security_opt": ["seccomp=unconfined"]},
        "--privileged --security-opt seccomp=unconfined",
        "namespaces only: its own processes, mounts, network, names and users",
    ),
    Level(
        "capabilities",
        "+ capabilities",
        {"security_opt": ["seccomp=unconfined"]},
        "--security-opt seccomp=unconfined",
        "14 of 41 capabilities, covered and read-only paths in /proc and /sys",
    ),
    Level(
        "default",
        "+ seccomp (Docker's default)",
        {},
        "(no option)",
        "a filter that refuses some hundred system calls",
    ),
    Level(
        "dropped",
        "+ no capabilities",
        {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]},
        "--cap-drop ALL --security-opt no-new-privileges",
        "no capability at all, and no way to gain one by execve",
    ),
    Level(
        "strict",
        "+ read-only (no network)",
        {
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "read_only": True,
            "network": "none",
            "user": "65534:65534",
        },
        "--cap-drop ALL --security-opt no-new-privileges --read-only --network none"
        " --user 65534:65534",
        "a root file system that cannot be written, no network, not even root's name",
    ),
)


def level(name: str) -> Level:
    """Return the level of this name.

    Raises:
        KeyError: there is none.
    """
    for one in LEVELS:
        if one.name == name:
            return one
    raise KeyError(name)
