"""What changed between file trees: a container's writable layer, or any two stacks of layers.

Overlayfs keeps three kinds of marks in a writable layer: a changed or new file lies there in full
(a changed one was first *copied up*), a deleted one leaves a *whiteout* (a character device 0:0),
and a directory that was deleted and made anew is *opaque* (an extended attribute): nothing below
shows through it.

The two trees are walked side by side, and where both show the same directories of the same layers
the walk turns back: comparing an image with its child costs what the child added.

See: Documentation/filesystems/overlayfs.rst (whiteouts and opaque directories), OCI image-spec
layer.md (Change Types).
"""

import os
import stat
from collections import Counter
from collections.abc import Sequence

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.beneath import open_beneath, open_root
from pyminidocker.images.layer_root import is_whiteout
from pyminidocker.images.records import Change, Comparison, DiffEntry, Layer
from pyminidocker.images.trees import tree_size
from pyminidocker.images.view import EMPTY, Entry, View

_CHUNK = 1 << 18
MODIFIED, ADDED, DELETED = 0, 1, 2  # Docker's numbers
_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFSOCK: "socket",
}


class Difference:
    """The walk over two views.

    Args:
        a: what was before.
        b: what is after.
        with_marks: a directory that is merely opaque, with the same attributes, is a difference.

    Attributes:
        entries: what differs, parents before what is in them.
        visible: B's side of them and of all directories walked through, by path without a slash.
        unchanged: files that a writable layer of B holds all the same, with other links to them.
    """

    def __init__(self, a: View, b: View, *, with_marks: bool = False) -> None:
        self.entries: list[DiffEntry] = []
        self.visible: dict[str, Entry] = {}
        self.unchanged: list[Entry] = []
        self._a = a
        self._b = b
        self._with_marks = with_marks

    def run(self) -> "list[DiffEntry]":
        """Compare everything."""
        self._descend("", self._a.all_layers, self._b.all_layers, -1)
        return self.entries

    def with_links(self) -> "list[DiffEntry]":
        """Return ``entries`` and, of the unchanged files, the hard links to one of them.

        ``ln /old /new`` copies ``old`` up first, and only a layer with both has them as one file.

        See: link(2); Documentation/filesystems/overlayfs.rst, Upper and Lower.
        """
        new = {_inode(entry) for entry in self.visible.values() if entry.is_file}
        linked = [entry for entry in self.unchanged if _inode(entry) in new]
        if not linked:
            return self.entries
        self.visible.update({entry.path: entry for entry in linked})
        more = [self._present("attributes", None, entry, is_opaque=False) for entry in linked]
        return sorted([*self.entries, *more], key=lambda entry: entry.path.split("/"))

    def _descend(
        self, path: str, in_a: tuple[int, ...], in_b: tuple[int, ...], hidden_by: int
    ) -> bool:
        """Compare the directory ``path``; tell whether B made it opaque.

        Args:
            path: below the root.
            in_a: the layers where A has it, none when it does not show it.
            in_b: the same for B.
            hidden_by: the layer of B that deleted the directory, -1 for none.
        """
        a = self._a.list(path, in_a) if in_a else EMPTY
        b = self._b.list(path, in_b) if in_b else EMPTY
        if self._a.directories_of(a) == self._b.directories_of(b):
            return False
        if b.opaque_layer >= 0:
            hidden_by = b.opaque_layer
        for name in sorted(a.entries.keys() | b.entries.keys()):
            self._compare(a.entries.get(name), b.entries.get(name), hidden_by)
        return b.opaque_layer >= 0 and self._b.opaque_of(b) != self._a.opaque_of(a)

    def _compare(self, a: Entry | None, b: Entry | None, hidden_by: int) -> None:
        is_marked = b is not None and b.is_whiteout
        if b is not None and b.is_whiteout:
            hidden_by, b = b.layer, None
        if a is not None and a.is_whiteout:
            a = None
        position = len(self.entries)
        is_opaque = False
        if b is not None and b.is_directory:
            self.visible[b.path] = b
            is_opaque = self._descend(b.path, _directories(a), b.directories, -1)
        elif a is not None and a.is_directory:
            replaced_by = b.layer if b is not None else hidden_by
            self._descend(a.path, a.directories, (), replaced_by)
        entry: DiffEntry | None = None
        if b is not None:
            kind = self._kind(a, b, is_opaque=is_opaque)
            if kind:
                self.visible[b.path] = b
                entry = self._present(kind, a, b, is_opaque=is_opaque)
            elif b.is_file and b.info.st_nlink > 1 and self._b.layers[b.layer].is_writable:
                self.unchanged.append(b)
        elif a is not None:
            entry = DiffEntry(
                path=f"/{a.path}",
                kind="deleted",
                type=_TYPES.get(stat.S_IFMT(a.mode), "file"),
                layer=hidden_by,
                size_a=_size(a),
                mode_a=stat.S_IMODE(a.mode),
                whiteout=is_marked,
            )
        if entry is not None:
            self.entries.insert(position, entry)

    def _present(self, kind: str, a: Entry | None, b: Entry, *, is_opaque: bool) -> DiffEntry:
        return DiffEntry(
            path=f"/{b.path}",
            kind=kind,
            type=_TYPES.get(stat.S_IFMT(b.mode), "file"),
            layer=b.layer,
            size_a=_size(a),
            size_b=_size(b),
            mode_a=stat.S_IMODE(a.mode) if a is not None else 0,
            mode_b=stat.S_IMODE(b.mode),
            copied_up=self._copied_up(b) if kind in ("changed", "attributes") else 0,
            opaque=is_opaque,
        )

    def _kind(self, a: Entry | None, b: Entry, *, is_opaque: bool) -> str:
        """Return what happened to a path that B shows; empty when nothing did."""
        if a is None:
            return "added"
        if stat.S_IFMT(a.mode) != stat.S_IFMT(b.mode) or self._has_other_content(a, b):
            return "changed"
        same = (a.mode, a.uid, a.gid) == (b.mode, b.uid, b.gid)
        if not a.is_directory:  # a directory's time changes with every file in it
            same = same and a.info.st_mtime_ns == b.info.st_mtime_ns
        return "" if same and not (is_opaque and self._with_marks) else "attributes"

    def _has_other_content(self, a: Entry, b: Entry) -> bool:
        """Compare what two entries of the same type hold."""
        if self._a.layers[a.layer].directory == self._b.layers[b.layer].directory:
            return False
        if a.is_file:
            return a.info.st_size != b.info.st_size or self._has_other_bytes(a, b)
        if stat.S_ISLNK(a.mode):
            return self._a.read_link(a) != self._b.read_link(b)
        if stat.S_ISCHR(a.mode) or stat.S_ISBLK(a.mode):
            return a.info.st_rdev != b.info.st_rdev
        return False

    def _has_other_bytes(self, a: Entry, b: Entry) -> bool:
        if (a.info.st_dev, a.info.st_ino) == (b.info.st_dev, b.info.st_ino):
            return False
        try:
            with (
                open(self._a.open_file(a), "rb", buffering=0) as one,
                open(self._b.open_file(b), "rb", buffering=0) as two,
            ):
                while True:
                    chunk = one.read(_CHUNK)
                    if chunk != two.read(_CHUNK):
                        return True
                    if not chunk:
                        return False
        except OSError:
            return True  # not readable: what cannot be shown to be equal counts as changed

    def _copied_up(self, b: Entry) -> int:
        if b.below is None:
            return 0
        # Overlayfs leaves a note at what it copies, except when copying parts a hard link.
        is_noted = self._b.layers[b.layer].is_writable and b.below.st_nlink == 1
        if is_noted and not self._b.was_copied_up(b.layer, b.path):
            return 0  # written anew and renamed into place, as editors do
        return b.below.st_size


