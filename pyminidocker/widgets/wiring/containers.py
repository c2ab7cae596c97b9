"""Containers on the topology's picture: cards, tiles, and the cables that hang from them."""

from collections.abc import Sequence

from pyminidocker.widgets.scene import Box, Group, Item, Label
from pyminidocker.widgets.wiring.model import Cable, Namespace, steady
from pyminidocker.widgets.wiring.parts import fit, path, ring, slab
from pyminidocker.widgets.wiring.places import HostPlan, Point, Rect
from pyminidocker.widgets.wiring.plan import cable_road, key_of
from pyminidocker.widgets.wiring.words import bridge_name


class ContainerPainter:
    """Draws the containers of one lab host.

    Args:
        placed: where its parts are.
        roads: of the whole picture.
        still: leave out what differs from run to run.
    """

    def __init__(
        self, placed: HostPlan, roads: dict[str, tuple[Point, ...]], *, still: bool
    ) -> None:
        self.placed, self.roads, self.still = placed, roads, still
        self.host = placed.host

    def name(self, link: str) -> str:
        """Return a link's name as this picture shows it."""
        return steady(link) if self.still else link

    def containers(self, cables: Sequence[Cable]) -> list[Item]:
        """Draw all containers of the host, and the tiles of those that are folded."""
        drawn: list[Item] = []
        folded = {spot for _, spot in self.placed.folded.values()}
        for container in self.host.containers:
            rect = self.placed.boxes[container.inode]
            if rect in folded:
                continue
            own = [c for c in cables if c.container.inode == container.inode]
            draw = self.tile if self.placed.is_tiled else self.card
            drawn.append(draw(container, own, rect))
        for bridge, (count, rect) in self.placed.folded.items():
            drawn.append(self.more(bridge, count, rect))
        return drawn

    def card(self, container: Namespace, own: list[Cable], rect: Rect) -> Group:
        """Draw a container with its interfaces."""
        if container.is_guest:
            return self.guest(container, rect)
        room, x = rect.w - 20, rect.x + 10
        words = f"default via {container.gateway}" if container.gateway else "no default route"
        items: list[Item] = [
            Box(rect.x, rect.y, rect.w, rect.h, "paper", "orange-edge", 1.5, 9, (5.0, 4.0)),
            fit(container.name, x, rect.y + 19, room, 13, "orange-text", weight=600),
            fit(words, x, rect.y + 36, rect.w - 14, 10, "muted"),
        ]
        for cable in own:
            link = cable.inner
            hue = "green" if link.is_up and link.has_carrier else "red"
            under = (link.ip or "no address") if link.is_up else "down"
            items += slab(self.placed.eths[container.inode, link.index], hue, link.name, under)
        if not own:
            middle = rect.x + rect.w / 2
            items.append(
                Label(middle, rect.y + 68, "no cable, only lo", 11, 400, "muted", "middle")
            )
        says = f"container {container.name}: " + (
            ", ".join(f"{c.inner.name} {c.inner.ip}" for c in own) or "no cable"
        )
        return Group(tuple(items), key_of(self.host, "container", container.name), says, ring(rect))

    def guest(self, container: Namespace, rect: Rect) -> Group:
        """Draw a container with network ``host``: a box without a wall of its own."""
        x, room = rect.x + 10, rect.w - 16
        lines = ["network host:", "no wall, no cable,", "the lab host's", "interfaces and ports"]
        items: tuple[Item, ...] = (
            Box(rect.x, rect.y, rect.w, rect.h, "slate", "slate-edge", 1.4, 9),
            fit(container.name, x, rect.y + 19, room, 13, "slate-text", weight=600),
            *(
                fit(text, x, rect.y + 38 + 14 * n, room, 10.5, "slate-text")
                for n, text in enumerate(lines)
            ),
        )
        says = f"container {container.name}: network host, in the lab host's own namespace"
        return Group(items, key_of(self.host, "container", container.name), says, ring(rect))

    def tile(self, container: Namespace, own: list[Cable], rect: Rect) -> Group:
        """Draw a container among many: its name and its first address."""
        ip = own[0].inner.ip if own else ""
        healthy = all(c.inner.is_up and c.inner.has_carrier for c in own)
        edge = "orange-edge" if healthy else "red-edge"
        under = ip or ("no address" if own else "no cable")
        if container.is_guest:
            edge, under = "slate-edge", "network host"
        dash = () if container.is_guest else (4.0, 3.0)
        x, room = rect.x + 6, rect.w - 8
        items: tuple[Item, ...] = (
            Box(rect.x, rect.y, rect.w, rect.h, "paper", edge, 1.3, 6, dash),
            fit(container.name, x, rect.y + 14.5, room, 11, "orange-text", weight=600),
            fit(under, x, rect.y + 27.5, room, 9.5, "muted"),
        )
        says = f"container {container.name}: {ip or 'no address'}"
        return Group(items, key_of(self.host, "container", container.name), says, ring(rect, 2))

    def more(self, bridge: int, count: int, rect: Rect) -> Group:
        """Draw the tile that stands for ``count`` containers."""
        link = self.host.lab.link(bridge)
        where = bridge_name(self.host, link) if link else "no bridge"
        x, y, w, h = rect.x, rect.y, rect.w - 6, rect.h - 6
        items: list[Item] = [
            Box(x + at, y + at, w, h, "orange", "orange-edge", 1.2, 6) for at in (6, 3, 0)
        ]
        items.append(Label(x + w / 2, y + 19, f"{count} more", 11.5, 600, "orange-text", "middle"))
        says = f"{count} more containers on {where}"
        return Group(tuple(items), key_of(self.host, "more", where), says, ring(rect, 2))

    def cable(self, cable: Cable) -> Group:
        """Draw a veth pair down to its port."""
        points = self.placed.cables[cable.port.index]
        works = cable.inner.is_up and cable.port.is_up and cable.port.has_carrier
        forwards = cable.port.port_state in ("", "forwarding")
        edge = "green-edge" if works and forwards else "red-edge"
        thin = self.placed.is_tiled
        x, y = points[-1]
        port = self.name(cable.port.name)
        items: list[Item] = [
            path(points, edge, 1.2 if thin else 2.4, () if works else (4.0, 4.0)),
            Box(x - (1.2 if thin else 5), y - 4, 2.4 if thin else 10, 5, edge),
        ]
        if not thin and (room := self.room_at(x)) > 36:
            items.append(fit(port, x + 8, y - 8, room, 10, "muted", mono=True))
            if cable.port.is_isolated:
                items.append(fit("isolated", x + 8, y - 20, room, 10, "red-text", weight=600))
        says = f"cable from {cable.inner.name} in {cable.container.name} to port {port}" + (
            "" if works else ", no carrier"
        )
        key = cable_road(self.host, cable)
        half = 2.0 if thin else 8.0
        return Group(tuple(items), key, says, (x - half, y - 18, 2 * half, 22))

    def room_at(self, x: float) -> float:
        """Return how much room a port's name has before the next port."""
        ends = [points[-1][0] for points in self.placed.cables.values()]
        return min((at - x for at in ends if at > x + 0.5), default=110.0) - 14
