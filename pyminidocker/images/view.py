"""A stack of layers seen as one tree, by overlayfs' own rules but without mounting anything.

The first layer from the top that has a name decides; directories of the same name merge, down to
the first opaque one; a whiteout ends the search.  Doing this by hand needs no privilege, shows what
a mount hides (which layer a file comes from, what lies beneath), and works on the layers of a
container that runs: every directory is opened beneath its layer without following links.

See: Documentation/filesystems/overlayfs.rst, Upper and Lower, whiteouts and opaque directories.
"""

import errno
import os
import stat
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from msgspec import Struct

from pyminidocker.errors import SystemFailure
from pyminidocker.images.beneath import open_beneath, open_root
from pyminidocker.images.layer_root import OPAQUE_XATTR, is_whiteout
from pyminidocker.images.records import Layer

_ORIGIN_XATTR = "user.overlay.origin"
_DEPTH_MAX = 400


class Entry(Struct):
    """A name in a merged directory.

    Attributes:
        path: below the root, without a leading slash.
        layer: index (bottom first) of the layer that decides.
        info: lstat of the deciding file.
        mode: file type and permission bits, as the layer means them.
        uid: owner, as the layer means it.
        gid: group, as the layer means it.
        directories: for a directory, the layers that may merge here, topmost first.
        below: the regular file that the deciding one hides, if any.
    """

    path: str
    layer: int
    info: os.stat_result
    mode: int
    uid: int
    gid: int
    directories: tuple[int, ...] = ()
    below: os.stat_result | None = None

    @property
    def is_whiteout(self) -> bool:
        """The name was deleted by ``layer``."""
        return is_whiteout(self.info)

    @property
    def is_directory(self) -> bool:
        """It is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """It is a regular file."""
        return stat.S_ISREG(self.mode)


class Listing(Struct):
    """A merged directory.

    Attributes:
        entries: by name, whiteouts included.
        directories: the layers that really merge here, topmost first.
        opaque_layer: the layer whose opaque directory hides others below, -1 for none.
    """

    entries: dict[str, Entry]
    directories: tuple[int, ...]
    opaque_layer: int = -1


EMPTY = Listing({}, ())


class View:
    """Layers opened for looking into; use it as a context manager.

    Args:
        layers: bottom layer first.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self._roots: list[int] = []
        try:
            for layer in layers:
                self._roots.append(open_root(layer.directory))
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the layers."""
        for fd in self._roots:
            os.close(fd)
        self._roots = []

    @property
    def all_layers(self) -> tuple[int, ...]:
        """What to list at the root: every layer, topmost first."""
        return tuple(range(len(self.layers) - 1, -1, -1))

    def directories_of(self, listing: Listing) -> tuple[str, ...]:
        """Return the layer directories that merge in a listing: the same ones, the same tree.

        See: Documentation/filesystems/overlayfs.rst, Upper and Lower.
        """
        return tuple(self.layers[layer].directory for layer in listing.directories)

    def opaque_of(self, listing: Listing) -> str:
        """Return the layer directory that makes a listing opaque, empty for none.

        See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
        """
        return self.layers[listing.opaque_layer].directory if listing.opaque_layer >= 0 else ""

    def list(self, path: str, directories: tuple[int, ...]) -> Listing:
        """Merge the directory ``path`` of the given layers, topmost first.

        Raises:
            SystemFailure: nested too deeply to look into.

        See: Documentation/filesystems/overlayfs.rst, Upper and Lower.
        """
        if path.count("/") > _DEPTH_MAX:
            raise SystemFailure(
                f"directories nested more than {_DEPTH_MAX} deep below /{path[:40]}"
            )
        merged: dict[str, Entry] = {}
        below: dict[str, bool] = {}
        for position, layer in enumerate(directories):
            is_last = position == len(directories) - 1
            try:
                fd = open_beneath(self._roots[layer], path)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    continue  # a running container has just replaced it
                raise
            try:
                with os.scandir(fd) as entries:
                    for entry in entries:
                        self._merge(merged, below, path, layer, entry)
                if not is_last and _is_opaque(fd):
                    return Listing(merged, directories[: position + 1], layer)
            finally:
                os.close(fd)
        return Listing(merged, directories)

    def _merge(
        self,
        merged: dict[str, Entry],
        closed: dict[str, bool],
        path: str,
        layer: int,
        found: "os.DirEntry[str]",
    ) -> None:
        """Let the layer's entry decide, join a directory, or be hidden.

        ``closed`` marks names below which nothing shows through any more.
        """
        name = found.name
        try:
            info = found.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        above = merged.get(name)
        if above is None:
            merged[name] = self._entry(f"{path}/{name}" if path else name, layer, info)
        elif name in closed:
            return
        elif above.is_directory and stat.S_ISDIR(info.st_mode):
            above.directories = (*above.directories, layer)
        else:
            closed[name] = True
            if above.is_file and stat.S_ISREG(info.st_mode):
                above.below = info

    def _entry(self, path: str, layer: int, info: os.stat_result) -> Entry:
        mode, uid, gid = info.st_mode, info.st_uid, info.st_gid
        owners = self.layers[layer].owners
        if owners and (true := owners.get(path)) is not None and self._is_as_unpacked(layer, path):
            uid, gid = true[0], true[1]
            mode = stat.S_IFMT(mode) | true[2]
        directories = (layer,) if stat.S_ISDIR(mode) else ()
        return Entry(path, layer, info, mode, uid, gid, directories)

    def _is_as_unpacked(self, layer: int, path: str) -> bool:
        """Tell whether the true owner of ``path`` holds for what this layer has there.

        In a writable layer it does for files copied up, not for new ones of the same name.
        """
        return not self.layers[layer].is_writable or self.was_copied_up(layer, path)

    def was_copied_up(self, layer: int, path: str) -> bool:
        """Tell whether overlayfs itself put the file there before it was changed.

        See: Documentation/filesystems/overlayfs.rst, Inode properties (``overlay.origin``).
        """
        try:
            fd = open_beneath(self._roots[layer], path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            os.getxattr(fd, _ORIGIN_XATTR)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(fd)

    def find(self, path: str) -> Entry | None:
        """Return the visible entry at ``path``, links not followed; None when there is none.

        See: path_resolution(7).
        """
        directories, walked = self.all_layers, ""
        entry: Entry | None = None
        for part in [part for part in path.split("/") if part not in ("", ".")]:
            if entry is not None and not entry.is_directory:
                return None
            entry = self.list(walked, directories).entries.get(part)
            if entry is None or entry.is_whiteout:
                return None
            walked, directories = entry.path, entry.directories
        return entry

    def open_file(self, entry: Entry) -> int:
        """Open the regular file of ``entry`` for reading.

        Raises:
            OSError: it is something else by now.

        See: openat2(2), RESOLVE_NO_SYMLINKS.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = open_beneath(self._roots[entry.layer], entry.path, flags)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "no longer a regular file", entry.path)
        return fd

    def read_link(self, entry: Entry) -> str:
        """Return the target of the symbolic link ``entry``.

        See: readlinkat(2), empty path on an O_PATH descriptor.
        """
        parent, _, name = entry.path.rpartition("/")
        fd = open_beneath(self._roots[entry.layer], parent)
        try:
            return os.readlink(name, dir_fd=fd)
        finally:
            os.close(fd)


def _is_opaque(fd: int) -> bool:
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False  # not set, or a file system without user attributes
