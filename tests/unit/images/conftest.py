"""Small layers made by hand, and a store of their own for each test."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from pyminidocker.images.records import Layer
from pyminidocker.images.snapshots import LayerStore
from pyminidocker.images.store import ImageStore
from pyminidocker.oci.digest import sha256
from pyminidocker.oci.image_spec import History, ImageConfig, RootFs, RunConfig


def entry(name, data=None, *, kind=tarfile.REGTYPE, target="", mode=None, **fields):
    """Return (header, content) of an archive entry."""
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE if data is None and kind == tarfile.REGTYPE else kind
    info.mode = mode if mode is not None else (0o755 if info.type == tarfile.DIRTYPE else 0o644)
    info.size = len(data or b"")
    info.linkname = target
    info.mtime = 1_000_000_000
    info.uid = info.gid = os.getuid() and 1  # something an ordinary user may not set
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data or b""


def link(name, target):
    return entry(name, kind=tarfile.SYMTYPE, target=target)


def hard_link(name, target):
    return entry(name, kind=tarfile.LNKTYPE, target=target)


def archive(*entries):
    """Return the bytes of a tar of ``entry`` results."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def store(tmp_path):
    return ImageStore(str(tmp_path / "state"))


@pytest.fixture
def layer_store(tmp_path):
    return LayerStore(str(tmp_path / "layers"))


def add_layers(layer_store: LayerStore, *archives: bytes) -> list[Layer]:
    """Unpack archives on top of each other."""
    layers: list[Layer] = []
    for data in archives:
        parent = layers[-1].chain_id if layers else ""
        layers.append(layer_store.add(parent, io.BytesIO(data), sha256(data)))
    return layers


def add_image(store: ImageStore, *archives: bytes, name="", parent="", created="", **config):
    """Make an image of layer archives."""
    blobs = [store.blobs.put_stream([data]) for data in archives]
    document = ImageConfig(
        architecture="amd64",
        os="linux",
        rootfs=RootFs([digest for digest, _ in blobs]),
        created=created,
        config=RunConfig(**config),
        history=[History(created_by=f"layer {i}") for i in range(len(blobs))],
    )
    return store.add(document, blobs, name=name, parent=parent)


def tree(directory) -> dict[str, str]:
    """Describe a directory: path -> type and content."""
    found = {}
    root = Path(directory)
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "dir"
        elif path.is_file():
            found[name] = path.read_text()
        else:
            info = path.lstat()
            found[name] = "whiteout" if info.st_rdev == 0 and path.is_char_device() else "special"
    return found
