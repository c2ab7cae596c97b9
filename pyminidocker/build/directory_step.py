"""WORKDIR makes its directory at once, as its own layer, unless it is there.

See: moby builder/dockerfile/dispatchers.go, dispatchWorkdir; daemon/workdir.go.
"""

from collections.abc import Iterator, Sequence

from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.target import Target
from pyminidocker.build.tree import DIRECTORY
from pyminidocker.images.records import Layer


def layer(layers: Sequence[Layer], path: str, now_s: float) -> Iterator[bytes] | None:
    """Return the layer archive that makes directory ``path``; None when it is there already.

    Blocks.

    Args:
        layers: of the stage so far, bottom first.
        path: absolute.
        now_s: time of new directories, seconds since the epoch.

    Raises:
        CopyError: something on the way is no directory.
    """
    with LayersTree(layers, "the stage") as tree:
        target = Target("WORKDIR", tree, int(now_s) * 10**9, (0, 0))
        _, node = target.follow(path)
        if node is not None and node.kind == DIRECTORY:
            return None
        target.directory(path)
        return iter(list(target.chunks(None)))
