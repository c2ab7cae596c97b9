"""``route add``, ``ls`` and ``rm``: static routes over wires."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import USAGE_ERROR, Failure
from pyminidocker.cli.listing import FORMAT_HELP, Listing

ROUTES = Listing(
    "routeContext",
    {
        "Destination": ("DESTINATION", lambda one: str(one["Destination"])),
        "Gateway": ("VIA", lambda one: str(one["Gateway"])),
    },
)


def _words(call: Invocation, *, needs_gateway: bool) -> tuple[str, str]:
    """Read "172.18.0.0/16 via 192.168.50.2", with or without the "via"."""
    words = [word for word in call.arguments if word != "via"]
    if call.options["via"]:
        words.append(call.options["via"])
    if len(words) > 2 or (needs_gateway and len(words) != 2):
        raise Failure(
            "say where and through which host: 172.18.0.0/16 via 192.168.50.2",
            USAGE_ERROR,
            usage="full",
        )
    return words[0], words[1] if len(words) == 2 else ""


def add(call: Invocation) -> int:
    """Add a route of this host."""
    call.engine.route_add(*_words(call, needs_gateway=True))
    return 0


def rm(call: Invocation) -> int:
    """Take a route away."""
    call.engine.route_remove(*_words(call, needs_gateway=False))
    return 0


def ls(call: Invocation) -> int:
    """List the static routes of this host."""
    listed = call.engine.route_list()
    return ROUTES.show(listed, ("Destination", "Gateway"), call.options["format"])


_VIA = Option("--via", "ip", "The other host's address on the wire")
ADD = Command(
    "[OPTIONS] SUBNET via ADDRESS",
    (_VIA,),
    add,
    1,
    3,
    description=("Routes belong to one host (see --host) and go with the wire they lead over."),
)
RM = Command("[OPTIONS] SUBNET [via ADDRESS]", (_VIA,), rm, 1, 3)
LS = Command("[OPTIONS]", (Option("--format", "string", FORMAT_HELP),), ls)
