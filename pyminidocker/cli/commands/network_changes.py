"""``network create``, ``connect``, ``disconnect`` and ``rm``."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.environment import pairs
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.network_pools import pools
from pyminidocker.cli.run_networks import endpoint
from pyminidocker.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _split(texts: list[str]) -> list[str]:
    """Take lists apart: ``--subnet a,b`` is ``--subnet a --subnet b``."""
    return [part for text in texts for part in text.split(",")]


def create(call: Invocation) -> int:
    """Make a network and print its id."""
    options = call.options
    config = pools(
        _split(options["subnet"]),
        _split(options["ip-range"]),
        _split(options["gateway"]),
        pairs(options["aux-address"]),
    )
    body: Json = {
        "Name": call.arguments[0],
        "Driver": options["driver"],
        "CheckDuplicate": True,
        "Internal": options["internal"],
        "Attachable": options["attachable"],
        "EnableIPv6": options["ipv6"],
        "IPAM": {
            "Driver": options["ipam-driver"],
            "Options": pairs(options["ipam-opt"]),
            "Config": config,
        },
        "Options": pairs(options["opt"]),
        "Labels": pairs(options["label"]),
    }
    print(call.engine.network_create(body)["Id"])
    return 0


def connect(call: Invocation) -> int:
    """Connect a container; it may run."""
    options = call.options
    network, container = call.arguments
    wishes = {
        "IPv4Address": options["ip"],
        "IPv6Address": options["ip6"],
        "LinkLocalIPs": _split(options["link-local-ip"]),
        "Aliases": _split(options["alias"]),
        "Links": options["link"],
        "DriverOpts": pairs(_split(options["driver-opt"])),
        "GwPriority": options["gw-priority"],
        "MacAddress": options["mac-address"],
    }
    call.engine.network_connect(network, container, endpoint(wishes))
    return 0


def disconnect(call: Invocation) -> int:
    """Disconnect a container; it may run."""
    network, container = call.arguments
    call.engine.network_disconnect(network, container, force=call.options["force"])
    return 0


def rm(call: Invocation) -> int:
    """Remove networks that no running container is on."""
    force = call.options["force"]

    def remove(name: str) -> str | None:
        if not name:
            raise Failure("invalid network name or ID: value is empty")
        try:
            call.engine.network_remove(name)
        except NotFound:
            if force:
                return ""
            raise
        return None

    return each(call.arguments, remove)


CREATE = Command(
    "[OPTIONS] NETWORK",
    (
        Option("--attachable", "bool", "Enable manual container attachment"),
        Option("--aux-address", "map", "Auxiliary IPv4 or IPv6 addresses used by Network driver"),
        Option("-d, --driver", "string", "Driver to manage the Network", "bridge"),
        Option("--gateway", "list", "IPv4 or IPv6 Gateway for the master subnet"),
        Option("--internal", "bool", "Restrict external access to the network"),
        Option("--ip-range", "list", "Allocate container ip from a sub-range"),
        Option("--ipam-driver", "string", "IP Address Management Driver", "default"),
        Option("--ipam-opt", "map", "Set IPAM driver specific options"),
        Option("--ipv6", "bool", "Enable or disable IPv6 address assignment"),
        Option("--label", "list", "Set metadata on a network"),
        Option("-o, --opt", "map", "Set driver specific options"),
        Option("--subnet", "list", "Subnet in CIDR format that represents a network segment"),
    ),
    create,
    1,
    1,
)
CONNECT = Command(
    "[OPTIONS] NETWORK CONTAINER",
    (
        Option("--alias", "list", "Add network-scoped alias for the container"),
        Option("--driver-opt", "list", "driver options for the network"),
        Option("--gw-priority", "int", "Highest gw-priority provides the default gateway"),
        Option("--ip", "string", 'IPv4 address (e.g., "172.30.100.104")'),
        Option("--ip6", "string", 'IPv6 address (e.g., "2001:db8::33")'),
        Option("--link", "list", "Add link to another container"),
        Option("--link-local-ip", "list", "Add a link-local address for the container"),
        Option("--mac-address", "string", "MAC address of the container on this network"),
    ),
    connect,
    2,
    2,
)
DISCONNECT = Command(
    "[OPTIONS] NETWORK CONTAINER",
    (Option("-f, --force", "bool", "Force the container to disconnect from a network"),),
    disconnect,
    2,
    2,
)
RM = Command(
    "NETWORK [NETWORK...]",
    (Option("-f, --force", "bool", "Do not error if the network does not exist"),),
    rm,
    1,
    ANY,
)
