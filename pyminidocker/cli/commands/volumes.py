"""``volume create``, ``ls`` and ``rm``."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.environment import pairs
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.listing import (
    FORMAT_HELP,
    Listing,
    filters,
    label,
    labels_text,
    natural,
    print_lines,
)
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _usage(record: Json, key: str) -> Any:
    value = (record.get("UsageData") or {}).get(key, -1)
    return None if value == -1 else value


def _size(record: Json) -> str:
    size = _usage(record, "Size")
    return "N/A" if size is None else human_size(size)


def _links(record: Json) -> str:
    count = _usage(record, "RefCount")
    return "N/A" if count is None else str(count)


LISTING = Listing(
    "volumeContext",
    {
        "Name": ("VOLUME NAME", lambda one: str(one["Name"])),
        "Driver": ("DRIVER", lambda one: str(one["Driver"])),
        "Scope": ("SCOPE", lambda one: str(one["Scope"])),
        "Mountpoint": ("MOUNTPOINT", lambda one: str(one["Mountpoint"])),
        "Labels": ("LABELS", labels_text),
        "Links": ("LINKS", _links),
        "Size": ("SIZE", _size),
        "Availability": ("AVAILABILITY", lambda _: "N/A"),
        "Group": ("GROUP", lambda _: "N/A"),
        "Status": ("STATUS", lambda _: "N/A"),
    },
    {"Label": label},
)


def ls(call: Invocation) -> int:
    """List volumes, by name."""
    options = call.options
    found = call.engine.volume_list(filters(options["filter"]))
    found.sort(key=lambda one: natural(str(one["Name"])))
    if options["quiet"] and options["format"] in ("", "table"):
        return print_lines([one["Name"] for one in found])
    return LISTING.show(found, ("Driver", "Name"), options["format"])


def create(call: Invocation) -> int:
    """Make a volume and print its name."""
    options = call.options
    name = call.arguments[0] if call.arguments else ""
    if options["name"]:
        if name:
            raise Failure("conflicting options: a volume name both with --name and without")
        name = options["name"]
    made = call.engine.volume_create(
        name,
        driver=options["driver"],
        labels=pairs(options["label"]),
        options=pairs(options["opt"]),
    )
    print(made["Name"])
    return 0


def rm(call: Invocation) -> int:
    """Remove volumes that no container uses."""
    options = call.options
    return each(
        call.arguments, lambda name: call.engine.volume_remove(name, force=options["force"])
    )


LS = Command(
    "[OPTIONS]",
    (
        Option("-f, --filter", "filter", 'Provide filter values (e.g. "dangling=true")'),
        Option("--format", "string", FORMAT_HELP),
        Option("-q, --quiet", "bool", "Only display volume names"),
    ),
    ls,
)
CREATE = Command(
    "[OPTIONS] [VOLUME]",
    (
        Option("-d, --driver", "string", "Specify volume driver name", "local"),
        Option("--label", "list", "Set metadata for a volume"),
        Option("--name", "string", ""),  # before Docker 1.12; not in help
        Option("-o, --opt", "map", "Set driver specific options"),
    ),
    create,
    0,
    1,
)
RM = Command(
    "[OPTIONS] VOLUME [VOLUME...]",
    (Option("-f, --force", "bool", "Force the removal of one or more volumes"),),
    rm,
    1,
    ANY,
    description="A volume that a container uses, even a stopped one, cannot be removed.",
)
