"""What the layer microscope asks: whose layers, and how two stacks of them differ.

The answers have the shape of the extension endpoints GET /minidocker/layers and
/minidocker/compare.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.diff import compare as compare_stacks
from pyminidocker.images.diff import upper_layer
from pyminidocker.images.records import Layer
from pyminidocker.images.trees import tree_size
from pyminidocker.images.waste import waste as layers_waste

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

KINDS = ("auto", "added", "changed", "deleted", "attributes")


def _find(engine: "Engine", ref: str) -> "tuple[Container | None, tuple[Layer, ...]]":
    """Return what ``ref`` means; an image wins over a container of the same name."""
    try:
        return None, engine.images.store.stack(ref)
    except (NotFound, InvalidArgument) as no_image:
        try:
            container = engine.containers.get(ref)
        except NotFound:
            raise NotFound(f"No such image or container: {ref}") from no_image
    layers = engine.images.by_id(container.record.image_id).layers
    return container, (*layers, upper_layer(container.id, container.upper_dir, layers))


def stack(engine: "Engine", ref: str) -> tuple[Layer, ...]:
    """Return layers, bottom first; see ``Images.stack``."""
    return _find(engine, ref)[1]


def layer_rows(engine: "Engine", ref: str) -> list[dict[str, Any]]:
    """Return one row per layer with the history line that made it; see ``Images.layers``."""
    container, layers = _find(engine, ref)
    if container is not None:
        image = engine.images.by_id(container.record.image_id)
    else:
        image = engine.images.get(ref.rpartition("@")[0] if "@" in ref else ref)
    made_by = [step.created_by for step in image.config.history if not step.empty_layer]
    digests = [descriptor.digest for descriptor in engine.images.store.manifest(image).layers]
    rows = []
    for index, layer in enumerate(layers):
        is_upper = container is not None and index == len(layers) - 1
        rows.append(
            {
                "Digest": "" if is_upper or index >= len(digests) else digests[index],
                "DiffId": layer.diff_id,
                "ChainId": "" if is_upper else layer.chain_id,
                "Size": tree_size(layer.directory) if is_upper else layer.size,
                "CreatedBy": (
                    f"container {container.name}"
                    if is_upper and container is not None
                    else made_by[index]
                    if index < len(made_by)
                    else ""
                ),
                "Directory": layer.directory,
            }
        )
    return rows


async def compare(engine: "Engine", a: str, b: str, kind: str) -> dict[str, Any]:
    """Compare two stacks; see ``Images.compare``."""
    if kind not in KINDS:
        raise InvalidArgument(f"unknown kind of difference: {kind}; one of {', '.join(KINDS)}")
    before, after = stack(engine, a), stack(engine, b)
    found = await asyncio.to_thread(compare_stacks, before, after)
    return {
        "A": a,
        "B": b,
        "Entries": [
            {
                "Path": entry.path,
                "Kind": entry.kind,
                "Type": entry.type,
                "Layer": entry.layer,
                "SizeA": entry.size_a,
                "SizeB": entry.size_b,
                "ModeA": entry.mode_a,
                "ModeB": entry.mode_b,
                "CopiedUp": entry.copied_up,
                "Whiteout": entry.whiteout,
                "Opaque": entry.opaque,
            }
            for entry in found.entries
            if kind in ("auto", entry.kind)
        ],
        "Summary": {
            "Added": found.added,
            "Changed": found.changed,
            "Deleted": found.deleted,
            "Attributes": found.attributes,
            "CopiedUpBytes": found.copied_up_bytes,
            "WastedBytes": found.wasted_bytes,
        },
    }


async def waste(engine: "Engine", ref: str) -> dict[str, Any]:
    """Return what a stack of layers carries in vain; see ``Images.waste``."""
    found = await asyncio.to_thread(layers_waste, stack(engine, ref))
    return {
        "Efficiency": found.efficiency,
        "Size": found.size,
        "Wasted": found.wasted,
        "Paths": [
            {
                "Path": one.path,
                "Layers": one.layers,
                "Size": one.size,
                "Wasted": one.wasted,
                "Deleted": one.is_deleted,
            }
            for one in found.paths
        ],
    }
