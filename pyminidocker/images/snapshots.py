"""Layers on disk, shared between images, and the writable directories of containers.

    layers/<chain id>/diff/         an overlay lower directory
    layers/<chain id>/layer.json    parent, diff id, size, owners the disk could not hold

A chain id names a layer together with all that lies below it.  A layer is unpacked beside its
final place and renamed when complete: it is there in full or not at all.

See: OCI image-spec config.md (Layer ChainID); Documentation/filesystems/overlayfs.rst.
"""

import os
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import msgspec

from pyminidocker.errors import IntegrityError
from pyminidocker.images.atomic import disk_failure, write_file
from pyminidocker.images.chunks import Hashed, ahead, read_chunks
from pyminidocker.images.compression import decompressed
from pyminidocker.images.layers import Unpacked, unpack_layer
from pyminidocker.images.records import Layer
from pyminidocker.images.trees import remove_tree
from pyminidocker.oci.digest import hex_part, is_digest, sha256

_LEFTOVER = ".tmp-"
# The top layer's root directory gives the container's / its mode, whatever the umask says.
_ROOT_MODE = 0o755
# Begins keys of layer.json that stand for file names which are not UTF-8; no path begins so.
_NOT_TEXT = "//"

_Value = TypeVar("_Value")


class LayerRecord(msgspec.Struct, omit_defaults=True):
    """The content of ``layer.json``."""

    chain_id: str
    parent: str
    diff_id: str
    size: int
    owners: dict[str, tuple[int, int, int]] = msgspec.field(default_factory=dict)
    skipped: dict[str, str] = msgspec.field(default_factory=dict)


