"""The whole picture: lab hosts side by side or one above the other, wires between, and roads.

A road is the way a packet takes on the picture for one interface: along a cable, from a bridge up
to the routing code, into a tunnel, or half of a wire (the other half belongs to the other host, so
that a frame lost on the wire vanishes in its middle).
"""

from dataclasses import dataclass, field
from ipaddress import ip_interface

from pyminidocker.widgets.wiring.layout import card_width, place_host
from pyminidocker.widgets.wiring.model import Cable, Host, Link, Wire
from pyminidocker.widgets.wiring.places import HostPlan, Point, Rect

ONE_W, MOST_ONE_W = 868.0, 1060.0
SIDE_W, MOST_SIDE_W, NARROW_W = 400.0, 560.0, 372.0
Mates = dict[tuple[str, str], tuple[tuple[str, str], ...]]
BETWEEN = 84.0
MARGIN = 4.0


@dataclass(slots=True)
class Plan:
    """Where everything is.

    Args:
        width: pixels.
        height: pixels.
        hosts: in the order given.
        roads: points by road key; the first point is where a packet that leaves starts.
        middles: where wires between hosts side by side may be named.
        stubs: wires whose other host is not in the picture: (end point, the host's name).
    """

    width: float
    height: float
    hosts: list[HostPlan] = field(default_factory=list)
    roads: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    middles: set[Point] = field(default_factory=set)
    stubs: list[tuple[Point, str]] = field(default_factory=list)


def key_of(host: Host, kind: str, name: str) -> str:
    """Return what an element is called when it is selected: ``default/container/web``."""
    return f"{host.name}/{kind}/{name}"


def cable_road(host: Host, cable: Cable) -> str:
    """Return the key of a veth pair, by its named end: the other one's name is random."""
    return key_of(host, "cable", f"{cable.container.name}/{cable.inner.name}")


def bridge_road(host: Host, bridge: Link) -> str:
    """Return the key of the way between a bridge and its host's own network code."""
    return key_of(host, "bridge", host.network_of(bridge.name))


def tunnel_road(host: str, link: str) -> str:
    """Return the key of the way into a vxlan device."""
    return f"{host}/tunnel/{link}"


def wire_road(host: str, link: str) -> str:
    """Return the key of this host's half of a wire."""
    return f"{host}/wire/{link}"


def uplink_road(host: str, link: str) -> str:
    """Return the key of the way out of the lab."""
    return f"{host}/uplink/{link}"


def tracks(hosts: tuple[Host, ...]) -> dict[tuple[str, int, str], tuple[str, bool]]:
    """Return, by (engine, namespace inode, link name): the road, and whether "in" runs along it.

    A frame that a port receives comes from the container; one that a container's interface
    receives goes to it.
    """
    found: dict[tuple[str, int, str], tuple[str, bool]] = {}
    for host in hosts:
        lab = host.lab.inode
        for cable in host.cables():
            road = cable_road(host, cable)
            found[host.name, lab, cable.port.name] = (road, True)
            found[host.name, cable.container.inode, cable.inner.name] = (road, False)
        for bridge in host.bridges:
            found[host.name, lab, bridge.name] = (bridge_road(host, bridge), True)
        for tunnel in host.tunnels:
            found[host.name, lab, tunnel.name] = (tunnel_road(host.name, tunnel.name), False)
        if host.uplink is not None:
            road = uplink_road(host.name, host.uplink.name)
            found[host.name, lab, host.uplink.name] = (road, False)
        for wire in host.wires:
            found[host.name, lab, wire.link] = (wire_road(host.name, wire.link), False)
    return found


def mates(hosts: tuple[Host, ...]) -> Mates:
    """Return the wires whose other ends are in the picture: (host, link)s by (host, link)."""
    ends = [(host, wire) for host in hosts for wire in host.wires]
    found: Mates = {}
    for host, wire in ends:
        others = tuple(
            (other.name, theirs.link)
            for other, theirs in ends
            if other.name in wire.peers and host.name in theirs.peers and _same_subnet(wire, theirs)
        )
        if others:
            found[host.name, wire.link] = others
    return found


def _same_subnet(one: Wire, other: Wire) -> bool:
    try:
        return ip_interface(one.address).network == ip_interface(other.address).network
    except ValueError:  # no address (any more): the names are all there is
        return True


def _wires_left(hosts: tuple[Host, ...], number: int, pairs: Mates) -> set[str]:
    """Return the wires of a host that lead to a host at its left."""
    before = {host.name for host in hosts[:number]}
    host = hosts[number]
    return {
        wire.link
        for wire in host.wires
        if any(mate in before for mate, _ in pairs.get((host.name, wire.link), ()))
    }


def _across(start: HostPlan, here: Rect, far: Rect) -> tuple[Point, ...]:
    """Return the way to the middle of a wire to the host beside this one."""
    x, y = here.middle
    ways: list[Point] = [(x, start.router.bottom), (x, y)]
    if far.x > here.x:
        return (*ways, (here.right, y), ((here.right + far.x) / 2, (y + far.middle[1]) / 2))
    return (*ways, (here.x, y), ((far.right + here.x) / 2, (y + far.middle[1]) / 2))


def _away(start: HostPlan, here: Rect) -> tuple[Point, ...]:
    """Return the way out of the picture, to a host that is not in it."""
    x, y = here.middle
    return ((x, start.router.bottom), (x, y), (start.frame.right + 14, y))


