"""What a base image is made of, before it is one: layers, a run config and the steps' words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyminidocker.images.base.filetree import FileTree, source_date_epoch
from pyminidocker.images.records import Image
from pyminidocker.images.store import ImageStore
from pyminidocker.oci.image_spec import History, ImageConfig, RootFs, RunConfig

Progress = Callable[[str], None]
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(slots=True)
class Step:
    """One line of the image's history.

    Attributes:
        created_by: the instruction, as ``docker history`` shows it.
        tree: what the step adds; None for a step that changes only the config.
    """

    created_by: str
    tree: FileTree | None = None


@dataclass(slots=True)
class Recipe:
    """A base image to be.

    Attributes:
        name: the repository it is tagged as, with ``latest``.
        architecture: in OCI's words: amd64, arm64.
        config: how to run it.
        steps: how it is made, in order.
    """

    name: str
    architecture: str
    config: RunConfig
    steps: list[Step] = field(default_factory=list)


def make(store: ImageStore, recipe: Recipe, progress: Progress) -> Image:
    """Make the image and tag it; the same recipe always gives the same id.

    Raises:
        SystemFailure: disk full; nothing is left behind.

    See: OCI image-spec config.md, history.
    """
    moment = datetime.fromtimestamp(source_date_epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    blobs: list[tuple[str, int]] = []
    history: list[History] = []
    with store.lease():
        for step in recipe.steps:
            is_empty = step.tree is None
            history.append(
                History(created=moment, created_by=step.created_by, empty_layer=is_empty)
            )
            if step.tree is not None:
                progress(f"Packing layer {len(blobs) + 1}: {step.created_by}")
                blobs.append(store.blobs.put_stream(step.tree.tar()))
        config = ImageConfig(
            architecture=recipe.architecture,
            os="linux",
            rootfs=RootFs([digest for digest, _ in blobs]),
            created=moment,
            config=recipe.config,
            history=history,
        )
        progress("Unpacking")
        return store.add(config, blobs, name=f"{recipe.name}:latest")
