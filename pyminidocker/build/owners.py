"""``--chown`` and ``--chmod``: who the files belong to, and what may be done with them.

Names are looked up in the image's own /etc/passwd and /etc/group, never in the machine's.

See: Dockerfile reference, COPY --chown --chmod; BuildKit solver/llbsolver/file/user_linux.go;
chmod(1) for symbolic modes; passwd(5), group(5).
"""

import re

from pyminidocker.build.tree import FILE, Tree, resolve
from pyminidocker.errors import InvalidArgument

_ID_MAX = 2**32 - 2  # chown(2): -1 means "leave it"
_DATABASE_MAX = 1 << 20
_CLAUSE = re.compile(r"(?P<who>[ugoa]*)(?P<actions>([-+=]([rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*(?![ugo])|[ugo])")
_OCTAL = re.compile(r"[0-7]{1,4}|0o?[0-7]{1,4}")
_SHIFT = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}


def parse_owner(text: str, root: Tree | None) -> tuple[int, int]:
    """Return (uid, gid) for ``user[:group]``.

    A user's name alone brings its primary group, a number alone the group of that number.

    Args:
        text: names or numbers.
        root: the image; None when it must not be looked into (``--link`` with nothing below).

    Raises:
        InvalidArgument: malformed, or no such user or group; the hint has those that are there.

    See: passwd(5), group(5).
    """
    user, colon, group = text.partition(":")
    if not user or (colon and not group) or ":" in group:
        raise InvalidArgument(
            f"invalid chown string format: {text}",
            hint="write --chown=user:group, names or numbers",
        )
    if (uid := _number(user)) is not None:
        gid = uid
    else:
        uid, gid = _find(root, "/etc/passwd", user, "user")
    if group:
        number = _number(group)
        gid = number if number is not None else _find(root, "/etc/group", group, "group")[0]
    return uid, gid


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    number = int(text) if len(text) < 12 else _ID_MAX + 1
    if number > _ID_MAX:
        raise InvalidArgument(f"invalid chown string format: {text} is larger than any user id")
    return number


def _find(root: Tree | None, path: str, name: str, kind: str) -> tuple[int, int]:
    """Return (id, primary group) of a name in /etc/passwd or (id, 0) in /etc/group."""
    rows = _rows(root, path)
    for row in rows:
        if row[0] == name and len(row) > 2 and (number := _number(row[2])) is not None:
            primary = _number(row[3]) if kind == "user" and len(row) > 3 else 0
            return number, primary or 0
    names = ", ".join(row[0] for row in rows if row[0])[:200]
    raise InvalidArgument(
        f"unable to convert uid/gid chown string to host mapping: no such {kind}: {name}",
        hint=f"{path} of the image has {names}"
        if names
        else f"the image has no {path}; use a number, e.g. --chown=1000:1000",
    )


def _rows(root: Tree | None, path: str) -> list[list[str]]:
    if root is None:
        return []
    node = resolve(root, path)
    if node is None or node.kind != FILE or node.size > _DATABASE_MAX:
        return []
    text = b"".join(root.chunks(node)).decode(errors="replace")
    return [line.split(":") for line in text.splitlines() if not line.startswith("#")]


class Mode:
    """A parsed ``--chmod``.

    Args:
        text: octal (``755``, ``0644``, ``4755``) or symbolic (``u=rwX,go=rX``, ``+x``).

    Raises:
        InvalidArgument: neither.

    See: chmod(1).
    """

    def __init__(self, text: str) -> None:
        self._octal: int | None = None
        self._clauses: list[tuple[str, str, str]] = []
        if _OCTAL.fullmatch(text):
            self._octal = int(text.removeprefix("0o"), 8)
            return
        for clause in text.split(","):
            match = _CLAUSE.fullmatch(clause)
            if match is None:
                raise InvalidArgument(
                    f'invalid chmod parameter: "{text}". it should be octal string and between 0'
                    " and 07777",
                    hint="for example --chmod=755 or --chmod=u=rwX,go=rX",
                )
            for sign, rights in _ACTION.findall(match["actions"]):
                self._clauses.append((match["who"] or "a", sign, rights))

    def apply(self, mode: int, *, is_directory: bool) -> int:
        """Return the permission bits that ``mode`` becomes.

        See: chmod(1), "X: execute only if the file is a directory or already has it".
        """
        if self._octal is not None:
            return self._octal
        for who, sign, rights in self._clauses:
            mode = _applied(mode, who.replace("a", "ugo"), sign, rights, is_directory)
        return mode


def _applied(mode: int, who: str, sign: str, rights: str, is_directory: bool) -> int:
    bits = touched = 0
    for person in who:
        shift = _SHIFT[person]
        touched |= 7 << shift
        if rights in _SHIFT:
            bits |= (mode >> _SHIFT[rights] & 7) << shift
            continue
        for letter in rights:
            if letter == "X":
                bits |= (1 << shift) if is_directory or mode & 0o111 else 0
            elif letter in _BITS:
                bits |= _BITS[letter] << shift
            elif letter == "s":
                bits |= {"u": 0o4000, "g": 0o2000, "o": 0}[person]
            elif letter == "t" and person == "o":
                bits |= 0o1000
        touched |= {"u": 0o4000, "g": 0o2000, "o": 0o1000}[person]
    if sign == "+":
        return mode | bits
    if sign == "-":
        return mode & ~bits
    return mode & ~touched | bits
