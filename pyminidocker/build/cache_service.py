"""Looking at the build cache and emptying it (``minidocker builder prune``, ``docker builder``).

A cached step is *shared* when an image has the layers it ends with: forgetting it frees nothing,
and the next build of that image would do it again, so that only ``--all`` does.

See: Docker Engine API, POST /build/prune; moby builder/builder-next.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.build.cache_mounts import CacheMounts
from pyminidocker.build.records import Record
from pyminidocker.build.state import moment
from pyminidocker.engine import filters as matching
from pyminidocker.images.cached_steps import CachedStep

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

_KNOWN = frozenset(("until", "unused-for", "id", "parent", "type", "inuse", "shared", "private"))
_TYPES = {"step": "regular", "mount": "exec.cachemount"}


class _Candidate(NamedTuple):
    """Something that may be forgotten."""

    id: str
    kind: str
    parent: str
    last_used: float
    size: int
    is_shared: bool


def _top_layers(engine: "Engine") -> set[str]:
    store = engine.images.store
    return {layer.chain_id for image in store.visible() for layer in image.layers}


async def rows(engine: "Engine", mounts: CacheMounts) -> list[Record]:
    """Return every cached step and cache mount, the newest last."""
    found = [_step_row(step) for step in engine.images.store.cached_steps.all()]
    for name, mount, size in await asyncio.to_thread(mounts.all):
        found.append(
            {
                "Id": name,
                "Instruction": f"RUN --mount=type=cache,id={mount.id}",
                "Stage": "",
                "Size": size,
                "Created": moment(mount.created),
                "LastUsed": moment(mount.last_used),
                "UseCount": mount.use_count,
                "Parents": [],
                "Image": "",
                "Kind": "mount",
            }
        )
    return found


def _step_row(step: CachedStep) -> Record:
    return {
        "Id": step.key,
        "Instruction": step.instruction,
        "Stage": step.stage,
        "Size": step.size,
        "Created": step.created,
        "LastUsed": moment(step.last_used),
        "UseCount": step.use_count,
        "Parents": [step.parent.removeprefix("sha256:")],
        "Image": step.image,
        "Kind": "step",
    }


async def usage_rows(engine: "Engine", mounts: CacheMounts) -> list[Record]:
    """Return every cached step and cache mount as ``docker system df`` reads them."""
    tops = _top_layers(engine)
    shared = {step.key for step in engine.images.store.cached_steps.all() if _is_shared(step, tops)}
    return [
        {
            "ID": row["Id"],
            "Parent": next(iter(row["Parents"]), ""),
            "Type": _TYPES[row["Kind"]],
            "Description": row["Instruction"],
            "InUse": False,
            "Shared": row["Id"] in shared,
            "Size": row["Size"],
            "CreatedAt": row["Created"],
            "LastUsedAt": row["LastUsed"],
            "UsageCount": row["UseCount"],
        }
        for row in await rows(engine, mounts)
    ]


def _is_shared(step: CachedStep, tops: set[str]) -> bool:
    return not step.layer or step.layer in tops


async def prune(
    engine: "Engine",
    mounts: CacheMounts,
    filters: Mapping[str, Sequence[str]],
    *,
    everything: bool,
    keep_bytes: int,
) -> Record:
    """Forget cached steps and mounts; see ``Builder.prune``."""
    matching.check_names(filters, _KNOWN)
    until = matching.moment(filters, "until") or matching.moment(filters, "unused-for")
    store = engine.images.store
    tops = _top_layers(engine)
    candidates = [
        _Candidate(
            step.key,
            "step",
            step.parent.removeprefix("sha256:"),
            step.last_used,
            step.size,
            _is_shared(step, tops),
        )
        for step in store.cached_steps.all()
    ]
    for name, mount, size in await asyncio.to_thread(mounts.all):
        candidates.append(_Candidate(name, "mount", "", mount.last_used, size, False))
    chosen = [
        item
        for item in sorted(candidates, key=lambda item: item.last_used)
        if (everything or not item.is_shared)
        and (not until or item.last_used < until)
        and _fits(item, filters)
    ]
    left = sum(item.size for item in candidates)
    deleted: list[_Candidate] = []
    for item in chosen:
        if keep_bytes and left <= keep_bytes:
            break
        if item.kind == "mount" and not await asyncio.to_thread(mounts.remove, item.id):
            continue  # a step uses it
        deleted.append(item)
        left -= item.size
    steps = [item.id for item in deleted if item.kind == "step"]
    await asyncio.to_thread(store.cached_steps.remove, steps)
    await asyncio.to_thread(store.collect_garbage)
    freed = sum(item.size for item in deleted if not item.is_shared)
    engine.events.emit("builder", "prune", "", {"reclaimed": str(freed)})
    return {"CachesDeleted": [item.id for item in deleted] or None, "SpaceReclaimed": freed}


def _fits(item: _Candidate, filters: Mapping[str, Sequence[str]]) -> bool:
    for name, values in filters.items():
        if name == "id" and not any(item.id.startswith(value) for value in values):
            return False
        if name == "parent" and item.parent not in values:
            return False
        if name == "type" and _TYPES[item.kind] not in values:
            return False
        if name in ("shared", "private", "inuse"):
            wanted = matching.boolean(filters, name, True)
            holds = item.is_shared if name == "shared" else not item.is_shared
            if name == "inuse":
                holds = False
            if holds != wanted:
                return False
    return True
