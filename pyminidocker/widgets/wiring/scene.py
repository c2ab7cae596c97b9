"""The topology as a picture: namespaces as boxes, cables that end at named interfaces.

Containers stand on top behind dashed walls, each with its interfaces; a cable leads from every
interface to a port of its bridge; bridges stand on the host's routing and NAT, below which are the
ways out.  What is broken is red and says so in words.
"""

from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene
from pyminidocker.widgets.wiring.containers import ContainerPainter
from pyminidocker.widgets.wiring.layout import CHIP_H, MOST_CHIPS, SWITCHES_W, chips_per_row
from pyminidocker.widgets.wiring.model import Host, Link
from pyminidocker.widgets.wiring.parts import fit, mapping, path, pill, pill_width, ring, slab
from pyminidocker.widgets.wiring.places import Rect
from pyminidocker.widgets.wiring.plan import (
    Plan,
    bridge_road,
    key_of,
    make_plan,
    tunnel_road,
    uplink_road,
    wire_road,
)
from pyminidocker.widgets.wiring.words import bridge_name, counted, describe, title


class _Painter(ContainerPainter):
    """Draws one lab host."""

    def items(self) -> list[Item]:
        cables = self.host.cables()
        drawn = [*self.frame(), *self.containers(cables)]
        drawn += [self.cable(cable) for cable in cables if cable.port.index in self.placed.cables]
        drawn += [self.bridge(bridge) for bridge in self.host.bridges]
        drawn += [self.tunnel(t) for t in self.host.tunnels if t.index in self.placed.tunnels]
        return [*drawn, self.router(), *self.way_out(), *self.wires()]

    def frame(self) -> list[Item]:
        frame, count = self.placed.frame, len(self.host.containers)
        right = counted(count, "container") if count else "no container"
        return [
            Box(frame.x, frame.y, frame.w, frame.h, "panel", "slate-edge", 1.4, 12),
            fit(
                f"lab host {self.host.name}",
                frame.x + 14,
                frame.y + 22,
                frame.w - 150,
                13.5,
                "ink",
                weight=600,
            ),
            Label(frame.right - 14, frame.y + 22, right, 11, 400, "muted", "end"),
        ]

    def bridge(self, bridge: Link) -> Group:
        rect = self.placed.bridges[bridge.index]
        known, shown = bridge_name(self.host, bridge), self.name(bridge.name)
        parts = [*bridge.addresses[:1], *([shown] if known != bridge.name else [])]
        hue = "blue" if bridge.is_up else "red"
        ink, x, room = f"{hue}-text", rect.x + 12, rect.w - 18
        items: list[Item] = [
            Box(rect.x, rect.y, rect.w, rect.h, hue, f"{hue}-edge", 1.5, 8),
            fit(f"bridge {known}", x, rect.y + 20, room, 13, ink, weight=600),
            fit(" · ".join(parts) or "no address", x, rect.y + 37, room, 11, ink),
        ]
        road = self.roads[bridge_road(self.host, bridge)]
        if self.host.is_internal(bridge.name):
            below, y = road[0]
            items.append(path(road, "red-edge", 1.8, (3.0, 5.0)))
            items.append(
                fit("internal: no way out", below + 8, y + 17, 140, 10, "red-text", weight=600)
            )
        else:
            items.append(path(road, "blue-edge", 1.8))
        says = f"bridge {known}, {', '.join(parts)}"
        return Group(tuple(items), bridge_road(self.host, bridge), says, ring(rect))

    def tunnel(self, link: Link) -> Group:
        rect, key = self.placed.tunnels[link.index], tunnel_road(self.host.name, link.name)
        name = self.name(link.name)
        items: tuple[Item, ...] = (
            path(self.roads[key], "violet-edge", 2.2),
            *slab(rect, "violet", name, f"VXLAN {link.vni}", dash=(6.0, 3.0)),
        )
        return Group(items, key, f"tunnel {name}, VXLAN {link.vni}", ring(rect))

    def router(self) -> Group:
        rect = self.placed.router
        items: list[Item] = [
            Box(rect.x, rect.y, rect.w, rect.h, "violet", "violet-edge", 1.5, 8),
            Label(rect.x + 12, rect.y + 27, "routing and NAT", 13, 600, "violet-text"),
        ]
        low = rect.w < SWITCHES_W
        right, y = rect.right - 10, rect.y + (38 if low else 12)
        for switch in ("masquerade", "ip_forward"):
            state = self.host.is_on(switch)
            if state is not None:
                text = f"{switch} {'on' if state else 'OFF'}"
                right -= pill_width(text)
                items += pill(right, y, text, "green" if state else "red")
                right -= 6
        items += self.chips(rect, rect.y + (65 if low else 40))
        says = "routing and NAT: " + ", ".join(
            f"{name} {'on' if on else 'off'}" for name, on in sorted(self.host.switches.items())
        )
        return Group(tuple(items), key_of(self.host, "router", "NAT"), says, ring(rect))

    def chips(self, rect: Rect, top: float) -> list[Item]:
        """Draw the published ports inside the router's box."""
        items: list[Item] = []
        ports = self.host.published
        shown = ports if len(ports) <= MOST_CHIPS else ports[: MOST_CHIPS - 1]
        per_row = chips_per_row(rect.w)
        width = (rect.w - 20 - 6 * (per_row - 1)) / per_row
        spots = [
            (rect.x + 10 + n % per_row * (width + 6), top + n // per_row * CHIP_H)
            for n in range(MOST_CHIPS)
        ]
        for (x, y), port in zip(spots, shown, strict=False):
            kind = "" if port.protocol == "tcp" else f"/{port.protocol}"
            inner = f"{port.container or port.ip}:{port.port}{kind}"
            items += mapping(x, y, width, port.outer, inner)
        if len(shown) < len(ports):
            x, y = spots[len(shown)]
            rest = f"and {len(ports) - len(shown)} more"
            items.append(fit(rest, x + 8, y + 14, width, 10.5, "violet-text"))
        return items

    def way_out(self) -> list[Item]:
        """Draw the uplink and what is beyond it."""
        link, rect, beyond = self.host.uplink, self.placed.uplink, self.placed.outside
        if link is None:
            whole = Rect(rect.x, rect.y, beyond.right - rect.x, rect.h)
            words = slab(whole, "slate", "no way out", "no default route", dash=(4.0, 4.0))
            return [
                Group(tuple(words), key_of(self.host, "outside", "out"), "no way out", ring(whole))
            ]
        key = uplink_road(self.host.name, link.name)
        hue = "slate" if link.is_up and link.has_carrier else "red"
        under = link.ip or "no address"
        cable: tuple[Item, ...] = (
            path(self.roads[key], f"{hue}-edge", 2.4),
            *slab(rect, hue, link.name, under),
        )
        wide = beyond.w > 260
        name = "outside: the host agent" if beyond.w > 170 else "outside"
        words = slab(
            beyond,
            "slate",
            name,
            "opens TCP and DNS on the real machine" if wide else "TCP, DNS",
            dash=(5.0, 4.0),
            mono=False,
        )
        outside = key_of(self.host, "outside", "out")
        return [
            Group(cable, key, f"uplink {link.name}, {under}", ring(rect)),
            Group(tuple(words), outside, "outside: the host agent, TCP and DNS", ring(beyond)),
        ]

    def wires(self) -> list[Item]:
        drawn: list[Item] = []
        for wire in self.host.wires:
            rect, link = self.placed.wires[wire.link], self.host.lab.named(wire.link)
            works = link is None or (link.is_up and link.has_carrier)
            hue, dash = ("slate", ()) if works else ("red", (5.0, 5.0))
            key = wire_road(self.host.name, wire.link)
            items: tuple[Item, ...] = (
                path(self.roads[key], f"{hue}-edge", 3.2, dash),
                *slab(rect, hue, wire.link, wire.address or "no address"),
            )
            says = f"wire {wire.link}, {wire.address}, to {wire.peer}"
            drawn.append(Group(items, key, says, ring(rect)))
        return drawn


def draw_plan(plan: Plan, hosts: tuple[Host, ...], *, still: bool) -> Scene:
    """Draw a plan.

    Args:
        plan: where everything is.
        hosts: the model.
        still: leave out what differs from run to run.
    """
    scene = Scene(plan.width, plan.height, title(hosts), describe(hosts))
    for placed in plan.hosts:
        scene.add(*_Painter(placed, plan.roads, still=still).items())
    for x, y in plan.middles:
        scene.add(Label(x, y - 8, "wire", 11, 600, "muted", "middle"))
    for (x, y), peer in plan.stubs:
        scene.add(Label(x + 5, y + 4, f"to {peer}", 11, 600, "muted"))
    return scene


def draw_topology(hosts: tuple[Host, ...], *, still: bool, narrow: bool = False) -> Scene:
    """Lay out and draw one or more lab hosts; see ``draw_plan``."""
    return draw_plan(make_plan(hosts, narrow=narrow), hosts, still=still)
