"""What holds a container's processes: found out from inside, by trying.

See: namespaces(7), capabilities(7), seccomp(2), user_namespaces(7).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pyminidocker.client.table import html_table

Rows = list[tuple[int, int, int]]
_ALL_CAPABILITIES = 41


@dataclass(frozen=True, repr=False)
class Confinement:
    """The report on one container, or on the process that asked.

    Attributes:
        namespaces: kind -> inode number.
        own_namespaces: the kinds that are not the engine's (the lab's) own.
        capabilities: name of the set (``effective``, ``bounding``...) -> capability names.
        seccomp: ``disabled``, ``strict`` or ``filtering``.
        denied: system call -> the error it was refused with: EPERM, ENOSYS, or ``killed``.
        tried: how many system calls were tried.
        untried: calls that were not tried, because they would do what they are for.
        uid_map: rows (inside, outside, count); outside is the machine's.
        gid_map: the same for groups.
        lsm: AppArmor's or SELinux' label, "" for none.
        masked: paths that are covered.
        read_only: paths that are mounted read-only.
        cgroup: the lines of /proc/self/cgroup.
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
    uid_map: Rows
    gid_map: Rows
    lsm: str
    masked: list[str]
    read_only: list[str]
    cgroup: list[str]
    no_new_privileges: bool
    root_is_machine_root: bool

    @classmethod
    def of(cls, document: dict[str, Any]) -> Confinement:
        """Return the report the engine sent."""
        values = {field.name: document[_pascal(field.name)] for field in fields(cls)}
        for name in ("uid_map", "gid_map"):
            values[name] = [tuple(row) for row in values[name]]
        return cls(**values)

    @classmethod
    def here(cls) -> Confinement:
        """Return the report on the process that asks."""
        from pyminidocker.kernel import confinement

        found = confinement.report()
        root = any(inside == outside == 0 for inside, outside, _ in found["uid_map"])
        return cls(own_namespaces=[], root_is_machine_root=root, **found)

    def document(self) -> dict[str, Any]:
        """Return the report as the API has it."""
        return {_pascal(field.name): getattr(self, field.name) for field in fields(self)}

    def rows(self) -> list[list[str]]:
        """Return the report as (what, found), for people."""
        effective = self.capabilities["effective"]
        outside = "the machine's root" if self.root_is_machine_root else self._outside()
        how = dict.fromkeys(("EPERM", "ENOSYS", "killed"), 0)
        for error in self.denied.values():
            how[error] += 1
        refused = ", ".join(f"{count} {error}" for error, count in how.items() if count)
        own = ", ".join(self.own_namespaces)
        shared = ", ".join(kind for kind in self.namespaces if kind not in self.own_namespaces)
        return [
            ["namespaces of its own", own or "none"],
            ["shared with the engine", shared or "none"],
            ["user ids", "; ".join(f"{a} is {b}, {n} of them" for a, b, n in self.uid_map)],
            ["root inside is", outside],
            ["capabilities", f"{len(effective)} of {_ALL_CAPABILITIES}: {_short(effective)}"],
            ["may be gained by execve", _gain(self.capabilities, nnp=self.no_new_privileges)],
            ["no_new_privs", "yes" if self.no_new_privileges else "no"],
            ["seccomp", self.seccomp],
            ["system calls refused",
                f"{len(self.denied)} of {self.tried} tried ({refused or 'none'})"],
            ["covered paths", " ".join(self.masked) or "none"],
            ["read-only paths", " ".join(self.read_only) or "none"],
            ["security module", self.lsm or "none"],
            ["cgroup", " ".join(dict.fromkeys(line.rpartition(":")[2] for line in self.cgroup))],
        ]  # fmt: skip

    def _outside(self) -> str:
        for inside, outside, _ in self.uid_map:
            if inside == 0:
                return f"uid {outside} of the machine"
        return "nobody"

    def __repr__(self) -> str:
        rows = self.rows()
        width = max(len(what) for what, _ in rows)
        return "\n".join(f"{what.ljust(width)}  {found}" for what, found in rows)

    def _repr_html_(self) -> str:
        return html_table(["confinement", ""], self.rows())


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _short(names: list[str]) -> str:
    if not names:
        return "none"
    return " ".join(name.removeprefix("CAP_").lower() for name in names)


def _gain(sets: dict[str, list[str]], *, nnp: bool) -> str:
    more = [name for name in sets["bounding"] if name not in sets["effective"]]
    return "nothing" if nnp or not more else _short(more)
