"""Contexts, layers and trees made by hand."""

import io
import tarfile

import pytest

from pyminidocker.build import copy
from pyminidocker.build.context import Context
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.images.layers import unpack_layer
from pyminidocker.images.records import Layer
from tests.unit.images.conftest import archive, hard_link
from tests.unit.images.conftest import entry as entry_of_owner

__all__ = ["archive", "entry", "hard_link", "link"]

NOW_S = 1_700_000_000


def entry(name, data=None, **fields):
    """Return (header, content) of an archive entry that belongs to root."""
    return entry_of_owner(name, data, **{"uid": 0, "gid": 0, **fields})


def link(name, target):
    return entry(name, kind=tarfile.SYMTYPE, target=target)


class World:
    """A context and an image to copy into."""

    def __init__(self, directory):
        self.directory = directory
        self.state = str(directory / "state")
        self.layers = []
        self.opened = []

    def context(self, *entries, data=None, limits=None):
        context = Context(self.state, limits)
        self.opened.append(context)
        context.fill([data if data is not None else archive(*entries)])
        return context

    def add_layer(self, data):
        number = len(list(self.directory.glob("layer-*")))
        path = self.directory / f"layer-{number}"
        path.mkdir()
        outcome = unpack_layer([data], str(path))
        parent = self.layers[-1].chain_id if self.layers else ""
        self.layers.append(
            Layer(f"chain-{number}", parent, f"diff-{number}", 0, str(path), outcome.owners)
        )
        return data

    def image(self, *entries):
        self.add_layer(archive(*entries))

    def copy(self, source, sources, destination, *, heredocs=(), remote=None, **options):
        """Carry a COPY out; return the layer's archive."""
        where = {
            key: options.pop(key) for key in ("working_dir", "now_s", "epoch_s") if key in options
        }
        chunks = copy.layer(
            source,
            [sources] if isinstance(sources, str) else sources,
            destination,
            self.layers,
            copy.CopyOptions(**options),
            heredocs=heredocs,
            remote=remote,
            scratch=f"{self.state}/scratch",
            **{"now_s": NOW_S, **where},
        )
        return self.add_layer(b"".join(chunks))

    def tree(self):
        tree = LayersTree(self.layers, 'stage "test"')
        self.opened.append(tree)
        return tree

    def close(self):
        for one in self.opened:
            one.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    (tmp_path / "outside").write_text("untouched")
    yield world
    world.close()
    assert (tmp_path / "outside").read_text() == "untouched"


def rows(data):
    """Return what a layer archive says: path -> (type, mode, uid, gid, target or content)."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            what = tar.extractfile(member).read() if member.isreg() else member.linkname
            kind = {b"0": "-", b"5": "d", b"2": "l", b"1": "h", b"6": "p", b"3": "c"}[member.type]
            found[member.name] = (kind, member.mode, member.uid, member.gid, what)
    return found
