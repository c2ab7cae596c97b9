"""Who the process runs as: names and numbers of the container's own /etc/passwd and /etc/group.

The host's users have no say here: ``--user www-data`` means whoever the image calls so.

See: passwd(5), group(5); moby/sys user.GetExecUser, whose messages these are.
"""

import errno
import os
import stat

from pyminidocker.runtime.sync import Refusal

_HIGHEST_ID = 2**31 - 1
_LARGEST_BYTES = 4 << 20  # what an image can make us read


class Identity:
    """A resolved user.

    Attributes:
        uid: user id inside the container.
        gid: group id inside the container.
        groups: supplementary group ids.
        home: home directory, ``/`` when nobody says otherwise.
    """

    __slots__ = ("gid", "groups", "home", "uid")

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def resolve(user: str, additional_groups: list[str], root: str = "") -> Identity:
    """Look up a user specification.

    Args:
        user: ``name``, ``uid``, ``uid:gid``, ``name:group``; empty is root.
        additional_groups: group names or numbers.
        root: where the container's /etc is, for a process that is not inside.

    Raises:
        Refusal: no such user or group, or a number out of range.

    See: passwd(5), group(5).
    """
    user_part, _, group_part = user.partition(":")
    users = _rows(f"{root}/etc/passwd", 7)
    groups = _rows(f"{root}/etc/group", 4)
    row = _find(users, user_part or "0")
    if row is not None:
        name, uid, gid, home = row[0], int(row[2]), int(row[3]), row[5] or "/"
    else:
        name, uid, gid, home = "", _number(user_part or "0", "user", "passwd"), 0, "/"
    members: list[int] = []
    if group_part:
        found = _find(groups, group_part)
        gid = int(found[2]) if found else _number(group_part, "group", "group")
    elif name:
        members = [int(line[2]) for line in groups if name in line[3].split(",")]
    # The primary group is among them, so that dropping it cannot be a way to gain access to files
    # that deny it (CVE-2022-36109).
    supplementary = [gid, *members]
    for wanted in additional_groups:
        found = _find(groups, wanted)
        supplementary.append(int(found[2]) if found else _number(wanted, "group", "group"))
    return Identity(uid, gid, list(dict.fromkeys(supplementary)), home)


def _find(rows: list[list[str]], wanted: str) -> list[str] | None:
    """Return the first row with this name, else the first with this number."""
    for column in (0, 2):
        for row in rows:
            if row[column] == wanted:
                return row
    return None


def _number(text: str, kind: str, file: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refusal(f"unable to find {kind} {text}: no matching entries in {file} file", 0, text)
    number = int(text)
    if number > _HIGHEST_ID:
        raise Refusal("uids and gids must be in range 0-2147483647", errno.EINVAL, text)
    return number


def _rows(path: str, columns: int) -> list[list[str]]:
    """Read a colon-separated table; broken lines and missing files count as empty."""
    try:
        # An image may hold anything under this name: a FIFO must not make us wait for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return []
    try:
        info = os.fstat(fd)
        data = os.read(fd, min(info.st_size, _LARGEST_BYTES)) if stat.S_ISREG(info.st_mode) else b""
    finally:
        os.close(fd)
    rows = [line.split(":") for line in data.decode("utf-8", "surrogateescape").split("\n")]
    return [
        row
        for row in rows
        if len(row) >= columns and row[2].isdigit() and (columns < 7 or row[3].isdigit())
    ]
