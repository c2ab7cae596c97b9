"""The build cache as one build uses it: look up, explain, remember.

See: docs/decisions/0015; ``images.cached_steps`` for what is on disk.
"""

import time
from typing import NamedTuple

from pyminidocker.build import explain
from pyminidocker.build.explain import Explanation
from pyminidocker.build.ingredients import Ingredients
from pyminidocker.build.state import State
from pyminidocker.errors import SystemFailure
from pyminidocker.images.cached_steps import CachedStep
from pyminidocker.images.records import Layer, StoredLayer
from pyminidocker.images.store import ImageStore


class Found(NamedTuple):
    """What the cache had for a step.

    Attributes:
        key: of the step.
        step: the record, None when it has to be done.
        layer: what it added, when it did.
        explanation: why.
    """

    key: str
    step: CachedStep | None
    layer: Layer | None
    explanation: Explanation


class Cache:
    """One build's hand on the cache.

    Args:
        store: holds the records, layers and archives.
        is_off: ``--no-cache``: find nothing, remember all the same.

    Attributes:
        problem: why steps are not remembered any more; empty while they are.
    """

    def __init__(self, store: ImageStore, *, is_off: bool) -> None:
        self._store = store
        self._is_off = is_off
        self._used: list[str] = []
        self.problem = ""

    def look(self, ingredients: Ingredients, redone: str) -> Found:
        """Look for a step; see ``explain.miss`` for ``redone``."""
        key = ingredients.key()
        if self._is_off:
            return Found(key, None, None, Explanation("forced", ["--no-cache was given"]))
        cached = self._store.cached_steps
        step = cached.get(key)
        if step is not None:
            layer = self._store.layers.get(step.layer) if step.diff_id else None
            if not step.diff_id or (layer is not None and self._store.blobs.has(step.blob)):
                self._used.append(key)
                return Found(key, step, layer, explain.hit(step, ingredients))
            cached.remove([key])
            lost = Explanation("first", ["what it made the last time is gone"])
            return Found(key, None, None, lost)
        return Found(key, None, None, explain.miss(cached, ingredients, redone))

    def remember(
        self,
        found: Found,
        ingredients: Ingredients,
        state: State,
        stored: StoredLayer | None,
        seconds: float,
    ) -> None:
        """Keep what a step made; ``state`` has taken it over already.

        A full disk does not end the build: the step is done again the next time.
        """
        step = CachedStep(
            key=found.key,
            parent=ingredients.parent,
            state=state.key,
            keyword=ingredients.keyword,
            instruction=ingredients.instruction,
            stage=ingredients.stage,
            place=ingredients.place,
            arguments=ingredients.arguments,
            parts=ingredients.parts,
            files=ingredients.files_digest,
            layer=state.top,
            diff_id=stored.layer.diff_id if stored is not None else "",
            blob=stored.blob if stored is not None else "",
            size=stored.size if stored is not None else 0,
            created=state.created,
            seconds=round(seconds, 4),
            image=state.image_id,
            last_used=time.time(),
        )
        try:
            self._store.cached_steps.put(step, ingredients.files)
        except (OSError, SystemFailure) as error:
            self.problem = f"the build cache cannot be written: {error}"

    def close(self) -> None:
        """Write down which steps were found."""
        try:
            self._store.cached_steps.use(self._used, time.time())
        except (OSError, SystemFailure) as error:
            self.problem = f"the build cache cannot be written: {error}"
