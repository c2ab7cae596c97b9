"""Places on the topology's picture: rectangles, and where the parts of one lab host are."""

from dataclasses import dataclass, field

from pyminidocker.widgets.wiring.model import Host

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A place in pixels."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.h

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.w / 2, self.y + self.h / 2


@dataclass(slots=True)
class HostPlan:
    """Where the parts of one lab host are.

    Args:
        host: the model.
        frame: the outline of the lab host.
        is_tiled: containers are tiles, not cards.
        boxes: of containers by inode.
        eths: of the interfaces in cards, by (inode, link index).
        folded: how many containers a bridge's "more" tile stands for, and where it is.
        bridges: by link index.
        tunnels: vxlan devices by link index.
        router: routing and NAT.
        uplink: the interface of the default route.
        outside: what the uplink leads to.
        wires: interfaces of wires by link name.
        cables: the way from the container's end to the port, by the port's link index.
    """

    host: Host
    frame: Rect
    is_tiled: bool = False
    boxes: dict[int, Rect] = field(default_factory=dict)
    eths: dict[tuple[int, int], Rect] = field(default_factory=dict)
    folded: dict[int, tuple[int, Rect]] = field(default_factory=dict)
    bridges: dict[int, Rect] = field(default_factory=dict)
    tunnels: dict[int, Rect] = field(default_factory=dict)
    router: Rect = Rect(0, 0, 0, 0)
    uplink: Rect = Rect(0, 0, 0, 0)
    outside: Rect = Rect(0, 0, 0, 0)
    wires: dict[str, Rect] = field(default_factory=dict)
    cables: dict[int, tuple[Point, ...]] = field(default_factory=dict)
