"""How much of an image's layers its users never see, and which paths are to blame.

A layer cannot take back what a layer below holds: a file that is written again is carried twice, a
file that is deleted is carried for nothing.  The score is dive's: for every path the smallest size
it ever had, all together, divided by all the bytes that were written for it.  1.0 is an image
without waste; a deletion counts as size 0.

Directories are looked at one at a time, in all layers at once, so that memory does not grow with
the image.

See: github.com/wagoodman/dive, dive/filetree/efficiency.go; Linux
Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
"""

import os
import stat
from collections.abc import Sequence

from msgspec import Struct

from pyminidocker.images.beneath import open_beneath, open_root
from pyminidocker.images.layer_root import OPAQUE_XATTR
from pyminidocker.images.records import Layer

_PATHS_MAX = 1000
_DEPTH_MAX = 400


class WastedPath(Struct, frozen=True):
    """A path that several layers wrote or deleted.

    Attributes:
        path: absolute path inside the image.
        layers: indexes of the layers that wrote or deleted it, bottom first.
        size: bytes all of them hold for it together.
        wasted: those of them that the image does not show.
        is_deleted: the image does not show it at all.
    """

    path: str
    layers: tuple[int, ...]
    size: int
    wasted: int
    is_deleted: bool


class Waste(Struct, frozen=True):
    """What an image carries in vain.

    Attributes:
        efficiency: dive's score, 0 to 1.
        size: bytes in all layers.
        wasted: bytes that lie in the layers and that the image does not show.
        paths: the most wasteful first; those that cost nothing are left out.
    """

    efficiency: float
    size: int
    wasted: int
    paths: tuple[WastedPath, ...]


def waste(layers: Sequence[Layer]) -> Waste:
    """Return how well a stack of layers uses its bytes.

    Args:
        layers: bottom layer first.

    See: github.com/wagoodman/dive, "image efficiency".
    """
    search = _Search(layers)
    try:
        search.walk("", tuple(range(len(layers))), frozenset())
        return search.result()
    finally:
        search.close()


class _Linked(Struct):
    """A file with several names: it is wasted only when no name of it shows."""

    size: int
    path: str
    layers: tuple[int, ...]
    is_deleted: bool
    is_shown: bool = False


class _Search:
    """Walks the same directory of all layers and adds up what each path cost."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._least = self._written = self._wasted = 0
        self._paths: list[WastedPath] = []
        self._linked: dict[tuple[int, int], _Linked] = {}
        self._roots = [open_root(layer.directory) for layer in layers]

    def close(self) -> None:
        for fd in self._roots:
            os.close(fd)

    def result(self) -> Waste:
        """Add the files with several names and return everything."""
        for file in self._linked.values():
            self._written += file.size
            if file.is_shown:
                self._least += file.size
            else:
                self._waste(file.path, file.layers, file.size, file.size, file.is_deleted)
        paths = sorted(self._paths, key=lambda found: (-found.wasted, found.path))
        score = self._least / self._written if self._written else 1.0
        return Waste(score, self._written, self._wasted, tuple(paths[:_PATHS_MAX]))

    def walk(self, path: str, layers: tuple[int, ...], cuts: frozenset[int]) -> None:
        """Look at one directory.

        Args:
            path: below the root.
            layers: those that have it, bottom first.
            cuts: layers that delete all that lower layers have in it.
        """
        if path.count("/") > _DEPTH_MAX:
            return
        found: dict[str, list[tuple[int, os.stat_result]]] = {}
        for layer in layers:
            fd = open_beneath(self._roots[layer], path)
            try:
                with os.scandir(fd) as entries:
                    for entry in entries:
                        info = entry.stat(follow_symlinks=False)
                        found.setdefault(entry.name, []).append((layer, info))
                if layer and _is_opaque(fd):
                    cuts |= {layer}
            finally:
                os.close(fd)
        for name, states in found.items():
            inside = f"{path}/{name}" if path else name
            directories = tuple(layer for layer, info in states if stat.S_ISDIR(info.st_mode))
            if directories:
                others = {layer for layer, info in states if not stat.S_ISDIR(info.st_mode)}
                self.walk(inside, directories, cuts | others)
            if len(directories) < len(states):
                self._judge(inside, states, cuts)

    def _judge(
        self, path: str, states: list[tuple[int, os.stat_result]], cuts: frozenset[int]
    ) -> None:
        """Add up a path that is a file in some layer, and perhaps gone or a directory in others."""
        files = {layer: info for layer, info in states if stat.S_ISREG(info.st_mode)}
        if not files:
            return
        first = min(files)
        others = {layer for layer, _ in states} | cuts
        touched = sorted({layer for layer in others if layer >= first})
        top = files.get(touched[-1])
        is_deleted = top is None
        least = min(files[layer].st_size if layer in files else 0 for layer in touched)
        written = wasted = 0
        for info in files.values():
            if info.st_nlink > 1:
                key = (info.st_dev, info.st_ino)
                known = self._linked.setdefault(
                    key, _Linked(info.st_size, path, tuple(touched), is_deleted)
                )
                known.is_shown |= info is top
                continue
            written += info.st_size
            wasted += 0 if info is top else info.st_size
        self._written += written
        self._least += min(least, written)
        if wasted:
            self._waste(path, tuple(touched), written, wasted, is_deleted)

    def _waste(
        self, path: str, layers: tuple[int, ...], size: int, wasted: int, is_deleted: bool
    ) -> None:
        self._wasted += wasted
        self._paths.append(WastedPath(f"/{path}", layers, size, wasted, is_deleted))


def _is_opaque(fd: int) -> bool:
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False  # not set, or a file system without user attributes
