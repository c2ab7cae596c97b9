"""Publishing a port has two halves: one for the machine, one for everybody inside."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Label, Scene


def publishing_halves() -> Scene:
    """Draw the two ways to a published port."""
    scene = Scene(
        960,
        500,
        "Publishing a port: two halves",
        "One container, web, listens on port 80 and is published as 8080. Two ways lead to it. "
        "From the real machine, a browser connects to 127.0.0.1:8080, where the host agent "
        "listens; the agent opens a second connection inside the lab to 172.18.0.2:80 and copies "
        "bytes between the two. From another container or another lab host, a packet to the lab "
        "host's own address, port 8080, meets a rule of the packet filter that rewrites its "
        "destination to 172.18.0.2:80; it is one connection, and the table of connections puts "
        "the addresses of the answers back. Both halves use the same numbers.",
    )
    scene.add(
        title("-p 8080:80 has two halves with the same numbers"),
        *frame(28, 60, 268, 342, "the real machine"),
        *frame(336, 60, 596, 342, "the lab host"),
        # the half of the machine
        *slab(52, 100, 220, 46, "slate", "browser", "to 127.0.0.1:8080"),
        *arrow(162, 148, 162, 182, "orange"),
        Label(174, 170, "first connection", SMALL, 600, "orange-text"),
        *slab(52, 184, 220, 58, "orange", "host agent", "listens on 8080"),
        *arrow(274, 213, 376, 213, "orange"),
        *slab(380, 190, 152, 46, "orange", "its socket", "made in the lab"),
        *arrow(534, 213, 700, 213, "orange"),
        Label(617, 203, "second connection", SMALL, 600, "orange-text", "middle"),
        Label(617, 230, "to 172.18.0.2:80", SMALL, 400, "orange-text", "middle"),
        # the container
        *frame(704, 96, 204, 200, "web", edge="orange-edge", dash=True),
        *slab(724, 146, 164, 54, "green", "listens on :80", "172.18.0.2"),
        *slab(724, 224, 164, 44, "green", "eth0", mono=True),
        # the half of the packet filter
        *slab(360, 336, 206, 46, "slate", "container or other host", "to 172.18.0.1:8080"),
        *arrow(568, 359, 706, 359, "violet"),
        *slab(710, 330, 192, 58, "violet", "DNAT", "8080 becomes 172.18.0.2:80"),
        *arrow(806, 328, 806, 270, "violet"),
    )
    scene.add(
        *note(
            28,
            430,
            430,
            "Copied by a process: the machine needs no rule and no privilege, and the "
            "container sees the lab host as its client.",
            bold="From the machine: two connections",
        ),
        *note(
            504,
            430,
            380,
            "Rewritten by the kernel: the destination of the first packet is changed, "
            "and conntrack puts the answers' source back.",
            bold="From inside: one connection, rewritten",
        ),
    )
    return scene
