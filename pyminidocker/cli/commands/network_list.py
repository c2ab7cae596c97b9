"""``network ls``: which networks there are."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.listing import (
    FORMAT_HELP,
    Listing,
    filters,
    label,
    labels_text,
    natural,
    print_lines,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _created(record: Json) -> str:
    from pyminidocker.cli.times import local, parse

    text = str(record["Created"])
    moment = local(parse(text))
    fraction = text.partition(".")[2].rstrip("Z") if text.endswith("Z") else ""
    return moment[:19] + (f".{fraction}" if fraction else "") + moment[19:]


def _ipv4(record: Json) -> str:
    has_subnet = bool((record.get("IPAM") or {}).get("Config"))
    return "true" if record.get("EnableIPv4", has_subnet) else "false"


def _listing(*, trunc: bool) -> Listing:
    return Listing(
        "networkContext",
        {
            "ID": ("NETWORK ID", lambda one: str(one["Id"])[: 12 if trunc else None]),
            "Name": ("NAME", lambda one: str(one["Name"])),
            "Driver": ("DRIVER", lambda one: str(one["Driver"])),
            "Scope": ("SCOPE", lambda one: str(one["Scope"])),
            "IPv4": ("IPV4", _ipv4),
            "IPv6": ("IPV6", lambda one: "true" if one.get("EnableIPv6") else "false"),
            "Internal": ("INTERNAL", lambda one: "true" if one.get("Internal") else "false"),
            "Labels": ("LABELS", labels_text),
            "CreatedAt": ("CREATED AT", _created),
        },
        {"Label": label},
    )


def ls(call: Invocation) -> int:
    """List networks, by name."""
    options = call.options
    found = call.engine.network_list(filters(options["filter"]))
    found.sort(key=lambda one: natural(str(one["Name"])))
    trunc = not options["no-trunc"]
    if options["quiet"] and options["format"] in ("", "table"):
        return print_lines([one["Id"][: 12 if trunc else None] for one in found])
    return _listing(trunc=trunc).show(found, ("ID", "Name", "Driver", "Scope"), options["format"])


LS = Command(
    "[OPTIONS]",
    (
        Option("-f, --filter", "filter", 'Provide filter values (e.g. "driver=bridge")'),
        Option("--format", "string", FORMAT_HELP),
        Option("--no-trunc", "bool", "Do not truncate the output"),
        Option("-q, --quiet", "bool", "Only display network IDs"),
    ),
    ls,
)
