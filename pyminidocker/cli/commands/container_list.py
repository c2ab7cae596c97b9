"""``ps``: which containers there are."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import FORMAT_HELP, Listing, filters, label, labels_text, print_lines
from pyminidocker.cli.output import quoted, shorten
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")


def _names(record: Json, *, trunc: bool) -> str:
    names = [name.removeprefix("/") for name in record.get("Names") or []]
    return ",".join(name for name in names if not trunc or "/" not in name)


def _image(record: Json, *, trunc: bool) -> str:
    image = record.get("Image") or "<no image>"
    if trunc:
        image_id = record.get("ImageID", "").removeprefix("sha256:")[:12]
        if image.removeprefix("sha256:")[:12] == image_id:
            return str(image_id)
        name, _, _ = image.partition("@")
        return str(name)
    return str(image)


def _command(record: Json, *, trunc: bool) -> str:
    command = record.get("Command", "")
    return quoted(shorten(command, 20) if trunc else command)


def _ports(record: Json) -> str:
    from pyminidocker.client.ports_text import ports_text

    return ports_text(record.get("Ports") or ())


def _created(record: Json) -> str:
    from pyminidocker.cli.times import local

    return local(record["Created"])


def _running_for(record: Json) -> str:
    from pyminidocker.cli.times import ago

    return ago(record["Created"])


def _size(record: Json) -> str:
    text = human_size(record.get("SizeRw") or 0)
    virtual = record.get("SizeRootFs") or 0
    return f"{text} (virtual {human_size(virtual)})" if virtual > 0 else text


def _mounts(record: Json, *, trunc: bool) -> str:
    names = [mount.get("Name") or mount.get("Source", "") for mount in record.get("Mounts") or []]
    return ",".join(shorten(name, 15) if trunc else name for name in names)


def _local_volumes(record: Json) -> str:
    mounts = record.get("Mounts") or []
    return str(sum(mount.get("Driver") == "local" for mount in mounts))


def _networks(record: Json) -> str:
    settings = record.get("NetworkSettings") or {}
    return ",".join(settings.get("Networks") or {})


def listing(*, trunc: bool) -> Listing:
    """Return what ``ps`` can show, with long texts cut when ``trunc``."""
    return Listing(
        "ContainerContext",
        {
            "ID": ("CONTAINER ID", lambda one: str(one["Id"])[: 12 if trunc else None]),
            "Names": ("NAMES", lambda one: _names(one, trunc=trunc)),
            "Image": ("IMAGE", lambda one: _image(one, trunc=trunc)),
            "Command": ("COMMAND", lambda one: _command(one, trunc=trunc)),
            "CreatedAt": ("CREATED AT", _created),
            "RunningFor": ("CREATED", _running_for),
            "Ports": ("PORTS", _ports),
            "State": ("STATE", lambda one: str(one.get("State", ""))),
            "Status": ("STATUS", lambda one: str(one.get("Status", ""))),
            "Size": ("SIZE", _size),
            "Labels": ("LABELS", labels_text),
            "Mounts": ("MOUNTS", lambda one: _mounts(one, trunc=trunc)),
            "LocalVolumes": ("LOCAL VOLUMES", _local_volumes),
            "Networks": ("NETWORKS", _networks),
        },
        {"Label": label},
    )


def ls(call: Invocation) -> int:
    """List containers."""
    options = call.options
    last = 1 if options["latest"] and options["last"] == -1 else options["last"]
    form = options["format"]
    found = call.engine.container_list(
        all=options["all"] or last > 0,
        limit=max(last, 0),
        size=options["size"] or ".Size" in form or "json ." in form,
        filters=filters(options["filter"]),
    )
    trunc = not options["no-trunc"]
    if options["quiet"]:
        if form:
            text = "WARNING: Ignoring custom format, because both --format and --quiet are set."
            print(text, file=sys.stderr)
        return print_lines([one["Id"][: 12 if trunc else None] for one in found])
    columns = (*COLUMNS, "Size") if options["size"] else COLUMNS
    return listing(trunc=trunc).show(found, columns, form)


LS = Command(
    "[OPTIONS]",
    (
        Option("-a, --all", "bool", "Show all containers (default shows just running)"),
        Option("-f, --filter", "filter", "Filter output based on conditions provided"),
        Option("--format", "string", FORMAT_HELP),
        Option("-n, --last", "int", "Show n last created containers (includes all states)", -1),
        Option("-l, --latest", "bool", "Show the latest created container (includes all states)"),
        Option("--no-trunc", "bool", "Don't truncate output"),
        Option("-q, --quiet", "bool", "Only display container IDs"),
        Option("-s, --size", "bool", "Display total file sizes"),
    ),
    ls,
)