def _directories(entry: Entry | None) -> tuple[int, ...]:
    return entry.directories if entry is not None else ()


def _inode(entry: Entry) -> tuple[int, int]:
    return entry.info.st_dev, entry.info.st_ino


def _size(entry: Entry | None) -> int:
    return entry.info.st_size if entry is not None and entry.is_file else 0


def changes(upper_dir: str, lower: Sequence[Layer]) -> list[Change]:
    """Return what ``docker diff`` shows, sorted by path.

    A directory in which something changed counts as modified; of a deleted directory only its own
    name is told.

    Args:
        upper_dir: the container's writable layer.
        lower: the image's layers, bottom first.

    See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
    """
    kinds: dict[str, int] = {}
    gone: set[str] = set()
    with View(lower) as a, View([*lower, upper_layer("", upper_dir, lower)]) as b:
        for entry in Difference(a, b).run():
            parent = entry.path.rpartition("/")[0]
            if entry.kind == "deleted":
                gone.add(entry.path)
                if parent in gone:
                    continue
                kinds[entry.path] = DELETED
            else:
                kinds[entry.path] = ADDED if entry.kind == "added" else MODIFIED
            while parent and parent not in kinds:
                kinds[parent] = MODIFIED
                parent = parent.rpartition("/")[0]
    return [Change(path, kinds[path]) for path in sorted(kinds)]


