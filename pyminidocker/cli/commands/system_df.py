"""``system df``: where the disk space went."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _share(part: int, whole: int) -> str:
    size = human_size(part, 4)
    return f"{size} ({part * 100 // whole}%)" if whole else size


def _row(kind: str, total: int, active: int, size: int, reclaimable: str) -> Json:
    return {
        "Type": kind, "TotalCount": str(total), "Active": str(active),
        "Size": human_size(size, 4), "Reclaimable": reclaimable,
    }  # fmt: skip


def summary(usage: Json) -> list[Json]:
    """Return one record per kind of thing, as the table shows it."""
    images = usage.get("Images") or []
    containers = usage.get("Containers") or []
    volumes = usage.get("Volumes") or []
    layers = usage.get("LayersSize") or 0
    used_bytes = sum(
        one["Size"] - max(one.get("SharedSize") or 0, 0)
        for one in images
        if (one.get("Containers") or 0) > 0
    )
    used = sum((one.get("Containers") or 0) > 0 for one in images)
    running = [one for one in containers if one.get("State") in ("running", "paused", "restarting")]
    size = sum(one.get("SizeRw") or 0 for one in containers)
    idle = size - sum(one.get("SizeRw") or 0 for one in running)
    volume_size = sum(max(one["UsageData"]["Size"], 0) for one in volumes)
    linked = [one for one in volumes if one["UsageData"]["RefCount"] > 0]
    unlinked = volume_size - sum(max(one["UsageData"]["Size"], 0) for one in linked)
    caches = usage.get("BuildCache") or []
    cache_size = sum(one.get("Size") or 0 for one in caches if not one.get("Shared"))
    return [
        _row("Images", len(images), used, layers, _share(max(layers - used_bytes, 0), layers)),
        _row("Containers", len(containers), len(running), size, _share(idle, size)),
        _row("Local Volumes", len(volumes), len(linked), volume_size,
             _share(unlinked, volume_size)),
        _row("Build Cache", len(caches), sum(bool(one.get("InUse")) for one in caches), cache_size,
             human_size(cache_size, 4)),
    ]  # fmt: skip


LISTING = Listing(
    "diskUsageContext",
    {
        "Type": ("TYPE", lambda one: str(one["Type"])),
        "TotalCount": ("TOTAL", lambda one: str(one["TotalCount"])),
        "Active": ("ACTIVE", lambda one: str(one["Active"])),
        "Size": ("SIZE", lambda one: str(one["Size"])),
        "Reclaimable": ("RECLAIMABLE", lambda one: str(one["Reclaimable"])),
    },
)


def df(call: Invocation) -> int:
    """Show disk usage."""
    usage = call.engine.disk_usage()
    if call.options["verbose"]:
        return _verbose(usage)
    columns = ("Type", "TotalCount", "Active", "Size", "Reclaimable")
    return LISTING.show(summary(usage), columns, call.options["format"])


def _verbose(usage: Json) -> int:
    from pyminidocker.cli.commands import container_list, image_list, volumes

    print("Images space usage:\n")
    rows = image_list.rows(usage.get("Images") or [], digests=False)
    image_columns = ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize",
                     "Containers")  # fmt: skip
    image_list.listing(trunc=True).show(rows, image_columns)
    print("\nContainers space usage:\n")
    shown = container_list.listing(trunc=True)
    shown.fields["Size"] = ("SIZE", lambda one: human_size(one.get("SizeRw") or 0))
    columns = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
    shown.show(usage.get("Containers") or [], columns)
    print("\nLocal Volumes space usage:\n")
    volumes.LISTING.show(usage.get("Volumes") or [], ("Name", "Links", "Size"))
    return 0


DF = Command(
    "[OPTIONS]",
    (
        Option("--format", "string", FORMAT_HELP),
        Option("-v, --verbose", "bool", "Show detailed information on space usage"),
    ),
    df,
)