class Prepared:
    """An unpacked layer that has no place in the store yet; use it as a context manager.

    Unless ``LayerStore.adopt`` took it, nothing of it stays behind.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.unpacked = Unpacked()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def discard(self) -> None:
        """Delete it, unless it was adopted."""
        remove_tree(self.directory)


class LayerStore:
    """The directory of unpacked layers.

    Attributes:
        problems: layers that could not be loaded, each naming its file.
    """

    def __init__(self, root: str) -> None:
        """Open (or make) the layer directory ``root`` and sweep half-made leftovers."""
        self.problems: list[IntegrityError] = []
        self._root = root
        self._layers: dict[str, Layer] = {}
        self._lock = threading.Lock()
        os.makedirs(root, mode=0o700, exist_ok=True)
        for name in os.listdir(root):
            if name.startswith(_LEFTOVER):
                remove_tree(f"{root}/{name}")
            elif is_digest(f"sha256:{name}"):
                try:
                    self._load(f"sha256:{name}")
                except IntegrityError as error:
                    self.problems.append(error)

    def _directory(self, chain_id: str) -> str:
        return f"{self._root}/{hex_part(chain_id)}"

    def _load(self, chain_id: str) -> None:
        path = f"{self._directory(chain_id)}/layer.json"
        try:
            with open(path, "rb") as file:
                record = msgspec.json.decode(file.read(), type=LayerRecord)
            if record.chain_id != chain_id:
                raise ValueError(f"it describes {record.chain_id}")
            if not os.path.isdir(f"{self._directory(chain_id)}/diff"):
                raise ValueError("its directory 'diff' is missing")
        except (OSError, ValueError) as error:
            raise IntegrityError(f"{path} is damaged: {error}") from error
        self._layers[chain_id] = self._layer(record)

    def _layer(self, record: LayerRecord) -> Layer:
        return Layer(
            chain_id=record.chain_id,
            parent=record.parent,
            diff_id=record.diff_id,
            size=record.size,
            directory=f"{self._directory(record.chain_id)}/diff",
            owners=_unquoted(record.owners),
            skipped=_unquoted(record.skipped),
        )

    def get(self, chain_id: str) -> Layer | None:
        """Return a layer that is there, or None.

        See: OCI image-spec config.md, Layer ChainID.
        """
        return self._layers.get(chain_id)

    def all(self) -> list[Layer]:
        """Return every layer, in no particular order.

        See: OCI image-spec config.md, Layer ChainID.
        """
        return list(self._layers.values())

    def add(self, parent: str, archive: BinaryIO, diff_id: str) -> Layer:
        """Unpack ``archive`` on top of the layer ``parent`` unless it is there already.

        Args:
            parent: chain id of the layer below, empty for a bottom layer.
            archive: the layer tar, plain or compressed.
            diff_id: what the uncompressed tar's digest must be.

        Raises:
            IntegrityError: the archive is not what ``diff_id`` says.
            SystemFailure: disk full; nothing is left behind.

        See: OCI image-spec config.md, Layer ChainID.
        """
        if (layer := self._layers.get(_chain_id(parent, diff_id))) is not None:
            return layer
        content = Hashed(decompressed(read_chunks(archive), "layer archive"))
        with self.prepare(ahead(content), diff_id) as prepared:
            if content.digest != diff_id:
                raise IntegrityError(f"layer archive is {content.digest}, expected {diff_id}")
            return self.adopt(prepared, parent, diff_id)

    def prepare(self, chunks: Iterable[bytes], name: str = "archive") -> Prepared:
        """Unpack an uncompressed layer archive beside the others, before its place is known.

        All of ``chunks`` is read.  May be called by several threads at once.

        Args:
            chunks: the archive.
            name: names it in errors.

        Raises:
            IntegrityError: a damaged archive, or one that tries to leave the layer.
            SystemFailure: disk full; nothing is left behind.

        See: OCI image-spec layer.md.
        """
        prepared = Prepared(f"{self._root}/{_LEFTOVER}{os.urandom(8).hex()}")
        try:
            os.mkdir(prepared.directory, 0o700)
            os.mkdir(f"{prepared.directory}/diff")
            os.chmod(f"{prepared.directory}/diff", _ROOT_MODE)
            prepared.unpacked = unpack_layer(chunks, f"{prepared.directory}/diff")
        except OSError as error:
            prepared.discard()
            raise disk_failure(error, f"unpacking layer {name}") from error
        except BaseException:
            prepared.discard()
            raise
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()  # a thread may be reading ahead
        return prepared

    def adopt(self, prepared: Prepared, parent: str, diff_id: str) -> Layer:
        """Give a prepared layer its place on top of ``parent``, unless one is there already.

        Raises:
            SystemFailure: disk full.

        See: OCI image-spec config.md, Layer ChainID.
        """
        chain_id = _chain_id(parent, diff_id)
        unpacked = prepared.unpacked
        record = LayerRecord(
            chain_id,
            parent,
            diff_id,
            unpacked.size,
            _quoted(unpacked.owners),
            _quoted(unpacked.skipped),
        )
        with self._lock:
            if (layer := self._layers.get(chain_id)) is not None:
                return layer
            try:
                write_file(f"{prepared.directory}/layer.json", msgspec.json.encode(record))
                # A damaged layer may lie there, known to nobody.
                remove_tree(self._directory(chain_id))
                os.rename(prepared.directory, self._directory(chain_id))
            except OSError as error:
                raise disk_failure(error, f"unpacking layer {diff_id}") from error
            layer = self._layers[chain_id] = self._layer(record)
            return layer

    def remove(self, chain_id: str) -> None:
        """Delete a layer's directory; the caller knows that nothing uses it.

        See: rename(2): it is gone at once, however long deleting takes.
        """
        self._layers.pop(chain_id, None)
        temporary = f"{self._root}/{_LEFTOVER}{os.urandom(8).hex()}"
        try:
            os.rename(self._directory(chain_id), temporary)
        except FileNotFoundError:
            return
        remove_tree(temporary)


def _chain_id(parent: str, diff_id: str) -> str:
    return sha256(f"{parent} {diff_id}".encode()) if parent else diff_id


def _quoted(values: dict[str, _Value]) -> dict[str, _Value]:
    """Return ``values`` with keys that JSON can hold: file names need not be UTF-8."""
    return {
        key if key.isascii() or _is_text(key) else _NOT_TEXT + os.fsencode(key).hex(): value
        for key, value in values.items()
    }


def _unquoted(values: dict[str, _Value]) -> dict[str, _Value]:
    """Return what ``_quoted`` was given; the same dictionary when it quoted nothing."""
    if not any(key.startswith(_NOT_TEXT) for key in values):
        return values
    size = len(_NOT_TEXT)
    return {
        os.fsdecode(bytes.fromhex(key[size:])) if key.startswith(_NOT_TEXT) else key: value
        for key, value in values.items()
    }


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def make_upper(container_dir: str) -> tuple[str, str]:
    """Make a container's writable layer and overlayfs' scratch directory; return their paths.

    See: Documentation/filesystems/overlayfs.rst, Upper and Lower.
    """
    upper, work = f"{container_dir}/diff", f"{container_dir}/work"
    os.mkdir(upper)
    os.chmod(upper, _ROOT_MODE)
    os.mkdir(work, 0o700)
    return upper, work
