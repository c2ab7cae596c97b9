"""A step that is understood but not yet done: the cache looks at it first."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from pyminidocker.build.ingredients import Ingredients
from pyminidocker.images.records import StoredLayer

Act = Callable[[], Awaitable[StoredLayer | None]]


class Prepared(Struct):
    """One step.

    Attributes:
        ingredients: all it depends on.
        created_by: what the image's history will say.
        act: does it, and returns the layer it makes (None: none); no ``act`` when only the config
            changes, which has happened already.
        close: lets go of what was held for ``act``.
    """

    ingredients: Ingredients
    created_by: str
    act: Act | None = None
    close: Callable[[], None] | None = None
