"""WORKDIR as a step: it makes its directory at once, as a layer of its own, unless it is there.

See: moby builder/dockerfile/dispatchers.go, dispatchWorkdir; daemon/workdir.go.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyminidocker.build.ingredients import Ingredients, Prepared
from pyminidocker.build.layers_tree import LayersTree
from pyminidocker.build.state import State
from pyminidocker.build.target import Target
from pyminidocker.build.threads import in_thread
from pyminidocker.dockerfile.instructions import Workdir
from pyminidocker.engine.config_changes import change_directory
from pyminidocker.images.records import Layer, StoredLayer

if TYPE_CHECKING:
    from pyminidocker.build.work import Work


class DirectoryStep:
    """One WORKDIR.

    Args:
        work: the build.
        state: of the stage; its working directory is set here.
        instruction: variables put in.
    """

    def __init__(self, work: "Work", state: State, instruction: Workdir) -> None:
        self._work = work
        self._state = state
        self._path = change_directory(state, instruction)

    def prepare(self, ingredients: Ingredients) -> Prepared:
        """Fill in what the cache has to know."""
        ingredients.instruction = f"WORKDIR {self._path}"
        shell = " ".join(self._state.shell)
        return Prepared(ingredients, f"{shell} #(nop) WORKDIR {self._path}", self._act)

    async def _act(self) -> StoredLayer | None:
        return await in_thread(self._make)

    def _make(self) -> StoredLayer | None:
        epoch_s = self._work.plan.epoch_s
        now_s = int(time.time()) if epoch_s is None else epoch_s
        chunks = layer(self._state.layers, self._path, now_s)
        store = self._work.engine.images.store
        return None if chunks is None else store.add_layer(self._state.top, chunks)


def layer(layers: Sequence[Layer], path: str, now_s: int) -> list[bytes] | None:
    """Return the layer archive that makes directory ``path``; None when it is there already.

    Args:
        layers: of the stage so far, bottom first.
        path: absolute.
        now_s: time of new directories, seconds since the epoch.

    Raises:
        CopyError: something on the way is no directory.
    """
    with LayersTree(layers, "the stage") as tree:
        target = Target("WORKDIR", tree, now_s * 10**9, (0, 0))
        if target.is_directory(path):
            return None
        target.directory(path)
        return list(target.chunks())
