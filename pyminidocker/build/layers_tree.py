"""The layers of a stage or image as a tree: what ``COPY --from`` reads, and what is below.

See: Documentation/filesystems/overlayfs.rst, Multiple lower layers.
"""

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Self

from pyminidocker.build.tree import DIRECTORY, KINDS, LINK, Node
from pyminidocker.images.records import Layer
from pyminidocker.images.tar_writer import file_chunks
from pyminidocker.images.trees import xattr_names
from pyminidocker.images.view import Entry, View
from pyminidocker.oci.digest import sha256_hasher

_LISTINGS_MAX = 512


_Facts = tuple[str, dict[str, bytes]]  # digest of the content, extended attributes


class _Known:
    """What is known of files in layers, which never change: kept while the engine lives."""

    _MAX = 65536

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: OrderedDict[tuple[str, str], _Facts] = OrderedDict()

    def get(self, key: tuple[str, str]) -> _Facts | None:
        with self._lock:
            facts = self._facts.get(key)
            if facts is not None:
                self._facts.move_to_end(key)
            return facts

    def put(self, key: tuple[str, str], facts: _Facts) -> None:
        with self._lock:
            self._facts[key] = facts
            if len(self._facts) > self._MAX:
                self._facts.popitem(last=False)


_KNOWN = _Known()


class LayersTree:
    """A stack of layers; a ``Tree``.  Use it as a context manager; for one thread at a time.

    Args:
        layers: bottom first.
        title: for messages, ``stage "builder"`` or ``image "alpine"``.
    """

    is_context = False

    def __init__(self, layers: Sequence[Layer], title: str) -> None:
        self.title = title
        self._layers = layers
        self._view = View(layers)
        self._listings: OrderedDict[str, dict[str, Entry]] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the layers."""
        self._view.close()

    def _entries(self, path: str) -> dict[str, Entry]:
        """Return what is in the directory ``path``, whiteouts left out; nothing for others."""
        known = self._listings.get(path)
        if known is not None:
            self._listings.move_to_end(path)
            return known
        directories = self._view.all_layers
        if path:
            entry = self._entry(path)
            if entry is None or not entry.is_directory:
                return {}
            directories = entry.directories
        listing = self._view.list(path, directories)
        found = {name: one for name, one in listing.entries.items() if not one.is_whiteout}
        self._listings[path] = found
        if len(self._listings) > _LISTINGS_MAX:
            self._listings.popitem(last=False)
        return found

    def _entry(self, path: str) -> Entry | None:
        parent, _, name = path.rpartition("/")
        return self._entries(parent).get(name)

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""
        if not path:
            return Node("", DIRECTORY, 0o755)
        entry = self._entry(path)
        return None if entry is None else self._node(entry)

    def _node(self, entry: Entry) -> Node:
        info = entry.info
        node = Node(
            entry.path,
            KINDS[stat.S_IFMT(entry.mode)],
            stat.S_IMODE(entry.mode),
            entry.uid,
            entry.gid,
            mtime_ns=info.st_mtime_ns,
            place=entry,
        )
        if node.kind == LINK:
            node.target = self._view.read_link(entry)
        elif node.kind != DIRECTORY:
            node.device = info.st_rdev
            node.size = info.st_size if entry.is_file else 0
            if info.st_nlink > 1:
                node.inode = (info.st_dev, info.st_ino)
        return node

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""
        return [self._node(entry) for _, entry in sorted(self._entries(path).items())]

    def _open(self, node: Node) -> int:
        assert isinstance(node.place, Entry)
        return self._view.open_file(node.place)

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""
        return file_chunks(self._open(node))

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; kept per layer and path."""
        assert isinstance(node.place, Entry)
        facts = self._known(node)
        if facts is None:
            hasher = sha256_hasher()
            for chunk in self.chunks(node):
                hasher.update(chunk)
            facts = f"sha256:{hasher.hexdigest()}", self._read_xattrs(node)
            layer = self._layer(node)
            if not layer.is_writable:
                _KNOWN.put((layer.directory, node.place.path), facts)
        return facts[0]

    def xattrs(self, node: Node) -> dict[str, bytes]:
        """Return a regular file's extended attributes."""
        facts = self._known(node)
        return self._read_xattrs(node) if facts is None else facts[1]

    def _layer(self, node: Node) -> Layer:
        assert isinstance(node.place, Entry)
        return self._layers[node.place.layer]

    def _known(self, node: Node) -> _Facts | None:
        assert isinstance(node.place, Entry)
        return _KNOWN.get((self._layer(node).directory, node.place.path))

    def _read_xattrs(self, node: Node) -> dict[str, bytes]:
        fd = self._open(node)
        try:
            return {name: os.getxattr(fd, name) for name in xattr_names(fd)}
        finally:
            os.close(fd)
