"""``container``, ``image``, ``network``, ``volume`` and ``system prune``: remove the unused."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import filters
from pyminidocker.cli.prompt import confirmed
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORCE = Option("-f, --force", "bool", "Do not prompt for confirmation")
FILTER = Option("--filter", "filter", 'Provide filter values (e.g. "until=<timestamp>")')
CANCELLED = 0  # nothing was asked for, nothing went wrong


def _allowed(call: Invocation, warning: str) -> bool:
    return bool(call.options["force"]) or confirmed(f"WARNING! {warning}")


def _deleted_images(answer: dict[str, Any]) -> list[str]:
    lines = []
    for one in answer.get("ImagesDeleted") or []:
        for key, word in (("Untagged", "untagged"), ("Deleted", "deleted")):
            if one.get(key):
                lines.append(f"{word}: {one[key]}")
    return lines


def _report(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:")
        print("\n".join(lines))
        print()


def _total(size_bytes: int) -> int:
    print(f"Total reclaimed space: {human_size(size_bytes)}")
    return 0


def containers(call: Invocation) -> int:
    """Remove all stopped containers."""
    if not _allowed(call, "This will remove all stopped containers."):
        return CANCELLED
    answer = call.engine.container_prune(filters(call.options["filter"]))
    _report("Deleted Containers", answer.get("ContainersDeleted") or [])
    return _total(answer.get("SpaceReclaimed") or 0)


def images(call: Invocation) -> int:
    """Remove images without a name, or with ``-a`` all that no container uses."""
    unused = call.options["all"]
    what = "all images without at least one container associated to them"
    if not _allowed(call, f"This will remove {what if unused else 'all dangling images'}."):
        return CANCELLED
    asked = {**filters(call.options["filter"]), "dangling": ["false" if unused else "true"]}
    answer = call.engine.image_prune(asked)
    _report("Deleted Images", _deleted_images(answer))
    return _total(answer.get("SpaceReclaimed") or 0)


def networks(call: Invocation) -> int:
    """Remove all networks that no running container is on."""
    warning = "This will remove all custom networks not used by at least one container."
    if not _allowed(call, warning):
        return CANCELLED
    answer = call.engine.network_prune(filters(call.options["filter"]))
    _report("Deleted Networks", answer.get("NetworksDeleted") or [])
    return 0


def volumes(call: Invocation) -> int:
    """Remove volumes that no container uses; named ones only with ``-a``."""
    every = call.options["all"]
    what = "all" if every else "anonymous"
    text = f"This will remove {what} local volumes not used by at least one container."
    if not _allowed(call, text):
        return CANCELLED
    asked = filters(call.options["filter"])
    if every:
        asked["all"] = ["true"]
    answer = call.engine.volume_prune(asked)
    _report("Deleted Volumes", answer.get("VolumesDeleted") or [])
    return _total(answer.get("SpaceReclaimed") or 0)


def system(call: Invocation) -> int:
    """Remove what nobody uses: containers, networks, images, build cache, and volumes if asked."""
    options = call.options
    losses = ["all stopped containers", "all networks not used by at least one container"]
    if options["volumes"]:
        losses.append("all anonymous volumes not used by at least one container")
    kind = "all images without at least one container associated to them"
    losses.append(kind if options["all"] else "all dangling images")
    losses.append("all build cache" if options["all"] else "unused build cache")
    if not _allowed(call, "This will remove:\n" + "\n".join(f"  - {one}" for one in losses) + "\n"):
        return CANCELLED
    asked = filters(options["filter"])
    answer = call.engine.container_prune(asked)
    total = answer.get("SpaceReclaimed") or 0
    _report("Deleted Containers", answer.get("ContainersDeleted") or [])
    answer = call.engine.network_prune(asked)
    _report("Deleted Networks", answer.get("NetworksDeleted") or [])
    if options["volumes"]:
        answer = call.engine.volume_prune(asked)
        total += answer.get("SpaceReclaimed") or 0
        _report("Deleted Volumes", answer.get("VolumesDeleted") or [])
    dangling = "false" if options["all"] else "true"
    answer = call.engine.image_prune({**asked, "dangling": [dangling]})
    total += answer.get("SpaceReclaimed") or 0
    _report("Deleted Images", _deleted_images(answer))
    times = {key: values for key, values in asked.items() if key == "until"}
    answer = call.engine.build_prune(all=options["all"], filters=times)
    total += answer.get("SpaceReclaimed") or 0
    _report("Deleted build cache objects", answer.get("CachesDeleted") or [])
    return _total(total)


CONTAINERS = Command("[OPTIONS]", (FILTER, FORCE), containers)
IMAGES = Command(
    "[OPTIONS]",
    (
        Option("-a, --all", "bool", "Remove all unused images, not just dangling ones"),
        FILTER,
        FORCE,
    ),
    images,
)
NETWORKS = Command("[OPTIONS]", (FILTER, FORCE), networks)
VOLUMES = Command(
    "[OPTIONS]",
    (
        Option("-a, --all", "bool", "Remove all unused volumes, not just anonymous ones"),
        Option("--filter", "filter", 'Provide filter values (e.g. "label=<label>")'),
        FORCE,
    ),
    volumes,
)
SYSTEM = Command(
    "[OPTIONS]",
    (
        Option("-a, --all", "bool", "Remove all unused images not just dangling ones"),
        Option("--filter", "filter", 'Provide filter values (e.g. "label=<key>=<value>")'),
        FORCE,
        Option("--volumes", "bool", "Prune anonymous volumes"),
    ),
    system,
)
