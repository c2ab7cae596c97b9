"""Where everything in a topology goes: containers on top, bridges under them, the way out below.

Few containers are drawn as cards with their interfaces; many as tiles in columns, whose cables run
side by side in the gap at their right, so that fifty are still told apart; beyond that the rest of
a bridge is folded into one tile that says how many it stands for.
"""

from dataclasses import dataclass
from math import ceil

from pyminidocker.widgets.wiring.cables import LANE_W, plug_cards, plug_tiles
from pyminidocker.widgets.wiring.model import Cable, Host, Link, Namespace
from pyminidocker.widgets.wiring.places import HostPlan, Rect

PAD = 14.0
GAP = 10.0
CARD_W, CARD_H, EXTRA_ETH_W = 140.0, 96.0, 104.0
TILE_W, TILE_H, TILE_GAP = 76.0, 34.0, 6.0
MOST_ROWS = 8
HEAD = 34.0
CABLE = 62.0  # how long a cable hangs between a card and its bridge
BRIDGE_H, BRIDGE_W = 48.0, 124.0
PITCH = TILE_W + 16 + MOST_ROWS * LANE_W  # a column of tiles with the lanes at its right
DROP = 26.0
ROUTER_H, CHIP_H, CHIP_PITCH = 44.0, 24.0, 138.0
MOST_CHIPS = 8  # published ports in the router's box
SWITCHES_W = 360.0  # a narrower router has its switches under its name
FOOT_H = 42.0
LEAST_WIRE_W, MOST_WIRE_W, WAY_OUT_W = 66.0, 118.0, 150.0


@dataclass(slots=True)
class _Group:
    """A bridge and the containers that stand above it (no bridge: those without a cable)."""

    bridge: Link | None
    members: list[Namespace]
    x: float = 0.0
    w: float = 0.0


def _groups(host: Host) -> list[_Group]:
    """Put every container above the first bridge it is plugged into; shared ones at the seam."""
    order = {bridge.index: n for n, bridge in enumerate(host.bridges)}
    plugged: dict[int, list[int]] = {}
    for cable in host.cables():
        if cable.bridge is not None:
            plugged.setdefault(cable.container.inode, []).append(order[cable.bridge.index])
    groups = [_Group(bridge, []) for bridge in host.bridges]
    loose = _Group(None, [])
    for container in host.containers:
        places = plugged.get(container.inode)
        (groups[min(places)] if places else loose).members.append(container)
    for number, group in enumerate(groups):  # those with a second cable stand next to it
        group.members.sort(key=lambda c: max(plugged[c.inode]) > number)
    return [*groups, loose] if loose.members else groups


def _card_w(host: Host, container: Namespace) -> float:
    eths = sum(cable.container.inode == container.inode for cable in host.cables())
    return CARD_W + max(0, eths - 1) * EXTRA_ETH_W


def _measure(host: Host, groups: list[_Group]) -> float:
    """Set the least width of each group for cards; return the width of all."""
    for group in groups:
        cards = sum(_card_w(host, c) for c in group.members) + GAP * max(0, len(group.members) - 1)
        group.w = max(cards, BRIDGE_W if group.bridge else 0)
    return sum(group.w for group in groups) + GAP * max(0, len(groups) - 1)


def card_width(host: Host) -> float:
    """Return how wide a lab host's frame must be to show all of its containers as cards."""
    return _measure(host, _groups(host)) + 2 * PAD


def _place_cards(plan: HostPlan, groups: list[_Group], top: float, room: float) -> float:
    """Place the cards in one row; the groups share what room is left."""
    spare = room - sum(g.w for g in groups) - GAP * max(0, len(groups) - 1)
    bridged = [g for g in groups if g.bridge] or groups
    x = plan.frame.x + PAD
    cables = plan.host.cables()
    for group in groups:
        if group in bridged:
            group.w += spare / len(bridged)
        group.x = x
        used = sum(_card_w(plan.host, c) for c in group.members)
        air = min(26.0, (group.w - used) / max(1, len(group.members)))
        at = x + (group.w - used - air * max(0, len(group.members) - 1)) / 2
        for container in group.members:
            width = _card_w(plan.host, container)
            plan.boxes[container.inode] = Rect(at, top, width, CARD_H)
            own = [cable for cable in cables if cable.container.inode == container.inode]
            eth_w = (width - GAP * (len(own) + 1)) / max(1, len(own))
            for n, cable in enumerate(own):
                plan.eths[container.inode, cable.inner.index] = Rect(
                    at + GAP + n * (eth_w + GAP), top + CARD_H - 50, eth_w, 40
                )
            at += width + air
        x += group.w + GAP
    return top + (CARD_H + CABLE if plan.boxes else 6)


