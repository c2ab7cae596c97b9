"""A bridge network, wire by wire: the six things that are made, and what each is for."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, slab, step, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line

_STEPS = (
    ("a network namespace", "an empty network of its own: only lo, and that is down"),
    ("a veth pair", "a cable: one end goes into the namespace and becomes eth0"),
    ("a bridge with a port", "a switch in software; the other end is plugged into it"),
    ("addresses", "one for eth0, one for the bridge, from the same subnet"),
    ("a default route", "everything else goes to the bridge's address"),
    ("forwarding and masquerade", "the host passes packets on, with its own address as source"),
)


def _container(x: float, name: str, address: str, *, numbered: bool) -> list[Item]:
    items: list[Item] = [
        *frame(x, 60, 216, 128, name, edge="orange-edge", dash=True),
        *slab(x + 20, 130, 176, 44, "green", "eth0", address, mono=True),
        Label(x + 20, 108, "default via 172.18.0.1", 12, 400, "muted"),
        line(x + 108, 175, x + 108, 282, "green-edge", 2.6),
        Box(x + 102, 277, 12, 6, "green-edge"),
        Label(x + 118, 268, "veth", SMALL, 400, "muted", mono=True),
    ]
    if numbered:
        items += [
            *step(x + 216, 60, 1, "orange"),
            *step(x + 108, 226, 2, "green"),
            *step(x + 20, 174, 4, "blue"),
            *step(x + 186, 104, 5, "violet"),
        ]
    return items


def bridge_wires() -> Scene:
    """Draw what makes a bridge network, with the order in which it is made."""
    scene = Scene(
        960,
        456,
        "A bridge network, wire by wire",
        "Six numbered parts. 1: a network namespace per container, an empty network of its own. "
        "2: a veth pair, a cable whose one end is eth0 inside the namespace. 3: a bridge, a switch "
        "in software, into which the other end is plugged. 4: addresses, 172.18.0.2 and 172.18.0.3 "
        "for the two containers and 172.18.0.1 for the bridge. 5: a default route in each "
        "container to the bridge's address. 6: forwarding and masquerade in the host, so that "
        "packets leave by the host's uplink with the host's address. Parts 1 to 4 are enough for "
        "the containers to reach each other; 5 and 6 are needed for everything else.",
    )
    scene.add(
        title("Six parts make a bridge network"),
        *_container(28, "web", "172.18.0.2/16", numbered=True),
        *_container(270, "db", "172.18.0.3/16", numbered=False),
        *slab(28, 282, 458, 48, "blue", "bridge", "172.18.0.1/16"),
        *step(28, 306, 3, "blue"),
        *arrow(257, 331, 257, 360, "slate", both=True),
        *slab(28, 362, 458, 44, "violet", "ip_forward, masquerade"),
        *step(28, 384, 6, "violet"),
        *arrow(257, 407, 257, 436, "slate"),
        Label(270, 428, "uplink: out with the host's address", 12, 400, "muted"),
    )
    hues = ("orange", "green", "blue", "blue", "violet", "violet")
    for number, ((name, what), hue) in enumerate(zip(_STEPS, hues, strict=True), 1):
        y = 78.0 + (number - 1) * 50
        scene.add(
            *step(534, y, number, hue),
            Label(556, y - 2, name, 13.5, 600),
            Label(556, y + 15, what, 12, 400, "muted"),
        )
    scene.add(
        Box(522, 374, 410, 1, "line"),
        Label(522, 398, "1 to 4: the containers reach each other.", 12.5, 600),
        Label(522, 418, "5 and 6: they reach everything else, and answers come back.", 12.5, 600),
    )
    return scene
