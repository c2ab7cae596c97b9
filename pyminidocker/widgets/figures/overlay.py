"""VXLAN: a whole frame travels inside a packet between two hosts."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line

_LAYERS = (
    (88, "slate", "Ethernet", "host A to B", "14"),
    (130, "slate", "IP", "10.0.0.1 to 10.0.0.2", "20"),
    (92, "slate", "UDP", "to port 4789", "8"),
    (76, "violet", "VXLAN", "VNI 42", "8"),
)
_INNER = (
    (84, "blue", "Ethernet", "a to b", "14"),
    (132, "green", "IP", "10.9.0.2 to 10.9.0.3", "20"),
    (260, "green", "what the container sent", "TCP, ICMP, ...", "up to 1430"),
)


def _host(x: float, name: str, container: str, address: str, wire: str) -> list[Item]:
    return [
        *frame(x, 58, 372, 186, name),
        *slab(x + 24, 92, 130, 46, "green", container, address),
        *arrow(x + 156, 115, x + 198, 115, "green", both=True),
        *slab(x + 200, 92, 152, 46, "blue", "bridge", "of the overlay network"),
        *arrow(x + 276, 140, x + 276, 174, "violet", both=True),
        *slab(x + 200, 176, 152, 46, "violet", "vxlan device", "VNI 42, one more port"),
        *slab(x + 24, 176, 130, 46, "slate", "eth1", wire),
        *arrow(x + 198, 199, x + 156, 199, "slate", both=True),
    ]


def _layer(x: float, y: float, w: float, hue: str, name: str, what: str, size: str) -> list[Item]:
    return [
        *slab(x, y, w, 52, hue, name, what),
        Label(x + w / 2, y + 70, size, SMALL, 400, "muted", "middle"),
    ]


def vxlan_packet() -> Scene:
    """Draw the way between two hosts and the packet on it, header by header."""
    scene = Scene(
        960,
        500,
        "VXLAN: a frame inside a packet",
        "Above, two hosts, A and B, joined by a wire between their interfaces eth1, 10.0.0.1 and "
        "10.0.0.2. On each, a container is plugged into a bridge of the same overlay network, "
        "10.9.0.2 and 10.9.0.3, and a vxlan device with network number 42 is one more port of "
        "that bridge. It packs whole frames into UDP packets to the other host and unpacks them "
        "there. Below, the packet on the wire, from outside in: Ethernet, 14 bytes; IP from "
        "10.0.0.1 to 10.0.0.2, 20 bytes; UDP to port 4789, 8 bytes; VXLAN with the number 42, 8 "
        "bytes; and then the untouched frame of the container: Ethernet from a to b, IP from "
        "10.9.0.2 to 10.9.0.3, and what it carries. IP, UDP, VXLAN and the inner Ethernet header "
        "together are 50 bytes, so a wire with an MTU of 1500 leaves the overlay 1450.",
    )
    scene.add(
        title("The containers are on one network; the wire carries packets of the hosts"),
        *_host(28, "host A", "a", "10.9.0.2", "10.0.0.1"),
        *_host(560, "host B", "b", "10.9.0.3", "10.0.0.2"),
    )
    # the wire: from eth1 of A to eth1 of B, below the hosts
    scene.add(
        line(117, 224, 117, 268, "slate-edge", 3),
        line(117, 268, 649, 268, "slate-edge", 3),
        line(649, 268, 649, 224, "slate-edge", 3),
        Box(352, 256, 62, 24, "paper", "slate-edge", 1.2, 12),
        Label(383, 272.5, "wire", 12, 600, "slate-text", "middle"),
    )
    x, y = 28.0, 330.0
    scene.add(Label(28, 318, "the packet on the wire, sizes in bytes", 12.5, 600))
    for w, hue, name, what, size in _LAYERS:
        scene.add(*_layer(x, y, w, hue, name, what, size))
        x += w + 4
    inner = x + 2
    scene.add(Box(inner, y - 9, 932 - inner, 92, "", "green-edge", 1.6, 9, (6.0, 4.0)))
    scene.add(Label(932, 314, "the container's frame, untouched", 12, 600, "green-text", "end"))
    x = inner + 8
    for w, hue, name, what, size in _INNER:
        scene.add(*_layer(x, y, w, hue, name, what, size))
        x += w + 4
    scene.add(
        *note(28, 444, 400, "IP 20, UDP 8, VXLAN 8 and the inner Ethernet 14: 50 bytes. A wire "
              "with an MTU of 1500 leaves the overlay 1450.", bold="What it costs"),
        *note(500, 444, 380, "A host between A and B sees UDP from 10.0.0.1 to 10.0.0.2, and "
              "needs no route to 10.9.0.0.", bold="What the underlay sees"),
    )  # fmt: skip
    return scene
