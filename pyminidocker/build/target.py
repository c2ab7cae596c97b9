"""The root file system that files are copied to: what is below, and what was put on top so far.

Nothing is written.  Links of the image, and of archives that ADD unpacks, are followed inside this
root, so that every path ends as a plain path of the new layer.  Directories of the image that come
to hold something new are part of the layer with the mode and owner they have, as overlayfs would
have copied them up.

See: OCI image-spec layer.md, Change Types; moby pkg/symlink.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from pyminidocker.build.failures import CopyError
from pyminidocker.build.packing import pack
from pyminidocker.build.tree import (
    DIRECTORY,
    LINK,
    LINKS_MAX,
    Entries,
    Node,
    Tree,
    is_too_long,
    steps_of,
)

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class Target:
    """A root file system that gets a new layer.

    Args:
        keyword: COPY or ADD, for messages.
        below: the layers so far; None for ``--link``, whose layer depends on nothing.
        now_ns: time of directories that are made on the way.
        owner: (uid, gid) of those directories.
    """

    def __init__(
        self, keyword: str, below: Tree | None, now_ns: int, owner: tuple[int, int]
    ) -> None:
        self._keyword = keyword
        self._below = below
        self._now_ns = now_ns
        self._owner = owner
        self._new = Entries()
        self._trees: dict[str, Tree] = {}
        # Directories of the new layer below which nothing of the image shows.
        self._opaque: set[str] = set()

    def get(self, path: str) -> Node | None:
        """Return what is at ``path`` by now, no link followed; None when there is nothing."""
        node = self._new.nodes.get(path)
        if node is not None or self._below is None:
            return node
        parent = path
        while parent:
            parent = parent.rpartition("/")[0]
            above = self._new.nodes.get(parent)
            if above is not None and (above.kind != DIRECTORY or parent in self._opaque):
                return None
        return self._below.get(path)

    def follow(self, path: str) -> tuple[str, Node | None]:
        """Follow all links of ``path``; return where it leads and what is there.

        What does not exist is taken as it is written, so that it can be made.

        Raises:
            CopyError: through a file, or round in circles.

        See: path_resolution(7).
        """
        waiting = steps_of(path)
        at = ""
        node = self.get("")
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                at = at.rpartition("/")[0]
                node = self.get(at)
                continue
            if node is not None and node.kind != DIRECTORY:
                raise self.failed(
                    f"{path!r} leads through /{at}, which is a {node.kind} and not a directory"
                )
            inside = f"{at}/{part}" if at else part
            following = self.get(inside) if node is not None else None
            if following is None or following.kind != LINK:
                at, node = inside, following
                continue
            links += 1
            if links > LINKS_MAX:
                raise self.failed(f"too many levels of symbolic links at {path!r} in the image")
            waiting.extend(steps_of(following.target))
            if following.target.startswith("/"):
                at, node = "", self.get("")
        return at, node

    def is_directory(self, path: str) -> bool:
        """Tell whether ``path`` leads to a directory."""
        node = self.follow(path)[1]
        return node is not None and node.kind == DIRECTORY

    def directory(self, path: str) -> str:
        """Return where the directory ``path`` really is; it and those above are made.

        Raises:
            CopyError: something else is there.

        See: mkdir(1), -p.
        """
        at, node = self.follow(path)
        if node is not None and node.kind != DIRECTORY:
            raise self.failed(
                f'cannot use "/{path.strip("/")}" as a directory: it is a {node.kind} in the image'
            )
        self._hold(at)
        return at

    def _hold(self, path: str) -> None:
        """Make the directory ``path`` part of the layer: the image's own, or a new one."""
        if path in self._new.nodes:
            return
        node = self.get(path)
        self._hold(path.rpartition("/")[0])
        if node is None:
            self._check_name(path)
            uid, gid = self._owner
            node = Node(path, DIRECTORY, 0o755, uid, gid, mtime_ns=self._now_ns)
        elif node.kind != DIRECTORY:
            raise self.failed(f"cannot copy to non-directory: /{path}")
        self._new.put(replace(node, path=path))

    def _check_name(self, path: str) -> None:
        if is_too_long(path):
            raise self.failed(f"/{path[:60]}...: file name too long")
        if path.rpartition("/")[2].startswith(_WHITEOUT):
            raise self.failed(
                f"{path!r}: in a layer, a name that begins with {_WHITEOUT} means that a file is"
                " deleted",
                hint="give the file another name, or leave it out by --exclude",
            )

    def put(self, node: Node, tree: Tree, *, replaces: bool = False) -> None:
        """Put a node at its path, which has no links any more.

        A directory that is there takes over mode and owner and keeps what is in it.

        Args:
            node: what, with path, mode and owner as they are to be.
            tree: has a file's content.
            replaces: a file may take a directory's place and the reverse, as tar does it.

        Raises:
            CopyError: a file is in a directory's way or the reverse, or the name means a deletion.
        """
        path = node.path
        self._check_name(path)
        self._hold(path.rpartition("/")[0])
        old = self.get(path)
        if old is not None and (old.kind == DIRECTORY) != (node.kind == DIRECTORY):
            if not replaces:
                raise self._in_the_way(old, node)
            if node.kind == DIRECTORY and self._hides_directory(path):
                self._opaque.add(path)
        if node.kind != DIRECTORY:
            self._opaque.discard(path)
        self._new.put(node)
        self._trees[path] = tree

    def _hides_directory(self, path: str) -> bool:
        below = None if self._below is None else self._below.get(path)
        return below is not None and below.kind == DIRECTORY

    def _in_the_way(self, old: Node, new: Node) -> CopyError:
        if old.kind == DIRECTORY:
            return self.failed(f"cannot replace to directory /{old.path} with file")
        hint = (
            f"/{old.path} leads to {old.target} in the image: name that directory instead"
            if old.kind == LINK
            else ""
        )
        return self.failed(f"cannot copy to non-directory: /{new.path}", hint=hint)

    def failed(self, why: str, *, hint: str = "") -> CopyError:
        """Return the error to raise, in Docker's form."""
        return CopyError(f"{self._keyword} failed: {why}", hint=hint)

    def chunks(self, latest_ns: int | None = None) -> Iterator[bytes]:
        """Yield the new layer as an archive, sorted, parents first.

        Args:
            latest_ns: no time is later; None keeps times.

        See: OCI image-spec layer.md.
        """
        return pack(self._members(), latest_ns)

    def _members(self) -> Iterator[tuple[Node, Tree | None]]:
        for path, node in sorted(self._new.nodes.items()):
            if path:
                yield node, self._trees.get(path)
            if path in self._opaque:
                yield Node(f"{path}/{_OPAQUE}", mode=0), None
