"""What holds a container's processes: found out from inside, by trying.

See: amicontained; namespaces(7), capabilities(7), seccomp(2), user_namespaces(7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Confinement:
    """The report on one container, or on the process that asked.

    Attributes:
        namespaces: kind -> inode number.
        own_namespaces: the kinds that are not the engine's (the lab's) own.
        capabilities: name of the set (``effective``, ``bounding``...) -> capability names.
        seccomp: ``disabled``, ``strict`` or ``filtering``.
        denied: system call -> the error it was refused with (EPERM or ENOSYS).
        tried: how many system calls were tried.
        untried: calls that were not tried, because they would change something.
        uid_map: rows (inside, outside, count); outside is the lab's.
        gid_map: the same for groups.
        lsm: AppArmor or SELinux label, "" for none.
        masked: paths that are covered.
        read_only: paths that are mounted read-only.
        cgroup: the path in /proc/self/cgroup, one per line.
        no_new_privileges: the flag.
        root_is_machine_root: root in there has the machine's uid 0, without its power.
    """

    namespaces: dict[str, int]
    own_namespaces: list[str]
    capabilities: dict[str, list[str]]
    seccomp: str
    denied: dict[str, str]
    tried: int
    untried: list[str]
    uid_map: list[tuple[int, int, int]]
    gid_map: list[tuple[int, int, int]]
    lsm: str
    masked: list[str]
    read_only: list[str]
    cgroup: list[str]
    no_new_privileges: bool
    root_is_machine_root: bool

    @classmethod
    def of(cls, document: dict[str, Any]) -> Confinement:
        """Return the report the engine sent."""
        return cls(
            **{
                **document,
                "uid_map": [tuple(row) for row in document["uid_map"]],
                "gid_map": [tuple(row) for row in document["gid_map"]],
            }
        )