def compare(a: Sequence[Layer], b: Sequence[Layer]) -> Comparison:
    """Return how the stack ``b`` differs from the stack ``a``, path by path.

    Args:
        a: layers, bottom first; may be empty.
        b: layers, bottom first; a container is its image's layers plus ``upper_layer(...)``.

    See: Documentation/filesystems/overlayfs.rst, Multiple lower layers.
    """
    with View(a) as view_a, View(b) as view_b:
        entries = Difference(view_a, view_b, with_marks=True).run()
        stored = sum(tree_size(x.directory) if x.is_writable else x.size for x in b)
        wasted = stored - _visible_bytes(view_b)
    count = Counter(entry.kind for entry in entries)
    return Comparison(
        entries=tuple(entries),
        added=count["added"],
        changed=count["changed"],
        deleted=count["deleted"],
        attributes=count["attributes"],
        copied_up_bytes=sum(entry.copied_up for entry in entries),
        wasted_bytes=max(0, wasted),
    )


def _visible_bytes(view: View) -> int:
    """Return the bytes of all files that the merged tree shows, hard links counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [("", view.all_layers)]
    while waiting:
        path, directories = waiting.pop()
        for entry in view.list(path, directories).entries.values():
            if entry.is_directory:
                waiting.append((entry.path, entry.directories))
            elif entry.is_file:
                key = (entry.info.st_dev, entry.info.st_ino)
                if entry.info.st_nlink == 1 or key not in seen:
                    seen.add(key)
                    total += entry.info.st_size
    return total


def upper_layer(container_id: str, upper_dir: str, parent: Sequence[Layer]) -> Layer:
    """Return a container's writable layer in the form of a layer, for ``compare``."""
    owners: dict[str, tuple[int, int, int]] = {}
    for layer in parent:
        owners.update(layer.owners)
    chain_id = parent[-1].chain_id if parent else ""
    return Layer(container_id, chain_id, "", 0, upper_dir, owners)


def read_layer_file(layer: Layer, path: str) -> bytes:
    """Return a file as one given layer holds it, whatever later layers made of it.

    Raises:
        NotFound: the layer does not hold it, or holds a whiteout for it.
        InvalidArgument: it is not a regular file.

    See: openat2(2), RESOLVE_NO_SYMLINKS.
    """
    where = f"layer {layer.diff_id or layer.chain_id}"
    root = open_root(layer.directory)
    try:
        # O_PATH first: opening a fifo for reading would wait, a device might act.
        fd = open_beneath(root, path.strip("/"), os.O_PATH | os.O_NOFOLLOW)
        info = os.fstat(fd)
        os.close(fd)
        if is_whiteout(info):
            raise NotFound(f"{where} holds a whiteout for {path}: it deletes the file")
        if not stat.S_ISREG(info.st_mode):
            raise InvalidArgument(f"{path} is not a regular file in {where}")
        fd = open_beneath(root, path.strip("/"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound(f"{where} does not hold {path}") from error
    finally:
        os.close(root)
    with open(fd, "rb") as file:
        return file.read()