def _under(start: HostPlan, here: Rect, ends: list[Rect], level: float) -> tuple[Point, ...]:
    """Return the way to the middle of a wire that runs below the hosts."""
    x = here.middle[0]
    xs = [rect.middle[0] for rect in (here, *ends)]
    return ((x, start.router.bottom), (x, level), ((min(xs) + max(xs)) / 2, level))


def _beside(start: HostPlan, here: Rect, ends: list[Rect], lane: float) -> tuple[Point, ...]:
    """Return the way to the middle of a wire that runs at the right of hosts one above another."""
    x, y = here.middle
    ys = [rect.middle[1] for rect in (here, *ends)]
    return ((x, start.router.bottom), (x, y), (lane, y), (lane, (min(ys) + max(ys)) / 2))


def make_plan(hosts: tuple[Host, ...], *, narrow: bool = False) -> Plan:
    """Lay the whole picture out.

    Args:
        hosts: one to three lab hosts.
        narrow: one above the other instead of side by side.
    """
    pairs = mates(hosts)
    width = NARROW_W if narrow else _width(hosts)
    x = y = MARGIN
    plans: list[HostPlan] = []
    for number, host in enumerate(hosts):
        left = set() if narrow else _wires_left(hosts, number, pairs)
        placed = place_host(host, x, y, width, wires_left=left)
        plans.append(placed)
        if narrow:
            y = placed.frame.bottom + 22
        else:
            x = placed.frame.right + BETWEEN
    if not narrow:
        _level(plans)
    plan = Plan(0, 0, plans)
    for placed in plans:
        plan.roads |= _inner_roads(placed)
    deepest = _wire_roads(plan, pairs, narrow=narrow)
    lanes = 20.0 if narrow and (pairs or plan.stubs) else 0.0
    outside = 84.0 if plan.stubs and not narrow else 0.0
    plan.width = max(p.frame.right for p in plans) + MARGIN + lanes + outside
    plan.height = max(*(p.frame.bottom for p in plans), deepest) + MARGIN
    return plan


def _width(hosts: tuple[Host, ...]) -> float:
    """Return the width of each lab host: enough for cards, if that is not too much."""
    wanted = max(map(card_width, hosts))
    least, most = (ONE_W, MOST_ONE_W) if len(hosts) == 1 else (SIDE_W, MOST_SIDE_W)
    return max(least, wanted) if wanted <= most else max(least, 440.0)


def _level(plans: list[HostPlan]) -> None:
    """Give hosts side by side the same height: their way out moves down to one level."""
    deepest = max(p.frame.bottom for p in plans)
    for placed in plans:
        down = deepest - placed.frame.bottom
        if not down:
            continue
        placed.frame = Rect(placed.frame.x, placed.frame.y, placed.frame.w, placed.frame.h + down)
        placed.router = _moved(placed.router, down)
        placed.uplink, placed.outside = _moved(placed.uplink, down), _moved(placed.outside, down)
        placed.wires = {name: _moved(rect, down) for name, rect in placed.wires.items()}


def _moved(rect: Rect, down: float) -> Rect:
    return Rect(rect.x, rect.y + down, rect.w, rect.h)


def _inner_roads(placed: HostPlan) -> dict[str, tuple[Point, ...]]:
    host, roads = placed.host, {}
    for cable in host.cables():
        if cable.port.index in placed.cables:
            roads[cable_road(host, cable)] = placed.cables[cable.port.index]
    for bridge in host.bridges:
        rect = placed.bridges[bridge.index]
        tunneled = any(tunnel.bridge == bridge.index for tunnel in host.tunnels)
        x = rect.x + (26.0 if tunneled else min(rect.w / 2, 110.0))
        roads[bridge_road(host, bridge)] = ((x, rect.bottom), (x, placed.router.y))
    for tunnel in host.tunnels:
        if tunnel.index in placed.tunnels:
            rect = placed.tunnels[tunnel.index]
            x = rect.middle[0]
            roads[tunnel_road(host.name, tunnel.name)] = ((x, rect.y - 22), (x, placed.router.y))
    if host.uplink is not None:
        x, y = placed.uplink.middle
        ways = ((x, placed.router.bottom), (x, y), (placed.outside.x, y))
        roads[uplink_road(host.name, host.uplink.name)] = ways
    return roads


def _wire_roads(plan: Plan, pairs: Mates, *, narrow: bool) -> float:
    """Add the halves of all wires; return the lowest level they reach."""
    by_name = {p.host.name: p for p in plan.hosts}
    bottom = max(p.frame.bottom for p in plan.hosts)
    deepest = 0.0
    lanes: dict[frozenset[tuple[str, str]], int] = {}
    for number, placed in enumerate(plan.hosts):
        for wire in placed.host.wires:
            end = (placed.host.name, wire.link)
            here, others, key = placed.wires[wire.link], pairs.get(end, ()), wire_road(*end)
            if not others:
                plan.roads[key] = _away(placed, here)
                plan.stubs.append((plan.roads[key][-1], wire.peer))
                continue
            lane = lanes.setdefault(frozenset((end, *others)), len(lanes))
            ends = [by_name[name].wires[link] for name, link in others]
            neighbour = abs(plan.hosts.index(by_name[others[0][0]]) - number) == 1
            if narrow:
                plan.roads[key] = _beside(placed, here, ends, placed.frame.right + 8 + 6 * lane)
            elif len(others) == 1 and neighbour:
                plan.roads[key] = _across(placed, here, ends[0])
                plan.middles.add(plan.roads[key][-1])
            else:
                level = bottom + 16 + 10 * lane
                plan.roads[key] = _under(placed, here, ends, level)
                deepest = max(deepest, level + 8)
    return deepest
