"""What a stage has become so far: the config, the layers, the history, and the cache's key.

Steps change it one after the other; another stage that starts FROM it takes a copy.
"""

import copy
from datetime import UTC, datetime

from pyminidocker.engine.config_changes import ChangingConfig
from pyminidocker.images.records import Image, Layer, StoredLayer
from pyminidocker.oci.digest import sha256
from pyminidocker.oci.image_spec import (
    MEDIA_LAYER,
    Descriptor,
    History,
    ImageConfig,
    RootFs,
    RunConfig,
    encode,
)
from pyminidocker.runtime.defaults import DEFAULT_PATH


class State(ChangingConfig):
    """One stage between two of its steps: its config, and all else that steps make.

    Attributes:
        architecture: in Go's words, as the base image has it; likewise ``variant`` and ``os``.
        layers: bottom first; likewise ``descriptors``, of their archives.
        history: one entry a step.
        key: names this state for the cache: all that led to it.
        image_id: of an image made of it; "" for an empty stage.
        base: the image it started from, None for scratch.
        is_changed: a step was done since FROM.
        created: of the newest step, RFC 3339.
        redone: text of the first step that the cache did not have, "" when it had all.
        arguments: the build arguments of the stage, for the stages that begin with it.
    """

    def __init__(self, architecture: str) -> None:
        super().__init__(RunConfig())
        self.architecture = architecture
        self.variant = ""
        self.os = "linux"
        self.layers: tuple[Layer, ...] = ()
        self.descriptors: tuple[Descriptor, ...] = ()
        self.history: tuple[History, ...] = ()
        self.key = sha256(b"scratch")
        self.image_id = ""
        self.base: Image | None = None
        self.is_changed = False
        self.created = ""
        self.redone = ""
        self.arguments: dict[str, str] = {}

    @classmethod
    def of_image(cls, image: Image, descriptors: list[Descriptor]) -> "State":
        """Return the state that FROM an image gives."""
        config = image.config
        state = cls(config.architecture)
        state.variant, state.os = config.variant, config.os
        state.run = copy.deepcopy(config.config)
        state.layers, state.descriptors = image.layers, tuple(descriptors)
        state.history = tuple(config.history)
        state.key = image.id
        state.image_id = image.id
        state.base = image
        state.created = config.created
        return state

    def fork(self) -> "State":
        """Return the state that FROM this stage gives."""
        state = copy.copy(self)
        state.run = copy.deepcopy(self.run)
        state.has_own_cmd = False
        state.author = ""
        return state

    def begin(self) -> None:
        """Do what FROM does to any base: make sure there is a PATH (moby dispatchers.go)."""
        if not any(item.startswith("PATH=") for item in self.run.env):
            self.run.env = [*self.run.env, f"PATH={DEFAULT_PATH}"]

    @property
    def top(self) -> str:
        """Chain id of the topmost layer, "" when there is none."""
        return self.layers[-1].chain_id if self.layers else ""

    def add(self, *, created: str, created_by: str, key: str, stored: StoredLayer | None) -> None:
        """Take over what a step did, apart from its change of ``run``.

        Args:
            created: RFC 3339.
            created_by: for the history.
            key: of the step.
            stored: the layer it made, None for none.
        """
        if stored is not None:
            self.layers = (*self.layers, stored.layer)
            archive = Descriptor(MEDIA_LAYER, stored.blob, stored.size)
            self.descriptors = (*self.descriptors, archive)
        entry = History(
            created=created, created_by=created_by, author=self.author, empty_layer=stored is None
        )
        self.history = (*self.history, entry)
        self.created = created
        self.is_changed = True
        # The result counts as well: a step that was done anew may have made something else.
        self.key = sha256(f"{key} {self.top}".encode())
        self.image_id = sha256(self.config())

    def config(self) -> bytes:
        """Return the config document of an image made of this state."""
        return encode(
            ImageConfig(
                architecture=self.architecture,
                os=self.os,
                rootfs=RootFs([layer.diff_id for layer in self.layers]),
                created=self.created,
                author=self.author,
                variant=self.variant,
                config=self.run,
                history=list(self.history),
            )
        )


def moment(seconds: float) -> str:
    """Return seconds since the epoch as an image's config writes times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
