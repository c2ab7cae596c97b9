"""Two switches of the lab host that decide whether containers reach other hosts.

``ip_forward`` is the kernel's own (sysctl net.ipv4.ip_forward): a host passes packets on, or drops
what is not addressed to itself.  ``masquerade`` is a chain of the packet filter, full or empty.
What is told about them is always what the kernel says, whoever changed it.

See: Documentation/networking/ip-sysctl.rst in the kernel's sources.
"""

from typing import TYPE_CHECKING

from msgspec import Struct

from pyminidocker.errors import SystemFailure
from pyminidocker.network import sysctl

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

IP_FORWARD = "net/ipv4/ip_forward"


class SwitchState(Struct):
    """How the switches are set."""

    ip_forward: bool
    masquerade: bool


def read(engine: "Engine") -> SwitchState:
    """Return how the switches are set in the kernel now.

    Raises:
        SystemFailure: the lab has no packet filter.
    """
    return SwitchState(
        ip_forward=sysctl.read(IP_FORWARD) == "1",
        masquerade=engine.lab_network.firewall.masquerade_on(),
    )


def change(
    engine: "Engine", *, ip_forward: bool | None = None, masquerade: bool | None = None
) -> SwitchState:
    """Set switches; None leaves one as it is.

    Raises:
        SystemFailure: the kernel refused.
    """
    if ip_forward is not None and sysctl.try_write((IP_FORWARD, str(int(ip_forward)))):
        raise SystemFailure("cannot set net.ipv4.ip_forward in the lab")
    if masquerade is not None:
        engine.lab_network.firewall.set_masquerade(masquerade)
    state = read(engine)
    bridge = engine.networks.get("bridge")
    told = {name: str(getattr(state, name)).lower() for name in state.__struct_fields__}
    engine.events.emit("network", "update", bridge.id, {"name": "bridge", "type": "bridge", **told})
    return state
