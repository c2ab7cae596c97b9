"""User namespaces: being root over something without being root.

A new user namespace starts with no users at all; writing /proc/<pid>/uid_map and gid_map, once,
says which ids inside stand for which outside.  An ordinary user may map exactly one id, their own.
More need the setuid helper newuidmap, which looks up in /etc/subuid what the administrator has
granted; root may map everything.

See: user_namespaces(7), newuidmap(1), subuid(5).
"""

import errno
import os

from pyminidocker.kernel.libc import SyscallError

IdMap = list[tuple[int, int, int]]  # (first id inside, first id outside, count)


def plan_maps(uid: int, gid: int, *, use_ranges: bool = True) -> tuple[IdMap, IdMap]:
    """Decide which ids the lab gets for an owner with these ids.

    Args:
        uid: the owner's user id on the real host.
        gid: the owner's group id.
        use_ranges: take more than one id where the host grants more.

    Returns:
        (uid map, gid map): everything for root; root plus the granted range when newuidmap and
        /etc/subuid allow it; else one id each.

    See: user_namespaces(7) "User and group ID mappings", subuid(5).
    """
    if not use_ranges:
        return [(0, uid, 1)], [(0, gid, 1)]
    if uid == 0:
        return _identity("uid_map"), _identity("gid_map")
    uids = granted_range("/etc/subuid", uid)
    gids = granted_range("/etc/subgid", uid)
    if uids and gids and find_helper("newuidmap") and find_helper("newgidmap"):
        return [(0, uid, 1), (1, *uids)], [(0, gid, 1), (1, *gids)]
    return [(0, uid, 1)], [(0, gid, 1)]


def _identity(kind: str) -> IdMap:
    """Map every id we have onto itself (all of them, except for root in a container)."""
    return [(inside, inside, count) for inside, _, count in read_map("self", kind)]


def granted_range(path: str, uid: int) -> tuple[int, int] | None:
    """Return (first, count) of the largest range ``path`` grants to a user, or None.

    Args:
        path: /etc/subuid or /etc/subgid.
        uid: the user, who may stand there by number or by name.

    See: subuid(5).
    """
    names = {str(uid)}
    for line in _lines("/etc/passwd"):
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(uid):
            names.add(fields[0])
    best: tuple[int, int] | None = None
    for line in _lines(path):
        fields = line.split(":")
        if len(fields) == 3 and fields[0] in names and fields[1].isdigit() and fields[2].isdigit():
            candidate = int(fields[1]), int(fields[2])
            if best is None or candidate[1] > best[1]:
                best = candidate
    return best


def find_helper(program: str) -> str:
    """Return the path of a setuid helper, or an empty string.

    See: newuidmap(1).
    """
    for directory in os.environ.get("PATH", os.defpath).split(":"):
        path = f"{directory}/{program}"
        if os.access(path, os.X_OK):
            return path
    return ""


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def read_map(pid: int | str, kind: str = "uid_map") -> IdMap:
    """Return a process' id map as its owner sees it.

    Args:
        pid: a pid of our /proc, or ``"self"``.
        kind: ``uid_map`` or ``gid_map``.

    Raises:
        SyscallError: ENOENT.

    See: user_namespaces(7).
    """
    path = f"/proc/{pid}/{kind}"
    try:
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError as error:
        raise SyscallError("open", error.errno or 0, path) from error
    return [(int(inside), int(outside), int(count)) for inside, outside, count in rows]


def write_maps(pid: int, uid_map: IdMap, gid_map: IdMap) -> None:
    """Give the new user namespace of process ``pid`` its ids.  Called from outside of it.

    Args:
        pid: a process that has just called unshare(CLONE_NEWUSER).
        uid_map: from ``plan_maps``.
        gid_map: from ``plan_maps``.

    Raises:
        SyscallError: EPERM (an id is not ours to map, or a map was written before).

    See: user_namespaces(7) "Defining user and group ID mappings", newuidmap(1).
    """
    if os.geteuid() != 0 and (len(uid_map) > 1 or len(gid_map) > 1):
        _run_helper("newuidmap", pid, uid_map)
        _run_helper("newgidmap", pid, gid_map)
        return
    if os.geteuid() != 0:
        # Without this an ordinary user could drop a group that denies access to a file.
        _write(f"/proc/{pid}/setgroups", "deny")
    _write(f"/proc/{pid}/uid_map", _text(uid_map))
    _write(f"/proc/{pid}/gid_map", _text(gid_map))


def write_single_ids(pid: int, uid: int, gid: int) -> None:
    """Map one user and one group, where nothing has been mapped yet: after the helpers failed.

    Args:
        pid: a process that has just called unshare(CLONE_NEWUSER).
        uid: the owner's user id outside, root inside.
        gid: the owner's group id.

    Raises:
        SyscallError: EPERM.

    See: user_namespaces(7).
    """
    if not read_map(pid, "uid_map"):
        _write(f"/proc/{pid}/uid_map", _text([(0, uid, 1)]))
    if not read_map(pid, "gid_map"):
        _write(f"/proc/{pid}/setgroups", "deny")
        _write(f"/proc/{pid}/gid_map", _text([(0, gid, 1)]))


def _text(id_map: IdMap) -> str:
    return "".join(f"{inside} {outside} {count}\n" for inside, outside, count in id_map)


def _write(path: str, text: str) -> None:
    try:
        # One write(2): the kernel takes a map whole or not at all.
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, path) from error


def _run_helper(program: str, pid: int, id_map: IdMap) -> None:
    import subprocess  # the zygote is a fork of our importer: what is not needed stays out

    words = [str(number) for row in id_map for number in row]
    result = subprocess.run(
        [program, str(pid), *words], capture_output=True, text=True, check=False, timeout=10
    )
    if result.returncode != 0:
        said = result.stderr.strip() or f"exit code {result.returncode}"
        raise SyscallError(
            program, errno.EPERM, f"/proc/{pid}", f"{said}; check /etc/subuid and /etc/subgid"
        )
