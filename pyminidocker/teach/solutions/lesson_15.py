"""Lesson 15: two hosts."""

from __future__ import annotations

from typing import Any

import pyminidocker


def make_way_back(mars: Any) -> None:
    """Tell mars through which host the network meadow is reached."""
    mars.add_route("10.15.3.0/24", via="192.168.78.1")


def unpack(packet: dict[str, Any]) -> tuple[str, int, str]:
    """Return outer destination, VNI and inner destination of a packet."""
    inner = packet["Inner"]
    return packet["Ip"]["Destination"], packet["Vxlan"]["Vni"], inner["Ip"]["Destination"]


def open_cafe(mars: Any) -> None:
    """A container on mars, on the network that both hosts share."""
    mars.run("busybox", "sleep 9999", name="cafe", network="span", detach=True, fresh=True)


def let_it_pass(wire: Any) -> None:
    """Let the wire carry what the hosts believe it carries."""
    wire.change(mtu=1500)


def join_halves(engine: Any, mars: Any) -> None:
    """Lay the wire anew: the engine then makes the vxlan device with the network's number."""
    pyminidocker.wire(engine, mars, name="lesson15", subnet="192.168.78.0/24", fresh=True)
