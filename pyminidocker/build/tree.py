"""Trees that files are copied from: a build context, the layers of a stage or of an image.

A tree answers questions about paths; nothing of it needs to be a directory on disk.  Links are
followed here, inside the tree, and never by the kernel: a link that points to ``/etc`` points to
the tree's own ``etc``, and ``..`` stops at the tree's root.

See: path_resolution(7); moby pkg/symlink, FollowSymlinkInScope.
"""

import stat
from collections.abc import Hashable, Iterator
from typing import Protocol

from msgspec import Struct, field

from pyminidocker.errors import InvalidArgument

LINKS_MAX = 40  # as the kernel, ELOOP

FILE = "file"
DIRECTORY = "directory"
LINK = "link"
FIFO = "fifo"
CHARACTER = "character device"
BLOCK = "block device"
SOCKET = "socket"

KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFDIR: DIRECTORY,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: FIFO,
    stat.S_IFCHR: CHARACTER,
    stat.S_IFBLK: BLOCK,
    stat.S_IFSOCK: SOCKET,
}


class Node(Struct):
    """One path of a tree.

    Attributes:
        path: below the tree's root, without a leading slash; empty for the root itself.
        kind: one of this module's constants.
        mode: permission bits with setuid, setgid and sticky.
        uid: owner.
        gid: group.
        size: bytes of a regular file's content.
        mtime_ns: nanoseconds since the epoch.
        target: of a symbolic link.
        device: number of a device node.
        xattrs: extended attributes.
        inode: paths with the same one are hard links to each other; None for a single name.
        place: where the content is; only its tree understands it.
    """

    path: str
    kind: str = FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    target: str = ""
    device: int = 0
    xattrs: dict[str, bytes] = field(default_factory=dict)
    inode: Hashable = None
    place: object = None


class Tree(Protocol):
    """What COPY can copy from.

    Attributes:
        title: for messages: "the build context", ``stage "builder"``, ``image "alpine"``.
    """

    title: str

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; it is computed once."""


def clean(path: str) -> str:
    """Return ``path`` without empty components, ``.`` and ``..``, which stops at the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def resolve(tree: Tree, path: str) -> Node | None:
    """Return what ``path`` leads to, all links followed inside the tree; None for nothing.

    Raises:
        InvalidArgument: links that lead round in circles.

    See: path_resolution(7).
    """
    waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    node = tree.get("")
    links = 0
    while waiting and node is not None:
        part = waiting.pop()
        parent, _, _ = node.path.rpartition("/")
        if part == "..":
            node = tree.get(parent)
            continue
        if node.kind != DIRECTORY:
            return None
        directory = node.path
        node = tree.get(f"{directory}/{part}" if directory else part)
        if node is not None and node.kind == LINK:
            links += 1
            if links > LINKS_MAX:
                raise InvalidArgument(f"too many levels of symbolic links at {path!r}")
            targets = [step for step in reversed(node.target.split("/")) if step not in ("", ".")]
            waiting.extend(targets)
            node = tree.get("" if node.target.startswith("/") else directory)
    return node


def walk(tree: Tree, node: Node) -> Iterator[Node]:
    """Yield ``node`` and all below it, parents first, by name; links are not followed."""
    waiting = [node]
    while waiting:
        following = waiting.pop()
        yield following
        if following.kind == DIRECTORY:
            waiting.extend(reversed(tree.children(following.path)))