def chips_per_row(width: float) -> int:
    """Return how many published ports stand side by side in a router's box."""
    return max(1, int(width // CHIP_PITCH))


def _rows_for(groups: list[_Group], columns: int) -> int:
    for rows in range(1, MOST_ROWS):
        if sum(max(1, ceil(len(g.members) / rows)) for g in groups) <= columns:
            return rows
    return MOST_ROWS


def _place_tiles(plan: HostPlan, groups: list[_Group], top: float, room: float) -> float:
    """Place tiles in columns with a lane per cable at their right."""
    columns = max(len(groups), int(room // PITCH))
    rows = _rows_for(groups, columns)
    wanted = [max(1, ceil(len(g.members) / rows)) for g in groups]
    while sum(wanted) > columns:
        wanted[wanted.index(max(wanted))] -= 1
    shares = list(wanted)
    spare = (room - sum(wanted) * PITCH) / len(groups)
    x = plan.frame.x + PAD
    cables: dict[int, list[Cable]] = {}
    for cable in plan.host.cables():
        cables.setdefault(cable.container.inode, []).append(cable)
    for group, share in zip(groups, shares, strict=True):
        group.x, group.w = x, share * PITCH + spare
        shown = group.members
        if len(shown) > rows * share:
            shown = shown[: rows * share - 1]
        for n, container in enumerate(shown):
            column, row = divmod(n, rows)
            left = x + spare / 2 + column * PITCH
            plan.boxes[container.inode] = Rect(
                left, top + row * (TILE_H + TILE_GAP), TILE_W, TILE_H
            )
        if len(shown) < len(group.members):
            column, row = divmod(len(shown), rows)
            spot = Rect(
                x + spare / 2 + column * PITCH, top + row * (TILE_H + TILE_GAP), TILE_W, TILE_H
            )
            key = group.bridge.index if group.bridge else 0
            plan.folded[key] = (len(group.members) - len(shown), spot)
            for container in group.members[len(shown) :]:
                plan.boxes[container.inode] = spot
        x += group.w
    tall = min(rows, max((len(g.members) for g in groups), default=0))
    return top + tall * (TILE_H + TILE_GAP) + 40


def _place_bridges(plan: HostPlan, groups: list[_Group], top: float) -> None:
    bridged = [g for g in groups if g.bridge is not None]
    for group in bridged:
        assert group.bridge is not None
        inset = 4.0 if len(bridged) > 1 else 0.0
        plan.bridges[group.bridge.index] = Rect(group.x + inset, top, group.w - 2 * inset, BRIDGE_H)


def place_host(host: Host, x: float, y: float, width: float, *, wires_left: set[str]) -> HostPlan:
    """Lay one lab host out.

    Args:
        host: the model.
        x: left edge of its frame, pixels.
        y: upper edge.
        width: of the frame; grows when there are more bridges than fit.
        wires_left: names of wire interfaces that belong at the left end.
    """
    groups = _groups(host)
    least = max(len(groups) * PITCH, WAY_OUT_W + len(host.wires) * (LEAST_WIRE_W + GAP))
    plan = HostPlan(host, Rect(x, y, max(width, least + 2 * PAD), 0))
    room = plan.frame.w - 2 * PAD
    plan.is_tiled = _measure(host, groups) > room
    put = _place_tiles if plan.is_tiled else _place_cards
    level = put(plan, groups, y + HEAD, room)
    _place_bridges(plan, groups, level)
    if plan.is_tiled:
        plug_tiles(plan, level)
    else:
        plug_cards(plan)
    level += BRIDGE_H if plan.bridges else 0
    level = _place_tunnels(plan, level)
    chips = CHIP_H * ceil(min(len(host.published), MOST_CHIPS) / chips_per_row(room))
    switches = 25.0 if room < SWITCHES_W else 0.0
    plan.router = Rect(x + PAD, level + DROP, room, ROUTER_H + switches + chips)
    _place_foot(plan, plan.router.bottom + DROP, wires_left)
    bottom = plan.outside.bottom + PAD
    plan.frame = Rect(x, y, plan.frame.w, bottom - y)
    return plan


def _place_tunnels(plan: HostPlan, level: float) -> float:
    for tunnel in plan.host.tunnels:
        above = plan.bridges.get(tunnel.bridge)
        if above is None:
            continue
        width = min(150.0, above.w - 52)
        plan.tunnels[tunnel.index] = Rect(above.right - width, level + 22, width, 36)
    return level + (58 if plan.tunnels else 0)


def _place_foot(plan: HostPlan, level: float, wires_left: set[str]) -> None:
    """Put the wires' interfaces at the sides where they lead, the uplink between them."""
    host, frame = plan.host, plan.frame
    left, right = frame.x + PAD, frame.right - PAD
    count = max(1, len(host.wires))
    width = min(MOST_WIRE_W, (right - left - WAY_OUT_W) / count - GAP)
    for wire in host.wires:
        if wire.link in wires_left:
            plan.wires[wire.link] = Rect(left, level, width, FOOT_H)
            left += width + GAP
        else:
            plan.wires[wire.link] = Rect(right - width, level, width, FOOT_H)
            right -= width + GAP
    room = right - left
    width = 70.0 if room < 200 else 84.0 if room < 250 else 118.0
    start = left + width + (10.0 if room < 200 else 22.0 if room < 250 else 40.0)
    plan.uplink = Rect(left, level, width, FOOT_H)
    plan.outside = Rect(start, level, right - start, FOOT_H)
