"""What a step depends on: all of it goes into the cache's key, and is compared on a miss.

A key is a hash of the state the step is done on (which carries the keys and results of all steps
before it), the instruction with its variables put in, the content of the files it copies or mounts,
and the build arguments it can see.  Times of files are no part of it, neither is the content of
secrets and cache mounts.
"""

from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct, field

from pyminidocker.images.records import StoredLayer
from pyminidocker.oci.digest import sha256

_FORMAT = "1"  # another one makes all earlier records strangers


class Ingredients(Struct):
    """One step's.

    Attributes:
        parent: key of the state it is done on.
        keyword: of the instruction.
        instruction: with variables put in.
        place: Dockerfile, stage and number, ``app/Dockerfile/builder/3``: for explanations only.
        stage: name or number, for people.
        arguments: build arguments that a RUN finds in its environment.
        parts: whatever else counts, by name.
        files: description of every path it copies or mounts.
        files_digest: over all of them, "" for none.
        is_first: it follows the FROM.
    """

    parent: str
    keyword: str
    instruction: str
    place: str = ""
    stage: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    files_digest: str = ""
    is_first: bool = False

    def key(self) -> str:
        """Return the step's key, 64 hex digits."""
        document = (
            _FORMAT,
            self.parent,
            self.keyword,
            self.instruction,
            self.arguments,
            self.parts,
            self.files_digest,
        )
        return sha256(msgspec.json.encode(document, order="deterministic"))[7:]


class Prepared(Struct):
    """A step that is understood but not yet done: the cache looks at it first.

    Attributes:
        ingredients: all it depends on.
        created_by: what the image's history will say.
        act: does it, and returns the layer it makes (None: none); no ``act`` when only the config
            changes, which has happened already.
        close: lets go of what was held for ``act``.
    """

    ingredients: Ingredients
    created_by: str
    act: Callable[[], Awaitable[StoredLayer | None]] | None = None
    close: Callable[[], None] | None = None
