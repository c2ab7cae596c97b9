"""Trees that files are copied from: a build context, the layers of a stage or of an image.

A tree answers questions about paths; nothing of it needs to be a directory on disk.  Links are
followed here, inside the tree, and never by the kernel: a link that points to ``/etc`` points to
the tree's own ``etc``, and ``..`` stops at the tree's root.

See: path_resolution(7); moby pkg/symlink, FollowSymlinkInScope.
"""

import stat
from collections.abc import Hashable, Iterator
from typing import Protocol

from msgspec import Struct

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.digest import sha256_hasher

LINKS_MAX = 40  # as the kernel, ELOOP
_PATH_MAX = 4095  # limits.h
_NAME_MAX = 255
_DEPTH_MAX = 255

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
    inode: Hashable = None
    place: object = None


class Entries:
    """Paths that were put into a tree, each below a directory that is there too.

    A later entry replaces an earlier one; what is no directory any more loses what was in it.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"": Node("", DIRECTORY, 0o755)}
        self._names: dict[str, set[str]] = {"": set()}

    def put(self, node: Node) -> None:
        """Add a node.

        Raises:
            KeyError: its parent is missing or no directory.
        """
        old = self.nodes.get(node.path)
        if old is None:
            parent, _, name = node.path.rpartition("/")
            self._names[parent].add(name)
        if node.kind == DIRECTORY:
            self._names.setdefault(node.path, set())
        elif old is not None and old.kind == DIRECTORY:
            self._clear(node.path)
        self.nodes[node.path] = node

    def _clear(self, path: str) -> None:
        waiting = [path]
        while waiting:
            directory = waiting.pop()
            for name in self._names.pop(directory, ()):
                child = f"{directory}/{name}"
                del self.nodes[child]
                waiting.append(child)

    def remove(self, path: str) -> None:
        """Drop a path and all below it."""
        if path in self.nodes:
            self._clear(path)
            del self.nodes[path]
            parent, _, name = path.rpartition("/")
            self._names[parent].discard(name)

    def children(self, path: str) -> list[Node]:
        """Return what was put into the directory ``path``, by name."""
        start = f"{path}/" if path else ""
        return [self.nodes[start + name] for name in sorted(self._names.get(path, ()))]


class Tree(Protocol):
    """What COPY can copy from.

    Attributes:
        title: for messages: "the build context", ``stage "builder"``, ``image "alpine"``.
        is_context: it is what the client sent: the strictest rules hold.
    """

    title: str
    is_context: bool

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; it is computed once."""

    def xattrs(self, node: Node) -> dict[str, bytes]:
        """Return a regular file's extended attributes."""


class SingleFile:
    """A tree with one file whose content is in memory: a heredoc.

    Args:
        node: the file.
        data: its content.
    """

    title = "the Dockerfile"
    is_context = False

    def __init__(self, node: Node, data: bytes) -> None:
        self.node = node
        self._data = data

    def get(self, path: str) -> Node | None:
        """Return the file for its path."""
        return self.node if path == self.node.path else None

    def children(self, path: str) -> list[Node]:
        """Return the file for the root."""
        return [] if path else [self.node]

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content."""
        assert node.kind == FILE
        yield self._data

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of the content."""
        hasher = sha256_hasher()
        for chunk in self.chunks(node):
            hasher.update(chunk)
        return f"sha256:{hasher.hexdigest()}"

    def xattrs(self, node: Node) -> dict[str, bytes]:
        """Return nothing: it has none."""
        assert node.kind == FILE
        return {}


def is_too_long(path: str) -> bool:
    """Tell whether no file system could hold ``path``, or nobody could walk down to it.

    See: path_resolution(7), NAME_MAX and PATH_MAX.
    """
    parts = path.split("/")
    if len(parts) > _DEPTH_MAX:
        return True
    size = len(path.encode(errors="surrogateescape"))
    if size <= _NAME_MAX:
        return False
    names = (len(part.encode(errors="surrogateescape")) for part in parts)
    return size > _PATH_MAX or max(names) > _NAME_MAX


def clean(path: str) -> str:
    """Return ``path`` without empty components, ``.`` and ``..``, which stops at the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def steps_of(path: str) -> list[str]:
    """Return the components of a path, last first, for a walk that pops them."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def resolve(tree: Tree, path: str) -> Node | None:
    """Return what ``path`` leads to, all links followed inside the tree; None for nothing.

    Raises:
        InvalidArgument: links that lead round in circles.

    See: path_resolution(7).
    """
    waiting = steps_of(path)
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
            waiting.extend(steps_of(node.target))
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
