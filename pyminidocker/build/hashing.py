"""What the build cache knows of a file: one line for each path, made to be compared and explained.

    file 0644 0:0 sha256:9f86d0...
    directory 0755 0:0
    link 0:0 -> ../lib

Times do not count, as with BuildKit: a fresh checkout of the same sources hits the cache.  Mode,
owner, link target and extended attributes do.

See: BuildKit cache/contenthash/tarsum.go.
"""

from collections.abc import Mapping

from pyminidocker.build.tree import BLOCK, CHARACTER, FILE, LINK, Node, Tree
from pyminidocker.oci.digest import sha256_hasher


def describe(tree: Tree, node: Node, owner: tuple[int, int] | None = None) -> str:
    """Return the line for a node.

    Args:
        tree: where it is.
        node: what it is.
        owner: (uid, gid) that it gets when copied; None for its own.
    """
    uid, gid = owner if owner is not None else (node.uid, node.gid)
    mode = "" if node.kind == LINK else f" {node.mode:04o}"
    line = f"{node.kind.split()[0]}{mode} {uid}:{gid}"
    if node.kind == FILE:
        line += f" {tree.content_digest(node)}"
        if xattrs := tree.xattrs(node):
            hasher = sha256_hasher()
            for name, value in sorted(xattrs.items()):
                hasher.update(f"{printable(name)}\0{len(value)}\0".encode() + value)
            line += f" xattrs {hasher.hexdigest()[:16]}"
    elif node.kind == LINK:
        line += f" -> {printable(node.target)}"
    elif node.kind in (CHARACTER, BLOCK):
        line += f" {node.device:#x}"
    return line


def combine(files: Mapping[str, str]) -> str:
    """Return one digest over all lines; paths are ``printable``.

    See: FIPS 180-4 for SHA-256.
    """
    hasher = sha256_hasher()
    for path, line in sorted(files.items()):
        hasher.update(f"{path}\0{line}\0".encode())
    return f"sha256:{hasher.hexdigest()}"


def printable(path: str) -> str:
    """Return a path as valid Unicode: names on disk are bytes, records of the cache are JSON."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def differences(before: Mapping[str, str], after: Mapping[str, str], limit: int = 5) -> list[str]:
    """Say in words what changed between two copies, most telling first.

    Args:
        before: lines by path, as they were cached.
        after: the same now.
        limit: how many; the last one counts the rest.

    Returns:
        For example "content of app.py changed", "mode of run.sh changed from 0644 to 0755".
    """
    changed = [
        _change(path, before[path], after[path])
        for path in sorted(before)
        if path in after and before[path] != after[path]
    ]
    added = [f"{path} was added" for path in sorted(after) if path not in before]
    removed = [f"{path} was removed" for path in sorted(before) if path not in after]
    reasons = [*changed, *added, *removed]
    if len(reasons) > limit:
        reasons[limit - 1 :] = [f"and {len(reasons) - limit + 1} more files changed"]
    return reasons


def _change(path: str, before: str, after: str) -> str:
    shown = path or "."
    old, new = before.split(" ", 3), after.split(" ", 3)
    if old[0] != new[0]:
        return f"{shown} was a {old[0]} and is a {new[0]}"
    if old[0] == "link":
        target = "target" if before.partition(" -> ")[2] != after.partition(" -> ")[2] else "owner"
        return f"{target} of {shown} changed"
    if old[3:] != new[3:]:
        return f"content of {shown} changed"
    if old[1] != new[1]:
        return f"mode of {shown} changed from {old[1]} to {new[1]}"
    return f"owner of {shown} changed from {old[2]} to {new[2]}"
