"""How a container reaches the network: namespace, veth pair, bridge, address translation."""

from pyminidocker.widgets.figures.kit import arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line


def _bridged(x: float, name: str, address: str, port: str) -> list[Item]:
    """Draw a container with its own network namespace, wired to the bridge."""
    return [
        *frame(x, 66, 204, 116, f"{name}: a network namespace", edge="orange-edge", dash=True),
        Label(x + 102, 112, port, 12, 400, "muted", "middle"),
        *slab(x + 24, 126, 156, 44, "green", "eth0", address, mono=True),
        line(x + 102, 171, x + 102, 246, "green-edge", 2.5),
        Box(x + 97, 241, 10, 5, "green-edge"),
        Label(x + 112, 214, "veth pair", 11.5, 400, "muted"),
    ]


def docker_networking() -> Scene:
    """Draw the three usual ways of a container to the network."""
    scene = Scene(
        960,
        560,
        "Container networking on one host",
        "Inside a host. Two containers, web and db, each in a network namespace of its own with an "
        "interface eth0, 172.17.0.2 and 172.17.0.3. A veth pair, a virtual cable, leads from each "
        "to the bridge docker0, 172.17.0.1, a switch made of software. The bridge leads through "
        "routing and address translation to the host's own interface and on to the outside. "
        "Outgoing connections work by default and carry the host's address; incoming ones only "
        "reach published ports. A third container uses the host's network: it has no namespace of "
        "its own and uses the host's interface directly. A fourth has network none: a namespace "
        "with a loopback interface and no cable.",
    )
    scene.add(
        title("Each container has a network of its own, and a cable out of it"),
        Box(28, 54, 904, 402, "", "line", 1.4, 12),
        *_bridged(48, "web", "172.17.0.2", "listens on port 80"),
        *_bridged(272, "db", "172.17.0.3", "listens on port 5432"),
        *slab(
            48, 246, 428, 50, "blue", "bridge docker0", "172.17.0.1/16, a switch made of software"
        ),
        *arrow(262, 297, 262, 324, "slate", both=True),
        *slab(
            48,
            326,
            428,
            50,
            "violet",
            "routing and address translation (NAT)",
            "out: masquerade · in: published ports only",
        ),
        *arrow(262, 377, 262, 404, "slate", both=True),
    )
    scene.add(
        *frame(512, 66, 196, 116, "network host: no wall"),
        Label(610, 120, "uses the host's interfaces", 12, 400, "muted", "middle"),
        Label(610, 138, "and ports as they are", 12, 400, "muted", "middle"),
        *arrow(610, 184, 610, 404, "slate", both=True),
        *frame(724, 66, 188, 116, "network none: no cable", edge="orange-edge", dash=True),
        *slab(756, 126, 124, 44, "slate", "lo", "127.0.0.1", mono=True),
        *slab(48, 406, 660, 40, "slate", "the host's eth0, 192.0.2.10"),
        Label(912, 444, "the host", 11.5, 600, "muted", "end"),
        *note(
            724,
            222,
            190,
            "The container's eth0, its end of the veth pair, is its endpoint on the network.",
            bold="Endpoint",
        ),
        *note(
            724,
            320,
            190,
            "Containers on one bridge reach each other by address; by name too on "
            "networks you create.",
            bold="Neighbours",
        ),
        *arrow(250, 448, 250, 494, "slate"),
        Label(238, 478, "out: by default", 12, 400, "muted", "end"),
        *arrow(486, 494, 486, 448, "slate", dash=True),
        Label(498, 478, "in: only -p 4000:80", 12, 400, "muted"),
        *slab(28, 496, 904, 40, "slate", "other machines, the internet", dash=True),
    )
    return scene
